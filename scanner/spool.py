"""The spool: scans on this computer's disk until the server has answered for them."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from scanner.errors import SpoolUnavailable
from scanner.scan import Medium, Scan, instant

_APPLICATION_ID = 0x54415343
_SCHEMA = """
CREATE TABLE spool (device TEXT NOT NULL);
CREATE TABLE scan (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- AUTOINCREMENT: a number is never given twice
    payload TEXT NOT NULL,
    medium TEXT NOT NULL,
    at TEXT NOT NULL,
    task TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'settled', 'refused')),
    answer TEXT  -- JSON of the server's outcome when settled, its reason when refused
);
CREATE INDEX scan_state ON scan (state, seq);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A scan that the server has not answered for, and the task it was made in."""

    scan: Scan
    task: str | None = None

    def as_json(self) -> dict[str, str | int]:
        """Give the scan as JSON values, with its task if it has one."""
        return self.scan.as_json() | ({"task": self.task} if self.task is not None else {})


@dataclass(frozen=True, slots=True)
class Refused:
    """A dead letter: a scan that the server will not take, and why."""

    scan: Scan
    task: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many scans are in each state."""

    waiting: int = 0
    settled: int = 0
    refused: int = 0


class Spool:
    """
    Scans in one SQLite file, each on the disk before `put` returns.

    The spool's ``device`` is made at random once and kept in the file, or given; sequence numbers
    rise from 1 and are never given twice. So ``(device, seq)`` names a scan for ever, and the
    server can tell a second delivery from a second scan: never work on two copies of one spool.
    Threads may share a spool, and processes may share its file.

    Raises:
        SpoolUnavailable: the file cannot be opened or written, is something else, or belongs to
            another device than the one given.
    """

    def __init__(self, path: str | Path, *, device: str | None = None) -> None:
        self.path = Path(path)
        self._lock = RLock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                self.path, timeout=10.0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise SpoolUnavailable(path, str(error)) from error
        try:
            self.device = self._prepared(device)
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; everything is on the disk already."""
        with self._lock:
            self._db.close()

    def put(self, payload: str, medium: Medium, at: datetime, task: str | None = None) -> Scan:
        """
        Keep one scan; when this returns it is on the disk.

        Raises:
            SpoolUnavailable: it could not be written, and is not kept.
            ValueError: the time has no zone.
        """
        return self.put_all([payload], medium, at, task)[0]

    def put_all(
        self, payloads: Sequence[str], medium: Medium, at: datetime, task: str | None = None
    ) -> list[Scan]:
        """Keep all payloads of one moment, or none, by the promise of `put`."""
        if at.utcoffset() is None:
            raise ValueError("a scan's time needs a time zone")
        with self._writing() as db:
            return [self._inserted(db, payload, medium, at, task) for payload in payloads]

    def pending(self, limit: int = 200, *, after: int = 0) -> list[Waiting]:
        """Give the oldest scans that wait, at most ``limit``, with numbers above ``after``."""
        rows = self._rows(
            "SELECT * FROM scan WHERE state = 'waiting' AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [Waiting(self._scan(row), row["task"]) for row in rows]

    def settle(self, outcomes: Mapping[int, Any]) -> int:
        """
        Note the server's outcomes (JSON values by sequence number); they wait no longer.

        Gives how many were waiting or refused until now; one that was settled keeps its outcome.
        """
        return self._each(
            "UPDATE scan SET state = 'settled', answer = ? WHERE seq = ? AND state <> 'settled'",
            [(json.dumps(value, ensure_ascii=False), seq) for seq, value in outcomes.items()],
        )

    def refuse(self, reasons: Mapping[int, str]) -> int:
        """Put scans aside with the server's reason by number; give how many were waiting."""
        return self._each(
            "UPDATE scan SET state = 'refused', answer = ? WHERE seq = ? AND state = 'waiting'",
            [(reason, seq) for seq, reason in reasons.items()],
        )

    def refused(self) -> list[Refused]:
        """Give all dead letters, the oldest first."""
        rows = self._rows("SELECT * FROM scan WHERE state = 'refused' ORDER BY seq", ())
        return [Refused(self._scan(row), row["task"], row["answer"]) for row in rows]

    def retry(self, seqs: Sequence[int]) -> int:
        """Let refused scans wait again, after a person has mended the cause; give how many."""
        return self._each(
            "UPDATE scan SET state = 'waiting', answer = NULL WHERE seq = ? AND state = 'refused'",
            [(seq,) for seq in seqs],
        )

    def outcome(self, seq: int) -> Any:
        """Give the outcome that the server told for a scan; None as long as it has not."""
        rows = self._rows("SELECT * FROM scan WHERE seq = ? AND state = 'settled'", (seq,))
        return json.loads(rows[0]["answer"]) if rows else None

    def forget_settled(self, before: datetime) -> int:
        """Remove settled scans from before a time; give how many. Numbers are not used again."""
        with self._writing() as db:
            return db.execute(
                "DELETE FROM scan WHERE state = 'settled' AND at < ?", (instant(before),)
            ).rowcount

    def counts(self) -> Counts:
        """Tell how many scans wait, are settled, are refused."""
        rows = self._rows("SELECT state, count(*) AS n FROM scan GROUP BY state", ())
        return Counts(**{row["state"]: row["n"] for row in rows})

    def _prepared(self, device: str | None) -> str:
        self._db.row_factory = sqlite3.Row
        self._check_ours()
        try:
            self._db.execute("PRAGMA journal_mode = WAL")
            # NORMAL would keep what a killed program wrote, but not what a power cut met.
            self._db.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise SpoolUnavailable(self.path, str(error)) from error
        with self._writing() as db:
            self._create_if_empty(db, device or uuid4().hex)
            known = str(db.execute("SELECT device FROM spool").fetchone()["device"])
        if device not in (None, known):
            raise SpoolUnavailable(self.path, f"belongs to device {known}, not {device}")
        return known

    def _check_ours(self) -> None:
        """Leave a foreign database alone: even the change to WAL would be written into it."""
        # One look at both: between two, another station might have made the tables.
        [[tables, application]] = self._rows(
            "SELECT count(*), (SELECT application_id FROM pragma_application_id)"
            " FROM sqlite_master",
            (),
        )
        if tables and application != _APPLICATION_ID:
            raise SpoolUnavailable(self.path, "is a database of something else")

    def _create_if_empty(self, db: sqlite3.Connection, device: str) -> None:
        if db.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION_ID:
            return
        for statement in _SCHEMA.strip().split(";\n"):
            db.execute(statement)
        db.execute("INSERT INTO spool (device) VALUES (?)", (device,))
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")

    def _inserted(
        self, db: sqlite3.Connection, payload: str, medium: Medium, at: datetime, task: str | None
    ) -> Scan:
        seq = db.execute(
            "INSERT INTO scan (payload, medium, at, task) VALUES (?, ?, ?, ?)",
            (payload, medium.value, instant(at), task),
        ).lastrowid
        assert seq is not None  # an insert that did not raise has a row
        return Scan(payload, medium, self.device, seq, at)

    def _each(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Run one statement for each row, all or none; give how many rows it changed."""
        with self._writing() as db:
            return sum(db.execute(statement, row).rowcount for row in rows)

    def _scan(self, row: sqlite3.Row) -> Scan:
        at = datetime.fromisoformat(row["at"])
        return Scan(row["payload"], Medium(row["medium"]), self.device, row["seq"], at)

    def _rows(self, query: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise SpoolUnavailable(self.path, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise SpoolUnavailable(self.path, str(error)) from error
            finally:
                # Also a COMMIT that failed, on a full disk for example, leaves it open.
                self._roll_back_if_open()

    def _roll_back_if_open(self) -> None:
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
