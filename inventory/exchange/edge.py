"""This module is about what pages and commands share: a file staged in slices, each whole."""

from datetime import datetime
from functools import partial

from sqlalchemy.orm import Session

from inventory.db import transact
from inventory.exchange import service
from inventory.exchange.service import Plan
from inventory.identity.rules import initials
from inventory.scope import Actor


def stage(by: Actor, plan: Plan, *, digest: str, at: datetime) -> str:
    """Keep what a file would do and return the import's id; scans go on in between."""
    initials("")  # reads its tables now, not in a transaction that holds everybody up
    job = transact(lambda session: service.stage(session, by, plan, digest=digest, at=at)).id
    start, end = 0, len(plan.staged())
    while start < end:
        start = transact(partial(_slice, by=by, plan=plan, import_id=job, start=start))
    return job


def _slice(session: Session, by: Actor, plan: Plan, import_id: str, start: int) -> int:
    return service.stage_slice(session, by, plan, import_id=import_id, start=start)
