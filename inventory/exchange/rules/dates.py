"""Dates are about the days on which things were bought, in all the ways people write them."""

from __future__ import annotations

import re
from datetime import date, timedelta

from inventory.exchange.rules.cells import EXCEL_1900, Cell, Kind
from inventory.exchange.rules.faults import FaultCode, Finding, warning
from inventory.exchange.rules.reading import Reading, unreadable
from inventory.exchange.rules.text import folded, never_calculated, trimmed

YEARS = range(1900, 2101)
_SERIALS = range(18_264, 73_416)
"""Days from 1899-12-30 that mean 1950 to 2100; other bare numbers are no dates."""

_DAY = re.compile(
    r"(?P<y>\d{4})\s*(?:(?P<s>[-./])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})"
    r"|年\s*(?P<cm>\d{1,2})\s*月\s*(?P<cd>\d{1,2})\s*日?)(?:[T ]\s*0{1,2}:00(?::00(?:\.0+)?)?)?",
    re.A,
)
_MONTH = re.compile(r"(?P<y>\d{4})\s*(?:[-./]\s*(?P<m>\d{1,2})|年\s*(?P<cm>\d{1,2})\s*月份?)", re.A)
_COMPACT = re.compile(r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)", re.A)
_BARE = re.compile(r"\d{5}(?:\.\d+)?", re.A)


def read_date(cell: Cell | None, origin: date = EXCEL_1900) -> Reading[str]:
    """A day as YYYY-MM-DD, or a month as YYYY-MM where no day is given; none is unknown."""
    if cell is None or never_calculated(cell):
        return Reading(None)
    if cell.kind is Kind.ERROR:
        return unreadable(FaultCode.FORMULA_ERROR)
    if cell.day is not None:
        return _known(cell.day)
    text = trimmed(cell.text)
    plain = folded(text)
    findings: list[Finding] = []
    if cell.kind is Kind.TEXT and text != cell.text:
        findings.append(warning(FaultCode.WHITESPACE))
    if plain != text:
        findings.append(warning(FaultCode.FULLWIDTH))
    return _with(findings, _read(plain, origin, is_number=cell.kind is Kind.NUMBER))


def _with(findings: list[Finding], reading: Reading[str]) -> Reading[str]:
    if reading.is_refused or not findings:
        return reading
    told = tuple(finding._replace(repaired=reading.value) for finding in findings)
    return Reading(reading.value, told + reading.findings)


def _read(text: str, origin: date, *, is_number: bool) -> Reading[str]:
    if _BARE.fullmatch(text) and int(float(text)) in _SERIALS:
        day = origin + timedelta(days=int(float(text)))
        return Reading(day.isoformat(), (warning(FaultCode.DATE_SERIAL, day.isoformat()),))
    if match := _COMPACT.fullmatch(text):
        return _known(_day(match["y"], match["m"], match["d"]), FaultCode.DATE_FORMAT)
    if is_number:
        return unreadable(FaultCode.DATE_INVALID)
    if match := _DAY.fullmatch(text):
        return _known(_day(match["y"], match["m"] or match["cm"], match["d"] or match["cd"]))
    if match := _MONTH.fullmatch(text):
        return _month(_day(match["y"], match["m"] or match["cm"], "1"))
    return unreadable(FaultCode.DATE_INVALID)


def _known(day: date | None, code: FaultCode | None = None) -> Reading[str]:
    if day is None or day.year not in YEARS:
        return unreadable(FaultCode.DATE_INVALID)
    text = day.isoformat()
    return Reading(text, (warning(code, text),) if code else ())


def _month(first: date | None) -> Reading[str]:
    if first is None or first.year not in YEARS:
        return unreadable(FaultCode.DATE_INVALID)
    text = first.isoformat()[:7]
    return Reading(text, (warning(FaultCode.DATE_PARTIAL, text),))


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def looks_like_date(cell: Cell) -> bool:
    """Whether a cell can only be a date: a stored one, or text in a date's form."""
    text = folded(trimmed(cell.text))
    return cell.kind is Kind.DATE or (
        cell.kind is Kind.TEXT and bool(_DAY.fullmatch(text) or _MONTH.fullmatch(text))
    )


def agree(one: str, other: str) -> bool:
    """Whether two dates can be the same day: a month agrees with each of its days."""
    return one.startswith(other) or other.startswith(one)
