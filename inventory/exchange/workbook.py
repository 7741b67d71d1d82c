"""
Workbook is about opening a school's file, whatever it is called, as sheets of cells.

The type is told by the content: old systems write HTML tables named .xls. This module alone
touches the disk.
"""

from __future__ import annotations

from pathlib import Path

from inventory.exchange.formats import (
    biff,
    compound,
    delimited,
    encodings,
    html_table,
    ooxml,
)
from inventory.exchange.limits import Limits, RowBudget
from inventory.exchange.rules.cells import EXCEL_1900, EXCEL_1904, Cell, Row, Sheet, Workbook
from inventory.exchange.rules.refusals import Empty, NotASpreadsheet, TooLarge

_OTHER_SIGNATURES = {
    b"%PDF": "pdf",
    b"\x89PNG": "png",
    b"\xff\xd8\xff": "jpeg",
    b"Rar!": "rar",
    b"7z\xbc\xaf": "7z",
    b"\x1f\x8b": "gzip",
    b"PK\x05\x06": "zip",
    b"{\\rtf": "rtf",
    b"<?xml": "xml",
}


def open_workbook(
    source: Path | str | bytes, filename: str | None = None, *, limits: Limits | None = None
) -> Workbook:
    """
    Read a file, or its bytes under the name it came with, into sheets of cells.

    A file over the limit is refused by its size on disk, unread.

    Raises:
        Empty, TooLarge, NotASpreadsheet, Encrypted, Damaged, ZipBomb, TooManyRows,
        TooManyColumns: each a `Refusal` with a code and data.
    """
    limits = limits or Limits()
    content = _content(source, limits)
    name = filename or ("" if isinstance(source, bytes) else Path(source).name)
    sheets, from_1904 = _sheets(content, limits)
    if not any(sheet.rows for sheet in sheets):
        raise Empty()
    return Workbook(name, sheets, EXCEL_1904 if from_1904 else EXCEL_1900)


def _content(source: Path | str | bytes, limits: Limits) -> bytes:
    size = len(source) if isinstance(source, bytes) else Path(source).stat().st_size
    if size > limits.file_bytes:
        raise TooLarge(size=size, limit=limits.file_bytes)
    content = source if isinstance(source, bytes) else Path(source).read_bytes()
    if not content.strip():
        raise Empty()
    return content


def _sheets(content: bytes, limits: Limits) -> tuple[tuple[Sheet, ...], bool]:
    budget = RowBudget(limits)
    if content.startswith(ooxml.SIGNATURE):
        return ooxml.read(content, limits, budget)
    if content.startswith(compound.SIGNATURE):
        return biff.read(content, budget)
    for signature, found in _OTHER_SIGNATURES.items():
        if content.startswith(signature):
            raise NotASpreadsheet(found=found)
    text = encodings.decode(content)
    reader = html_table.read if html_table.looks_like(text) else delimited.read
    return reader(text, budget), False


__all__ = ["Cell", "Limits", "Row", "Sheet", "Workbook", "open_workbook"]
