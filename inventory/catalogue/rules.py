"""This module is about how kinds are managed, and which units count pieces."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from inventory.errors import Invalid, TooMany

CLASSES = (
    "计量", "通用", "专用", "模型", "标本", "挂图", "玻璃", "药品", "材料工具", "其他",
)  # fmt: skip
"""The ten classes of equipment as the schools' ledgers write them; others are kept as they are."""

DURABILITIES = ("durable", "low_value")
"""What somebody may decide; without a decision the limits of the settings do."""

FULL_WIDTH = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: 0x20}
PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?")
LONGEST_SYSTEM = 40
LONGEST_CODE = 20
MOST_CODES = 12

NOT_PIECES = frozenset({"克", "千克", "毫升", "升", "米"})
"""Units that measure and do not count: they are left out when pieces are added up."""


class ManagedAs(StrEnum):
    """What gets a code of its own: the single thing, the lot in its place, the bottle."""

    ITEM = "item"
    BATCH = "batch"
    CHEMICAL = "chemical"


def managed_as(
    unit_price_cents: int | None, finance_card: str | None, item_price_yuan: int
) -> ManagedAs:
    """Decide whether a purchase line becomes single items or one batch (design, section 2.10)."""
    dear = unit_price_cents is not None and unit_price_cents >= item_price_yuan * 100
    return ManagedAs.ITEM if dear or finance_card else ManagedAs.BATCH


def counts_as_pieces(unit: str) -> bool:
    """Whether a quantity in this unit is a number of pieces."""
    return unit not in NOT_PIECES


@dataclass(frozen=True, slots=True)
class CatalogueCode:
    """A code of a kind in one catalogue: its system and edition as their owner writes them."""

    system: str
    edition: str
    code: str

    @property
    def line(self) -> str:
        """The code as a line of a form: code, system, edition."""
        return ", ".join(filter(None, (self.code, self.system, self.edition)))


def codes_in(text: str) -> tuple[CatalogueCode, ...]:
    """
    Return the codes of a form's lines, each written as code, system, edition.

    Raises:
        Invalid, TooMany: see `checked_codes`.
    """
    found = []
    for line in text.replace("，", ",").splitlines():
        code, _, rest = line.partition(",")
        system, _, edition = rest.partition(",")
        if line.strip():
            found.append(CatalogueCode(system.strip(), edition.strip(), code.strip()))
    return checked_codes(found)


def checked_codes(codes: Iterable[CatalogueCode]) -> tuple[CatalogueCode, ...]:
    """
    Return codes without repetitions, in their order.

    Raises:
        Invalid: one is empty, or something is too long.
        TooMany: more than `MOST_CODES`.
    """
    found = tuple(dict.fromkeys(codes))
    for one in found:
        if not 0 < len(one.code) <= LONGEST_CODE:
            raise Invalid(field="catalogue_code", value=one.code[:60])
        if max(len(one.system), len(one.edition)) > LONGEST_SYSTEM:
            raise Invalid(field="catalogue_code", value=one.line[:60])
    if len(found) > MOST_CODES:
        raise TooMany(count=len(found), limit=MOST_CODES)
    return found


def kept_in_step(
    codes: tuple[CatalogueCode, ...], leading: str | None
) -> tuple[CatalogueCode, ...]:
    """Return a kind's codes after its leading one was written anew, or taken away."""
    if not codes or codes[0].code == leading:
        return codes
    first = codes[0]
    head = (CatalogueCode(first.system, first.edition, leading),) if leading else ()
    return tuple(dict.fromkeys((*head, *codes[1:])))


def folded(text: str) -> str:
    """
    Return text with full-width characters as ASCII and without the spaces around it.

    Unicode's compatibility form would fold more, but it turns ℃ into two characters and ① into
    a digit, and both stand in names.
    """
    return text.translate(FULL_WIDTH).strip()


def cents(text: str | None) -> int | None:
    """
    Return an amount of yuan as cents; nothing for nothing.

    Raises:
        Invalid: it is no amount with at most two decimals.
    """
    if not text:
        return None
    plain = folded(text).replace(",", "").lstrip("¥￥").strip()
    if not PRICE.fullmatch(plain) or not plain.isascii():
        raise Invalid(field="unit_price", value=text[:60])
    yuan, _, rest = plain.partition(".")
    return int(yuan) * 100 + int(rest.ljust(2, "0") or 0)
