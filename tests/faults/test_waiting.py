"""Locks that others hold, clocks that step back, batches that cross: no harm, no half writes."""

import fcntl
import itertools
import os
import sqlite3
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from inventory.app import create_app
from inventory.db import db
from inventory.scanning.models import Scan
from inventory.scope import OPERATOR, bind
from tests.conftest import Apart, config_for, run_sql, with_database
from tests.faults.checker import AT, Client, Log, faults, get, post, rows_in
from tests.faults.victim import Victim
from tests.postgres import ROLE
from tests.processes import signed_in, tallycard, tallycard_from_nothing
from tests.world import PASSWORD, acting

PATIENCE_S = 1
pytestmark = pytest.mark.xdist_group("faults-waiting")


@contextmanager
def held_by_sqlite(data: Path):
    """Another program of this computer writes to the file and takes its time."""
    with closing(sqlite3.connect(data / "tallycard.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def held_by_lane(data: Path):
    """Another Tallycard command has its turn in the lane and does not end it."""
    with (data / "tallycard.db.lane").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        fcntl.flock(file, fcntl.LOCK_UN)


@pytest.mark.parametrize("held", [held_by_sqlite, held_by_lane])
def test_who_waits_too_long_is_told_and_nothing_is_half_written(data, codes, token, held):
    log = Log()
    with Victim(data, TALLYCARD_PATIENCE_S=str(PATIENCE_S)) as victim:
        client = Client(0, codes, log)
        client.port, client.token = victim.port, token
        client.send(client.scan(1))
        with held(data):
            begun = time.monotonic()
            status, answer = post(
                victim.port, token, {"scans": [client.scan(n) for n in range(2, 12)]}
            )
            took = time.monotonic() - begun
            assert get(victim.port, f"/api/v1/things/{codes[0]}", token)[0] == 200
        kept = len(rows_in(data / "tallycard.db"))
        for n in range(2, 12):
            client.send(client.scan(n))

    assert (status, answer["code"]) == (503, "busy")
    assert PATIENCE_S <= took < PATIENCE_S + 4
    assert kept == 1
    assert faults(log, rows_in(data / "tallycard.db")) == []


def test_control_who_lets_go_in_time_is_waited_for(data, codes, token):
    with Victim(data, TALLYCARD_PATIENCE_S="20") as victim:
        client = Client(0, codes, Log())
        with held_by_lane(data):
            results: list[int] = []
            waiting = threading.Thread(
                target=lambda: results.append(post(victim.port, token, client.scan(1))[0])
            )
            waiting.start()
            time.sleep(PATIENCE_S * 1.5)
            assert results == []
        waiting.join(30)

    assert results == [200]


# --- the clock -----------------------------------------------------------------------------


def faketime() -> Path:
    """The library that moves a program's clock; without it only this test cannot be run."""
    for place in (Path("/usr/lib"), Path("/usr/local/lib")):
        for found in sorted(place.glob("**/faketime/libfaketimeMT.so.1")):
            return found
    pytest.skip("faketime is not installed")


def test_a_clock_that_steps_back_breaks_no_session_token_or_order(data, codes, token, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0d")
    log = Log()
    with Victim(
        data, LD_PRELOAD=str(faketime()), FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    ) as victim:  # fmt: skip
        address = f"http://127.0.0.1:{victim.port}"
        client = Client(0, codes, log)
        client.port, client.token = victim.port, token
        client.send(client.scan(1))
        cookie = signed_in(address, "technician", PASSWORD)
        clock.write_text("-3d")
        client.send(client.scan(2))
        client.send(client.scan(3))
        page = get(victim.port, "/counts", cookie=cookie)[0]
        again = post(victim.port, token, client.scan(1))[1]["results"][0]
        signed_in(address, "technician", PASSWORD)

    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        times = connection.execute("SELECT at, received_at FROM scan ORDER BY seq").fetchall()
    assert times[1][1] < times[0][1], "control: the server's clock did step back"
    assert {at[:19] for at, _ in times} == {AT[:19].replace("T", " ")}, "the device's time is kept"
    assert again["outcome"] == "again"
    assert page == 200, "who had signed in is signed in still"
    assert faults(log, rows_in(data / "tallycard.db")) == []


def test_events_keep_their_order_when_the_clock_steps_back(data, tmp_path):
    clock = {"LD_PRELOAD": str(faketime()), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    for offset in ("+0d", "-2d"):
        tallycard_from_nothing(
            data, "count", "open", "科仪1-01", "--school", "3133990102", "--name", offset,
            FAKETIME=offset, **clock,
        )  # fmt: skip

    tallycard(data, "verify", "--rebuild")
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        events = connection.execute(
            "SELECT at FROM event WHERE chain = '3133990102' ORDER BY seq"
        ).fetchall()
    earlier, later = list(dict.fromkeys(events))[-2:]
    assert later < earlier, "in the order in which they came, not of their times"


# --- batches that cross --------------------------------------------------------------------


@pytest.fixture
def on_postgres(postgres_uri, world_database, tmp_path):
    """An application on a PostgreSQL database of its own, and a token of the technician."""
    name = f"crossing_{os.getpid()}"
    run_sql(postgres_uri, f"CREATE DATABASE {name} TEMPLATE {world_database[0]} OWNER {ROLE}")
    uri = with_database(postgres_uri, name)
    app = create_app(config_for(tmp_path / "data", uri))
    app.test_client_class = Apart
    with app.app_context():
        bind(db.session(), OPERATOR)
        secret = world_database[1].token("technician")
        db.session.rollback()
        yield app, secret, uri.replace("+psycopg", "")
        db.session.remove()
        db.engine.dispose()
    run_sql(postgres_uri, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.postgres
def test_batches_that_cross_on_two_connections_are_kept_once(on_postgres, codes):
    app, secret, _ = on_postgres
    log, statuses = Log(), []
    clients = [Client(number, codes, log) for number in range(2)]

    def send(scans) -> None:
        answer = app.test_client().post(
            "/api/v1/scans", json={"scans": scans}, headers={"Authorization": f"Bearer {secret}"}
        )
        statuses.append(answer.status_code)
        results = answer.get_json()["results"]
        for scan, result in zip(scans, results, strict=True):
            if result["outcome"] != "again":
                log.answered[scan["place"]] = result

    rounds = 12
    for turn in range(rounds):
        numbers = range(turn * 40, turn * 40 + 40)
        batch = [client.scan(n) for n, client in itertools.product(numbers, clients)]
        at_once = [threading.Thread(target=send, args=(scans,)) for scans in (batch, batch[::-1])]
        for thread in at_once:
            thread.start()
        for thread in at_once:
            thread.join(60)

    assert statuses == [200] * 2 * rounds
    acting(OPERATOR)
    rows = [(row.place, row.device, row.seq, row.outcome) for row in db.session.query(Scan).all()]
    assert len(rows) == len({row[0] for row in rows}) == rounds * 80
    assert len(log.answered) == rounds * 80, "each was new to one of the two, and only one"


@pytest.mark.postgres
def test_control_without_an_order_of_locks_they_would_block_each_other(on_postgres):
    uri = on_postgres[2]
    run_sql(uri, "CREATE TABLE crossing (n integer PRIMARY KEY)")
    met = threading.Barrier(2, timeout=20)
    deadlocks = []

    def insert(order) -> None:
        try:
            with psycopg.connect(uri) as connection:
                connection.execute("INSERT INTO crossing VALUES (%s)", (order[0],))
                met.wait()
                connection.execute("INSERT INTO crossing VALUES (%s)", (order[1],))
        except (psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation) as error:
            deadlocks.append(type(error).__name__)

    at_once = [threading.Thread(target=insert, args=(order,)) for order in ((1, 2), (2, 1))]
    for thread in at_once:
        thread.start()
    for thread in at_once:
        thread.join(60)

    assert "DeadlockDetected" in deadlocks


@pytest.mark.postgres
def test_a_read_only_postgresql_refuses_clearly_and_is_still_read(on_postgres, codes):
    """What a standby answers after a failover that nobody told us of."""
    app, secret, uri = on_postgres
    database = uri.partition("?")[0].rsplit("/", 1)[1]
    run_sql(uri, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    db.session.remove()
    db.engine.dispose()
    client, headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
    scan = Client(0, codes, Log()).scan(1)

    refused = client.post("/api/v1/scans", json=scan, headers=headers)
    read = client.get(f"/api/v1/things/{codes[0]}", headers=headers)

    assert (refused.status_code, refused.get_json()["code"]) == (503, "read_only")
    assert read.status_code == 200


@pytest.mark.postgres
def test_connections_that_were_cut_are_made_again(on_postgres, codes):
    """A restart of the database costs one refusal at most, and nothing is written twice."""
    app, secret, uri = on_postgres
    client, headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
    scans = Client(0, codes, Log())
    assert client.post("/api/v1/scans", json=scans.scan(1), headers=headers).status_code == 200
    run_sql(
        with_database(uri, "postgres").replace("+psycopg", ""),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'crossing_%'",
    )

    answer = client.post("/api/v1/scans", json=scans.scan(1), headers=headers)
    if answer.status_code == 503:
        assert answer.get_json()["code"] == "database_gone"
        answer = client.post("/api/v1/scans", json=scans.scan(1), headers=headers)

    assert answer.get_json()["results"][0]["outcome"] == "again"


def test_a_postgresql_that_is_not_there_is_said(tmp_path, codes):
    app = create_app(config_for(tmp_path / "data", "postgresql+psycopg://u@127.0.0.1:1/none"))
    client = app.test_client()

    answer = client.post(
        "/api/v1/scans", json=Client(0, codes, Log()).scan(1),
        headers={"Authorization": "Bearer tc_x"},
    )  # fmt: skip

    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_gone")
    assert client.get("/healthz").status_code == 503
