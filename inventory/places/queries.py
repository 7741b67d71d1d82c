"""This module is about reading schools and places."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from inventory.identity.models import Person
from inventory.places.models import Place, School, Sort
from inventory.scope import actor_of


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place for display. `room` and `cabinet` are the paths above it, where it has them."""

    school_id: str
    id: str
    sort: str
    short: str
    name: str
    path: str
    parent_id: str | None
    ordinal: int
    keeper: str | None
    retired_at: datetime | None = None
    other_words: str | None = None
    locked_at: datetime | None = None
    lock_reason: str | None = None

    @property
    def title(self) -> str:
        """What to call it: the name, or the path where it has no name of its own."""
        return f"{self.path} {self.name}" if self.name and self.name != self.path else self.path


def schools(session: Session) -> list[School]:
    """Return the schools in sight, by number."""
    query = select(School).order_by(School.id)
    in_sight = actor_of(session).schools
    if in_sight is not None:
        query = query.where(School.id.in_(sorted(in_sight)))
    return list(session.scalars(query))


def school(session: Session, school_id: str) -> School | None:
    """Return one school, if it is in sight."""
    return session.get(School, school_id) if actor_of(session).sees(school_id) else None


def place(session: Session, school_id: str, place_id: str) -> PlaceRow | None:
    """Return one place of a school in sight."""
    query = _rows().where(Place.school_id == school_id, Place.id == place_id)
    row = session.execute(query).first()
    return _row(row[0], row[1]) if row else None


def places_by_id(session: Session, school_id: str, ids: list[str]) -> dict[str, PlaceRow]:
    """Return places of a school by their ids; unknown ones are left out."""
    query = _rows().where(Place.school_id == school_id, Place.id.in_(ids))
    return {row.id: row for row in _all(session, query)} if ids else {}


def place_by_code(session: Session, code: str) -> PlaceRow | None:
    """Return the place that bears a code, in any school in sight."""
    row = session.execute(_rows().where(Place.id == code)).first()
    return _row(row[0], row[1]) if row else None


def rooms(session: Session, school_id: str | None = None) -> list[PlaceRow]:
    """Return the rooms of a school, or of all in sight."""
    query = _rows().where(Place.sort == Sort.ROOM.value, Place.retired_at.is_(None))
    if school_id:
        query = query.where(Place.school_id == school_id)
    return _all(session, query.order_by(Place.school_id, Place.ordinal))


def cabinets(session: Session, school_id: str | None = None) -> list[PlaceRow]:
    """Return the cabinets of a school, or of all in sight, by room."""
    query = _rows().where(Place.sort == Sort.CABINET.value, Place.retired_at.is_(None))
    if school_id:
        query = query.where(Place.school_id == school_id)
    room = aliased(Place)
    query = query.join(
        room, (room.school_id == Place.school_id) & (room.id == Place.parent_id)
    ).order_by(Place.school_id, room.ordinal, Place.ordinal)
    return _all(session, query)


def inside(session: Session, school_id: str, place_id: str) -> list[PlaceRow]:
    """Return the places directly inside one, in their order."""
    query = _rows().where(
        Place.school_id == school_id, Place.parent_id == place_id, Place.retired_at.is_(None)
    )
    return _all(session, query.order_by(Place.ordinal))


def within(session: Session, school_id: str, place_id: str) -> list[str]:
    """Return the ids of a place and of all inside it, in the order of a walk along them."""
    children: dict[str, list[str]] = {}
    layer = [place_id]
    while layer:
        query = select(Place.parent_id, Place.id).where(
            Place.school_id == school_id,
            Place.parent_id.in_(layer),
            Place.retired_at.is_(None),
        )
        rows = session.execute(query.order_by(Place.ordinal)).all()
        for parent, child in rows:
            children.setdefault(str(parent), []).append(child)
        layer = [child for _, child in rows]
    return list(_walk(place_id, children))


def _walk(place_id: str, children: dict[str, list[str]]) -> Iterator[str]:
    yield place_id
    for child in children.get(place_id, ()):
        yield from _walk(child, children)


def standing(session: Session, school_id: str) -> list[PlaceRow]:
    """Return every room, cabinet and shelf of a school, in the order of a walk along them."""
    query = _rows().where(
        Place.school_id == school_id,
        Place.sort.in_([Sort.ROOM.value, Sort.CABINET.value, Sort.SHELF.value]),
        Place.retired_at.is_(None),
    )
    inside: dict[str | None, list[PlaceRow]] = {}
    for row in _all(session, query.order_by(Place.ordinal, Place.path)):
        inside.setdefault(row.parent_id, []).append(row)
    return [row for room in inside.get(None, []) for row in _with_inside(room, inside)]


def _with_inside(row: PlaceRow, inside: dict[str | None, list[PlaceRow]]) -> Iterator[PlaceRow]:
    yield row
    for one in inside.get(row.id, []):
        yield from _with_inside(one, inside)


def keepers(session: Session, school_id: str) -> list[str]:
    """Return the names of the people of a school, for choosing a keeper."""
    query = select(Person.name).where(Person.school_id == school_id).distinct()
    return list(session.scalars(query.order_by(Person.name)))


def find_place(session: Session, text: str, school_id: str | None = None) -> list[PlaceRow]:
    """Return the rooms, cabinets and shelves that a text names: by code, or by path."""
    wanted = text.strip()
    code = "".join(wanted.split())
    sorts = [Sort.CABINET.value, Sort.ROOM.value, Sort.SHELF.value]
    query = _rows().where(Place.sort.in_(sorts), Place.retired_at.is_(None))
    query = query.where((Place.id == code) | (Place.path == wanted))
    if school_id:
        query = query.where(Place.school_id == school_id)
    return _all(session, query)


def _rows() -> Any:
    keeper = aliased(Person)
    return select(Place, keeper.name).outerjoin(keeper, keeper.id == Place.keeper_id)


def _all(session: Session, query: Any) -> list[PlaceRow]:
    return [_row(row[0], row[1]) for row in session.execute(query)]


def _row(row: Place, keeper: str | None) -> PlaceRow:
    return PlaceRow(
        row.school_id, row.id, row.sort, row.short, row.name, row.path, row.parent_id,
        row.ordinal, keeper, row.retired_at, row.other_words, row.locked_at, row.lock_reason,
    )  # fmt: skip


def locked_places(session: Session, school_id: str) -> set[str]:
    """Return the places that are locked, with all that is in them."""
    query = select(Place.id).where(Place.school_id == school_id, Place.locked_at.is_not(None))
    found = set(session.scalars(query))
    return {one for place in found for one in within(session, school_id, place)}
