"""This module is about the database: engine settings, the session, the write lane.

SQLite has one writer. Its own busy handler sleeps and retries unfairly (waits of seconds were
measured), so all writers of this process stand in one fair lane, and other processes on the
same file wait at a file lock beside it. Scans share commits: many wait, one COMMIT answers all,
and nobody is answered before it. PostgreSQL needs no lane and gets none.
"""

import fcntl
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from prometheus_client import Histogram
from sqlalchemy import (
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Executable,
    Table,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from inventory.base import Base
from inventory.config import Config
from inventory.errors import Busy, SecondServer

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R")

WRITES = "tallycard_writes"
LANE = "tallycard_lane"
SCHOOLS = "tallycard.schools"
"""PostgreSQL's setting that holds the schools in sight: their numbers, by commas, or a star."""
EVERY_SCHOOL = "*"
PATIENCE_S = 30.0
"""How long a writer waits for its turn before it is told that the database is busy."""
TRIES = 4
RETRYABLE = {"40001", "40P01"}  # PostgreSQL: serialization_failure, deadlock_detected
MOST_CONNECTIONS = 32
"""Connections kept open to an SQLite file: one for each request that is served at once."""
HEAVIEST_GROUP = 2_000
"""Scans in one shared commit at most: about 50 ms of work, so that nobody waits long."""

LANE_WAIT = Histogram(
    "tallycard_lane_wait_seconds",
    "Time a writer waited for its turn in the write lane",
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0),
)

UPLOADS = "tallycard_uploads"
PROMISES = "tallycard_promises"
"""Extension: what says how much of some things open documents wait for; see `register`."""
OPENED = "tallycard_session_opened"
"""Extension: what is called with each new session, so that none is used by nobody in particular."""


class OpenedSession(FlaskSession):
    """A session that is told who acts at the moment it is made, which may be never."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self.info[UPLOADS] = current_app.extensions[UPLOADS]
        self.info[PROMISES] = current_app.extensions.get(PROMISES)
        told = current_app.extensions.get(OPENED)
        if told is not None:
            told(self)


db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={"expire_on_commit": False, "class_": OpenedSession},
)


@dataclass(frozen=True, slots=True)
class Uploads:
    """Where this deployment keeps what people attach, and how large one file may be."""

    folder: Path
    most_bytes: int


def uploads_of(session: Session) -> Uploads:
    """Return where what is attached in a session's transactions is kept."""
    uploads: Uploads = session.info[UPLOADS]
    return uploads


def opened_session() -> Session | None:
    """Return the session of this request when it has one; looking does not make one."""
    return db.session() if db.session.registry.has() else None


# --- the engine ----------------------------------------------------------------------------


def engine_options(config: Config) -> dict[str, Any]:
    """Return the options that every engine of this product is made with."""
    if config.is_sqlite:
        arguments = {"timeout": float(config.patience_s), "check_same_thread": False}
        pool = {"pool_size": MOST_CONNECTIONS, "max_overflow": 8, "pool_use_lifo": True}
        return {"connect_args": arguments, "hide_parameters": True} | pool
    return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True, "hide_parameters": True}


def make_engine(config: Config) -> Engine:
    """Return an engine outside any application, for tools that act for the whole deployment."""
    engine = create_engine(config.database, **engine_options(config))
    prepare_engine(engine)
    event.listen(engine, "begin", lambda connection: tell_schools(connection, None))
    return engine


def prepare_engine(engine: Engine) -> None:
    """
    Make SQLite durable and strict: WAL, synchronous=FULL, foreign keys, explicit BEGIN.

    The driver must not begin transactions by itself, else BEGIN IMMEDIATE is impossible; a
    deferred transaction that turns into a writer may fail at once with SQLITE_BUSY.
    """
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def init_app(app: Flask, config: Config) -> None:
    """Attach engine, session and write lane to the application."""
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config)
    app.extensions[UPLOADS] = Uploads(
        config.data / "uploads", config.attachment_megabytes * 1_000_000
    )
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.extensions[LANE] = WriteLane(config.database_file, float(config.patience_s))


# --- the schools in sight, for PostgreSQL ---------------------------------------------------


def tell_schools(connection: Connection, schools: Collection[str] | None) -> None:
    """
    Tell PostgreSQL which schools the rest of a transaction may see; None means every school.

    It is the wall behind the scope of sessions: policies on the tables (row security, migration
    0005) let no row of another school through, whatever the statement. Without having been told
    they let nothing through. SQLite has no such thing.
    """
    if connection.dialect.name == "postgresql":
        told = EVERY_SCHOOL if schools is None else ",".join(sorted(schools))
        connection.execute(select(func.set_config(SCHOOLS, told, True)))


@contextmanager
def every_school(engine: Engine) -> Iterator[Connection]:
    """Give a connection of the operator's, for what is asked of the whole deployment."""
    with engine.connect() as connection:
        tell_schools(connection, None)
        yield connection


# --- the lane ------------------------------------------------------------------------------


class FairLock:
    """A lock that is given in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def acquire(self, patience_s: float) -> bool:
        with self._guard:
            if not self._held:
                self._held = True
                return True
            gate = threading.Lock()
            gate.acquire()
            self._waiting.append(gate)
        if gate.acquire(timeout=patience_s):
            return True
        return not self._give_up(gate)

    def _give_up(self, gate: threading.Lock) -> bool:
        """Leave the queue; False when the lock was handed over at the last moment."""
        with self._guard:
            if gate in self._waiting:
                self._waiting.remove(gate)
                return True
            return False

    def release(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False


class WriteLane:
    """One turn at a time for all writers of an SQLite file; nothing at all for PostgreSQL."""

    def __init__(self, database_file: Path | None, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = FairLock()
        self._gate = FileLock(_beside(database_file, "gate")) if database_file else None
        self._file = FileLock(_beside(database_file, "lane")) if database_file else None

    @property
    def is_needed(self) -> bool:
        return self._file is not None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """
        Wait for the turn and hold it.

        Raises:
            Busy: the turn did not come within the patience of the settings.
        """
        if self._file is None or self._gate is None:
            yield
            return
        asked = time.monotonic()
        if not self._lock.acquire(self._patience_s):
            raise Busy(what="database", reason="busy")
        try:
            # Whoever waits for the file waits inside the gate, so that a process which gives the
            # file back and wants it again at once finds the other in front of it.
            with self._gate.held(self._patience_s):
                self._file.acquire(self._patience_s)
            LANE_WAIT.observe(time.monotonic() - asked)
            try:
                yield
            finally:
                self._file.release()
        finally:
            self._lock.release()


class FileLock:
    """A lock that processes share by a file; its descriptor stays open as long as they live."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def acquire(self, patience_s: float) -> None:
        """
        Take the lock; whoever else has it holds it for a moment only.

        Raises:
            Busy: it was not given in time.
        """
        deadline = time.monotonic() + patience_s
        pause = 0.0002
        while True:
            try:
                fcntl.flock(self._open(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Busy(what="database", reason="busy") from None
                time.sleep(pause)
                pause = min(pause * 2, 0.005)
            else:
                return

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._open(), fcntl.LOCK_UN)

    @contextmanager
    def held(self, patience_s: float) -> Iterator[None]:
        """Hold the lock while the block runs."""
        self.acquire(patience_s)
        try:
            yield
        finally:
            self.release()

    def _open(self) -> int:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
        return self._descriptor


def _beside(database: Path, suffix: str) -> Path:
    return database.with_name(f"{database.name}.{suffix}")


@contextmanager
def only_server(config: Config) -> Iterator[None]:
    """
    Hold the place of the one server of an SQLite file while the block runs.

    Raises:
        SecondServer: another living process holds it.
    """
    if config.database_file is None:
        yield
        return
    path = _beside(config.database_file, "server")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = file.read().strip() or "?"
            raise SecondServer(pid=pid, database=config.database_file.name) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


# --- the hot path --------------------------------------------------------------------------


class Statement:
    """
    A statement of the hot path, compiled once for each engine and then given to the driver.

    For a single scan SQLAlchemy's work around a statement, cached or not, costs several times
    what the database's does. `build` makes the statement for an engine, by its dialect's name;
    it is run with one value for each name, without any conversion, and lists go as JSON.
    """

    def __init__(self, build: Callable[[str], Executable]) -> None:
        self._build = build
        self._texts: dict[str, str] = {}

    def __call__(self, connection: Connection, values: dict[str, Any]) -> Sequence[Any]:
        """Return all rows of the result."""
        return connection.exec_driver_sql(self.text(connection), _given(values)).all()

    def alone(self, engine: Engine, values: dict[str, Any]) -> Sequence[Any]:
        """
        Read rows outside any session and of any school, before it is known who asks.

        On SQLite this is one statement and no transaction: a tenth of what a session would cost.
        """
        try:
            return self._asked_of_the_driver(engine, values)
        except engine.dialect.loaded_dbapi.Error as error:
            wrapped = DBAPIError.instance(
                self.text(engine), None, error, engine.dialect.loaded_dbapi.Error
            )
            raise wrapped from error

    def _asked_of_the_driver(self, engine: Engine, values: dict[str, Any]) -> Sequence[Any]:
        connection = engine.raw_connection()
        try:
            cursor = connection.cursor()
            if engine.dialect.name == "postgresql":
                cursor.execute("SELECT set_config(%s, %s, true)", (SCHOOLS, EVERY_SCHOOL))
            cursor.execute(self.text(engine), _given(values))
            return cursor.fetchall()
        finally:
            connection.close()

    def text(self, connection: Connection | Engine) -> str:
        """Return the SQL for the engine of a connection, its values marked by their names."""
        name = connection.dialect.name
        if name not in self._texts:
            # SQLite's own default are nameless question marks.
            dialect = sqlite.dialect(paramstyle="named") if name == "sqlite" else connection.dialect
            self._texts[name] = str(self._build(name).compile(dialect=dialect))  # type: ignore[attr-defined]
        return self._texts[name]


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value) if isinstance(value, list) else value
        for name, value in values.items()
    }


class Insert:
    """Insertion of many rows into a table, each value converted as its column's type asks for."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._statement = Statement(lambda _: insert(table))

    def __call__(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows that name every column of the table."""
        if rows:
            given = [dict(row) for row in rows]
            self._convert(connection.dialect, given)
            connection.exec_driver_sql(self._statement.text(connection), given)

    def _convert(self, dialect: Dialect, rows: list[dict[str, Any]]) -> None:
        for column in self._table.columns:
            processor = column.type.dialect_impl(dialect).bind_processor(dialect)
            if processor is not None:
                convert = cache(processor)  # many scans of a batch came at one instant
                for row in rows:
                    row[column.name] = convert(row[column.name])


def among(column: ColumnElement[Any], name: str, engine: str) -> ColumnElement[bool]:
    """Return the condition that a text column is in the list that is given under a name."""
    if engine == "postgresql":
        return column.in_(select(func.jsonb_array_elements_text(cast(bindparam(name), JSONB))))
    return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))


# --- writing -------------------------------------------------------------------------------


def transact(work: Callable[[Session], T]) -> T:
    """
    Run one use case in one write transaction and commit it; the edges alone call this.

    A serialisation failure or a deadlock on PostgreSQL runs the work again from the start, so
    it must not have effects outside the session.

    Raises:
        Busy: the turn did not come, or the retries were used up.
    """
    lane: WriteLane = current_app.extensions[LANE]
    for attempt in range(TRIES):
        with lane.turn():
            session = db.session()
            session.rollback()
            try:
                session.connection(execution_options={WRITES: True})
                result = work(session)
                session.commit()
            except DBAPIError as error:
                session.rollback()
                if not is_retryable(error):
                    raise
                time.sleep(0.01 * 2**attempt)
            except BaseException:
                session.rollback()
                raise
            else:
                return result
    raise Busy(what="database", reason="busy")


def is_retryable(error: DBAPIError) -> bool:
    """
    Whether the same transaction may well succeed when it is run again at once.

    SQLite's "database is locked" is not: the driver has waited all the patience there is.
    """
    return getattr(error.orig, "sqlstate", None) in RETRYABLE


class _Waiting(Generic[S, R]):
    """One submission that waits for a shared commit."""

    def __init__(self, submission: S, weight: int) -> None:
        self.submission = submission
        self.weight = weight
        # A bare lock, held until there is an answer: an Event costs more than the scan itself.
        self.answered = threading.Lock()
        self.answered.acquire()
        self.must_lead = False
        self.result: R | None = None
        self.error: BaseException | None = None


class SharedCommits(Generic[S, R]):
    """
    Group commit: those who wait are written together, and answered after one COMMIT.

    Whoever finds no leader leads: it takes a turn in the lane, writes what has gathered, and
    hands on to the next that came meanwhile. When a group fails, each is tried alone, so that
    one bad submission harms no other.
    """

    def __init__(
        self, lane: WriteLane, apply: Callable[[Connection, Sequence[S]], Sequence[R]]
    ) -> None:
        self._lane = lane
        self._apply = apply
        self._guard = threading.Lock()
        self._queue: deque[_Waiting[S, R]] = deque()
        self._led = False

    def submit(self, engine: Engine, submission: S, weight: int = 1) -> R:
        """Write the submission durably and return what `apply` made of it."""
        if not self._lane.is_needed:
            return self._write(engine, [submission])[0]
        entry: _Waiting[S, R] = _Waiting(submission, weight)
        if self._join(entry) or self._wait(entry):
            self._lead(engine)
        if entry.error is not None:
            raise entry.error
        assert entry.result is not None
        return entry.result

    def _join(self, entry: _Waiting[S, R]) -> bool:
        """Queue up; True when there is no leader and the caller becomes it."""
        with self._guard:
            self._queue.append(entry)
            if self._led:
                return False
            self._led = True
            return True

    def _wait(self, entry: _Waiting[S, R]) -> bool:
        entry.answered.acquire()
        return entry.must_lead

    def _lead(self, engine: Engine) -> None:
        group: list[_Waiting[S, R]] = []
        try:
            with self._lane.turn():
                group = self._gather()
                self._settle(engine, group)
        except BaseException as error:  # whoever waits is told, whatever it was
            group = group or self._gather()
            for entry in group:
                entry.error = error
        finally:
            self._hand_on()
            for entry in group:
                entry.answered.release()

    def _gather(self) -> list[_Waiting[S, R]]:
        with self._guard:
            group = [self._queue.popleft()]
            weight = group[0].weight
            while self._queue and weight + self._queue[0].weight <= HEAVIEST_GROUP:
                weight += self._queue[0].weight
                group.append(self._queue.popleft())
            return group

    def _hand_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue[0].must_lead = True
                self._queue[0].answered.release()
            else:
                self._led = False

    def _settle(self, engine: Engine, group: list[_Waiting[S, R]]) -> None:
        try:
            results = self._write(engine, [entry.submission for entry in group])
        except Exception:
            if len(group) == 1:
                raise
            for entry in group:
                self._settle_alone(engine, entry)
            return
        for entry, result in zip(group, results, strict=True):
            entry.result = result

    def _settle_alone(self, engine: Engine, entry: _Waiting[S, R]) -> None:
        try:
            entry.result = self._write(engine, [entry.submission])[0]
        except Exception as error:
            entry.error = error

    def _write(self, engine: Engine, submissions: Sequence[S]) -> Sequence[R]:
        for attempt in range(TRIES):
            try:
                with engine.connect().execution_options(**{WRITES: True}) as connection:
                    results = self._apply(connection, submissions)
                    connection.commit()
                    return results
            except DBAPIError as error:
                if not is_retryable(error):
                    raise
                time.sleep(0.01 * 2**attempt)
        raise Busy(what="database", reason="busy")
