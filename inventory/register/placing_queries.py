"""This module is about what was never placed: it stands in the books and in no cabinet."""

from dataclasses import dataclass

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.places.models import Sort
from inventory.register.models import Holding, Thing
from inventory.register.rules import folded

CHOICES = 12
LONGEST_SEARCH = 60
MOST_WORDS = 6
"""Each word costs a look through what is unplaced."""
PAGE = 50


@dataclass(frozen=True, slots=True)
class Unplaced:
    """How much of a kind has no place yet."""

    school_id: str
    kind_id: str
    name: str
    specification: str
    unit: str
    catalogue_code: str | None
    subject: str
    managed_as: str
    quantity: int

    @property
    def title(self) -> str:
        return f"{self.name} {self.specification}".strip()


def _unplaced() -> Select:  # type: ignore[type-arg]
    return (
        select(Kind, func.sum(Holding.quantity))
        .join(Thing, and_(Thing.school_id == Holding.school_id, Thing.code == Holding.code))
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .where(
            Holding.place_id == Sort.UNPLACED.value, Thing.home_id == Sort.UNPLACED.value,
            Thing.retired_at.is_(None), Holding.quantity > 0,
        )
        .group_by(Kind.school_id, Kind.id)
    )  # fmt: skip


def remaining(
    session: Session, school_id: str, text: str = "", *, page: int = 1, size: int = PAGE
) -> list[Unplaced]:
    """Return what a school has left to be placed, by kind; narrowed to what is typed."""
    query = _unplaced().where(Holding.school_id == school_id)
    for word in folded(text)[:LONGEST_SEARCH].split()[:MOST_WORDS]:
        plain = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        query = query.where(
            or_(
                Kind.name.ilike(f"%{plain}%", escape="\\"),
                Kind.specification.ilike(f"%{plain}%", escape="\\"),
                Kind.catalogue_code.like(f"{plain}%", escape="\\"),
                Kind.initials.like(f"%{plain.lower()}%", escape="\\"),
            )
        )
    query = query.order_by(
        Kind.school_id, Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification
    )
    rows = session.execute(query.limit(size).offset((page - 1) * size))
    return [_row(kind, quantity) for kind, quantity in rows]


def remaining_of(session: Session, school_id: str, kind_id: str) -> Unplaced | None:
    """Return how much of one kind is left to be placed; None when nothing is."""
    query = _unplaced().where(Holding.school_id == school_id, Kind.id == kind_id)
    row = session.execute(query).first()
    return _row(row[0], row[1]) if row else None


def kinds_left(session: Session, school_id: str) -> int:
    """Return of how many kinds of a school something has no place yet."""
    query = select(func.count(func.distinct(Thing.kind_id))).where(
        Thing.school_id == school_id, Thing.home_id == Sort.UNPLACED.value,
        Thing.retired_at.is_(None),
    )  # fmt: skip
    return int(session.scalar(query) or 0)


def _row(kind: Kind, quantity: int) -> Unplaced:
    return Unplaced(
        kind.school_id, kind.id, kind.name, kind.specification, kind.unit, kind.catalogue_code,
        kind.subject, kind.managed_as, int(quantity),
    )  # fmt: skip
