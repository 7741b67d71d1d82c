"""This module is about the nightly backup that the server makes by itself.

A thread of the server's own process only watches the time; the work is done by a command in a
process of its own, so that no request waits for it, and that whatever happens there stays there.
"""

import os
import subprocess
import sys
import threading
from datetime import datetime, time
from zoneinfo import ZoneInfo

import structlog

from inventory.backups import record, rules
from inventory.commands.edge import now
from inventory.config import load

FIRST_LOOK_S = 5.0
"""So long after the start, when the server answers already."""
PAUSE_S = 30.0
LOWER_PRIORITY = 10
log = structlog.get_logger(__name__)


class Nightly(threading.Thread):
    """Looks twice a minute whether a backup is due; settings are read anew each time."""

    def __init__(self, first_look_s: float = FIRST_LOOK_S, pause_s: float = PAUSE_S) -> None:
        super().__init__(name="nightly-backup", daemon=True)
        self._first_look_s = first_look_s
        self._pause_s = pause_s
        self._end = threading.Event()

    def run(self) -> None:
        pause = self._first_look_s
        while not self._end.wait(pause):
            pause = self._pause_s
            try:
                look(now())
            except Exception as error:  # the watch goes on, whatever it was
                log.error("nightly_backup", error=str(error)[:300])

    def end(self) -> None:
        """Stop watching; a backup that is being made goes on."""
        self._end.set()


def look(at: datetime) -> int | None:
    """Make the scheduled backup when it is due, and return its exit code; None when it is not."""
    config = load()
    if not config.backup_to:
        return None
    known = record.read(config.data)
    moment = rules.last_moment(at, time.fromisoformat(config.backup_at), ZoneInfo(config.time_zone))
    if not rules.is_due(moment, at, known.good, known.tried):
        return None
    done = subprocess.run(
        [sys.executable, "-m", "inventory.commands", "backup", "--scheduled", "--json"],
        env={**os.environ, "TALLYCARD_DATA": str(config.data)},
        preexec_fn=_stand_back, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        log.error("nightly_backup", exit_code=done.returncode, said=done.stderr.strip()[-300:])
    else:
        log.info("nightly_backup", said=done.stdout.strip()[:300])
    return done.returncode


def _stand_back() -> None:
    os.nice(LOWER_PRIORITY)
