"""This module is about lists as files: one table, as .xlsx or .csv, whatever page it comes from.

Rows are written as they come, so that a long list needs no more memory than a short one. What
somebody once typed runs nothing in a spreadsheet, and codes keep their digits.
"""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from typing import IO, Any

from flask import Response

from inventory.errors import Invalid, TooMany
from inventory.web.downloads import TYPES, disposition, sheet_name, written

FORMATS = ("xlsx", "csv")
MOST_ROWS = 200_000
"""Rows of an .xlsx; it is slow to write, and a spreadsheet opens no more with pleasure."""
IN_MEMORY = 2_000_000
CHUNK = 64 * 1024
RUNS = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell of a CSV may begin with to be taken for a formula (OWASP), full width as well."""
LOSES_DIGITS = re.compile(
    r"(?![12][0-9]{3}-[01][0-9]-[0-3][0-9]$)"
    r"(?:0[0-9]+|[0-9]{11,}|[0-9]{1,4}[-/][0-9]{1,2}([-/][0-9]{1,4})?|[0-9.]+[eE][+-]?[0-9]+)"
)
"""Texts that a spreadsheet would take for a number or a day, and change; a whole day is one."""


@dataclass(frozen=True, slots=True)
class Yuan:
    """An amount of money; a number with two decimals in the file."""

    cents: int

    def __str__(self) -> str:
        sign, whole = "-" if self.cents < 0 else "", abs(self.cents)
        return f"{sign}{whole // 100}.{whole % 100:02d}"


Cell = str | int | Yuan | None


@dataclass(frozen=True, slots=True)
class Table:
    """A list as a file: its name, facts about it, columns with a width, rows, closing rows."""

    title: str
    columns: tuple[tuple[str, int], ...]
    rows: Iterable[Sequence[Cell]]
    facts: tuple[tuple[str, str], ...] = ()
    foot: tuple[Sequence[Cell], ...] = ()


def yuan(cents: int | None) -> Yuan | None:
    """Return an amount for a file; nothing where it is not known."""
    return None if cents is None else Yuan(cents)


def asked_format(text: str, *more: str) -> str:
    """
    Return the format that an address asks for; empty means the page.

    Raises:
        Invalid: there is no such format.
    """
    if text and text not in (*FORMATS, *more):
        raise Invalid(field="format", value=text[:20])
    return text


def answer(table: Table, format: str) -> Response:
    """
    Return a table as a file to keep. It is written whole before it is sent, on disk when it is
    long, so that what goes wrong is answered as such and not by half a file.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed once sent
    write(table, format, file)
    file.seek(0)
    response = Response(_chunks(file), mimetype=TYPES[format])
    response.headers["Content-Disposition"] = disposition(table.title, format)
    return response


def write(table: Table, format: str, file: IO[bytes]) -> None:
    """Write a table in one of the formats."""
    if format == "csv":
        file.writelines(csv_lines(table))
    else:
        write_xlsx(table, file)


# --- .csv ----------------------------------------------------------------------------------


def csv_lines(table: Table) -> Iterator[bytes]:
    """Yield a table as CSV that Excel and WPS read right: with a mark that it is UTF-8, CRLF."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    yield b"\xef\xbb\xbf"
    heads = [heading for heading, _ in table.columns]
    for row in chain([heads], table.rows):
        writer.writerow([csv_cell(value) for value in row])
        if buffer.tell() > CHUNK:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode("utf-8", "replace")


def csv_cell(value: Cell) -> str:
    """Return what stands in a CSV; only texts can be taken for what they are not."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    plain = str(written(value))
    if plain.lstrip(" ").startswith(RUNS):
        return f"'{plain}"
    return f"{plain}\t" if LOSES_DIGITS.fullmatch(plain) else plain


# --- .xlsx ---------------------------------------------------------------------------------


def write_xlsx(table: Table, file: IO[bytes]) -> None:
    """
    Write a table as .xlsx.

    Raises:
        TooMany: there are more rows than a spreadsheet should have.
    """
    # Imported here: it would take a fifth of every command's start.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name(table.title))
    for index, (_, width) in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    head = 2 + len(table.facts)
    sheet.freeze_panes = f"A{head + 1}"
    cells = _Cells(sheet)
    sheet.append([cells.bold(table.title, 14)])
    for fact in table.facts:
        sheet.append([cells.of(value) for value in fact])
    sheet.append([cells.bold(heading, 11) for heading, _ in table.columns])
    try:
        for number, row in enumerate(table.rows):
            if number >= MOST_ROWS:
                raise TooMany(count=number + 1, limit=MOST_ROWS)
            sheet.append([cells.of(value) for value in row])
        for row in table.foot:
            sheet.append([cells.of(value) for value in row])
    except BaseException:
        sheet.close()  # its temporary file
        raise
    book.save(file)


class _Cells:
    """Makes cells; texts are typed as text, so that none is ever a formula."""

    def __init__(self, sheet: Any) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._make = WriteOnlyCell
        self._sheet = sheet

    def of(self, value: Cell) -> Any:
        if value is None or isinstance(value, int):
            return value
        if isinstance(value, Yuan):
            cell = self._make(self._sheet, value=value.cents / 100)
            cell.number_format = "#,##0.00"
            return cell
        cell = self._make(self._sheet, value=written(value))
        cell.data_type = "s"
        cell.number_format = "@"
        if value.startswith(RUNS):
            cell.quotePrefix = True
        return cell

    def bold(self, value: str, size: int) -> Any:
        from openpyxl.styles import Font

        cell = self.of(value)
        cell.font = Font(bold=True, size=size)
        return cell


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
