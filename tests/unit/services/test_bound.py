"""What is lent, locked in or in an open document stays: nothing is half taken back or moved."""

import pytest
from sqlalchemy import func, select

from inventory.custody import service as custody
from inventory.custody.service import Wanted
from inventory.db import db, transact
from inventory.errors import CannotReverse, ImportInUse, InAnotherDocument, Lent, Locked
from inventory.exchange import queries as imports
from inventory.exchange import service as exchange
from inventory.ledger import documents_service as documents
from inventory.ledger import merging_service as merging
from inventory.ledger import service as ledger
from inventory.ledger.documents_service import Draft, Line
from inventory.ledger.rules import DocumentType
from inventory.places import service as places
from inventory.register import bulk_service as bulk
from inventory.register import parts_service as parts
from inventory.register import service as register
from inventory.register import tags_service
from inventory.register.bulk_models import BulkSort
from inventory.register.cards_service import lock_place, unlock_place
from inventory.register.models import Thing
from inventory.register.placing_service import place_kind
from inventory.register.tags_rules import Medium
from inventory.scope import OPERATOR
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
from tests.unit.services.test_import_service import CLAMP, SCALE, bring_in, stage
from tests.unit.services.test_import_service import ledger as ledger_file
from tests.unit.services.test_import_undo import things_of, undo
from tests.world import HOME, OTHER, acting, minutes


def lent(people, code, quantity=1):
    return act(
        custody.lend, people["manager"], [Wanted(code, quantity)],
        person_id=people["teacher"].id, rules=rules(), today=TODAY,
    ).id  # fmt: skip


def returned(people, code, quantity=1):
    act(
        custody.take_return, people["manager"], [Wanted(code, quantity)], rules=rules(),
        today=TODAY,
    )  # fmt: skip


def draft(people, type, *lines, **values):
    wanted = Draft(DocumentType(type), lines, **values)
    return act(documents.draft, people["manager"], wanted, rules=rules(), today=TODAY).id


def withdrawn(people, code):
    act(documents.withdraw, people["manager"], document_id=code, rules=rules())


def carried(people, code):
    while act(documents.advance, people["manager"], document_id=code, rules=rules()):
        pass


def locked(people, world, n="01"):
    cabinet = world.cabinets[f"{HOME}/{n}"]
    act(lock_place, people["manager"], code=cabinet, reason="封存")
    return cabinet


def opened(people, cabinet):
    act(unlock_place, people["manager"], code=cabinet)


def made_by(code):
    db.session.rollback()
    query = select(Thing.code).where(Thing.document_id == code, Thing.managed_as == "item")
    return list(db.session.scalars(query.order_by(Thing.code)))


def blank(people):
    return act(lambda s, by, school_id, at: register.mint(s, by, count=1, at=at), people["manager"])


# --- taking back a receipt -----------------------------------------------------------------


def test_a_receipt_is_taken_back_when_nothing_of_it_is_bound_and_not_before(world):
    """Lent, in another document, locked in: nothing is done; and once it is free, all is."""
    people = world.people
    balances, beakers = kind_named("电子天平 01").id, kind_named("烧杯 01").id
    shelf = shelf_of(world, "02", "2")
    code = received(people, [Line(kind_id=balances, quantity=26, place_id=shelf),
                             Line(kind_id=beakers, quantity=10, place_id=shelf)])  # fmt: skip
    carried(people, code)
    items = made_by(code)
    query = select(Thing.code).where(Thing.kind_id == beakers, Thing.home_id == shelf)
    batch = db.session.scalar(query)

    def refused():
        with pytest.raises(CannotReverse):
            taken_back(people["manager"], code)
        retired = select(func.count()).where(Thing.code.in_(items), Thing.retired_at.is_not(None))
        assert db.session.scalar(retired) == 0

    lent(people, items[0])
    refused()
    returned(people, items[0])
    handover = draft(
        people, "handover", Line(items[25], person_id=people["technician"].id)
    )  # fmt: skip
    refused()
    withdrawn(people, handover)
    lent(people, batch, 1)
    refused()
    returned(people, batch, 1)
    scrap = draft(people, "scrap", Line(batch, quantity=1), reason="x")
    refused()
    withdrawn(people, scrap)
    part = act(
        register.move_thing, people["manager"], code=batch, to=shelf_of(world, "02", "1"),
        quantity=5,
    )  # fmt: skip
    refused()
    act(register.move_thing, people["manager"], code=part.code, to=shelf)
    cabinet = locked(people, world, "02")
    refused()
    opened(people, cabinet)
    act(custody.report_fault, people["manager"], code=items[1], reason="屏幕不亮")
    refused()
    act(custody.clear_fault, people["manager"], code=items[1])

    counter = taken_back(people["manager"], code)
    carried(people, counter)

    assert row(counter).state == "executed"
    assert all(thing(one).retired_at for one in (*items, batch))
    agrees()


def test_a_batch_of_a_receipt_that_was_broken_into_things_is_not_taken_back(sqlite_world):
    people, shelf = sqlite_world.people, shelf_of(sqlite_world, "02", "2")
    code = received(people, [Line(kind_id=kind_named("烧杯 01").id, quantity=10, place_id=shelf)])
    query = select(Thing.code).where(Thing.document_id == code)
    batch = db.session.scalar(query)
    act(parts.break_batch, people["manager"], code=batch, quantity=1)

    with pytest.raises(CannotReverse):
        taken_back(people["manager"], code)


def test_what_waits_to_be_taken_back_is_not_moved_meanwhile(world):
    people, shelf = world.people, shelf_of(world, "02", "2")
    asked = rules("receipt: principal")
    code = received(people, [Line(kind_id=kind_named("电子天平 01").id, quantity=2)])
    [first, _] = made_by(code)
    counter = act(
        documents.reverse, people["manager"], document_id=code, reason="弄错", rules=asked,
        today=TODAY,
    ).id  # fmt: skip

    with pytest.raises(InAnotherDocument) as refusal:
        act(register.move_thing, people["manager"], code=first, to=shelf)
    assert refusal.value.data["number"] == row(counter).number

    decided(people["principal"], counter)
    assert row(counter).state == "executed"
    agrees()


def test_what_is_lent_is_not_retired_by_any_document(sqlite_world):
    people, item = sqlite_world.people, sqlite_world.items[f"{HOME}/01"][0]
    document = lent(people, item)

    with pytest.raises(Lent):
        act(
            lambda s, by, school_id, at: register.retire_thing(
                s, by, thing=s.get_one(Thing, (school_id, item)), document=document, at=at
            ),
            people["manager"],
        )


# --- taking back an import -----------------------------------------------------------------


def test_an_import_is_undone_when_nothing_of_it_is_bound_and_not_before(world, tmp_path):
    people = world.people
    acting(OPERATOR)
    head = bring_in(ledger_file(tmp_path, SCALE, CLAMP))
    codes = things_of(head.id)
    first, second = [one for one in codes if thing(one).managed_as == "item"][:2]
    [batch] = [one for one in codes if thing(one).managed_as == "batch"]
    lent(people, first)
    lent(people, batch, 2)
    scrap = drafted(people["manager"], "scrap", [Line(second)], reason="坏")
    acting(OPERATOR)

    head = imports.head(db.session(), head.id)
    told = {one.code: (one.reason, one.where) for one in imports.obstacles(db.session(), head)}
    assert told == {
        first: ("lent", ""), batch: ("lent", ""), second: ("not_in_use", "BF-2026-0001"),
    }  # fmt: skip
    with pytest.raises(ImportInUse):
        undo(head.id, minutes(5))
    assert not any(thing(one).retired_at for one in codes)

    returned(people, first)
    returned(people, batch, 2)
    withdrawn(people, scrap)
    relocation = draft(people, "relocation", Line(first, place_id=shelf_of(world, "02", "2")))
    acting(OPERATOR)
    head = imports.head(db.session(), head.id)
    assert [one.reason for one in imports.obstacles(db.session(), head)] == ["in_document"]
    withdrawn(people, relocation)
    home = thing(second).home_id
    act(lock_place, people["manager"], code=home, reason="封存")
    acting(OPERATOR)
    head = imports.head(db.session(), head.id)
    assert {one.reason for one in imports.obstacles(db.session(), head)} == {"locked"}
    opened(people, home)
    acting(OPERATOR)

    undo(head.id, minutes(6))

    assert imports.head(db.session(), head.id).undone_at == minutes(6)
    agrees()


def test_an_import_puts_nothing_into_a_locked_place(sqlite_world, tmp_path):
    people = sqlite_world.people
    clamp = [*CLAMP[:6], "科仪1-01-1", *CLAMP[7:]]
    import_id = stage(ledger_file(tmp_path, clamp))
    cabinet = locked(people, sqlite_world)
    acting(OPERATOR)

    def apply():
        return transact(
            lambda s: exchange.apply_slice(s, OPERATOR, import_id=import_id, at=minutes(1))
        )

    apply()
    session = acting(OPERATOR)
    head = imports.head(session, import_id)
    assert (head.done, [one.code for one in imports.faults(session, head)]) == (
        0, ["location_locked"],
    )  # fmt: skip

    opened(people, cabinet)
    acting(OPERATOR)
    import_id = stage(ledger_file(tmp_path, clamp))
    apply()
    assert imports.head(acting(OPERATOR), import_id).done == 1


# --- what is lent, what is promised ----------------------------------------------------------


def test_a_batch_that_is_partly_lent_keeps_its_code_under_a_blank_label(sqlite_world):
    people, kind = sqlite_world.people, kind_named("烧杯 01").id
    received(people, [Line(kind_id=kind, quantity=10)])
    query = select(Thing.code).where(Thing.kind_id == kind, Thing.home_id == "unplaced")
    batch = db.session.scalar(query)
    lent(people, batch, 3)
    [label] = blank(people)

    def placed(quantity):
        return act(
            place_kind, people["manager"], kind_id=kind, to=shelf_of(sqlite_world, "02", "1"),
            quantity=quantity, label=label,
        )  # fmt: skip

    with pytest.raises(Lent):
        placed(10)
    assert (thing(batch).lent, thing(batch).retired_at) == (3, None)

    assert placed(7).codes == (label,)
    returned(people, batch, 3)
    agrees()


def test_what_an_open_document_counts_on_is_neither_moved_nor_broken_up(world):
    people = world.people
    [item, other] = world.items[f"{HOME}/01"][:2]
    batch = world.batches[f"{HOME}/01"][0]
    to, kept = shelf_of(world, "02", "2"), thing(batch).home_id
    document = drafted(
        people["manager"], "scrap", [Line(item), Line(batch, quantity=20)], reason="坏"
    )
    number = row(document).number

    def move(code, quantity=None):
        act(register.move_thing, people["manager"], code=code, to=to, quantity=quantity)

    for refused in (
        lambda: move(item), lambda: move(batch), lambda: move(batch, 5),
        lambda: act(parts.break_batch, people["manager"], code=batch, quantity=5),
    ):  # fmt: skip
        with pytest.raises(InAnotherDocument) as refusal:
            refused()
        assert refusal.value.data["number"] == number
    moving = act(bulk.begin, people["manager"], sort=BulkSort.MOVE, to=to)
    out = act(bulk.go_on, people["manager"], bulk_id=moving, codes=[item, other, batch])
    assert [(one.code, one.reason) for one in out] == [
        (item, "in_document"), (batch, "in_document"),
    ]  # fmt: skip
    assert thing(other).home_id == to

    move(batch, 4)  # what is free
    assert thing(batch).home_id == kept
    decided(people["principal"], document)
    decided(people["officer"], document)
    assert row(document).state == "executed"
    agrees()


def test_a_draft_holds_nothing_and_a_document_moves_its_own(sqlite_world):
    people, item = sqlite_world.people, sqlite_world.items[f"{HOME}/01"][0]
    code = draft(people, "transfer", Line(item), other_school=OTHER)
    act(register.move_thing, people["manager"], code=item, to=shelf_of(sqlite_world, "02", "2"))
    withdrawn(people, code)

    to = shelf_of(sqlite_world, "02", "1")
    moved = drafted(people["manager"], "relocation", [Line(item, place_id=to)])
    assert (row(moved).state, thing(item).home_id) == ("executed", to)
    assert row(taken_back(people["manager"], moved)).state == "executed"


# --- what is locked ------------------------------------------------------------------------


def test_nothing_of_a_locked_cabinet_is_taken_away_corrected_or_broken_up(sqlite_world):
    people = sqlite_world.people
    item, gone = sqlite_world.items[f"{HOME}/01"][:2]
    batch = sqlite_world.batches[f"{HOME}/01"][0]
    act(ledger.retire_thing, people["manager"], code=gone, reason="重复")
    cabinet = locked(people, sqlite_world)
    shelf = shelf_of(sqlite_world, "01", "1")
    other = sqlite_world.cabinets[f"{HOME}/02"]

    tries = (
        (ledger.retire_thing, {"code": item, "reason": "x"}),
        (ledger.correct_quantity, {"code": batch, "quantity": 20, "reason": "x"}),
        (ledger.correct_quantity, {"code": batch, "quantity": 30, "reason": "x"}),
        (ledger.restore_thing, {"code": gone}),
        (parts.break_batch, {"code": batch, "quantity": 2}),
        (places.move_place, {"code": shelf, "to": other}),
        (places.move_place, {"code": shelf_of(sqlite_world, "02", "1"), "to": cabinet}),
    )
    for service, values in tries:
        with pytest.raises(Locked):
            act(service, people["manager"], **values)

    opened(people, cabinet)
    for service, values in tries[:5]:
        act(service, people["manager"], **values)
    agrees()


def test_an_import_is_undone_after_its_kind_was_merged(sqlite_world, tmp_path):
    acting(OPERATOR)
    other = [*CLAMP[:1], "试管夹子", *CLAMP[2:6], "科仪1-01-1", *CLAMP[7:]]
    first = bring_in(ledger_file(tmp_path, [*CLAMP[:6], "科仪1-01-1", *CLAMP[7:]]))
    second = bring_in(ledger_file(tmp_path, other))
    kind = kind_named("试管夹").id
    merged = {"kind_id": kind_named("试管夹子").id, "into": kind}
    act(merging.merge_kinds, sqlite_world.people["manager"], **merged)
    acting(OPERATOR)
    undo(second.id)
    assert pieces(kind) == 30
    undo(first.id)
    assert pieces(kind) == 0
    agrees()


def test_an_undone_import_keeps_no_number_that_was_bound_to_its_things_since(
    sqlite_world, tmp_path
):
    manager = sqlite_world.people["manager"]
    job = bring_in(ledger_file(tmp_path, [*CLAMP[:6], "科仪1-01-1", *CLAMP[7:]]))
    code = db.session.scalar(select(Thing.code).where(Thing.kind_id == kind_named("试管夹").id))
    act(tags_service.bind, manager, code=code, medium=Medium.NUMBER, value="J-1")
    acting(OPERATOR)
    undo(job.id)
    other = sqlite_world.items[f"{HOME}/01"][0]
    act(tags_service.bind, manager, code=other, medium=Medium.NUMBER, value="J-1")
    agrees()
