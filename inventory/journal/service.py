"""This module is about writing through the journal: a change, its state and its event in one."""

from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from inventory.base import new_id
from inventory.journal.changes import ABSENT, ADDED, Change, Occasion, SessionState
from inventory.journal.rules import BUREAU, canonical
from inventory.journal.store import append
from inventory.scope import Actor

PENDING = "tallycard_pending"


def record(
    session: Session,
    by: Actor,
    change: Change,
    *,
    at: datetime,
    school_id: str | None,
    event_id: str | None = None,
) -> Occasion:
    """
    Apply a change to the state and queue its event for this transaction.

    The event is chained when the transaction commits, so that the heads of the chains are
    locked for as short as possible. A client that may ask twice gives its own `event_id`.
    """
    on = Occasion(event_id or new_id(at), school_id, at, by.id)
    change.apply(SessionState(session), on)
    _pending(session).append(
        {
            "id": on.event_id,
            "school_id": school_id,
            "chain": school_id or BUREAU,
            "kind": change.kind,
            "subject": change.subject,
            "actor": by.id,
            "at": at,
            "data": canonical(change.as_data()),
        }
    )
    return on


def _pending(session: Session) -> list[dict[str, Any]]:
    pending: list[dict[str, Any]] = session.info.setdefault(PENDING, [])
    return pending


@event.listens_for(Session, "before_commit")
def _chain_what_is_pending(session: Session) -> None:
    """Chain the events of the transaction last of all, after the state is written."""
    if session.in_nested_transaction() or not session.info.get(PENDING):
        return
    session.flush()
    events = session.info.pop(PENDING)
    append(session.connection(), events)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was not committed is forgotten with its transaction."""
    if transaction.parent is None:
        session.info.pop(PENDING, None)
        session.info.pop(ADDED, None)
        session.info.pop(ABSENT, None)
