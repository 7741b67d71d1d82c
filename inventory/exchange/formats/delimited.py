"""Delimited text (csv) to one sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from inventory.exchange.limits import RowBudget
from inventory.exchange.rules.cells import Cell, Row, Sheet, text_cell
from inventory.exchange.rules.refusals import Damaged

_DELIMITERS = ",\t;"


def read(text: str, budget: RowBudget) -> tuple[Sheet, ...]:
    """
    Read csv records; a quoted line break does not start a new row.

    Raises:
        Damaged: a field is longer than any spreadsheet's cell.
    """
    try:
        rows = tuple(budget.take(_rows(text, budget)))
    except csv.Error:
        raise Damaged(reason="csv") from None
    return (Sheet("", rows, typed=False),)


def _rows(text: str, budget: RowBudget) -> Iterator[Row]:
    records = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    for number, fields in enumerate(records, start=1):
        yield Row(number, _cells(fields))


def _cells(fields: list[str]) -> dict[int, Cell]:
    cells = {column: text_cell(field) for column, field in enumerate(fields, start=1)}
    return {column: cell for column, cell in cells.items() if cell}


def _delimiter(text: str) -> str:
    """The one of comma, tab and semicolon that the first lines have most of."""
    start = "".join(islice(io.StringIO(text), 20))
    return max(_DELIMITERS, key=start.count)
