"""The top and the foot of a paper's pages: title, facts and symbol; page numbers."""

from collections.abc import Sequence

from labels.drawing import Drawing, Item, Line, PlacedSymbol, Text
from labels.fonts import face
from labels.stack import Stack, baseline_mm, rows_mm
from labels.symbol import encode, encode_small
from labels.text import limited

TITLE_PT = 19.0
SUBTITLE_PT = 10.5
SUBTITLE_GRAY = 0.3
FACT_PT = 9.5
FACT_LABEL_PT = 8.5
FACT_LINE_MM = 5.4
SMALL_PT = 7.5
RUNNING_PT = 8.0
LABEL_GRAY = 0.42
SYMBOL_MM = 26.0
MARK_MM = 9.0
SYMBOL_GAP_MM = 8.0
"""More than the quiet zone of the smallest symbol, which has the largest modules."""
GAP_MM = 3.5
FOOT_RULE_PT = 0.35
FOOT_RULE_GRAY = 0.72
FOOT_MM = 6.0

Facts = Sequence[tuple[str, str]]


def first_head(
    title: str,
    subtitle: str,
    facts: Facts,
    symbol: tuple[str, str],
    width_mm: float,
    mark: tuple[str, str] = ("", ""),
) -> Drawing:
    """Draw title, subtitle and facts, and at their right the symbol with its caption, the mark."""
    payload, caption = symbol
    text_mm = width_mm - SYMBOL_MM - SYMBOL_GAP_MM if payload else width_mm
    marked: list[Item] = []
    if mark[0]:
        text_mm -= MARK_MM + SYMBOL_GAP_MM
        marked = _mark(*mark, text_mm + SYMBOL_GAP_MM)
    stack = Stack(text_mm)
    stack.add(title, TITLE_PT, most=3, bold=True)
    stack.gap(0.6)
    stack.add(subtitle, SUBTITLE_PT, most=3, gray=SUBTITLE_GRAY)
    stack.gap(2.6 if facts else 0)
    _add_facts(stack, facts)
    bottom_mm, items = _symbol(payload, caption, width_mm - SYMBOL_MM) if payload else (0.0, [])
    height_mm = max(stack.y_mm, bottom_mm) + GAP_MM
    return Drawing(width_mm, height_mm, (*stack.items, *items, *marked))


def _mark(payload: str, caption: str, left_mm: float) -> list[Item]:
    """Draw a small symbol that stands on the line on which the large one stands."""
    symbol = encode_small(payload)
    font = face(bold=False)
    top_mm = SYMBOL_MM - MARK_MM
    [line] = limited(caption, font, SMALL_PT, MARK_MM + SYMBOL_GAP_MM, 1).lines or [""]
    middle_mm = left_mm + (MARK_MM - font.width_mm(line, SMALL_PT)) / 2
    return [
        PlacedSymbol(left_mm, top_mm, MARK_MM / symbol.modules, symbol),
        Text(middle_mm, baseline_mm(0, SMALL_PT, SYMBOL_MM + 1.2), SMALL_PT, line),
    ]


def running_head(title: str, subtitle: str, width_mm: float) -> Drawing:
    """Draw what later pages say of the whole."""
    words = "·".join(text for text in (title, subtitle) if text)
    stack = Stack(width_mm)
    stack.add(words, RUNNING_PT, most=1, gray=LABEL_GRAY)
    return Drawing(width_mm, stack.y_mm + 2, tuple(stack.items))


def foot(footer: str, page_words: str, width_mm: float) -> Drawing:
    """Draw the footer left and the page number right, under a rule."""
    font = face(bold=False)
    words_mm = font.width_mm(page_words, SMALL_PT)
    room_mm = max(0.0, width_mm - words_mm - GAP_MM)
    y_mm = baseline_mm(0, SMALL_PT, 1.2)
    items: list[Item] = [Line(0, 0, width_mm, 0, FOOT_RULE_PT, FOOT_RULE_GRAY)]
    for line in limited(footer, font, SMALL_PT, room_mm, 1).lines:
        items.append(Text(0, y_mm, SMALL_PT, line, gray=LABEL_GRAY))
    items.append(Text(width_mm - words_mm, y_mm, SMALL_PT, page_words, gray=LABEL_GRAY))
    return Drawing(width_mm, FOOT_MM, tuple(items))


def _symbol(payload: str, caption: str, left_mm: float) -> tuple[float, list[Item]]:
    """Draw the symbol with its caption under the quiet zone, and give the lowest edge."""
    symbol = encode(payload)
    placed = PlacedSymbol(left_mm, 0, SYMBOL_MM / symbol.modules, symbol)
    font = face(bold=False)
    top_mm = placed.area_with_quiet_zone.bottom_mm
    lines = limited(caption, font, SMALL_PT, SYMBOL_MM, 3).lines
    texts = [
        Text(
            left_mm + (SYMBOL_MM - font.width_mm(line, SMALL_PT)) / 2,
            baseline_mm(row, SMALL_PT, top_mm),
            SMALL_PT,
            line,
        )
        for row, line in enumerate(lines)
    ]
    return top_mm + rows_mm(len(lines), SMALL_PT), [placed, *texts]


def _add_facts(stack: Stack, facts: Facts) -> None:
    """Set labels and values in two columns, read row by row."""
    column_mm = stack.width_mm / 2
    label_mm = [_label_mm(facts[side::2], column_mm) for side in (0, 1)]
    for start in range(0, len(facts), 2):
        pair = facts[start : start + 2]
        lowest_mm = stack.y_mm + FACT_LINE_MM
        for side, (label, value) in enumerate(pair):
            fact = Stack(label_mm[side], side * column_mm, stack.y_mm)
            lowest_mm = max(lowest_mm, _add_fact(fact, label, value, column_mm))
            stack.items += fact.items
        stack.y_mm = lowest_mm


def _label_mm(facts: Facts, column_mm: float) -> float:
    font = face(bold=False)
    widest_mm = max((font.width_mm(label, FACT_LABEL_PT) for label, _ in facts), default=0)
    return min(widest_mm + 2.5, column_mm / 2)


def _add_fact(stack: Stack, label: str, value: str, column_mm: float) -> float:
    """Set a value right of its label, on one baseline, and give the lowest edge."""
    font = face(bold=False)
    baseline = baseline_mm(0, FACT_PT, stack.y_mm)
    for line in limited(label, font, FACT_LABEL_PT, stack.width_mm, 1).lines:
        stack.items.append(Text(stack.x_mm, baseline, FACT_LABEL_PT, line, gray=LABEL_GRAY))
    value_x_mm = stack.x_mm + stack.width_mm
    lines = limited(value, font, FACT_PT, column_mm - stack.width_mm - GAP_MM, 3).lines
    for row, line in enumerate(lines):
        stack.items.append(Text(value_x_mm, baseline + row * FACT_LINE_MM, FACT_PT, line))
    return stack.y_mm + max(1, len(lines)) * FACT_LINE_MM
