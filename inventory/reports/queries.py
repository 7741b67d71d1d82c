"""
This module is about reading attainment and gaps: lines, sums and schools, with few statements.

Usable is what stands on the current cabinet cards. Lines without a required number say nothing
and are left out.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, func, literal, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.ledger.models import LedgerLine
from inventory.places.models import School
from inventory.register.models import CardLine
from inventory.reports import rules
from inventory.reports.rules import Figures
from inventory.reports.store import Like

PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are asked for; nothing means all in sight."""

    school: str = ""
    subject: str = ""
    equipment_class: str = ""
    kind: str = ""
    only_gaps: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A kind of a school: what is needed, what is there."""

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
    def like(self) -> Like:
        return Like(self.code, self.name, self.specification, self.unit)


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school in the bureau's table."""

    id: str
    name: str
    stage: str
    figures: Figures


def lines(session: Session, wanted: Wanted, *, page: int = 1, size: int = PAGE) -> list[Line]:
    """Return one page of lines, in the order of a ledger."""
    found = _lines(wanted)
    query = (
        select(found)
        .order_by(
            found.c.school_id, found.c.subject, found.c.catalogue_code, found.c.name,
            found.c.specification, found.c.id,
        )
        .limit(size)
        .offset((page - 1) * size)
    )  # fmt: skip
    return [
        Line(
            row.school_id, row.school, row.id, row.catalogue_code, row.name, row.specification,
            row.unit, row.subject, row.equipment_class, int(row.required), int(row.usable),
            row.price,
        )
        for row in session.execute(query)
    ]  # fmt: skip


def figures(session: Session, wanted: Wanted) -> Figures:
    """Return the sums of all lines that are asked for."""
    found = _lines(wanted)
    return _figures(session.execute(select(*_sums(found))).one())


def by_school(session: Session, wanted: Wanted) -> list[SchoolLine]:
    """Return the sums of each school, the one with most missing first."""
    found = _lines(wanted)
    query = (
        select(School.id, School.name, School.stage, *_sums(found))
        .join(found, found.c.school_id == School.id)
        .group_by(School.id, School.name, School.stage)
    )
    rows = [SchoolLine(row[0], row[1], row[2], _figures(row[3:])) for row in session.execute(query)]
    return sorted(rows, key=lambda one: (one.figures.attainment or 0, one.name))


def _lines(wanted: Wanted) -> Subquery:
    stock = _of(wanted, _stock(), CardLine.school_id).group_by(
        CardLine.school_id, CardLine.kind_id
    ).subquery()  # fmt: skip
    prices = _of(wanted, _prices(), LedgerLine.school_id).subquery()
    usable = func.coalesce(stock.c.usable, 0)
    query = (
        select(
            Kind.school_id, School.name.label("school"), Kind.id, Kind.catalogue_code, Kind.name,
            Kind.specification, Kind.unit, Kind.subject, Kind.equipment_class, Kind.required,
            usable.label("usable"), prices.c.price,
        )
        .join(School, School.id == Kind.school_id)
        .outerjoin(stock, and_(stock.c.school_id == Kind.school_id, stock.c.kind_id == Kind.id))
        .outerjoin(
            prices,
            and_(
                prices.c.school_id == Kind.school_id, prices.c.kind_id == Kind.id,
                prices.c.place == 1,
            ),
        )
        .where(Kind.required.is_not(None), Kind.retired_at.is_(None))
    )  # fmt: skip
    for condition in _conditions(wanted):
        query = query.where(condition)
    if wanted.only_gaps:
        query = query.where(usable < Kind.required)
    return query.subquery()


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    asked = (
        (Kind.school_id, wanted.school),
        (Kind.subject, wanted.subject),
        (Kind.equipment_class, wanted.equipment_class),
        (Kind.id, wanted.kind),
    )
    return [column == value for column, value in asked if value]


def _of(wanted: Wanted, query: Select[Any], school: Any) -> Select[Any]:
    """One school's rows of a table, where one is asked for."""
    return query.where(school == wanted.school) if wanted.school else query


def _stock() -> Select[Any]:
    usable: Any = func.sum(CardLine.quantity).label("usable")
    return select(CardLine.school_id, CardLine.kind_id, usable)


def _prices() -> Select[Any]:
    """The prices of the ledger's lines, the last known of each kind at place 1."""
    place = func.row_number().over(
        partition_by=(LedgerLine.school_id, LedgerLine.kind_id),
        order_by=(func.coalesce(LedgerLine.on, "").desc(), LedgerLine.id.desc()),
    )
    return select(
        LedgerLine.school_id,
        LedgerLine.kind_id,
        LedgerLine.unit_price_cents.label("price"),
        place.label("place"),
    ).where(LedgerLine.unit_price_cents.is_not(None), LedgerLine.quantity > 0)


def _sums(found: Subquery) -> list[ColumnElement[Any]]:
    required, usable, price = found.c.required, found.c.usable, found.c.price
    missing = case((usable < required, required - usable), else_=0)
    more = case((usable > required, usable - required), else_=0)
    counts: list[ColumnElement[Any]] = [
        func.count(),
    ]
    counts += [
        func.sum(case((condition, 1), else_=0))
        for condition in (
            required > 0, and_(required > 0, usable >= required), usable < required,
        )
    ]  # fmt: skip
    pieces = [
        func.sum(part)
        for part in (
            required, case((usable < required, usable), else_=required), usable, missing, more,
        )
    ]  # fmt: skip
    # A sum of nothing is NULL: where no price is known at all, no money is said.
    money = [func.sum(part * price) for part in (required, missing, more)]
    unpriced = [
        func.sum(case((and_(price.is_(None), part > 0), 1), else_=0))
        for part in (required, missing + literal(0), more + literal(0))
    ]
    return [*counts, *pieces, *money, *unpriced]


def _figures(row: Any) -> Figures:
    counts, money, unpriced = row[:9], row[9:12], row[12:15]
    return Figures(
        *(int(value or 0) for value in counts),
        *(None if value is None else int(value) for value in money),
        *(int(value or 0) for value in unpriced),
    )
