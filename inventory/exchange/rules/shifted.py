"""Shifted rows are those whose values stand one column too far left or right."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from inventory.exchange.rules.cells import Cell, Kind, Row
from inventory.exchange.rules.dates import looks_like_date
from inventory.exchange.rules.text import folded, trimmed
from inventory.exchange.rules.values import amount_in

_UNIT = re.compile(r"[^\W\d_]{1,4}")
_PLACE = re.compile(r".*\D\d?-\d{1,3}-\d{1,2}|.*[柜橱].*|\D{1,12}\d{1,2}")
_PERSON = re.compile(r"[^\W\d_]{2,4}|[A-Za-z][A-Za-z .]{2,30}")
_VOUCHER = re.compile(r"\D{0,4}\d{4,}[-\d]*")
_ENOUGH, _CLEARLY_MORE = 4, 3


def is_shifted(row: Row, columns: Mapping[str, int]) -> bool:
    """
    Whether a row makes sense one column to the side and hardly where it stands.

    Each kind of column has a form that its values have and its neighbours' have not; a row is
    shifted when at least four fit beside their places and three more than in them.
    """
    if "quantity" not in columns:
        return False
    at_home = _fitting(row, columns, 0)
    beside = max(_fitting(row, columns, -1), _fitting(row, columns, 1))
    return beside >= _ENOUGH and beside - at_home >= _CLEARLY_MORE


def _fitting(row: Row, columns: Mapping[str, int], shift: int) -> int:
    cells = {field: row.cells.get(columns[field] + shift) for field in _FITS if field in columns}
    return sum(1 for field, cell in cells.items() if cell and _FITS[field](cell))


def _text_like(form: re.Pattern[str]) -> Callable[[Cell], bool]:
    def fits(cell: Cell) -> bool:
        return cell.kind is Kind.TEXT and bool(form.fullmatch(folded(trimmed(cell.text))))

    return fits


def _is_number(cell: Cell) -> bool:
    return cell.kind is not Kind.DATE and amount_in(cell) is not None


_FITS: Mapping[str, Callable[[Cell], bool]] = {
    "unit": _text_like(_UNIT),
    "quantity": _is_number,
    "unit_price": _is_number,
    "purchase_date": looks_like_date,
    "location": _text_like(_PLACE),
    "keeper": _text_like(_PERSON),
    "voucher": _text_like(_VOUCHER),
}
