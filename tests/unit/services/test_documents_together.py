"""Documents that meet: ended early, taken back, carried out in slices while others go on."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from inventory.catalogue import service as catalogue
from inventory.custody import service as custody
from inventory.custody import transfers_service as transfers
from inventory.custody.service import Wanted
from inventory.db import db
from inventory.errors import (
    CannotReverse,
    InAnotherDocument,
    Invalid,
    IsRetired,
    Locked,
    WrongStatus,
)
from inventory.ledger import documents_service as documents
from inventory.ledger import service as ledger
from inventory.ledger.documents_service import SLICE, Draft, Line
from inventory.ledger.rules import DocumentType
from inventory.register import queries as register_queries
from inventory.register import service as register
from inventory.register.cards_service import lock_place
from inventory.register.models import Thing
from inventory.register.queries import uses_of_kinds
from inventory.scanning.service import resolve
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.unit.services.test_by_hand import kind_named, shelf_of
from tests.unit.services.test_documents import (
    TODAY,
    act,
    agrees,
    decided,
    drafted,
    lent,
    received,
    row,
    rules,
    taken_back,
    thing,
)
from tests.world import HOME, OTHER, acting, minutes

NO_CHAIN = rules("scrap: principal")


@pytest.fixture
def people(sqlite_world):
    return sqlite_world.people


@pytest.fixture
def items(sqlite_world):
    return sqlite_world.items[f"{HOME}/01"]


@pytest.fixture
def beakers(sqlite_world):
    return sqlite_world.batches[f"{HOME}/01"][0]


def gone_on_with(who, code):
    while act(documents.advance, who, document_id=code, rules=rules()):
        pass


def many(people, count=SLICE + 5):
    """A receipt of so many balances, and their codes."""
    lines = [Line(kind_id=kind_named("电子天平 01").id, quantity=count)]
    code = received(people, lines, voucher=f"FP-{count}")
    gone_on_with(people["manager"], code)
    made = select(Thing.code).where(Thing.document_id == code).order_by(Thing.code)
    return code, list(db.session.scalars(made))


def approved(people, code):
    for who in ("principal", "officer"):
        if row(code).state == "submitted":
            decided(people[who], code)


def scrapped(people, lines):
    code = drafted(people["manager"], "scrap", lines, reason="碎")
    approved(people, code)
    return code


def lent_all(people, codes):
    code = lent(people["manager"], [Wanted(one) for one in codes], people["teacher"]).id
    gone_on_with(people["manager"], code)
    return code


def test_what_a_loss_leaves_out_when_it_ends_early_is_not_missing(people):
    _, codes = many(people)
    code = drafted(people["manager"], "loss", [Line(one) for one in codes], reason="丢")
    approved(people, code)
    assert (row(code).state, row(code).done) == ("approved", SLICE)
    act(documents.end_here, people["manager"], document_id=code, reason="找到了", rules=rules())

    assert {thing(one).status for one in codes[SLICE:]} == {"in_use"}
    assert {thing(one).status for one in codes[:SLICE]} == {"written_off"}
    agrees()


def test_no_part_comes_back_into_a_batch_that_is_away(people, beakers):
    code = scrapped(people, [Line(beakers, quantity=3)])
    here = {"school_id": HOME, "rules": NO_CHAIN}
    wanted = Draft(DocumentType.TRANSFER, (Line(beakers, quantity=21),), other_school=OTHER)
    sent = act(documents.draft, people["manager"], wanted, today=TODAY, **here).id
    act(documents.submit, people["manager"], document_id=sent, **here)
    acting(OPERATOR)
    arrival = row(sent).other_document
    with pytest.raises(CannotReverse):
        taken_back(people["manager"], code)
    refused = {"school_id": OTHER, "document_id": arrival, "reason": "不要"}
    act(transfers.refuse_transfer, people["stranger"], **refused)
    counter = taken_back(people["manager"], code)
    approved(people, counter)
    assert row(counter).state == "executed"
    agrees()


def test_what_is_in_repair_is_not_moved_off_in_parts(people, sqlite_world, beakers):
    code = drafted(people["manager"], "repair", [Line(beakers, quantity=24)], reason="修")
    to = shelf_of(sqlite_world, "02", "2")
    with pytest.raises((WrongStatus, InAnotherDocument)):
        act(register.move_thing, people["manager"], code=beakers, to=to, quantity=3)
    act(custody.end_repair, people["manager"], document_id=code)
    assert thing(beakers).status == "in_use"
    agrees()


def test_a_broken_batch_stays_broken_where_it_is_moved(people, sqlite_world, beakers):
    manager, to = people["manager"], shelf_of(sqlite_world, "02", "2")
    act(register.move_thing, manager, code=beakers, to=to, quantity=10)
    act(custody.report_fault, manager, code=beakers, reason="裂")
    moved = act(register.move_thing, manager, code=beakers, to=to)
    assert (moved.status, moved.home_id) == ("repair_wanted", to)
    agrees()


def test_a_return_is_not_taken_back_when_more_would_be_lent_than_there_is(people, beakers):
    manager = people["manager"]
    lent(manager, [Wanted(beakers, 12)], people["teacher"], at=minutes(1))
    lent(manager, [Wanted(beakers, 12)], people["technician"], at=minutes(2))
    back = act(
        custody.take_return, manager, [Wanted(beakers, 24)], rules=rules(), today=TODAY
    ).id  # fmt: skip
    lent(manager, [Wanted(beakers, 12)], people["principal"], at=minutes(3))
    with pytest.raises(CannotReverse):
        taken_back(manager, back)
    agrees()


def test_what_came_back_meanwhile_is_not_taken_back_twice(people):
    manager = people["manager"]
    _, codes = many(people)
    counter = taken_back(manager, lent_all(people, codes))
    assert row(counter).state == "approved"
    act(custody.take_return, manager, [Wanted(codes[-1])], rules=rules(), today=TODAY)
    gone_on_with(manager, counter)

    assert row(counter).state == "executed"
    assert {thing(one).lent for one in codes} == {0}
    agrees()


@pytest.mark.parametrize("sort", ["relocation", "scrap"])
def test_nothing_comes_back_into_a_locked_cabinet(people, sqlite_world, items, sort):
    manager = people["manager"]
    if sort == "scrap":
        code = scrapped(people, [Line(items[0])])
    else:
        code = drafted(manager, sort, [Line(items[0], place_id=shelf_of(sqlite_world, "02", "1"))])
    act(lock_place, manager, code=sqlite_world.cabinets[f"{HOME}/01"], reason="封存")
    with pytest.raises(Locked):
        taken_back(manager, code)


def test_nothing_comes_back_as_a_kind_that_was_given_up(people, items):
    kind = thing(items[0]).kind_id
    query = select(Thing.code).where(
        Thing.school_id == HOME, Thing.kind_id == kind, Thing.retired_at.is_(None)
    )
    code = scrapped(people, [Line(one) for one in db.session.scalars(query).all()])
    act(catalogue.retire_kind, people["manager"], kind_id=kind, uses=uses_of_kinds)
    with pytest.raises(IsRetired):
        taken_back(people["manager"], code)


def test_what_a_receipt_takes_back_is_kept_for_it(people):
    manager = people["manager"]
    code, codes = many(people)
    counter = taken_back(manager, code)
    assert row(counter).state == "approved"
    with pytest.raises(InAnotherDocument):
        drafted(manager, "scrap", [Line(codes[-1])], reason="坏")
    with pytest.raises(InAnotherDocument):
        act(ledger.retire_thing, manager, code=codes[-1], reason="重复")
    gone_on_with(manager, counter)
    assert row(counter).state == "executed"
    agrees()


def test_how_many_statements_a_document_needs_does_not_grow_with_its_lines(people, sqlite_world):
    manager, to = people["manager"], shelf_of(sqlite_world, "02", "2")

    def asked(count):
        _, codes = many(people, count)
        loan = lent_all(people, codes)
        found = {}
        with asked_of(db.engine) as found["return"]:
            wanted = [Wanted(one) for one in codes]
            back = act(custody.take_return, manager, wanted, rules=rules(), today=TODAY).id
        gone_on_with(manager, back)
        with asked_of(db.engine) as found["handover"]:
            lines = [Line(one, person_id=people["teacher"].id) for one in codes]
            gone = drafted(manager, "handover", lines)
        gone_on_with(manager, gone)
        lines = tuple(Line(one, place_id=to) for one in codes)
        with asked_of(db.engine) as found["relocation"]:
            wanted = Draft(DocumentType.RELOCATION, lines)
            act(documents.draft, manager, wanted, rules=rules(), today=TODAY)
        assert row(loan).state == "executed"
        return {name: one.statements for name, one in found.items()}

    few, more = asked(SLICE), asked(3 * SLICE)
    assert {name: more[name] - count for name, count in few.items()} == dict.fromkeys(few, 0)


def test_a_thing_of_its_own_is_counted_once(people):
    """The journal alone says what a receipt made, whatever became of it since."""
    code, codes = many(people, 3)
    act(custody.report_fault, people["manager"], code=codes[0], reason="裂")
    act(custody.clear_fault, people["manager"], code=codes[0])
    taken_back(people["manager"], code)
    alive = select(func.count()).where(Thing.code.in_(codes), Thing.retired_at.is_(None))
    assert db.session.scalar(alive) == 0
    agrees()


@pytest.mark.parametrize("serial", ["S001-S003", "S001~S024", "01-02"])
def test_a_range_is_no_serial_number_of_one_of_several(people, serial):
    line = Line(kind_id=kind_named("电子天平 01").id, quantity=3, details={"serials": [serial]})
    with pytest.raises(Invalid):
        received(people, [line])
    received(people, [replace(line, quantity=1)])


def test_who_sent_a_thing_away_finds_it_by_its_code(people, items, sqlite_app):
    here = {"school_id": HOME, "rules": NO_CHAIN}
    wanted = Draft(DocumentType.TRANSFER, (Line(items[0]),), other_school=OTHER)
    sent = act(documents.draft, people["manager"], wanted, today=TODAY, **here).id
    act(documents.submit, people["manager"], document_id=sent, **here)
    acting(people["manager"])
    under_way = register_queries.thing(db.session(), items[0])
    assert (under_way.quantity, under_way.status) == (1, "in_transfer")
    acting(OPERATOR)
    arrival = {"school_id": OTHER, "document_id": row(sent).other_document}
    act(transfers.confirm_transfer, people["stranger"], **arrival)

    def found(who):
        session = acting(people[who])
        _, targets = resolve(session.connection(), people[who], items[0])
        return [(one.school_id, one.status, one.is_retired) for one in targets]

    assert found("manager") == [(HOME, "transferred", True)]
    assert found("stranger") == [(OTHER, "in_use", False)]
    acting(people["manager"])
    assert register_queries.thing(db.session(), items[0]).status == "transferred"
