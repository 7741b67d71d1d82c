"""The doctor finds what is really broken, tells needed from optional, and says how to mend it."""

import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inventory.backups import record
from inventory.commands.doctor import file_system_of
from tests.faults.apart import namespace
from tests.processes import environment, free_port, running_server, tallycard, told

pytestmark = pytest.mark.xdist_group("doctor")


@pytest.fixture
def data(world_file, tmp_path):
    """A deployment that is well: the small world, and a backup of an hour ago elsewhere."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(world_file[0], folder / "tallycard.db")
    usb = tmp_path / "usb"
    usb.mkdir()
    (folder / "tallycard.toml").write_text(f'backup_to = "{usb}"\n')
    record.good(folder, datetime.now(UTC) - timedelta(hours=1), usb / "b.zip")
    set_sql(folder, "UPDATE event SET at = '2026-11-01 04:00:00.000000' WHERE seq = 1")
    return folder


def set_sql(folder, statement: str) -> None:
    with closing(sqlite3.connect(folder / "tallycard.db")) as connection:
        connection.execute(statement)
        connection.commit()


def findings(folder, code: int = 0, port: int | None = None, **more: str):
    done = subprocess.run(
        [sys.executable, "-m", "inventory.commands", "doctor", "--json", "--port",
         str(port or free_port())],
        env=environment(folder, **more), cwd=folder.parent, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return {one["what"]: one for one in told(done.stdout)}


def ill(found) -> set[str]:
    return {what for what, one in found.items() if one["needed"] and not one["is_well"]}


def test_a_deployment_that_is_well_is_called_well(data):
    found = findings(data)

    assert ill(found) == set()
    assert found["durability"]["detail"] == "journal wal, synchronous 2"
    assert found["labels"]["is_well"]
    assert {"decoder zxing", "cameras", "PC/SC", "printers", "port", "address"} <= set(found)


def damaged(folder) -> str:
    path = folder / "tallycard.db"
    content = bytearray(path.read_bytes())
    content[40_960:81_920] = b"\xa5" * 40_960
    path.write_bytes(content)
    return "integrity"


def no_database(folder) -> str:
    (folder / "tallycard.db").write_bytes(b"this is no database" * 300)
    return "database"


def not_migrated(folder) -> str:
    set_sql(folder, "DELETE FROM alembic_version")
    return "database"


def of_the_future(folder) -> str:
    set_sql(folder, "UPDATE alembic_version SET version_num = '9999'")
    return "database"


def clock_wrong(folder) -> str:
    set_sql(
        folder, "UPDATE event SET at = '2099-01-01 00:00:00.000000' WHERE (chain, seq) IN "
        "(SELECT chain, seq FROM chain_head)"
    )  # fmt: skip
    return "clock"


def open_key(folder) -> str:
    key = folder / "secret.key"
    key.write_text("k" * 64)
    key.chmod(0o644)
    return "secret key"


def old_backup(folder) -> str:
    record.change(folder, good_at=(datetime.now(UTC) - timedelta(days=4)).isoformat())
    return "last backup"


def failed_backup(folder) -> str:
    record.bad(folder, datetime.now(UTC), "backup_failed", {"reason": "os", "detail": "gone"})
    return "backup that failed"


def lost_disk(folder) -> str:
    shutil.rmtree(folder.parent / "usb")
    return "second place"


def bad_setting(folder) -> str:
    (folder / "tallycard.toml").write_text("colour = 1\n")
    return "settings"


def bad_zone(folder) -> str:
    (folder / "tallycard.toml").write_text('time_zone = "Asia/Atlantis"\n')
    return "time zone"


@pytest.mark.parametrize(
    "harm",
    [damaged, no_database, not_migrated, of_the_future, clock_wrong, open_key, old_backup,
     failed_backup, lost_disk, bad_setting, bad_zone],
    ids=lambda harm: harm.__name__,
)  # fmt: skip
def test_what_is_broken_is_found_and_comes_with_a_remedy(data, harm):
    what = harm(data)

    found = findings(data, code=1)

    assert what in ill(found), found
    assert found[what]["mend"]


def test_a_read_only_folder_is_found_by_writing(data):
    (data / "secret.key").write_text("k" * 64)
    (data / "secret.key").chmod(0o600)
    script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
    done = subprocess.run(
        [*namespace(), "sh", "-c", script, "sh", str(data), sys.executable, "-m",
         "inventory.commands", "doctor", "--json", "--port", str(free_port())],
        env=environment(data), cwd=data.parent, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr
    assert "data folder" in ill({one["what"]: one for one in told(done.stdout)})


def test_a_port_that_is_taken_is_said_and_is_no_fault(data):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = findings(data, port=taken.getsockname()[1])

    assert not found["port"]["is_well"]
    assert not found["port"]["needed"]


def test_it_may_be_asked_while_the_server_runs(data):
    with running_server(data):
        assert ill(findings(data)) == set()


def test_it_speaks_to_people(data):
    said = tallycard(data, "doctor")

    assert "✓ integrity: ok" in said
    assert "– " in said


def test_the_kind_of_file_system_is_that_of_the_nearest_mount(tmp_path):
    assert file_system_of(tmp_path) not in {"?", "proc"}
    assert file_system_of(Path("/proc/1")) == "proc"
