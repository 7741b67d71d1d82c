"""This module is about changing many things at once, a slice at a time, and undoing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.rules import ManagedAs
from inventory.errors import AlreadyRecorded, BulkUndone, IsRetired, NotFound
from inventory.identity.service import keepers_named
from inventory.journal.service import record
from inventory.places import service as places
from inventory.places.models import ALIVE, Place, Sort
from inventory.places.queries import locked_places
from inventory.register import bulk_queries
from inventory.register.bulk_changes import BulkBegun
from inventory.register.bulk_models import BulkChange, BulkItem, BulkSort
from inventory.register.changes import ThingDescribed, ThingMoved
from inventory.register.models import Holding, Thing
from inventory.register.rules import description
from inventory.register.service import batches_of, promises
from inventory.scope import Actor, Permission, own_school, requires

SLICE = 25
MOST = 2_000
"""Things of one bulk change: more would keep somebody waiting before a page."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A thing that was not changed, and why."""

    code: str
    number: str
    reason: str


@requires(Permission.ARRANGE)
def begin(
    session: Session, by: Actor, *, sort: BulkSort, to: str, school_id: str, at: datetime,
    once: str | None = None,
) -> str:  # fmt: skip
    """
    Begin to move many things to a place (its id), or to give them to a keeper (a name).

    Raises:
        NotFound, IsRetired: there is no such place in use.
        Invalid: nobody can be called so.
        AlreadyRecorded: the form was sent before.
    """
    school = own_school(by, school_id)
    target: str | None = to
    if sort is BulkSort.MOVE:
        _place(session, school, to)
    else:
        name = description({"keeper": to})["keeper"]
        target = keepers_named(session, by, [str(name)], school, at)[str(name)] if name else None
        session.flush()
    bulk_id = once or new_id(at)
    if once is not None and session.get(BulkChange, (school, once)) is not None:
        raise AlreadyRecorded(events=1)
    change = BulkBegun(bulk_id, sort.value, target)
    record(session, by, change, at=at, school_id=school, event_id=once)
    return bulk_id


def _place(session: Session, school: str, place_id: str) -> None:
    place = session.get(Place, (school, place_id))
    if place is None or not place.is_standing:
        raise NotFound(what="place", key=place_id)
    if place.retired_at is not None:
        raise IsRetired(what=place.short)


@requires(Permission.ARRANGE)
def go_on(
    session: Session, by: Actor, *, bulk_id: str, school_id: str, codes: Sequence[str],
    at: datetime,
) -> list[LeftOut]:  # fmt: skip
    """
    Change the next things of a bulk change, each by an event of its own; return what stays out.

    Raises:
        NotFound: there is no such bulk change, or no such thing.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    bulk = bulk_of(session, school, bulk_id)
    things = _things(session, school, codes)
    targets: dict[str, str | None] = {thing.code: bulk.to for thing in things}
    return _change(session, by, bulk, things, targets, at)


@requires(Permission.ARRANGE)
def begin_undo(
    session: Session, by: Actor, *, bulk_id: str, school_id: str, at: datetime
) -> tuple[str, list[str]]:
    """
    Begin to undo a bulk change by another one; return its id and the codes of the things.

    An undoing that was cut off, or that left things out which stand in its way no longer, is
    taken up again: then it is that one, and the things that are still as the bulk change left
    them.

    Raises:
        NotFound: there is no such bulk change.
        BulkUndone: it was undone before, and nothing of it is left to be undone.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    bulk = bulk_of(session, school, bulk_id)
    if bulk.undone_by is not None:
        left = bulk_queries.still_changed(session, bulk)
        if not left:
            raise BulkUndone(what="bulk")
        return bulk.undone_by, left
    undo_id = new_id(at)
    record(session, by, BulkBegun(undo_id, bulk.sort, None, bulk.id), at=at, school_id=school)
    return undo_id, bulk_queries.codes_of(session, school, bulk.id)


@requires(Permission.ARRANGE)
def go_on_undoing(
    session: Session, by: Actor, *, bulk_id: str, school_id: str, codes: Sequence[str],
    at: datetime,
) -> list[LeftOut]:  # fmt: skip
    """
    Bring the next things back to what they were; those that were changed since stay as they are.

    Raises:
        NotFound: there is no such bulk change, or no such thing.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    undo = bulk_of(session, school, bulk_id)
    query = select(BulkItem).where(
        BulkItem.school_id == school, BulkItem.bulk_id == undo.of, BulkItem.code.in_(list(codes))
    )
    items = {item.code: item for item in session.scalars(query)}
    things, out = [], []
    for thing in _things(session, school, codes):
        if _now(undo.sort, thing) != items[thing.code].after:
            out.append(LeftOut(thing.code, thing.number, "changed_since"))
        else:
            things.append(thing)
    targets = {code: item.before for code, item in items.items()}
    return out + _change(session, by, undo, things, targets, at)


def bulk_of(session: Session, school_id: str, bulk_id: str) -> BulkChange:
    """
    Return a bulk change of a school.

    Raises:
        NotFound: there is none of that id.
    """
    bulk = session.get(BulkChange, (school_id, bulk_id))
    if bulk is None:
        raise NotFound(what="bulk", key=bulk_id[:32])
    return bulk


def _things(session: Session, school: str, codes: Sequence[str]) -> list[Thing]:
    query = select(Thing).where(Thing.school_id == school, Thing.code.in_(list(codes)))
    found = {thing.code: thing for thing in session.scalars(query)}
    for code in codes:
        if code not in found:
            raise NotFound(what="thing", key=code)
    return [found[code] for code in codes]


def _now(sort: str, thing: Thing) -> str | None:
    return thing.home_id if sort == BulkSort.MOVE.value else thing.keeper_id


def _change(
    session: Session, by: Actor, bulk: BulkChange, things: Sequence[Thing],
    targets: dict[str, str | None], at: datetime,
) -> list[LeftOut]:  # fmt: skip
    school = bulk.school_id
    done = bulk_queries.changed_of(session, bulk, [thing.code for thing in things])
    room = _look_around(session, bulk, things, targets)
    out: list[LeftOut] = []
    for thing in things:
        to = targets[thing.code]
        if thing.code in done or (_now(bulk.sort, thing) == to and thing.retired_at is None):
            continue
        change: ThingDescribed | ThingMoved
        if thing.retired_at is not None:
            out.append(LeftOut(thing.code, thing.number, "retired"))
        elif bulk.sort == BulkSort.KEEPER.value:
            change = ThingDescribed(
                thing.code, (("keeper", to),), (("keeper", thing.keeper_id),), bulk=bulk.id
            )
            record(session, by, change, at=at, school_id=school)
        elif reason := room.forbids(thing, str(to)):
            out.append(LeftOut(thing.code, thing.number, reason))
        else:
            quantity = room.held[thing.code][0].quantity
            change = ThingMoved(thing.code, thing.home_id, str(to), quantity, bulk=bulk.id)
            record(session, by, change, at=at, school_id=school)
            if thing.managed_as == ManagedAs.BATCH.value:
                room.batches[thing.kind_id, str(to)] = thing
    session.flush()
    return out


@dataclass(frozen=True, slots=True)
class _Room:
    """What may stand in the way of a slice of things that are moved, read at once for all."""

    held: dict[str, list[Holding]]
    batches: dict[tuple[str, str], Thing]
    locked: set[str]
    given_up: set[str]
    """Places to which they would go, and that were retired meanwhile."""
    promised: Mapping[str, tuple[int, str]]

    def forbids(self, thing: Thing, to: str) -> str:
        """Why a thing cannot go to a place with the others; empty when it can."""
        if to in self.given_up:
            return "place_retired"
        if self.locked & {thing.home_id, to}:
            return "locked"
        if thing.code in self.promised:
            return "in_document"
        if [one.place_id for one in self.held[thing.code]] != [thing.home_id]:
            return "not_all_here"
        is_batch = thing.managed_as == ManagedAs.BATCH.value
        there = self.batches.get((thing.kind_id, to)) if is_batch else None
        return "batch_there" if there is not None and there.code != thing.code else ""


def _look_around(
    session: Session, bulk: BulkChange, things: Sequence[Thing],
    targets: Mapping[str, str | None],
) -> _Room:  # fmt: skip
    if bulk.sort != BulkSort.MOVE.value:
        return _Room({}, {}, set(), set(), {})
    school = bulk.school_id
    wanted = sorted({to for to in targets.values() if to})
    query = select(Place.id).where(
        Place.school_id == school, Place.id.in_(wanted), Place.retired_at.is_not(None)
    )
    return _Room(
        held=_held(session, school, things),
        batches=batches_of(session, school, {thing.kind_id for thing in things}),
        locked=locked_places(session, school),
        given_up=set(session.scalars(query)),
        promised=promises(session, school, [thing.code for thing in things]),
    )


def _held(session: Session, school: str, things: Sequence[Thing]) -> dict[str, list[Holding]]:
    """Where the things are alive; what was scrapped, lost or left of a batch does not count."""
    codes = [thing.code for thing in things]
    held: dict[str, list[Holding]] = {code: [] for code in codes}
    rows = session.execute(
        select(Holding, Place)
        .join(Place, (Place.school_id == Holding.school_id) & (Place.id == Holding.place_id))
        .where(Holding.school_id == school, Holding.code.in_(codes), Holding.quantity > 0)
    )
    for holding, place in rows:
        if Sort(place.sort) in ALIVE:
            held[holding.code].append(holding)
    return held
