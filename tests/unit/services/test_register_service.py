"""Codes, things and cards: minted in order, registered once, never of two minds."""

import pytest
from sqlalchemy import select

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.db import db, transact
from inventory.errors import BadQuantity, CodeTaken, NotFound
from inventory.places.queries import cabinets, place_by_code
from inventory.register import queries
from inventory.register.models import Code, CodeState, Thing
from inventory.register.rules import Number, is_code
from inventory.register.service import (
    NewThing,
    mint,
    move_thing,
    note_card_printed,
    note_labels_printed,
    register_things,
)
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, minutes


def minted(count):
    return transact(lambda session: mint(session, OPERATOR, count=count, at=NOON))


def new_thing(quantity=1, form=ManagedAs.ITEM, place=None, world=None):
    kind = db.session.scalar(select(Kind).where(Kind.school_id == HOME).limit(1))
    return NewThing(kind, form, quantity, place or world.cabinets[f"{HOME}/01"])


def register(*new, codes=()):
    return transact(
        lambda session: register_things(
            session, OPERATOR, new, school_id=HOME, codes=codes, at=NOON
        )
    )


def test_codes_are_minted_in_order_and_never_twice(world):
    first, second = minted(3), minted(2)

    assert first + second == sorted(first + second)
    assert len(set(first + second)) == 5
    assert all(is_code(code) for code in first + second)
    assert queries.codes(db.session(), first)[first[0]].state is CodeState.MINTED


@pytest.mark.parametrize("count", [0, -1])
def test_minting_nothing_is_refused(world, count):
    with pytest.raises(BadQuantity):
        minted(count)


def test_a_blank_label_is_claimed_once(world):
    [code] = minted(1)

    assert register(new_thing(world=world), codes=[code]) == [code]
    with pytest.raises(CodeTaken):
        register(new_thing(world=world), codes=[code])


def test_a_code_that_was_never_minted_is_refused(world):
    with pytest.raises(NotFound):
        register(new_thing(world=world), codes=["99999999942"])


@pytest.mark.parametrize(
    ("quantity", "form"),
    [(0, ManagedAs.BATCH), (-1, ManagedAs.BATCH), (2, ManagedAs.ITEM), (10**6, ManagedAs.BATCH)],
)
def test_an_impossible_quantity_is_refused(world, quantity, form):
    with pytest.raises(BadQuantity):
        register(new_thing(quantity, form, world=world))


def test_running_numbers_are_unique_in_the_school_and_go_on(world):
    numbers = {
        (thing.catalogue, thing.running)
        for thing in db.session.scalars(select(Thing).where(Thing.school_id == HOME))
    }
    assert len(numbers) == 10
    assert {n for c, n in numbers if c == "24001"} == {1, 2, 3, 4, 5, 6}


def test_a_number_is_found_in_every_school_in_sight(world):
    rows = queries.things_by_number(db.session(), Number.parse("24001-3"))

    assert {row.school_id for row in rows} == {HOME, OTHER}
    assert {row.number for row in rows} == {"24001-03"}


@pytest.mark.parametrize("text", ["烧杯", "sb", "24001-003", "电子天平 01", "100mL ℃", "科仪1-02"])
def test_search_finds_by_name_initials_number_specification_and_place(world, text):
    rows, total = queries.search(db.session(), text, school_id=HOME)

    assert total == len(rows) > 0


@pytest.mark.parametrize("text", ["%", "_", "没有", "99999-1", "'; drop table thing"])
def test_search_takes_signs_as_they_are(world, text):
    assert queries.search(db.session(), text)[1] == 0


def test_printing_a_label_moves_its_code_on(world):
    codes = world.items[f"{HOME}/01"]
    transact(
        lambda session: note_labels_printed(
            session, OPERATOR, job="j", stock="40x30", codes=codes, school_id=HOME, at=minutes(1)
        )
    )

    assert {db.session.get(Code, code).state for code in codes} == {CodeState.PRINTED}
    assert not set(codes) & {row.code for row in queries.unprinted(db.session(), HOME)}


def card(world):
    return queries.card(db.session(), place_by_code(db.session(), world.cabinets[f"{HOME}/01"]))


def print_card(world):
    contents = card(world).contents
    return transact(
        lambda session: note_card_printed(
            session, OPERATOR, school_id=HOME, cabinet_id=world.cabinets[f"{HOME}/01"],
            contents=contents, at=NOON,
        )
    )  # fmt: skip


def test_a_card_lists_its_contents_by_shelf(world):
    shown = card(world)

    assert [len(shelf.rows) for shelf in shown.shelves] == [2, 1]
    assert (shown.kinds, shown.pieces) == (3, 327)


def test_a_card_is_stale_when_its_contents_changed_and_current_when_printed_again(world):
    assert not card(world).is_stale
    assert print_card(world) == 1
    code = world.items[f"{HOME}/01"][0]
    transact(
        lambda session: move_thing(
            session, OPERATOR, school_id=HOME, code=code, to=world.cabinets[f"{HOME}/02"], at=NOON
        )
    )

    assert card(world).is_stale
    assert print_card(world) == 2
    assert not card(world).is_stale
    assert print_card(world) == 2


def test_the_list_of_cabinets_says_the_same_as_each_card(world):
    print_card(world)
    rows = queries.cabinet_rows(db.session(), cabinets(db.session(), HOME))

    for row in rows:
        shown = queries.card(db.session(), row.place)
        assert (row.kinds, row.is_stale, row.printed_version) == (
            shown.kinds, shown.is_stale, shown.printed_version,
        )  # fmt: skip
        assert (row.things, row.unprinted) == (5, 5)
