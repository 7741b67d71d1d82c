"""What a station tells whoever runs it, as it happens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scanner.decode import Reading
from scanner.scan import Scan


@dataclass(frozen=True, slots=True)
class Read:
    """A code was read that was not in view a moment ago."""

    reading: Reading
    at: datetime
    frame: str


@dataclass(frozen=True, slots=True)
class Queued:
    """A scan is on the disk and waits for the server."""

    scan: Scan


@dataclass(frozen=True, slots=True)
class Answered:
    """The server has the scan: its outcome, what the code points at, and the task's own answer."""

    scan: Scan
    outcome: str
    target: Any
    task: Any


class Seen(Answered):
    """The code is known."""


class Unknown(Answered):
    """The code points at nothing that the server knows."""


class Again(Answered):
    """The server had this scan already, or the task had this thing."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server will not take the scan; it stays in the spool as a dead letter."""

    scan: Scan
    reason: str


@dataclass(frozen=True, slots=True)
class Offline:
    """The server cannot be reached; the next try is in ``retry_in_s`` seconds, None: not now."""

    reason: str
    retry_in_s: float | None


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """The server does not accept the token; reading goes on, sending has stopped."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A picture could not be read."""

    name: str
    reason: str


Event = Read | Queued | Answered | Refused | Offline | NotAllowed | Skipped

_OUTCOMES = {"seen": Seen, "unknown": Unknown, "again": Again}


def answered(scan: Scan, outcome: str, target: Any, task: Any) -> Answered:
    """Make the event that fits the server's word; a word from the future is a plain `Answered`."""
    return _OUTCOMES.get(outcome, Answered)(scan, outcome, target, task)
