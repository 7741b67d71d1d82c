"""Batches of 1,000 scans, through the API and through the service alone, beside one executemany."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from apiflask import APIFlask

from inventory.app import TASKS
from inventory.db import WRITES, db
from inventory.scanning.service import Incoming, Submission, take_in
from tests.benchmarks import load, servers
from tests.benchmarks.deployment import Deployment, running
from tests.benchmarks.single_scans import Run
from tests.benchmarks.table import Row
from tests.benchmarks.timing import Timed, in_turns

SIZE = 1_000
ROUNDS = 12
REFERENCE = "one executemany of as many rows into a bare table"
CLIENTS = 2
SECONDS = 2.0
COLUMNS = ("owner", "device", "seq", "school_id", "person_id", "at", "received_at", "payload",
           "medium", "task", "place", "reads", "outcome", "target", "answer")  # fmt: skip
ANSWER = json.dumps({"outcome": "seen", "meaning": "code", "target": {"code": "2" * 11},
                     "padding": "x" * 150})  # fmt: skip


def measure(deployment: Deployment, folder: Path) -> Iterator[Row]:
    """Measure the service alone, the view in this process, and two clients over HTTP."""
    own = deployment.copied(folder / "batches")
    with running(own.config) as app, closing(_bare_table(folder / "bare.db")) as bare:
        batch = count(1)
        timed = in_turns(
            {
                "service": lambda: _take_in(own, next(batch), None),
                "counted": lambda: _take_in(own, next(batch), own.count_id),
                "view": _poster(app, own),
                REFERENCE: lambda: _insert(bare, next(batch)),
            },
            rounds=ROUNDS,
        )
    reference = timed.pop(REFERENCE)
    names = {"service": "batch of 1,000, service alone", "counted": "batch of 1,000, in a count",
             "view": "batch of 1,000, API in this process"}  # fmt: skip
    for name, spent in timed.items():
        yield _row(names[name], spent, reference)
    yield _over_http(deployment.copied(folder / "batches-http"), reference)


def _row(what: str, ours: Timed, reference: Timed) -> Row:
    return Row(
        what, "scans/s", ours.per_second(SIZE), reference.per_second(SIZE), REFERENCE,
        ours.cpu_ms(SIZE), reference.cpu_ms(SIZE), "CPU ms each scan",
    )  # fmt: skip


def _over_http(own: Deployment, reference: Timed) -> Row:
    with servers.tallycard(own.config.data) as server:
        run = Run(server)
        orders = load.Orders(0, own.token, CLIENTS, SECONDS, "batch", own.codes, scans_each=SIZE)
        run.add(orders)
    return Row(
        f"batch of 1,000, API over HTTP, {CLIENTS} clients", "scans/s", run.per_second * SIZE,
        reference.per_second(SIZE), REFERENCE, run.cpu_ms / SIZE, reference.cpu_ms(SIZE),
        "clients share the cores",
    )  # fmt: skip


def _take_in(own: Deployment, number: int, task: str | None) -> None:
    at = datetime.now(UTC)
    scans = tuple(
        Incoming(f"service-{number}", n, at, code, "camera", task)
        for n, code in enumerate(_codes(own, number))
    )
    with db.engine.connect().execution_options(**{WRITES: True}) as connection:
        take_in(connection, [Submission(own.technician, at, scans)], TASKS)
        connection.commit()


def _codes(own: Deployment, number: int) -> list[str]:
    """As many codes as a batch has, other ones each time until all were used."""
    return [own.codes[(number * SIZE + n) % len(own.codes)] for n in range(SIZE)]


def _poster(app: APIFlask, own: Deployment) -> Callable[[], None]:
    client = app.test_client()
    headers = {"Authorization": f"Bearer {own.token}"}
    bodies = iter([_body(own, number) for number in range(ROUNDS + 1)])

    def post() -> None:
        answer = client.post(load.PATH, data=next(bodies), headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"a batch was answered {answer.status_code}")

    return post


def _body(own: Deployment, number: int) -> bytes:
    scans = [
        {"device": f"view-{number}", "seq": n, "at": load.AT, "medium": "camera", "payload": code}
        for n, code in enumerate(_codes(own, number))
    ]
    return json.dumps({"scans": scans}).encode()


def _bare_table(file: Path) -> sqlite3.Connection:
    """A table of the same columns and key, none of the other indexes, the same durability."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")
    key = "PRIMARY KEY (owner, device, seq)"
    connection.execute(f"CREATE TABLE scan ({', '.join(COLUMNS)}, {key})")
    return connection


def _insert(bare: sqlite3.Connection, number: int) -> None:
    at = str(datetime.now(UTC))
    rows = [
        ("3133990102", f"bare-{number}", n, "3133990102", "0" * 32, at, at, "2" * 11, "camera",
         None, None, None, "seen", "2" * 11, ANSWER)
        for n in range(SIZE)
    ]  # fmt: skip
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany(f"INSERT INTO scan VALUES ({', '.join('?' * len(COLUMNS))})", rows)
    bare.execute("COMMIT")
