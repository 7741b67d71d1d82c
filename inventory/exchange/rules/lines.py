"""Lines are about which rows of a sheet hold data, and which only furnish the page."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import islice

from inventory.exchange.rules.cells import Cell, Kind, Merged, Row, Sheet
from inventory.exchange.rules.columns import SAMPLE, completed
from inventory.exchange.rules.headers import (
    Areas,
    Header,
    columns_named,
    described,
    field_of,
    header_at,
    is_repeated,
)
from inventory.exchange.rules.own import FORM as OWN
from inventory.exchange.rules.own import own_cells, own_header
from inventory.exchange.rules.snipe import snipe_cells, snipe_header
from inventory.exchange.rules.text import folded, trimmed
from inventory.exchange.rules.values import amount_in

_SUMS = re.compile(
    r"(?:本页|本月|本年|累计|全部|分类|本类)?(?:小计|合计|总计|累计|共计)(?:[(:：].*)?"
    r"|以下空白|以下无正文|承前页|过次页|承上页|转下页|sub-?total:?|(?:grand)?total:?",
    re.I,
)
_FOOTER = re.compile(
    r"(?:制表|审核|复核|填表|填报|制单|经办|负责|校长|主管|会计)(?:人|员)?(?:签字|签名|签章)?\s*[:：]"
    r"|制表人|审核人|第\s*\d+\s*页|共\s*\d+\s*页|page\s*\d+",
    re.I,
)
_UNIT_ROW = re.compile(r"(?:编制|填报|使用|学校)?(?:单位|学校)\s*[:：]|金额单位|盖章|公章")
_NUMBERED = re.compile(
    r"(?:[(（]?[一二三四五六七八九十百]+[)）]?|[(（]?\d{1,2}[)）]|\d{1,2}(?=[.．、])|第[一二三四五六七八九十]+类)"
    r"\s*[、.．:：\s]?\s*(?P<name>\D.*)"
)
_EXAMPLE = re.compile(r"(?:示例|样例|例|example)(?:行|row)?", re.I)
_PAGE_TITLE = re.compile(
    r"(?:总账|明细账|分类账|台账|账册|清单|登记表|登记册|一览表|统计表|明细表)$"
)
_LONGEST_CLASS = 20
_WIDE = 3
_NEVER_LENT = frozenset(
    ["serial", "required", "quantity", "unit_price", "amount", "serial_no", "old_number", "epc"]
)
"""
Numbers of a merged cell belong to its rows together; each row given them would count twice, and
what only one thing bears is not all of its rows'.
"""


class _Part(Enum):
    """What a row is for."""

    DATA = 1
    CLASS = 2
    FURNITURE = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One row of data: its cells by field, its class, and what a merged cell above lends it."""

    row: Row
    cells: Mapping[str, Cell]
    lent: Mapping[str, Cell]
    columns: Mapping[str, int]
    equipment_class: str | None

    def cell(self, field: str) -> Cell | None:
        """The cell of a field, None when blank or when there is no such column."""
        return self.cells.get(field)


def first_header(
    sheet: Sheet, chosen: Mapping[str, Mapping[str, str]] | None = None
) -> Header | None:
    """
    The sheet's header: the first whose words name all needed columns, else the likeliest.

    What its words do not tell is learned from the rows below. Before both comes what was `chosen`
    for headers of its fingerprint, or, under no fingerprint, for all.
    """
    areas = Areas(sheet.merged)
    start = list(islice(sheet.rows, _SEARCHED + SAMPLE))
    for row in start[:_FRONT]:
        if other := own_header(row) or snipe_header(row):
            return other
    found = [
        header for window in _windows(start[:_SEARCHED]) if (header := header_at(window, areas))
    ]
    header = next((one for one in found if not one.missing), None)
    if header is None:
        header = max(found, key=lambda one: len(one.columns), default=None)
        if header is None or len(header.columns) < _NAMED:
            header = _by_shape(start, areas) or header
    if header is None:
        return None
    below = [row for row in start if row.number >= header.row + header.lines]
    choices = chosen or {}
    return completed(
        header, below[:SAMPLE], {**choices.get(header.fingerprint, {}), **choices.get("", {})}
    )


_SEARCHED, _FRONT = 200, 10
_NAMED = 3
"""So many columns whose words are known make a header; with fewer it is sought by its shape."""


def _by_shape(rows: Sequence[Row], areas: Areas) -> Header | None:
    """A header of unknown words: the row of texts over the first rows that hold numbers too."""
    first = next((n for n, row in enumerate(rows) if _holds_numbers(row)), None)
    if first is None:
        return None
    data = rows[first]
    above = [row for row in rows[max(first - 4, 0) : first] if _is_of_words(row, len(data.cells))]
    if not above:
        return Header(row=data.number, lines=0, columns={})
    return described([above[-1]], columns_named([above[-1]], areas), areas)


def _holds_numbers(row: Row) -> bool:
    numbers = sum(1 for cell in row.cells.values() if amount_in(cell) is not None)
    return len(row.cells) >= 4 and numbers >= 2


def _is_of_words(row: Row, width: int) -> bool:
    words = [cell for cell in row.cells.values() if cell.kind is Kind.TEXT]
    return len(words) == len(row.cells) and 2 * len(words) >= width


def data_lines(sheet: Sheet, header: Header) -> Iterator[Line]:
    """Yield the rows of data below the header, in order, past all that is only furniture."""
    if header.form:
        yield from _assets(sheet, header)
        return
    columns, skip_until = header.columns, header.row + header.lines
    areas = Areas(sheet.merged)
    merged = _Lender(sheet.merged)
    equipment_class: str | None = None
    for window in _windows(sheet.rows):
        row = window[0]
        if row.number < skip_until:
            continue
        if is_repeated(header, row):
            columns, skip_until = header.columns, row.number + header.lines
            continue
        again = header_at(window, areas) if _may_be_header(row, columns) else None
        if again and not again.missing:
            columns, skip_until = again.columns, row.number + again.lines
            continue
        cells = _by_field(row, columns)
        part = _part(row, cells, columns, areas)
        if part is _Part.CLASS:
            equipment_class = _class_name(row)
        elif part is _Part.DATA:
            yield Line(row, cells, merged.lent(row, columns), columns, equipment_class)


def _assets(sheet: Sheet, header: Header) -> Iterator[Line]:
    """The rows of a system's list, ours or another's: all that are filled, without furniture."""
    cells_of = own_cells if header.form == OWN else snipe_cells
    for row in sheet.rows:
        if row.number >= header.row + header.lines and (cells := cells_of(row, header)):
            yield Line(row, cells, {}, header.columns, None)


def _windows(rows: Iterable[Row]) -> Iterator[Sequence[Row]]:
    """Each row with the few that follow it."""
    window: deque[Row] = deque(maxlen=_AHEAD)
    for row in rows:
        window.append(row)
        if len(window) == _AHEAD:
            yield tuple(window)
    for start in range(1 if len(window) == _AHEAD else 0, len(window)):
        yield tuple(window)[start:]


_AHEAD = 4


def _may_be_header(row: Row, columns: Mapping[str, int]) -> bool:
    cell = row.cells.get(columns["name"])
    found = field_of(cell.text) if cell and cell.kind is Kind.TEXT else None
    return found is not None and found[0] == "name"


def _by_field(row: Row, columns: Mapping[str, int]) -> dict[str, Cell]:
    return {
        field: row.cells[column]
        for field, column in columns.items()
        if column in row.cells and trimmed(row.cells[column].text)
    }


def _part(row: Row, cells: Mapping[str, Cell], columns: Mapping[str, int], areas: Areas) -> _Part:
    told = {field: cell for field, cell in cells.items() if field != "serial"}
    if _is_furniture(row, cells):
        return _Part.FURNITURE
    first = min(row.cells)
    wide = areas.width(row.number, first) >= _WIDE
    alone = row.cells[first].kind is Kind.TEXT and (
        len(row.cells) == 1 or (len(told) <= 1 and wide)
    )
    if alone and (wide or first < columns["name"]):
        return _heading(trimmed(row.cells[first].text))
    if alone and _NUMBERED.fullmatch(trimmed(row.cells[first].text)):
        return _Part.CLASS
    return _Part.DATA if told else _Part.FURNITURE


def _is_furniture(row: Row, cells: Mapping[str, Cell]) -> bool:
    """A sum, a page footer, the line with the school and the currency, or an example."""
    if _EXAMPLE.fullmatch("".join(row.cells[min(row.cells)].text.split())):
        return True
    if "code" not in cells and "unit" not in cells and _says_sum(row, cells):
        return True
    texts = [trimmed(cell.text) for cell in row.cells.values() if cell.kind is Kind.TEXT]
    few = "quantity" not in cells and "code" not in cells
    return few and any(_FOOTER.match(text) or _UNIT_ROW.match(text) for text in texts)


def _says_sum(row: Row, cells: Mapping[str, Cell]) -> bool:
    leading = [row.cells[column] for column in sorted(row.cells)[:2]]
    named = [cells[field] for field in ("serial", "name") if field in cells]
    return any(
        _SUMS.fullmatch("".join(folded(cell.text).split()))
        for cell in (*leading, *named)
        if cell.kind is Kind.TEXT
    )


def _heading(text: str) -> _Part:
    if _PAGE_TITLE.search(text) or "：" in text or ":" in text:
        return _Part.FURNITURE
    short = len(text) <= _LONGEST_CLASS and not any(sign.isdigit() for sign in text)
    return _Part.CLASS if _NUMBERED.fullmatch(text) or short else _Part.FURNITURE


def _class_name(row: Row) -> str:
    text = trimmed(row.cells[min(row.cells)].text)
    match = _NUMBERED.fullmatch(text)
    return trimmed(match["name"]) if match else text


class _Lender:
    """
    The values of merged cells for the rows that they cover, asked row after row downwards.

    Only the leftmost column of a merged cell lends: beside it stand other fields.
    """

    def __init__(self, merged: Sequence[Merged]) -> None:
        self._tall: dict[int, list[Merged]] = {}
        for area in sorted(merged, reverse=True):
            if area.last_row > area.first_row:
                self._tall.setdefault(area.first_column, []).append(area)
        self._anchors: dict[int, Cell | None] = {}

    def lent(self, row: Row, columns: Mapping[str, int]) -> dict[str, Cell]:
        """The cells that this row's blank fields get from above."""
        return {
            field: cell
            for field, column in columns.items()
            if field not in _NEVER_LENT
            and column in self._tall
            and (cell := self._above(row, column))
        }

    def _above(self, row: Row, column: int) -> Cell | None:
        areas = self._tall[column]
        while areas and areas[-1].last_row < row.number:
            areas.pop()
        if not areas or areas[-1].first_row > row.number:
            return None
        if areas[-1].first_row == row.number:
            self._anchors[column] = row.cells.get(column)
        return None if column in row.cells else self._anchors.get(column)
