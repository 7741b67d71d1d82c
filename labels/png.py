"""Labels as PNG pictures, for printers and apps that take no PDF."""

import io
from collections.abc import Iterable, Iterator

from labels.content import LabelContent
from labels.pdf import render_pdf
from labels.raster import exact_dpi, gray_pages
from labels.stocks import Stock


def render_png(
    contents: Iterable[LabelContent], stock: Stock, *, skip: int = 0, dpi: float = 203
) -> Iterator[bytes]:
    """
    Yield a gray PNG of each page: of each label on a roll, of each sheet otherwise.

    The density in dots per inch is written into the picture, so that it prints
    at its true size.

    Raises:
        LabelError: as `write_pdf`, before the first picture.
    """
    return png_pages(render_pdf(contents, stock, skip=skip), dpi=dpi)


def png_pages(pdf: bytes, *, dpi: float = 203) -> Iterator[bytes]:
    """Yield a gray PNG of each page of a PDF."""
    density = exact_dpi(dpi)
    for image in gray_pages(pdf, dpi):
        file = io.BytesIO()
        image.save(file, "PNG", dpi=(density, density), optimize=False)
        yield file.getvalue()
