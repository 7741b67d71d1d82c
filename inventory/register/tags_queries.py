"""This module is about reading which carriers are bound to what."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.identity.models import Person
from inventory.places.models import Place
from inventory.register.models import Tag, Thing


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
