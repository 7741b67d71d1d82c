"""This module is about the card as a handle: checked on the spot, and the cabinet locked by it."""

from datetime import datetime

from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.errors import CardChanged, Invalid, Locked, Missing, NotLocked
from inventory.journal.service import record
from inventory.places.changes import PlaceLocked, PlaceUnlocked
from inventory.places.queries import place_by_code
from inventory.places.service import one_at_a_time, place_of
from inventory.register import queries
from inventory.register.cards_changes import CardChecked
from inventory.scope import Actor, Permission, own_school, requires

LONGEST_NOTE = 200


@requires(Permission.SCAN)
def check_card(
    session: Session, by: Actor, *, school_id: str, cabinet_id: str, contents: str,
    is_right: bool, note: str = "", at: datetime,
) -> str:  # fmt: skip
    """
    Put one's initials to it that a cabinet holds what its card says, or say what does not.

    `contents` is the hash of what was on the page that somebody compared with the cabinet.

    Raises:
        NotFound: there is no such cabinet.
        CardChanged: something went in or out since the page was read.
        Missing: it is not right, and nothing is said of it.
        Invalid: the note is too long.
    """
    school = own_school(by, school_id)
    place = place_of(session, school, cabinet_id)
    if not is_right and not note.strip():
        raise Missing(field="note")
    if len(note) > LONGEST_NOTE:
        raise Invalid(field="note", value=note[:60])
    row = place_by_code(session, place.id)
    card = queries.card(session, row) if row is not None else None
    if card is None or card.contents != contents:
        raise CardChanged(place=place.path)
    change = CardChecked(
        place.id, new_id(at), card.version, contents, is_right, note.strip() or None
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return change.id


@requires(Permission.ARRANGE)
def lock_place(
    session: Session, by: Actor, *, school_id: str, code: str, reason: str, at: datetime
) -> None:
    """
    Lock a room, cabinet or shelf: nothing goes in or out until it is opened again.

    Raises:
        NotFound: there is no such place.
        Missing, Invalid: no reason is given, or too long a one.
        Locked: it is locked.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place = place_of(session, school, code)
    if not reason.strip():
        raise Missing(field="reason")
    if len(reason) > LONGEST_NOTE:
        raise Invalid(field="reason", value=reason[:60])
    if place.locked_at is not None:
        raise Locked(place=place.path, reason=place.lock_reason or "")
    record(session, by, PlaceLocked(place.id, reason.strip()), at=at, school_id=school)
    session.flush()


@requires(Permission.ARRANGE)
def unlock_place(session: Session, by: Actor, *, school_id: str, code: str, at: datetime) -> None:
    """
    Open a place again.

    Raises:
        NotFound: there is no such place.
        NotLocked: it is not locked itself; perhaps the room around it is.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place = place_of(session, school, code)
    if place.locked_at is None:
        raise NotLocked(place=place.path)
    record(session, by, PlaceUnlocked(place.id), at=at, school_id=school)
    session.flush()
