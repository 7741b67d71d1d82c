"""This module is about attainment: what of the need is met, line by line, and what that costs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import SimpleNamespace


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

    def __init__(self) -> None:
        self._sums = SimpleNamespace(**asdict(Figures()))

    def add(self, required: int, usable: int, unit_price_cents: int | None) -> None:
        """Add one line."""
        sums, missing, more = self._sums, gap(required, usable), surplus(required, usable)
        sums.all_lines += 1
        sums.lines += required > 0
        sums.gap_lines += missing > 0
        sums.attained_lines += required > 0 and not missing
        sums.required += required
        sums.met += min(required, usable)
        sums.usable += usable
        sums.gap += missing
        sums.surplus += more
        if unit_price_cents is None:
            sums.unpriced_required += required != 0
            sums.unpriced_gaps += missing != 0
            sums.unpriced_surpluses += more != 0
            return
        sums.required_cents = (sums.required_cents or 0) + required * unit_price_cents
        sums.gap_cents = (sums.gap_cents or 0) + missing * unit_price_cents
        sums.surplus_cents = (sums.surplus_cents or 0) + more * unit_price_cents

    def figures(self) -> Figures:
        """Return what came together; money of which nothing is known stays unknown."""
        return Figures(**vars(self._sums))


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
