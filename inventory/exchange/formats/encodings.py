"""Encodings are about bytes to text when nobody says for sure which encoding it is."""

from __future__ import annotations

import codecs
import re
from typing import BinaryIO

from inventory.exchange.rules.refusals import Damaged, NotASpreadsheet

_DECLARED = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_-]{2,20})""", re.I)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]")

_KNOWN = {
    "utf-8": "utf-8", "utf8": "utf-8",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "gb_2312-80": "gb18030",
    "x-gbk": "gb18030", "big5": "big5hkscs", "us-ascii": "utf-8", "ascii": "utf-8",
}  # fmt: skip
"""Names that documents declare, and what to read them as: browsers read gb2312 as its superset."""

_PART = 256 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(file: BinaryIO) -> tuple[str, int]:
    """
    Tell a text's encoding and the length of its byte order mark.

    The mark says it, or a declaration, or UTF-8 is tried before GB18030.

    UTF-8 comes first because Chinese text in GB18030 is practically never valid UTF-8. The file is
    read through once to find out, in parts.

    Raises:
        NotASpreadsheet: it is no text at all.
        Damaged: a mark names an encoding and the bytes break it.
    """
    file.seek(0)
    start = file.read(4096)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            if not _is_written_in(file, encoding, len(mark)):
                raise Damaged(reason="encoding")
            return encoding, len(mark)
    for encoding in (*_declared(start), "utf-8", "gb18030"):
        if _is_written_in(file, encoding, 0):
            return encoding, 0
    raise NotASpreadsheet(found="binary")


def _is_written_in(file: BinaryIO, encoding: str, start: int) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    file.seek(start)
    while part := file.read(_PART):
        try:
            _clean(decoder.decode(part))
        except UnicodeDecodeError:
            return False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _declared(content: bytes) -> tuple[str, ...]:
    match = _DECLARED.search(content[:4096])
    name = match[1].decode("ascii").lower() if match else ""
    return (_KNOWN[name],) if name in _KNOWN else ()


def _clean(text: str) -> None:
    if _CONTROLS.search(text):
        raise NotASpreadsheet(found="binary")
