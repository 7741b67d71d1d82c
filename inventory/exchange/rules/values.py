"""Values are the codes, quantities and prices that cells mean, however people wrote them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from inventory.exchange.rules.cells import Cell, Kind
from inventory.exchange.rules.faults import FaultCode, Finding, warning
from inventory.exchange.rules.reading import Reading, unreadable
from inventory.exchange.rules.text import folded, never_calculated, trimmed

CENT = Decimal("0.01")
_LARGEST = 1_000_000
"""One more than the register takes of one thing."""
_DEAREST = 1_000_000_000
"""Yuan that the register takes for one thing."""

_CODE = re.compile(r"[0-9]{5}|[A-Za-z][0-9]{5}|[0-9]{11}")
_LOST_ZEROS = re.compile(r"[0-9]{1,4}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,10})?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3}){1,4}(\.[0-9]{1,10})?")
_MONEY = re.compile(
    r"(?:￥|¥|RMB|CNY|人民币)?\s*(?P<number>[+-]?[0-9][0-9,]*(?:\.[0-9]+)?)\s*"
    r"(?:(?:元|圆|块)(?:整|正)?)?(?:/\w{1,3})?",
    re.I,
)
_COUNTED = re.compile(r"(?P<number>[+-]?[0-9]{1,9})\s*(?P<unit>[^\W\d_]{1,4})")
_COMMON_UNITS = (
    "个 只 台 套 支 件 把 块 张 本 瓶 盒 副 付 对 根 条 片 架 间 面 辆 顶 双 包 袋 卷 幅 组 枚 "
    "颗 粒 部 座 筒 桶 箱 打 盘 册 份 具 株 头 匹 扇 串 节 杯 管 棵 板 罐 听 "
    "米 克 千克 公斤 毫升 升 pcs set kg g ml l m"
)
_UNITS = frozenset(_COMMON_UNITS.split())


class Context(NamedTuple):
    """What a cell's reader must know: whether types can be told apart, and the row's unit."""

    typed: bool
    unit: str | None = None


def read_code(cell: Cell | None) -> Reading[str]:
    """A catalogue code: 5 digits, a letter and 5 digits, or 11 digits."""
    if cell is None or never_calculated(cell):
        return Reading(None, (warning(FaultCode.CODE_MISSING),))
    if cell.kind is Kind.ERROR:
        return unreadable(FaultCode.FORMULA_ERROR)
    if cell.kind is Kind.NUMBER:
        return _code_from_number(cell.text)
    text = trimmed(cell.text)
    if not text:
        return Reading(None, (warning(FaultCode.CODE_MISSING),))
    code = folded(text)
    findings = [warning(FaultCode.WHITESPACE, code)] if text != cell.text else []
    if code != text:
        findings.append(warning(FaultCode.FULLWIDTH, code))
    if _LOST_ZEROS.fullmatch(code):
        return Reading(code.zfill(5), (*findings, warning(FaultCode.CODE_AS_NUMBER, code.zfill(5))))
    if not _CODE.fullmatch(code):
        return unreadable(FaultCode.CODE_FORMAT)
    return Reading(code, tuple(findings))


def _code_from_number(text: str) -> Reading[str]:
    code = text.zfill(5) if text.isdigit() else text
    if not _CODE.fullmatch(code):
        return unreadable(FaultCode.CODE_FORMAT)
    return Reading(code, (warning(FaultCode.CODE_AS_NUMBER, code),))


def looks_like_code(cell: Cell) -> bool:
    """Whether a cell can be a catalogue's code; a small number may be one that lost its zeros."""
    text = folded(trimmed(cell.text))
    return cell.kind in (Kind.TEXT, Kind.NUMBER) and bool(_CODE.fullmatch(text))


def is_unit(cell: Cell) -> bool:
    """Whether a cell names a unit in common use."""
    return cell.kind is Kind.TEXT and folded(trimmed(cell.text)).lower() in _UNITS


def read_quantity(cell: Cell | None, context: Context) -> Reading[int]:
    """How many there are: a whole number, not below zero."""
    if cell is not None and (cell.kind is Kind.ERROR or never_calculated(cell)):
        return unreadable(FaultCode.FORMULA_ERROR)
    count, findings = _count(cell, context)
    if count is None or count >= _LARGEST:
        return unreadable(FaultCode.QUANTITY_NOT_NUMBER)
    if count < 0:
        return unreadable(FaultCode.QUANTITY_NEGATIVE)
    return Reading(count, findings)


def read_required(cell: Cell | None, context: Context) -> Reading[int]:
    """How many there should be; "some" or nothing lawfully means that no number is set."""
    if cell is None or trimmed(cell.text) in ("", "若干", "/", "-", "—", "——"):
        return Reading(None)
    if cell.kind is Kind.ERROR:
        return Reading(None, (warning(FaultCode.FORMULA_ERROR),))
    count, _ = _count(cell, context)
    if count is None or not 0 <= count < _LARGEST:
        return Reading(None, (warning(FaultCode.QUANTITY_NOT_NUMBER),))
    return Reading(count)


def _count(cell: Cell | None, context: Context) -> tuple[int | None, tuple[Finding, ...]]:
    if cell is None or cell.kind in (Kind.DATE, Kind.FLAG):
        return None, ()
    if cell.number is not None:
        return _whole(cell.number), ()
    text = trimmed(cell.text)
    plain = folded(text)
    number = _decimal(plain)
    if number is not None:
        count = _whole(number)
        return count, _how_written(cell, text, plain, context, count)
    counted = _COUNTED.fullmatch(plain)
    if counted and (counted["unit"] == context.unit or counted["unit"].lower() in _UNITS):
        count = int(counted["number"])
        return count, (warning(FaultCode.QUANTITY_WITH_UNIT, count),)
    return None, ()


def read_price(cell: Cell | None, context: Context) -> Reading[Decimal]:
    """The price of one, in yuan to the cent; none is unknown, not zero."""
    if cell is None or never_calculated(cell):
        return Reading(None)
    if cell.kind is Kind.ERROR:
        return unreadable(FaultCode.FORMULA_ERROR)
    number, findings = _price(cell, context)
    if number is None:
        return Reading(None, (warning(FaultCode.PRICE_NOT_NUMBER),))
    if number < 0:
        return unreadable(FaultCode.PRICE_NEGATIVE)
    if number > _DEAREST:
        return Reading(None, (warning(FaultCode.PRICE_NOT_NUMBER),))
    return Reading(number, findings)


def _price(cell: Cell, context: Context) -> tuple[Decimal | None, tuple[Finding, ...]]:
    if cell.kind in (Kind.DATE, Kind.FLAG):
        return None, ()
    if cell.number is not None:
        return in_cents(cell.number), ()
    text = trimmed(cell.text)
    plain = folded(text)
    if _NUMBER.fullmatch(plain):
        price = in_cents(Decimal(plain))
        return price, _how_written(cell, text, plain, context, f"{price}")
    money = money_in(plain)
    if money is None:
        return None, ()
    return in_cents(money), (warning(FaultCode.PRICE_FORMAT, f"{in_cents(money)}"),)


def _how_written(
    cell: Cell, text: str, plain: str, context: Context, repaired: str | int | None
) -> tuple[Finding, ...]:
    """What to say of a number that stands in a text."""
    if plain != text:
        return (warning(FaultCode.FULLWIDTH, repaired),)
    if context.typed:
        return (warning(FaultCode.NUMBER_AS_TEXT, repaired),)
    if text != cell.text:
        return (warning(FaultCode.WHITESPACE, repaired),)
    return ()


def amount_in(cell: Cell | None) -> Decimal | None:
    """A stated amount, None when there is none that can be read."""
    if cell is None:
        return None
    return cell.number if cell.number is not None else money_in(folded(trimmed(cell.text)))


def read_amount(cell: Cell | None, price: Decimal | None, quantity: int | None) -> Reading[Decimal]:
    """
    Price times quantity; what the ledger states is only compared.

    Without a price the stated amount is kept. A cent of difference is a mismatch, less is
    rounding.
    """
    if price is None or quantity is None:
        stated = amount_in(cell)
        return Reading(None if stated is None else in_cents(stated))
    amount = in_cents(price * quantity)
    if cell is None or never_calculated(cell):
        return Reading(amount)
    if cell.kind is Kind.ERROR:
        return Reading(amount, (warning(FaultCode.FORMULA_ERROR, f"{amount}"),))
    stated = amount_in(cell)
    if stated is None or abs(stated - amount) >= CENT:
        return Reading(amount, (warning(FaultCode.AMOUNT_MISMATCH, f"{amount}"),))
    return Reading(amount)


def in_cents(number: Decimal) -> Decimal:
    """Rounded half up to two decimals."""
    return number.quantize(CENT, ROUND_HALF_UP) if abs(number) < 10**20 else number


def money_in(text: str) -> Decimal | None:
    """The number in a text such as ￥1,280.00 or 46元, None when there is none."""
    match = _MONEY.fullmatch(text)
    return _decimal(match["number"]) if match else None


def _decimal(text: str) -> Decimal | None:
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return Decimal(text.replace(",", "")) if _GROUPED.fullmatch(text) else None


def _whole(number: Decimal) -> int | None:
    return int(number) if abs(number) < 10**18 and number == int(number) else None
