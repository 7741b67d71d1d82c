"""The two faces we print with: what they can draw, how wide it is, how PDF embeds them."""

import threading
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from labels.errors import Unavailable

FOLDER = Path(__file__).parent / "fonts"
MM_PER_PT = 25.4 / 72
ASCENT_EM = 0.88
"""Top of the em box over the baseline, as Noto Sans SC declares it."""
DESCENT_EM = 0.12
"""Bottom of the em box under the baseline."""
CAP_EM = 0.733
"""Height of capitals and figures."""

_loading = threading.Lock()


class Face:
    """One weight of the font, measured in millimetres at a size in points."""

    def __init__(self, name: str, file: Path) -> None:
        self.name = name
        self.file = file

    @cached_property
    def _font(self) -> TTFont:
        """
        Register the face with the PDF writer, once.

        Twice would give a document two sets of glyphs under one name.
        """
        with _loading:
            if self.name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(_load(self.name, self.file))
            return pdfmetrics.getFont(self.name)

    @cached_property
    def _widths(self) -> dict[int, float]:
        face = self._font.face
        return {
            character: face.charWidths.get(character, face.defaultWidth) / 1000
            for character in face.charToGlyph
        }

    def registered(self) -> str:
        """Give the name by which the PDF writer knows the face, loading it when needed."""
        return str(self._font.fontName)

    def has(self, character: str) -> bool:
        """Tell whether the face can draw the character."""
        return ord(character) in self._widths

    def width_em(self, text: str) -> float:
        """Measure text that `labels.text.clean` has let through, in sizes."""
        return sum(map(self._widths.__getitem__, map(ord, text)))

    def width_mm(self, text: str, size_pt: float) -> float:
        """Measure text that `labels.text.clean` has let through, at a size in points."""
        return self.width_em(text) * size_pt * MM_PER_PT


class _Font(TTFont):  # type: ignore[misc]
    """
    A TrueType font whose text can be copied out of the PDF beyond U+FFFF too.

    reportlab 5.1 writes such characters as five hexadecimal digits into the
    ToUnicode map; ISO 32000-1, 9.10.3, wants UTF-16BE, so 𬬭 came out as rubbish.
    """

    def addObjects(self, doc: Any) -> None:
        rare = [c for subset in self.state[doc].subsets for c in subset if c > 0xFFFF]
        super().addObjects(doc)
        maps = [doc.idToObject[name] for name in doc.idToObject if self._is_own_map(name)]
        for character in rare:
            for stream in maps:
                stream.content = stream.content.replace(f"<{character:04X}>", _utf16(character))

    def _is_own_map(self, name: object) -> bool:
        return str(name).startswith("toUnicodeCMap:") and str(name).endswith(
            self.face.name.decode("ascii")
        )


def _utf16(character: int) -> str:
    return f"<{chr(character).encode('utf-16-be').hex().upper()}>"


def _load(name: str, file: Path) -> TTFont:
    try:
        return _Font(name, str(file))
    except (TTFError, OSError) as error:
        raise Unavailable(f"font {file.name}") from error


@lru_cache(maxsize=2)
def face(*, bold: bool) -> Face:
    """Give the regular or the bold face; it is loaded at its first use (0.1 s)."""
    if bold:
        return Face("NotoSansSC-Bold", FOLDER / "NotoSansSC_700Bold.ttf")
    return Face("NotoSansSC-Regular", FOLDER / "NotoSansSC_400Regular.ttf")
