"""The three ledgers: General = sum of the Detail ledger; all books = all lines; on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind
from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.ledger.books_queries import (
    Span,
    Wanted,
    account,
    every_movement,
    every_turnover,
    sums_by_subject,
    turnovers,
    unbalanced,
)
from inventory.ledger.books_rules import Amount, Durability, Limit, Turnover, book_of
from inventory.ledger.rules import DocumentType
from inventory.ledger.service import post_document, post_line
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, acting

LIMIT = Limit(50_000, ("玻璃", "药品"))
DAY = timedelta(days=1)
AGES = Span(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def lines(entries, school=HOME):
    """Post lines of (kind, quantity, cents, days after noon), each by a document of its own."""
    for kind_id, quantity, cents, days in entries:
        at = NOON + days * DAY

        def post(session, kind_id=kind_id, quantity=quantity, cents=cents, at=at):
            document = post_document(
                session, OPERATOR, type=DocumentType.RECEIPT, title="购入", school_id=school, at=at
            )
            post_line(
                session, OPERATOR, document=document, kind_id=kind_id, quantity=quantity,
                unit_price_cents=cents, voucher="记1", at=at,
            )  # fmt: skip

        transact(post)


def kind(name, equipment_class="计量仪器", subject="科学"):
    key = KindKey(subject, "24001", name, "", "个")
    return transact(
        lambda s: define_kind(
            s, OPERATOR, key, school_id=HOME, equipment_class=equipment_class,
            managed_as=ManagedAs.BATCH, at=NOON,
        ).id
    )  # fmt: skip


def book(durability, span=AGES, school=HOME):
    return list(every_turnover(acting(OPERATOR), span, Wanted(school, LIMIT, durability)))


@pytest.mark.usefixtures("world")
def test_a_line_belongs_to_the_day_of_its_document():
    one = kind("砝码")
    lines([(one, 10, 60_000, 0), (one, 5, 50_000, 10), (one, -3, 60_000, 11), (one, 7, None, 30)])

    span = Span(NOON + 9 * DAY, NOON + 20 * DAY)
    [row] = [row for row in book(Durability.DURABLE, span) if row.kind_id == one]

    assert row.turnover == Turnover(Amount(10, 600_000), Amount(5, 250_000), Amount(3, 180_000))
    assert row.turnover.balance == Amount(12, 670_000)


@pytest.mark.usefixtures("world")
def test_an_account_is_turned_by_pages_and_carries_its_balance():
    one = kind("砝码")
    lines([(one, n, 100, n) for n in range(1, 8)])
    wanted, span = Wanted(HOME, LIMIT, kind_id=one), Span(NOON + 2 * DAY, NOON + 7 * DAY)

    pages = [account(acting(OPERATOR), span, wanted, page=n, size=2) for n in (1, 2, 3)]

    assert [page.lines for page in pages] == [5, 5, 5]
    assert [page.opening.quantity for page in pages] == [1, 6, 15]
    balances = [line.balance.quantity for page in pages for line in page.movements]
    assert balances == [3, 6, 10, 15, 21]
    assert account(acting(OPERATOR), Span(NOON - DAY, NOON), wanted) is None


@pytest.mark.usefixtures("world")
def test_the_books_of_a_school_hold_no_line_of_another():
    before = sums_by_subject(acting(OPERATOR), AGES, Wanted(OTHER, LIMIT))

    lines([(kind("砝码"), 10, 60_000, 0)])

    assert sums_by_subject(acting(OPERATOR), AGES, Wanted(OTHER, LIMIT)) == before


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 4), st.integers(-9, 9).filter(bool),
        st.sampled_from([None, 1, 49_999, 50_000, 70_001]), st.integers(0, 6),
    ),
    max_size=14,
)  # fmt: skip


@pytest.mark.usefixtures("world")
@settings(max_examples=8)
@given(ENTRIES, st.integers(0, 6), st.integers(0, 6))
def test_general_is_the_sum_of_detail_and_all_books_are_all_lines(entries, first, length):
    classes = ("计量仪器", "玻璃仪器", "药品", "", "玻璃_%")
    kinds = [kind(f"物{n}{datetime.now(UTC)}", one) for n, one in enumerate(classes)]
    lines([(kinds[n], quantity, cents, days) for n, quantity, cents, days in entries])
    span = Span(NOON + first * DAY, NOON + (first + length) * DAY)
    session = acting(OPERATOR)

    detail = {}
    for kind_id, movement in every_movement(session, span, Wanted(HOME, LIMIT)):
        detail.setdefault(kind_id, []).append(movement)
    for durability in Durability:
        rows = list(every_turnover(session, span, Wanted(HOME, LIMIT, durability)))
        for row in rows:
            own = detail.pop(row.kind_id, [])
            moved = sum((one.incoming - one.outgoing for one in own), Amount())
            assert row.turnover.balance == row.turnover.opening + moved
            told = book_of(row.equipment_class, row.unit_price_cents, None, LIMIT)
            assert told is durability
        summed = sums_by_subject(session, span, Wanted(HOME, LIMIT, durability))
        assert sum((one.turnover for one in summed), Turnover()) == sum(
            (row.turnover for row in rows), Turnover()
        )
    assert not detail
    assert unbalanced(session, LIMIT, [HOME, OTHER]) == []


def test_what_stands_in_no_book_is_found(sqlite_app, sqlite_world):
    session = acting(OPERATOR)
    assert examine(False, (), None)["books"] == []

    connection = session.connection()
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    connection.exec_driver_sql("UPDATE ledger_line SET kind_id = 'x' WHERE quantity = 24")

    found = unbalanced(session, LIMIT, [HOME])
    assert [one.lines.quantity - one.books.quantity for one in found] == [48]


@pytest.mark.usefixtures("world")
def test_a_ledger_asks_little_however_long_it_is():
    from tests.statements import asked_of

    one = kind("砝码")
    lines([(one, 1, 60_000, n) for n in range(30)])
    session = acting(OPERATOR)

    with asked_of(db.engine) as asked:
        turnovers(session, AGES, Wanted(HOME, LIMIT, Durability.DURABLE))
        sums_by_subject(session, AGES, Wanted(HOME, LIMIT, Durability.DURABLE))
        account(session, AGES, Wanted(HOME, LIMIT, kind_id=one), page=2, size=10)

    assert asked.statements <= 7
