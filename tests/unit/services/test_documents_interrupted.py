"""Documents longer than one slice: all is looked at before any of it is done, or it ends early."""

import pytest
from sqlalchemy import select

from inventory.custody import transfers_service as transfers
from inventory.db import db
from inventory.errors import (
    IsAnArrival,
    Lent,
    Locked,
    Missing,
    NoReversalOf,
    NotInThisState,
)
from inventory.ledger import books_queries as books
from inventory.ledger import documents_service as documents
from inventory.ledger import merging_service as merging
from inventory.ledger.documents_service import SLICE, Decision, Draft, Line
from inventory.ledger.models import DocumentLine
from inventory.ledger.rules import DocumentType
from inventory.register import service as register
from inventory.register.cards_service import lock_place
from inventory.register.models import Thing
from inventory.scope import OPERATOR
from tests.unit.services.test_books import AGES, LIMIT
from tests.unit.services.test_by_hand import kind_named, shelf_of
from tests.unit.services.test_documents import (
    TODAY,
    act,
    agrees,
    decided,
    drafted,
    pieces,
    received,
    row,
    rules,
    taken_back,
    thing,
)
from tests.world import HOME, OTHER, acting


@pytest.fixture
def people(world):
    return world.people


@pytest.fixture
def beakers(world):
    return world.batches[f"{HOME}/01"][0]


def gone_on_with(who, code):
    while act(documents.advance, who, document_id=code, rules=rules()):
        pass


def made_by(code):
    query = select(Thing.code).where(Thing.school_id == HOME, Thing.document_id == code)
    return list(db.session.scalars(query.order_by(Thing.code)))


def many(people, world, count):
    """So many new balances; their codes."""
    kind, shelf = kind_named("电子天平 01"), shelf_of(world, "01", "1")
    code = received(people, [Line(kind_id=kind.id, quantity=count, place_id=shelf)])
    gone_on_with(people["manager"], code)
    return made_by(code)


def test_what_cannot_be_done_any_more_is_refused_before_any_of_it_is_done(people, world, beakers):
    """The last line stands in the second slice: nothing of the first one is done either."""
    items = many(people, world, SLICE + 3)
    lines = [*(Line(one) for one in items), Line(beakers, quantity=24)]
    code = drafted(people["manager"], "scrap", lines, reason="旧")
    shelf = thing(beakers).home_id
    act(lock_place, people["manager"], code=shelf, reason="封存待查")
    decided(people["principal"], code)
    with pytest.raises(Locked):
        decided(people["officer"], code)

    assert (row(code).state, row(code).done) == ("submitted", 0)
    assert thing(items[0]).status == "to_scrap"
    decided(people["officer"], code, approves=False, reason="烧杯封在柜里")
    assert thing(items[0]).status == "in_use"
    agrees()


def test_what_was_moved_since_it_was_written_is_noticed_when_it_is_handed_in(
    people, world, beakers
):
    manager, to = people["manager"], shelf_of(world, "02", "2")
    items = many(people, world, SLICE)
    lines = (*(Line(one, place_id=to) for one in items), Line(beakers, quantity=24, place_id=to))
    wanted = Draft(DocumentType.RELOCATION, lines)
    code = act(documents.draft, manager, wanted, rules=rules(), today=TODAY).id
    act(register.move_thing, manager, code=beakers, to=shelf_of(world, "02", "1"), quantity=10)
    with pytest.raises(Lent):
        act(documents.submit, manager, document_id=code, rules=rules())

    assert row(code).state == "draft"
    assert thing(items[0]).home_id != to
    agrees()


def test_ledger_and_things_agree_between_two_slices_and_the_book_has_one_line(people, world):
    manager, kind_id = people["manager"], kind_named("电子天平 01").id
    before = pieces(kind_id)
    lines = [Line(kind_id=kind_id, quantity=2 * SLICE + 4, unit_price_cents=9_900)]
    code = received(people, lines)

    assert (row(code).state, row(code).done) == ("approved", SLICE)
    assert pieces(kind_id) == before + SLICE
    agrees()
    gone_on_with(manager, code)
    assert pieces(kind_id) == before + 2 * SLICE + 4
    agrees()
    account = books.account(db.session(), AGES, books.Wanted(HOME, LIMIT, kind_id=kind_id))
    told = [one.incoming.quantity for one in account.movements if one.document_id == code]
    assert told == [2 * SLICE + 4]
    assert account.movements[-1].balance == account.row.turnover.balance

    counter = taken_back(manager, code)
    agrees()
    gone_on_with(manager, counter)
    assert pieces(kind_id) == before
    agrees()


def test_what_cannot_go_on_ends_where_it_is_and_can_be_reversed(people, world):
    manager, kind = people["manager"], kind_named("电子天平 01").id
    before, shelf = pieces(kind), shelf_of(world, "01", "1")
    lines = [Line(kind_id=kind, quantity=SLICE + 5, place_id=shelf), Line(kind_id=kind)]
    code = received(people, lines)

    with pytest.raises(Missing):
        act(documents.end_here, manager, document_id=code, reason=" ", rules=rules())
    act(documents.end_here, manager, document_id=code, reason="货架没装好", rules=rules())
    left = list(db.session.scalars(select(DocumentLine).where(DocumentLine.document_id == code)))
    assert [(one.n, one.quantity) for one in left] == [(1, SLICE)]
    assert (row(code).state, pieces(kind)) == ("executed", before + SLICE)
    with pytest.raises(NotInThisState):
        act(documents.end_here, manager, document_id=code, reason="再来", rules=rules())
    agrees()

    taken_back(manager, code)
    assert pieces(kind) == before
    agrees()


def test_a_counter_document_takes_back_all_or_nothing(people, world):
    manager = people["manager"]
    kind_id = kind_named("电子天平 01").id
    code = received(people, [Line(kind_id=kind_id, quantity=SLICE + 5)])
    gone_on_with(manager, code)
    counter = taken_back(manager, code)
    with pytest.raises(NoReversalOf):
        act(documents.end_here, manager, document_id=counter, reason="够了", rules=rules())


def test_what_arrives_from_another_school_is_confirmed_or_refused_and_nothing_else(people, world):
    item, stranger, manager = world.items[f"{OTHER}/01"][0], people["stranger"], people["manager"]
    nobody = rules("scrap: principal")
    wanted = Draft(DocumentType.TRANSFER, (Line(item),), other_school=HOME)
    given = {"school_id": OTHER, "rules": nobody}
    sent = act(documents.draft, stranger, wanted, today=TODAY, **given).id
    act(documents.submit, stranger, document_id=sent, **given)
    acting(OPERATOR)
    arrival = row(sent, OTHER).other_document

    asked = {"document_id": arrival, "rules": nobody}
    for service, more in (
        (documents.withdraw, {}),
        (documents.submit, {}),
        (documents.decide, {"decision": Decision(True), "today": TODAY}),
        (documents.decide, {"decision": Decision(False, "不要"), "today": TODAY}),
        (documents.revise, {"wanted": wanted, "revision": None}),
        (documents.end_here, {"reason": "够了"}),
    ):
        with pytest.raises(IsAnArrival):
            act(service, manager, **asked, **more)
    act(transfers.confirm_transfer, manager, document_id=arrival)
    acting(OPERATOR)
    assert row(arrival).state == row(sent, OTHER).state == "executed"


def test_a_receipt_goes_back_after_its_batch_was_joined_to_another(people, world):
    kind, other = (kind_named(one).id for one in ("烧杯 01", "试管 01"))
    code = received(people, [Line(kind_id=kind, quantity=6)])
    received(people, [Line(kind_id=other, quantity=5)], voucher="FP-2026-002")
    act(merging.merge_kinds, people["manager"], kind_id=kind, into=other)
    before = pieces(other)
    taken_back(people["manager"], code, "退货")
    assert pieces(other) == before - 6
    agrees()
