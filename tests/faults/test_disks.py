"""A full disk and a read-only one: clear refusals, nothing lost, and it goes on afterwards."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.apart import namespace
from tests.faults.checker import Client, Log, faults, get, post, rows_in
from tests.faults.victim import Victim
from tests.processes import environment, signed_in, tallycard
from tests.world import PASSWORD

SMALL = "6m"
pytestmark = pytest.mark.xdist_group("faults-disks")


def on_a_small_disk(data: Path) -> tuple[str, ...]:
    """What puts a copy of the data folder on a disk of a few megabytes, seen by one process."""
    script = (
        'set -e; mkdir "$1.full"; cp -a "$1/." "$1.full"; '
        f'mount -t tmpfs -o size={SMALL} none "$1"; cp -a "$1.full/." "$1"; shift; exec "$@"'
    )
    return (*namespace(), "sh", "-c", script, "sh", str(data))


def inside(victim: Victim, path: Path) -> Path:
    """A path as the server sees it, in its own namespace."""
    return Path(f"/proc/{victim.process.pid}/root{path}")


def test_on_a_full_disk_nothing_acknowledged_is_lost_and_it_goes_on(data, codes, token, tmp_path):
    log = Log()
    with Victim(data, before=on_a_small_disk(data)) as victim:
        database = inside(victim, data / "tallycard.db")
        client = Client(0, codes, log)
        client.port, client.token = victim.port, token
        for n in range(1, 20):
            client.send(client.scan(n))
        filler = database.with_name("filler")
        fill(filler)

        refusals = [post(victim.port, token, client.scan(n)) for n in range(100, 180)]
        told = [answer for status, answer in refusals if status != 200]
        assert told, "the disk was not full"
        assert {(one["status"], one["code"]) for one in told} == {(503, "disk_full")}
        assert "full" in told[0]["title"]
        assert get(victim.port, f"/api/v1/things/{codes[0]}", token)[0] == 200

        filler.unlink()
        for n in range(20, 40):
            client.send(client.scan(n))
        for n, (status, answer) in zip(range(100, 180), refusals, strict=True):
            if status == 200:
                log.answered[f"fault-0-{n}"] = answer["results"][0]
        rows = rows_in(copied(database, tmp_path / "copy"))
    assert faults(log, rows) == []
    refused = {f"fault-0-{n}" for n, (status, _) in enumerate(refusals, 100) if status != 200}
    assert not refused & {row.name for row in rows}, "refused, and yet written"


def copied(database: Path, folder: Path) -> Path:
    """
    Copy a database that nobody writes to just now.

    SQLite itself would follow /proc/…/root to the file of the same name in our own namespace.
    """
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(database.with_name(database.name + suffix), folder)
    return folder / database.name


def fill(path: Path) -> None:
    """Write until the disk takes no more, then to the last byte."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (65_536, 4_096, 1):
        try:
            while True:
                os.write(descriptor, b"\0" * size)
        except OSError:
            continue
    os.close(descriptor)


def test_control_with_room_nothing_is_refused(data, codes, token):
    with Victim(data, before=on_a_small_disk(data)) as victim:
        client = Client(0, codes, Log())
        statuses = {post(victim.port, token, client.scan(n))[0] for n in range(100, 180)}

    assert statuses == {200}


def test_a_backup_onto_a_full_disk_leaves_no_file_that_looks_good(data, tmp_path):
    """The second place is a small disk that is full: exit code 5 and nothing left behind."""
    usb = tmp_path / "usb"
    usb.mkdir()
    # 16 KB are less than the file needs.
    script = (
        f'mount -t tmpfs -o size=16k none "{usb}"; '
        f'"{sys.executable}" -m inventory.commands backup "{usb}/b.zip"; code=$?; '
        f'ls -A "{usb}"; exit $code'
    )
    done = subprocess.run(
        [*namespace(), "sh", "-c", script], env=environment(data), cwd=data.parent,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 5, done.stdout + done.stderr
    assert "No space left" in done.stderr
    assert done.stdout.strip() == ""


# --- read-only -----------------------------------------------------------------------------


@contextmanager
def immutable(*paths: Path):
    """Files that the file system itself refuses to change, for root as well."""
    try:
        done = subprocess.run(["chattr", "+i", *map(str, paths)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("chattr is not installed")
    try:
        if done.returncode:
            pytest.skip(f"this file system or user cannot: {done.stderr.decode().strip()}")
        yield
    finally:
        subprocess.run(["chattr", "-i", *map(str, paths)], capture_output=True, check=False)


def test_a_read_only_database_refuses_clearly_and_is_still_read(data, codes, token):
    log = Log()
    database = data / "tallycard.db"
    with Victim(data) as victim:
        client = Client(0, codes, log)
        client.port, client.token = victim.port, token
        for n in range(1, 10):
            client.send(client.scan(n))
        cookie = signed_in(f"http://127.0.0.1:{victim.port}", "technician", PASSWORD)
        with immutable(database, data / "tallycard.db-wal"):
            told = [post(victim.port, token, client.scan(n)) for n in range(100, 103)]
            for path in ("/", "/things", f"/things/{codes[0]}", "/counts"):
                assert get(victim.port, path, cookie=cookie)[0] == 200
        for n in range(100, 103):
            client.send(client.scan(n))

    assert {status for status, _ in told} == {503}
    assert {answer["code"] for _, answer in told} <= {"read_only", "disk_failed"}
    assert all("Nothing was changed" in answer["title"] for _, answer in told)
    assert faults(log, rows_in(database)) == []
    assert {log.answered[f"fault-0-{n}"]["outcome"] for n in range(100, 103)} <= {"seen", "unknown"}


def test_a_server_on_a_read_only_disk_says_so_and_does_not_start(data):
    script = 'set -e; mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'
    done = subprocess.run(
        [*namespace(), "sh", "-c", script, "sh", str(data), sys.executable, "-m",
         "inventory.commands", "run", "--port", "1"],
        env=environment(data), cwd=data.parent, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip

    assert done.returncode == 5, done.stderr
    assert "read-only" in done.stderr
    assert "Traceback" not in done.stderr


def test_control_the_same_disk_when_it_may_be_written_to(data):
    tallycard(data, "verify")
