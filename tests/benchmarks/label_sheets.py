"""Label sheets with Chinese names, with and without reading them back, beside other makers."""

import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import zxingcpp
from qrcode.constants import ERROR_CORRECT_H
from qrcode.main import QRCode
from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from inventory.register.rules import code_of, shown
from labels import LabelContent, encode, read_back, render_pdf, stock
from tests.benchmarks.deployment import NAMES, Deployment
from tests.benchmarks.table import Row
from tests.benchmarks.timing import Timed, in_turns

SHEETS = (("a4-3x8", 1_000, 1), ("40x30", 200, 3))
"""Stock, labels, rounds."""
FEW = 50
WIDGET = f"reportlab's QrCodeWidget, no text ({FEW} labels, per label)"
QRCODE = f"the qrcode package's matrix alone ({FEW} labels, per label)"
ZXING = "zxing-cpp's matrix alone"
MATRICES = 200


def measure(_: Deployment, folder: Path) -> Iterator[Row]:
    """Measure both stocks, then the symbols alone, then what a large sheet takes of memory."""
    for name, count, rounds in SHEETS:
        yield from _sheet(name, count, rounds)
    yield from _symbols()
    yield _memory(*SHEETS[0][:2])


def contents(count: int, first: int = 200_000_001) -> list[LabelContent]:
    """Return labels of things as the product prints them, each with a code of its own."""
    return [
        LabelContent(
            code=shown(code_of(first + n)),
            symbol=code_of(first + n),
            title=NAMES[n % len(NAMES)],
            lines=(f"{24_001 + n // 50}-{n % 50 + 1:02d}", "科仪1-01-1 · 昌化初中"),
        )
        for n in range(count)
    ]


def _sheet(name: str, count: int, rounds: int) -> Iterator[Row]:
    pdf = render_pdf(contents(1), stock(name))  # opens the font
    batches = (contents(count, 200_000_001 + n * count) for n in range(2 * rounds))

    def render() -> list[LabelContent]:
        nonlocal pdf
        made = next(batches)  # other codes each time, for symbols are remembered
        pdf = render_pdf(made, stock(name))
        return made

    timed = in_turns(
        {
            "ours": render,
            "checked": lambda: read_back_all(render(), pdf),
            WIDGET: partial(_widgets, FEW),
        },
        rounds=rounds,
        warm=False,
    )
    for what, named in ((f"labels on {name}", "ours"), (f"labels on {name}, read back", "checked")):
        yield _row(what, timed[named], count, timed[WIDGET], FEW, WIDGET,
                   f"{len(pdf) / count:.0f} bytes a label")  # fmt: skip


def read_back_all(made: list[LabelContent], pdf: bytes) -> None:
    """Read every symbol of the sheets again; it raises when one is not right."""
    read_back(pdf, [label.symbol for label in made])


def _widgets(count: int) -> bytes:
    file = io.BytesIO()
    canvas = Canvas(file, pageCompression=1)
    for n in range(count):
        widget = QrCodeWidget(code_of(300_000_001 + n), barLevel="H")
        drawing = Drawing(25 * mm, 25 * mm)
        drawing.add(widget)
        renderPDF.draw(drawing, canvas, 70 * mm * (n % 3), 37 * mm * (n // 3 % 8))
        if n % 24 == 23:
            canvas.showPage()
    canvas.save()
    return file.getvalue()


def _symbols() -> Iterator[Row]:
    starts = iter(range(400_000_001, 900_000_000, MATRICES))

    def ours() -> None:
        start = next(starts)
        for n in range(MATRICES):
            encode(code_of(start + n))

    def by_qrcode() -> None:
        for n in range(FEW):
            symbol = QRCode(version=1, error_correction=ERROR_CORRECT_H, border=4)
            symbol.add_data(code_of(300_000_001 + n))
            symbol.make(fit=False)

    def by_zxing() -> None:
        for n in range(MATRICES):
            kind = zxingcpp.BarcodeFormat.QRCode
            zxingcpp.create_barcode(code_of(300_000_001 + n), kind, ec_level="H").to_image()

    timed = in_turns({"ours": ours, QRCODE: by_qrcode, ZXING: by_zxing}, rounds=3)
    for named, count in ((QRCODE, FEW), (ZXING, MATRICES)):
        yield _row("symbols alone", timed["ours"], MATRICES, timed[named], count, named, "")


def _row(
    what: str, ours: Timed, count: int, reference: Timed, others: int, named: str, note: str
) -> Row:
    return Row(
        what, "labels/s", ours.per_second(count), reference.per_second(others), named,
        ours.cpu_ms(count), reference.cpu_ms(others), note,
    )  # fmt: skip


def _memory(name: str, count: int) -> Row:
    """Peak memory of a fresh process before and after it made the sheet and read it."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        idle = fresh.submit(_peak_mb).result()
        peak = fresh.submit(_make, name, count).result()
    named = "the same process before it"
    return Row(f"labels on {name}, {count:,} read back", "MB peak RSS", peak, idle, named)


def _make(name: str, count: int) -> float:
    made = contents(count)
    read_back_all(made, render_pdf(made, stock(name)))
    return _peak_mb()


def _peak_mb() -> float:
    """VmHWM of proc(5); getrusage(2) would count what the parent had when it forked."""
    [line] = [
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    ]
    return int(line.split()[1]) / 1024
