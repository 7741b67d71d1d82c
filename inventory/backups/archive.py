"""This module is about the file of a backup: a zip whose manifest names every member's hash.

Reading trusts nothing: names, sizes and hashes are checked before a byte reaches its place.
"""

import errno
import hashlib
import json
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from inventory.errors import BadBackup

FORMAT = 1
PRODUCT = "tallycard"
MANIFEST = "manifest.json"
SETTINGS = "tallycard.toml"
UPLOADS = "uploads/"
DATABASES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
MEMBER = re.compile(r"database\.(sqlite|dump)|tallycard\.toml|uploads/[^\0\\]+")
HIGHEST_RATIO = 200
"""How much larger a member may be than what it was packed into; more is a trap, or is not ours."""
LARGEST_MANIFEST = 1_000_000
CHUNK = 1 << 20
FAST = 3
"""Level of compression: three times quicker than the default for a few percent more."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database holds, for comparing a copy with what it is a copy of."""

    migration: str
    counts: dict[str, int]
    heads: list[str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself."""

    release: str
    at: str
    engine: str
    engine_version: str
    migration: str
    counts: dict[str, int]
    heads: list[str]
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    product: str = PRODUCT
    format: int = FORMAT

    @property
    def facts(self) -> Facts:
        return Facts(self.migration, self.counts, self.heads)

    @property
    def database(self) -> str:
        """The name of the member that holds the database."""
        return DATABASES[self.engine]


def write(
    path: Path,
    manifest: Manifest,
    members: Mapping[str, Path],
    stored: frozenset[str] = frozenset(),
) -> None:
    """Pack the members and the manifest, synced to the disk; the manifest learns their hashes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST) as pack:
            for name, source in members.items():
                manifest.members[name] = _add(pack, name, source, name in stored)
            pack.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
            hollow = {one.filename for one in pack.infolist() if _is_absurd(one)}
        file.flush()
        os.fsync(file.fileno())
        # What is verified next shall come from the disk, not from memory.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if hollow:  # packed so well that reading it would refuse it
        write(path, manifest, members, frozenset(hollow))


def _add(pack: zipfile.ZipFile, name: str, source: Path, is_stored: bool) -> dict[str, Any]:
    about = zipfile.ZipInfo.from_file(source, name, strict_timestamps=False)
    about.compress_type = zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, pack.open(about, "w", force_zip64=True) as member:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return {"sha256": digest.hexdigest(), "bytes": size}


def _is_absurd(one: zipfile.ZipInfo) -> bool:
    return one.file_size > max(one.compress_size, 64) * HIGHEST_RATIO


UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError,
    NotImplementedError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip
"""What reading a zip raises when its bytes are not what they were."""
BAD_PATH = {
    errno.ENOENT: "not_there", errno.ENOTDIR: "not_there", errno.EISDIR: "no_zip",
    errno.EINVAL: "no_zip",
}  # fmt: skip
"""EINVAL: an offset in the zip that lies before its beginning."""


class Archive:
    """A backup that is open for reading, its manifest and its list of members checked."""

    def __init__(self, pack: zipfile.ZipFile, name: str) -> None:
        self._pack = pack
        self._name = name
        self.manifest = self._read_manifest()
        self._check_members()

    def bad(self, reason: str, member: str = "") -> BadBackup:
        return BadBackup(file=self._name, reason=reason, member=member)

    def _read_manifest(self) -> Manifest:
        try:
            about = self._pack.getinfo(MANIFEST)
            if about.file_size > LARGEST_MANIFEST:
                raise self.bad("no_manifest")
            values = json.loads(self._pack.read(about))
            if values.get("product") != PRODUCT:
                raise self.bad("no_manifest")
            if values.get("format") != FORMAT:
                raise self.bad("newer_format")
            manifest = Manifest(**values)
            if manifest.engine not in DATABASES or manifest.database not in manifest.members:
                raise self.bad("no_database")
        except (*UNREADABLE, KeyError, TypeError, AttributeError) as error:
            raise self.bad("no_manifest") from error
        return manifest

    def _check_members(self) -> None:
        names = [one.filename for one in self._pack.infolist()]
        wanted = {MANIFEST, *self.manifest.members}
        if len(names) != len(set(names)) or set(names) != wanted:
            raise self.bad("members_differ")
        for one in self._pack.infolist():
            self._check_member(one)

    def _check_member(self, one: zipfile.ZipInfo) -> None:
        name = one.filename
        if name != MANIFEST and (
            not MEMBER.fullmatch(name) or any(part in {"", ".", ".."} for part in name.split("/"))
        ):
            raise self.bad("odd_name", name)
        mode = one.external_attr >> 16
        if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
            raise self.bad("odd_name", name)
        if _is_absurd(one):
            raise self.bad("absurd_size", name)
        if name != MANIFEST and one.file_size != self.manifest.members[name].get("bytes"):
            raise self.bad("hash_differs", name)

    @property
    def size(self) -> int:
        """Bytes of all members unpacked."""
        return sum(one.file_size for one in self._pack.infolist())

    def check(self) -> None:
        """
        Read every member and compare its hash with the manifest.

        Raises:
            BadBackup: one is not what it was, with its name.
        """
        for name in self.manifest.members:
            self._read(name, None)

    def unpack(self, name: str, target: Path) -> None:
        """Write one member to a path of ours, checking its hash on the way."""
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            self._read(name, file)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, name: str, into: IO[bytes] | None) -> None:
        digest, left = hashlib.sha256(), int(self.manifest.members[name]["bytes"])
        try:
            with self._pack.open(name) as member:
                while chunk := member.read(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise self.bad("hash_differs", name)
                    digest.update(chunk)
                    if into is not None:
                        into.write(chunk)
        except UNREADABLE as error:
            raise self.bad("hash_differs", name) from error
        if digest.hexdigest() != self.manifest.members[name]["sha256"]:
            raise self.bad("hash_differs", name)

    @property
    def uploads(self) -> list[str]:
        return [name for name in self.manifest.members if name.startswith(UPLOADS)]


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """
    Open a backup for reading.

    Raises:
        BadBackup: it is none of ours, or is not whole.
    """
    try:
        with zipfile.ZipFile(path) as pack:
            yield Archive(pack, path.name)
    except UNREADABLE as error:
        raise BadBackup(file=path.name, reason="no_zip", member="") from error
    except OSError as error:
        reason = BAD_PATH.get(error.errno or 0)
        if reason is None:
            raise
        raise BadBackup(file=path.name, reason=reason, member="") from error
