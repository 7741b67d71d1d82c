"""One label, drawn: the symbol left, the text right of it, the code under or beside it."""

import math
from collections.abc import Iterator

from labels.column import Column, Sizes, column
from labels.content import LabelContent
from labels.drawing import Drawing, Item, PlacedSymbol, Text
from labels.errors import LabelTooSmall
from labels.fonts import ASCENT_EM, CAP_EM, DESCENT_EM, MM_PER_PT, face
from labels.stocks import Stock
from labels.symbol import QUIET_MODULES, Symbol, encode
from labels.text import FLOOR_PT, Fitted, clean, one_line_pt

DOT_MM = 0.125
"""A dot of a 203 dpi print head, which has 8 a millimetre; modules are whole dots."""
SMALLEST_MODULE_MM = 3 * DOT_MM
SYMBOL_SHARE = 0.56
"""The most of the width that the symbol with its quiet zone takes from the text."""
GAP_MM = 0.8
"""Least distance of the code from the text above it."""


def label_drawing(content: LabelContent, stock: Stock) -> Drawing:
    """
    Draw one label.

    Raises:
        CannotEncode, ControlCharacter, MissingGlyph: the content cannot be printed.
        LabelTooSmall: the symbol would have modules under 0.375 mm (3 dots at
            203 dpi), or the code letters under 6 pt. Title and lines are shrunk
            and in the end cut instead.
    """
    printed = LabelContent(
        code=clean(content.code),
        symbol=content.symbol,
        title=clean(content.title),
        lines=tuple(line for line in map(clean, content.lines) if line),
    )
    return Drawing(stock.width_mm, stock.height_mm, tuple(_items(printed, stock)))


def _items(content: LabelContent, stock: Stock) -> list[Item]:
    if content.is_blank:
        return _blank(content, stock)
    if stock.code == "under":
        return _with_code_under(content, stock)
    return _with_code_beside(content, stock)


def _blank(content: LabelContent, stock: Stock) -> list[Item]:
    """Set the symbol and the code under it, both in the middle."""
    code = _code(content.code, stock, stock.width_mm - 2 * stock.margin_mm)
    room_mm = stock.height_mm - _foot_mm(code, stock)
    symbol = encode(content.symbol)
    module_mm = _module_mm(symbol, min(stock.width_mm, room_mm))
    side_mm = symbol.modules * module_mm
    x_mm, y_mm = (stock.width_mm - side_mm) / 2, (room_mm - side_mm) / 2
    code_x_mm = (stock.width_mm - _width_mm(code)) / 2
    return [
        PlacedSymbol(_on_dot(x_mm), _on_dot(y_mm), module_mm, symbol),
        *_code_texts(code, code_x_mm, _lowest_baseline_mm(code, stock)),
    ]


def _with_code_under(content: LabelContent, stock: Stock) -> list[Item]:
    """Set the code along the foot of the label, from the symbol's left edge."""
    code = _code(content.code, stock, stock.width_mm - 2 * stock.margin_mm)
    symbol = _placed(encode(content.symbol), stock, stock.height_mm - _foot_mm(code, stock))
    x_mm = min(symbol.x_mm, stock.width_mm - stock.margin_mm - _width_mm(code))
    baseline_mm = _lowest_baseline_mm(code, stock)
    bottom_mm = _text_bottom_mm(code, baseline_mm, stock)
    for top_mm in (_level_top_mm(content, stock, symbol), stock.margin_mm):
        text = _column(content, stock, symbol, bottom_mm - top_mm)
        if text.is_natural:
            break
    return [
        symbol,
        *_code_texts(code, x_mm, baseline_mm),
        *text.texts(symbol.area_with_quiet_zone.right_mm, top_mm),
    ]


def _with_code_beside(content: LabelContent, stock: Stock) -> list[Item]:
    """
    Set the code at the foot of the text.

    A text that is short begins and ends level with the symbol's edges; one that
    would have to shrink for it takes the height of the label.
    """
    symbol = _placed(encode(content.symbol), stock, stock.height_mm)
    left_mm = symbol.area_with_quiet_zone.right_mm
    code = _code(content.code, stock, stock.width_mm - stock.margin_mm - left_mm)
    lowest_mm = _lowest_baseline_mm(code, stock)
    level_mm = _level_top_mm(content, stock, symbol), min(symbol.area.bottom_mm, lowest_mm)
    for top_mm, baseline_mm in (level_mm, (stock.margin_mm, lowest_mm)):
        height_mm = _text_bottom_mm(code, baseline_mm, stock) - top_mm
        text = _column(content, stock, symbol, height_mm)
        if text.is_natural:
            break
    return [
        symbol,
        *_code_texts(code, left_mm, baseline_mm),
        *text.texts(left_mm, top_mm),
    ]


def _code(code: str, stock: Stock, width_mm: float) -> Fitted:
    """Set the code on one line; a code that is cut would be another code."""
    font = face(bold=False)
    size_pt = one_line_pt(code, font, width_mm, stock.code_pt)
    if size_pt < FLOOR_PT:
        raise LabelTooSmall(font.width_mm(code, FLOOR_PT), width_mm)
    return Fitted(size_pt, (code,) if code else ())


def _code_texts(code: Fitted, x_mm: float, baseline_mm: float) -> Iterator[Text]:
    return (Text(x_mm, baseline_mm, code.size_pt, line) for line in code.lines)


def _width_mm(code: Fitted) -> float:
    return face(bold=False).width_mm("".join(code.lines), code.size_pt)


def _foot_mm(code: Fitted, stock: Stock) -> float:
    """Measure what the code takes from the label's height, its margin included."""
    em_mm = (ASCENT_EM + DESCENT_EM) * code.size_pt * MM_PER_PT
    return em_mm + stock.margin_mm if code.lines else 0


def _lowest_baseline_mm(code: Fitted, stock: Stock) -> float:
    return stock.height_mm - stock.margin_mm - DESCENT_EM * code.size_pt * MM_PER_PT


def _text_bottom_mm(code: Fitted, baseline_mm: float, stock: Stock) -> float:
    if not code.lines:
        return stock.height_mm - stock.margin_mm
    return baseline_mm - ASCENT_EM * code.size_pt * MM_PER_PT - GAP_MM


def _level_top_mm(content: LabelContent, stock: Stock, symbol: PlacedSymbol) -> float:
    """Find the top at which the first line's capitals are level with the symbol."""
    first_pt = stock.title_pt if content.title else stock.text_pt
    return max(stock.margin_mm, symbol.y_mm - (ASCENT_EM - CAP_EM) * first_pt * MM_PER_PT)


def _column(content: LabelContent, stock: Stock, symbol: PlacedSymbol, height_mm: float) -> Column:
    width_mm = stock.width_mm - stock.margin_mm - symbol.area_with_quiet_zone.right_mm
    sizes = Sizes(stock.title_pt, stock.text_pt)
    return column(content.title, content.lines, sizes, width_mm, height_mm)


def _placed(symbol: Symbol, stock: Stock, height_mm: float) -> PlacedSymbol:
    """Set the symbol left, in the middle of the height; its quiet zone may be the margin."""
    module_mm = _module_mm(symbol, min(height_mm, stock.width_mm * SYMBOL_SHARE))
    x_mm = max(_on_dot(stock.margin_mm), QUIET_MODULES * module_mm)
    y_mm = (height_mm - symbol.modules * module_mm) / 2
    return PlacedSymbol(x_mm, _on_dot(y_mm), module_mm, symbol)


def _module_mm(symbol: Symbol, room_mm: float) -> float:
    modules = symbol.modules_with_quiet_zone
    module_mm = _on_dot(room_mm / modules)
    if module_mm < SMALLEST_MODULE_MM:
        raise LabelTooSmall(modules * SMALLEST_MODULE_MM, room_mm)
    return module_mm


def _on_dot(length_mm: float) -> float:
    return math.floor(length_mm / DOT_MM + 1e-6) * DOT_MM
