"""Reading the finished pages again, with readers that did not make their symbols."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from PIL import Image

from labels.errors import ReadBackFailed, Unavailable
from labels.raster import gray_pages

Reader = Callable[[Image.Image], list[str]]


def read_back(pdf_bytes: bytes, expected_symbols: Sequence[str], *, dpi: float = 203) -> None:
    """
    Check that the pages hold exactly these symbols, in the order of the pages.

    Each page is rendered at `dpi` dots per inch and read by zxing-cpp. What does
    not come out right is read by zbar too, and then both again at twice the density.
    Within a page the order is free.

    Raises:
        ReadBackFailed: with the payloads that are missing and those that should not be.
        Unavailable: zxing-cpp is not installed.
    """
    pages: list[Counter[str]] = []
    for density, reader in ((dpi, _zxing), (dpi, _zbar), (2 * dpi, _zxing), (2 * dpi, _zbar)):
        pages = _united(pages, [Counter(reader(page)) for page in gray_pages(pdf_bytes, density)])
        missing, unexpected = _differences(pages, expected_symbols)
        if not (missing or unexpected):
            return
    raise ReadBackFailed(missing, unexpected)


def read_back_mark(pdf_bytes: bytes, payload: str, *, dpi: float = 203) -> None:
    """
    Check that the first page holds a Data Matrix symbol with this payload.

    Raises:
        ReadBackFailed: it does not.
        Unavailable: zxing-cpp is not installed.
    """
    try:
        import zxingcpp
    except ImportError as error:
        raise Unavailable("zxing-cpp") from error
    found: list[str] = []
    for density in (dpi, 2 * dpi):
        page = next(gray_pages(pdf_bytes, density))
        formats = zxingcpp.BarcodeFormat.DataMatrix
        found = [one.text for one in zxingcpp.read_barcodes(page, formats=formats)]
        if payload in found:
            return
    raise ReadBackFailed([payload], found)


def _united(pages: list[Counter[str]], again: list[Counter[str]]) -> list[Counter[str]]:
    """Count a symbol that two readings of a page both found once."""
    return [a | b for a, b in zip(pages, again, strict=True)] if pages else again


def _differences(
    pages: Sequence[Counter[str]], expected: Sequence[str]
) -> tuple[list[str], list[str]]:
    """List what is missing and what is too much; when all is there, page by page."""
    missing, unexpected = _apart(Counter(expected), sum(pages, Counter()))
    if missing or unexpected:
        return missing, unexpected
    by_page = [_apart(*pair) for pair in zip(_shares(expected, pages), pages, strict=True)]
    return (
        list(chain.from_iterable(missing for missing, _ in by_page)),
        list(chain.from_iterable(unexpected for _, unexpected in by_page)),
    )


def _apart(expected: Counter[str], found: Counter[str]) -> tuple[list[str], list[str]]:
    return list((expected - found).elements()), list((found - expected).elements())


def _shares(expected: Sequence[str], pages: Sequence[Counter[str]]) -> Iterator[Counter[str]]:
    start = 0
    for page in pages:
        yield Counter(expected[start : start + page.total()])
        start += page.total()


def _zxing(image: Image.Image) -> list[str]:
    try:
        import zxingcpp
    except ImportError as error:
        raise Unavailable("zxing-cpp") from error
    found = zxingcpp.read_barcodes(
        image, formats=zxingcpp.BarcodeFormat.QRCodeModel2, text_mode=zxingcpp.TextMode.Plain
    )
    return [barcode.text for barcode in found]


def _zbar(image: Image.Image) -> list[str]:
    """Read with zbar; where its library is missing, read nothing: it is the second reader."""
    try:
        from pyzbar import pyzbar
    except ImportError:
        return []
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [symbol.data.decode("utf-8", "replace") for symbol in found]
