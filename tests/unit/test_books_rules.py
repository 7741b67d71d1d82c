"""The rules of the three ledgers: which book, which time, what a sheet carries over."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.errors import Invalid
from inventory.ledger.books_rules import (
    Amount,
    Durability,
    Limit,
    Movement,
    between,
    book_of,
    period,
    periods,
    sheets,
)

LIMIT = Limit(50_000, ("玻璃", "药品", "材料"))


@pytest.mark.parametrize(
    ("equipment_class", "cents", "override", "book"),
    [
        ("计量仪器", 50_000, None, Durability.DURABLE),
        ("计量仪器", 49_999, None, Durability.LOW_VALUE),
        ("计量仪器", None, None, Durability.LOW_VALUE),
        ("玻璃仪器", 900_000, None, Durability.LOW_VALUE),
        ("药品", 900_000, None, Durability.LOW_VALUE),
        ("", 50_000, None, Durability.DURABLE),
        ("玻璃仪器", None, "durable", Durability.DURABLE),
        ("计量仪器", 900_000, "low_value", Durability.LOW_VALUE),
    ],
)
def test_a_kind_lasts_by_its_class_and_its_price(equipment_class, cents, override, book):
    assert book_of(equipment_class, cents, override, LIMIT) is book


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-2027", date(2026, 9, 1), date(2027, 8, 31)),
        ("2026-2027-1", date(2026, 9, 1), date(2027, 1, 31)),
        ("2026-2027-2", date(2027, 2, 1), date(2027, 8, 31)),
        ("2026-02-03..2026-02-03", date(2026, 2, 3), date(2026, 2, 3)),
    ],
)
def test_a_period_is_a_year_a_school_year_a_term_or_days(text, first, last):
    one = period(text)

    assert (one.name, one.first, one.last) == (text, first, last)


@pytest.mark.parametrize(
    "text",
    ["", "26", "2026-2028", "2026-2027-3", "2026-13-01..2026-12-01", "0001",
     "2026-02-30..2027-01-01"],
)  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Invalid):
        period(text)


def test_days_the_other_way_round_are_refused():
    with pytest.raises(Invalid):
        between("2026-05-02", "2026-05-01")


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.dates(date(1990, 1, 1), date(2090, 1, 1)))
def test_each_period_that_is_offered_touches_the_time_between(one, other):
    first, today = min(one, other), max(one, other)

    offered = [period(name) for name in periods(first, today)]

    assert len({one.name for one in offered}) == len(offered)
    assert all(one.first <= today and one.last >= first for one in offered)
    assert any(one.first <= first <= one.last for one in offered)
    assert any(one.first <= today <= one.last for one in offered)


@given(st.lists(st.integers(-50, 50).filter(bool), max_size=40), st.integers(0, 99),
       st.integers(1, 9))  # fmt: skip
def test_sheets_carry_the_balance_from_one_to_the_next(quantities, opening, size):
    movements, balance = [], Amount(opening)
    for quantity in quantities:
        amount = Amount(quantity)
        balance += amount
        movements.append(
            Movement("d", "n", datetime(2026, 1, 1, tzinfo=UTC), "receipt", "t", None, None, None,
                     amount, Amount(), balance)
        )  # fmt: skip

    made = list(sheets(Amount(opening), movements, size))

    assert [line for sheet in made for line in sheet.movements] == movements
    assert made[0].brought == Amount(opening)
    assert made[-1].carried == balance
    assert all(one.carried == two.brought for one, two in pairwise(made))
    assert [sheet.is_first for sheet in made] == [True] + [False] * (len(made) - 1)
