"""Limits are how much of a stranger's file we are ready to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.exchange.rules.cells import Row
from inventory.exchange.rules.refusals import TooManyColumns, TooManyRows

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, counts in pieces; a district's largest ledger has about 20,000 rows."""

    file_bytes: int = 50 * MEBIBYTE
    unpacked_bytes: int = 256 * MEBIBYTE
    ratio: int = 200
    ratio_counts_from_bytes: int = 16 * MEBIBYTE
    members: int = 2_000
    rows: int = 60_000
    columns: int = 256


class RowBudget:
    """Counts rows with content over all sheets of one file and stops at the limit."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.taken = 0

    def take(self, rows: Iterator[Row]) -> Iterator[Row]:
        """
        Pass on the rows that have content.

        Raises:
            TooManyRows, TooManyColumns: a limit was passed.
        """
        for row in rows:
            if not row.cells:
                continue
            self.taken += 1
            if self.taken > self.limits.rows:
                raise TooManyRows(limit=self.limits.rows)
            self.check_column(max(row.cells))
            yield row

    def check_column(self, column: int) -> None:
        """Refuse a column (counted from 1) beyond the limit."""
        if column > self.limits.columns:
            raise TooManyColumns(column=column, limit=self.limits.columns)
