"""SIGKILL under load: nothing that was acknowledged is lost, and nothing is there twice."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import pytest

from tests.faults.checker import Client, Log, faults, get, post, rows_in
from tests.faults.conftest import ROUNDS
from tests.faults.cutting_proxy import CuttingProxy
from tests.faults.victim import Victim, is_open
from tests.processes import ROOT, free_port, tallycard

CLIENTS = 4
pytestmark = pytest.mark.xdist_group("faults-killing")


def under_load(codes, log, token="", keyed=True):
    clients = [Client(number, codes, log, keyed=keyed) for number in range(CLIENTS)]
    for client in clients:
        client.token = token
    return clients


def wait_for_more(log: Log, more: int) -> None:
    wanted, deadline = len(log.answered) + more, time.monotonic() + 30
    while len(log.answered) < wanted:
        assert time.monotonic() < deadline, log.refused[-3:]
        time.sleep(0.002)


def end(clients) -> None:
    for client in clients:
        client.ended.set()
    for client in clients:
        client.join(30)


def test_every_acknowledged_scan_survives_every_kill(data, codes, token, tmp_path):
    log, chance = Log(), random.Random(7)
    clients = under_load(codes, log, token)
    try:
        for turn in range(ROUNDS):
            with Victim(data) as victim:
                told_before = dict(log.answered)
                for client in clients:
                    client.port = victim.port
                    if turn == 0:
                        client.start()
                wait_for_more(log, 40)
                _ask_again(victim.port, token, clients, told_before, chance)
                time.sleep(chance.random() / 10)
                victim.kill()
            assert faults(log, rows_in(data / "tallycard.db")) == [], f"after kill {turn + 1}"
    finally:
        end(clients)

    assert len(log.answered) >= 40 * ROUNDS
    assert log.lost_replies > 0, "no request was under way at any kill"
    tallycard(data, "verify", "--rebuild")
    _control_lost_row(data, log, tmp_path)


def _ask_again(port, token, clients, told_before, chance) -> None:
    """What was acknowledged before the kill is answered `again`, with what was said first."""
    names = chance.sample(sorted(told_before), min(20, len(told_before)))
    for name in names:
        _, number, n = name.split("-")
        status, answer = post(port, token, clients[int(number)].scan(int(n)))
        [result] = answer["results"]
        first = told_before[name]
        assert (status, result["outcome"]) == (200, "again")
        assert result["stored"] == first.get("stored", first["outcome"])
        assert result["target"] == first["target"]


def _control_lost_row(data, log, tmp_path) -> None:
    """The checker sees one row that is missing, and one that says something else."""
    copy = tmp_path / "copy.db"
    shutil.copy(data / "tallycard.db", copy)
    name, other = sorted(log.answered)[:2]
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("DELETE FROM scan WHERE place = ?", (name,))
        connection.execute("UPDATE scan SET outcome = 'odd' WHERE place = ?", (other,))
        connection.commit()

    assert len(faults(log, rows_in(copy))) == 2


def test_control_a_server_that_acknowledges_before_it_commits_is_found_out(tmp_path, codes):
    log = Log()
    with stand_in("early", tmp_path) as (server, port):
        clients = under_load(codes, log)
        for client in clients:
            client.port = port
            client.start()
        wait_for_more(log, 60)
        server.kill()
        server.wait(20)
        end(clients)

    assert any("lost" in fault for fault in faults(log, rows_in(tmp_path / "scans.db")))


class stand_in:
    """A server that is broken on purpose."""

    def __init__(self, kind, folder) -> None:
        self.kind, self.folder, self.port = kind, folder, free_port()

    def __enter__(self):
        database = str(self.folder / "scans.db")
        self.server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.stand_in", str(self.port), self.kind, database],
            cwd=ROOT, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                get(self.port, "/")
            except OSError:
                time.sleep(0.02)
            else:
                break
        return self.server, self.port

    def __exit__(self, *_) -> None:
        if self.server.poll() is None:
            self.server.kill()
            self.server.wait(20)


def test_control_what_power_loss_would_take_without_syncing_is_seen(data, codes, token, tmp_path):
    """
    The log cut short is what a disk keeps that was never told to sync: whole, and shorter.

    With synchronous=FULL, which the server sets, no acknowledged commit can be in the part cut off.
    """
    log = Log()
    with Victim(data) as victim:
        client = Client(0, codes, log)
        client.port, client.token = victim.port, token
        for n in range(1, 30):
            client.send(client.scan(n))
        victim.kill()
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(data / "tallycard.db", copy)
    content = (data / "tallycard.db-wal").read_bytes()
    (copy / "tallycard.db-wal").write_bytes(content[: len(content) * 2 // 5])

    assert faults(log, rows_in(data / "tallycard.db")) == []
    assert any("lost" in fault for fault in faults(log, rows_in(copy / "tallycard.db")))


def test_the_worker_ends_with_its_parent(data):
    """Whoever kills the process that systemd knows must not leave another one serving."""
    with Victim(data) as victim:
        try:
            os.kill(victim.process.pid, signal.SIGKILL)
            victim.process.wait(20)
            deadline = time.monotonic() + 20
            while is_open(victim.port):
                assert time.monotonic() < deadline, "the worker goes on alone"
                time.sleep(0.02)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(victim.process.pid, signal.SIGKILL)


# --- a reply that is lost ------------------------------------------------------------------


def test_a_reply_lost_after_the_commit_is_answered_again_and_kept_once(data, codes, token):
    log = Log()
    with Victim(data) as victim:
        proxy = CuttingProxy(victim.port, cuts=3)
        client = Client(0, codes, log)
        client.port, client.token = proxy.port, token
        client.send(client.scan(1))
        proxy.close()

    assert [b'"outcome":"again"' in one for one in proxy.lost] == [False, True, True]
    assert log.lost_replies == 3
    [answer] = log.answered.values()
    assert (answer["outcome"], answer["stored"]) == ("again", "seen")
    assert faults(log, rows_in(data / "tallycard.db")) == []
    assert len(rows_in(data / "tallycard.db")) == 1


def test_control_a_client_without_keys_is_found_out(data, codes, token):
    log = Log()
    with Victim(data) as victim:
        proxy = CuttingProxy(victim.port, cuts=2)
        client = Client(0, codes, log, keyed=False)
        client.port, client.token = proxy.port, token
        client.send(client.scan(1))
        proxy.close()

    assert faults(log, rows_in(data / "tallycard.db")) == ["fault-0-1 is there 3 times"]


def test_control_a_server_without_keys_is_found_out(tmp_path, codes):
    log = Log()
    with stand_in("keyless", tmp_path) as (_, port):
        proxy = CuttingProxy(port, cuts=1)
        client = Client(0, codes, log)
        client.port = proxy.port
        client.send(client.scan(1))
        proxy.close()

    assert faults(log, rows_in(tmp_path / "scans.db")) == ["fault-0-1 is there 2 times"]
