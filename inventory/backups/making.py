"""This module is about making a backup: a copy while the server runs, packed, then examined.

A file gets its name only after it was read again from the disk and found to be what the database
was. So a name that is there is a backup that can be relied on.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from inventory import __version__
from inventory.backups import archive, postgres, store
from inventory.backups.archive import SETTINGS, UPLOADS, Facts, Manifest
from inventory.config import Config, without_settings
from inventory.db import make_engine
from inventory.errors import (
    BackupFailed,
    BackupNotVerified,
    BadBackup,
    DatabaseGone,
    NotOurBackup,
    Refusal,
)
from inventory.journal.rebuild import verify_chains

WORK = "backup-work-"
ABANDONED_S = 24 * 3600
NOT_IN_BACKUPS = ("secret_key", "database")
"""Settings that belong to this computer or are secret; a restored deployment makes its own."""


@dataclass(frozen=True, slots=True)
class Made:
    """A verified backup."""

    path: Path
    manifest: Manifest
    size: int


def make(config: Config, target: Path, at: datetime) -> Made:
    """
    Back the deployment up into a file and verify it.

    Raises:
        BackupFailed: there is no room, no database, or the place does not take it.
        BackupNotVerified: what was written is not what the database holds, and was taken away; or
            the journal's chain is broken, and the copy is kept as `….not-verified`.
        NotOurBackup: something else has that name.
    """
    _refuse_foreign(target)
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        with _work_folder(config.data) as work:
            manifest, broken = _write(config, beside, work, at)
            verify(beside, work)
            if broken:
                raise BackupNotVerified(reason="chain_broken", detail=broken)
        size = beside.stat().st_size
        os.replace(beside, target)
        _sync(target.parent)
    except BackupNotVerified as refusal:
        if refusal.data["reason"] == "chain_broken":  # it is a true copy of what was tampered with
            os.replace(beside, target.with_name(f"{target.name}.not-verified"))
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BackupFailed(what="backup", reason="os", detail=f"{reason}: {target}") from error
    except DBAPIError as error:
        raise DatabaseGone(what="database", reason="gone") from error
    except sqlite3.Error as error:
        raise BackupFailed(what="backup", reason="os", detail=str(error)) from error
    except BadBackup as error:
        data = error.data
        raise BackupNotVerified(reason=data["reason"], detail=data["member"]) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return Made(target, manifest, size)


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    try:
        with archive.opened(target):
            return
    except (BadBackup, OSError) as error:
        raise NotOurBackup(file=str(target)) from error


def _sync(folder: Path) -> None:
    from inventory.backups.record import sync_folder

    sync_folder(folder)


@contextmanager
def _work_folder(data: Path) -> Iterator[Path]:
    """A folder on the disk of the data, for a database on a share has unreliable locks."""
    for old in data.glob(f"{WORK}*"):
        with suppress(OSError):
            if time() - old.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=WORK, dir=data))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(config: Config, path: Path, work: Path, at: datetime) -> tuple[Manifest, str]:
    engine, version, facts, database, broken = _copied(config, work)
    members = {archive.DATABASES[engine]: database, **_settings(config.data, work)}
    members |= {
        UPLOADS + file.relative_to(config.data / "uploads").as_posix(): file
        for file in sorted((config.data / "uploads").rglob("*"))
        if file.is_file() and not file.is_symlink()
    }
    manifest = Manifest(
        release=__version__, at=at.isoformat(), engine=engine, engine_version=version,
        migration=facts.migration, counts=facts.counts, heads=facts.heads,
    )  # fmt: skip
    archive.write(path, manifest, members)
    return manifest, broken


def _copied(config: Config, work: Path) -> tuple[str, str, Facts, Path, str]:
    """Copy the database; what it holds, and where a chain breaks, is asked of that very state."""
    if config.database_file is not None:
        if not config.database_file.exists():
            raise BackupFailed(what="backup", reason="no_database", detail=config.database_file)
        target = work / "copy.sqlite"
        store.copy(config.database_file, target)
        with store.reading(target) as connection:
            facts = store.facts(connection)
            broken = _break_in(connection) if facts.heads else ""
            return "sqlite", sqlite3.sqlite_version, facts, target, broken
    target = work / "copy.dump"
    engine = make_engine(config)
    try:
        with store.snapshot(engine) as (connection, name):
            version = server_version(connection)
            facts = store.facts(connection)
            postgres.dump(config.database, version, name, target)
            broken = _break_in(connection) if facts.heads else ""
    finally:
        engine.dispose()
    return "postgresql", str(version), facts, target, broken


def server_version(connection: Connection) -> int:
    """Return the major version of a PostgreSQL server."""
    info = connection.dialect.server_version_info
    return int(info[0]) if info else 0


def _break_in(connection: Connection) -> str:
    """Where the first chain breaks; empty when all are whole."""
    broken = verify_chains(connection, None).broken
    return f"{broken[0].chain}:{broken[0].seq} {broken[0].reason}" if broken else ""


def _settings(data: Path, work: Path) -> dict[str, Path]:
    """The settings file, without what is secret or belongs to this computer."""
    source = data / SETTINGS
    if not source.is_file():
        return {}
    kept = work / SETTINGS
    text = source.read_text(encoding="utf-8")
    kept.write_text(without_settings(text, NOT_IN_BACKUPS), encoding="utf-8")
    return {SETTINGS: kept}


def verify(path: Path, work: Path) -> Manifest:
    """
    Open a backup again and find out whether it is whole and holds what it says.

    Raises:
        BadBackup, BackupNotVerified: it does not, with what differs.
    """
    with archive.opened(path) as pack:
        pack.check()
        database = work / f"again-{pack.manifest.database}"
        pack.unpack(pack.manifest.database, database)
        try:
            examine(database, pack.manifest)
        finally:
            database.unlink()
        return pack.manifest


def examine(database: Path, manifest: Manifest) -> None:
    """
    Compare an unpacked database with what the manifest says about it.

    Raises:
        BackupNotVerified: it is damaged, differs, or its chains are broken.
    """
    if manifest.engine == "postgresql":
        counts, heads = postgres.counts_in(database, int(manifest.engine_version))
        counts.pop(store.VERSIONS, None)
        _compare(manifest.facts, Facts(manifest.migration, counts, heads))
        return
    faults = store.faults_of(database)
    if faults:
        raise BackupNotVerified(reason="damaged", detail="; ".join(faults)[:300])
    with store.reading(database) as connection:
        _compare(manifest.facts, store.facts(connection))
        broken = _break_in(connection) if manifest.heads else ""
    if broken:
        raise BackupNotVerified(reason="chain_broken", detail=broken)


def _compare(said: Facts, found: Facts) -> None:
    if said.migration != found.migration:
        raise BackupNotVerified(reason="differs", detail="migration")
    if sorted(said.heads) != sorted(found.heads):
        raise BackupNotVerified(reason="differs", detail="heads")
    for name in sorted(said.counts.keys() | found.counts.keys()):
        if said.counts.get(name) != found.counts.get(name):
            raise BackupNotVerified(reason="differs", detail=name)


def remembered(config: Config, target: Path, at: datetime) -> Made:
    """
    Make a backup and remember how it went, for the home page.

    One beside the data is remembered as no backup: it is lost with the disk.
    """
    from inventory.backups import record

    counts = not target.resolve().is_relative_to(config.data)
    try:
        made = make(config, target, at)
    except Refusal as refusal:
        with suppress(OSError):
            record.bad(config.data, at, refusal.code, refusal.data)
        raise
    with suppress(OSError):
        if counts:
            record.good(config.data, at, target)
    return made
