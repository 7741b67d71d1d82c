"""The table of a paper: how wide its columns are, how its rows and headings are drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal

from labels.drawing import Area, Box, Drawing, Item, Line, Text
from labels.errors import LabelTooSmall
from labels.fonts import MM_PER_PT, Face, face
from labels.stack import baseline_mm, rows_mm
from labels.text import LEADING, limited

CELL_PT = 9.0
HEAD_PT = 8.0
HEADING_PT = 9.5
NOTE_PT = 8.0
PAD_X_MM = 1.4
PAD_Y_MM = 1.0
WIDEST_NATURAL_MM = 90.0
"""One long cell does not starve the other columns."""
LONGEST_WORD_MM = 22.0
"""A column makes room for its longest word up to this, then breaks it."""

RULE_STRONG_PT = 0.9
RULE_PT = 0.35
RULE_GRAY = 0.72
HEAD_GRAY = 0.25
NOTE_GRAY = 0.4
BAND_GRAY = 0.93

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column whose title is clean."""

    title: str
    width_mm: float | None
    align: Align


@dataclass(frozen=True, slots=True)
class TableSection:
    """Rows of clean cells under a heading."""

    heading: str
    rows: tuple[tuple[str, ...], ...]
    note: str
    begins_page: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """
    A piece of a page that is not broken.

    The table's pieces want its head above them, and `again`, the heading of
    their section, where they begin a page.
    """

    drawing: Drawing
    keeps_next: bool = False
    in_table: bool = False
    again: Drawing | None = None
    begins_page: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Columns with their final widths in mm."""

    columns: tuple[TableColumn, ...]
    widths_mm: tuple[float, ...]
    width_mm: float

    def head(self) -> Drawing:
        """Draw the titles between two rules."""
        titles = tuple(column.title for column in self.columns)
        height_mm, texts = self._cells(titles, face(bold=True), HEAD_PT, HEAD_GRAY, most=4)
        rules = (
            Line(0, 0, self.width_mm, 0, RULE_STRONG_PT),
            Line(0, height_mm, self.width_mm, height_mm, RULE_STRONG_PT / 2),
        )
        return Drawing(self.width_mm, height_mm, (*texts, *rules))

    def blocks(self, section: TableSection, tallest_mm: float) -> Iterator[Block]:
        """Draw a section; a row is cut where it would be taller than `tallest_mm`."""
        if section.heading or section.note:
            yield Block(
                self._heading(section),
                keeps_next=bool(section.rows),
                in_table=True,
                begins_page=section.begins_page,
            )
        most = max(1, int((tallest_mm - 2 * PAD_Y_MM) / (CELL_PT * LEADING * MM_PER_PT)))
        again = self._heading(replace(section, note="")) if section.heading else None
        for row in section.rows:
            yield Block(self._row(row, most), in_table=True, again=again)

    def _row(self, row: Sequence[str], most: int) -> Drawing:
        height_mm, texts = self._cells(row, face(bold=False), CELL_PT, 0, most)
        rule = Line(0, height_mm, self.width_mm, height_mm, RULE_PT, RULE_GRAY)
        return Drawing(self.width_mm, height_mm, (*texts, rule))

    def _cells(
        self, row: Sequence[str], font: Face, size_pt: float, gray: float, most: int
    ) -> tuple[float, list[Text]]:
        """Set the cells of a row side by side and give the height of the tallest."""
        texts: list[Text] = []
        lines = 1
        left_mm = 0.0
        for column, width_mm, cell in zip(self.columns, self.widths_mm, row, strict=True):
            room_mm = width_mm - 2 * PAD_X_MM
            fitted = limited(cell, font, size_pt, room_mm, most)
            lines = max(lines, len(fitted.lines))
            for number, line in enumerate(fitted.lines):
                free_mm = room_mm - font.width_mm(line, size_pt)
                x_mm = left_mm + PAD_X_MM + free_mm * _SHIFT[column.align]
                y_mm = baseline_mm(number, size_pt, PAD_Y_MM)
                texts.append(Text(x_mm, y_mm, size_pt, line, font is face(bold=True), gray))
            left_mm += width_mm
        return rows_mm(lines, size_pt) + 2 * PAD_Y_MM, texts

    def _heading(self, section: TableSection) -> Drawing:
        """Set heading left and note right; below each other when they are too long."""
        heading = _lines_of(section.heading, face(bold=True), HEADING_PT, self.width_mm)
        note = _lines_of(section.note, face(bold=False), NOTE_PT, self.width_mm)
        note_mm = _widest_mm(note, face(bold=False), NOTE_PT)
        heading_mm = _widest_mm(heading, face(bold=True), HEADING_PT)
        beside = heading_mm + note_mm + 4 * PAD_X_MM <= self.width_mm
        first = 0 if beside else len(heading)
        rows = max(len(heading), first + len(note), 1)
        height_mm = rows_mm(rows, HEADING_PT) + 2 * PAD_Y_MM
        x_mm = self.width_mm - PAD_X_MM - note_mm if beside else PAD_X_MM
        items: tuple[Item, ...] = (
            Box(Area(0, 0, self.width_mm, height_mm), fill=BAND_GRAY),
            *_stacked(heading, PAD_X_MM, 0, HEADING_PT, bold=True),
            *_stacked(note, x_mm, first, NOTE_PT, gray=NOTE_GRAY),
            Line(0, height_mm, self.width_mm, height_mm, RULE_PT, RULE_GRAY),
        )
        return Drawing(self.width_mm, height_mm, items)


_SHIFT: dict[Align, float] = {"left": 0.0, "center": 0.5, "right": 1.0}


def _lines_of(text: str, font: Face, size_pt: float, width_mm: float) -> tuple[str, ...]:
    return limited(text, font, size_pt, width_mm - 2 * PAD_X_MM, 4).lines


def _widest_mm(lines: Sequence[str], font: Face, size_pt: float) -> float:
    return max((font.width_mm(line, size_pt) for line in lines), default=0)


def _stacked(
    lines: Sequence[str],
    x_mm: float,
    first: int,
    size_pt: float,
    *,
    bold: bool = False,
    gray: float = 0,
) -> list[Text]:
    """Set lines on the rows of a heading band from row `first` on."""
    return [
        Text(x_mm, baseline_mm(first + number, HEADING_PT, PAD_Y_MM), size_pt, line, bold, gray)
        for number, line in enumerate(lines)
    ]


def table(
    columns: tuple[TableColumn, ...], sections: Sequence[TableSection], width_mm: float
) -> Table:
    """
    Find the widths of the columns so that the table fills the width.

    Raises:
        LabelTooSmall: the given widths and the least of the others need more.
    """
    rows = tuple(chain.from_iterable(section.rows for section in sections))
    wishes = [_wish(column, [row[i] for row in rows]) for i, column in enumerate(columns)]
    least_mm = sum(wish.least_mm for wish in wishes)
    if least_mm > width_mm + 0.01:
        raise LabelTooSmall(least_mm, width_mm)
    return Table(columns, tuple(_shared(wishes, width_mm)), width_mm)


@dataclass(frozen=True, slots=True)
class _Wish:
    """The least and the comfortable width of a column in mm; equal when it is given."""

    least_mm: float
    natural_mm: float
    is_given: bool


def _wish(column: TableColumn, cells: Sequence[str]) -> _Wish:
    if column.width_mm is not None:
        return _Wish(column.width_mm, column.width_mm, is_given=True)
    title_mm = face(bold=True).width_mm(column.title, HEAD_PT)
    widest_mm = _widest_mm(cells, face(bold=False), CELL_PT)
    words = chain.from_iterable(cell.split(" ") for cell in set(cells))
    word_mm = _widest_mm(tuple(words), face(bold=False), CELL_PT)
    least_mm = max(min(title_mm, LONGEST_WORD_MM), min(word_mm, LONGEST_WORD_MM), CELL_PT * 0.4)
    natural_mm = max(least_mm, title_mm, min(widest_mm, WIDEST_NATURAL_MM))
    return _Wish(least_mm + 2 * PAD_X_MM, natural_mm + 2 * PAD_X_MM, is_given=False)


def _shared(wishes: Sequence[_Wish], width_mm: float) -> Iterator[float]:
    """Give each its least, then the rest by how much more it wants, then by its size."""
    least_mm = sum(wish.least_mm for wish in wishes)
    more_mm = sum(wish.natural_mm for wish in wishes) - least_mm
    part = min(1.0, (width_mm - least_mm) / more_mm) if more_mm else 0.0
    spare_mm = max(0.0, width_mm - least_mm - more_mm)
    open_mm = sum(wish.natural_mm for wish in wishes if not wish.is_given)
    for wish in wishes:
        own_mm = wish.least_mm + (wish.natural_mm - wish.least_mm) * part
        yield own_mm if wish.is_given else own_mm + spare_mm * wish.natural_mm / open_mm
