"""This module is about reading kinds: lists, choices while typing, and what there is to choose."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, false, func, literal, select, tuple_
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind, KindCode
from inventory.catalogue.rules import CatalogueCode
from inventory.scope import actor_of
from inventory.search.queries import matching
from inventory.search.rules import searched

PAGE = 50
CHOICES = 12


@dataclass(frozen=True, slots=True)
class KindRow:
    """A kind for display."""

    school_id: str
    id: str
    name: str
    specification: str
    unit: str
    subject: str
    equipment_class: str
    catalogue_code: str | None
    required: int | None
    managed_as: str
    is_retired: bool
    initials: str = ""
    reference_price_cents: int | None = None
    life_years: int | None = None
    durability: str | None = None
    merged_into: str | None = None

    @property
    def title(self) -> str:
        return f"{self.name} {self.specification}".strip()


def kind(session: Session, kind_id: str) -> KindRow | None:
    """Return a kind of the schools in sight."""
    row = session.scalar(select(Kind).where(Kind.id == kind_id))
    return _row(row) if row else None


def codes(session: Session, row: KindRow) -> tuple[CatalogueCode, ...]:
    """Return all catalogue codes of a kind, the leading one first."""
    query = select(KindCode).where(KindCode.school_id == row.school_id, KindCode.kind_id == row.id)
    found = session.scalars(query.order_by(KindCode.ordinal)).all()
    if not found and row.catalogue_code:
        return (CatalogueCode("", "", row.catalogue_code),)
    return tuple(CatalogueCode(one.system, one.edition, one.code) for one in found)


def merged_kinds(session: Session, school_id: str, kind_id: str) -> list[KindRow]:
    """Return the kinds that became this one, at once or over others."""
    found: list[KindRow] = []
    wanted = [kind_id]
    while wanted:
        query = select(Kind).where(Kind.school_id == school_id, Kind.merged_into.in_(wanted))
        rows = [_row(one) for one in session.scalars(query)]
        wanted = [one.id for one in rows]
        found.extend(rows)
    return found


def search(
    session: Session, text: str = "", *, school_id: str | None = None, subject: str = "",
    retired: bool = False, page: int = 1, size: int = PAGE,
) -> tuple[list[KindRow], int]:  # fmt: skip
    """Return one page of the kinds that a text finds, and how many there are."""
    conditions = _conditions(school_id, subject, retired) + _found(session, text, school_id)
    query, count = select(Kind).where(*conditions), select(func.count(Kind.id)).where(*conditions)
    query = query.order_by(
        Kind.school_id, Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification
    )
    rows = session.scalars(query.limit(size).offset((page - 1) * size))
    return [_row(row) for row in rows], int(session.scalar(count) or 0)


def every(
    session: Session, text: str = "", *, school_id: str | None = None, subject: str = "",
    retired: bool = False,
) -> Iterator[KindRow]:  # fmt: skip
    """Yield all kinds that a text finds, for files."""
    conditions = _conditions(school_id, subject, retired) + _found(session, text, school_id)
    query = (
        select(Kind)
        .where(*conditions)
        .order_by(Kind.school_id, Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification)
    )
    yield from (_row(row) for row in session.scalars(query.execution_options(yield_per=500)))


def _conditions(school_id: str | None, subject: str, retired: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Kind.retired_at.is_not(None) if retired else Kind.retired_at.is_(None)
    ]
    if school_id:
        found.append(Kind.school_id == school_id)
    if subject:
        found.append(Kind.subject == subject)
    return found


def _found(session: Session, text: str, school_id: str | None) -> list[ColumnElement[bool]]:
    """What a kind must meet to be found by each word of a text."""
    words = searched(text)
    if not words:
        return []
    schools = _schools(session, school_id)
    if not schools:
        return [false()]
    return [
        tuple_(Kind.school_id, literal("kind"), Kind.id).in_(matching(("kind",), one, schools))
        for one in words
    ]


def _schools(session: Session, school_id: str | None) -> list[str]:
    in_sight = actor_of(session).schools
    if school_id:
        return [school_id]
    if in_sight is not None:
        return sorted(in_sight)
    return list(session.scalars(select(Kind.school_id).distinct()))


def subjects(session: Session, school_id: str | None = None) -> list[str]:
    """Return the subjects of the kinds in use."""
    return _distinct(session, Kind.subject, school_id)


def classes(session: Session, school_id: str | None = None) -> list[str]:
    """Return the equipment classes of the kinds in use."""
    return _distinct(session, Kind.equipment_class, school_id)


def units(session: Session, school_id: str | None = None) -> list[str]:
    """Return the units of the kinds in use."""
    return _distinct(session, Kind.unit, school_id)


def _distinct(session: Session, column: object, school_id: str | None) -> list[str]:
    query = select(column).where(Kind.retired_at.is_(None)).distinct()  # type: ignore[call-overload]
    if school_id:
        query = query.where(Kind.school_id == school_id)
    return sorted(filter(None, session.scalars(query)))


def _row(kind: Kind) -> KindRow:
    return KindRow(
        school_id=kind.school_id,
        id=kind.id,
        name=kind.name,
        specification=kind.specification,
        unit=kind.unit,
        subject=kind.subject,
        equipment_class=kind.equipment_class,
        catalogue_code=kind.catalogue_code,
        required=kind.required,
        managed_as=kind.managed_as,
        is_retired=kind.retired_at is not None,
        initials=kind.initials,
        reference_price_cents=kind.reference_price_cents,
        life_years=kind.life_years,
        durability=kind.durability,
        merged_into=kind.merged_into,
    )
