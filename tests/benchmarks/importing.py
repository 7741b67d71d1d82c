"""Ledgers: how well those of the sample schools are read, and how fast one goes in."""

import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from openpyxl import load_workbook

from inventory.config import Config
from inventory.db import db, transact
from inventory.exchange import service
from inventory.exchange.edge import stage
from inventory.places.service import open_school
from inventory.scope import OPERATOR
from tests.benchmarks.deployment import Deployment, config_in, empty, running
from tests.benchmarks.table import Row
from tests.benchmarks.timing import Timed, in_turns
from tests.scoring import NOTHING, score

FILE = Path(__file__).parent.parent / "data" / "rosters" / "昌化初中-仪器总账.xlsx"
ROUNDS = 2
OPENPYXL = "openpyxl alone, every cell, nothing understood"
EXECUTEMANY = "openpyxl, then one executemany into a bare table"


LEAST = "the least that is asked for"
ASKED = {"faults found": 0.98, "faults right": 0.95, "records equal": 0.99}


def measure(_: Deployment, folder: Path) -> Iterator[Row]:
    """Score the sample rosters; measure reading, and the whole way into an empty database."""
    yield from _scores()
    content = FILE.read_bytes()
    rows = len(service.read(content, FILE.name).records)
    template = empty(folder / "import")
    numbers = count(1)
    timed = in_turns(
        {
            "read": lambda: service.read(content, FILE.name),
            OPENPYXL: lambda: _cells(content),
            "whole": lambda: _import(content, _copied(template, folder / f"{next(numbers)}")),
            EXECUTEMANY: lambda: _executemany(content, folder / f"bare-{next(numbers)}.db"),
        },
        rounds=ROUNDS,
        warm=False,
    )
    yield _row("roster, read", timed["read"], timed[OPENPYXL], OPENPYXL, rows)
    yield _row("roster, read, stage, apply", timed["whole"], timed[EXECUTEMANY], EXECUTEMANY, rows)


def _scores() -> Iterator[Row]:
    """For each school all its files together: recall, precision, share of equal records."""
    for path in sorted(FILE.parent.glob("*-expected.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        total = NOTHING
        for file in truth["files"]:
            roster = service.read(FILE.parent / file["file"], file["file"])
            total += score(roster.as_json(), file)
        found = (total.recall, total.precision, total.equality)
        told = (
            f"{total.found} of {total.planted}", f"{total.right} of {total.said}",
            f"{total.equal} of {total.records}",
        )  # fmt: skip
        for (what, least), ours, note in zip(ASKED.items(), found, told, strict=True):
            yield Row(f"{truth['school']}: {what}", "share", ours, least, LEAST, note=note)


def _row(what: str, ours: Timed, reference: Timed, named: str, rows: int) -> Row:
    return Row(
        what, "rows/s", ours.per_second(rows), reference.per_second(rows), named,
        ours.cpu_ms(rows), reference.cpu_ms(rows), f"{rows:,} rows",
    )  # fmt: skip


def _cells(content: bytes) -> list[tuple[object, ...]]:
    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    return [row for sheet in book for row in sheet.iter_rows(values_only=True)]


def _copied(template: Config, folder: Path) -> Config:
    made = config_in(folder)
    assert template.database_file is not None
    assert made.database_file is not None
    shutil.copy(template.database_file, made.database_file)
    return made


def _import(content: bytes, config: Config) -> None:
    at = datetime.now(UTC)
    roster = service.read(content, FILE.name)
    number = roster.school_id or "3133990102"
    with running(config):
        transact(
            lambda session: open_school(
                session, OPERATOR, number=number, name=roster.school or "", stage="", at=at
            )
        )
        plan = service.plan(db.session(), OPERATOR, roster, school_id=number, item_price_yuan=500)
        digest = service.digest_of(content)
        job = stage(OPERATOR, plan, digest=digest, at=at)
        while transact(
            lambda session: service.apply_slice(session, OPERATOR, import_id=job, at=at)
        ):
            pass


def _executemany(content: bytes, file: Path) -> None:
    rows = [(str(row),) for row in _cells(content)]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE roster (cells)")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO roster VALUES (?)", rows)
        connection.execute("COMMIT")
