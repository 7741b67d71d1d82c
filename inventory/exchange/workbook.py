"""
Workbook is about opening a school's file, whatever it is called, as sheets of cells.

The type is told by the content: old systems write HTML tables named .xls. This module alone
touches the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_END, BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO

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

Source = Path | str | bytes | BinaryIO
_START = 65_536

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
    source: Source, filename: str | None = None, *, limits: Limits | None = None
) -> Workbook:
    """
    Read a file, or its bytes under the name it came with, into sheets of cells.

    The rows of large sheets are kept outside of memory (`Spool`).

    A file over the limit is refused by its size on disk, unread.

    Raises:
        Empty, TooLarge, NotASpreadsheet, Encrypted, Damaged, ZipBomb, TooManyRows,
        TooManyColumns: each a `Refusal` with a code and data.
    """
    limits = limits or Limits()
    name = filename or (Path(source).name if isinstance(source, Path | str) else "")
    with _opened(source) as file:
        _check_size(file, limits)
        sheets, from_1904 = _sheets(file, limits)
    if not any(sheet.rows for sheet in sheets):
        raise Empty()
    return Workbook(name, sheets, EXCEL_1904 if from_1904 else EXCEL_1900)


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    """The file behind a source; one that was open already is left open."""
    if isinstance(source, bytes):
        yield BytesIO(source)
    elif isinstance(source, Path | str):
        with Path(source).open("rb") as file:
            yield file
    else:
        yield source


def _check_size(file: BinaryIO, limits: Limits) -> None:
    size = file.seek(0, SEEK_END)
    if size > limits.file_bytes:
        raise TooLarge(size=size, limit=limits.file_bytes)
    file.seek(0)
    if size <= _START and not file.read().strip():
        raise Empty()


def _sheets(file: BinaryIO, limits: Limits) -> tuple[tuple[Sheet, ...], bool]:
    budget = RowBudget(limits)
    file.seek(0)
    start = file.read(_START)
    file.seek(0)
    if start.startswith(ooxml.SIGNATURE):
        return ooxml.read(file, limits, budget)
    if start.startswith(compound.SIGNATURE):
        return biff.read(file.read(), budget)
    for signature, found in _OTHER_SIGNATURES.items():
        if start.startswith(signature):
            raise NotASpreadsheet(found=found)
    return _read_text(file, budget), False


def _read_text(file: BinaryIO, budget: RowBudget) -> tuple[Sheet, ...]:
    encoding, mark = encodings.encoding_of(file)
    file.seek(mark)
    text = TextIOWrapper(file, encoding, newline="")
    try:
        start = text.read(_START)
        if html_table.looks_like(start):
            return html_table.read(start + text.read(), budget)
        file.seek(mark)
        # Reading starts again where the mark ends, with nothing remembered of the first time.
        text.detach()
        text = TextIOWrapper(file, encoding, newline="")
        return delimited.read(text, budget)
    finally:
        text.detach()


__all__ = ["Cell", "Limits", "Row", "Sheet", "Workbook", "open_workbook"]
