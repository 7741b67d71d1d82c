"""Writing through the journal: state and event in one transaction, and deriving the state again."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from sqlalchemy import select, update

from inventory.app import PROJECTORS
from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.errors import AlreadyRecorded
from inventory.journal.changes import Change
from inventory.journal.models import ChainHead, Event
from inventory.journal.service import record
from inventory.register.models import Code, Holding, Thing
from inventory.register.service import mint, move_thing
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER


@dataclass(frozen=True, slots=True)
class Noted(Change):
    """A change of the test that touches no table."""

    kind: ClassVar[str] = "noted"
    text: str

    @property
    def subject(self) -> str:
        return "note"

    def apply(self, state, on) -> None:
        pass


def note(text="x", school=HOME, event_id=None):
    return transact(
        lambda s: record(s, OPERATOR, Noted(text), at=NOON, school_id=school, event_id=event_id)
    )


def tamper(**values):
    """Rewrite one event behind everybody's back and return its id."""
    event = db.session.scalar(select(Event).where(Event.kind == "thing_registered").limit(1))
    transact(
        lambda s: s.connection().execute(
            update(Event.__table__).where(Event.id == event.id).values(**values)
        )
    )
    return event.id


def test_events_are_chained_by_school_in_the_order_of_commit(world):
    before = db.session.get(ChainHead, HOME).seq
    for text in ("a", "b"):
        note(text)
    note("c", OTHER)

    events = list(
        db.session.scalars(select(Event).where(Event.kind == "noted").order_by(Event.seq))
    )
    of_home = [event for event in events if event.chain == HOME]
    assert [event.seq for event in of_home] == [before + 1, before + 2]
    assert len(events) == 3


def test_what_is_rolled_back_leaves_no_event_and_no_state(world):
    def fail(session):
        mint(session, OPERATOR, count=3, at=NOON)
        record(session, OPERATOR, Noted("x"), at=NOON, school_id=HOME)
        raise ZeroDivisionError

    codes = len(list(db.session.scalars(select(Code))))
    with pytest.raises(ZeroDivisionError):
        transact(fail)

    assert db.session.scalar(select(Event).where(Event.kind == "noted")) is None
    assert len(list(db.session.scalars(select(Code)))) == codes
    assert examine(True, (), None)["agrees"]


def test_a_client_that_asks_twice_is_refused_the_second_time(world):
    note(event_id="0" * 32)

    with pytest.raises(AlreadyRecorded):
        note("again", event_id="0" * 32)
    assert examine(False, (), None)["agrees"]


def test_the_state_is_what_the_journal_derives(world):
    report = examine(True, (), None)

    assert report["agrees"], report
    assert report["rows"] > 50
    assert report["agreement"]["ledger"] == 2 * 2 * (3 + 24 + 300)


@pytest.mark.parametrize(
    "values", [{"data": "{}"}, {"actor": "mallory"}, {"kind": "thing_moved"}, {"subject": "x"}]
)
def test_a_rewritten_event_is_named(world, values):
    event_id = tamper(**values)

    report = examine(True, (), None)

    assert not report["agrees"]
    assert event_id in {one["event"] for one in report["broken"]}


def test_a_row_changed_beside_the_journal_is_named(world):
    code = world.items[f"{HOME}/01"][0]
    db.session.get(Thing, (HOME, code)).voucher = "forged"
    db.session.commit()

    report = examine(True, (), None)

    [difference] = report["differences"]
    assert (difference["table"], difference["column"]) == ("thing", "voucher")
    assert code in difference["key"]


def test_a_quantity_changed_beside_the_journal_breaks_the_agreement(world):
    holding = db.session.scalar(select(Holding).where(Holding.quantity == 24).limit(1))
    holding.quantity = 25
    db.session.commit()

    report = examine(False, (), None)

    [one] = report["agreement"]["disagreements"]
    assert (one["ledger"], one["things"], one["cards"]) == (24, 25, 24)


def test_verifying_one_school_leaves_the_others_out(world):
    tamper(data="{}")
    broken = examine(True, (), None)["broken"][0]["chain"]
    other = OTHER if broken == HOME else HOME

    assert not examine(True, (), broken)["agrees"]
    assert examine(True, (), other)["agrees"]


def test_a_head_that_left_the_machine_finds_a_shortened_chain(world):
    note("a")
    left = next(head for head in examine(False, (), None)["heads"] if head.startswith(HOME))
    session = db.session()
    last = session.scalar(select(Event).where(Event.kind == "noted"))
    before = session.scalar(select(Event).where(Event.chain == HOME, Event.seq == last.seq - 1))
    head = session.get(ChainHead, HOME)
    head.seq, head.hash = before.seq, before.hash
    session.delete(last)
    session.commit()

    assert examine(False, (), None)["agrees"]
    assert not examine(False, (left,), None)["agrees"]


def test_moving_is_double_entry_and_the_sum_never_changes(world):
    code = world.items[f"{HOME}/01"][0]
    transact(
        lambda s: move_thing(
            s, OPERATOR, school_id=HOME, code=code, to=world.cabinets[f"{HOME}/02"], at=NOON
        )
    )

    holdings = list(db.session.scalars(select(Holding).where(Holding.code == code)))
    assert sum(holding.quantity for holding in holdings) == 0
    assert {h.place_id: h.quantity for h in holdings} == {
        "outside": -1, world.cabinets[f"{HOME}/02"]: 1,
    }  # fmt: skip
    assert examine(True, (), None)["agrees"]


def test_every_change_has_a_kind_of_its_own():
    kinds = [change.kind for projector in PROJECTORS for change in projector.changes]
    assert len(kinds) == len(set(kinds))


def test_an_event_moved_out_of_its_school_is_named(world):
    event_id = tamper(school_id=None)

    assert event_id in {one["event"] for one in examine(False, (), None)["broken"]}


def test_a_lost_head_is_found(world):
    db.session.delete(db.session.get(ChainHead, HOME))
    db.session.commit()

    assert [one["reason"] for one in examine(False, (), None)["broken"]] == ["head"]
