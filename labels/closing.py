"""The end of a paper: the summary, the notes, the cells for signatures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labels.drawing import Area, Box, Drawing, Item, Line, Text
from labels.fonts import face
from labels.stack import Stack, baseline_mm, rows_mm
from labels.table import NOTE_GRAY, NOTE_PT, RULE_STRONG_PT, Block
from labels.text import limited

SUMMARY_PT = 11.0
SUMMARY_LABEL_PT = 8.5
LABEL_GRAY = 0.42
SIGNATURE_MM = 18.0
SIGNATURES_A_ROW = 5
FRAME_GRAY = 0.45
GAP_MM = 3.5


@dataclass(frozen=True, slots=True)
class _Pair:
    """A label and its bold value, on one line."""

    label: str
    value: str

    @property
    def label_mm(self) -> float:
        return face(bold=False).width_mm(self.label, SUMMARY_LABEL_PT) + 1.6

    @property
    def width_mm(self) -> float:
        return self.label_mm + face(bold=True).width_mm(self.value, SUMMARY_PT)

    def texts(self, x_mm: float, y_mm: float) -> list[Text]:
        return [
            Text(x_mm, y_mm, SUMMARY_LABEL_PT, self.label, gray=LABEL_GRAY),
            Text(x_mm + self.label_mm, y_mm, SUMMARY_PT, self.value, bold=True),
        ]


def summary(facts: Sequence[tuple[str, str]], width_mm: float) -> Iterator[Block]:
    """Set labels and bold values in a row, wrapping where the width ends."""
    if not facts:
        return
    items: list[Item] = [Line(0, 0, width_mm, 0, RULE_STRONG_PT)]
    x_mm, row = 0.0, 0
    for label, value in facts:
        pair = _pair(label, value, width_mm)
        if x_mm and x_mm + pair.width_mm > width_mm:
            x_mm, row = 0.0, row + 1
        items += pair.texts(x_mm, baseline_mm(row, SUMMARY_PT, GAP_MM / 2))
        x_mm += pair.width_mm + 2 * GAP_MM
    height_mm = rows_mm(row + 1, SUMMARY_PT) + 1.5 * GAP_MM
    yield Block(Drawing(width_mm, height_mm, tuple(items)))


def _pair(label: str, value: str, width_mm: float) -> _Pair:
    """Cut label and value so that both fit a line together."""
    room_mm = width_mm / 2 - 2
    short = limited(label, face(bold=False), SUMMARY_LABEL_PT, room_mm, 1)
    bold = limited(value, face(bold=True), SUMMARY_PT, room_mm, 1)
    return _Pair("".join(short.lines), "".join(bold.lines))


def notes(texts: Sequence[str], width_mm: float) -> Iterator[Block]:
    """Set each note as a small gray paragraph."""
    for text in texts:
        stack = Stack(width_mm)
        stack.gap(GAP_MM / 3)
        stack.add(text, NOTE_PT, most=40, gray=NOTE_GRAY)
        stack.gap(GAP_MM / 3)
        yield Block(Drawing(width_mm, stack.y_mm, tuple(stack.items)))


def signatures(labels: Sequence[str], width_mm: float) -> Iterator[Block]:
    """Draw rows of empty cells, as even as they can be, each with its label in the corner."""
    rows = -(-len(labels) // SIGNATURES_A_ROW)
    columns = -(-len(labels) // max(1, rows))
    for start in range(0, len(labels), max(1, columns)):
        top_mm = GAP_MM / 2 if start == 0 else 0
        items = [
            item
            for column, label in enumerate(labels[start : start + columns])
            for item in _cell(label, column * width_mm / columns, top_mm, width_mm / columns)
        ]
        yield Block(Drawing(width_mm, top_mm + SIGNATURE_MM, tuple(items)))


def _cell(label: str, left_mm: float, top_mm: float, width_mm: float) -> list[Item]:
    stack = Stack(width_mm - 3, left_mm + 1.5, top_mm + 1)
    stack.add(label, NOTE_PT, most=2, gray=NOTE_GRAY)
    area = Area(left_mm, top_mm, left_mm + width_mm, top_mm + SIGNATURE_MM)
    return [Box(area, frame=FRAME_GRAY, frame_pt=0.5), *stack.items]
