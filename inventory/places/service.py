"""This module is about entering schools and setting up rooms, cabinets and shelves."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import SCHOOL_DIGITS
from inventory.errors import (
    BadSchoolNumber,
    HoldsDemonstration,
    Invalid,
    IsRetired,
    Locked,
    Missing,
    NameTaken,
    NotFound,
    NotRetired,
)
from inventory.identity.queries import holds_demonstration
from inventory.journal.service import record
from inventory.places.changes import (
    PlaceChanged,
    PlaceMade,
    PlacesRestored,
    PlacesRetired,
    SchoolOpened,
)
from inventory.places.models import Place, School, Sort
from inventory.places.queries import within
from inventory.scope import Actor, Permission, own_school, requires

LONGEST = {"short": 20, "name": 60, "path": 60}
ABOVE = {Sort.ROOM: None, Sort.CABINET: Sort.ROOM, Sort.SHELF: Sort.CABINET}


def checked_number(number: str) -> str:
    """
    Return what may be a school's number.

    Raises:
        BadSchoolNumber: it is not ten digits.
    """
    if not (len(number) == SCHOOL_DIGITS and number.isascii() and number.isdigit()):
        raise BadSchoolNumber(value=number)
    return number


@requires(Permission.ADMINISTER)
def open_school(
    session: Session, by: Actor, *, number: str, name: str, stage: str = "",
    is_demonstration: bool = False, at: datetime,
) -> School:  # fmt: skip
    """
    Enter a school by its ten-digit number.

    Raises:
        HoldsDemonstration: the school is real and the database is not.
        BadSchoolNumber: it is not ten digits.
        NameTaken: the school is there already.
    """
    if not is_demonstration and holds_demonstration(session):
        raise HoldsDemonstration
    checked_number(number)
    if not name.strip():
        raise Missing(field="name")
    if session.get(School, number) is not None:
        raise NameTaken(value=number)
    change = SchoolOpened(number=number, name=name.strip(), stage=stage)
    record(session, by, change, at=at, school_id=number)
    session.flush()  # everything else of the school refers to it
    return session.get_one(School, number)


@requires(Permission.ARRANGE)
def make_place(
    session: Session,
    by: Actor,
    *,
    code: str,
    sort: Sort,
    short: str,
    name: str,
    school_id: str,
    above: Place | None = None,
    keeper_id: str | None = None,
    at: datetime,
) -> Place:
    """
    Set up a room, a cabinet in a room, or a shelf in a cabinet, under a code of its own.

    Raises:
        NotFound: the place above it is not there, or is of the wrong sort.
        NameTaken: there is such a place already.
    """
    school = own_school(by, school_id)
    if (Sort(above.sort) if above else None) is not ABOVE[sort]:
        raise NotFound(what="place", key=above.path if above else "—")
    if above is not None and above.retired_at is not None:
        raise IsRetired(what=above.path)
    check_words(short, name)
    path = f"{above.path}-{short}" if above else short
    if place_by_path(session, school, path) is not None:
        raise NameTaken(value=path)
    if len(path) > LONGEST["path"]:
        raise Invalid(field="path", value=path[:80])
    parent = above.id if above else None
    change = PlaceMade(
        code=code,
        sort=sort.value,
        short=short,
        name=name,
        ordinal=_next_ordinal(session, school, parent, sort),
        parent=parent,
        keeper=keeper_id,
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()  # shelves and things refer to the place
    return session.get_one(Place, (school, code))


def place_by_path(session: Session, school_id: str, path: str) -> Place | None:
    """Return the place written so on labels, if there is one."""
    return session.scalar(select(Place).where(Place.school_id == school_id, Place.path == path))


def _next_ordinal(session: Session, school_id: str, parent: str | None, sort: Sort) -> int:
    query = select(func.max(Place.ordinal)).where(
        Place.school_id == school_id, Place.parent_id == parent, Place.sort == sort.value
    )
    last = session.scalar(query)
    return 0 if last is None else int(last) + 1


def check_words(short: str, name: str) -> None:
    """
    Refuse a short name that no path can hold, and names that are too long.

    Raises:
        Missing, Invalid: it is empty, too long, or reads as something else.
    """
    if not short:
        raise Missing(field="short")
    if len(short) > LONGEST["short"] or short in set(Sort) or short != " ".join(short.split()):
        raise Invalid(field="short", value=short[:60])
    if len(name) > LONGEST["name"]:
        raise Invalid(field="name", value=name[:60])


def one_at_a_time(session: Session, school_id: str) -> None:
    """Let what is arranged in a school by hand happen one after the other, on both engines."""
    query = select(School.id).where(School.id == school_id)
    session.scalar(query.with_for_update(key_share=True))


def place_of(session: Session, school_id: str, code: str) -> Place:
    """
    Return a room, cabinet or shelf of a school.

    Raises:
        NotFound: there is none under this code.
    """
    place = session.get(Place, (school_id, code))
    if place is None or Sort(place.sort) not in ABOVE:
        raise NotFound(what="place", key=code)
    return place


@requires(Permission.ARRANGE)
def change_place(
    session: Session, by: Actor, *, school_id: str, code: str,
    values: dict[str, str | None], at: datetime,
) -> Place:  # fmt: skip
    """
    Change short name, name or keeper's id of a place; what is not in `values` stays as it is.

    Raises:
        NotFound: there is no such place.
        IsRetired: it was given up.
        NameTaken: another place has the path that it would have.
        Missing, Invalid: a value is not possible.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place = _standing(session, school, code)
    now = {"short": place.short, "name": place.name, "keeper": place.keeper_id}
    wanted: dict[str, str | None] = now | values
    check_words(wanted["short"] or "", wanted["name"] or "")
    changed = {name: value for name, value in wanted.items() if value != now[name]}
    if "short" in changed:
        above = session.get(Place, (school, place.parent_id)) if place.parent_id else None
        _check_path(session, place, above, str(changed["short"]))
    if changed:
        _change(session, by, place, changed, at)
    return place


def _standing(session: Session, school_id: str, code: str) -> Place:
    place = place_of(session, school_id, code)
    if place.retired_at is not None:
        raise IsRetired(what=place.short)
    return place


def _check_path(session: Session, place: Place, above: Place | None, short: str) -> None:
    path = f"{above.path}-{short}" if above else short
    taken = place_by_path(session, place.school_id, path)
    if taken is not None and taken.id != place.id:
        raise NameTaken(value=path)
    longest = max(
        len(one.path) for one in _inside(session, place.school_id, place.id, with_itself=True)
    )
    if longest - len(place.path) + len(path) > LONGEST["path"]:
        raise Invalid(field="short", value=short)


def _inside(
    session: Session, school_id: str, code: str, *, with_itself: bool = False
) -> list[Place]:
    codes = within(session, school_id, code)[0 if with_itself else 1 :]
    query = select(Place).where(Place.school_id == school_id, Place.id.in_(codes))
    found = {place.id: place for place in session.scalars(query)}
    return [found[one] for one in codes]


def _change(
    session: Session, by: Actor, place: Place, values: Mapping[str, str | int | None],
    at: datetime,
) -> None:  # fmt: skip
    follows = {"short", "parent"} & set(values)
    inside = [one.id for one in _inside(session, place.school_id, place.id)] if follows else []
    change = PlaceChanged(place.id, tuple(sorted(values.items())), tuple(inside))
    record(session, by, change, at=at, school_id=place.school_id)
    session.flush()


@requires(Permission.ARRANGE)
def move_place(
    session: Session, by: Actor, *, school_id: str, code: str, to: str, at: datetime
) -> Place:
    """
    Move a cabinet to another room, or a shelf to another cabinet, with all that is in it.

    Raises:
        NotFound: there is no such place, or the other one is of the wrong sort.
        IsRetired: one of them was given up.
        NameTaken: there is a place of this number already.
        Locked: it is locked, or stands in, or would come into a place that is.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place, above = _standing(session, school, code), _standing(session, school, to)
    if ABOVE[Sort(place.sort)] is not Sort(above.sort):
        raise NotFound(what="place", key=above.path)
    if place.parent_id == above.id:
        return place
    refuse_locked(session, school, (place.id, above.id))
    _check_path(session, place, above, place.short)
    ordinal = _next_ordinal(session, school, above.id, Sort(place.sort))
    _change(session, by, place, {"parent": above.id, "ordinal": ordinal}, at)
    return place


@requires(Permission.ARRANGE)
def reorder_place(
    session: Session, by: Actor, *, school_id: str, code: str, by_steps: int, at: datetime
) -> None:
    """
    Move a place up (negative) or down among those beside it.

    Raises:
        NotFound: there is no such place.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place = _standing(session, school, code)
    query = select(Place).where(
        Place.school_id == school, Place.parent_id == place.parent_id, Place.sort == place.sort,
        Place.retired_at.is_(None),
    )  # fmt: skip
    row = list(session.scalars(query.order_by(Place.ordinal, Place.path)))
    index = row.index(place)
    row.insert(max(0, index + by_steps), row.pop(index))
    for ordinal, one in enumerate(row):
        if one.ordinal != ordinal:
            _change(session, by, one, {"ordinal": ordinal}, at)


@requires(Permission.ARRANGE)
def retire_places(
    session: Session, by: Actor, *, school_id: str, code: str, at: datetime
) -> list[str]:
    """
    Give up a place with all inside it and return their codes; the caller knows they are empty.

    Raises:
        NotFound: there is no such place.
        IsRetired: it was given up before.
    """
    school = own_school(by, school_id)
    place = _standing(session, school, code)
    codes = within(session, school, place.id)
    record(session, by, PlacesRetired(tuple(codes)), at=at, school_id=school)
    session.flush()
    return codes


@requires(Permission.ARRANGE)
def restore_places(
    session: Session, by: Actor, *, school_id: str, code: str, at: datetime
) -> list[str]:
    """
    Use a place again that was given up, with those that went with it; return their codes.

    Raises:
        NotFound: there is no such place.
        NotRetired: it is in use.
        IsRetired: the place above it was given up.
        NameTaken: another place has its number now.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    place = place_of(session, school, code)
    if place.retired_at is None:
        raise NotRetired(what=place.path)
    above = session.get(Place, (school, place.parent_id)) if place.parent_id else None
    if above is not None and above.retired_at is not None:
        raise IsRetired(what=above.short)
    path = f"{above.path}-{place.short}" if above else place.short
    if place_by_path(session, school, path) is not None:
        raise NameTaken(value=path)
    codes = _went_together(session, place)
    record(session, by, PlacesRestored(tuple(codes)), at=at, school_id=school)
    session.flush()
    return codes


def _went_together(session: Session, place: Place) -> list[str]:
    """A retired place and those inside it that were given up in the same moment."""
    codes, layer = [place.id], [place.id]
    while layer:
        query = select(Place.id).where(
            Place.school_id == place.school_id,
            Place.parent_id.in_(layer),
            Place.retired_at == place.retired_at,
        )
        layer = list(session.scalars(query.order_by(Place.ordinal)))
        codes.extend(layer)
    return codes


def refuse_locked(session: Session, school_id: str, place_ids: Iterable[str]) -> None:
    """
    Refuse what would go in or out of a place that is locked, or stands in one that is.

    Raises:
        Locked: one of them is.
    """
    wanted = set(place_ids)
    for _ in range(3):  # a shelf stands in a cabinet, a cabinet in a room
        query = select(Place).where(Place.school_id == school_id, Place.id.in_(sorted(wanted)))
        places = list(session.scalars(query))
        for place in places:
            if place.locked_at is not None:
                raise Locked(place=place.path, reason=place.lock_reason or "")
        wanted = {place.parent_id for place in places if place.parent_id}
        if not wanted:
            return
