"""Making, examining and restoring a backup, on both engines."""

import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.app import create_app
from inventory.backups import archive, making, place, postgres, record, restoring, store
from inventory.commands.database import run_migrations
from inventory.config import load, without_settings, write_settings
from inventory.db import db, make_engine, only_server
from inventory.errors import (
    BackupFailed,
    BackupNotVerified,
    BadBackupFolder,
    InUse,
    NewerBackup,
    NotOurBackup,
    OtherEngine,
    SecondServer,
    ToolMissing,
    UnsafeSetting,
    WouldOverwrite,
)
from tests.conftest import config_for, run_sql, with_database
from tests.postgres import ROLE

AT = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)


def held(config):
    """What the database of a deployment holds."""
    engine = make_engine(config)
    with engine.connect() as connection:
        found = store.facts(connection)
    engine.dispose()
    return found


@pytest.fixture
def elsewhere(deployed, request, tmp_path):
    """Settings of another computer: an empty database on the same engine."""
    if deployed[0].is_sqlite:
        yield config_for(tmp_path / "elsewhere")
        return
    server = request.getfixturevalue("postgres_uri")
    name = f"elsewhere_{abs(hash(tmp_path.name)):x}"
    run_sql(server, f"CREATE DATABASE {name} OWNER {ROLE}")
    yield config_for(tmp_path / "elsewhere", with_database(server, name))
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_backup_restored_elsewhere_holds_the_same(deployed, elsewhere, tmp_path):
    config = deployed[0]
    (config.data / "uploads/2026").mkdir(parents=True)
    (config.data / "uploads/2026/照片.png").write_bytes(b"png")
    (config.data / "tallycard.toml").write_text(
        'language = "en"\nsecret_key = "' + "k" * 40 + '"\nbackup_to = "/media/usb"\n'
    )
    (config.data / "secret.key").write_text("s" * 64)

    made = making.make(config, tmp_path / "b.zip", AT)
    done = restoring.restore(elsewhere, made.path, AT, overwrite=False)

    assert held(elsewhere) == held(config) == made.manifest.facts
    assert made.manifest.counts["thing"] == 20
    assert len(made.manifest.heads) == 3
    assert (done.settings, done.uploads) == (True, 1)
    assert (elsewhere.data / "uploads/2026/照片.png").read_bytes() == b"png"
    assert (elsewhere.data / "tallycard.toml").read_text() == 'language = "en"\n'
    assert not (elsewhere.data / "secret.key").exists()
    assert b"k" * 40 not in made.path.read_bytes()
    assert [one.name for one in config.data.glob(f"{making.WORK}*")] == []
    assert sorted(one.name for one in tmp_path.glob(".*")) == []


def test_data_is_put_aside_only_when_somebody_says_so(deployed, tmp_path):
    config = deployed[0]
    made = making.make(config, tmp_path / "b.zip", AT)
    before = held(config)

    with pytest.raises(WouldOverwrite):
        restoring.restore(config, made.path, AT, overwrite=False)
    assert held(config) == before
    done = restoring.restore(config, made.path, AT, overwrite=True)

    assert held(config) == before
    if config.is_sqlite:
        with store.reading(Path(done.aside)) as connection:
            assert store.facts(connection) == before
    else:
        assert done.aside.startswith(postgres.ASIDE)
        again = making.make(config, tmp_path / "again.zip", AT)
        assert again.manifest.facts == before, "what was put aside is not backed up again"


def test_what_does_not_hold_what_it_says_gets_no_name(deployed, tmp_path):
    """The checker sees a lost row: a manifest that claims one more is refused."""
    config = deployed[0]
    made = making.make(config, tmp_path / "b.zip", AT)
    with zipfile.ZipFile(made.path) as pack:
        about = json.loads(pack.read("manifest.json"))
        database = tmp_path / about["engine"]
        database.write_bytes(pack.read(archive.DATABASES[about["engine"]]))
    for change in ("thing", "event", "scan"):
        claimed = archive.Manifest(**about)
        claimed.counts[change] += 1
        with pytest.raises(BackupNotVerified) as refused:
            making.examine(database, claimed)
        assert refused.value.data["detail"] == change
        claimed.counts[change] -= 1
    claimed.heads[0] = claimed.heads[0][:-1] + ("0" if claimed.heads[0][-1] != "0" else "1")
    with pytest.raises(BackupNotVerified) as refused:
        making.examine(database, claimed)
    assert refused.value.data["detail"] == "heads"


@pytest.mark.postgres
def test_a_database_in_use_and_a_tool_that_is_too_old_are_refused(
    postgres_uri, world_database, tmp_path
):
    run_sql(postgres_uri, f"CREATE DATABASE in_use TEMPLATE {world_database[0]} OWNER {ROLE}")
    config = config_for(tmp_path / "data", with_database(postgres_uri, "in_use"))
    made = making.make(config, tmp_path / "b.zip", AT)
    engine = make_engine(config)
    with engine.connect() as connection:
        store.revision(connection)
        with pytest.raises(InUse):
            restoring.restore(config, made.path, AT, overwrite=True)
    engine.dispose()
    run_sql(postgres_uri, "DROP DATABASE in_use WITH (FORCE)")

    with pytest.raises(ToolMissing):
        postgres.tool("pg_dump", 99)
    with pytest.raises(ToolMissing):
        postgres.tool("pg_dump_that_is_not_there", 1)


def test_a_dump_that_fails_half_way_leaves_what_was_there(deployed, tmp_path):
    config = deployed[0]
    if config.is_sqlite:
        pytest.skip("a file is moved in whole")
    made = making.make(config, tmp_path / "b.zip", AT)
    broken = tmp_path / "broken.dump"
    with archive.opened(made.path) as pack:
        pack.unpack("database.dump", broken)
    broken.write_bytes(broken.read_bytes()[:-2000])
    before = held(config)

    with pytest.raises(BackupFailed):
        restoring._put_dump(config, broken, "x", True)

    assert held(config) == before


# --- SQLite alone --------------------------------------------------------------------------


@pytest.fixture
def config(sqlite_config):
    return sqlite_config


def sql(config, statement: str) -> None:
    with closing(sqlite3.connect(config.database_file)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_damaged_database_is_not_backed_up_and_leaves_nothing(config, tmp_path):
    sql(config, "VACUUM")
    content = bytearray(config.database_file.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    config.database_file.write_bytes(content)

    with pytest.raises((BackupNotVerified, BackupFailed)):
        making.remembered(config, tmp_path / "b.zip", AT)

    assert list(tmp_path.glob("*.zip*")) == list(tmp_path.glob(".*")) == []
    assert record.read(config.data).failed == AT


def test_a_rewritten_journal_is_copied_but_not_called_a_backup(config, tmp_path):
    sql(config, "UPDATE event SET data = '{}' WHERE chain = '3133990102' AND seq = 3")

    with pytest.raises(BackupNotVerified) as refused:
        making.make(config, tmp_path / "b.zip", AT)

    assert refused.value.data["reason"] == "chain_broken"
    assert [one.name for one in tmp_path.glob("b.zip*")] == ["b.zip.not-verified"]


def test_a_row_that_refers_to_nothing_is_seen(config, tmp_path):
    sql(config, "UPDATE thing SET kind_id = 'nothing' WHERE rowid = 1")

    with pytest.raises(BackupNotVerified):
        making.make(config, tmp_path / "b.zip", AT)


def test_a_strangers_file_is_not_overwritten_and_a_backup_is(config, tmp_path):
    (tmp_path / "photo.zip").write_bytes(b"a photograph")

    with pytest.raises(NotOurBackup):
        making.make(config, tmp_path / "photo.zip", AT)
    making.make(config, tmp_path / "b.zip", AT)
    making.make(config, tmp_path / "b.zip", AT)

    assert (tmp_path / "photo.zip").read_bytes() == b"a photograph"


def test_a_backup_of_a_newer_release_is_refused_and_says_of_which(config, tmp_path):
    sql(config, "UPDATE alembic_version SET version_num = '9999'")
    made = making.make(config, tmp_path / "b.zip", AT)

    with pytest.raises(NewerBackup) as refused:
        restoring.restore(config_for(tmp_path / "x"), made.path, AT, overwrite=False)

    assert refused.value.data["migration"] == "9999"


def test_the_other_engine_is_refused(config, tmp_path):
    made = making.make(config, tmp_path / "b.zip", AT)
    other = config_for(tmp_path / "x", "postgresql+psycopg://nobody@127.0.0.1:1/none")

    with pytest.raises(OtherEngine):
        restoring.restore(other, made.path, AT, overwrite=False)


def test_a_running_server_is_not_robbed_of_its_database(config, tmp_path):
    made = making.make(config, tmp_path / "b.zip", AT)

    with only_server(config), pytest.raises(SecondServer):
        restoring.restore(config, made.path, AT, overwrite=True)


def test_a_damaged_database_can_be_replaced(config, tmp_path):
    made = making.make(config, tmp_path / "b.zip", AT)
    config.database_file.write_bytes(b"no database at all" * 400)

    with pytest.raises(WouldOverwrite):
        restoring.restore(config, made.path, AT, overwrite=False)
    restoring.restore(config, made.path, AT, overwrite=True)

    assert held(config) == made.manifest.facts


def test_a_place_is_examined_before_it_is_set(config, tmp_path):
    found = place.enable(config, tmp_path / "usb" / "tallycard")

    assert found.is_same_disk
    assert 'backup_to = "' in (config.data / "tallycard.toml").read_text()
    assert load({"TALLYCARD_DATA": str(config.data)}).backup_to == str(tmp_path / "usb/tallycard")
    (tmp_path / "file").write_text("")
    for bad, reason in (
        (Path("relative"), "not_absolute"), (config.data / "backups", "inside_data"),
        (tmp_path / "file" / "x", "os"), (Path("/proc/nothing"), "os"),
    ):  # fmt: skip
        with pytest.raises(BadBackupFolder) as refused:
            place.enable(config, bad)
        assert refused.value.data["reason"] == reason
    assert not list((tmp_path / "usb/tallycard").iterdir())


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="there is no second file system here")
def test_another_file_system_is_recognised(config, tmp_path):
    folder = Path("/dev/shm") / f"tallycard-{tmp_path.name}-{id(config)}"
    try:
        found = place.examine(config, folder)
        assert found.is_same_disk is (folder.stat().st_dev == config.data.stat().st_dev)
        record.good(config.data, AT, folder / "b.zip")
        assert record.read(config.data).good_elsewhere is not found.is_same_disk
    finally:
        shutil.rmtree(folder)


def test_settings_are_set_and_left_out_line_by_line(tmp_path):
    (tmp_path / "tallycard.toml").write_text('# ours\nurl = "http://a"  # here\nlanguage = "en"\n')

    write_settings(tmp_path, {"url": 'http://b/"柜"'})
    write_settings(tmp_path, {"backup_at": "03:00"})

    text = (tmp_path / "tallycard.toml").read_text()
    assert text == '# ours\nurl = "http://b/\\"柜\\""\nlanguage = "en"\nbackup_at = "03:00"\n'
    assert without_settings(text, ("url", "language")) == '# ours\nbackup_at = "03:00"\n'
    with pytest.raises(UnsafeSetting):
        write_settings(tmp_path, {"colour": "red"})
    with pytest.raises(UnsafeSetting):
        load({"TALLYCARD_DATA": str(tmp_path), "TALLYCARD_BACKUP_AT": "25:00"})


def test_an_older_backup_is_brought_up(config, tmp_path):
    """What a backup of the first form becomes after restoring is today's form."""
    made = making.make(config, tmp_path / "b.zip", AT)
    new = config_for(tmp_path / "new")
    restoring.restore(new, made.path, AT, overwrite=False)
    app = create_app(new)
    with app.app_context():
        run_migrations()
        db.session.remove()
        db.engine.dispose()

    assert held(new).heads == made.manifest.heads
    assert record.read(new.data).migrated_to == held(new).migration
