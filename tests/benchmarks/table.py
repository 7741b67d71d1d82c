"""What a benchmark says: rows of ours beside a named reference, and how they are printed."""

import os
import platform
import sqlite3
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

HEAD = ("what", "unit", "ours", "reference", "ratio", "CPU ms ours", "CPU ms ref.", "CPU ratio",
        "the reference is", "note")  # fmt: skip
NUMERIC = range(2, 8)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One figure of ours beside the same figure of a reference measured in the same run.

    `ours` and `reference` are wall time or follow from it; the CPU figures are milliseconds of
    processor time for one scan, label, image or row, which a busy machine disturbs much less.
    """

    what: str
    unit: str
    ours: float
    reference: float | None = None
    named: str = ""
    cpu_ours_ms: float | None = None
    cpu_reference_ms: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.reference if self.reference else None

    @property
    def cpu_ratio(self) -> float | None:
        if self.cpu_ours_ms is None or not self.cpu_reference_ms:
            return None
        return self.cpu_ours_ms / self.cpu_reference_ms

    def cells(self) -> tuple[str, ...]:
        """Return the row as it is printed."""
        return (
            self.what, self.unit, number(self.ours), number(self.reference),
            number(self.ratio), number(self.cpu_ours_ms), number(self.cpu_reference_ms),
            number(self.cpu_ratio), self.named, self.note,
        )  # fmt: skip


def number(value: float | None) -> str:
    """Write a figure with three digits that count, and no more."""
    if value is None:
        return "—"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def printed(rows: Sequence[Row]) -> str:
    """Return the rows as a Markdown table whose columns stand under each other."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(_width(line[n]) for line in lines) for n in range(len(HEAD))]
    ruled = ["-" * (w - 1) + ":" if n in NUMERIC else "-" * w for n, w in enumerate(widths)]
    return "\n".join(
        "| " + " | ".join(_padded(cell, n, widths[n]) for n, cell in enumerate(line)) + " |"
        for line in (lines[0], ruled, *lines[1:])
    )


def _padded(cell: str, column: int, width: int) -> str:
    space = " " * (width - _width(cell))
    return space + cell if column in NUMERIC else cell + space


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def conditions() -> dict[str, str]:
    """Return where and on what the figures were measured."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    packages = ("flask", "sqlalchemy", "granian", "zxing-cpp", "pyzbar", "qrcode", "reportlab")
    return {
        "cores": str(os.cpu_count()),
        "load average": load,
        "machine": f"{platform.machine()}, {platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "engine": f"SQLite {sqlite3.sqlite_version}, WAL, synchronous=FULL",
        "packages": ", ".join(f"{name} {version(name)}" for name in packages),
    }
