"""
Spools are long rows of values kept outside of memory, so that a large file needs no large computer.

A spool is written once, from an iterable, and read as a sequence as often as needed.
"""

from __future__ import annotations

import pickle
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")

PART = 64
"""Values that are written, and read again, together."""
_IN_MEMORY = 1024 * 1024
"""Bytes up to which a spool never touches the disk."""


class Spool(Sequence[T], Generic[T]):
    """Values in a temporary file that nobody else can open; it goes when the spool goes."""

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        self._ends = array("Q", [0])
        self._length = 0
        weakref.finalize(self, self._file.close)
        remaining = iter(values)
        while part := list(islice(remaining, PART)):
            self._file.write(pickle.dumps(part, protocol=pickle.HIGHEST_PROTOCOL))
            self._ends.append(self._file.tell())
            self._length += len(part)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return self._from(0)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            start, stop, step = at.indices(self._length)
            values = list(islice(self._from(start), max(stop - start, 0)))
            return values[::step] if step > 0 else [self[n] for n in range(start, stop, step)]
        if not -self._length <= at < self._length:
            raise IndexError(at)
        return next(self._from(at % self._length))

    def _from(self, start: int) -> Iterator[T]:
        skipped = start % PART
        for number in range(start // PART, len(self._ends) - 1):
            yield from self._part(number)[skipped:]
            skipped = 0

    def _part(self, number: int) -> list[T]:
        begin, end = self._ends[number], self._ends[number + 1]
        self._file.seek(begin)
        # Only this object writes into its file, so nothing foreign is unpickled.
        part: list[T] = pickle.loads(self._file.read(end - begin))  # noqa: S301
        return part

    def __eq__(self, other: Any) -> bool:
        return (
            isinstance(other, Sequence)
            and len(self) == len(other)
            and all(one == two for one, two in zip(self, other, strict=True))
        )

    __hash__ = None  # type: ignore[assignment]
