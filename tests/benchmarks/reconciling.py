"""The result of a count of 5,000 expected and 5,000 seen, beside one SQL join that says as much."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import event

from inventory.app import TASKS
from inventory.counting import queries
from inventory.counting.rules import Result
from inventory.db import WRITES, db
from inventory.register.rules import code_of
from inventory.scanning.service import Incoming, Submission, take_in
from tests.benchmarks.deployment import Deployment, running
from tests.benchmarks.table import Row
from tests.benchmarks.timing import in_turns

ROUNDS = 7
MISSING = 100
REFERENCE = "one SQL full join that names no result"
JOIN = """
SELECT line.code, line.quantity, seen.code FROM count_line AS line
LEFT JOIN sighting AS seen ON seen.school_id = line.school_id AND seen.count_id = line.count_id
      AND seen.code = line.code AND seen.undone_at IS NULL
WHERE line.count_id = :count
UNION ALL
SELECT NULL, NULL, seen.payload FROM sighting AS seen
WHERE seen.count_id = :count AND seen.undone_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM count_line AS line WHERE line.school_id = seen.school_id
    AND line.count_id = seen.count_id AND line.code = seen.code)
"""


def measure(deployment: Deployment, folder: Path) -> Iterator[Row]:
    """Measure the result after 5,000 scans, of which some are of no thing of ours."""
    own = deployment.copied(folder / "reconcile")
    with running(own.config), closing(sqlite3.connect(str(own.config.database_file))) as bare:
        _see(own)
        timed = in_turns(
            {
                "ours": lambda: _outcome(own),
                REFERENCE: lambda: bare.execute(JOIN, {"count": own.count_id}).fetchall(),
            },
            rounds=ROUNDS,
        )
        statements = _statements(own)
        figures = _outcome(own)
    ours, reference = timed["ours"], timed[REFERENCE]
    told = f"{statements} statements; {figures[Result.MATCH]:,} match, " \
           f"{figures[Result.MISSING]} missing, {figures[Result.UNKNOWN]} unknown"  # fmt: skip
    yield Row(
        "reconcile 5,000 with 5,000", "ms", ours.wall_s * 1000, reference.wall_s * 1000, REFERENCE,
        ours.cpu_ms(1), reference.cpu_ms(1), told,
    )  # fmt: skip


def _see(own: Deployment) -> None:
    """Scan all things but the last, and as many labels that nothing bears."""
    strays = [code_of(900_000_001 + n) for n in range(MISSING)]
    payloads = [*own.codes[:-MISSING], *strays]
    at = datetime.now(UTC)
    scans = tuple(
        Incoming("walk", n, at, text, "camera", own.count_id) for n, text in enumerate(payloads)
    )
    with db.engine.connect().execution_options(**{WRITES: True}) as connection:
        take_in(connection, [Submission(own.technician, at, scans)], TASKS)
        connection.commit()


def _outcome(own: Deployment) -> dict[Result, int]:
    db.session.rollback()
    db.session.expunge_all()
    count = queries.get(db.session(), own.count_id)
    assert count is not None
    return queries.outcome(db.session(), count).figures


def _statements(own: Deployment) -> int:
    ran: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        if not statement.startswith("BEGIN"):
            ran.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        _outcome(own)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(ran)
