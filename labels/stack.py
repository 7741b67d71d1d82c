"""Texts set under each other, growing downward."""

from dataclasses import dataclass, field

from labels.drawing import BLACK, Item, Text
from labels.fonts import ASCENT_EM, DESCENT_EM, MM_PER_PT, face
from labels.text import LEADING, limited


def baseline_mm(row: int, size_pt: float, top_mm: float) -> float:
    """Find the baseline of a row, counted from 0, in a stack that begins at `top_mm`."""
    half_leading_em = (LEADING - ASCENT_EM - DESCENT_EM) / 2
    return top_mm + (row * LEADING + half_leading_em + ASCENT_EM) * size_pt * MM_PER_PT


def rows_mm(rows: int, size_pt: float) -> float:
    """Measure the height of so many rows."""
    return rows * size_pt * LEADING * MM_PER_PT


@dataclass(slots=True)
class Stack:
    """Rows of text from `y_mm` down, at most `width_mm` wide."""

    width_mm: float
    x_mm: float = 0.0
    y_mm: float = 0.0
    items: list[Item] = field(default_factory=list)

    def add(
        self, text: str, size_pt: float, *, most: int, bold: bool = False, gray: float = BLACK
    ) -> None:
        """Put clean text under what is there, in `most` rows at the most."""
        for line in limited(text, face(bold=bold), size_pt, self.width_mm, most).lines:
            y_mm = baseline_mm(0, size_pt, self.y_mm)
            self.items.append(Text(self.x_mm, y_mm, size_pt, line, bold, gray))
            self.y_mm += rows_mm(1, size_pt)

    def gap(self, height_mm: float) -> None:
        """Leave some height free."""
        self.y_mm += height_mm
