"""This module is about what a scanned text can mean: one pure function, from text to candidates.

What the candidates point at is a second step that asks the register. A text may have several
meanings (eleven digits of a maker's barcode pass the check once in 97 times); all are returned,
the likeliest first, and what stays ambiguous is shown to a person, never guessed.
"""

import re
from dataclasses import dataclass

from inventory.register.rules import Number, card_version_in, cleaned, code_in, is_code

LONGEST = 1_000
"""Characters of a payload that are kept."""
LAST_DIGITS = re.compile(r"(?<![0-9])([2-9][0-9]{10})(?:[/?#].*)?$")
EPC_HEX = re.compile(r"(?:[0-9A-F]{24}|[0-9A-F]{32})")
EPC_URI = re.compile(r"urn:epc:(?:id|tag):[a-z0-9\-]+:[A-Za-z0-9.\-%]+", re.IGNORECASE)
UID_HEX = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{16}|[0-9A-F]{20}")
HEX_JOINERS = re.compile(r"[\s:.\-]+")
LINK = re.compile(r"https?:", re.IGNORECASE)
ELEVEN_DIGITS = re.compile(r"[0-9]{11}")


@dataclass(frozen=True, slots=True)
class Code:
    """A code of ours, by its check; that it was ever minted is for the register to say."""

    code: str


@dataclass(frozen=True, slots=True)
class Epc:
    """An RFID tag's electronic product code, as upper-case hex or as its URI."""

    epc: str


@dataclass(frozen=True, slots=True)
class Uid:
    """A card's or tag's unique identifier, as upper-case hex of 4, 7, 8 or 10 bytes."""

    uid: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Somebody else's barcode, or any other text; means something only where it was bound."""

    text: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Nothing that can be looked up. `reason`: empty, wrong_check, not_text or too_long."""

    reason: str


Meaning = Code | Epc | Uid | Number | Foreign | Unreadable


def meanings(text: str) -> tuple[Meaning, ...]:
    """
    Return what a scanned or typed text can mean, the likeliest first; never nothing.

    It understands the digits with spaces or dashes and in full width, a link of any host and
    case, a link from which an input method swallowed the letters, an EPC, a card's UID and a
    readable number.
    """
    if len(text) > LONGEST:
        return (Unreadable("too_long"),)
    clean = cleaned(text)
    if not clean:
        return (Unreadable("empty" if not text.strip() else "not_text"),)
    found: list[Meaning] = []
    mark = card_version_in(clean)
    code = code_in(clean) or (mark[0] if mark else _code_at_the_end(clean))
    if code is not None:
        found.append(Code(code))
    found.extend(_radio(clean))
    number = Number.parse(clean)
    if number is not None:
        found.append(number)
    if code is None or code_in(clean) is None:
        found.append(Foreign(clean))
    if not found or isinstance(found[0], Foreign):
        found.extend(_near_miss(clean))
    return tuple(found)


def _code_at_the_end(text: str) -> str | None:
    """The code with which a link ends, or what an input method left of a link."""
    match = LAST_DIGITS.search(text)
    if match is None or match.start(1) == 0:
        return None
    if text[match.start(1) - 1] in "+-0123456789.":
        return None
    return match[1] if is_code(match[1]) else None


def _radio(text: str) -> list[Meaning]:
    if EPC_URI.fullmatch(text):
        return [Epc(text)]
    digits = HEX_JOINERS.sub("", text).upper()
    if EPC_HEX.fullmatch(digits):
        return [Epc(digits)]
    if UID_HEX.fullmatch(digits):
        return [Uid(digits)]
    return []


def _near_miss(text: str) -> list[Meaning]:
    """Eleven digits, alone or at the end of a link, that the check refuses: say so."""
    digits = re.sub(r"[\s\-]+", "", text)
    if ELEVEN_DIGITS.fullmatch(digits):
        return [Unreadable("wrong_check")]
    match = LAST_DIGITS.search(text)
    return [Unreadable("wrong_check")] if match and LINK.match(text) else []


def name_of(meaning: Meaning) -> str:
    """Return the word for a meaning: code, epc, uid, number, foreign or unreadable."""
    return type(meaning).__name__.lower()


def value_of(meaning: Meaning) -> str:
    """Return what a meaning carries, as text."""
    match meaning:
        case Code(code=value) | Epc(epc=value) | Uid(uid=value) | Foreign(text=value):
            return value
        case Unreadable(reason=value):
            return value
        case Number():
            return str(meaning)
