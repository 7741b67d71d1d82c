"""This module is about codes and readable numbers: how they are made, checked and written.

A code has eleven digits: nine of serial and two that check it by ISO/IEC 7064, MOD 97-10.
Check digits 02 to 98 only: 00, 01 and 99 would be second names of 97, 98 and 02.
"""

import hashlib
import re
from dataclasses import dataclass

FIRST_SERIAL = 200_000_001
LAST_SERIAL = 999_999_999
SERIAL_DIGITS = 9
CODE = re.compile(r"[2-9][0-9]{10}")
JOINERS = re.compile(r"[\s\-‐-―−－_.·]+")
DASHES = re.compile(r"\s*(?:[‐-―−－_]|-)+\s*")
NUMBER = re.compile(r"(?P<catalogue>[A-Z]?[0-9]{1,11})-(?P<running>[0-9]{1,6})")
FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
NO_CATALOGUE = "0"
"""Stands for the catalogue code of a kind that has none."""


def code_of(serial: int) -> str:
    """
    Return the code of a serial number.

    Raises:
        ValueError: the serial does not have nine digits of which the first is 2 to 9.
    """
    if not 200_000_000 <= serial <= LAST_SERIAL:
        raise ValueError(f"{serial} is no serial of nine digits from 200000000")
    return f"{serial}{98 - serial * 100 % 97:02d}"


def is_code(text: str) -> bool:
    """Whether eleven ASCII digits are a code with the right check."""
    if CODE.fullmatch(text) is None or int(text) % 97 != 1:
        return False
    return "02" <= text[SERIAL_DIGITS:] <= "98"


def shown(code: str) -> str:
    """Write a code in the groups in which people read it aloud: 200 000 001 94."""
    return f"{code[0:3]} {code[3:6]} {code[6:9]} {code[9:11]}"


def folded(text: str) -> str:
    """
    Return text with full-width characters as ASCII and without the spaces around it.

    Unicode's compatibility form would fold more, but it turns ℃ into two characters and ① into
    a digit, and both stand in names.
    """
    return text.translate(FULL_WIDTH).strip()


def code_in(text: str) -> str | None:
    """Return the code that somebody typed with spaces, dashes or full-width digits, or None."""
    digits = JOINERS.sub("", folded(text))
    return digits if is_code(digits) else None


@dataclass(frozen=True, slots=True, order=True)
class Number:
    """A readable number (目录编号—序号): 24001-03 is the third thing of catalogue code 24001."""

    catalogue: str
    running: int

    def __str__(self) -> str:
        return f"{self.catalogue or NO_CATALOGUE}-{self.running:02d}"

    @classmethod
    def parse(cls, text: str) -> "Number | None":
        """Return the number that a text is, with or without padding, or None."""
        match = NUMBER.fullmatch(DASHES.sub("-", folded(text)).upper())
        if match is None or int(match["running"]) == 0:
            return None
        catalogue = match["catalogue"]
        return cls("" if catalogue == NO_CATALOGUE else catalogue, int(match["running"]))


def contents_hash(rows: list[tuple[str, str, int]]) -> str:
    """Return the SHA-256 of a cabinet's contents: (place, kind, quantity) rows in any order."""
    lines = "\n".join(f"{place}\t{kind}\t{quantity}" for place, kind, quantity in sorted(rows))
    return hashlib.sha256(lines.encode()).hexdigest()
