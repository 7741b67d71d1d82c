"""This module is about reading the journal: the history of one thing, place or document."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.journal.models import ChainHead, Event

NOTHING = "0"
"""Stands for the latest event where there is none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event for display; the page makes the sentence."""

    id: str
    kind: str
    at: datetime
    actor: str
    data: dict[str, Any]
    hash: str


def history(session: Session, school_id: str, subject: str, limit: int = 200) -> list[Entry]:
    """Return the events about one subject, the latest first."""
    query = (
        select(Event)
        .where(Event.school_id == school_id, Event.subject == subject)
        .order_by(Event.seq.desc())
        .limit(limit)
    )
    return [
        Entry(row.id, row.kind, row.at, row.actor, json.loads(row.data), row.hash)
        for row in session.scalars(query)
    ]


def latest(session: Session, school_id: str, subject: str, kinds: Sequence[str]) -> str:
    """Return the id of the latest event of some kinds about a subject; `0` when there is none."""
    query = (
        select(Event.id)
        .where(Event.school_id == school_id, Event.subject == subject, Event.kind.in_(kinds))
        .order_by(Event.seq.desc())
        .limit(1)
    )
    return session.scalar(query) or NOTHING


def since(
    session: Session, school_id: str, subject: str, seen: str, kinds: Sequence[str]
) -> list[Entry]:
    """
    Return the events of some kinds about a subject after the one that somebody saw last.

    An id that is no event of the subject means that nothing was seen.
    """
    last = select(Event.seq).where(
        Event.school_id == school_id, Event.subject == subject, Event.id == seen
    )
    query = select(Event).where(
        Event.school_id == school_id, Event.subject == subject, Event.kind.in_(kinds)
    )
    seq = session.scalar(last)
    if seq is not None:
        query = query.where(Event.seq > seq)
    return [
        Entry(row.id, row.kind, row.at, row.actor, json.loads(row.data), row.hash)
        for row in session.scalars(query.order_by(Event.seq))
    ]


def subjects_of(
    session: Session, school_id: str, kind: str, *, mention: str, subject: str,
    between: tuple[str, str],
) -> list[str]:  # fmt: skip
    """
    Return what the events of a kind that mention something are about, in their order.

    Only those are looked at that lie between the first event of one kind about `subject` and the
    last one of another kind; so nobody walks along the whole chain.
    """
    span = (Event.school_id == school_id, Event.subject == subject)
    first, last = between
    begun = select(func.min(Event.seq)).where(*span, Event.kind == first)
    ended = select(func.max(Event.seq)).where(*span, Event.kind == last)
    query = select(Event.subject).where(
        Event.chain == school_id,
        Event.school_id == school_id,
        Event.seq.between(begun.scalar_subquery(), ended.scalar_subquery()),
        Event.kind == kind,
        Event.data.contains(f'"{mention}"', autoescape=True),
    )
    return list(session.scalars(query.order_by(Event.seq)))


def head_hashes(session: Session, schools: list[str]) -> dict[str, str]:
    """Return the hash at the end of the chain of each school that has one."""
    query = select(ChainHead.chain, ChainHead.hash).where(ChainHead.chain.in_(schools))
    return {row[0]: row[1] for row in session.execute(query)}
