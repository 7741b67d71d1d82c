"""This module is about reading which carriers are bound to what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.identity.models import Person
from inventory.places.models import Place
from inventory.register.models import Tag, Thing
from inventory.register.queries import ThingRow
from inventory.register.tags_rules import Medium


@dataclass(frozen=True, slots=True)
class TagRow:
    """A carrier for display."""

    id: str
    school_id: str
    code: str
    medium: str
    value: str
    bound_at: datetime


def of(session: Session, school_id: str, code: str) -> list[TagRow]:
    """Return the carriers that are bound to a code."""
    query = select(Tag).where(
        Tag.school_id == school_id, Tag.code == code, Tag.unbound_at.is_(None)
    )
    return [_row(tag) for tag in session.scalars(query.order_by(Tag.medium, Tag.id))]


def tag(session: Session, tag_id: str) -> TagRow | None:
    """Return a carrier of the schools in sight, bound or not."""
    row = session.scalar(select(Tag).where(Tag.id == tag_id))
    return _row(row) if row else None


def _row(tag: Tag) -> TagRow:
    return TagRow(tag.id, tag.school_id, tag.code, tag.medium, tag.value, tag.bound_at)


@dataclass(frozen=True, slots=True)
class Carrying:
    """A thing with what it is known by beside its code: its old numbers and its radio tags."""

    thing: ThingRow
    old_numbers: tuple[str, ...] = ()
    epcs: tuple[str, ...] = ()


AT_ONCE = 500


def carrying(session: Session, things: Iterable[ThingRow]) -> Iterator[Carrying]:
    """Yield things with their carriers, asked for so many at a time."""
    rest = iter(things)
    while part := list(islice(rest, AT_ONCE)):
        query = select(Tag.school_id, Tag.code, Tag.medium, Tag.value).where(
            Tag.school_id.in_(sorted({one.school_id for one in part})),
            Tag.code.in_([one.code for one in part]),
            Tag.medium.in_([Medium.NUMBER.value, Medium.EPC.value]),
            Tag.unbound_at.is_(None),
        )
        found: dict[tuple[str, str, str], list[str]] = {}
        for school, code, medium, value in session.execute(query.order_by(Tag.id)):
            found.setdefault((school, code, medium), []).append(value)
        for one in part:
            yield Carrying(
                one,
                tuple(found.get((one.school_id, one.code, Medium.NUMBER.value), ())),
                tuple(found.get((one.school_id, one.code, Medium.EPC.value), ())),
            )


def title_of(session: Session, school_id: str, code: str) -> str:
    """Return what people call the thing, place or person that bears a code."""
    thing = session.execute(
        select(Thing, Kind)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .where(Thing.school_id == school_id, Thing.code == code)
    ).first()
    if thing is not None:
        return f"{thing[0].number} {thing[1].title}"
    place = session.get(Place, (school_id, code))
    if place is not None:
        return f"{place.path} {place.name}".strip()
    person = session.scalar(
        select(Person).where(Person.school_id == school_id, Person.code == code)
    )
    return person.name if person else code
