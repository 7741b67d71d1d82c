"""
Office Open XML (xlsx) to sheets, by openpyxl's parser with defusedxml under it.

One pass over each sheet gives values, formulas, merged ranges and hidden columns; openpyxl's own
ways need two passes or drop one of them. Macros, external links and drawings are never opened,
and no formula is evaluated: what counts is the value that was stored when the file was saved.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from defusedxml.ElementTree import iterparse
from openpyxl import load_workbook
from openpyxl.utils.cell import (
    range_boundaries,
)
from openpyxl.worksheet._reader import (
    COL_TAG,
    FORMULA_TAG,
    MERGE_TAG,
    ROW_TAG,
    WorkSheetParser,
)

from inventory.exchange.formats.spool import Spool
from inventory.exchange.limits import Limits, RowBudget
from inventory.exchange.rules.cells import (
    EXCEL_1904,
    Cell,
    Merged,
    Row,
    Sheet,
    error_cell,
    typed_cell,
)
from inventory.exchange.rules.refusals import Damaged, NotASpreadsheet, Refusal, ZipBomb

SIGNATURE = b"PK\x03\x04"
DATA_TAG = ROW_TAG.removesuffix("row") + "sheetData"

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MAIN_PARTS = {"xl/workbook.xml": "", "word/document.xml": "docx", "xl/workbook.bin": "xlsb",
               "ppt/presentation.xml": "pptx", "content.xml": "opendocument"}  # fmt: skip


def read(file: BinaryIO, limits: Limits, budget: RowBudget) -> tuple[tuple[Sheet, ...], bool]:
    """
    Read all worksheets, and whether serial dates count from 1904.

    Raises:
        NotASpreadsheet, Damaged, ZipBomb, TooManyRows, TooManyColumns.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            check_members(archive.infolist(), limits)
            _check_is_spreadsheet(archive.namelist())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _read(file, budget)
    except Refusal:
        raise
    except Exception as error:  # whatever a parser says about a hostile file
        raise Damaged(reason=type(_root(error)).__name__) from None


def _root(error: BaseException) -> BaseException:
    """What really happened, under the errors that openpyxl wraps around it."""
    return _root(error.__cause__) if error.__cause__ else error


def check_members(members: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse an archive by what its directory promises; zipfile never unpacks more than that."""
    if len(members) > limits.members:
        raise ZipBomb(reason="members", value=len(members), limit=limits.members)
    unpacked = sum(member.file_size for member in members)
    if unpacked > limits.unpacked_bytes:
        raise ZipBomb(reason="unpacked", value=unpacked, limit=limits.unpacked_bytes)
    ratio = unpacked // max(sum(member.compress_size for member in members), 1)
    if unpacked > limits.ratio_counts_from_bytes and ratio > limits.ratio:
        raise ZipBomb(reason="ratio", value=ratio, limit=limits.ratio)


def _check_is_spreadsheet(names: list[str]) -> None:
    for part, other in _MAIN_PARTS.items():
        if other and part in names:
            raise NotASpreadsheet(found=other)
    if "[Content_Types].xml" not in names:
        raise NotASpreadsheet(found="zip")


def _read(file: BinaryIO, budget: RowBudget) -> tuple[tuple[Sheet, ...], bool]:
    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    try:
        sheets = tuple(_sheet(book, sheet, budget) for sheet in book.worksheets)
        return sheets, book.epoch.date() == EXCEL_1904
    finally:
        book.close()


def _sheet(book: Any, sheet: Any, budget: RowBudget) -> Sheet:
    with sheet._get_source() as source:
        parser = _SheetParser(
            source,
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        rows = Spool(budget.take(parser.rows()))
    return Sheet(
        sheet.title,
        rows,
        tuple(parser.ranges),
        frozenset(parser.hidden),
        hidden=sheet.sheet_state != "visible",
    )


class _SheetParser(WorkSheetParser):  # type: ignore[misc,unused-ignore]
    """openpyxl's parser, remembering beside each cached value the formula that made it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ranges: list[Merged] = []
        self.hidden: set[int] = set()
        self._shared: dict[str, str] = {}

    def rows(self) -> Iterator[Row]:
        """Yield each row; ranges and hidden columns are complete when the rows have ended."""
        table = None
        for event, element in iterparse(self.source, events=("start", "end")):
            if event == "start":
                table = element if element.tag == DATA_TAG else table
            elif element.tag == ROW_TAG:
                number, cells = self.parse_row(element)
                yield Row(number, dict(_cells(cells)))
                (element if table is None else table).clear()  # rows that were read are let go
            elif element.tag == COL_TAG:
                self._note_hidden(element)
            elif element.tag == MERGE_TAG:
                self.ranges = [_merged(child.get("ref")) for child in element]

    def parse_cell(self, element: Any) -> dict[str, Any]:
        """One cell as openpyxl reads it, with its formula."""
        cell: dict[str, Any] = super().parse_cell(element)
        formula = element.find(FORMULA_TAG)
        cell["formula"] = None if formula is None else self._formula(formula)
        return cell

    def _formula(self, element: Any) -> str:
        shared = element.get("si")
        if element.text and shared:
            self._shared[shared] = element.text
        return "=" + (element.text or self._shared.get(shared, ""))

    def _note_hidden(self, element: Any) -> None:
        if element.get("hidden") in ("1", "true"):
            last = min(int(element.get("max")), 16_384)
            self.hidden.update(range(int(element.get("min")), last + 1))


def _cells(parsed: list[dict[str, Any]]) -> Iterator[tuple[int, Cell]]:
    for entry in parsed:
        if cell := _cell(entry["value"], entry["data_type"], entry["formula"]):
            yield entry["column"], cell


def _cell(value: object, data_type: str, formula: str | None) -> Cell | None:
    if data_type == "e":
        return error_cell(str(value), formula)
    if isinstance(value, str):
        value = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    if value is None and formula and data_type == "n":  # never calculated: show the formula
        return typed_cell(formula, formula)
    return typed_cell(value, formula)


def _merged(reference: str) -> Merged:
    first_column, first_row, last_column, last_row = range_boundaries(reference)
    return Merged(first_row, last_row, first_column, last_column)
