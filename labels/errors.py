"""What can go wrong with a label: each situation a class that carries its data."""

from collections.abc import Sequence
from typing import ClassVar


def code_point(character: str) -> str:
    """Name a character the way the Unicode standard does, for example U+2126."""
    return f"U+{ord(character):04X}"


class LabelError(Exception):
    """
    The root of everything this library refuses or cannot do.

    `code` names the situation for programs. `label` is the number of the label,
    from 1 in the order given, where one label is to blame.
    """

    code: ClassVar[str] = "label_error"
    label: int | None = None


class UnknownStock(LabelError):
    """No stock goes by that name."""

    code = "unknown_stock"

    def __init__(self, name: str, choices: Sequence[str]) -> None:
        self.name = name
        self.choices = tuple(choices)
        super().__init__(f"unknown stock {name!r}; choose one of: {', '.join(self.choices)}")


class InvalidStock(LabelError):
    """A stock's numbers contradict each other."""

    code = "invalid_stock"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"stock {name!r}: {reason}")


class InvalidSkip(LabelError):
    """That many labels cannot be left free at the start."""

    code = "invalid_skip"

    def __init__(self, skip: int, reason: str) -> None:
        self.skip = skip
        self.reason = reason
        super().__init__(f"cannot skip {skip}: {reason}")


class InvalidContent(LabelError):
    """A line of input does not describe a label; lines count from 1."""

    code = "invalid_content"

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        self.reason = reason
        super().__init__(f"line {line}: {reason}")


class InvalidDocument(LabelError):
    """The parts of a document do not fit together."""

    code = "invalid_document"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class NothingToPrint(LabelError):
    """There is no label and no page."""

    code = "nothing_to_print"

    def __init__(self) -> None:
        super().__init__("nothing to print")


class MissingGlyph(LabelError):
    """No font here can draw this character."""

    code = "missing_glyph"

    def __init__(self, character: str, text: str) -> None:
        self.character = character
        self.text = text
        super().__init__(f"no glyph for {character!r} ({code_point(character)}) in {text!r}")


class ControlCharacter(LabelError):
    """The text holds a character that steers a device instead of being printed."""

    code = "control_character"

    def __init__(self, character: str, text: str) -> None:
        self.character = character
        self.text = text
        super().__init__(f"control character {code_point(character)} in {text!r}")


class LabelTooSmall(LabelError):
    """What must be on the label, or in the table, does not fit; both lengths in mm."""

    code = "label_too_small"

    def __init__(self, needs_mm: float, has_mm: float) -> None:
        self.needs_mm = needs_mm
        self.has_mm = has_mm
        super().__init__(f"too small: {needs_mm:.1f} mm are needed, {has_mm:.1f} mm are there")


class CannotEncode(LabelError):
    """This payload has no QR symbol."""

    code = "cannot_encode"

    def __init__(self, payload: str, reason: str) -> None:
        self.payload = payload
        self.reason = reason
        super().__init__(f"no symbol for {payload[:40]!r}: {reason}")


class ReadBackFailed(LabelError):
    """The rendered pages do not say what they should."""

    code = "read_back_failed"

    def __init__(self, missing: Sequence[str], unexpected: Sequence[str]) -> None:
        self.missing = list(missing)
        self.unexpected = list(unexpected)
        super().__init__(
            f"read-back failed: {len(self.missing)} missing {self.missing[:5]}, "
            f"{len(self.unexpected)} unexpected {self.unexpected[:5]}"
        )


class Unavailable(LabelError):
    """Something this computer should have is not there."""

    code = "unavailable"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"not available: {what}")
