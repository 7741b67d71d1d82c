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
from inventory.register.models import CardCheck, CardLine, Thing
from inventory.register.rules import ENDED, Status

MOVING = (
    "thing_registered", "thing_moved", "batch_grew", "batch_reduced", "batch_parted",
    "batch_received", "thing_retired", "thing_restored", "thing_turned", "part_taken",
    "part_brought", "thing_arrived", "kind_changed", "place_changed", "kind_merged",
    "batch_broken",
)  # fmt: skip
"""Events that can change what a card says. A test holds them against what can happen."""
SAID_OF_KINDS = frozenset({"name", "specification", "unit", "catalogue_code"})
"""What a card says of a kind."""
AWAY = {one.value for one in (*ENDED, Status.IN_TRANSFER)}
"""States of a thing in which it is in no cabinet."""
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
            or_(
                named, Event.subject.in_(_things_here(school_id, places)),
                Event.subject.in_(_kinds_here(school_id, places)),
            ),
        )
        .order_by(Event.seq)
    )  # fmt: skip
    for row in session.scalars(query):
        data = json.loads(row.data)
        if _tells(row.kind, data):
            return Since(Entry(row.id, row.kind, row.at, row.actor, data, row.hash), row.subject)
    return None


def _tells(kind: str, data: dict[str, Any]) -> bool:
    """Whether a card says what an event changed."""
    if kind == "kind_changed":
        return bool(SAID_OF_KINDS & {name for name, _ in data["set"]}) or bool(data.get("codes"))
    if kind == "thing_turned":
        return (data["origin"] in AWAY) != (data["status"] in AWAY)
    return True


def _kinds_here(school_id: str, places: list[str]) -> Any:
    return select(CardLine.kind_id).where(
        CardLine.school_id == school_id, CardLine.place_id.in_(places)
    )


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
