"""
This module is about what may be attached: what bytes really are, and photographs made small.

What a file is called says nothing; its bytes do. A photograph is drawn anew, so that nothing of
the camera's notes (place, owner, thumbnails) and nothing hidden behind the picture stays.
"""

import hashlib
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from lzma import LZMAError
from threading import Lock
from typing import Any

from inventory.errors import (
    DamagedPhoto,
    FileTooLarge,
    Missing,
    TooManyPixels,
    WrongFile,
)

PHOTO, FILE = "photo", "file"
LONGEST_SIDE = 1600
THUMBNAIL_SIDE = 320
MOST_MEGAPIXELS = 60
MOST_MEGAPIXELS_AT_ONCE = 25
"""Of pictures that cannot be decoded small from the start, as only a JPEG can."""
DECODING = Lock()
"""One picture at a time: a decoded one takes a hundred megabytes, and memory is the server's."""
QUALITY, THUMBNAIL_QUALITY = 82, 75
LONGEST_NAME = 120
MOST_FILES = 24
"""Photographs and files of one thing, place or document."""
MOST_MEMBERS = 5_000
JPEG = "image/jpeg"
BINARY = "application/octet-stream"
PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."
BY_FOLDER = {
    "word/": ("docx", OFFICE + "wordprocessingml.document"),
    "xl/": ("xlsx", OFFICE + "spreadsheetml.sheet"),
    "ppt/": ("pptx", OFFICE + "presentationml.presentation"),
}
BY_TYPE = {
    OPEN + "text": "odt",
    OPEN + "spreadsheet": "ods",
    OPEN + "presentation": "odp",
}
OLD_OFFICE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "wps": "application/vnd.ms-works",
    "et": BINARY,
    "dps": BINARY,
}
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")
UNREADABLE = (
    zipfile.BadZipFile, zlib.error, LZMAError, NotImplementedError, RuntimeError, ValueError,
    OSError, EOFError,
)  # fmt: skip
"""What reading a damaged zip may end with."""
BROKEN = (zlib.error, OSError, ValueError, SyntaxError, EOFError, IndexError, TypeError)
"""What drawing a damaged picture may end with."""
MARKUP = ("<",)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is kept of a file: its bytes as they will lie on the disk, and what they are."""

    sort: str
    name: str
    media_type: str
    content: bytes
    thumbnail: bytes = b""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def prepared(content: bytes, name: str, most_bytes: int) -> Prepared:
    """
    Look at what is to be attached and return it as it will be kept.

    Raises:
        Missing: there is nothing in it.
        FileTooLarge, TooManyPixels: it is larger than we take.
        WrongFile: it is not of a sort that we take, whatever it is called.
        DamagedPhoto: it is a picture that cannot be drawn.
    """
    if not content:
        raise Missing(field="file")
    if len(content) > most_bytes:
        size, limit = -(-len(content) // 1_000_000), most_bytes // 1_000_000
        raise FileTooLarge(field="file", size=size, limit=limit)
    if content.startswith(PICTURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        return _photo(content)
    extension, media_type = _sort_of(content, name)
    return Prepared(FILE, _named(name, extension), media_type, content)


def _named(name: str, extension: str) -> str:
    """A name without folders and odd signs, and with the extension of what it really is."""
    base = name.replace("\\", "/").rpartition("/")[2]
    stem = base.rpartition(".")[0] or base
    plain = "".join(sign for sign in stem if sign.isprintable() and sign not in '<>:"|?*%;')
    return f"{plain.strip(' .')[: LONGEST_NAME - 6] or 'file'}.{extension}"


def _sort_of(content: bytes, name: str) -> tuple[str, str]:
    if content.startswith(b"%PDF-"):
        return "pdf", PDF
    if content.startswith(b"PK\x03\x04"):
        return _of_zip(content)
    if content.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        extension = name.rpartition(".")[2].lower()
        if extension in OLD_OFFICE:
            return extension, OLD_OFFICE[extension]
    elif _is_plain_text(content):
        return "txt", "text/plain"
    raise WrongFile(field="file")


def _of_zip(content: bytes) -> tuple[str, str]:
    """Which office document a zip is; only its list of members is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as pack:
            names = pack.namelist()
            first = names[0] if names else ""
            size = pack.getinfo(first).file_size if first == "mimetype" else 0
            kind = pack.read(first).decode("ascii", "replace") if 0 < size < 200 else ""
    except UNREADABLE as error:
        raise WrongFile(field="file") from error
    if len(names) > MOST_MEMBERS or any("vbaProject" in one for one in names):
        raise WrongFile(field="file")
    if kind in BY_TYPE:
        return BY_TYPE[kind], kind
    if "[Content_Types].xml" in names:
        for folder, known in BY_FOLDER.items():
            if any(one.startswith(folder) for one in names):
                return known
    raise WrongFile(field="file")


def _is_plain_text(content: bytes) -> bool:
    """Text in an encoding of here, that no browser would take for a page or a drawing."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return CONTROL.search(text) is None and not text.lstrip().startswith(MARKUP)
    return False


def _photo(content: bytes) -> Prepared:
    """Draw a picture anew, upright, and small enough for a page and for a year of backups."""
    # Imported here: it would take a tenth of every command's start.
    from PIL import Image, ImageOps

    with DECODING, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            with Image.open(BytesIO(content), formats=("JPEG", "PNG", "WEBP", "GIF", "BMP")) as raw:
                is_jpeg = raw.format in {"JPEG", "MPO"}
                _check_pixels(raw.width, raw.height, is_jpeg)
                if is_jpeg:
                    raw.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                if raw.mode in {"RGB", "RGBA", "L"}:
                    # Made small before anything else, for every step makes a copy of it.
                    raw.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
                picture = _on_white(ImageOps.exif_transpose(raw))
        except Image.DecompressionBombError as error:
            raise TooManyPixels(field="file", pixels="180+", limit=MOST_MEGAPIXELS) from error
        except (
            zlib.error,
            OSError,
            ValueError,
            SyntaxError,
            EOFError,
            IndexError,
            TypeError,
        ) as error:
            raise DamagedPhoto(field="file") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    kept = _jpeg(picture, QUALITY)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Prepared(PHOTO, "", JPEG, kept, _jpeg(picture, THUMBNAIL_QUALITY))


def _check_pixels(width: int, height: int, is_jpeg: bool) -> None:
    most = MOST_MEGAPIXELS if is_jpeg else MOST_MEGAPIXELS_AT_ONCE
    if width * height > most * 1_000_000:
        pixels = -(-width * height // 1_000_000)
        raise TooManyPixels(field="file", pixels=pixels, limit=most)


def _on_white(picture: Any) -> Any:
    from PIL import Image

    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        white = Image.new("RGB", clear.size, "white")
        white.paste(clear, mask=clear.getchannel("A"))
        return white
    return picture.convert("RGB")


def _jpeg(picture: Any, quality: int) -> bytes:
    file = BytesIO()
    # Nothing of what the camera noted is passed on: neither EXIF nor a colour profile.
    picture.info.clear()
    picture.save(file, "JPEG", quality=quality, optimize=True, progressive=True)
    return file.getvalue()
