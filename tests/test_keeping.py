"""Keeping it, with real processes: backups under load, another computer, the night, upgrades."""

import gzip
import json
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.backups import record
from inventory.migrations import newest
from tests.postgres import ROLE
from tests.processes import ROOT, environment, running_server, signed_in, tallycard, told
from tests.world import PASSWORD

FIRST_RELEASE = ROOT / "tests/data/release-0.1.0.sql.gz"
pytestmark = pytest.mark.xdist_group("keeping")


@pytest.fixture
def data(world_file, tmp_path):
    """A deployment with the small world in it."""
    folder = tmp_path / "here" / "data"
    folder.mkdir(parents=True)
    shutil.copy(world_file[0], folder / "tallycard.db")
    return folder


def heads(folder: Path) -> list[str]:
    return sorted(told(tallycard(folder, "verify", "--rebuild", "--json"))[0]["heads"])


class Scanning(threading.Thread):
    """Sends scans one after the other and notes how long each took."""

    def __init__(self, address: str, token: str) -> None:
        super().__init__()
        self.address, self.token = address, token
        self.took_s: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.is_set():
            scan = {
                "device": "d", "seq": len(self.took_s), "at": "2026-11-25T00:00:00Z",
                "payload": "20000000194",
            }  # fmt: skip
            request = urllib.request.Request(
                f"{self.address}/api/v1/scans", data=json.dumps(scan).encode(),
                headers={"Authorization": f"Bearer {self.token}"},
            )  # fmt: skip
            begun = time.monotonic()
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert answer.status == 200
            self.took_s.append(time.monotonic() - begun)


def test_backed_up_under_load_here_and_restored_in_another_place(data, tmp_path):
    file, there = tmp_path / "usb" / "b.zip", tmp_path / "there" / "data"
    token = tallycard(data, "token", "add", "technician").split()[-1]
    with running_server(data) as address:
        scanning = Scanning(address, token)
        scanning.start()
        while len(scanning.took_s) < 20:
            time.sleep(0.01)
        made = told(tallycard(data, "backup", str(file), "--json"))[0]
        scanning.ended.set()
        scanning.join()
        metrics = urllib.request.urlopen(f"{address}/metrics", timeout=10).read().decode()
        refused = tallycard(data, "restore", str(file), "--yes", code=3)
    there.parent.mkdir()
    restored = told(tallycard(there, "restore", str(file), "--into", str(there), "--json"))[0]

    assert 20 <= made["counts"]["scan"] <= len(scanning.took_s)
    assert re.search(r"^tallycard_backup_age_seconds \d+\.\d", metrics, re.MULTILINE)
    assert "process" in refused
    assert restored["heads"] == made["heads"]
    assert (restored["schools"], restored["things"]) == (2, 20)
    assert heads(there) == heads(data) == sorted(made["heads"])
    tallycard(there, "restore", str(file), code=3)
    with running_server(there) as address, urllib.request.urlopen(address, timeout=10) as page:
        assert page.status == 200


def test_the_lane_does_not_wait_for_a_backup(data, tmp_path):
    """A backup holds no lock that writers need, however long it takes."""
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        connection.execute("CREATE TABLE filler (n)")
        connection.execute(
            "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 60000) "
            "INSERT INTO filler SELECT randomblob(1000) FROM t"
        )
        connection.commit()
    waited = []
    with subprocess.Popen(
        [sys.executable, "-m", "inventory.commands", "backup", str(tmp_path / "b.zip")],
        env=environment(data), cwd=data.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as backup, closing(
        sqlite3.connect(data / "tallycard.db", isolation_level=None, timeout=30)
    ) as writer:  # fmt: skip
        writer.execute("CREATE TABLE note (n)")
        deadline = time.monotonic() + 60
        while backup.poll() is None:
            if time.monotonic() > deadline:
                backup.kill()
            begun = time.monotonic()
            writer.execute("BEGIN IMMEDIATE")
            waited.append(time.monotonic() - begun)
            writer.execute("INSERT INTO note VALUES (1)")
            writer.execute("COMMIT")
            time.sleep(0.005)
        assert backup.returncode == 0, backup.stderr.read() if backup.stderr else ""

    assert len(waited) > 50, "writers went on while it was made"


def test_the_server_backs_up_by_itself_what_was_missed(data, tmp_path):
    usb = tmp_path / "usb"
    tallycard(data, "backup", "--enable", str(usb))
    record.change(data, good_at=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    with running_server(data):
        deadline = time.monotonic() + 60
        while not record.read(data).good_file and time.monotonic() < deadline:
            time.sleep(0.2)

    [file] = usb.iterdir()
    assert record.read(data).good_file == str(file)


def test_a_lost_disk_is_said_and_remembered(data, tmp_path):
    usb = tmp_path / "usb"
    tallycard(data, "backup", "--enable", str(usb))
    tallycard(data, "backup", "--scheduled")
    shutil.rmtree(usb)

    tallycard(data, "backup", "--scheduled", code=2)

    assert record.read(data).failed_code == "bad_backup_folder"
    assert not usb.exists(), "nothing is written where the disk is missing"


def test_the_empty_mount_point_of_a_lost_disk_is_no_second_place(data, tmp_path):
    """A disk that is not plugged in: its folder is there, empty, on the disk of the data."""
    usb = tmp_path / "usb"
    tallycard(data, "backup", "--enable", str(usb))
    record.change(data, good_file=str(usb / "yesterday.zip"), good_elsewhere=True)

    tallycard(data, "backup", "--scheduled", code=2)

    assert record.read(data).failed_code == "bad_backup_folder"
    assert not list(usb.iterdir())
    tallycard(data, "backup", "--enable", str(usb))
    tallycard(data, "backup", "--scheduled")
    assert not record.read(data).good_elsewhere


def test_without_a_second_place_the_schedule_says_so(data):
    assert "--enable" in tallycard(data, "backup", "--scheduled", code=2)


# --- upgrades ------------------------------------------------------------------------------


@pytest.fixture
def first_release(tmp_path):
    """A deployment as release 0.1.0 left it: migration 0001, two schools, scans, a count."""
    folder = tmp_path / "old" / "data"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(folder / "tallycard.db")) as connection:
        connection.executescript(gzip.decompress(FIRST_RELEASE.read_bytes()).decode())
    return folder


def test_the_first_release_is_upgraded_with_its_data_and_a_backup(first_release):
    tallycard(first_release, "db", "upgrade")

    backups = list((first_release / "backups").glob("*.zip"))
    assert len(backups) == (1 if newest() != "0001" else 0)
    report = told(tallycard(first_release, "verify", "--rebuild", "--json"))[0]
    assert report["agrees"]
    assert report["events"] == 97
    with running_server(first_release) as address:
        assert signed_in(address, "technician", PASSWORD)


def test_a_migration_that_fails_leaves_everything_and_says_how_to_go_back(data):
    """The tables are there but the database says that no step was taken: the step must fail."""
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()

    said = tallycard(data, "db", "upgrade", code=5)

    [file] = (data / "backups").glob("*.zip")
    assert str(file) in said
    assert "tallycard restore" in said
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        assert connection.execute("SELECT count(*) FROM thing").fetchone() == (20,)
        assert connection.execute("SELECT count(*) FROM alembic_version").fetchone() == (0,)


def test_what_cannot_be_backed_up_is_not_migrated(data):
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()
    (data / "backups").write_text("a file where the folder should be")

    assert "--without-backup" in tallycard(data, "db", "upgrade", code=5)
    assert "The upgrade failed" in tallycard(data, "db", "upgrade", "--without-backup", code=5)


def test_a_running_server_keeps_its_form(data):
    """Migrating under a server that knows the old form only would let it misread the new one."""
    with running_server(data):
        with closing(sqlite3.connect(data / "tallycard.db")) as connection:
            connection.execute("DELETE FROM alembic_version")
            connection.commit()
        said = tallycard(data, "db", "upgrade", code=3)

    assert "Another Tallycard server" in said


def test_from_a_database_of_the_future_there_is_a_way_back(data, tmp_path):
    tallycard(data, "backup", str(tmp_path / "b.zip"))
    before = heads(data)
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    restored = told(tallycard(data, "restore", str(tmp_path / "b.zip"), "--yes", "--json"))[0]

    assert heads(data) == before
    assert Path(restored["aside"]).is_file()


@pytest.mark.postgres
def test_postgresql_is_backed_up_and_restored_into_another_database(
    postgres_uri, world_database, tmp_path
):
    from tests.conftest import run_sql, with_database

    run_sql(postgres_uri, f"CREATE DATABASE kept TEMPLATE {world_database[0]} OWNER {ROLE}")
    run_sql(postgres_uri, f"CREATE DATABASE there OWNER {ROLE}")
    here, there = tmp_path / "here" / "data", tmp_path / "there" / "data"
    for folder in (here, there):
        folder.mkdir(parents=True)
    on_kept = {"TALLYCARD_DATABASE": with_database(postgres_uri, "kept")}
    on_there = {"TALLYCARD_DATABASE": with_database(postgres_uri, "there")}
    try:
        made = told(tallycard(here, "backup", str(tmp_path / "b.zip"), "--json", **on_kept))[0]
        command = ("restore", str(tmp_path / "b.zip"), "--json")
        restored = told(tallycard(there, *command, **on_there))[0]
        report = told(tallycard(there, "verify", "--rebuild", "--json", **on_there))[0]
        tallycard(there, *command, code=3, **on_there)
        with running_server(there, **on_there):
            assert "others use" in tallycard(there, *command, "--yes", code=3, **on_there)
    finally:
        for name in ("kept", "there"):
            run_sql(postgres_uri, f"DROP DATABASE {name} WITH (FORCE)")

    assert restored["heads"] == made["heads"]
    assert sorted(report["heads"]) == sorted(made["heads"])
    assert report["agrees"]
    assert (restored["schools"], restored["things"]) == (2, 20)


def test_a_database_of_the_future_is_refused_by_name(data):
    with closing(sqlite3.connect(data / "tallycard.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    record.change(data, migrated_by="2.7.0", migrated_to="9999")

    for command in (("verify",), ("run",), ("db", "upgrade"), ("backup", "b.zip")):
        said = tallycard(data, *command, code=3)
        assert "9999" in said
        assert "2.7.0" in said
    assert "9999" in tallycard(data, "run", "--demo", code=3)
    wsgi = subprocess.run(
        [sys.executable, "-c", "import wsgi"], env=environment(data), cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert wsgi.returncode != 0
    assert "9999" in wsgi.stderr
