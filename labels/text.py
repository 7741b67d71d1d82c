"""Text that fits: what may be printed, where a line may end, how small it may get."""

import math
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from labels.errors import ControlCharacter, MissingGlyph
from labels.fonts import MM_PER_PT, Face, face

FLOOR_PT = 6.0
"""Nothing is printed smaller: 6 pt are 17 dots at 203 dpi, and Chinese needs 16."""
STEP_PT = 0.25
LEADING = 1.2
"""Distance of two baselines, in sizes."""
ELLIPSIS = "…"
SPACE_WINS_AFTER = 0.45
"""Chinese may break anywhere, but a space this far into the line is the better place."""

# Chinese punctuation keeps to its word (a short form of GB/T 15834 and W3C CLREQ).
NEVER_FIRST = frozenset("，。、；：！？）】》〉」』”’…％℃°%),.;:!?]}·")
NEVER_LAST = frozenset("（【《〈「『“‘([{￥¥#№")

# A width may be hit exactly; binary fractions must not decide against it.
TOLERANCE_MM = 1e-6


@dataclass(frozen=True, slots=True)
class Fitted:
    """
    Text broken into lines at a size.

    `is_whole` is false when some was cut off, `keeps_words` when a word was
    wider than the line.
    """

    size_pt: float
    lines: tuple[str, ...]
    is_whole: bool = True
    keeps_words: bool = True

    @property
    def height_mm(self) -> float:
        """Measure from the top of the first line to the bottom of the last."""
        return len(self.lines) * self.size_pt * LEADING * MM_PER_PT


def clean(text: str) -> str:
    """
    Give the text as it will be printed, or refuse it.

    Composed (NFC), each stretch of white space one space, invisible format
    characters dropped: they arrive with pasted text and leave no ink.

    Raises:
        ControlCharacter: any other control character, which a printer might obey.
        MissingGlyph: a character that no font here can draw.
    """
    printed = " ".join(
        "".join(c for c in unicodedata.normalize("NFC", text) if _leaves_a_trace(c)).split()
    )
    for character in printed:
        _check(character, text)
    return printed


def _leaves_a_trace(character: str) -> bool:
    return unicodedata.category(character) != "Cf"


def _check(character: str, text: str) -> None:
    if unicodedata.category(character) == "Cc":
        raise ControlCharacter(character, text)
    if not (face(bold=False).has(character) and face(bold=True).has(character)):
        raise MissingGlyph(character, text)


class _Piece(NamedTuple):
    """A stretch that stays together, its width in ems with and without the space at its end."""

    text: str
    width_em: float
    visible_em: float


def wrapped(text: str, font: Face, size_pt: float, width_mm: float) -> Iterator[str]:
    """
    Break clean text into lines: between Chinese characters, in Latin at spaces.

    A word wider than the line is broken where it must be.
    """
    room_em = _room_em(size_pt, width_mm)
    line, line_em = "", 0.0
    for piece in _pieces(text, font):
        if line_em + piece.visible_em <= room_em:
            line, line_em = line + piece.text, line_em + piece.width_em
            continue
        finished, line = _turned(line, piece.text, font, room_em)
        line_em = font.width_em(line)
        yield from finished
    if line.strip():
        yield line.rstrip()


def _room_em(size_pt: float, width_mm: float) -> float:
    return (width_mm + TOLERANCE_MM) / (size_pt * MM_PER_PT)


def _turned(line: str, piece: str, font: Face, room_em: float) -> tuple[list[str], str]:
    """End a line that is full: give what is finished, and what the next begins with."""
    space = -1 if line.endswith(" ") else line.rfind(" ")
    carried = line[space + 1 :] + piece
    if space >= len(line) * SPACE_WINS_AFTER and font.width_em(carried.rstrip()) <= room_em:
        return [line[:space].rstrip()], carried
    finished = [line.rstrip()] if line.strip() else []
    *full, rest = _broken(piece, font, room_em)
    return finished + [part.rstrip() for part in full], rest


@lru_cache(maxsize=1024)
def _pieces(text: str, font: Face) -> tuple[_Piece, ...]:
    """Cut the text where a line may end; kept, because each size asks again."""
    ends = [end for end in range(1, len(text)) if _may_break(text[end - 1], text[end])]
    pieces = [text[start:end] for start, end in pairwise([0, *ends, len(text)])]
    return tuple(
        _Piece(piece, font.width_em(piece), font.width_em(piece.rstrip())) for piece in pieces
    )


def _may_break(before: str, after: str) -> bool:
    if after == " " or after in NEVER_FIRST or before in NEVER_LAST:
        return False
    return before == " " or _is_wide(before) or _is_wide(after)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _broken(piece: str, font: Face, room_em: float) -> list[str]:
    """Break a piece anywhere, at least one character a line."""
    lines = [""]
    for character in piece:
        if lines[-1] and font.width_em((lines[-1] + character).rstrip()) > room_em:
            lines.append("")
        lines[-1] += character
    return lines


def cut(text: str, font: Face, size_pt: float, width_mm: float) -> str:
    """End the text with an ellipsis where the width ends; nothing when that is too wide."""
    room_em = _room_em(size_pt, width_mm) - font.width_em(ELLIPSIS)
    if room_em < 0:
        return ""
    first = _broken(text, font, room_em)[0].rstrip()
    return (first if font.width_em(first) <= room_em else "") + ELLIPSIS


def limited(text: str, font: Face, size_pt: float, width_mm: float, most: int) -> Fitted:
    """Break the text into `most` lines at the most, the last one cut with an ellipsis."""
    lines = list(islice(wrapped(text, font, size_pt, width_mm), most + 1))
    if len(lines) <= most:
        keeps_words = _longest_em(text, font) <= _room_em(size_pt, width_mm)
        return Fitted(size_pt, tuple(lines), keeps_words=keeps_words)
    if most == 0:
        return Fitted(size_pt, (), is_whole=False)
    last = cut(lines[most - 1], font, size_pt, width_mm)
    return Fitted(size_pt, (*lines[: most - 1], last), is_whole=False)


def _longest_em(text: str, font: Face) -> float:
    return max(piece.visible_em for piece in _pieces(text, font))


def one_line_pt(text: str, font: Face, width_mm: float, largest_pt: float) -> float:
    """Find the size at which the text just fits one line, in whole steps, not the largest."""
    return _fitting_pt(font.width_em(text), width_mm, largest_pt)


def words_pt(text: str, font: Face, width_mm: float, largest_pt: float) -> float:
    """Find the size at which no word is broken; the largest where the floor is not enough."""
    size_pt = _fitting_pt(_longest_em(text, font), width_mm, largest_pt)
    return size_pt if size_pt >= FLOOR_PT else largest_pt


def _fitting_pt(width_em: float, width_mm: float, largest_pt: float) -> float:
    if width_em == 0:
        return largest_pt
    fitting_pt = (width_mm + TOLERANCE_MM) / MM_PER_PT / width_em
    return min(largest_pt, math.floor(fitting_pt / STEP_PT) * STEP_PT)
