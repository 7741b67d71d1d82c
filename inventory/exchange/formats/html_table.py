"""
HTML tables (which many old systems export under the name .xls) to one sheet.

The tags are found by one regular expression whose work grows with the length of the text;
a full HTML parser takes quadratic time on hostile input and understands nothing more of a table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from inventory.exchange.formats.spool import Spool
from inventory.exchange.limits import RowBudget
from inventory.exchange.rules.cells import Cell, Merged, Row, Sheet, text_cell

_TAG = re.compile(r"<(/?)([a-zA-Z!?][a-zA-Z0-9]*)([^<>]*)>")
_SPAN = re.compile(r"""\b(row|col)span\s*=\s*["']?\s*(\d{1,6})""", re.I)
_BREAKING_TAGS = frozenset(("br", "p", "div", "li"))
_SILENT_TAGS = frozenset(("script", "style"))
_LAYOUT_AT_EDGE = re.compile(r"^[ \t]*[\r\n]\s*|\s*[\r\n][ \t]*$")
_LAYOUT_INSIDE = re.compile(r"[ \t]*[\r\n]\s*")
_BREAK = "\x00"


def looks_like(text: str) -> bool:
    """Whether a text is a page with a table."""
    start = text[:65_536].lstrip("\ufeff \t\r\n").lower()
    return start.startswith("<") and "<table" in start and "<tr" in start


def read(text: str, budget: RowBudget) -> tuple[Sheet, ...]:
    """Read all tables as one sheet; rows are counted by `<tr>`."""
    grid = _Grid(budget)
    rows = Spool(budget.take(grid.rows(_without_comments(text))))
    return (Sheet("", rows, tuple(grid.merged), typed=False),)


def _without_comments(text: str) -> str:
    """What is shown; a comment that never ends hides the rest."""
    shown, position = [], 0
    while (start := text.find("<!--", position)) >= 0:
        shown.append(text[position:start])
        end = text.find("-->", start)
        if end < 0:
            return "".join(shown)
        position = end + len("-->")
    return "".join((*shown, text[position:]))


@dataclass(slots=True)
class _Open:
    """A cell whose text is still being gathered."""

    row_span: int
    column_span: int
    pieces: list[str] = field(default_factory=list)

    def text(self) -> str:
        joined = _LAYOUT_INSIDE.sub(" ", _LAYOUT_AT_EDGE.sub("", "".join(self.pieces)))
        text = html.unescape(joined).replace("\xa0", " ").replace(_BREAK, "\n")
        return text if text.strip() else ""


class _Grid:
    """Places cells into columns, past those that a row span from above still occupies."""

    def __init__(self, budget: RowBudget) -> None:
        self.budget = budget
        self.merged: list[Merged] = []
        self._occupied: dict[int, int] = {}
        self._number = 0
        self._column = 0
        self._cells: dict[int, Cell] | None = None
        self._open: _Open | None = None
        self._silent = ""
        self._depth = 0

    def rows(self, text: str) -> Iterator[Row]:
        """Walk the tags and yield each row when it ends."""
        position = 0
        for match in _TAG.finditer(text):
            self._say(text[position : match.start()])
            position = match.end()
            yield from self._tag(match[1] == "/", match[2].lower(), match[3])
        self._say(text[position:])
        yield from self._end_row()

    def _say(self, text: str) -> None:
        if self._open and not self._silent:
            self._open.pieces.append(text)

    def _tag(self, closing: bool, name: str, attributes: str) -> Iterator[Row]:
        if name in _SILENT_TAGS:
            self._silent = "" if closing else name
        elif name == "table":
            yield from self._table(closing)
        elif self._depth > 1:
            return
        elif name == "tr":
            yield from self._end_row()
            if not closing:
                self._start_row()
        elif name in ("td", "th"):
            self._end_cell()
            if not closing and self._cells is not None:
                self._open = _Open(*_spans(attributes))
        elif name in _BREAKING_TAGS and self._open and not closing:
            self._break(name)

    def _table(self, closing: bool) -> Iterator[Row]:
        """Only the outermost tables have rows; an inner one is text of its cell."""
        self._depth = max(self._depth + (-1 if closing else 1), 0)
        if self._depth == (0 if closing else 1):
            yield from self._end_row()

    def _break(self, name: str) -> None:
        """A line break; a paragraph at the very start of a cell makes none."""
        if self._open and (name == "br" or self._open.pieces):
            self._open.pieces.append(_BREAK)

    def _start_row(self) -> None:
        self._number += 1
        self._column = 0
        self._cells = {}

    def _end_row(self) -> Iterator[Row]:
        self._end_cell()
        if self._cells is None:
            return
        cells, self._cells = self._cells, None
        self._occupied = {c: left - 1 for c, left in self._occupied.items() if left > 1}
        yield Row(self._number, cells)

    def _end_cell(self) -> None:
        opened, self._open = self._open, None
        if opened is None or self._cells is None:
            return
        first = self._next_free_column()
        last = first + opened.column_span - 1
        self.budget.check_column(last)
        self._column = last
        if cell := text_cell(opened.text()):
            self._cells[first] = cell
        self._span(first, last, opened.row_span)

    def _next_free_column(self) -> int:
        column = self._column + 1
        while self._occupied.get(column):
            column += 1
        return column

    def _span(self, first: int, last: int, rows: int) -> None:
        if rows > 1 or last > first:
            self.merged.append(Merged(self._number, self._number + rows - 1, first, last))
        for column in range(first, last + 1):
            self._occupied[column] = rows


def _spans(attributes: str) -> tuple[int, int]:
    found = {match[1].lower(): int(match[2]) for match in _SPAN.finditer(attributes)}
    return max(found.get("row", 1), 1), max(found.get("col", 1), 1)
