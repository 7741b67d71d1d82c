"""What labels are printed on: rolls and sheets, described by data."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from labels.errors import InvalidSkip, InvalidStock, UnknownStock
from labels.text import FLOOR_PT

FILE = Path(__file__).parent / "stocks.toml"

# Lengths come as decimal fractions; a sum of eight may miss the page by a hair.
TOLERANCE_MM = 0.001


class Slot(NamedTuple):
    """Where a label goes: page from 0, its top left corner in mm from the page's."""

    page: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """
    A roll or sheet of equal labels and the type set on them.

    Raises:
        InvalidStock: a length is impossible, or the labels overrun the page.
    """

    name: str
    kind: Literal["roll", "sheet"]
    width_mm: float
    height_mm: float
    margin_mm: float
    code: Literal["under", "beside"]
    title_pt: float
    text_pt: float
    code_pt: float
    page_width_mm: float = 0
    page_height_mm: float = 0
    columns: int = 1
    rows: int = 1
    left_mm: float = 0
    top_mm: float = 0
    gap_x_mm: float = 0
    gap_y_mm: float = 0
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind == "roll":
            object.__setattr__(self, "page_width_mm", self.width_mm)
            object.__setattr__(self, "page_height_mm", self.height_mm)
        self._check()

    def _check(self) -> None:
        if self.kind not in ("roll", "sheet") or self.code not in ("under", "beside"):
            raise InvalidStock(self.name, "kind is roll or sheet, code is under or beside")
        if min(self.columns, self.rows, self.width_mm, self.height_mm) <= 0:
            raise InvalidStock(self.name, "columns, rows, width and height are more than 0")
        if self.is_roll and self.labels_per_page != 1:
            raise InvalidStock(self.name, "a roll has one label a page")
        if min(self.left_mm, self.top_mm, self.gap_x_mm, self.gap_y_mm, self.margin_mm) < 0:
            raise InvalidStock(self.name, "no distance is negative")
        if min(self.title_pt, self.text_pt, self.code_pt) < FLOOR_PT:
            raise InvalidStock(self.name, f"no type is smaller than {FLOOR_PT:g} pt")
        if self._overrun_mm() > TOLERANCE_MM:
            raise InvalidStock(self.name, f"overruns the page by {self._overrun_mm():.2f} mm")

    def _overrun_mm(self) -> float:
        right_mm = self.left_mm + self.columns * (self.width_mm + self.gap_x_mm) - self.gap_x_mm
        bottom_mm = self.top_mm + self.rows * (self.height_mm + self.gap_y_mm) - self.gap_y_mm
        return max(right_mm - self.page_width_mm, bottom_mm - self.page_height_mm)

    @property
    def is_roll(self) -> bool:
        """Tell whether each label is a page of its own."""
        return self.kind == "roll"

    @property
    def labels_per_page(self) -> int:
        """Count the labels of a page."""
        return self.columns * self.rows

    def slots(self, count: int, skip: int = 0) -> Iterator[Slot]:
        """
        Yield a slot for each of `count` labels, row by row, after `skip` used ones.

        A skip beyond the first page starts on a later one and leaves the pages
        before it empty of slots. On a roll nothing can be skipped: there is no
        half-used page to finish.

        Raises:
            InvalidSkip: negative, or not 0 on a roll.
        """
        self.check_skip(skip)
        return map(self.slot, range(skip, skip + count))

    def check_skip(self, skip: int) -> None:
        """
        Refuse a number of labels that cannot be skipped.

        Raises:
            InvalidSkip: negative, or not 0 on a roll.
        """
        if skip < 0:
            raise InvalidSkip(skip, "it is negative")
        if skip and self.is_roll:
            raise InvalidSkip(skip, f"{self.name} is a roll, labels are only skipped on sheets")

    def slot(self, index: int) -> Slot:
        """Give the slot of the label at this place, counted from 0 on the first page."""
        page, on_page = divmod(index, self.labels_per_page)
        row, column = divmod(on_page, self.columns)
        return Slot(
            page,
            self.left_mm + column * (self.width_mm + self.gap_x_mm),
            self.top_mm + row * (self.height_mm + self.gap_y_mm),
        )


def stock(name: str) -> Stock:
    """
    Find a stock by its name, however it is spelt: `40x30`, `40×30`, `A4 3x8`.

    Raises:
        UnknownStock: with the names there are.
    """
    try:
        return _stocks_by_spelling()[_spelling(name)]
    except KeyError:
        raise UnknownStock(name, list(all_stocks())) from None


@lru_cache(maxsize=1)
def all_stocks() -> Mapping[str, Stock]:
    """Give all stocks by name, in the order of the file."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return MappingProxyType({name: stock_from(name, table) for name, table in tables.items()})


def stock_from(name: str, table: Mapping[str, Any]) -> Stock:
    """
    Make a stock from a TOML table like those in `stocks.toml`.

    Raises:
        InvalidStock: an unknown or missing key, or numbers that contradict each other.
    """
    try:
        return Stock(name=name, **{**table, "aliases": tuple(table.get("aliases", ()))})
    except TypeError as error:
        raise InvalidStock(name, str(error)) from None


@lru_cache(maxsize=1)
def _stocks_by_spelling() -> dict[str, Stock]:
    return {
        _spelling(spelling): stock
        for stock in all_stocks().values()
        for spelling in (stock.name, *stock.aliases)
    }


def _spelling(name: str) -> str:
    """Reduce a name to what people agree on: letters and figures, any sign for times."""
    folded = name.casefold().replace("×", "x").replace("*", "x").replace("✕", "x")
    return "".join(c for c in folded if c.isalnum()).removesuffix("mm")
