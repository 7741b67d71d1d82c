"""Delimited text (csv) to one sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from inventory.exchange.formats.spool import Spool
from inventory.exchange.limits import RowBudget
from inventory.exchange.rules.cells import Cell, Row, Sheet, text_cell
from inventory.exchange.rules.refusals import Damaged

_DELIMITERS = ",\t;"
_LOOKED_AT = 20


def read(text: Iterable[str], budget: RowBudget) -> tuple[Sheet, ...]:
    """
    Read csv records from a text's lines; a quoted line break does not start a new row.

    Raises:
        Damaged: a field is longer than any spreadsheet's cell.
    """
    try:
        rows = Spool(budget.take(_rows(text)))
    except csv.Error:
        raise Damaged(reason="csv") from None
    return (Sheet("", rows, typed=False),)


def _rows(text: Iterable[str]) -> Iterator[Row]:
    lines = iter(text)
    start = list(islice(lines, _LOOKED_AT))
    records = csv.reader(chain(start, lines), delimiter=_delimiter("".join(start)))
    for number, fields in enumerate(records, start=1):
        yield Row(number, _cells(fields))


def _cells(fields: list[str]) -> dict[int, Cell]:
    cells = {column: text_cell(field) for column, field in enumerate(fields, start=1)}
    return {column: cell for column, cell in cells.items() if cell}


def _delimiter(start: str) -> str:
    """The one of comma, tab and semicolon that the first lines have most of."""
    return max(_DELIMITERS, key=start.count)
