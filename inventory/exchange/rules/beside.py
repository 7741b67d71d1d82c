"""
Beside is about what a ledger says of things beside what they are: serial numbers, old numbers,
where they came from, in what condition they are, how long they are under warranty.

Nothing of it keeps a row out: what cannot be read is left empty, and said.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date

from inventory.exchange.rules.cells import Cell, Kind
from inventory.exchange.rules.dates import read_date
from inventory.exchange.rules.faults import FaultCode, Finding, Severity, warning
from inventory.exchange.rules.reading import Reading
from inventory.exchange.rules.text import folded, never_calculated, read_text, trimmed

JOINER = "、"
"""What stands between several numbers of one line once they are read."""
_BETWEEN = re.compile(r"\s*[、,;\r\n\v|]+\s*|\s*[\r\n]\s*")
_RANGE = re.compile(
    r"(?P<head>.*?)(?P<first>\d{1,9})\s*(?:[-—–]{1,2}|[~～至到])\s*(?P<again>.*?)(?P<last>\d{1,9})"
)
_MOST = 9_999
LONGEST_SERIAL, LONGEST_OLD_NUMBER = 60, 200
LONGEST = {"maker": 100, "supplier": 100, "invoice": 60}

SOURCES = {
    "purchase": (
        "采购 购置 购买 购入 新购 外购 自购 统一采购 政府采购 集中采购 bought purchase purchased"
    ),
    "transfer": "调拨 调入 拨入 划拨 上级调拨 上级拨入 配发 transfer transferred transferredhere",
    "own_make": "自制 自建 自造 own_make madehere ownmake",
    "donation": "捐赠 接受捐赠 捐献 赠送 受赠 donation donated",
    "surplus": "盘盈 surplus foundinacount",
}
CONDITIONS = {
    "good": "完好 良好 好 正常 全新 新 完好可用 good new",
    "worn": "陈旧 一般 较旧 旧 磨损 尚可 可用 worn used fair",
    "damaged": "损坏 坏 破损 故障 待修 待维修 残缺 damaged broken",
    "unsafe": "不安全 危险 有隐患 存在隐患 unsafe dangerous",
}
_EPC = re.compile(r"[0-9A-F]{24}|[0-9A-F]{32}")
_EPC_URI = re.compile(r"urn:epc:(?:id|tag):[a-z0-9\-]+:[a-z0-9.\-%]+", re.I)
_EPC_JOINERS = re.compile(r"[\s:.\-]+")
_TERM = re.compile(r"(?P<n>\d{1,3})(?:个)?(?P<unit>月|年|months?|years?)", re.I)
_CHINESE = {"半年": 6, "一年": 12, "两年": 24, "二年": 24, "三年": 36, "四年": 48, "五年": 60}


def split(text: str) -> tuple[str, ...]:
    """The numbers of a text that was read already."""
    return tuple(text.split(JOINER)) if text else ()


def numbers_in(text: str, quantity: int | None) -> tuple[str, ...]:
    """
    The numbers in a cell: apart by 、 , ; or line breaks, or from one to another as A001-A024.

    A range counts as one only when it is as many numbers as there are things, for a single number
    may be written with a dash too.
    """
    parts = [part for part in _BETWEEN.split(folded(text)) if trimmed(part)]
    written = tuple(trimmed(part) for part in parts)
    if len(written) == quantity:
        return written
    counted = [number for part in written for number in _range(part, quantity or 0)]
    return tuple(counted) if len(counted) == quantity else written


def _range(part: str, quantity: int) -> Sequence[str]:
    match = _RANGE.fullmatch(part)
    if not match or match["again"] not in ("", match["head"]):
        return (part,)
    first, last = int(match["first"]), int(match["last"])
    if not first < last < first + min(quantity, _MOST):
        return (part,)
    width = len(match["first"])
    return [f"{match['head']}{number:0{width}d}" for number in range(first, last + 1)]


def read_numbers(
    cell: Cell | None, quantity: int | None, wrong: FaultCode, longest: int, *, one_for_all: bool
) -> Reading[str]:
    """
    The numbers of a line's things, in order; `one_for_all` when a batch may bear a single one.

    `wrong` says that there are more or fewer than things: then nobody knows whose they are.
    """
    if cell is None or never_calculated(cell):
        return Reading(None)
    if cell.kind is Kind.ERROR:
        return Reading(None, (warning(FaultCode.FORMULA_ERROR),))
    if cell.kind in (Kind.DATE, Kind.FLAG):
        return Reading(None, (warning(FaultCode.NUMBER_UNREADABLE),))
    numbers = numbers_in(cell.text, quantity)
    if not numbers:
        return Reading(None)
    if any(len(number) > longest for number in numbers):
        return Reading(None, (warning(FaultCode.NUMBER_UNREADABLE),))
    fits = quantity in (None, 0, len(numbers)) or (one_for_all and len(numbers) == 1)
    return Reading(JOINER.join(numbers), () if fits else (warning(wrong),))


def read_epcs(cell: Cell | None, quantity: int | None) -> Reading[str]:
    """The EPCs of a line's things, as readers give them; anything else is none."""
    reading = read_numbers(
        cell, quantity, FaultCode.NUMBER_COUNT, LONGEST_OLD_NUMBER, one_for_all=True
    )
    told = [epc_in(number) for number in split(reading.value or "")]
    if None in told:
        return Reading(None, (warning(FaultCode.TAG_FORMAT),))
    return Reading(JOINER.join(filter(None, told)) or None, reading.findings)


def epc_in(text: str) -> str | None:
    """An EPC in 24 or 32 hexadecimal digits, or as a URI; None when a text is none."""
    plain = folded(trimmed(text))
    if _EPC_URI.fullmatch(plain):
        return plain
    digits = _EPC_JOINERS.sub("", plain).upper()
    return digits if _EPC.fullmatch(digits) else None


def is_epc(cell: Cell) -> bool:
    """Whether a cell can only be an EPC."""
    return cell.kind is Kind.TEXT and epc_in(cell.text) is not None


def read_limited(
    longest: int, whole: Callable[[Cell | None], Reading[str]] = read_text
) -> Callable[[Cell | None], Reading[str]]:
    """A reader of texts that are cut where the register keeps no more of them."""

    def read(cell: Cell | None) -> Reading[str]:
        reading = whole(cell)
        if reading.value is None or len(reading.value) <= longest:
            return reading
        kept = reading.value[:longest]
        return Reading(kept, (*reading.findings, warning(FaultCode.TOO_LONG, kept)))

    return read


def read_choice(words: dict[str, str]) -> Callable[[Cell | None], Reading[str]]:
    """A reader of one of some values, in any of the words for it."""
    known = {word: value for value, told in words.items() for word in told.split()}

    def read(cell: Cell | None) -> Reading[str]:
        reading = read_text(cell)
        if reading.value is None:
            return reading
        value = known.get(_plain(reading.value))
        if value is None:
            return Reading(None, (warning(FaultCode.CHOICE_UNKNOWN),))
        return Reading(value, reading.findings)

    return read


def _plain(text: str) -> str:
    return "".join(folded(text).split()).lower()


def says_one_of(words: dict[str, str]) -> Callable[[Cell], bool]:
    """Whether a cell says one of some values."""
    known = {word for told in words.values() for word in told.split()}
    return lambda cell: cell.kind is Kind.TEXT and _plain(cell.text) in known


def read_day(cell: Cell | None, origin: date) -> Reading[str]:
    """A day that keeps no row out when it cannot be read."""
    reading = read_date(cell, origin)
    return Reading(reading.value, tuple(map(_softened, reading.findings)))


def _softened(finding: Finding) -> Finding:
    return finding._replace(severity=Severity.WARNING)


def read_warranty(cell: Cell | None, origin: date, bought: str | None) -> Reading[str]:
    """The day until which there is a warranty, or so many months or years from when it came."""
    if cell is None or never_calculated(cell):
        return Reading(None)
    reading = read_date(cell, origin)
    if not reading.is_refused:
        return reading
    months = _months(_plain(cell.text))
    until = _after(bought, months) if months and bought else None
    if until is None:
        return Reading(None, (warning(FaultCode.WARRANTY_UNKNOWN),))
    return Reading(until)


def _months(text: str) -> int | None:
    if text in _CHINESE:
        return _CHINESE[text]
    match = _TERM.fullmatch(text)
    if not match:
        return None
    return int(match["n"]) * (1 if match["unit"][0] in "月mM" else 12)


def _after(day: str, months: int) -> str | None:
    """So many months after a day, or after a month where no day is known."""
    parts = [int(part) for part in day.split("-")]
    year, month = divmod(parts[0] * 12 + parts[1] - 1 + months, 12)
    if year > date.max.year:
        return None
    if len(parts) < 3:
        return f"{year:04d}-{month + 1:02d}"
    last = min(parts[2], monthrange(year, month + 1)[1])
    return f"{year:04d}-{month + 1:02d}-{last:02d}"
