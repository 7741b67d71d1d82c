"""Conflicts are about lines that contradict or repeat earlier ones."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from inventory.exchange.rules.dates import agree
from inventory.exchange.rules.faults import Fault, FaultCode, warning
from inventory.exchange.rules.lines import Line
from inventory.exchange.rules.records import Examined, fault_at
from inventory.exchange.rules.text import trimmed


class Repeats:
    """
    The lines of a sheet so far, to notice one that equals another in all but its number.

    What a merged cell lends counts as if it were written in the row.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._school: str | None = None

    def is_of_another(self, line: Line) -> bool:
        """Whether a line of a list with schools in it names another one than the first did."""
        cell = line.cell("school")
        if cell is None:
            return False
        self._school = self._school or trimmed(cell.text)
        return trimmed(cell.text) != self._school

    def is_repeat(self, line: Line) -> bool:
        """Remember a line and say whether it was there before."""
        texts = [
            (field, trimmed(cell.text))
            for field, cell in sorted({**line.lent, **line.cells}.items())
            if field != "serial"
        ]
        key = blake2b(repr(texts).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = key in self._seen
        self._seen.add(key)
        return known


class SheetMemory:
    """Which name and unit the codes of a sheet had first; a code means one kind in a sheet."""

    _CODES = (
        ("name", FaultCode.CODE_NAME_CONFLICT),
        ("unit", FaultCode.UNIT_CONFLICT),
    )

    def __init__(self, sheet: str) -> None:
        self._sheet = sheet
        self._first: dict[tuple[str, str], str] = {}

    def conflicts(self, examined: Examined) -> Iterator[Fault]:
        """Faults of a line against the earlier ones of its sheet."""
        code = examined.value("code")
        for field, fault in self._CODES:
            value = examined.value(field)
            if code and value and self._first.setdefault((code, field), value) != value:
                yield fault_at(examined.line, self._sheet, field, warning(fault, value))


class FileMemory:
    """Which date the voucher numbers of a file had first."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}

    def conflicts(self, examined: Examined, sheet: str) -> Iterator[Fault]:
        """A fault when this line's voucher came earlier with another date."""
        voucher, day = examined.value("voucher"), examined.value("purchase_date")
        if not voucher or not day:
            return
        first = self._first.setdefault(voucher, day)
        if not agree(first, day):
            found = warning(FaultCode.VOUCHER_CONFLICT, voucher)
            yield fault_at(examined.line, sheet, "voucher", found)
        elif len(day) > len(first):
            self._first[voucher] = day
