"""
This module is about what columns hold: what a school said is kept, and its file with it.

The file stays, in parts, until its import is carried out or thrown away, so that it can be read
again when somebody says that a column holds something else.
"""

import json
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from inventory.errors import AlreadyApplied, FileNotKept, NotFound
from inventory.exchange.models import ColumnChoice, Import, ImportPart
from inventory.scope import Actor, Permission, own_school, requires

PART_BYTES = 256 * 1024
"""Bytes of a file in one row, and in one transaction."""
PARTS_LET_GO = 8

Choices = Mapping[str, Mapping[str, str]]
"""Field by the words over a column, by the fingerprint of a header."""


def kept_choices(session: Session, school_id: str | None) -> dict[str, dict[str, str]]:
    """Return what a school said that columns hold, by the fingerprint of their header."""
    if not school_id:
        return {}
    query = select(ColumnChoice.fingerprint, ColumnChoice.columns).where(
        ColumnChoice.school_id == school_id
    )
    return {row[0]: json.loads(row[1]) for row in session.execute(query)}


@requires(Permission.IMPORT)
def choose_columns(
    session: Session, by: Actor, *, school_id: str, choices: Choices, at: datetime
) -> None:
    """
    Keep what the columns under some headers hold, for this file and for the next ones.

    Raises:
        NotFound: the school is out of sight.
    """
    school = own_school(by, school_id)
    for fingerprint, columns in choices.items():
        kept = session.get(ColumnChoice, (school, fingerprint))
        told = json.dumps(columns, ensure_ascii=False, sort_keys=True)
        if kept is None:
            session.add(
                ColumnChoice(
                    school_id=school, fingerprint=fingerprint, columns=told, chosen_at=at,
                    chosen_by=by.id,
                )
            )  # fmt: skip
        elif kept.columns != told:
            kept.columns, kept.chosen_at, kept.chosen_by = told, at, by.id


@requires(Permission.IMPORT)
def keep_part(session: Session, by: Actor, *, import_id: str, n: int, content: bytes) -> None:
    """
    Keep the next part of an import's file.

    Raises:
        NotFound: no such import in sight.
    """
    job = session.scalar(select(Import).where(Import.id == import_id))
    if job is None:
        raise NotFound(what="import", key=import_id)
    packed = zlib.compress(content, 1)
    session.add(ImportPart(school_id=job.school_id, import_id=job.id, n=n, content=packed))


@requires(Permission.IMPORT)
def kept_file(session: Session, by: Actor, *, import_id: str) -> Iterator[bytes]:
    """
    Return an import's file in parts, for reading it in another way.

    Raises:
        NotFound: no such import in sight.
        AlreadyApplied: it was carried out, or begun.
        FileNotKept: there is no file; an earlier release made this import.
    """
    job = session.scalar(select(Import).where(Import.id == import_id))
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.confirmed_at is not None:
        raise AlreadyApplied
    of_it = (ImportPart.school_id == job.school_id, ImportPart.import_id == job.id)
    numbers = list(session.scalars(select(ImportPart.n).where(*of_it).order_by(ImportPart.n)))
    if not numbers:
        raise FileNotKept
    # One at a time: a large file is never in memory as a whole.
    parts = (session.scalar(select(ImportPart.content).where(*of_it, ImportPart.n == n))
             for n in numbers)  # fmt: skip
    return (zlib.decompress(part) for part in parts if part is not None)


def let_file_go(session: Session, job: Import) -> bool:
    """Let some parts of the file of a confirmed import go; False when none was left."""
    of_it = (ImportPart.school_id == job.school_id, ImportPart.import_id == job.id)
    numbers = list(session.scalars(select(ImportPart.n).where(*of_it).limit(PARTS_LET_GO)))
    if numbers:
        session.execute(delete(ImportPart).where(*of_it, ImportPart.n.in_(numbers)))
    return bool(numbers)
