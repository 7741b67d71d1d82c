"""
Binary Excel workbooks (xls, BIFF5 and BIFF8) to sheets.

python-calamine gives the values. It leaves out error values and formulas, unpacks every sheet
into a full rectangle, and stops the process when that does not fit; so the records are walked
first, after [MS-XLS], for errors, links made by formulas, hidden parts and sizes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from python_calamine import CalamineWorkbook

from inventory.exchange.formats.compound import CompoundFile
from inventory.exchange.formats.spool import Spool
from inventory.exchange.limits import RowBudget
from inventory.exchange.rules.cells import Cell, Merged, Row, Sheet, error_cell, typed_cell
from inventory.exchange.rules.refusals import (
    Damaged,
    Encrypted,
    NotASpreadsheet,
    Refusal,
    TooManyRows,
)

_BOF, _EOF, _SHEET, _FILEPASS, _DATE1904, _COLUMN = 0x0809, 0x000A, 0x0085, 0x002F, 0x0022, 0x007D
_FORMULA, _BOOL_OR_ERROR, _MANY_NUMBERS = 0x0006, 0x0205, 0x00BD
_FILLED = frozenset(
    (_FORMULA, _BOOL_OR_ERROR, _MANY_NUMBERS, 0x0203, 0x027E, 0x00FD, 0x0204, 0x00D6)
)
_WORKSHEET = 0
_HYPERLINK_CALL = b"\x67\x01"
_ERRORS = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
           0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A"}  # fmt: skip
_MAX_AREA = 8_000_000
"""Cells of all sheets' rectangles together, some 32 bytes each once unpacked."""


@dataclass(slots=True)
class _Notes:
    """What the records say of one sheet beside its values."""

    hidden: bool = False
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    links: set[tuple[int, int]] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    last_row: int = 0
    last_column: int = 0


def read(content: bytes, budget: RowBudget) -> tuple[tuple[Sheet, ...], bool]:
    """
    Read all worksheets, and whether serial dates count from 1904.

    Raises:
        NotASpreadsheet, Encrypted, Damaged, TooManyRows, TooManyColumns.
    """
    try:
        stream = _workbook_stream(content)
        notes, from_1904 = _walk(stream)
        _check_area(notes, budget)
        return tuple(_sheets(content, notes, budget)), from_1904
    except Refusal:
        raise
    except BaseException as error:  # a panic of the compiled reader is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit | MemoryError):
            raise
        raise Damaged(reason=type(error).__name__) from None


def _workbook_stream(content: bytes) -> bytes:
    container = CompoundFile(content)
    if "EncryptedPackage" in container.names():
        raise Encrypted()
    stream = container.stream("Workbook") or container.stream("Book")
    if not stream:
        found = "doc" if "WordDocument" in container.names() else "compound"
        raise NotASpreadsheet(found=found)
    return stream


def _records(stream: bytes) -> Iterator[tuple[int, int, int]]:
    """Each record's type, the place of its body and the body's length."""
    place = 0
    while place + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, place)
        yield kind, place + 4, length
        place += 4 + length


def _walk(stream: bytes) -> tuple[dict[str, _Notes], bool]:
    begins: dict[int, str] = {}
    notes: dict[str, _Notes] = {}
    current: _Notes | None = None
    from_1904 = False
    for kind, place, length in _records(stream):
        if kind == _FILEPASS:
            raise Encrypted()
        if kind == _SHEET:
            start, flags = struct.unpack_from("<IH", stream, place)
            if flags >> 8 == _WORKSHEET:
                begins[start] = _sheet_name(stream[place + 6 : place + length])
                notes[begins[start]] = _Notes(hidden=bool(flags & 3))
        elif kind == _DATE1904:
            from_1904 = stream[place : place + 2] == b"\x01\x00"
        elif kind == _BOF and place - 4 in begins:
            current = notes[begins[place - 4]]
        elif current is not None:
            _note(current, kind, stream[place : place + length])
    return notes, from_1904


def _sheet_name(body: bytes) -> str:
    length, wide = body[0], body[1]
    return body[2:].decode("utf-16-le" if wide & 1 else "latin-1")[:length]


def _note(notes: _Notes, kind: int, body: bytes) -> None:
    if kind == _COLUMN:
        first, last, _, _, options = struct.unpack_from("<5H", body)
        if options & 1:
            notes.hidden_columns.update(range(first + 1, min(last, 255) + 2))
    if kind not in _FILLED:
        return
    row, column = struct.unpack_from("<HH", body)
    last = struct.unpack_from("<H", body, len(body) - 2)[0] if kind == _MANY_NUMBERS else column
    notes.last_row = max(notes.last_row, row + 1)
    notes.last_column = max(notes.last_column, last + 1)
    if kind == _BOOL_OR_ERROR and body[7]:
        notes.errors[row + 1, column + 1] = _ERRORS.get(body[6], "#N/A")
    elif kind == _FORMULA:
        _note_formula(notes, (row + 1, column + 1), body)


def _note_formula(notes: _Notes, place: tuple[int, int], body: bytes) -> None:
    result = body[6:14]
    if result[6:] == b"\xff\xff" and result[0] == 2:
        notes.errors[place] = _ERRORS.get(result[2], "#N/A")
    length = struct.unpack_from("<H", body, 20)[0]
    tokens = body[22 : 22 + length]
    if tokens.endswith(_HYPERLINK_CALL) and len(tokens) > 3 and tokens[-4] & 0x1F == 2:
        notes.links.add(place)


def _check_area(notes: dict[str, _Notes], budget: RowBudget) -> None:
    for sheet in notes.values():
        budget.check_column(sheet.last_column or 1)
    if sum(sheet.last_row * sheet.last_column for sheet in notes.values()) > _MAX_AREA:
        raise TooManyRows(limit=budget.limits.rows)


def _sheets(content: bytes, notes: dict[str, _Notes], budget: RowBudget) -> Iterator[Sheet]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for name in book.sheet_names:
        if name not in notes:
            continue
        values = book.get_sheet_by_name(name)
        table = values.to_python(skip_empty_area=False)
        yield Sheet(
            name,
            Spool(budget.take(_rows(table, notes[name]))),
            tuple(_merged(corners) for corners in values.merged_cell_ranges or ()),
            frozenset(notes[name].hidden_columns),
            hidden=notes[name].hidden,
        )


def _rows(table: Sequence[Sequence[object]], notes: _Notes) -> Iterator[Row]:
    errors_by_row: dict[int, dict[int, Cell]] = {}
    for (row, column), text in notes.errors.items():
        errors_by_row.setdefault(row, {})[column] = error_cell(text)
    for number in range(1, max(len(table), notes.last_row) + 1):
        values = table[number - 1] if number <= len(table) else ()
        cells = dict(_cells(number, values, notes))
        yield Row(number, cells | errors_by_row.get(number, {}))


def _cells(number: int, values: Sequence[object], notes: _Notes) -> Iterator[tuple[int, Cell]]:
    for column, value in enumerate(values, start=1):
        formula = "=HYPERLINK()" if (number, column) in notes.links else None
        if cell := typed_cell(value, formula):
            yield column, cell


def _merged(corners: tuple[tuple[int, int], tuple[int, int]]) -> Merged:
    (first_row, first_column), (last_row, last_column) = corners
    return Merged(first_row + 1, last_row + 1, first_column + 1, last_column + 1)
