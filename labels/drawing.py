"""What is drawn, in millimetres from the top left corner, before any writer sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from labels.fonts import ASCENT_EM, DESCENT_EM, MM_PER_PT, face
from labels.symbol import QUIET_MODULES, Symbol

BLACK = 0.0
WHITE = 1.0


class Area(NamedTuple):
    """A rectangle in mm, y downward."""

    left_mm: float
    top_mm: float
    right_mm: float
    bottom_mm: float

    def overlaps(self, other: "Area") -> bool:
        """Tell whether the two share more than an edge."""
        return (
            self.left_mm < other.right_mm
            and other.left_mm < self.right_mm
            and self.top_mm < other.bottom_mm
            and other.top_mm < self.bottom_mm
        )

    def holds(self, other: "Area") -> bool:
        """Tell whether the other lies inside, edges included."""
        return (
            self.left_mm <= other.left_mm
            and self.top_mm <= other.top_mm
            and other.right_mm <= self.right_mm
            and other.bottom_mm <= self.bottom_mm
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line of clean text; `gray` runs from 0, black, to 1, white."""

    x_mm: float
    baseline_mm: float
    size_pt: float
    text: str
    bold: bool = False
    gray: float = BLACK

    @property
    def area(self) -> Area:
        """Give the area of its em boxes."""
        em_mm = self.size_pt * MM_PER_PT
        return Area(
            self.x_mm,
            self.baseline_mm - ASCENT_EM * em_mm,
            self.x_mm + face(bold=self.bold).width_mm(self.text, self.size_pt),
            self.baseline_mm + DESCENT_EM * em_mm,
        )


@dataclass(frozen=True, slots=True)
class PlacedSymbol:
    """A symbol with the top left corner of its dark part and the side of a module."""

    x_mm: float
    y_mm: float
    module_mm: float
    symbol: Symbol

    @property
    def side_mm(self) -> float:
        """Measure the dark part."""
        return self.symbol.modules * self.module_mm

    @property
    def area(self) -> Area:
        """Give the area of the dark part."""
        return Area(self.x_mm, self.y_mm, self.x_mm + self.side_mm, self.y_mm + self.side_mm)

    @property
    def area_with_quiet_zone(self) -> Area:
        """Give the area that nothing else may enter."""
        quiet_mm = QUIET_MODULES * self.module_mm
        left_mm, top_mm, right_mm, bottom_mm = self.area
        return Area(
            left_mm - quiet_mm, top_mm - quiet_mm, right_mm + quiet_mm, bottom_mm + quiet_mm
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A straight rule."""

    x1_mm: float
    y1_mm: float
    x2_mm: float
    y2_mm: float
    width_pt: float
    gray: float = BLACK


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, filled with one gray or framed with another."""

    area: Area
    fill: float | None = None
    frame: float | None = None
    frame_pt: float = 0.4


Item: TypeAlias = Text | PlacedSymbol | Line | Box


@dataclass(frozen=True, slots=True)
class Drawing:
    """A label or a page of paper: its size and what is on it."""

    width_mm: float
    height_mm: float
    items: tuple[Item, ...]

    @property
    def area(self) -> Area:
        """Give the area of the whole drawing."""
        return Area(0, 0, self.width_mm, self.height_mm)


class Placed(NamedTuple):
    """A drawing on a page, by its top left corner in mm."""

    x_mm: float
    y_mm: float
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Page:
    """A page that a writer puts out."""

    width_mm: float
    height_mm: float
    placed: tuple[Placed, ...]

    def texts(self) -> Iterator[Text]:
        """Yield all texts, each with the position on its own drawing."""
        for _, _, drawing in self.placed:
            yield from (item for item in drawing.items if isinstance(item, Text))


def page_of(drawing: Drawing) -> Page:
    """Make a page of one drawing that fills it."""
    return Page(drawing.width_mm, drawing.height_mm, (Placed(0, 0, drawing),))
