"""
Compound files (OLE2), the container of old Office documents: just enough to find one stream.

Layout from [MS-CFB]: a 512-byte header, chains of sectors in a file allocation table, a directory
of 128-byte entries, and small streams packed into 64-byte sectors of the root entry's stream.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_LAST_REGULAR = 0xFFFFFFFA
_ENTRY_BYTES = 128
_SMALL_SECTOR = 64
_ROOT, _STREAM = 5, 2


class BrokenChain(ValueError):
    """A sector points outside the file or back into its own chain."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stream or the root: where it starts and its length in bytes."""

    name: str
    kind: int
    start: int
    size: int


class CompoundFile:
    """
    The streams of a compound file by name.

    Raises:
        BrokenChain, struct.error: the container is damaged.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, self._small_shift = struct.unpack_from("<HH", content, 30)
        if shift not in (9, 12):
            raise BrokenChain(shift)
        self._sector = 1 << shift
        first_directory, self._small_limit, first_small = struct.unpack_from("<I4xII", content, 48)
        self._next = self._allocation()
        self._small_next = _numbers(self._chain(first_small))
        self.entries = _entries(self._chain(first_directory))

    def names(self) -> set[str]:
        """The names of all streams."""
        return {entry.name for entry in self.entries}

    def stream(self, name: str) -> bytes | None:
        """The bytes of a stream, None when there is none of that name."""
        entry = next((e for e in self.entries if e.name == name and e.kind == _STREAM), None)
        if entry is None:
            return None
        read = self._small_chain if entry.size < self._small_limit else self._chain
        return read(entry.start)[: entry.size]

    def _allocation(self) -> tuple[int, ...]:
        sectors = list(struct.unpack_from("<109I", self._content, 76))
        extra = struct.unpack_from("<I", self._content, 68)[0]
        seen: set[int] = set()
        while extra < _LAST_REGULAR:
            if extra in seen:
                raise BrokenChain(extra)
            seen.add(extra)
            *more, extra = _numbers(self._at(extra))
            sectors += more
        return _numbers(b"".join(self._at(sector) for sector in sectors if sector < _LAST_REGULAR))

    def _at(self, sector: int) -> bytes:
        start = (sector + 1) * self._sector
        if start >= len(self._content):
            raise BrokenChain(sector)
        return self._content[start : start + self._sector].ljust(self._sector, b"\0")

    def _chain(self, start: int) -> bytes:
        return b"".join(self._at(sector) for sector in _walk(start, self._next))

    def _small_chain(self, start: int) -> bytes:
        root = next((e for e in self.entries if e.kind == _ROOT), None)
        packed = self._chain(root.start) if root else b""
        places = (n * _SMALL_SECTOR for n in _walk(start, self._small_next))
        return b"".join(packed[place : place + _SMALL_SECTOR] for place in places)


def _walk(start: int, following: tuple[int, ...]) -> list[int]:
    chain: list[int] = []
    while start < _LAST_REGULAR:
        if start >= len(following) or len(chain) > len(following):
            raise BrokenChain(start)
        chain.append(start)
        start = following[start]
    return chain


def _numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 4}I", content[: len(content) // 4 * 4])


def _entries(directory: bytes) -> tuple[Entry, ...]:
    return tuple(
        _entry(directory[at : at + _ENTRY_BYTES]) for at in range(0, len(directory), _ENTRY_BYTES)
    )


def _entry(record: bytes) -> Entry:
    length = min(struct.unpack_from("<H", record, 64)[0], 64)
    name = record[: max(length - 2, 0)].decode("utf-16-le", "replace")
    start, size = struct.unpack_from("<II", record, 116)
    return Entry(name, record[66], start, size)
