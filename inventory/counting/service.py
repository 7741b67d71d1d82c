"""This module is about opening a count, entering quantities, undoing sightings, closing."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.counting import queries
from inventory.counting.changes import CountClosed, CountOpened
from inventory.counting.models import Count, CountLine, CountSighting
from inventory.counting.rules import Expected, Result, Said, expected_hash, sightings_hash
from inventory.errors import (
    BadQuantity,
    CountHasOpenBatches,
    NotABatch,
    NotFound,
    NothingToCount,
    NothingToUndo,
)
from inventory.errors import (
    CountClosed as CountIsClosed,
)
from inventory.journal.rules import BUREAU
from inventory.journal.service import record
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.register import queries as register
from inventory.register.models import Thing
from inventory.register.queries import ThingRow
from inventory.register.rules import shown
from inventory.register.service import MOST_PIECES, code_for_document
from inventory.scope import Actor, Permission, own_school, requires

DESK = "desk-"
"""Prefix of the device of sightings that were entered on a page instead of scanned."""


@requires(Permission.COUNT)
def open_count(
    session: Session, by: Actor, *, place: PlaceRow, name: str = "", at: datetime
) -> Count:
    """
    Open a count of a cabinet, a room or a shelf and copy what should be there.

    Raises:
        NotFound: the place is not in a school in sight.
        NothingToCount: nothing belongs there.
    """
    school = own_school(by, place.school_id)
    things = register.things_in(session, school, place.id)
    if not things:
        raise NothingToCount(place=place.title)
    expected = [_expected(row) for row in things]
    code = code_for_document(session, by, school, at)
    change = CountOpened(
        id=code,
        name=(name.strip() or place.title)[:120],
        place=place.id,
        expected=len(expected),
        expected_hash=expected_hash(expected),
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()  # the lines refer to their count
    session.add_all(_line(school, code, index, one) for index, one in enumerate(expected))
    session.flush()
    return session.get_one(Count, (school, code))


def _expected(row: ThingRow) -> Expected:
    return Expected(
        row.code, row.number, row.name, row.specification, row.unit, row.is_batch, row.quantity,
        row.place_id, row.place,
    )  # fmt: skip


def _line(school: str, count: str, index: int, one: Expected) -> CountLine:
    return CountLine(
        school_id=school,
        count_id=count,
        code=one.code,
        ordinal=index,
        number=one.number,
        name=one.name,
        specification=one.specification,
        unit=one.unit,
        is_batch=one.is_batch,
        quantity=one.quantity,
        place_id=one.place_id,
        place=one.place,
    )


@requires(Permission.COUNT)
def enter_quantity(
    session: Session,
    by: Actor,
    *,
    count_id: str,
    code: str,
    quantity: int | None,
    all_there: bool = False,
    at: datetime,
) -> None:
    """
    Say how many of a batch there are: a number, or the explicit word that all are there.

    Raises:
        CountIsClosed: the count is over.
        NotABatch: a single thing is seen or not; it has no quantity.
        BadQuantity: not a whole number of pieces, or neither a number nor “all there”.
        NotFound: the school in sight has no such count or thing.
    """
    count = _open_count(session, count_id)
    if all_there == (quantity is not None):
        raise BadQuantity(field="quantity", value=quantity)
    if quantity is not None and not 0 <= quantity <= MOST_PIECES:
        raise BadQuantity(field="quantity", value=quantity)
    thing = session.get(Thing, (count.school_id, code))
    if thing is None:
        raise NotFound(what="thing", key=shown(code))
    if thing.managed_as != "batch":
        raise NotABatch(number=thing.number)
    said = Said.ALL_THERE if all_there else Said.COUNTED
    session.add(_sighting(session, by, count, code, said, quantity, at))
    session.flush()


def _sighting(
    session: Session, by: Actor, count: Count, code: str, said: Said, quantity: int | None,
    at: datetime,
) -> CountSighting:  # fmt: skip
    last = session.scalar(
        select(func.max(CountSighting.number)).where(
            CountSighting.school_id == count.school_id, CountSighting.count_id == count.id
        )
    )
    return CountSighting(
        school_id=count.school_id,
        count_id=count.id,
        owner=by.school_id or BUREAU,
        device=DESK + new_id(at),
        seq=1,
        number=int(last or 0) + 1,
        code=code,
        payload=code,
        said=said.value,
        quantity=quantity,
        place_id=count.place_id,
        person_id=by.id,
        at=at,
        received_at=at,
    )


@requires(Permission.COUNT)
def undo_last(session: Session, by: Actor, *, count_id: str, code: str = "", at: datetime) -> str:
    """
    Undo one's own last sighting of a count, or the last of one thing; return what it was of.

    Raises:
        CountIsClosed: the count is over.
        NothingToUndo: there is no sighting of one's own.
    """
    count = _open_count(session, count_id)
    query = select(CountSighting).where(
        CountSighting.school_id == count.school_id,
        CountSighting.count_id == count.id,
        CountSighting.person_id == by.id,
        CountSighting.undone_at.is_(None),
    )
    if code:
        query = query.where(func.coalesce(CountSighting.code, CountSighting.payload) == code)
    sighting = session.scalar(query.order_by(CountSighting.number.desc()).limit(1))
    if sighting is None:
        raise NothingToUndo
    sighting.undone_at = at
    sighting.undone_by = by.id
    session.flush()
    return sighting.code or sighting.payload


@requires(Permission.COUNT)
def close_count(
    session: Session, by: Actor, *, count_id: str, leave_open: bool = False, at: datetime
) -> Count:
    """
    Close a count: its figures are final, and the journal keeps the hash of its sightings.

    Raises:
        CountIsClosed: somebody else closed it first.
        CountHasOpenBatches: labels of batches were seen and nobody said how many there are.
    """
    count = _open_count(session, count_id)
    outcome = queries.outcome(session, count)
    open_batches = outcome.figures[Result.OPEN]
    if open_batches and not leave_open:
        raise CountHasOpenBatches(count=open_batches)
    sightings = queries.sightings(session, count)
    change = CountClosed(
        id=count.id,
        sightings=len(sightings),
        sightings_hash=sightings_hash(sightings),
        figures=tuple((result.value, n) for result, n in sorted(outcome.figures.items())),
    )
    record(session, by, change, at=at, school_id=count.school_id)
    session.flush()
    return count


def _open_count(session: Session, count_id: str) -> Count:
    """The count, locked, so that it is not closed while something is written to it."""
    count = session.scalar(
        select(Count)
        .where(Count.id == count_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if count is None:
        raise NotFound(what="count", key=count_id)
    if not count.is_open:
        raise CountIsClosed(name=count.name)
    return count


def place_to_count(session: Session, by: Actor, text: str) -> PlaceRow:
    """
    Return the cabinet, room or shelf that a code or a path names.

    Raises:
        NotFound: none in sight, or several.
    """
    found = places.find_place(session, text, by.school_id)
    if len(found) != 1:
        raise NotFound(what="place", key=text)
    return found[0]
