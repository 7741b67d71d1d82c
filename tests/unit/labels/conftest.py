"""Contents and readers that the tests of `labels` share."""

import io
from collections.abc import Callable

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from labels import LabelContent


@pytest.fixture
def meter() -> LabelContent:
    """A usual label: a demonstration meter in its cabinet."""
    return LabelContent(
        code="200 000 001 94",
        symbol="20000000194",
        title="24001-03",
        lines=("数字演示电表", "0.5级 ±10A ±15V", "物理仪器室一 3柜 2层-5"),
    )


@pytest.fixture
def many() -> Callable[[int], list[LabelContent]]:
    """Make as many different labels as asked for."""

    def make(count: int) -> list[LabelContent]:
        return [LabelContent(f"{n}", f"{20000000000 + n}", f"24001-{n:02d}") for n in range(count)]

    return make


@pytest.fixture
def text_of() -> Callable[[bytes], list[str]]:
    """Read the text of each page as another program would copy it."""

    def read(pdf: bytes) -> list[str]:
        document = pypdfium2.PdfDocument(pdf)
        texts = [page.get_textpage().get_text_range() for page in document]
        document.close()
        return texts

    return read


@pytest.fixture
def sizes_of() -> Callable[[bytes], list[tuple[float, float]]]:
    """Give width and height of each page in mm."""

    def read(pdf: bytes) -> list[tuple[float, float]]:
        document = pypdfium2.PdfDocument(pdf)
        sizes = [tuple(pt / 72 * 25.4 for pt in page.get_size()) for page in document]
        document.close()
        return sizes

    return read


@pytest.fixture
def symbols_in() -> Callable[[bytes], list[str]]:
    """Decode the symbols of a picture."""

    def read(picture: bytes) -> list[str]:
        with Image.open(io.BytesIO(picture)) as image:
            return sorted(found.text for found in zxingcpp.read_barcodes(image))

    return read
