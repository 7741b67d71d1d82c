"""Faults are what is wrong with a row of a ledger, by a stable code."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

WHOLE_ROW = "*"


class Severity(StrEnum):
    """A warning's row is imported with the repaired value, an error's row is not."""

    WARNING = "warning"
    ERROR = "error"


class FaultCode(StrEnum):
    """Every fault that a row or a sheet can have."""

    FULLWIDTH = "fullwidth"
    WHITESPACE = "whitespace"
    NEWLINE = "newline"
    CODE_AS_NUMBER = "code_as_number"
    CODE_MISSING = "code_missing"
    CODE_FORMAT = "code_format"
    CODE_NAME_CONFLICT = "code_name_conflict"
    NUMBER_AS_TEXT = "number_as_text"
    DATE_PARTIAL = "date_partial"
    DATE_SERIAL = "date_serial"
    DATE_FORMAT = "date_format"
    DATE_INVALID = "date_invalid"
    QUANTITY_WITH_UNIT = "quantity_with_unit"
    QUANTITY_NOT_NUMBER = "quantity_not_number"
    QUANTITY_NEGATIVE = "quantity_negative"
    PRICE_FORMAT = "price_format"
    PRICE_NOT_NUMBER = "price_not_number"
    PRICE_NEGATIVE = "price_negative"
    LOCATION_FORMAT = "location_format"
    LOCATION_MISSING = "location_missing"
    LOCATION_INCOMPLETE = "location_incomplete"
    LOCATION_UNKNOWN = "location_unknown"
    MERGED_FILLED = "merged_filled"
    UNIT_CONFLICT = "unit_conflict"
    VOUCHER_CONFLICT = "voucher_conflict"
    AMOUNT_MISMATCH = "amount_mismatch"
    FORMULA_ERROR = "formula_error"
    FORMULA_INJECTION = "formula_injection"
    NAME_MISSING = "name_missing"
    DUPLICATE_ROW = "duplicate_row"
    ROW_SHIFTED = "row_shifted"
    SERIAL_COUNT = "serial_count"
    SERIAL_DOUBLE = "serial_double"
    NUMBER_COUNT = "number_count"
    NUMBER_UNREADABLE = "number_unreadable"
    TAG_DOUBLE = "tag_double"
    TAG_FORMAT = "tag_format"
    CHOICE_UNKNOWN = "choice_unknown"
    WARRANTY_UNKNOWN = "warranty_unknown"
    TOO_LONG = "too_long"
    LOCATION_LOCKED = "location_locked"
    OTHER_SCHOOL = "other_school"
    HEADER_MISSING = "header_missing"
    SHEET_HIDDEN = "sheet_hidden"


class Finding(NamedTuple):
    """A fault of one cell before it is known where the cell stands."""

    code: FaultCode
    severity: Severity
    repaired: str | int | None = None


class Fault(NamedTuple):
    """
    A fault at its place: `row` from 1, `column` the field's Chinese name or "*" for the row.

    `raw` is the cell's text as it stood, `repaired` what a warning's row is imported with.
    """

    sheet: str
    row: int
    column: str
    code: FaultCode
    severity: Severity
    raw: str | None = None
    repaired: str | int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        """The fault as plain values; only a warning has something repaired."""
        entry: dict[str, str | int | None] = {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "code": self.code.value,
            "severity": self.severity.value,
            "raw": self.raw,
        }
        return entry | ({"repaired": self.repaired} if self.severity is Severity.WARNING else {})


def warning(code: FaultCode, repaired: str | int | None = None) -> Finding:
    """A finding whose row is imported with the repaired value."""
    return Finding(code, Severity.WARNING, repaired)


def error(code: FaultCode) -> Finding:
    """A finding whose row is not imported."""
    return Finding(code, Severity.ERROR)
