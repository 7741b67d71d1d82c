"""The spool keeps what it said it keeps, through restarts and sudden death."""

import sqlite3
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner import Counts, Medium, Spool, SpoolUnavailable

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path):
    with Spool(tmp_path / "spool.db") as spool:
        yield spool


def put(spool, *payloads, task=None):
    return [spool.put(payload, Medium.WEDGE, NOON, task) for payload in payloads]


def waiting(spool):
    return [waiting.scan.payload for waiting in spool.pending()]


def test_scans_wait_in_the_order_in_which_they_came(spool):
    scans = put(spool, "柜卡\n\0🙂", "", "b", task="count-7")

    assert [scan.seq for scan in scans] == [1, 2, 3]
    assert [(w.scan, w.task) for w in spool.pending()] == [(scan, "count-7") for scan in scans]
    assert spool.pending(1)[0].as_json() == scans[0].as_json() | {"task": "count-7"}
    assert [w.scan.seq for w in spool.pending(1, after=1)] == [2]


def test_without_a_task_nothing_is_said_of_one(spool):
    put(spool, "a")

    assert "task" not in spool.pending()[0].as_json()


def test_settled_scans_wait_no_longer_and_keep_the_answer(spool):
    put(spool, "a", "b")

    assert spool.settle({1: {"outcome": "seen", "target": "托盘天平"}}) == 1
    assert spool.settle({1: {"outcome": "other"}, 99: {}}) == 0

    assert waiting(spool) == ["b"]
    assert spool.outcome(1) == {"outcome": "seen", "target": "托盘天平"}
    assert spool.outcome(2) is None
    assert spool.counts() == Counts(waiting=1, settled=1)


def test_refused_scans_are_kept_with_the_reason_and_can_be_tried_again(spool):
    put(spool, "a", "b", task="t")

    assert spool.refuse({2: "payload is empty"}) == 1
    [dead] = spool.refused()
    assert (dead.scan.payload, dead.task, dead.reason) == ("b", "t", "payload is empty")
    assert spool.counts() == Counts(waiting=1, refused=1)

    assert spool.retry([1, 2]) == 1
    assert waiting(spool) == ["a", "b"]
    assert spool.refused() == []


def test_what_is_settled_is_not_refused_or_retried_later(spool):
    put(spool, "a")
    spool.settle({1: "seen"})

    assert (spool.refuse({1: "late"}), spool.retry([1])) == (0, 0)
    assert spool.counts() == Counts(settled=1)


def test_only_settled_scans_can_be_forgotten_and_numbers_are_not_used_again(spool):
    put(spool, "a", "b", "c")
    spool.settle({1: "seen", 3: "seen"})

    assert spool.forget_settled(NOON) == 0
    assert spool.forget_settled(NOON + timedelta(seconds=1)) == 2

    assert waiting(spool) == ["b"]
    assert put(spool, "d")[0].seq == 4


def test_one_moment_is_kept_whole_or_not_at_all(spool):
    with pytest.raises(UnicodeEncodeError):
        spool.put_all(["a", "\ud800"], Medium.CAMERA, NOON)

    assert spool.counts() == Counts()
    assert spool.put_all(["a", "b"], Medium.CAMERA, NOON)[1].payload == "b"
    assert spool.put_all([], Medium.CAMERA, NOON) == []


def test_a_time_without_a_zone_is_refused_before_it_is_kept(spool):
    with pytest.raises(ValueError, match="zone"):
        spool.put("a", Medium.CAMERA, NOON.replace(tzinfo=None))

    assert spool.counts() == Counts()


class TestDevice:
    def test_it_is_made_once_and_kept(self, tmp_path):
        with Spool(tmp_path / "a.db") as one, Spool(tmp_path / "b.db") as other:
            devices = one.device, other.device
        with Spool(tmp_path / "a.db") as again:
            assert again.device == devices[0] != devices[1]
        assert all(int(device, 16) and len(device) == 32 for device in devices)

    def test_it_can_be_given_but_not_changed(self, tmp_path):
        with Spool(tmp_path / "a.db", device="store-1") as spool:
            assert put(spool, "a")[0].device == "store-1"
        with Spool(tmp_path / "a.db", device="store-1"):
            pass
        with pytest.raises(SpoolUnavailable, match="store-1"):
            Spool(tmp_path / "a.db", device="store-2")


class TestFile:
    def test_a_foreign_database_is_left_alone(self, tmp_path):
        file = tmp_path / "other.db"
        other = sqlite3.connect(file)
        other.execute("CREATE TABLE theirs (x)")
        other.commit()
        other.close()
        before = file.read_bytes()

        with pytest.raises(SpoolUnavailable, match="something else"):
            Spool(file)

        assert file.read_bytes() == before

    def test_a_file_that_is_no_database_is_left_alone(self, tmp_path):
        file = tmp_path / "notes.txt"
        file.write_bytes(b"my notes, " * 200)

        with pytest.raises(SpoolUnavailable):
            Spool(file)

        assert file.read_bytes() == b"my notes, " * 200

    def test_a_folder_cannot_be_a_spool(self, tmp_path):
        with pytest.raises(SpoolUnavailable):
            Spool(tmp_path)

    def test_folders_on_the_way_are_made(self, tmp_path):
        with Spool(tmp_path / "var" / "spools" / "camera.db") as spool:
            put(spool, "a")

    def test_a_full_disk_is_said_and_what_was_kept_stays(self, spool):
        put(spool, "a")
        pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
        spool._db.execute(f"PRAGMA max_page_count = {pages}")

        with pytest.raises(SpoolUnavailable, match="full"):
            put(spool, "x" * 100_000)

        assert waiting(spool) == ["a"]
        put(spool, "b")
        assert waiting(spool) == ["a", "b"]

    def test_every_commit_reaches_the_disk(self, spool):
        assert spool._db.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert spool._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_threads_and_two_openings_share_one_row_of_numbers(tmp_path):
    file = tmp_path / "spool.db"
    seqs = []

    def work():
        with Spool(file) as own:
            seqs.extend(scan.seq for scan in put(own, *"abcdefghij"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(seqs) == list(range(1, 41))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.text(max_size=5)),
        st.tuples(st.sampled_from(["settle", "refuse", "retry"]), st.integers(1, 8)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=40)
@given(steps)
def test_nothing_is_ever_lost_and_no_number_given_twice(steps):
    """Against a plain list: each scan is in exactly one state, whatever happens in which order."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder) / "spool.db")
        model = []
        for step, value in steps:
            if step == "put":
                model.append([value, "waiting"])
                assert put(spool, value)[0].seq == len(model)
            elif step == "reopen":
                spool.close()
                spool = Spool(Path(folder) / "spool.db")
            else:
                follow(model, step, value)
                told = {"settle": {value: "seen"}, "refuse": {value: "no"}, "retry": [value]}
                getattr(spool, step)(told[step])

        states = [state for _, state in model]
        assert waiting(spool) == [payload for payload, state in model if state == "waiting"]
        assert [dead.scan.payload for dead in spool.refused()] == [
            payload for payload, state in model if state == "refused"
        ]
        assert spool.counts() == Counts(
            *(states.count(state) for state in ("waiting", "settled", "refused"))
        )
        spool.close()


def follow(model, step, seq):
    moves = {
        "settle": ({"waiting", "refused"}, "settled"),
        "refuse": ({"waiting"}, "refused"),
        "retry": ({"refused"}, "waiting"),
    }
    source, target = moves[step]
    if seq <= len(model) and model[seq - 1][1] in source:
        model[seq - 1][1] = target


# Acknowledges each payload on its output when the spool has it…
HONEST = """
import sys
from datetime import datetime, UTC
from scanner import Medium, Spool
spool = Spool(sys.argv[1])
for i in range(100_000):
    scan = spool.put(f"payload {i}", Medium.WEDGE, datetime.now(UTC))
    print(scan.payload, flush=True)
"""
# …and here before: a control, by which we know that the test would see a loss.
HASTY = """
import sys
from datetime import datetime, UTC
from scanner import Medium, Spool
spool = Spool(sys.argv[1])
# More than a pipe holds, so that it is still talking when it is killed.
payloads = [f"payload {i}" for i in range(100_000)]
for payload in payloads:
    print(payload, flush=True)
spool.put_all(payloads, Medium.WEDGE, datetime.now(UTC))
"""


def killed(program, file, after_lines):
    """Run a program, kill it after so many acknowledgements, and give all that it made."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True
    )
    with process:
        lines = [process.stdout.readline() for _ in range(after_lines)]
        process.kill()
        lines += process.stdout.readlines()
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]


def lost(file, acknowledged):
    with Spool(file) as spool:
        kept = {waiting.scan.payload for waiting in spool.pending(1_000_000)}
    return [payload for payload in acknowledged if payload not in kept]


def test_a_killed_program_loses_nothing_that_it_acknowledged(tmp_path):
    acknowledged = killed(HONEST, tmp_path / "spool.db", after_lines=150)

    assert len(acknowledged) >= 150
    assert lost(tmp_path / "spool.db", acknowledged) == []


def test_the_killing_would_show_a_loss(tmp_path):
    acknowledged = killed(HASTY, tmp_path / "spool.db", after_lines=150)

    assert lost(tmp_path / "spool.db", acknowledged)
