"""This module is about SQL below the ORM: what a card shows to somebody without an account."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, or_, select

from inventory.base import table_of
from inventory.catalogue.models import Kind
from inventory.db import every_school
from inventory.places.models import Place, School
from inventory.register.models import CardLine

PLACE, KIND, LINE, SCHOOL = (table_of(one) for one in (Place, Kind, CardLine, School))


@dataclass(frozen=True, slots=True)
class PublicRow:
    """One kind on a shelf."""

    shelf: str
    name: str
    specification: str
    unit: str
    quantity: int


@dataclass(frozen=True, slots=True)
class PublicCard:
    """A cabinet as everybody may see it where the bureau permits: no people, prices, chemicals."""

    school: str
    path: str
    name: str
    rows: tuple[PublicRow, ...]

    @property
    def title(self) -> str:
        return f"{self.path} {self.name}" if self.name != self.path else self.path


def public_card(engine: Engine, code: str, hidden: Sequence[str] = ()) -> PublicCard | None:
    """
    Return what stands in one cabinet or room; the caller asked whether the bureau permits it.

    It is asked without a school, for nobody signed in; the code of the one place is its scope.
    What is managed as chemical is left out, and classes in which one of the `hidden` words stands.
    """
    with every_school(engine) as connection:
        place = connection.execute(
            select(PLACE.c.school_id, PLACE.c.path, PLACE.c.name, SCHOOL.c.name.label("school"))
            .join(SCHOOL, SCHOOL.c.id == PLACE.c.school_id)
            .where(
                PLACE.c.id == code, PLACE.c.sort.in_(["cabinet", "room"]),
                PLACE.c.retired_at.is_(None),
            )
        ).first()  # fmt: skip
        if place is None:
            return None
        inside = or_(PLACE.c.id == code, and_(PLACE.c.parent_id == code, PLACE.c.sort == "shelf"))
        rows = connection.execute(
            select(
                PLACE.c.short, PLACE.c.sort, KIND.c.name, KIND.c.specification, KIND.c.unit,
                LINE.c.quantity,
            )
            .join(PLACE, and_(PLACE.c.school_id == LINE.c.school_id, PLACE.c.id == LINE.c.place_id))
            .join(KIND, and_(KIND.c.school_id == LINE.c.school_id, KIND.c.id == LINE.c.kind_id))
            .where(
                LINE.c.school_id == place.school_id, inside, KIND.c.managed_as != "chemical",
                *(~KIND.c.equipment_class.contains(word, autoescape=True) for word in hidden),
            )
            .order_by(PLACE.c.sort, PLACE.c.ordinal, KIND.c.catalogue_code, KIND.c.name)
        )  # fmt: skip
        found = tuple(PublicRow(row.short if row.sort == "shelf" else "", *row[2:]) for row in rows)
        return PublicCard(place.school, place.path, place.name, found)
