"""This module is about codes and readable numbers: how they are made, checked and written.

A code has eleven digits: nine of serial and two that check it by ISO/IEC 7064, MOD 97-10.
Check digits 02 to 98 only: 00, 01 and 99 would be second names of 97, 98 and 02.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from inventory.catalogue.rules import cents as cents
from inventory.catalogue.rules import folded as folded
from inventory.errors import Invalid, UnknownField

FIRST_SERIAL = 200_000_001
LAST_SERIAL = 999_999_999
SERIAL_DIGITS = 9
CODE = re.compile(r"[2-9][0-9]{10}")
JOINERS = re.compile(r"[\s\-‐-―−－_.·]+")
DASHES = re.compile(r"\s*(?:[‐-―−－_]|-)+\s*")
NUMBER = re.compile(r"(?P<catalogue>[A-Z]?[0-9]{1,11})-(?P<running>[0-9]{1,6})")
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


def cleaned(text: str) -> str:
    """
    Return what was scanned or typed, without what a reader adds around it, in ASCII width.

    Readers add control characters (GS1's FNC1, STX, ETX); they are no part of what is read.
    """
    return folded("".join(sign for sign in text if not _is_control(sign)))


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) in CONTROL and sign not in "\t\n\r"


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


def contents_hash(
    rows: list[tuple[str, str, int]], other_words: Iterable[tuple[str, str]] = ()
) -> str:
    """
    Return the SHA-256 of what a card says: (place, kind, quantity) rows in any order.

    `other_words` are the places and kinds on it that are not called as they were when they were
    entered, by id; a card on which nothing was renamed keeps the hash it was printed with.
    """
    lines = [f"{place}\t{kind}\t{quantity}" for place, kind, quantity in sorted(rows)]
    lines += [f"{key}={words}" for key, words in sorted(other_words)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Status(StrEnum):
    """Where a thing is in its life (facts of the domain: the states of an item)."""

    IN_USE = "in_use"
    REPAIR_WANTED = "repair_wanted"
    IN_REPAIR = "in_repair"
    TO_SCRAP = "to_scrap"
    MISSING = "missing"
    IN_TRANSFER = "in_transfer"
    SCRAPPED = "scrapped"
    WRITTEN_OFF = "written_off"
    TRANSFERRED = "transferred"


ENDED = frozenset({Status.SCRAPPED, Status.WRITTEN_OFF, Status.TRANSFERRED})
"""States in which a thing is no longer alive in its school. Only a counter-document leaves them."""
USABLE = frozenset({Status.IN_USE})
"""States in which a thing can be lent and counts as usable."""
EDGES: Mapping[Status, frozenset[Status]] = {
    Status.IN_USE: frozenset(
        {Status.REPAIR_WANTED, Status.TO_SCRAP, Status.MISSING, Status.IN_TRANSFER}
    ),
    Status.REPAIR_WANTED: frozenset({Status.IN_USE, Status.IN_REPAIR, Status.TO_SCRAP}),
    Status.IN_REPAIR: frozenset({Status.IN_USE, Status.TO_SCRAP}),
    Status.TO_SCRAP: frozenset(
        {Status.IN_USE, Status.REPAIR_WANTED, Status.IN_REPAIR, Status.SCRAPPED}
    ),
    Status.MISSING: frozenset({Status.IN_USE, Status.WRITTEN_OFF}),
    Status.IN_TRANSFER: frozenset({Status.IN_USE, Status.TRANSFERRED}),
}
"""The edges of a thing's life. To be lent is no state of it: a loan is a row of its own."""


CARD_MARK = re.compile(r"(?P<code>[2-9][0-9]{10})\s*[/、?]\s*(?P<version>[0-9]{1,6})")
"""An input method for Chinese types 、 where the card says /."""


def card_mark(code: str, version: int) -> str:
    """Return what the small mark of a cabinet card holds: the cabinet and the card's version."""
    return f"{code}/{version}"


def card_version_in(text: str) -> tuple[str, int] | None:
    """Return cabinet and version when a text is the mark of a card, else None."""
    match = CARD_MARK.fullmatch(folded(text))
    if match is None or not is_code(match["code"]):
        return None
    return match["code"], int(match["version"])


LONGEST = {
    "keeper": 60, "purchased": 10, "voucher": 60, "finance_card_no": 40, "note": 400,
    "serial_no": 60, "maker": 100, "supplier": 100, "invoice": 60, "accepted": 10, "source": 10,
    "warranty_until": 10, "condition": 10, "present_place": 60,
}  # fmt: skip
SOURCES = ("purchase", "transfer", "own_make", "donation", "surplus")
"""Where a thing came from: 采购, 调拨, 自制, 捐赠, 盘盈."""
CONDITIONS = ("good", "worn", "damaged", "unsafe")
CHOICES = {"source": SOURCES, "condition": CONDITIONS}
DATES = frozenset({"purchased", "accepted", "warranty_until"})
DEAREST_CENTS = 10**11
DATE = re.compile(r"[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
CONTROL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def description(values: Mapping[str, str | int | None]) -> dict[str, str | int | None]:
    """
    Return the fields of a thing's description that are present, in order; empty texts are null.

    Raises:
        UnknownField, Invalid: there is no such field, or it cannot hold this.
    """
    checked: dict[str, str | int | None] = {}
    for name, value in values.items():
        if name == "unit_price_cents":
            if value is not None and not 0 <= int(value) <= DEAREST_CENTS:
                raise Invalid(field="unit_price", value=value)
            checked[name] = value
            continue
        if name not in LONGEST:
            raise UnknownField(field=name, allowed=", ".join([*LONGEST, "unit_price_cents"]))
        text = str(value or "").strip()
        if text and not _can_hold(name, text):
            raise Invalid(field=name, value=text[:60])
        checked[name] = text or None
    return checked


def _can_hold(name: str, text: str) -> bool:
    if len(text) > LONGEST[name] or (name in DATES and not DATE.fullmatch(text)):
        return False
    return name not in CHOICES or text in CHOICES[name]
