"""This module is about how kinds are managed, and which units count pieces."""

from enum import StrEnum

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
