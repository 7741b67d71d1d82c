"""Pages as PDF: vectors and embedded subsets of the font, the same bytes each time."""

import io
import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import BinaryIO

from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject

from labels.content import LabelContent
from labels.drawing import BLACK, Area, Box, Drawing, Item, Line, Page, PlacedSymbol, Text
from labels.errors import NothingToPrint
from labels.fonts import MM_PER_PT, face
from labels.sheets import sheets
from labels.stocks import Stock
from labels.symbol import Symbol

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""The creation date of a file for which none is given."""

# Fonts are shared, and reportlab reads their file through one position.
_saving = threading.Lock()


def render_pdf(
    contents: Iterable[LabelContent],
    stock: Stock,
    *,
    skip: int = 0,
    title: str = "",
    created_at: datetime | None = None,
) -> bytes:
    """
    Give labels as a PDF; each page has the size of the stock's page.

    Raises:
        LabelError: as `write_pdf`.
    """
    file = io.BytesIO()
    write_pdf(contents, stock, file, skip=skip, title=title, created_at=created_at)
    return file.getvalue()


def write_pdf(
    contents: Iterable[LabelContent],
    stock: Stock,
    file: BinaryIO,
    *,
    skip: int = 0,
    title: str = "",
    created_at: datetime | None = None,
) -> int:
    """
    Write labels as a PDF and give their number.

    Contents may be an iterator: they are drawn one page at a time. Nothing is
    written before all are drawn, so a refused label leaves no half file.

    Raises:
        CannotEncode, ControlCharacter, InvalidSkip, LabelTooSmall, MissingGlyph:
            a label cannot be printed, or `skip` not be skipped.
        NothingToPrint: there are no contents.
        Unavailable: the font is not there.
    """
    return write_pages(sheets(contents, stock, skip=skip), file, title, created_at)


def write_pages(
    pages: Iterable[Page], file: BinaryIO, title: str = "", created_at: datetime | None = None
) -> int:
    """
    Write drawn pages as a PDF and give the number of drawings on them.

    Raises:
        NothingToPrint: there are no pages.
        Unavailable: the font is not there.
    """
    canvas = _canvas(file, title, created_at or EPOCH)
    drawings = 0
    for page in pages:
        canvas.setPageSize((page.width_mm / MM_PER_PT, page.height_mm / MM_PER_PT))
        for x_mm, y_mm, drawing in page.placed:
            _draw(canvas, drawing, x_mm, page.height_mm - y_mm)
            drawings += 1
        canvas.showPage()
    if not drawings:
        raise NothingToPrint
    with _saving:
        canvas.save()
    return drawings


def _canvas(file: BinaryIO, title: str, created_at: datetime) -> Canvas:
    # invariant: no clock and no random file identifier.
    # The initial font is named, or each page would refer to Helvetica, which is not embedded.
    font = face(bold=False).registered()
    canvas = Canvas(file, invariant=1, pageCompression=1, initialFontName=font)
    canvas.setTitle(title.encode("utf-8", "replace").decode())
    canvas.setAuthor("")
    canvas.setSubject("")
    canvas.setCreator("labels")
    date = created_at.astimezone(UTC).strftime("D:%Y%m%d%H%M%SZ")
    canvas.setDateFormatter(lambda *_clock: date)
    return canvas


def _draw(canvas: Canvas, drawing: Drawing, left_mm: float, top_mm: float) -> None:
    """Draw with the origin at the drawing's top left corner, y upward as in PDF."""
    canvas.saveState()
    canvas.translate(left_mm / MM_PER_PT, top_mm / MM_PER_PT)
    for item in drawing.items:
        _draw_item(canvas, item)
    canvas.restoreState()


def _draw_item(canvas: Canvas, item: Item) -> None:
    match item:
        case Text():
            _draw_text(canvas, item)
        case PlacedSymbol():
            _draw_symbol(canvas, item)
        case Line():
            _draw_line(canvas, item)
        case Box():
            _draw_box(canvas, item)


def _draw_text(canvas: Canvas, text: Text) -> None:
    canvas.setFillGray(text.gray)
    canvas.setFont(face(bold=text.bold).registered(), text.size_pt)
    canvas.drawString(text.x_mm / MM_PER_PT, -text.baseline_mm / MM_PER_PT, text.text)


def _draw_symbol(canvas: Canvas, placed: PlacedSymbol) -> None:
    """Fill all modules as one path in units of a module, so that no seam can show."""
    module_pt = placed.module_mm / MM_PER_PT
    canvas.saveState()
    canvas.setFillGray(BLACK)
    canvas.transform(module_pt, 0, 0, -module_pt, placed.x_mm / MM_PER_PT, -placed.y_mm / MM_PER_PT)
    canvas.drawPath(PDFPathObject(code=_operators(placed.symbol)), stroke=0, fill=1)
    canvas.restoreState()


def _operators(symbol: Symbol) -> Sequence[str]:
    return [f"{x} {y} {length} 1 re" for x, y, length in symbol.runs()]


def _draw_line(canvas: Canvas, line: Line) -> None:
    canvas.setStrokeGray(line.gray)
    canvas.setLineWidth(line.width_pt)
    canvas.line(
        line.x1_mm / MM_PER_PT,
        -line.y1_mm / MM_PER_PT,
        line.x2_mm / MM_PER_PT,
        -line.y2_mm / MM_PER_PT,
    )


def _draw_box(canvas: Canvas, box: Box) -> None:
    if box.fill is not None:
        canvas.setFillGray(box.fill)
    if box.frame is not None:
        canvas.setStrokeGray(box.frame)
        canvas.setLineWidth(box.frame_pt)
    canvas.rect(
        *_rectangle_pt(box.area), stroke=int(box.frame is not None), fill=int(box.fill is not None)
    )


def _rectangle_pt(area: Area) -> tuple[float, float, float, float]:
    return (
        area.left_mm / MM_PER_PT,
        -area.bottom_mm / MM_PER_PT,
        (area.right_mm - area.left_mm) / MM_PER_PT,
        (area.bottom_mm - area.top_mm) / MM_PER_PT,
    )
