"""QR symbols as matrices of modules, by ISO/IEC 18004."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from qrcode import constants
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import QRData

from labels.errors import CannotEncode, Unavailable

QUIET_MODULES = 4
"""Light modules around the symbol that nothing may enter (ISO/IEC 18004, 6.3.8)."""

# From the least to the most damage that is repaired: about 7, 15, 25 and 30 %.
LEVELS = {
    "L": constants.ERROR_CORRECT_L,
    "M": constants.ERROR_CORRECT_M,
    "Q": constants.ERROR_CORRECT_Q,
    "H": constants.ERROR_CORRECT_H,
}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A QR symbol: rows of modules, True where dark, without the quiet zone."""

    payload: str
    version: int
    level: str
    rows: tuple[tuple[bool, ...], ...]

    @property
    def modules(self) -> int:
        """Count the modules of one side."""
        return len(self.rows)

    @property
    def modules_with_quiet_zone(self) -> int:
        """Count the modules of one side with the quiet zone on both ends."""
        return self.modules + 2 * QUIET_MODULES

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield (column, row, length) of each horizontal run of dark modules."""
        for y, row in enumerate(self.rows):
            start = None
            for x, dark in enumerate((*row, False)):
                if dark and start is None:
                    start = x
                elif not dark and start is not None:
                    yield start, y, x - start
                    start = None


@lru_cache(maxsize=64)
def encode_small(payload: str) -> Symbol:
    """
    Make a Data Matrix symbol (ISO/IEC 16022): a small mark beside the one that is scanned.

    Raises:
        CannotEncode: empty, or longer than a symbol holds.
        Unavailable: zxing-cpp is not installed.
    """
    try:
        import zxingcpp
    except ImportError as error:
        raise Unavailable("zxing-cpp") from error
    try:
        made = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.DataMatrix)
    except ValueError as error:
        raise CannotEncode(payload, "it is empty or longer than a symbol holds") from error
    image = memoryview(zxingcpp.write_barcode_to_image(made, scale=1, add_quiet_zones=False))
    pixels: list[list[int]] = image.tolist()  # type: ignore[assignment]
    rows = tuple(tuple(dark == 0 for dark in row) for row in pixels)
    return Symbol(payload, 0, "ECC 200", rows)


@lru_cache(maxsize=512)
def encode(payload: str) -> Symbol:
    """
    Make the smallest symbol, then repair as much damage as it has room for.

    Digits go in numeric mode, upper-case links in alphanumeric mode, anything
    else as UTF-8 bytes.

    Raises:
        CannotEncode: empty, not valid Unicode, or longer than a symbol holds.
    """
    data = _data(payload)
    version = _version(data, "L", payload)
    level = next(name for name in reversed(LEVELS) if _fits(data, name, version))
    return Symbol(payload, version, level, _matrix(data, level, version))


def _data(payload: str) -> QRData:
    if not payload:
        raise CannotEncode(payload, "it is empty")
    try:
        return QRData(payload.encode())
    except UnicodeEncodeError:
        raise CannotEncode(payload, "it is not valid Unicode") from None


def _version(data: QRData, level: str, payload: str) -> int:
    try:
        return _best_fit(data, level)
    except DataOverflowError:
        raise CannotEncode(payload, "it is longer than a symbol holds") from None


def _fits(data: QRData, level: str, version: int) -> bool:
    try:
        return _best_fit(data, level) <= version
    except DataOverflowError:
        return False


def _best_fit(data: QRData, level: str) -> int:
    try:
        return int(_code(data, level).best_fit())
    except ValueError as error:  # qrcode 8 stumbles over its own version 41
        raise DataOverflowError from error


def _code(data: QRData, level: str, version: int | None = None) -> QRCode:
    code = QRCode(version=version, error_correction=LEVELS[level], border=QUIET_MODULES)
    code.add_data(data)
    return code


def _matrix(data: QRData, level: str, version: int) -> tuple[tuple[bool, ...], ...]:
    code = _code(data, level, version)
    code.make(fit=False)
    return tuple(tuple(bool(dark) for dark in row) for row in code.modules)
