"""By hand: places, kinds and things made, edited, moved, retired; whatever is done, all agrees."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from inventory.catalogue import service as catalogue
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey
from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.errors import (
    AlreadyRecorded,
    BadQuantity,
    BatchThere,
    CannotRestore,
    CodeTaken,
    IsRetired,
    KindInUse,
    KindThere,
    Missing,
    NameTaken,
    NotABatch,
    NotEnough,
    NotFound,
    NotRetired,
    PlaceNotEmpty,
    Refusal,
    TooMany,
    UnknownField,
)
from inventory.journal.queries import history
from inventory.ledger import service as ledger
from inventory.ledger.models import Document, LedgerLine
from inventory.ledger.service import Entry
from inventory.places import queries as places
from inventory.places import service as place_service
from inventory.places.models import Place
from inventory.places.rules import Series, cabinets, room, shelves
from inventory.register import queries
from inventory.register import service as register
from inventory.register.models import CardLine, Code, CodeState, Holding, Thing
from inventory.register.rules import contents_hash
from inventory.scope import OPERATOR
from tests.unit.services.test_register_service import card, print_card
from tests.world import HOME, NOON, OTHER, acting


def act(service, /, *args, **values):
    """One use case in one transaction, as the operator, in the home school."""
    values = {"school_id": HOME, "at": NOON} | values
    return transact(lambda session: service(session, OPERATOR, *args, **values))


def shelf_of(world, number, name):
    """The id of a shelf of one of the two cabinets."""
    inside = places.inside(db.session(), HOME, world.cabinets[f"{HOME}/{number}"])
    return next(one.id for one in inside if one.short == name)


def kind_named(name):
    return db.session.scalar(select(Kind).where(Kind.school_id == HOME, Kind.name == name))


def quantity(code):
    row = queries.thing(db.session(), code)
    return row.quantity


def agrees():
    report = examine(True, (), HOME)
    assert report["agrees"], {k: v for k, v in report.items() if k != "heads"}
    return report["agreement"]


def sums_to_zero():
    rows = db.session.execute(
        select(Holding.code, func.sum(Holding.quantity)).group_by(Holding.code)
    )
    assert {row[1] for row in rows} == {0}


# --- places --------------------------------------------------------------------------------


def lay_out(planned, **more):
    left, turns = 1, 0
    while left:
        left = act(register.lay_out, planned, is_first=turns == 0, **more)
        turns += 1
    return turns


def test_a_room_with_its_cabinets_and_shelves_is_laid_out_in_slices(world):
    planned = room("物仪2", "物理仪器室2", Series(1, 12, 4, ("力学", "热学")))
    assert len(planned) == 1 + 12 * 5

    turns = lay_out(planned, keeper="王芳")

    assert turns == 5
    made = [one for one in places.standing(db.session(), HOME) if one.path.startswith("物仪2")]
    assert [one.path for one in made] == [one.path for one in planned]
    assert [one.name for one in made if one.sort == "cabinet"][:3] == ["力学", "热学", ""]
    assert {one.keeper for one in made if one.sort != "shelf"} == {"王芳"}
    assert db.session.get(Code, made[0].id).bearer == "place"
    agrees()


def test_laying_out_what_is_there_is_refused_as_a_whole(world):
    with pytest.raises(NameTaken):
        lay_out(room("科仪1", "", Series(1, 3)))
    with pytest.raises(NameTaken):
        lay_out(cabinets("科仪1", Series(2, 4)))
    lay_out(cabinets("科仪1", Series(3, 4, 2)))
    assert len(places.cabinets(db.session(), HOME)) == 4


@pytest.mark.parametrize(
    "series", [Series(0, 3), Series(5, 3), Series(1, 999, 5), Series(1, 2, 99)]
)
def test_impossible_series_are_refused(series):
    with pytest.raises(Refusal):
        cabinets("x", series)
    assert shelves("x", 3, 4)[0].path == "x-3"


def test_renaming_a_room_takes_all_that_is_inside_along(world):
    [top] = places.rooms(db.session(), HOME)
    act(register.change_place, code=top.id, values={"short": "科仪9", "name": "新名"})

    paths = [one.path for one in places.standing(db.session(), HOME)]
    assert paths[:3] == ["科仪9", "科仪9-01", "科仪9-01-1"]
    assert {row.place[:3] for row in queries.search(db.session(), school_id=HOME)[0]} == {"科仪9"}
    agrees()


def test_a_place_keeps_what_is_not_said_and_refuses_a_taken_number(world):
    code = world.cabinets[f"{HOME}/01"]
    before = places.place_by_code(db.session(), code)

    act(register.change_place, code=code, values={"name": "力学"})

    after = places.place_by_code(db.session(), code)
    assert (after.short, after.keeper, after.name) == (before.short, before.keeper, "力学")
    act(register.change_place, code=code, values={"keeper": None})
    assert places.place_by_code(db.session(), code).keeper is None
    with pytest.raises(NameTaken):
        act(register.change_place, code=code, values={"short": "02"})
    with pytest.raises(Missing):
        act(register.change_place, code=code, values={"short": ""})
    with pytest.raises(NotFound):
        act(register.change_place, code=world.cabinets[f"{OTHER}/01"], values={"name": "x"})


def test_a_cabinet_moves_to_another_room_and_its_things_with_it(world):
    lay_out(room("物仪2", "", Series(1, 1)))
    [target] = places.find_place(db.session(), "物仪2", HOME)
    code = world.cabinets[f"{HOME}/02"]

    act(place_service.move_place, code=code, to=target.id)

    assert places.place_by_code(db.session(), code).path == "物仪2-02"
    assert queries.thing(db.session(), world.items[f"{HOME}/02"][0]).place == "物仪2-02-1"
    with pytest.raises(NameTaken):
        act(place_service.move_place, code=world.cabinets[f"{HOME}/01"], to=target.id)
    with pytest.raises(NotFound):
        act(place_service.move_place, code=target.id, to=code)
    agrees()


def test_a_shelf_moves_to_another_cabinet_under_a_free_number(world):
    lay_out(shelves("科仪1-01", 3, 3))
    [shelf] = places.find_place(db.session(), "科仪1-01-3", HOME)
    act(place_service.move_place, code=shelf.id, to=world.cabinets[f"{HOME}/02"])

    inside = places.inside(db.session(), HOME, world.cabinets[f"{HOME}/02"])
    assert [one.path for one in inside] == ["科仪1-02-1", "科仪1-02-2", "科仪1-02-3"]


def test_places_go_up_and_down(world):
    code = world.cabinets[f"{HOME}/02"]
    act(place_service.reorder_place, code=code, by_steps=-1)
    assert [one.short for one in places.cabinets(db.session(), HOME)] == ["02", "01"]
    act(place_service.reorder_place, code=code, by_steps=-1)
    act(place_service.reorder_place, code=code, by_steps=1)
    assert [one.short for one in places.cabinets(db.session(), HOME)] == ["01", "02"]
    agrees()


def test_only_an_empty_place_is_retired_and_its_code_is_not_used_again(world):
    code = world.cabinets[f"{HOME}/01"]
    with pytest.raises(PlaceNotEmpty) as refused:
        act(register.retire_place, code=code)
    assert refused.value.data["count"] == 5

    lay_out(cabinets("科仪1", Series(3, 3, 2)))
    [new] = places.find_place(db.session(), "科仪1-03", HOME)
    act(register.retire_place, code=new.id)
    assert places.find_place(db.session(), "科仪1-03", HOME) == []
    assert queries.codes(db.session(), [new.id])[new.id].state is CodeState.RETIRED
    assert {one.kind for one in history(db.session(), HOME, new.id)} >= {"places_retired"}
    with pytest.raises(IsRetired):
        act(register.change_place, code=new.id, values={"name": "x"})

    act(register.restore_place, code=new.id)
    assert len(places.inside(db.session(), HOME, new.id)) == 2
    act(register.retire_place, code=new.id)
    lay_out(cabinets("科仪1", Series(3, 3)))
    [other] = places.find_place(db.session(), "科仪1-03", HOME)
    assert other.id != new.id
    with pytest.raises(NameTaken):
        act(register.restore_place, code=new.id)
    with pytest.raises(NotRetired):
        act(register.restore_place, code=other.id)
    agrees()


def test_nothing_is_brought_into_a_retired_place(world):
    lay_out(cabinets("科仪1", Series(3, 3)))
    [new] = places.find_place(db.session(), "科仪1-03", HOME)
    act(register.retire_place, code=new.id)

    with pytest.raises(IsRetired):
        act(register.move_thing, code=world.items[f"{HOME}/01"][0], to=new.id)
    with pytest.raises(NotFound):
        enter(kind_named("烧杯 01"), new.id)
    with pytest.raises(IsRetired):
        act(register.set_up_places, [register.NewPlace(
            place_service.Sort.SHELF, "1", "", db.session.get(Place, (HOME, new.id))
        )])  # fmt: skip


# --- cards ---------------------------------------------------------------------------------


def test_a_card_gets_stale_when_its_words_would_differ_and_not_otherwise(world):
    code = world.cabinets[f"{HOME}/01"]
    print_card(world)
    old = card(world).contents

    act(register.change_place, code=code, values={"name": "力学"})
    assert card(world).is_stale
    listed = {row.place.id: row for row in queries.cabinet_rows(
        db.session(), places.cabinets(db.session(), HOME)
    )}  # fmt: skip
    assert listed[code].is_stale
    assert not listed[world.cabinets[f"{HOME}/02"]].is_stale
    act(register.change_place, code=code, values={"name": "计量仪器"})
    assert not card(world).is_stale
    assert card(world).contents == old

    change_kind(kind_named("烧杯 02"), specification="99mL")
    assert not card(world).is_stale, "another cabinet's kind"
    change_kind(kind_named("烧杯 01"), specification="99mL")
    assert card(world).is_stale
    print_card(world)
    assert not card(world).is_stale
    act(place_service.reorder_place, code=shelf_of(world, "01", "2"), by_steps=-1)
    assert card(world).is_stale
    agrees()


def test_a_card_that_0_1_0_printed_is_still_current():
    """The hash of contents in which nothing was renamed is what it was in that release."""
    rows = [("20000000583", "b" * 32, 24), ("20000000486", "a" * 32, 3)]
    old = "\n".join(f"{place}\t{kind}\t{quantity}" for place, kind, quantity in sorted(rows))
    assert contents_hash(rows) == hashlib.sha256(old.encode()).hexdigest()
    assert contents_hash(rows, [("a", "x")]) != contents_hash(rows)


# --- kinds ---------------------------------------------------------------------------------


def change_kind(kind, **values):
    return act(catalogue.change_kind, kind_id=kind.id, values=values, uses=queries.uses_of_kinds)


def define(name, form=ManagedAs.BATCH, spec=""):
    return act(catalogue.define_kind, KindKey("科学", "61001", name, spec, "个"), managed_as=form)


def test_two_kinds_called_the_same_are_refused(world):
    new = define("量筒")
    with pytest.raises(KindThere) as refused:
        define("量筒")
    assert refused.value.data["id"] == new.id
    other = define("量筒", spec="大")
    with pytest.raises(KindThere):
        change_kind(other, specification="")
    change_kind(other, specification="", unit="只")
    assert kind_named("量筒") is not None
    agrees()


def test_how_a_kind_is_managed_changes_only_without_things(world):
    with pytest.raises(KindInUse):
        change_kind(kind_named("烧杯 01"), managed_as="item")
    new = define("量筒")
    change_kind(new, managed_as="item", required=3, catalogue_code=None)
    row = db.session.get(Kind, (HOME, new.id))
    assert (row.managed_as, row.required, row.catalogue_code, row.unit) == ("item", 3, None, "个")


def test_a_kind_is_retired_when_there_is_nothing_of_it(world):
    with pytest.raises(KindInUse):
        act(catalogue.retire_kind, kind_id=kind_named("烧杯 01").id, uses=queries.uses_of_kinds)
    new = define("量筒")
    act(catalogue.retire_kind, kind_id=new.id, uses=queries.uses_of_kinds)
    with pytest.raises(IsRetired):
        enter(new, shelf_of(world, "01", "1"))
    act(catalogue.restore_kind, kind_id=new.id)
    with pytest.raises(NotRetired):
        act(catalogue.restore_kind, kind_id=new.id)
    enter(new, shelf_of(world, "01", "1"))
    agrees()


# --- things --------------------------------------------------------------------------------


def enter(kind, place, n=1, **more):
    turn = {key: more.pop(key) for key in ("once", "document_id") if key in more}
    return act(ledger.enter_things, Entry(kind.id, n, place, **more), **turn)


def test_single_things_entered_by_hand_get_codes_a_document_and_a_line(world):
    made = enter(
        kind_named("电子天平 01"), shelf_of(world, "01", "1"), 3, keeper="李四",
        unit_price_cents=51_000, purchased="2026-11", voucher="记-3", note="捐赠",
    )  # fmt: skip

    rows = queries.things_by_code(db.session(), made.codes)
    assert [row.number for row in rows] == ["24001-07", "24001-08", "24001-09"]
    assert {(row.keeper, row.purchased, row.note) for row in rows} == {("李四", "2026-11", "捐赠")}
    other = enter(kind_named("电子天平 01"), shelf_of(world, "01", "1"))
    assert queries.thing(db.session(), other.codes[0]).keeper == "童喆", "the cabinet's"
    document = db.session.get(Document, (HOME, made.document_id))
    assert (document.type, document.number) == ("receipt", "RK-2026-0001")
    line = db.session.scalar(select(LedgerLine).where(LedgerLine.document_id == document.id))
    assert (line.quantity, line.unit_price_cents) == (3, 51_000)
    agrees()


def test_many_single_things_are_made_in_turns_by_one_document(world):
    kind, place = kind_named("电子天平 01"), shelf_of(world, "01", "1")
    first = enter(kind, place, 90)
    assert (len(first.codes), first.left) == (40, 50)
    second = enter(kind, place, first.left, document_id=first.document_id)
    third = enter(kind, place, second.left, document_id=first.document_id)
    assert third.left == 0
    assert agrees()["things"] == 2 * 327 + 90
    with pytest.raises(TooMany):
        enter(kind, place, 501)


def test_a_form_that_is_sent_twice_enters_once(world):
    kind, place = kind_named("电子天平 01"), shelf_of(world, "01", "1")
    enter(kind, place, once="0" * 32)
    with pytest.raises(AlreadyRecorded):
        enter(kind, place, once="0" * 32)
    assert agrees()["things"] == 2 * 327 + 1


def test_more_of_a_batch_joins_the_one_in_its_place(world):
    batch = world.batches[f"{HOME}/01"][0]
    made = enter(kind_named("烧杯 01"), shelf_of(world, "01", "1"), 6)
    assert (made.joined, made.codes, quantity(batch)) == (batch, (), 30)
    other = enter(kind_named("烧杯 01"), shelf_of(world, "01", "2"), 6)
    assert other.joined is None
    agrees()


def test_a_blank_label_that_is_stuck_on_becomes_the_code(world):
    [blank] = transact(lambda s: register.mint(s, OPERATOR, count=1, at=NOON))
    beaker = kind_named("烧杯 01")
    with pytest.raises(BatchThere):
        enter(beaker, shelf_of(world, "01", "1"), 6, codes=(blank,))
    made = enter(beaker, shelf_of(world, "01", "2"), 6, codes=(blank,))
    assert made.codes == (blank,)
    with pytest.raises(CodeTaken):
        enter(kind_named("电子天平 01"), shelf_of(world, "01", "1"), codes=(blank,))
    with pytest.raises(BadQuantity):
        enter(kind_named("电子天平 01"), shelf_of(world, "01", "1"), 2, codes=(blank,))
    agrees()


def test_one_label_is_not_stuck_on_two_things(world):
    [blank] = transact(lambda s: register.mint(s, OPERATOR, count=1, at=NOON))
    with pytest.raises(CodeTaken):
        enter(kind_named("电子天平 01"), shelf_of(world, "01", "1"), 2, codes=(blank, blank))
    agrees()


def test_a_field_that_is_not_said_is_not_changed(world):
    code = world.items[f"{HOME}/01"][0]
    act(register.describe_thing, code=code, values={"note": "划痕", "unit_price_cents": 1050})
    act(register.describe_thing, code=code, values={"voucher": "记-3"})
    row = queries.thing(db.session(), code)
    assert (row.note, row.voucher, row.unit_price_cents) == ("划痕", "记-3", 1050)
    act(register.describe_thing, code=code, values={"note": None})
    assert queries.thing(db.session(), code).note is None
    with pytest.raises(UnknownField):
        act(register.describe_thing, code=code, values={"quantity": 3})
    with pytest.raises(Refusal):
        act(register.describe_thing, code=code, values={"purchased": "gestern"})
    agrees()


def test_a_part_of_a_batch_is_a_batch_of_its_own_elsewhere_or_joins(world):
    batch, place = world.batches[f"{HOME}/01"][0], shelf_of(world, "02", "1")
    part = act(register.move_thing, code=batch, to=place, quantity=10)
    assert part.code != batch
    assert (quantity(batch), quantity(part.code)) == (14, 10)
    assert queries.thing(db.session(), part.code).number == "61001-03"
    for code, kind in ((batch, "batch_parted"), (part.code, "batch_received")):
        assert history(db.session(), HOME, code)[0].kind == kind
    again = act(register.move_thing, code=batch, to=place, quantity=4)
    assert again.code == part.code
    assert quantity(part.code) == 14
    sums_to_zero()
    agrees()

    last = act(register.move_thing, code=batch, to=place)
    assert last.code == part.code
    assert quantity(part.code) == 24
    assert db.session.get(Code, batch).state is CodeState.RETIRED
    with pytest.raises(CannotRestore):
        act(ledger.restore_thing, code=batch)
    sums_to_zero()
    agrees()


def test_what_cannot_be_moved(world):
    item, batch = world.items[f"{HOME}/01"][0], world.batches[f"{HOME}/01"][0]
    place = shelf_of(world, "02", "1")
    with pytest.raises(NotEnough):
        act(register.move_thing, code=batch, to=place, quantity=25)
    with pytest.raises(BadQuantity):
        act(register.move_thing, code=batch, to=place, quantity=0)
    with pytest.raises(NotFound):
        act(register.move_thing, code=batch, to="outside")
    with pytest.raises(NotFound):
        act(register.move_thing, code=world.items[f"{OTHER}/01"][0], to=place)
    act(register.move_thing, code=item, to=place, quantity=1)
    with pytest.raises((NotABatch, NotEnough)):
        act(register.move_thing, code=item, to=shelf_of(world, "01", "1"), quantity=2)


def test_what_was_entered_wrongly_is_taken_back_and_restored(world):
    batch = world.batches[f"{HOME}/01"][0]
    with pytest.raises(Missing):
        act(ledger.retire_thing, code=batch, reason=" ")
    document = act(ledger.retire_thing, code=batch, reason="录入有误")
    assert (document.type, document.number) == ("correction", "GZ-2026-0001")
    assert agrees()["things"] == 2 * 327 - 24
    assert queries.search(db.session(), batch, school_id=HOME)[1] == 0
    assert queries.search(db.session(), batch, school_id=HOME, retired=True)[1] == 1
    assert history(db.session(), HOME, batch)[0].kind == "thing_retired"
    with pytest.raises(IsRetired):
        act(ledger.retire_thing, code=batch, reason="录入有误")
    with pytest.raises(IsRetired):
        act(register.move_thing, code=batch, to=shelf_of(world, "02", "1"))

    act(ledger.restore_thing, code=batch)
    assert (quantity(batch), agrees()["things"]) == (24, 2 * 327)
    with pytest.raises(NotRetired):
        act(ledger.restore_thing, code=batch)
    sums_to_zero()


def test_a_batch_is_not_restored_into_another_batch_or_a_retired_place(world):
    batch, place = world.batches[f"{HOME}/01"][0], shelf_of(world, "01", "1")
    act(ledger.retire_thing, code=batch, reason="x")
    enter(kind_named("烧杯 01"), place, 5)
    with pytest.raises(BatchThere):
        act(ledger.restore_thing, code=batch)


def test_a_quantity_entered_wrongly_is_corrected_by_a_document(world):
    batch = world.batches[f"{HOME}/01"][0]
    act(ledger.correct_quantity, code=batch, quantity=20, reason="数错")
    assert (quantity(batch), agrees()["things"]) == (20, 2 * 327 - 4)
    act(ledger.correct_quantity, code=batch, quantity=26, reason="又数")
    assert quantity(batch) == 26
    assert act(ledger.correct_quantity, code=batch, quantity=26, reason="x") is None
    with pytest.raises(BadQuantity):
        act(ledger.correct_quantity, code=batch, quantity=0, reason="x")
    with pytest.raises(NotABatch):
        act(ledger.correct_quantity, code=world.items[f"{HOME}/01"][0], quantity=1, reason="x")
    agrees()


def test_another_schools_account_finds_nothing(world):
    stranger = world.people["stranger"]
    session = acting(stranger)
    for service, more in (
        (register.describe_thing, {"values": {}}),
        (register.move_thing, {"to": "x"}),
        (ledger.retire_thing, {"reason": "x"}),
        (ledger.restore_thing, {}),
    ):
        with pytest.raises(NotFound):
            service(
                session, stranger, school_id=HOME, code=world.items[f"{HOME}/01"][0], at=NOON,
                **more,
            )  # fmt: skip


# --- whatever is done ----------------------------------------------------------------------

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["make", "move", "part", "retire", "restore", "correct", "rename", "kind", "shelf",
             "cabinet", "give up", "use again"]
        ),
        st.integers(0, 30),
        st.integers(0, 30),
        st.integers(1, 30),
    ),
    min_size=4,
    max_size=14,
)  # fmt: skip


def do(world, name, a, b, n):
    """One of the actions on one of the things, places and kinds, whichever the numbers mean."""
    session = acting(OPERATOR)
    things = sorted(session.scalars(select(Thing.code).where(Thing.school_id == HOME)))
    spots = [one for one in places.standing(session, HOME) if one.sort == "shelf"]
    tops = places.cabinets(session, HOME)
    gone = list(session.scalars(
        select(Place.id).where(Place.school_id == HOME, Place.retired_at.is_not(None))
    ))  # fmt: skip
    kinds = list(session.scalars(select(Kind.id).where(Kind.school_id == HOME).order_by(Kind.id)))
    code, spot = things[a % len(things)], spots[b % len(spots)].id
    cabinet = tops[a % len(tops)].id
    match name:
        case "make":
            act(ledger.enter_things, Entry(kinds[a % len(kinds)], n, spot))
        case "move":
            act(register.move_thing, code=code, to=spot)
        case "part":
            act(register.move_thing, code=code, to=spot, quantity=n)
        case "retire":
            act(ledger.retire_thing, code=code, reason="x")
        case "restore":
            act(ledger.restore_thing, code=code)
        case "correct":
            act(ledger.correct_quantity, code=code, quantity=n, reason="x")
        case "rename":
            act(register.change_place, code=cabinet, values={"short": f"{b:02d}"})
        case "kind":
            act(catalogue.change_kind, kind_id=kinds[a % len(kinds)], values={"name": f"名{b}"},
                uses=queries.uses_of_kinds)  # fmt: skip
        case "shelf":
            act(place_service.move_place, code=spot, to=cabinet)
        case "cabinet":
            act(place_service.reorder_place, code=cabinet, by_steps=b - 15)
        case "give up":
            act(register.retire_place, code=spot)
        case "use again":
            act(register.restore_place, code=gone[a % len(gone)] if gone else "x")


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(actions=ACTIONS)
def test_whatever_is_done_by_hand_everything_agrees(world, actions):
    for action in actions:
        try:
            do(world, *action)
        except Refusal:
            db.session.rollback()

    acting(OPERATOR)
    agrees()
    sums_to_zero()
    assert db.session.scalar(select(func.min(CardLine.quantity))) > 0
    for thing in db.session.scalars(select(Thing).where(Thing.retired_at.is_not(None))):
        assert db.session.get(Code, thing.code).retired_at is not None
