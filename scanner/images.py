"""Picture files of unknown origin, opened safely: small enough, upright, and gray."""

import struct
import warnings
import zlib
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, cast

from scanner.errors import UnreadableImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    Gray = NDArray[np.uint8]

MAX_BYTES = 64 * 1024 * 1024
# Phones give up to 50 million pixels; opened, a picture takes at most five bytes for each.
MAX_PIXELS = 64_000_000

# Only what cameras, scanners and screens write: each further decoder is a further way in.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")

# Pillow's decoders answer a damaged file with any of these.
DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def load_image(
    file: str | Path, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> "Gray":
    """
    Open a picture file as height x width uint8, upright as its EXIF says.

    The first picture of an animation counts, transparency lies over white, 16 bits are stretched
    from their darkest to their lightest value. Limits are checked before anything is unpacked.

    Raises:
        UnreadableImage: missing, no picture, damaged, or over a limit.
    """
    try:
        told = Path(file).stat()
        if not S_ISREG(told.st_mode):
            # A pipe would be waited for, and some devices have no end.
            raise UnreadableImage(file, "not a file")
        if told.st_size > max_bytes:
            raise UnreadableImage(file, f"{told.st_size} bytes are more than {max_bytes}")
        with open(file, "rb") as stream:
            data = stream.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise UnreadableImage(file, _reason(error)) from error
    return load_image_bytes(data, name=str(file), max_bytes=max_bytes, max_pixels=max_pixels)


def load_image_bytes(
    data: bytes, *, name: str, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> "Gray":
    """
    Open a picture that is in memory already, such as an upload, by the rules of `load_image`.

    Raises:
        UnreadableImage: with ``name`` as its file.
    """
    if len(data) > max_bytes:
        raise UnreadableImage(name, f"{len(data)} bytes are more than {max_bytes}")
    try:
        # Our own limit is stricter than the one that Pillow warns of, and damaged notes about a
        # picture (EXIF, resolution) do not matter to us.
        with warnings.catch_warnings(action="ignore"), _opened(data) as picture:
            _check_size(picture, name, max_pixels)
            return _gray(_upright(picture))
    except DAMAGED as error:
        raise UnreadableImage(name, _reason(error)) from error


def _opened(data: bytes) -> "Image.Image":
    from PIL import Image

    try:
        return Image.open(BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as bomb:
        raise ValueError(str(bomb)) from bomb


def _check_size(picture: "Image.Image", name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise UnreadableImage(name, f"{width} x {height} pixels are more than {max_pixels}")


def _upright(picture: "Image.Image") -> "Image.Image":
    from PIL import ImageOps

    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except DAMAGED:
        # A picture is worth reading even when the notes about it are damaged.
        return picture


def _gray(picture: "Image.Image") -> "Gray":
    import numpy as np

    if picture.mode.startswith(("I", "F")):
        return _stretched(np.asarray(picture))
    if picture.mode == "LAB":
        picture = picture.getchannel(0)
    if picture.has_transparency_data:
        picture = _over_white(picture)
    if picture.mode not in ("1", "L", "RGB"):
        picture = picture.convert("RGB")
    return cast("Gray", np.array(picture.convert("L"), dtype=np.uint8))


def _stretched(values: "NDArray[Any]") -> "Gray":
    import numpy as np

    light = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    dark, span = float(light.min()), float(np.ptp(light))
    return cast("Gray", ((light - dark) * (255.0 / span if span else 0.0)).astype(np.uint8))


def _over_white(picture: "Image.Image") -> "Image.Image":
    from PIL import Image

    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)


def _reason(error: BaseException) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "not a picture that can be read here (png, jpeg, webp, bmp, tiff, gif)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
