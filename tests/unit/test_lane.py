"""The write lane: fair, shared by processes, and commits that many wait for."""

import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from inventory.db import (
    FairLock,
    SharedCommits,
    WriteLane,
    make_engine,
    only_server,
)
from inventory.errors import Busy, SecondServer


def test_a_fair_lock_is_given_in_the_order_of_asking():
    lock, order = FairLock(), []
    lock.acquire(1)

    def wait(name: int, asked: threading.Event) -> None:
        asked.set()
        lock.acquire(10)
        order.append(name)
        lock.release()

    threads = []
    for name in range(6):
        asked = threading.Event()
        thread = threading.Thread(target=wait, args=(name, asked))
        thread.start()
        asked.wait()
        while len(lock._waiting) <= name:
            pass
        threads.append(thread)
    lock.release()
    for thread in threads:
        thread.join()

    assert order == list(range(6))


def test_who_gives_up_waiting_does_not_block_the_next():
    lock = FairLock()
    lock.acquire(1)

    assert lock.acquire(0.01) is False
    lock.release()
    assert lock.acquire(0.01) is True


def test_another_process_waits_at_the_file(tmp_path):
    lane = WriteLane(tmp_path / "t.db")
    program = (
        "import sys, time; from pathlib import Path; from inventory.db import WriteLane\n"
        f"with WriteLane(Path({str(tmp_path / 't.db')!r})).turn(): print('in', flush=True)\n"
    )
    with lane.turn():
        other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=2.5)
    assert other.communicate(timeout=20)[0] == b"in\n"


def test_a_second_server_is_refused_and_told_who_runs(sqlite_config):
    with (
        only_server(sqlite_config),
        pytest.raises(SecondServer) as refused,
        only_server(sqlite_config),
    ):
        pass
    assert refused.value.data["pid"].isdigit()


@pytest.fixture
def table(sqlite_config):
    engine = make_engine(sqlite_config)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE note (n INTEGER PRIMARY KEY)"))
    yield engine
    engine.dispose()


def insert(connection, submissions):
    for n in submissions:
        connection.execute(text("INSERT INTO note VALUES (:n)"), {"n": n})
    return list(submissions)


def notes(engine):
    with engine.connect() as connection:
        return [row[0] for row in connection.execute(text("SELECT n FROM note ORDER BY n"))]


def test_many_submissions_share_commits_and_each_gets_its_answer(table, sqlite_config):
    commits = []
    lane = WriteLane(sqlite_config.database_file)

    def apply(connection, submissions):
        commits.append(len(submissions))
        return insert(connection, submissions)

    shared = SharedCommits(lane, apply)
    answers: dict[int, int] = {}
    threads = [
        threading.Thread(target=lambda n=n: answers.update({n: shared.submit(table, n)}))
        for n in range(40)
    ]
    with lane.turn():  # let them gather
        for thread in threads:
            thread.start()
        while len(shared._queue) < 40:
            pass
    for thread in threads:
        thread.join()

    assert answers == {n: n for n in range(40)}
    assert notes(table) == list(range(40))
    assert len(commits) < 10


def test_one_bad_submission_harms_no_other(table, sqlite_config):
    lane = WriteLane(sqlite_config.database_file)
    shared = SharedCommits(lane, insert)
    outcomes: dict[str, object] = {}

    def submit(name: str, n: int) -> None:
        try:
            outcomes[name] = shared.submit(table, n)
        except Exception as error:
            outcomes[name] = type(error).__name__

    threads = [
        threading.Thread(target=submit, args=(name, n))
        for name, n in (("good", 1), ("twin", 1), ("other", 2))
    ]
    with lane.turn():
        for thread in threads:
            thread.start()
        while len(shared._queue) < 3:
            pass
    for thread in threads:
        thread.join()

    assert sorted(str(value) for value in outcomes.values()) == ["1", "2", "IntegrityError"]
    assert notes(table) == [1, 2]


def test_sqlite_is_durable_and_strict(table):
    with table.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_when_the_turn_does_not_come_everybody_who_waits_is_told(table, sqlite_config):
    class Stuck(WriteLane):
        """A lane in which the turn never comes, but whose waiters have gathered by then."""

        @contextmanager
        def turn(self):
            while len(shared._queue) < 3:
                pass
            raise Busy(what="database", reason="busy")
            yield

    shared = SharedCommits(Stuck(sqlite_config.database_file), insert)
    told = []

    def submit(n: int) -> None:
        try:
            shared.submit(table, n)
        except Busy:
            told.append(n)

    threads = [threading.Thread(target=submit, args=(n,), daemon=True) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)

    assert sorted(told) == [0, 1, 2]
