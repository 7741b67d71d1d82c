"""Labels on their pages: content by content into the slots of a stock."""

from collections.abc import Iterable, Iterator
from itertools import count, groupby
from operator import itemgetter

from labels.content import LabelContent
from labels.drawing import Drawing, Page, Placed
from labels.errors import LabelError
from labels.layout import label_drawing
from labels.stocks import Stock


def sheets(contents: Iterable[LabelContent], stock: Stock, *, skip: int = 0) -> Iterator[Page]:
    """
    Draw labels page by page, taking contents only as pages need them.

    Pages that a large skip leaves empty are not put out.

    Raises:
        InvalidSkip: at once. The other errors of a label: when its page is drawn.
    """
    stock.check_skip(skip)
    return _pages(contents, stock, skip)


def _pages(contents: Iterable[LabelContent], stock: Stock, skip: int) -> Iterator[Page]:
    placed = (
        (slot.page, Placed(slot.x_mm, slot.y_mm, _drawn(content, stock, number)))
        for number, (content, slot) in enumerate(
            zip(contents, map(stock.slot, count(skip)), strict=False), start=1
        )
    )
    for _, labels in groupby(placed, key=itemgetter(0)):
        yield Page(stock.page_width_mm, stock.page_height_mm, tuple(label for _, label in labels))


def _drawn(content: LabelContent, stock: Stock, number: int) -> Drawing:
    try:
        return label_drawing(content, stock)
    except LabelError as error:
        error.label = number
        raise
