"""This module is about the second place for backups: whether a folder will do, and setting it."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from inventory.backups import record
from inventory.config import Config, write_settings
from inventory.errors import BadBackupFolder

LEAST_FREE = 64 << 20
ROOM = 3
"""Free space that is asked for, as a multiple of the database."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that will do for backups. It may be on the disk whose loss it should outlive."""

    folder: Path
    free: int
    is_same_disk: bool


def examine(config: Config, folder: Path) -> Place:
    """
    Find out whether backups can go to a folder; it is made when it is not there.

    Raises:
        BadBackupFolder: with the reason.
    """
    if not folder.is_absolute():
        raise _bad(folder, "not_absolute")
    if folder.resolve().is_relative_to(config.data.resolve()):
        raise _bad(folder, "inside_data")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / f".tallycard-{os.getpid()}"
        record.write(trial, b"tallycard")
        readable = trial.read_bytes() == b"tallycard"
        trial.unlink()
    except OSError as error:
        raise _bad(folder, "os", error.strerror or "") from error
    if not readable:
        raise _bad(folder, "os")
    free, needed = shutil.disk_usage(folder).free, _needed(config)
    if free < needed:
        raise _bad(folder, "no_room", f"{free >> 20} MB < {needed >> 20} MB")
    return Place(folder, free, is_same_disk(config, folder))


def is_same_disk(config: Config, folder: Path) -> bool:
    """Whether a folder is on the disk of the data."""
    return folder.stat().st_dev == config.data.stat().st_dev


def _bad(folder: Path, reason: str, detail: str = "") -> BadBackupFolder:
    return BadBackupFolder(field="backup_to", folder=str(folder), reason=reason, detail=detail)


def _needed(config: Config) -> int:
    file = config.database_file
    size = file.stat().st_size if file is not None and file.exists() else 0
    return max(LEAST_FREE, ROOM * size)


def enable(config: Config, folder: Path) -> Place:
    """
    Set the second place for nightly backups in the settings file of the deployment.

    Raises:
        BadBackupFolder: the folder will not do.
    """
    place = examine(config, folder)
    write_settings(config.data, {"backup_to": str(folder)})
    record.change(config.data, good_elsewhere=False)  # whoever chose it was told where it is
    return place
