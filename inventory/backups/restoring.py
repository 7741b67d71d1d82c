"""This module is about bringing a backup back: checked first, the old one kept aside."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from inventory import __version__, migrations
from inventory.backups import archive, making, postgres, record, store
from inventory.backups.archive import SETTINGS, Archive, Manifest
from inventory.config import Config, without_settings
from inventory.db import WriteLane, make_engine, only_server
from inventory.errors import BackupFailed, InUse, NewerBackup, OtherEngine, WouldOverwrite

HERE_ALONE = (*making.NOT_IN_BACKUPS, "backup_to")
"""Settings that name places of the computer where the backup was made."""
ROOM = 1.2
"""Free space that is asked for, as a multiple of what is unpacked."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back, and where what was there before is now."""

    manifest: Manifest
    aside: str
    settings: bool
    uploads: int


def restore(config: Config, source: Path, at: datetime, *, overwrite: bool) -> Restored:
    """
    Put a backup in the place of the deployment's database.

    Raises:
        BadBackup, BackupNotVerified: it is not what it was.
        NewerBackup, OtherEngine: it does not fit this release or this deployment.
        SecondServer, InUse: somebody uses the database.
        WouldOverwrite: there is data, and nobody said that it may be put aside.
        BackupFailed: there is no room.
    """
    with archive.opened(source) as pack:
        refuse_unfit(pack.manifest, config)
        _refuse_without_room(pack, config.data)
        with only_server(config), _work(config.data) as work:
            pack.check()
            database = work / pack.manifest.database
            pack.unpack(pack.manifest.database, database)
            making.examine(database, pack.manifest)
            stamp = at.strftime("%Y%m%d%H%M%S")
            if config.database_file is not None:
                aside = _put_file(config, config.database_file, database, stamp, overwrite)
            else:
                aside = _put_dump(config, database, stamp, overwrite)
            has_settings = _put_settings(pack, config.data, work)
            uploads = _put_uploads(pack, config.data)
        record.change(config.data, migrated_by=pack.manifest.release,
                      migrated_to=pack.manifest.migration, is_demonstration=False)  # fmt: skip
        return Restored(pack.manifest, aside, has_settings, uploads)


def refuse_unfit(manifest: Manifest, config: Config) -> None:
    """Refuse what this release or this deployment cannot take."""
    if manifest.migration not in migrations.known():
        raise NewerBackup(migration=manifest.migration, release=manifest.release, own=__version__)
    own = "sqlite" if config.is_sqlite else "postgresql"
    if manifest.engine != own:
        raise OtherEngine(engine=manifest.engine, own=own)


def _refuse_without_room(pack: Archive, data: Path) -> None:
    free = shutil.disk_usage(data).free
    if free < pack.size * ROOM:
        detail = f"{pack.size >> 20} MB > {free >> 20} MB ({data})"
        raise BackupFailed(what="backup", reason="no_room", detail=detail)


@contextmanager
def _work(data: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=making.WORK, dir=data))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_file(config: Config, place: Path, database: Path, stamp: str, overwrite: bool) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = ""
    with WriteLane(place).turn():
        if place.exists() and _holds_data(config):
            if not overwrite:
                raise WouldOverwrite
            aside = f"{place.name}.before-restore-{stamp}"
        for suffix in ("", "-wal", "-shm"):
            old = place.with_name(place.name + suffix)
            if old.exists() and aside:
                os.replace(old, place.with_name(aside + suffix))
            else:
                old.unlink(missing_ok=True)
        if database.stat().st_dev == place.parent.stat().st_dev:
            os.replace(database, place)
        else:  # the database stands on another disk than the data folder
            beside = place.with_name(f".{place.name}.{os.getpid()}")
            shutil.copy(database, beside)
            with beside.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(beside, place)
        record.sync_folder(place.parent)
    return str(place.with_name(aside)) if aside else ""


def _holds_data(config: Config) -> bool:
    engine = make_engine(config)
    try:
        with engine.connect() as connection:
            return store.holds_data(connection)
    except DBAPIError:  # damaged, which is why somebody restores
        return True
    finally:
        engine.dispose()


def _put_dump(config: Config, database: Path, stamp: str, overwrite: bool) -> str:
    engine = make_engine(config)
    aside = ""
    try:
        with engine.begin() as connection:
            others = store.others(connection)
            if others:
                raise InUse(what="database", reason="in_use", count=others)
            if store.holds_data(connection) and not overwrite:
                raise WouldOverwrite
            major = making.server_version(connection)
            aside = f"{postgres.ASIDE}{stamp}"
            store.put_aside(connection, aside)
        try:
            postgres.restore(config.database, major, database)
        except BaseException:
            with engine.begin() as connection:
                store.put_back(connection, aside)
            raise
    finally:
        engine.dispose()
    return aside


def _put_settings(pack: Archive, data: Path, work: Path) -> bool:
    """Settings come back where there are none; those that name places elsewhere do not."""
    if SETTINGS not in pack.manifest.members or (data / SETTINGS).exists():
        return False
    came = work / SETTINGS
    pack.unpack(SETTINGS, came)
    text = without_settings(came.read_text(encoding="utf-8"), HERE_ALONE)
    record.write(data / SETTINGS, text.encode())
    return True


def _put_uploads(pack: Archive, data: Path) -> int:
    """Uploads come back beside those that are there; a name that is taken stays as it is."""
    put = 0
    for name in pack.uploads:
        target = data / name
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        pack.unpack(name, target)
        put += 1
    return put
