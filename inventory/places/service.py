"""This module is about entering schools and setting up rooms, cabinets and shelves."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import SCHOOL_DIGITS
from inventory.errors import BadSchoolNumber, HoldsDemonstration, Missing, NameTaken, NotFound
from inventory.identity.queries import holds_demonstration
from inventory.journal.service import record
from inventory.places.changes import PlaceMade, SchoolOpened
from inventory.places.models import Place, School, Sort
from inventory.scope import Actor, Permission, own_school, requires

ABOVE = {Sort.ROOM: None, Sort.CABINET: Sort.ROOM, Sort.SHELF: Sort.CABINET}


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
    if not (len(number) == SCHOOL_DIGITS and number.isascii() and number.isdigit()):
        raise BadSchoolNumber(value=number)
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
    path = f"{above.path}-{short}" if above else short
    if place_by_path(session, school, path) is not None:
        raise NameTaken(value=path)
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
    query = select(func.count()).where(
        Place.school_id == school_id, Place.parent_id == parent, Place.sort == sort.value
    )
    return int(session.scalar(query) or 0)
