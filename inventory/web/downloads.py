"""This module is about files that leave: names, types, and spreadsheets that run nothing."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any
from urllib.parse import quote

from flask import Response

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"pdf": PDF, "xlsx": XLSX, "png": "image/png", "zip": "application/zip",
         "csv": "text/csv"}  # fmt: skip


def download(content: bytes, name: str, extension: str, *, inline: bool = False) -> Response:
    """Return a file under a name in any script (RFC 6266, RFC 8187)."""
    response = Response(content, mimetype=TYPES[extension])
    response.headers["Content-Disposition"] = disposition(name, extension, inline=inline)
    return response


def disposition(name: str, extension: str, *, inline: bool = False) -> str:
    """Return the header that gives a file its name."""
    plain = "".join(sign for sign in name if sign.isascii() and sign.isalnum()) or "tallycard"
    way = "inline" if inline else "attachment"
    encoded = quote(f"{name}.{extension}")
    return f"{way}; filename=\"{plain}.{extension}\"; filename*=UTF-8''{encoded}"


def spreadsheet(
    title: str,
    head: Iterable[Sequence[object]],
    columns: Sequence[tuple[str, int]],
    rows: Iterable[Sequence[object]],
    foot: Iterable[Sequence[object]] = (),
) -> bytes:
    """
    Return an .xlsx: a title, lines about it, a table with (heading, width) columns, closing lines.

    Texts are typed as text, so that nothing that begins with =, + or @ is ever a formula, and
    codes keep their digits.
    """
    # Imported here: it would take a fifth of every command's start.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name(title))
    for index, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.append([_cell(sheet, title, 14)])
    for line in head:
        sheet.append([_cell(sheet, value) for value in line])
    sheet.append([_cell(sheet, heading, 11) for heading, _ in columns])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    for line in foot:
        sheet.append([_cell(sheet, value) for value in line])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_name(title: str) -> str:
    """Return what a sheet may be called: 31 signs, some not among them."""
    return "".join(" " if sign in "[]:*?/\\" else sign for sign in title)[:31] or "1"


def _cell(sheet: Any, value: object, bold_pt: int | None = None) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font

    cell = WriteOnlyCell(sheet, value=written(value))
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
        cell.alignment = Alignment(vertical="center")
        if value[:1] in tuple("=+-@\t\r"):
            cell.quotePrefix = True
    if bold_pt is not None:
        cell.font = Font(bold=True, size=bold_pt)
    return cell


def written(value: object) -> object:
    """What a cell may hold; control characters are not allowed in the file format."""
    if isinstance(value, str):
        return "".join(sign for sign in value if sign >= " " or sign in "\n\t")
    return value
