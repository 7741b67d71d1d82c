"""What a label says: the content, and how it is read from JSON lines."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from labels.errors import InvalidContent

FIELDS = ("code", "symbol", "title", "lines")


@dataclass(frozen=True, slots=True)
class LabelContent:
    """
    What one label says, whatever it is printed on.

    `symbol` is what the QR symbol holds and `code` what a person reads and types
    when the symbol is damaged. Without title and lines the label is a blank:
    a symbol and its code, to be stuck on something later.
    """

    code: str
    symbol: str
    title: str = ""
    lines: tuple[str, ...] = ()

    @property
    def is_blank(self) -> bool:
        """Tell whether the label says nothing but its code."""
        return not (self.title or any(self.lines))


def read_contents(json_lines: Iterable[bytes]) -> Iterator[LabelContent]:
    """
    Read one label from each line of UTF-8 JSON; empty lines are passed over.

    Raises:
        InvalidContent: not JSON, or a field is missing, unknown or of another type.
    """
    for number, line in enumerate(json_lines, start=1):
        if line.strip():
            yield _content(_parsed(line, number), number)


def _parsed(line: bytes, number: int) -> object:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InvalidContent(number, "not UTF-8") from None
    except (ValueError, RecursionError):
        raise InvalidContent(number, "not JSON") from None


def _content(data: object, number: int) -> LabelContent:
    if not isinstance(data, dict):
        raise InvalidContent(number, "not a JSON object")
    _check_fields(data, number)
    return LabelContent(
        code=_text(data["code"], "code", number),
        symbol=_text(data["symbol"], "symbol", number),
        title=_text(data["title"], "title", number),
        lines=_lines(data["lines"], number),
    )


def _check_fields(data: dict[str, object], number: int) -> None:
    if missing := [name for name in FIELDS if name not in data]:
        raise InvalidContent(number, f"missing field {missing[0]!r}")
    if unknown := [name for name in data if name not in FIELDS]:
        raise InvalidContent(number, f"unknown field {unknown[0]!r}")


def _text(value: object, field: str, number: int) -> str:
    if not isinstance(value, str):
        raise InvalidContent(number, f"{field!r} is not a text")
    return value


def _lines(value: object, number: int) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise InvalidContent(number, "'lines' is not a list")
    return tuple(_text(line, "lines", number) for line in value)
