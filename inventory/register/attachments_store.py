"""
This module is about the bytes of photographs and files: each lies once, under its hash.

They are written beside, synced and renamed before the transaction that names them commits, so
that no row ever names bytes that are not there; bytes that no row names do no harm.
"""

import os
from pathlib import Path

THUMBNAIL = ".thumbnail"


def path_of(folder: Path, sha256: str, *, thumbnail: bool = False) -> Path:
    """Return where bytes lie by their hash."""
    return folder / sha256[:2] / (sha256 + (THUMBNAIL if thumbnail else ""))


def keep(folder: Path, sha256: str, content: bytes, thumbnail: bytes = b"") -> None:
    """Write bytes for good, unless they are there; thumbnails beside them."""
    if thumbnail:
        _put(path_of(folder, sha256, thumbnail=True), thumbnail)
    _put(path_of(folder, sha256), content)


def read(folder: Path, sha256: str, *, thumbnail: bool = False) -> bytes | None:
    """Return what lies under a hash; None when it is not there, as after a partial restore."""
    try:
        return path_of(folder, sha256, thumbnail=thumbnail).read_bytes()
    except FileNotFoundError:
        return None


def _put(path: Path, content: bytes) -> None:
    if path.is_file() and path.stat().st_size == len(content):
        return
    for folder in (path.parent.parent, path.parent):
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(folder.parent)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
