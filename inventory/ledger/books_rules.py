"""This module is about the three ledgers: in which one a kind is kept, and of which time.

A line belongs to the day on which its document took effect, not to the date of its invoice: what
is entered today changes no year that is closed. The date of the invoice stands beside it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from inventory.errors import Invalid

SECOND_TERM_BEGINS = (2, 1)
SCHOOL_YEAR_BEGINS = (9, 1)
FIRST_YEAR, LAST_YEAR = 1950, 2199


class Book(StrEnum):
    """The three ledgers (三账): what lasts, in sum and in detail, and what is used up."""

    GENERAL = "general"
    DETAIL = "detail"
    LOW_VALUE = "low_value"


class Durability(StrEnum):
    """Whether a kind lasts (General and Detail ledger) or is of low value."""

    DURABLE = "durable"
    LOW_VALUE = "low_value"


@dataclass(frozen=True, slots=True)
class Limit:
    """From which unit price a kind lasts, and which classes never do."""

    durable_from_cents: int
    low_value_classes: tuple[str, ...]


def book_of(
    equipment_class: str, unit_price_cents: int | None, override: str | None, limit: Limit
) -> Durability:
    """
    Decide in which ledger a kind is kept.

    What somebody decided by hand (`override`) stands; else some classes (glass, chemicals,
    materials and tools) are of low value whatever they cost, and the others last when the dearest
    of them reaches the limit. A price that nobody knows reaches none.
    """
    if override:
        return Durability(override)
    if equipment_class.startswith(limit.low_value_classes):
        return Durability.LOW_VALUE
    is_dear = unit_price_cents is not None and unit_price_cents >= limit.durable_from_cents
    return Durability.DURABLE if is_dear else Durability.LOW_VALUE


# --- the time that a ledger is of ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """From a day to a day, both included; `name` is how addresses write it."""

    name: str
    first: date
    last: date

    @property
    def after(self) -> date:
        """The first day that no longer belongs to it."""
        return self.last + timedelta(days=1)


YEAR = re.compile(r"[0-9]{4}")
SCHOOL_YEAR = re.compile(r"([0-9]{4})-([0-9]{4})(?:-([12]))?")
DAYS = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2}-[0-9]{2})")


def period(text: str) -> Period:
    """
    Return the time that a text names.

    It is a year (2026), a school year (2026-2027), a term of one (2026-2027-1), or two days
    (2026-09-01..2026-12-31).

    Raises:
        Invalid: it names none.
    """
    if YEAR.fullmatch(text):
        year = _year(text, text)
        return Period(text, date(year, 1, 1), date(year, 12, 31))
    if match := SCHOOL_YEAR.fullmatch(text):
        return _school_year(text, match)
    if match := DAYS.fullmatch(text):
        return between(match[1], match[2])
    raise Invalid(field="period", value=text[:60])


def between(first: str, last: str) -> Period:
    """
    Return the time from a day to a day.

    Raises:
        Invalid: one of them is no day, or they stand the other way round.
    """
    days = _day(first), _day(last)
    if days[0] > days[1]:
        raise Invalid(field="period", value=f"{first}..{last}")
    return Period(f"{first}..{last}", *days)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(field="period", value=text[:60]) from None
    _year(str(day.year), text)
    return day


def _year(text: str, whole: str) -> int:
    year = int(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Invalid(field="period", value=whole[:60])
    return year


def _school_year(text: str, match: re.Match[str]) -> Period:
    year = _year(match[1], text)
    if int(match[2]) != year + 1:
        raise Invalid(field="period", value=text)
    first, second = date(year, *SCHOOL_YEAR_BEGINS), date(year + 1, *SECOND_TERM_BEGINS)
    last = date(year + 1, *SCHOOL_YEAR_BEGINS) - timedelta(days=1)
    if match[3] == "1":
        last = second - timedelta(days=1)
    return Period(text, second if match[3] == "2" else first, last)


def periods(first: date, today: date) -> list[str]:
    """Name the years and school years with their terms from a day to today, the newest first."""
    names = []
    for year in range(today.year, first.year - 1, -1):
        autumn = [f"{year}-{year + 1}", f"{year}-{year + 1}-1"]
        names += [*autumn, str(year), f"{year - 1}-{year}-2"]
    names.append(f"{first.year - 1}-{first.year}")
    return [name for name in names if _touches(period(name), first, today)]


def _touches(one: Period, first: date, today: date) -> bool:
    return one.first <= today and one.last >= first


# --- figures -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """Pieces and their value in cents."""

    quantity: int = 0
    cents: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.quantity + other.quantity, self.cents + other.cents)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.quantity - other.quantity, self.cents - other.cents)


@dataclass(frozen=True, slots=True)
class Turnover:
    """What there was before, what came, what went; and so what there is."""

    opening: Amount = Amount()
    incoming: Amount = Amount()
    outgoing: Amount = Amount()

    @property
    def balance(self) -> Amount:
        return self.opening + self.incoming - self.outgoing

    def __add__(self, other: "Turnover") -> "Turnover":
        return Turnover(
            self.opening + other.opening,
            self.incoming + other.incoming,
            self.outgoing + other.outgoing,
        )


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the ledger as it stands in a book, with the balance after it."""

    document_id: str
    document: str
    at: datetime
    type: str
    title: str
    voucher: str | None
    invoiced: str | None
    unit_price_cents: int | None
    incoming: Amount
    outgoing: Amount
    balance: Amount


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a book on paper: what is carried over to it, its lines, what it hands on."""

    brought: Amount
    movements: tuple[Movement, ...]
    carried: Amount
    is_first: bool
    is_last: bool


def sheets(opening: Amount, movements: Iterable[Movement], size: int) -> Iterator[Sheet]:
    """Divide movements into sheets of so many lines; there is one even where nothing moved."""
    lines = list(movements)
    parts = [lines[n : n + size] for n in range(0, len(lines), size)] or [[]]
    balance = opening
    for number, part in enumerate(parts):
        brought, balance = balance, part[-1].balance if part else balance
        yield Sheet(brought, tuple(part), balance, number == 0, number == len(parts) - 1)
