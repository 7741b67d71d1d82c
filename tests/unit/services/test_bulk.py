"""Many things at once: one event each, in slices; undone by another one, but what changed since."""

import pytest
from sqlalchemy import select

from inventory.commands.verifying import examine
from inventory.custody.changes import PartTaken
from inventory.db import db, transact
from inventory.errors import AlreadyRecorded, BulkUndone, IsRetired, NotFound
from inventory.journal.models import Event
from inventory.journal.queries import history
from inventory.journal.service import record
from inventory.places.queries import within
from inventory.register import bulk_queries, queries
from inventory.register import bulk_service as bulk
from inventory.register import service as register
from inventory.register.bulk_models import BulkSort
from inventory.register.cards_service import lock_place
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.world import HOME, NOON, OTHER, acting, minutes


def begun(sort, to, once=None):
    return transact(
        lambda s: bulk.begin(
            s, OPERATOR, sort=sort, to=to, school_id=HOME, at=minutes(1), once=once
        )
    )


def done(bulk_id, codes):
    return transact(
        lambda s: bulk.go_on(
            s, OPERATOR, bulk_id=bulk_id, school_id=HOME, codes=codes, at=minutes(2)
        )
    )


def undone(bulk_id):
    undo, codes = transact(
        lambda s: bulk.begin_undo(s, OPERATOR, bulk_id=bulk_id, school_id=HOME, at=minutes(3))
    )
    return undo, transact(
        lambda s: bulk.go_on_undoing(
            s, OPERATOR, bulk_id=undo, school_id=HOME, codes=codes, at=minutes(4)
        )
    )


def row(code):
    return queries.thing(acting(OPERATOR), code)


def places(codes):
    return [row(code).place for code in codes]


def test_many_are_moved_by_one_event_each_and_go_back(world):
    codes = world.items[f"{HOME}/01"] + world.batches[f"{HOME}/01"]
    before = places(codes)
    shelf = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[2]

    bulk_id = begun(BulkSort.MOVE, shelf)
    assert done(bulk_id, codes) == []

    assert set(places(codes)) == {"科仪1-02-2"}
    for code in codes:
        latest = history(acting(OPERATOR), HOME, code)[0]
        assert (latest.kind, latest.data["bulk"]) == ("thing_moved", bulk_id)
    assert bulk_queries.bulk(acting(OPERATOR), bulk_id).count == 5
    assert examine(True, (), None)["agrees"]

    undo, out = undone(bulk_id)

    assert out == []
    assert places(codes) == before
    assert bulk_queries.bulk(acting(OPERATOR), bulk_id).undone_by == undo
    assert examine(True, (), None)["agrees"]
    with pytest.raises(BulkUndone):
        undone(bulk_id)


def test_what_was_changed_since_stays_and_is_named(world):
    codes = world.items[f"{HOME}/01"]
    bulk_id = begun(BulkSort.KEEPER, "应淼")
    done(bulk_id, codes)
    transact(lambda s: register.describe_thing(
        s, OPERATOR, school_id=HOME, code=codes[1], values={"keeper": "潘晓东"}, at=minutes(3)
    ).code)  # fmt: skip

    _, out = undone(bulk_id)

    assert [(one.code, one.reason) for one in out] == [(codes[1], "changed_since")]
    assert [row(code).keeper for code in codes] == ["童喆", "潘晓东", "童喆"]
    assert examine(True, (), None)["agrees"]


def test_no_keeper_means_the_keeper_of_the_place(world):
    codes = world.items[f"{HOME}/01"]

    assert done(begun(BulkSort.KEEPER, ""), codes) == []

    assert [row(code).own_keeper for code in codes] == [None] * 3


def test_a_batch_that_would_join_another_is_left_out(world):
    code = world.batches[f"{HOME}/01"][0]
    register_twin(code)
    twin = row(code).place_id
    other = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[1]
    transact(lambda s: register.move_thing(
        s, OPERATOR, school_id=HOME, code=code, to=other, quantity=4, at=NOON
    ).code)  # fmt: skip

    [out] = done(begun(BulkSort.MOVE, other), [code])

    assert (out.code, out.reason) == (code, "batch_there")
    assert row(code).place_id == twin


def register_twin(code):
    assert row(code).quantity > 4


def test_two_batches_of_a_kind_do_not_meet_in_one_move(world):
    code = world.batches[f"{HOME}/01"][0]
    shelves = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])
    part = transact(lambda s: register.move_thing(
        s, OPERATOR, school_id=HOME, code=code, to=shelves[1], quantity=4, at=NOON
    ).code)  # fmt: skip

    out = done(begun(BulkSort.MOVE, shelves[2]), [code, part])

    assert [one.reason for one in out] == ["batch_there"]
    assert examine(True, (), None)["agrees"]


def test_places_and_things_of_another_school_are_not_there(world):
    with pytest.raises(NotFound):
        begun(BulkSort.MOVE, world.cabinets[f"{OTHER}/01"])
    bulk_id = begun(BulkSort.MOVE, world.cabinets[f"{HOME}/02"])
    with pytest.raises(NotFound):
        done(bulk_id, world.items[f"{OTHER}/01"])


def test_a_form_that_is_sent_twice_begins_once(world):
    once = "0" * 31 + "1"
    begun(BulkSort.MOVE, world.cabinets[f"{HOME}/02"], once)

    with pytest.raises(AlreadyRecorded):
        begun(BulkSort.MOVE, world.cabinets[f"{HOME}/02"], once)


def test_what_was_retired_is_not_moved(world):
    from inventory.ledger.service import retire_thing

    code = world.items[f"{HOME}/01"][0]
    bulk_id = begun(BulkSort.MOVE, world.cabinets[f"{HOME}/02"])
    transact(lambda s: retire_thing(
        s, OPERATOR, school_id=HOME, code=code, reason="twice", at=NOON
    ).id)  # fmt: skip

    [out] = done(bulk_id, [code])

    assert out.reason == "retired"
    assert IsRetired


def test_nothing_goes_out_of_or_into_what_is_locked(world):
    code = world.items[f"{HOME}/01"][0]
    cabinet = world.cabinets[f"{HOME}/01"]
    shelf = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[2]
    transact(
        lambda s: lock_place(s, OPERATOR, school_id=HOME, code=cabinet, reason="盘点", at=NOON)
    )
    [left] = done(begun(BulkSort.MOVE, shelf), [code])
    assert left.reason == "locked"
    assert row(code).place == "科仪1-01-1"


def test_a_slice_asks_the_same_of_few_and_of_many(world):
    codes = world.items[f"{HOME}/01"]
    shelf = world.cabinets[f"{HOME}/02"]
    first, second = begun(BulkSort.MOVE, shelf), begun(BulkSort.MOVE, shelf)

    with asked_of(db.engine) as one:
        done(first, codes[:1])
    with asked_of(db.engine) as two:
        done(second, codes[1:])

    assert two.statements - one.statements <= 8  # what a move itself asks for
    assert acting(OPERATOR).scalars(select(Event.id).where(Event.kind == "bulk_begun")).all()


def test_nothing_goes_back_into_a_place_that_was_given_up(world):
    """Neither by undoing nor by going on with what was begun before; and it can be tried again."""
    codes = world.items[f"{HOME}/01"]
    shelf = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[2]
    [origin] = {row(code).place_id for code in codes}
    others = list(world.batches[f"{HOME}/01"])
    bulk_id = begun(BulkSort.MOVE, shelf)
    done(bulk_id, codes)
    waiting = begun(BulkSort.MOVE, origin)
    for code in others:
        transact(lambda s, code=code: register.move_thing(
            s, OPERATOR, school_id=HOME, code=code, to=shelf, at=NOON).code)  # fmt: skip
    transact(lambda s: register.retire_place(s, OPERATOR, school_id=HOME, code=origin, at=NOON))

    undo, out = undone(bulk_id)
    assert {one.reason for one in out} == {"place_retired"}
    assert {one.reason for one in done(waiting, others)} == {"place_retired"}
    assert {row(code).place_id for code in (*codes, *others)} == {shelf}

    transact(lambda s: register.restore_place(s, OPERATOR, school_id=HOME, code=origin, at=NOON))
    assert undone(bulk_id) == (undo, [])
    assert {row(code).place_id for code in codes} == {origin}
    assert examine(True, (), None)["agrees"]


def test_an_undoing_that_was_cut_off_is_taken_up_again(world):
    codes = world.items[f"{HOME}/01"]
    shelf = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[2]
    before = places(codes)
    bulk_id = begun(BulkSort.MOVE, shelf)
    done(bulk_id, codes[:1])
    other = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[1]
    transact(lambda s: register.move_thing(
        s, OPERATOR, school_id=HOME, code=codes[0], to=other, at=NOON).code)  # fmt: skip
    done(bulk_id, codes)  # a form that was sent again goes on: what is done is not done twice
    assert row(codes[0]).place_id == other
    transact(lambda s: register.move_thing(
        s, OPERATOR, school_id=HOME, code=codes[0], to=shelf, at=NOON).code)  # fmt: skip

    undo, left = transact(
        lambda s: bulk.begin_undo(s, OPERATOR, bulk_id=bulk_id, school_id=HOME, at=minutes(3))
    )
    assert left == codes
    assert bulk_queries.bulk(acting(OPERATOR), bulk_id).left == 3
    transact(lambda s: bulk.go_on_undoing(
        s, OPERATOR, bulk_id=undo, school_id=HOME, codes=codes[:1], at=minutes(4)))  # fmt: skip
    assert bulk_queries.bulk(acting(OPERATOR), bulk_id).left == 2

    again, out = undone(bulk_id)

    assert (again, out) == (undo, [])
    assert places(codes) == before
    assert bulk_queries.bulk(acting(OPERATOR), bulk_id).left == 0
    with pytest.raises(BulkUndone):
        undone(bulk_id)
    assert examine(True, (), None)["agrees"]


def test_a_batch_of_which_a_part_was_lost_moves_with_the_others(world):
    code = world.batches[f"{HOME}/01"][0]
    shelf = within(acting(OPERATOR), HOME, world.cabinets[f"{HOME}/02"])[2]
    change = PartTaken(code, "written_off", 2, "20000000000")
    transact(lambda s: record(s, OPERATOR, change, at=NOON, school_id=HOME))

    assert done(begun(BulkSort.MOVE, shelf), [code]) == []

    assert (row(code).place_id, row(code).quantity) == (shelf, 22)
