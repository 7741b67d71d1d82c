"""Cells are what a spreadsheet says before anybody judges it, whatever format it came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

EXCEL_1900 = date(1899, 12, 30)
"""Day 0 of a serial date; the 30th, for 1900 counts as a leap year in the format."""

EXCEL_1904 = date(1904, 1, 1)

ERROR_TEXTS = frozenset(
    ("#REF!", "#DIV/0!", "#VALUE!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
)


class Kind(StrEnum):
    """How a cell was stored, not what it means."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    ERROR = "error"
    FLAG = "flag"


class Cell(NamedTuple):
    """
    One filled cell. A blank cell is no cell at all.

    `text` is what a person sees, nearly: numbers without grouping, dates as ISO 8601.
    `formula` is the formula's text, starting with "=", when the value is a cached result.
    """

    kind: Kind
    text: str
    number: Decimal | None = None
    day: date | None = None
    formula: str | None = None


class Row(NamedTuple):
    """A row by its number as in a spreadsheet, from 1; cells by column number, from 1."""

    number: int
    cells: Mapping[int, Cell]


class Merged(NamedTuple):
    """A rectangle of merged cells, all four sides included; its value stands top left."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    One table: its rows with content in order.

    `typed` says that numbers and texts are told apart (xlsx, xls); csv and html know only text.
    """

    name: str
    rows: Sequence[Row]
    merged: tuple[Merged, ...] = ()
    hidden_columns: frozenset[int] = frozenset()
    typed: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file read into sheets; `date_origin` is day 0 of its serial dates."""

    file: str
    sheets: tuple[Sheet, ...]
    date_origin: date = EXCEL_1900


def text_cell(text: str) -> Cell | None:
    """A cell of a format that knows only text; blanks are no cell, error values are errors."""
    if not text.strip():
        return None
    if text.strip() in ERROR_TEXTS:
        return Cell(Kind.ERROR, text.strip())
    return Cell(Kind.TEXT, text)


def number_cell(value: int | float, formula: str | None = None) -> Cell:
    """A cell with a number, to the 15 digits that a spreadsheet keeps."""
    if isinstance(value, float) and not isfinite(value):
        return Cell(Kind.ERROR, "#NUM!", formula=formula)
    number = Decimal(f"{value:.15g}" if isinstance(value, float) else value)
    return Cell(Kind.NUMBER, plain(number), number=number, formula=formula)


def plain(number: Decimal) -> str:
    """A number without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def typed_cell(value: object, formula: str | None = None) -> Cell | None:
    """A cell from a value that a reader of a typed format gives."""
    match value:
        case None | "":
            return None
        case bool():
            return Cell(Kind.FLAG, "TRUE" if value else "FALSE", formula=formula)
        case int() | float():
            return number_cell(value, formula)
        case datetime():
            return Cell(Kind.DATE, value.date().isoformat(), day=value.date(), formula=formula)
        case date():
            return Cell(Kind.DATE, value.isoformat(), day=value, formula=formula)
        case time():
            return Cell(Kind.TEXT, value.isoformat(), formula=formula)
        case str():
            cell = text_cell(value)
            return cell and cell._replace(formula=formula)
    return Cell(Kind.TEXT, str(value), formula=formula)


def error_cell(text: str, formula: str | None = None) -> Cell:
    """A cell whose formula failed."""
    return Cell(Kind.ERROR, text, formula=formula)
