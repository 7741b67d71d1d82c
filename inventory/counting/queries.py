"""This module is about reading counts: their result, their progress, and whether it was altered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from inventory.counting.models import Count, CountLine, CountSighting
from inventory.counting.rules import (
    Expected,
    Outcome,
    Said,
    Sighting,
    expected_hash,
    reconcile,
    sightings_hash,
)
from inventory.identity.queries import names
from inventory.places.models import Place, School
from inventory.register.queries import things_by_code


@dataclass(frozen=True, slots=True)
class CountRow:
    """A count in a list or at the head of its page."""

    school_id: str
    school: str
    id: str
    name: str
    place_id: str
    place: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    closed_by: str | None
    expected: int
    sightings_hash: str | None

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


def get(session: Session, count_id: str) -> Count | None:
    """Return a count of the schools in sight."""
    return session.scalar(select(Count).where(Count.id == count_id))


def rows(
    session: Session, *, place_id: str | None = None, only_open: bool = False, limit: int = 50
) -> list[CountRow]:
    """Return counts, the latest first."""
    query = _rows().order_by(Count.opened_at.desc()).limit(limit)
    if place_id:
        query = query.where(Count.place_id == place_id)
    if only_open:
        query = query.where(Count.closed_at.is_(None))
    return _with_names(session, session.execute(query).all())


def row(session: Session, count_id: str) -> CountRow | None:
    """Return one count for display."""
    found = _with_names(session, session.execute(_rows().where(Count.id == count_id)).all())
    return found[0] if found else None


def _rows() -> Any:
    lines = (
        select(func.count())
        .where(CountLine.school_id == Count.school_id, CountLine.count_id == Count.id)
        .correlate(Count)
        .scalar_subquery()
    )
    return (
        select(Count, School.name, Place.path, Place.name, lines)
        .join(School, School.id == Count.school_id)
        .join(Place, and_(Place.school_id == Count.school_id, Place.id == Count.place_id))
    )


def _with_names(session: Session, found: Sequence[Any]) -> list[CountRow]:
    people = names(session, (one for row in found for one in (row[0].opened_by, row[0].closed_by)))
    return [
        CountRow(
            school_id=count.school_id,
            school=school,
            id=count.id,
            name=count.name,
            place_id=count.place_id,
            place=f"{path} {name}".strip(),
            opened_at=count.opened_at,
            opened_by=people.get(count.opened_by, count.opened_by),
            closed_at=count.closed_at,
            closed_by=people.get(count.closed_by or "", count.closed_by),
            expected=expected,
            sightings_hash=count.sightings_hash,
        )
        for count, school, path, name, expected in found
    ]


def expected(session: Session, count: Count) -> list[Expected]:
    """Return what a count expects, in walking order."""
    query = (
        select(CountLine)
        .where(CountLine.school_id == count.school_id, CountLine.count_id == count.id)
        .order_by(CountLine.ordinal)
    )
    return [
        Expected(
            line.code, line.number, line.name, line.specification, line.unit, line.is_batch,
            line.quantity, line.place_id, line.place,
        )
        for line in session.scalars(query)
    ]  # fmt: skip


def sightings(session: Session, count: Count) -> list[Sighting]:
    """Return the sightings of a count that stand, first to last."""
    query = (
        select(CountSighting)
        .where(
            CountSighting.school_id == count.school_id,
            CountSighting.count_id == count.id,
            CountSighting.undone_at.is_(None),
        )
        .order_by(CountSighting.number)
    )
    return [
        Sighting(
            order=row.number,
            code=row.code,
            payload=row.payload,
            said=Said(row.said),
            quantity=row.quantity,
            place_id=row.place_id,
            by=row.person_id,
            key=f"{row.owner}/{row.device}/{row.seq}",
        )
        for row in session.scalars(query)
    ]


def outcome(session: Session, count: Count) -> Outcome:
    """Return the result of a count as it stands, computed from its sightings."""
    lines = expected(session, count)
    seen = sightings(session, count)
    known = {line.code for line in lines}
    strays = {one.code for one in seen if one.code and one.code not in known}
    elsewhere = [
        Expected(
            row.code, row.number, row.name, row.specification, row.unit, row.is_batch,
            row.quantity, row.place_id, row.place,
        )
        for row in things_by_code(session, sorted(strays))
    ]  # fmt: skip
    return reconcile(lines, seen, elsewhere)


def version(session: Session, count: Count) -> str:
    """Return a mark that changes whenever the result may have changed, for polling pages."""
    row = session.execute(
        select(func.max(CountSighting.number), func.count(CountSighting.undone_at)).where(
            CountSighting.school_id == count.school_id, CountSighting.count_id == count.id
        )
    ).one()
    return f"{row[0] or 0}-{row[1]}-{'open' if count.is_open else 'closed'}"


@dataclass(frozen=True, slots=True)
class AlteredCount:
    """A count of which the journal says something else than its tables."""

    school_id: str
    count_id: str
    what: str


def altered(session: Session, schools: Iterable[str] | None = None) -> list[AlteredCount]:
    """Return the counts whose expected things or sightings are not those the journal sealed."""
    query = select(Count)
    if schools is not None:
        query = query.where(Count.school_id.in_(sorted(schools)))
    found = []
    for count in session.scalars(query):
        if expected_hash(expected(session, count)) != count.expected_hash:
            found.append(AlteredCount(count.school_id, count.id, "expected"))
        sealed = count.sightings_hash
        if sealed is not None and sightings_hash(sightings(session, count)) != sealed:
            found.append(AlteredCount(count.school_id, count.id, "sightings"))
    return found
