"""This module is about attainment: what of the need is met, line by line, and what that costs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """
    The sums of some lines, in pieces and in cents.

    Gaps and surpluses are summed apart: a surplus of one kind fills no gap of another. Money is
    summed where a price is known; `unpriced` says how many lines of each sort are not in it.
    """

    all_lines: int = 0
    lines: int = 0
    """Lines that need something; the others can only have a surplus."""
    attained_lines: int = 0
    gap_lines: int = 0
    required: int = 0
    met: int = 0
    usable: int = 0
    gap: int = 0
    surplus: int = 0
    required_cents: int | None = None
    gap_cents: int | None = None
    surplus_cents: int | None = None
    unpriced_required: int = 0
    unpriced_gaps: int = 0
    unpriced_surpluses: int = 0

    @property
    def attainment(self) -> float | None:
        """The share of the need that is met; None where nothing is needed."""
        return self.met / self.required if self.required else None


class Sums:
    """Adds lines up, one after the other."""

    _COUNTED = (
        "all_lines", "lines", "attained_lines", "gap_lines", "required", "met", "usable", "gap",
        "surplus", "unpriced_required", "unpriced_gaps", "unpriced_surpluses",
    )  # fmt: skip

    def __init__(self) -> None:
        self._counts = dict.fromkeys(self._COUNTED, 0)
        self._cents: dict[str, int | None] = dict.fromkeys(
            ("required_cents", "gap_cents", "surplus_cents")
        )

    def add(self, required: int, usable: int, unit_price_cents: int | None) -> None:
        """Add one line."""
        missing, more = gap(required, usable), surplus(required, usable)
        for name, value in (
            ("all_lines", 1), ("lines", required > 0), ("gap_lines", missing > 0),
            ("attained_lines", required > 0 and not missing), ("required", required),
            ("met", min(required, usable)), ("usable", usable), ("gap", missing), ("surplus", more),
        ):  # fmt: skip
            self._counts[name] += value
        for part, pieces, unpriced in (
            ("required_cents", required, "unpriced_required"),
            ("gap_cents", missing, "unpriced_gaps"),
            ("surplus_cents", more, "unpriced_surpluses"),
        ):
            if unit_price_cents is not None:
                self._cents[part] = (self._cents[part] or 0) + pieces * unit_price_cents
            elif pieces:
                self._counts[unpriced] += 1

    def figures(self) -> Figures:
        """Return what came together; money of which nothing is known stays unknown."""
        told: dict[str, Any] = {**self._counts, **self._cents}
        return Figures(**told)


def gap(required: int, usable: int) -> int:
    """Return how many are missing."""
    return max(required - usable, 0)


def surplus(required: int, usable: int) -> int:
    """Return how many there are beyond the need."""
    return max(usable - required, 0)


def attainment(required: int, usable: int) -> float | None:
    """Return the share of a line's need that is met, at most 1; None where nothing is needed."""
    return min(usable, required) / required if required > 0 else None


def percent(share: float | None) -> str:
    """Write a share in percent, rounded down: 100 % means that nothing is missing."""
    if share is None:
        return "—"
    tenths = int(share * 1000 + 1e-9)
    return f"{tenths // 10}.{tenths % 10} %" if tenths % 10 else f"{tenths // 10} %"


def worth(pieces: int, unit_price_cents: int | None) -> int | None:
    """Return what so many pieces cost; None when the price is not known, never 0 for that."""
    if pieces == 0:
        return 0
    return None if unit_price_cents is None else pieces * unit_price_cents


def together(parts: Iterable[Figures]) -> Figures:
    """Return the sums of sums: of the schools of a district."""
    total = dict.fromkeys(Figures.__slots__)
    for part in parts:
        for name in total:
            value = getattr(part, name)
            if value is not None:
                total[name] = (total[name] or 0) + value
    return Figures(**{name: value for name, value in total.items() if value is not None})
