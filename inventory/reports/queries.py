"""
This module is about reading attainment and gaps: lines, sums and schools, with few statements.

Usable is what stands on the current cabinet cards. Lines without a required number say nothing
and are left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.ledger.models import LedgerLine
from inventory.places.models import ALIVE, BOUNDARY, School
from inventory.register.models import CardLine, Holding, Thing
from inventory.register.rules import Status
from inventory.reports import rules
from inventory.reports.rules import Figures, Sums
from inventory.reports.store import Like

PAGE = 50
OTHER_STATUS = tuple(one.value for one in Status if one is not Status.IN_USE)
"""Asked one by one, for an index finds what is equal and not what is unequal."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are asked for; nothing means all in sight."""

    school: str = ""
    subject: str = ""
    equipment_class: str = ""
    kind: str = ""
    only_gaps: bool = False


class Line(NamedTuple):
    """A kind of a school: what is needed, what is there. Thousands of them make one page."""

    school_id: str
    school: str
    kind_id: str
    code: str | None
    name: str
    specification: str
    unit: str
    subject: str
    equipment_class: str
    required: int
    usable: int
    unit_price_cents: int | None

    @property
    def gap(self) -> int:
        return rules.gap(self.required, self.usable)

    @property
    def surplus(self) -> int:
        return rules.surplus(self.required, self.usable)

    @property
    def attainment(self) -> float | None:
        return rules.attainment(self.required, self.usable)

    @property
    def required_cents(self) -> int | None:
        return rules.worth(self.required, self.unit_price_cents)

    @property
    def gap_cents(self) -> int | None:
        return rules.worth(self.gap, self.unit_price_cents)

    @property
    def surplus_cents(self) -> int | None:
        return rules.worth(self.surplus, self.unit_price_cents)

    @property
    def figures(self) -> tuple[int, int, int | None]:
        """What the sums are made of."""
        return self.required, self.usable, self.unit_price_cents

    @property
    def like(self) -> Like:
        return Like(self.code, self.name, self.specification, self.unit)


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school in the bureau's table."""

    id: str
    name: str
    stage: str
    figures: Figures


def lines(session: Session, wanted: Wanted) -> Iterator[Line]:
    """
    Yield the lines that are asked for, in the order of a ledger, with three statements.

    Stock and prices are summed by themselves and put to their kinds here: as one statement with
    joins SQLite went through all of them again for every kind.
    """
    stock = _stock(session, wanted)
    prices = _prices(session, wanted)
    query = (
        select(
            Kind.school_id, School.name, Kind.id, Kind.catalogue_code, Kind.name,
            Kind.specification, Kind.unit, Kind.subject, Kind.equipment_class, Kind.required,
        )
        .join(School, School.id == Kind.school_id)
        .where(Kind.required.is_not(None), Kind.retired_at.is_(None), *_conditions(wanted))
        .order_by(
            Kind.school_id, Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification,
            Kind.id,
        )
    )  # fmt: skip
    for row in session.execute(query):
        key = (row[0], row[2])
        line = Line(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9] or 0,
            stock.get(key, 0), prices.get(key),
        )  # fmt: skip
        if line.gap or not wanted.only_gaps:
            yield line


def by_school(lines: Iterable[Line], stages: Mapping[str, str]) -> list[SchoolLine]:
    """Return the sums of each school, the one with most missing first."""
    sums: dict[tuple[str, str], Sums] = {}
    for line in lines:
        sums.setdefault((line.school_id, line.school), Sums()).add(*line.figures)
    found = [
        SchoolLine(school_id, name, stages.get(school_id, ""), each.figures())
        for (school_id, name), each in sums.items()
    ]
    return worst_first(found)


def worst_first(schools: Iterable[SchoolLine]) -> list[SchoolLine]:
    """Return schools in the order in which they need something."""
    return sorted(schools, key=lambda one: (one.figures.attainment or 0, one.name))


def figures(lines: Iterable[Line]) -> Figures:
    """Return the sums of lines."""
    sums = Sums()
    for line in lines:
        sums.add(*line.figures)
    return sums.figures()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = (
        (Kind.school_id, wanted.school),
        (Kind.subject, wanted.subject),
        (Kind.equipment_class, wanted.equipment_class),
        (Kind.id, wanted.kind),
    )
    return [column == value for column, value in asked if value]


def _of(wanted: Wanted, model: Any) -> list[ColumnElement[bool]]:
    asked = ((model.school_id, wanted.school), (model.kind_id, wanted.kind))
    return [column == value for column, value in asked if value]


def _stock(session: Session, wanted: Wanted) -> dict[tuple[str, str], int]:
    query = (
        select(CardLine.school_id, CardLine.kind_id, func.sum(CardLine.quantity))
        .where(*_of(wanted, CardLine))
        .group_by(CardLine.school_id, CardLine.kind_id)
    )
    stock = {(row[0], row[1]): int(row[2]) for row in session.execute(query)}
    for school_id, kind_id, quantity in session.execute(_unusable(wanted)):
        stock[school_id, kind_id] = stock.get((school_id, kind_id), 0) - int(quantity)
    return stock


def _unusable(wanted: Wanted) -> Any:
    """
    What stands on a card and helps nobody: in repair, to be scrapped, lost, under way.

    A row for each thing, its holdings by themselves: joined or grouped, SQLite went through all
    that a school has.
    """
    held = (
        select(func.sum(Holding.quantity))
        .where(
            Holding.school_id == Thing.school_id, Holding.code == Thing.code, Holding.quantity > 0,
            Holding.place_id.not_in([one.value for one in BOUNDARY if one not in ALIVE]),
        )
        .correlate(Thing)
        .scalar_subquery()
    )  # fmt: skip
    return (
        select(Thing.school_id, Thing.kind_id, func.coalesce(held, 0))
        .where(
            *_of(wanted, Thing), Thing.status.in_(OTHER_STATUS), _named(wanted),
            Thing.retired_at.is_(None),
        )
    )  # fmt: skip


def _named(wanted: Wanted) -> ColumnElement[bool]:
    """Name the schools one by one, so that each is a range of the index by status."""
    if wanted.school:
        return true()
    return Thing.school_id.in_(select(School.id))


def _prices(session: Session, wanted: Wanted) -> dict[tuple[str, str], int]:
    """The last known price of each kind: that of its last line in with one."""
    place = func.row_number().over(
        partition_by=(LedgerLine.school_id, LedgerLine.kind_id),
        order_by=(func.coalesce(LedgerLine.on, "").desc(), LedgerLine.id.desc()),
    )
    ranked = (
        select(
            LedgerLine.school_id, LedgerLine.kind_id, LedgerLine.unit_price_cents,
            place.label("place"),
        )
        .where(
            LedgerLine.unit_price_cents.is_not(None), LedgerLine.quantity > 0,
            *_of(wanted, LedgerLine),
        )
        .subquery()
    )  # fmt: skip
    query = select(ranked.c.school_id, ranked.c.kind_id, ranked.c.unit_price_cents)
    rows = session.execute(query.where(ranked.c.place == 1))
    return {(row[0], row[1]): int(row[2]) for row in rows}
