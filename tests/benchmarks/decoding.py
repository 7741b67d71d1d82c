"""Decoding of drawn scenes, and of photographs where there are some, beside each library alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import qrcode
import zxingcpp
from pyzbar import pyzbar

from inventory.register.rules import code_of
from scanner import decode, load_image
from tests.benchmarks.deployment import Deployment
from tests.benchmarks.table import Row
from tests.benchmarks.timing import in_turns

SCENES = (
    ("1 label, 720p", (720, 1280), 1, 6),
    ("12 labels, 720p", (720, 1280), 12, 4),
    ("60 labels, 10 MP", (2592, 3888), 60, 8),
)
"""What, height and width in pixels, labels, pixels a module."""
ROUNDS = 7
PICTURES = {".png", ".webp", ".jpg", ".jpeg"}
Reader = Callable[[Any], Sequence[str]]


def _ours(image: Any) -> list[str]:
    return [reading.text for reading in decode(image, formats=("qr",))]


def _zxing(image: Any) -> list[str]:
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormat.QRCode)
    return [symbol.text for symbol in found]


def _pyzbar(image: Any) -> list[str]:
    found = pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE])
    return [symbol.data.decode("utf-8", "replace") for symbol in found]


def _opencv(image: Any) -> list[str]:
    try:
        _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(image)
    except cv2.error:  # it stumbles over some photographs
        return []
    return [text for text in texts if text]


READERS: dict[str, Reader] = {
    "ours": _ours, "zxing-cpp alone": _zxing, "pyzbar alone": _pyzbar, "OpenCV alone": _opencv,
}  # fmt: skip
OF_SCENES = ("ours", "zxing-cpp alone", "pyzbar alone")


def measure(_: Deployment, folder: Path) -> Iterator[Row]:
    """Measure the drawn scenes; with `PHOTOS=DIR` each folder of photographs, too."""
    cv2.setNumThreads(1)
    for what, size, count, module_px in SCENES:
        yield from _scene(what, size, count, module_px)
    photos = os.environ.get("PHOTOS")
    if photos:
        for name, found in sorted(_photographs(Path(photos)).items()):
            yield from _photographed(name, found)


# --- drawn scenes --------------------------------------------------------------------------


def _scene(what: str, size: tuple[int, int], count: int, module_px: int) -> Iterator[Row]:
    texts = [code_of(200_000_001 + n) for n in range(count)]
    image = _drawn(texts, size, module_px)
    timed = in_turns({name: partial(READERS[name], image) for name in OF_SCENES}, rounds=ROUNDS)
    right = {name: len(set(texts) & set(READERS[name](image))) for name in OF_SCENES}
    for name in OF_SCENES[1:]:
        yield Row(
            f"decode {what}", "ms an image", timed["ours"].wall_s * 1000, timed[name].wall_s * 1000,
            name, timed["ours"].cpu_ms(1), timed[name].cpu_ms(1),
            f"read {right['ours']} / {right[name]} of {count}",
        )  # fmt: skip


def _drawn(texts: Sequence[str], size: tuple[int, int], module_px: int) -> Any:
    """Labels in rows on gray ground, each a little turned, the whole a little blurred and noisy."""
    height, width = size
    scene = np.full(size, 170, dtype=np.uint8)
    columns = max(1, round((len(texts) * width / height) ** 0.5))
    rows = -(-len(texts) // columns)
    for n, text in enumerate(texts):
        label = _turned(_symbol(text, module_px), (n * 7 % 31) - 15)
        side = label.shape[0]
        y = (2 * (n // columns) + 1) * height // (2 * rows) - side // 2
        x = (2 * (n % columns) + 1) * width // (2 * columns) - side // 2
        scene[y : y + side, x : x + side] = label
    noise = np.random.default_rng(1).normal(0, 6, size)
    blurred = cv2.GaussianBlur(scene, (0, 0), 1.0)
    return np.clip(blurred + noise, 0, 255).astype(np.uint8)


def _symbol(text: str, module_px: int) -> Any:
    symbol = qrcode.QRCode(border=4, error_correction=qrcode.ERROR_CORRECT_H)
    symbol.add_data(text)
    symbol.make()
    dark = np.array(symbol.get_matrix())
    shades = np.where(dark, 40, 230).astype(np.uint8)
    return np.kron(shades, np.ones((module_px, module_px), dtype=np.uint8))


def _turned(image: Any, degrees: float) -> Any:
    side = image.shape[0]
    reach = round(side * 1.3)
    view = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1.0)
    view[:, 2] += (reach - side) / 2
    return cv2.warpAffine(image, view, (reach, reach), borderValue=170)


# --- photographs ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture file and the text that its code holds."""

    file: Path
    text: str


def _photographs(folder: Path) -> dict[str, list[Photograph]]:
    """Every picture with its text beside it (`X.txt` for `X.png`), by its set's folder."""
    sets: dict[str, list[Photograph]] = {}
    for file in sorted(folder.rglob("*")):
        text = file.with_suffix(".txt")
        if file.suffix.lower() in PICTURES and text.is_file():
            expected = text.read_text(encoding="utf-8").strip()
            name = str(file.parent.relative_to(folder))
            sets.setdefault(name, []).append(Photograph(file, expected))
    return sets


def _photographed(name: str, photographs: Sequence[Photograph]) -> Iterator[Row]:
    images = [(load_image(one.file), one.text) for one in photographs]
    right = {
        reader: sum(any(text == found.strip() for found in read(image)) for image, text in images)
        for reader, read in READERS.items()
    }
    timed = in_turns(
        {reader: partial(_all, read, images) for reader, read in READERS.items()},
        rounds=1,
        warm=False,
    )
    count = len(images)
    for reader in list(READERS)[1:]:
        yield Row(
            f"photographs {name}", "ms an image", timed["ours"].wall_s / count * 1000,
            timed[reader].wall_s / count * 1000, reader, timed["ours"].cpu_ms(count),
            timed[reader].cpu_ms(count), f"read {right['ours']} / {right[reader]} of {count}",
        )  # fmt: skip


def _all(read: Reader, images: Sequence[tuple[Any, str]]) -> None:
    for image, _ in images:
        read(image)
