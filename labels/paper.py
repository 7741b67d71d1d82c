"""A paper on A4 pages: what goes on which page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from labels.closing import notes, signatures, summary
from labels.drawing import Drawing, Page, Placed
from labels.masthead import first_head, foot, running_head
from labels.table import Block, Table, TableColumn, TableSection, table

A4_MM = (210.0, 297.0)
SIDE_MM = 16.0
TOP_MM = 14.0
BOTTOM_MM = 17.0
"""Free under the table; the foot stands in it."""
FOOT_FROM_BOTTOM_MM = 13.0
TALLEST_HEADING_MM = 36.0
"""Four lines of heading and four of note under it."""
CLOSING_MM = 70.0
"""The last row and what is under the table stay on one page when they are no taller."""

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A document whose texts are clean."""

    title: str
    subtitle: str
    facts: Facts
    symbol: str
    symbol_caption: str
    mark: tuple[str, str]
    columns: tuple[TableColumn, ...]
    sections: tuple[TableSection, ...]
    summary: Facts
    notes: tuple[str, ...]
    signatures: tuple[str, ...]
    footer: str
    page_words: Callable[[int, int], str]
    landscape: bool

    @property
    def page_mm(self) -> tuple[float, float]:
        """Give width and height of the page."""
        return (A4_MM[1], A4_MM[0]) if self.landscape else A4_MM

    @property
    def width_mm(self) -> float:
        """Measure between the side margins."""
        return self.page_mm[0] - 2 * SIDE_MM

    def pages(self) -> list[Page]:
        """Draw all pages; only then is their number known."""
        flow = self._flow()
        return [
            Page(*self.page_mm, (*placed, self._foot(number, len(flow))))
            for number, placed in enumerate(flow, start=1)
        ]

    def _flow(self) -> list[list[Placed]]:
        grid = table(self.columns, self.sections, self.width_mm) if self.columns else None
        symbol = (self.symbol, self.symbol_caption)
        flow = _Flow(
            bottom_mm=self.page_mm[1] - BOTTOM_MM,
            first_head=first_head(
                self.title, self.subtitle, self.facts, symbol, self.width_mm, self.mark
            ),
            running_head=running_head(self.title, self.subtitle, self.width_mm),
            table_head=grid.head() if grid else None,
        )
        for group in _groups(self._blocks(grid, flow.tallest_mm())):
            flow.put(group)
        return flow.pages

    def _blocks(self, grid: Table | None, tallest_mm: float) -> Iterator[Block]:
        rows = list(self._rows(grid, tallest_mm)) if grid else []
        closing = list(self._closing())
        last = [*rows[-1:], *closing]
        if self.signatures and sum(block.drawing.height_mm for block in last) <= CLOSING_MM:
            # Nobody signs a page that says nothing: the last row comes along.
            rows[-1:] = [replace(block, keeps_next=True) for block in rows[-1:]]
            closing[:-1] = [replace(block, keeps_next=True) for block in closing[:-1]]
        yield from rows
        yield from closing

    def _rows(self, grid: Table, tallest_mm: float) -> Iterator[Block]:
        # Nothing to draw, but the table's head above it, also where there are no rows.
        yield Block(Drawing(0, 0, ()), in_table=True, keeps_next=True)
        for section in self.sections:
            yield from grid.blocks(section, tallest_mm)

    def _closing(self) -> Iterator[Block]:
        yield from summary(self.summary, self.width_mm)
        yield from notes(self.notes, self.width_mm)
        yield from signatures(self.signatures, self.width_mm)

    def _foot(self, number: int, pages: int) -> Placed:
        drawing = foot(self.footer, self.page_words(number, pages), self.width_mm)
        return Placed(SIDE_MM, self.page_mm[1] - FOOT_FROM_BOTTOM_MM, drawing)


@dataclass(slots=True)
class _Flow:
    """Pages being filled from the top; a group of blocks stays on one page if it can."""

    bottom_mm: float
    first_head: Drawing
    running_head: Drawing
    table_head: Drawing | None
    pages: list[list[Placed]] = field(default_factory=list)
    y_mm: float = 0.0
    has_table_head: bool = False

    def __post_init__(self) -> None:
        self._turn(self.first_head)

    def tallest_mm(self) -> float:
        """Measure the room for one row under both heads and a section heading."""
        heads_mm = self.running_head.height_mm
        heads_mm += self.table_head.height_mm if self.table_head else 0
        return self.bottom_mm - TOP_MM - heads_mm - TALLEST_HEADING_MM

    def put(self, group: Sequence[Block]) -> None:
        """Place the group here, or on a new page where it does not fit."""
        needs_head = self._needs_table_head(group)
        is_new = group[0].begins_page and self.has_table_head
        if is_new or self.y_mm + self._height_mm(group, needs_head) > self.bottom_mm:
            self._turn(self.running_head)
        if self._needs_table_head(group):
            self._begin_table(group[0].again)
        for block in group:
            self._place(block.drawing)

    def _needs_table_head(self, group: Sequence[Block]) -> bool:
        return not self.has_table_head and any(block.in_table for block in group)

    def _height_mm(self, group: Sequence[Block], needs_head: bool) -> float:
        head_mm = self.table_head.height_mm if needs_head and self.table_head else 0
        return head_mm + sum(block.drawing.height_mm for block in group)

    def _begin_table(self, again: Drawing | None) -> None:
        self.has_table_head = True
        for drawing in (self.table_head, again):
            if drawing:
                self._place(drawing)

    def _turn(self, head: Drawing) -> None:
        self.pages.append([])
        self.y_mm = TOP_MM
        self.has_table_head = False
        self._place(head)

    def _place(self, drawing: Drawing) -> None:
        self.pages[-1].append(Placed(SIDE_MM, self.y_mm, drawing))
        self.y_mm += drawing.height_mm


def _groups(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Keep each heading with its first row."""
    group: list[Block] = []
    for block in blocks:
        group.append(block)
        if not block.keeps_next:
            yield group
            group = []
    if group:
        yield group
