"""This module is about what pages and commands share: a file staged in slices, each whole."""

import time
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


LONGEST_S = 0.015
"""Seconds that a slice may work before the next one is smaller; its commit comes on top."""
LONGEST_PAUSE_S = 0.1
LEAST, FIRST = 3, 6
"""Things in the smallest slice, and in the first, when nothing is known yet."""


class Applying:
    """
    Carries an import out, slice after slice, so that nobody who scans waits long for one.

    How much fits into a moment depends on the computer and on what else it does, so each slice is
    as large as the one before it was quick.
    """

    def __init__(self, by: Actor, import_id: str) -> None:
        self._by = by
        self._import_id = import_id
        self.size = FIRST

    def slice(self, at: datetime) -> int:
        """Carry out one slice and return how many rows are left."""
        left, spent_s = transact(lambda session: self._timed(session, at))
        if spent_s > LONGEST_S:
            self.size = max(LEAST, self.size // 2)
            time.sleep(min(spent_s, LONGEST_PAUSE_S))  # others are at work: let them go first
        elif spent_s < LONGEST_S / 2:
            self.size = min(service.SLICE, self.size + 2)
        return left

    def _timed(self, session: Session, at: datetime) -> tuple[int, float]:
        begun = time.monotonic()
        left = service.apply_slice(
            session, self._by, import_id=self._import_id, at=at, most=self.size
        )
        return left, time.monotonic() - begun
