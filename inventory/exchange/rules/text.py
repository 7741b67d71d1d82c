"""Text is about what people type into cells: spaces at the edges, line breaks, full-width signs."""

from __future__ import annotations

import re

from inventory.exchange.rules.cells import Cell, Kind
from inventory.exchange.rules.faults import FaultCode, Finding, warning
from inventory.exchange.rules.reading import Reading, unreadable

_SPACES = "".join(chr(sign) for sign in range(0x3001) if chr(sign).isspace())
_EDGE_SIGNS = _SPACES + "\u200b\u200c\u200d\u2060\ufeff"
_BREAKS = re.compile(r"[^\S\r\n]*[\r\n\v\f\x85\u2028\u2029]+\s*")
_FOLD = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
_DANGEROUS_FORMULA = re.compile(r"HYPERLINK|WEBSERVICE|FILTERXML|IMPORTXML|CALL\(|\|", re.I)


def trimmed(text: str) -> str:
    """Without space of any kind at the edges, U+3000 and zero-width ones included."""
    return text.strip(_EDGE_SIGNS)


def folded(text: str) -> str:
    """Full-width letters, digits and signs as their ASCII twins; everything else unchanged."""
    return text if text.isascii() else text.translate(_FOLD)


def tidied(text: str) -> tuple[str, list[Finding]]:
    """A text without space at its edges and on one line, and what had to be done for it."""
    core = trimmed(text)
    clean = _BREAKS.sub(" ", core)
    findings = [warning(FaultCode.WHITESPACE, clean)] if core != text else []
    if clean != core:
        findings.append(warning(FaultCode.NEWLINE, clean))
    return clean, findings


def read_text(cell: Cell | None) -> Reading[str]:
    """A name, unit, keeper, voucher and the like; a failed formula leaves it unknown."""
    if cell is None or never_calculated(cell):
        return Reading(None)
    if cell.kind is Kind.ERROR:
        return Reading(None, (warning(FaultCode.FORMULA_ERROR),))
    clean, findings = tidied(cell.text)
    if cell.kind is Kind.TEXT and clean.startswith("=") and len(clean) > 1:
        findings.append(warning(FaultCode.FORMULA_INJECTION, clean))
    return Reading(clean or None, tuple(findings))


def read_name(cell: Cell | None) -> Reading[str]:
    """A name, without which a thing cannot be entered."""
    reading = read_text(cell)
    if reading.value is None:
        failed = cell is not None and cell.kind is Kind.ERROR
        return unreadable(FaultCode.FORMULA_ERROR if failed else FaultCode.NAME_MISSING)
    return reading


def read_note(cell: Cell | None) -> Reading[str]:
    """A note; one that a spreadsheet would run as a formula is kept as inert text."""
    if cell is None:
        return Reading(None)
    if cell.formula and _DANGEROUS_FORMULA.search(cell.formula) and cell.kind is not Kind.ERROR:
        clean, _ = tidied(cell.text)
        return Reading(clean, (warning(FaultCode.FORMULA_INJECTION, clean),))
    reading = read_text(cell)
    if reading.value and reading.value[0] in "+@" and cell.kind is Kind.TEXT:
        found = warning(FaultCode.FORMULA_INJECTION, reading.value)
        return Reading(reading.value, (*reading.findings, found))
    return reading


def never_calculated(cell: Cell) -> bool:
    """Whether a formula was saved without its value."""
    return cell.formula is not None and cell.formula == cell.text
