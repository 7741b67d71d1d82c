"""This module is about SQL for backups: a consistent copy, and what a database holds.

A backup is of the whole deployment: it is made by the computer's operator, for all schools.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, column, create_engine, func, inspect, select, table, text
from sqlalchemy.pool import NullPool

from inventory.backups.archive import Facts
from inventory.base import table_of
from inventory.journal.models import ChainHead, Event

VERSIONS = "alembic_version"
PATIENCE_S = 30.0
EVENT = table_of(Event)
HEAD = table_of(ChainHead)


def copy(source: Path, target: Path) -> None:
    """
    Copy an SQLite database while others write to it.

    A read transaction holds one state of the write-ahead log; writers go on behind it. The copy
    is one file that needs no log.
    """
    with (
        closing(sqlite3.connect(source, timeout=PATIENCE_S, isolation_level=None)) as live,
        closing(sqlite3.connect(target, isolation_level=None)) as copied,
    ):
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copied)
        live.execute("COMMIT")
        copied.execute("PRAGMA journal_mode=DELETE")


def faults_of(path: Path) -> list[str]:
    """Return what SQLite finds wrong inside a database file; nothing when it is whole."""
    try:
        with closing(_read_only(path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
            found += [
                f"foreign key: {row[0]} {row[1]}"
                for row in connection.execute("PRAGMA foreign_key_check").fetchmany(5)
            ]
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [one for one in found if one != "ok"]


def _read_only(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path))}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """Give a connection to a database file that nobody writes to."""
    engine = create_engine("sqlite://", creator=lambda: _read_only(path), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@contextmanager
def snapshot(engine: Engine) -> Iterator[tuple[Connection, str]]:
    """Give a PostgreSQL connection that sees one state, and that state's name for others."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection, str(connection.scalar(text("SELECT pg_export_snapshot()")))
        connection.rollback()


def facts(connection: Connection) -> Facts:
    """Return migration, rows of every table and the journal's heads."""
    names = sorted(set(inspect(connection).get_table_names()) - {VERSIONS})
    counts = {
        name: int(connection.scalar(select(func.count()).select_from(table(name))) or 0)
        for name in names
    }
    return Facts(revision(connection) or "", counts, heads(connection) if counts else [])


def heads(connection: Connection) -> list[str]:
    """Return the ends of the chains as `chain:number:hash`."""
    if not inspect(connection).has_table("chain_head"):
        return []
    query = select(HEAD.c.chain, HEAD.c.seq, HEAD.c.hash).order_by(HEAD.c.chain)
    return [f"{row[0]}:{row[1]}:{row[2]}" for row in connection.execute(query)]


def revision(connection: Connection) -> str | None:
    """Return the migration at which a database stands; None before the first."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    found = connection.scalar(select(column("version_num")).select_from(table(VERSIONS)))
    return str(found) if found else None


def holds_data(connection: Connection) -> bool:
    """Whether there is a school, a person or an event that somebody would miss."""
    there = inspect(connection)
    return any(
        there.has_table(name)
        and connection.scalar(select(text("1")).select_from(table(name)).limit(1)) is not None
        for name in ("school", "person", "event")
    )


def begun_at(connection: Connection) -> datetime | None:
    """Return when the oldest chain began."""
    if not inspect(connection).has_table("event"):
        return None
    first = select(func.min(EVENT.c.at)).where(
        EVENT.c.chain.in_(select(HEAD.c.chain)), EVENT.c.seq == 1
    )  # fmt: skip
    found: datetime | None = connection.scalar(first)
    return found


def others(connection: Connection) -> int:
    """Return how many other connections a PostgreSQL database has."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    return int(connection.scalar(query) or 0)


def put_aside(connection: Connection, name: str) -> None:
    """Rename the schema with everything in it, and leave an empty one in its place."""
    quoted = connection.dialect.identifier_preparer.quote(name)
    connection.execute(text(f"ALTER SCHEMA public RENAME TO {quoted}"))
    connection.execute(text("CREATE SCHEMA public"))


def put_back(connection: Connection, name: str) -> None:
    """Undo `put_aside`."""
    quoted = connection.dialect.identifier_preparer.quote(name)
    connection.execute(text("DROP SCHEMA public CASCADE"))
    connection.execute(text(f"ALTER SCHEMA {quoted} RENAME TO public"))


def quick_fault(path: Path) -> str:
    """Return what SQLite's quick check finds in a database that is in use; empty when whole."""
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found


def durability(connection: Connection) -> tuple[str, int]:
    """Return the journal mode and the level of syncing that are in force on SQLite."""
    mode = connection.scalar(text("PRAGMA journal_mode"))
    level = connection.scalar(text("PRAGMA synchronous"))
    return str(mode), int(level or 0)


def newest_event(connection: Connection) -> datetime | None:
    """Return when the newest event was recorded."""
    if not inspect(connection).has_table("event"):
        return None
    last = select(func.max(EVENT.c.at)).select_from(
        EVENT.join(HEAD, (EVENT.c.chain == HEAD.c.chain) & (EVENT.c.seq == HEAD.c.seq))
    )
    found: datetime | None = connection.scalar(last)
    return found


def passes_row_security(connection: Connection) -> bool:
    """Whether PostgreSQL lets this role past the policies that wall schools off."""
    found = connection.scalar(
        text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    )
    return bool(found)
