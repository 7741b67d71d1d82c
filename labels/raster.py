"""PDF pages as gray pictures."""

import io
import threading
from collections.abc import Iterator, Sequence

import pypdfium2
from PIL import Image

# PDFium keeps global state: two threads in it at once may crash the process.
_pdfium = threading.Lock()

DOTS_PER_MM_203 = 8
"""What is sold as 203 dpi has 8 dots a millimetre, 203.2 dpi."""

# Page sizes in a PDF are rounded, pictures are rounded up: without this, a page of
# exactly 2376 dots becomes one of 2377, and its modules are no whole dots any more.
JUST_UNDER = 1 - 2e-6


def gray_pages(pdf: bytes, dpi: float) -> Iterator[Image.Image]:
    """Render page by page as 8-bit gray, white paper; dpi is dots per inch."""
    with _pdfium:
        document = pypdfium2.PdfDocument(pdf)
    try:
        for number in range(len(document)):
            with _pdfium:
                image = _rendered(document, number, exact_dpi(dpi))
            yield image
    finally:
        with _pdfium:
            document.close()


def exact_dpi(dpi: float) -> float:
    """Give the true density of a nominal one, so that modules fall on whole dots."""
    return DOTS_PER_MM_203 * 25.4 if dpi == 203 else dpi


def _rendered(document: pypdfium2.PdfDocument, number: int, dpi: float) -> Image.Image:
    page = document[number]
    bitmap = page.render(scale=dpi / 72 * JUST_UNDER, grayscale=True)
    image: Image.Image = bitmap.to_pil().copy()
    bitmap.close()
    page.close()
    return image


def joined(pdfs: Sequence[bytes]) -> bytes:
    """Give several PDFs as one, in their order."""
    with _pdfium:
        whole = pypdfium2.PdfDocument.new()
        for pdf in pdfs:
            part = pypdfium2.PdfDocument(pdf)
            whole.import_pages(part)
            part.close()
        file = io.BytesIO()
        whole.save(file)
        whole.close()
    return file.getvalue()
