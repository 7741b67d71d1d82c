"""A stock count from opening to closing."""

import pytest
from sqlalchemy import select, update

from inventory.commands.verifying import examine
from inventory.counting import queries
from inventory.counting.models import CountLine, CountSighting
from inventory.counting.rules import Result
from inventory.counting.service import close_count, enter_quantity, open_count, undo_last
from inventory.db import db, transact
from inventory.errors import (
    BadQuantity,
    CountClosed,
    CountHasOpenBatches,
    NotABatch,
    NotFound,
    NothingToCount,
    NothingToUndo,
)
from inventory.places.queries import place_by_code, rooms
from inventory.register.service import move_thing
from inventory.scanning.api import submit
from inventory.scanning.service import Incoming
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, acting, minutes


@pytest.fixture
def count(world):
    acting(world.technician)
    return opened(world)


def opened(world, by=None, cabinet="01"):
    by = by or world.technician
    place = place_by_code(db.session(), world.cabinets[f"{HOME}/{cabinet}"])
    return transact(lambda session: open_count(session, by, place=place, at=NOON)).id


def see(world, count, *payloads, by=None, device="d", start=1):
    scans = tuple(
        Incoming(device, start + n, NOON, text, "wedge", count) for n, text in enumerate(payloads)
    )
    answers = submit(by or world.technician, NOON, scans)
    db.session.rollback()
    return [answer["task"]["outcome"] for answer in answers]


def enter(world, count, code, quantity=None, **more):
    transact(
        lambda session: enter_quantity(
            session, world.technician, count_id=count, code=code, quantity=quantity, at=NOON, **more
        )
    )


def close(world, count, **more):
    transact(
        lambda session: close_count(session, world.technician, count_id=count, at=NOON, **more)
    )


def figures(count):
    outcome = queries.outcome(db.session(), queries.get(db.session(), count))
    return {result.value: n for result, n in outcome.figures.items() if n}


def test_everything_is_missing_until_it_is_seen(world, count):
    assert figures(count) == {"missing": 5}


def test_items_match_and_batches_stay_open(world, count):
    outcomes = see(world, count, *world.items[f"{HOME}/01"], *world.batches[f"{HOME}/01"])

    assert outcomes == ["match", "match", "match", "open", "open"]
    assert figures(count) == {"match": 3, "open": 2}


def test_the_outcomes_of_sightings(world, count):
    item, other = world.items[f"{HOME}/01"][0], world.items[f"{HOME}/02"][0]
    cabinet, foreign = world.cabinets[f"{HOME}/01"], world.items[f"{OTHER}/01"][0]

    outcomes = see(world, count, item, item, other, cabinet, "690123", foreign, "690123")

    assert outcomes == ["match", "again", "misplaced", "place", "unknown", "unknown", "again"]
    assert figures(count) == {"match": 1, "misplaced": 1, "unknown": 2, "missing": 4}


def test_a_quantity_decides_a_batch(world, count):
    beakers, tubes = world.batches[f"{HOME}/01"]
    see(world, count, beakers, tubes)

    enter(world, count, beakers, 20)
    enter(world, count, tubes, all_there=True)

    assert figures(count) == {"short": 1, "match": 1, "missing": 3}


@pytest.mark.parametrize(
    ("quantity", "all_there"), [(-1, False), (None, False), (10**6, False), (3, True)]
)
def test_an_impossible_quantity_is_refused(world, count, quantity, all_there):
    with pytest.raises(BadQuantity):
        enter(world, count, world.batches[f"{HOME}/01"][0], quantity, all_there=all_there)


def test_an_item_has_no_quantity(world, count):
    with pytest.raises(NotABatch):
        enter(world, count, world.items[f"{HOME}/01"][0], 1)


def test_a_thing_of_another_school_is_not_found(world, count):
    with pytest.raises(NotFound):
        enter(world, count, world.batches[f"{OTHER}/01"][0], 1)


def test_undo_takes_back_ones_own_last_sighting_alone(world, count):
    first, second, third = world.items[f"{HOME}/01"]
    see(world, count, first, second)
    acting(world.people["manager"])
    see(world, count, third, by=world.people["manager"], device="m")
    acting(world.technician)

    def undo(**more):
        return transact(
            lambda session: undo_last(
                session, world.technician, count_id=count, at=minutes(1), **more
            )
        )

    assert undo() == second
    assert undo(code=first) == first
    with pytest.raises(NothingToUndo):
        undo()
    assert figures(count) == {"match": 1, "missing": 4}


def test_an_undone_sighting_may_be_seen_anew(world, count):
    item = world.items[f"{HOME}/01"][0]
    see(world, count, item)
    transact(lambda s: undo_last(s, world.technician, count_id=count, at=minutes(1)))

    assert see(world, count, item, start=9) == ["match"]


def test_a_closed_count_is_final_and_late_scans_are_kept(world, count):
    item = world.items[f"{HOME}/01"][0]
    close(world, count)

    assert see(world, count, item) == ["closed"]
    assert figures(count) == {"missing": 5}
    for refused in (
        lambda: close(world, count),
        lambda: enter(world, count, world.batches[f"{HOME}/01"][0], 1),
    ):
        with pytest.raises(CountClosed):
            refused()


def test_closing_names_open_quantities_unless_they_are_left_open(world, count):
    see(world, count, world.batches[f"{HOME}/01"][0])

    with pytest.raises(CountHasOpenBatches) as refused:
        close(world, count)
    assert refused.value.data["count"] == 1
    close(world, count, leave_open=True)
    assert figures(count) == {"open": 1, "missing": 4}


def test_things_moved_after_opening_are_not_miscounted(world, count):
    item = world.items[f"{HOME}/01"][0]
    acting(OPERATOR)
    transact(
        lambda session: move_thing(
            session, OPERATOR, school_id=HOME, code=item, to=world.cabinets[f"{HOME}/02"], at=NOON
        )
    )
    acting(world.technician)

    assert see(world, count, item) == ["match"]


def test_a_count_changes_no_ledger(world, count):
    see(world, count, *world.items[f"{HOME}/01"])
    close(world, count, leave_open=True)
    acting(OPERATOR)

    report = examine(True, (), None)
    assert report["agrees"], report
    assert report["agreement"]["ledger"] == 2 * 2 * (3 + 24 + 300)


@pytest.mark.parametrize("table", [CountSighting, CountLine])
def test_altering_a_closed_count_is_found(world, count, table):
    see(world, count, *world.items[f"{HOME}/01"])
    close(world, count)
    acting(OPERATOR)
    assert examine(False, (), None)["agrees"]
    values = {"code": None} if table is CountSighting else {"quantity": 7}
    transact(lambda session: session.connection().execute(update(table.__table__).values(**values)))

    report = examine(False, (), None)

    assert [one["count"] for one in report["altered_counts"]] == [count]
    assert not report["agrees"]


def test_a_whole_room_is_counted_in_walking_order(world):
    acting(world.technician)
    [room] = rooms(db.session(), HOME)
    made = transact(lambda s: open_count(s, world.technician, place=room, at=NOON))

    lines = queries.expected(db.session(), made)
    assert len(lines) == 10
    assert [line.place for line in lines] == sorted(line.place for line in lines)


def test_an_empty_place_is_refused(world):
    acting(OPERATOR)
    for code in world.items[f"{HOME}/01"] + world.batches[f"{HOME}/01"]:
        to = world.cabinets[f"{HOME}/02"]
        transact(
            lambda s, c=code, t=to: move_thing(s, OPERATOR, school_id=HOME, code=c, to=t, at=NOON)
        )

    with pytest.raises(NothingToCount):
        opened(world, OPERATOR)


def test_those_who_may_not_count_are_told_so(world, count):
    acting(world.people["teacher"])

    assert see(world, count, world.items[f"{HOME}/01"][0], by=world.people["teacher"]) == [
        "not_allowed"
    ]


def test_another_schools_count_does_not_exist(world, count):
    stranger = world.people["stranger"]
    acting(stranger)

    assert see(world, count, "x", by=stranger) == ["no_such_task"]
    with pytest.raises(NotFound):
        transact(lambda s: close_count(s, stranger, count_id=count, at=NOON))
    assert db.session.scalar(select(CountSighting)) is None


def test_the_marker_moves_with_every_change(world, count):
    def mark():
        return queries.version(db.session(), queries.get(db.session(), count))

    marks = [mark()]
    see(world, count, world.items[f"{HOME}/01"][0])
    marks.append(mark())
    transact(lambda s: undo_last(s, world.technician, count_id=count, at=minutes(1)))
    marks.append(mark())
    close(world, count)
    marks.append(mark())

    assert len(set(marks)) == 4
    assert Result.MATCH.value not in figures(count)


def test_two_senders_with_one_device_name_do_not_collide(world, count):
    first, second = world.items[f"{HOME}/01"][:2]
    see(world, count, first)
    acting(world.people["auditor"])

    assert see(world, count, second, by=world.people["auditor"]) == ["match"]


def test_a_number_of_several_schools_means_the_thing_of_the_counts_own(world, count):
    acting(world.people["auditor"])

    assert see(world, count, "24001-1", by=world.people["auditor"]) == ["match"]


def test_all_there_holds_for_a_batch_that_belongs_elsewhere(world, count):
    stranger = world.batches[f"{HOME}/02"][0]
    see(world, count, stranger)
    enter(world, count, stranger, all_there=True)

    outcome = queries.outcome(db.session(), queries.get(db.session(), count))
    assert [line.counted for line in outcome.of(Result.MISPLACED)] == [24]


def test_swapping_the_order_of_what_was_said_is_found(world, count):
    batch = world.batches[f"{HOME}/01"][0]
    enter(world, count, batch, 20)
    enter(world, count, batch, 24)
    close(world, count)
    acting(OPERATOR)
    said = list(db.session.scalars(select(CountSighting).order_by(CountSighting.number)))
    for row, number in zip(said, (90, 80), strict=True):
        row.number = number
    db.session.commit()

    assert not examine(False, (), None)["agrees"]
