"""This module is about what pages and commands share: a file staged in slices, each whole."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from sqlalchemy.orm import Session

from inventory.db import db, transact
from inventory.exchange import service
from inventory.exchange.columns_service import (
    PART_BYTES,
    Choices,
    keep_part,
    kept_choices,
    kept_file,
)
from inventory.exchange.rules import Roster
from inventory.exchange.service import Plan
from inventory.identity.rules import initials
from inventory.scope import Actor

Source = Path | bytes | BinaryIO
Progress = Callable[[int, int], None]
"""Told how many rows are done, and of how many."""


def read(
    source: Source, filename: str, school_id: str | None, chosen: Choices | None = None
) -> Roster:
    """
    Read a file as the ledger of a school, by its rooms and by what it said that columns hold.

    A file that nobody names a school for is read for the one that it names itself. What is
    `chosen` now, under no fingerprint for all headers, comes before what was kept.
    """
    session = db.session()
    roster = _read_for(session, source, filename, school_id, chosen)
    named = None if school_id else service.school_named(session, roster.school_id, roster.school)
    if named and (kept_choices(session, named) or not roster.rooms):
        return _read_for(session, source, filename, named, chosen)
    return roster


def _read_for(
    session: Session, source: Source, filename: str, school_id: str | None, chosen: Choices | None
) -> Roster:
    known = service.known_rooms(session, school_id)
    choices = {**kept_choices(session, school_id), **(chosen or {})}
    return service.read(source, filename, known, choices)


def keep(by: Actor, import_id: str, file: BinaryIO) -> None:
    """Keep an import's file, part by part, so that it can be read again in another way."""
    file.seek(0)
    n = 0
    while part := file.read(PART_BYTES):
        transact(partial(_part, by=by, import_id=import_id, n=n, content=part))
        n += 1


def _part(session: Session, by: Actor, import_id: str, n: int, content: bytes) -> None:
    keep_part(session, by, import_id=import_id, n=n, content=content)


@contextmanager
def kept(by: Actor, import_id: str) -> Iterator[BinaryIO]:
    """Give an import's file back as it came."""
    with TemporaryFile() as file:
        for part in kept_file(db.session(), by, import_id=import_id):
            file.write(part)
        yield file


def stage(
    by: Actor, plan: Plan, *, digest: str, at: datetime, progress: Progress | None = None
) -> str:
    """Keep what a file would do and return the import's id; scans go on in between."""
    initials("")  # reads its tables now, not in a transaction that holds everybody up
    job = transact(lambda session: service.stage(session, by, plan, digest=digest, at=at)).id
    # Rows come last: once all of them are there, so is everything.
    _staged(partial(_faults, by=by, plan=plan, import_id=job), len(plan.roster.faults))
    _staged(partial(_rows, by=by, plan=plan, import_id=job), len(plan), progress)
    return job


def _staged(slice_from: Callable[..., int], end: int, progress: Progress | None = None) -> None:
    start = 0
    while start < end:
        start = transact(partial(slice_from, start=start))
        if progress:
            progress(start, end)


def _rows(session: Session, by: Actor, plan: Plan, import_id: str, start: int) -> int:
    return service.stage_slice(session, by, plan, import_id=import_id, start=start)


def _faults(session: Session, by: Actor, plan: Plan, import_id: str, start: int) -> int:
    return service.stage_faults(session, by, plan, import_id=import_id, start=start)


LONGEST_S = 0.03
"""
Seconds that a slice may work before the next one is smaller; its commit comes on top.

A third of what the lane may be held. Less than twice what the smallest slice needs would keep all
slices the smallest, and an import ten times as long.
"""
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
        elif spent_s < LONGEST_S * 2 / 3:
            self.size = min(service.SLICE, self.size + 2)
        return left

    def _timed(self, session: Session, at: datetime) -> tuple[int, float]:
        begun = time.monotonic()
        left = service.apply_slice(
            session, self._by, import_id=self._import_id, at=at, most=self.size
        )
        return left, time.monotonic() - begun
