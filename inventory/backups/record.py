"""This module is about remembering backups: a small file in the data folder, written at once."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

FILE = "backups.json"


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered. Times are ISO 8601 in UTC."""

    deployment: str = ""
    """Names this deployment in the file names of its backups, which only it removes."""
    good_at: str = ""
    good_file: str = ""
    good_elsewhere: bool = False
    """The last good one went to another disk than that of the data."""
    tried_at: str = ""
    failed_at: str = ""
    """Set while the last try is one that failed."""
    failed_code: str = ""
    failed_data: tuple[tuple[str, str], ...] = ()
    migrated_by: str = ""
    """The release that brought the database to its form last."""
    migrated_to: str = ""
    is_demonstration: bool = False

    @property
    def good(self) -> datetime | None:
        return _time(self.good_at)

    @property
    def tried(self) -> datetime | None:
        return _time(self.tried_at)

    @property
    def failed(self) -> datetime | None:
        return _time(self.failed_at)


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def read(data: Path) -> Record:
    """Return what is remembered; nothing when the file is not there or not readable."""
    try:
        values: dict[str, Any] = json.loads((data / FILE).read_text(encoding="utf-8"))
        values["failed_data"] = tuple((str(n), str(v)) for n, v in values.get("failed_data", ()))
        return Record(**values)
    except (OSError, ValueError, TypeError):
        return Record()


def change(data: Path, **values: Any) -> Record:
    """Remember something more; the file is whole before and after, whatever happens."""
    now = read(data)
    changed = replace(now, **{"deployment": now.deployment or secrets.token_hex(4)} | values)
    if changed != now:
        write(data / FILE, json.dumps(asdict(changed), ensure_ascii=False, indent=1).encode())
    return changed


def good(data: Path, at: datetime, file: Path) -> None:
    """Remember a verified backup."""
    elsewhere = file.parent.stat().st_dev != data.stat().st_dev
    change(
        data, good_at=at.isoformat(), good_file=str(file), good_elsewhere=elsewhere,
        tried_at=at.isoformat(), failed_at="", failed_code="", failed_data=(),
    )  # fmt: skip


def bad(data: Path, at: datetime, code: str, about: dict[str, object]) -> None:
    """Remember that a backup failed, and why."""
    told = tuple((name, str(value)) for name, value in about.items())
    change(
        data, tried_at=at.isoformat(), failed_at=at.isoformat(), failed_code=code, failed_data=told
    )


def write(path: Path, content: bytes) -> None:
    """Put a file in place whole: beside it first, synced, then renamed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, where its file system knows how."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)
