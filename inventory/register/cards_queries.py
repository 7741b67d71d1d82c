"""This module is about reading a card's life: since which change it is stale, who checked it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from inventory.identity.models import Person
from inventory.journal.models import Event
from inventory.journal.queries import Entry
from inventory.places.queries import within
from inventory.register.models import CardCheck, Thing

MOVING = (
    "thing_registered", "thing_moved", "batch_grew", "batch_reduced", "batch_parted",
    "batch_received", "thing_retired", "thing_restored", "thing_turned", "part_taken",
    "part_brought", "thing_arrived", "kind_changed", "place_changed", "kinds_merged",
    "batch_broken", "things_placed",
)  # fmt: skip
"""Events that can change what a card says."""
MOST_EVENTS = 20_000
CHECKS = 4


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A check of a card, with the name of whoever made it."""

    at: datetime
    by: str
    version: int
    is_right: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Since:
    """The change since which a card is stale, and what it was about."""

    entry: Entry
    subject: str


def stale_since(session: Session, school_id: str, cabinet_id: str) -> Since | None:
    """Return the first change of what a cabinet holds since its card was printed last."""
    printed = session.scalar(
        select(Event.seq)
        .where(
            Event.school_id == school_id, Event.subject == cabinet_id,
            Event.kind == "card_printed",
        )
        .order_by(Event.seq.desc())
        .limit(1)
    )  # fmt: skip
    if printed is None:
        return None
    places = within(session, school_id, cabinet_id)
    named = or_(*(Event.data.contains(f'"{one}"', autoescape=True) for one in places))
    query = (
        select(Event)
        .where(
            Event.chain == school_id, Event.school_id == school_id, Event.seq > printed,
            Event.seq <= printed + MOST_EVENTS, Event.kind.in_(MOVING),
            or_(named, Event.subject.in_(_things_here(school_id, places))),
        )
        .order_by(Event.seq)
        .limit(1)
    )  # fmt: skip
    row = session.scalar(query)
    if row is None:
        return None
    entry = Entry(row.id, row.kind, row.at, row.actor, json.loads(row.data), row.hash)
    return Since(entry, row.subject)


def _things_here(school_id: str, places: list[str]) -> Any:
    return select(Thing.code).where(Thing.school_id == school_id, Thing.home_id.in_(places))


def checks_of(session: Session, school_id: str, cabinet_id: str) -> list[CheckRow]:
    """Return the last checks of a cabinet's card, the latest first."""
    query = (
        select(CardCheck, Person.name)
        .outerjoin(Person, Person.id == CardCheck.checked_by)
        .where(CardCheck.school_id == school_id, CardCheck.cabinet_id == cabinet_id)
        .order_by(CardCheck.checked_at.desc())
        .limit(CHECKS)
    )
    return [
        CheckRow(row.checked_at, name or "—", row.version, row.is_right, row.note)
        for row, name in session.execute(query)
    ]
