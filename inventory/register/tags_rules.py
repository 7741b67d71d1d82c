"""This module is about carriers of a code: what sorts there are, and how their values are kept."""

import re
from enum import StrEnum

from inventory.errors import Invalid, Missing
from inventory.register.rules import cleaned

LONGEST_VALUE = 200
LONGEST_REASON = 200
HEX_JOINERS = re.compile(r"[\s:.\-]+")
HEX = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{16}|[0-9A-F]{20}|[0-9A-F]{24}|[0-9A-F]{32}")
"""Lengths of a card's UID, and of a tag's TID and EPC, as readers give them."""
EPC_URI = re.compile(r"urn:epc:(?:id|tag):[a-z0-9\-]+:[A-Za-z0-9.\-%]+", re.IGNORECASE)


class Medium(StrEnum):
    """What sort of carrier it is."""

    QR = "qr"
    BARCODE = "barcode"
    EPC = "epc"
    TID = "tid"
    UID = "uid"
    NUMBER = "number"
    """The number that the thing had in an older system."""


RADIO = frozenset({Medium.EPC, Medium.TID, Medium.UID})


def medium_of(text: str) -> Medium:
    """Return what a value that was read most likely comes from; a person may say otherwise."""
    clean = cleaned(text)
    digits = HEX_JOINERS.sub("", clean).upper()
    if EPC_URI.fullmatch(clean) or (len(digits) in {24, 32} and HEX.fullmatch(digits)):
        return Medium.EPC
    if HEX.fullmatch(digits) and not digits.isdecimal() and len(digits) in {8, 14, 16, 20}:
        return Medium.UID
    if clean.lower().startswith(("http:", "https:")):
        return Medium.QR
    return Medium.BARCODE if clean.isdecimal() and len(clean) >= 8 else Medium.NUMBER


def value_of(medium: Medium, text: str) -> str:
    """
    Return a carrier's value as it is kept and looked up.

    Raises:
        Missing, Invalid: there is nothing in it, it is too long, or no such carrier reads so.
    """
    clean = cleaned(text)
    if not clean:
        raise Missing(field="tag")
    if len(clean) > LONGEST_VALUE:
        raise Invalid(field="tag", value=clean[:60])
    if medium not in RADIO or EPC_URI.fullmatch(clean):
        return clean
    digits = HEX_JOINERS.sub("", clean).upper()
    if not HEX.fullmatch(digits):
        raise Invalid(field="tag", value=clean[:60])
    return digits


def values_sought(text: str) -> list[str]:
    """Return the values that a text may be of a carrier, as they are kept; it is found exactly."""
    clean = cleaned(text)
    digits = HEX_JOINERS.sub("", clean).upper()
    wanted = [clean, *([digits] if HEX.fullmatch(digits) else [])]
    return [one for one in dict.fromkeys(wanted) if 0 < len(one) <= LONGEST_VALUE]


def medium_named(name: str) -> Medium:
    """
    Return the carrier of a name.

    Raises:
        Invalid: there is none.
    """
    if name not in set(Medium):
        raise Invalid(field="medium", value=name[:60])
    return Medium(name)
