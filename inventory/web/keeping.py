"""This module is about saying that there is no good backup, to those who can do something."""

from datetime import UTC, datetime
from typing import Any

from prometheus_client import Gauge

from inventory.backups import record, store
from inventory.backups.record import Record
from inventory.backups.rules import LONGEST_WITHOUT
from inventory.db import db
from inventory.errors import every_refusal
from inventory.scope import Permission
from inventory.web.context import actor, now, settings
from inventory.web.refusals import words

BACKUP_AGE = Gauge(
    "tallycard_backup_age_seconds", "Age of the last verified backup; infinite when there is none"
)


def backup_warning() -> tuple[str, dict[str, Any]]:
    """The home page's part: that there is no backup, an old one only, or that one failed."""
    known = record.read(settings().data)
    shown = actor().may(Permission.ARRANGE) and not known.is_demonstration
    return "_backup.html", {"backup": _state(known, now()) if shown else None}


def _state(known: Record, at: datetime) -> dict[str, Any] | None:
    """What there is to warn of; None when all is well."""
    since = known.good or _begun()
    days = (at - since).days if since is not None and since <= at else 0
    failed = known.failed
    if failed is None and days < LONGEST_WITHOUT.days:
        return None
    return {
        "good": known.good, "days": days, "failed": failed,
        "reason": words_for(known) if failed is not None else "",
    }  # fmt: skip


def _begun() -> datetime | None:
    begun = store.begun_at(db.session.connection())
    return begun.astimezone(UTC) if begun is not None else None


def words_for(known: Record) -> str:
    """The sentence for why the last backup failed, in the reader's language."""
    for one in every_refusal():
        if one.code == known.failed_code:
            return words(one(**dict(known.failed_data)))
    return known.failed_code


def note_age(at: datetime) -> None:
    """Put the age of the last verified backup into the metrics."""
    good = record.read(settings().data).good
    BACKUP_AGE.set((at - good).total_seconds() if good is not None else float("inf"))
