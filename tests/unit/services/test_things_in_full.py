"""Kinds and things in full: fields, doubles, changes meanwhile, breaking, merging, placing."""

import pytest
from sqlalchemy import select

from inventory.catalogue import service as catalogue
from inventory.catalogue.models import Kind, KindCode
from inventory.catalogue.rules import CatalogueCode, ManagedAs, codes_in
from inventory.catalogue.service import KindKey
from inventory.db import db
from inventory.errors import (
    CardForOne,
    ChangedMeanwhile,
    CodeTaken,
    FinanceCardThere,
    Invalid,
    IsRetired,
    LabelNotNeeded,
    ManagedDifferently,
    NotABatch,
    NotEnough,
    NotFound,
    SameKind,
    SerialThere,
    TooMany,
    UnitsDiffer,
    WasMerged,
)
from inventory.journal.queries import history, latest
from inventory.ledger import merging_service as merging
from inventory.ledger import service as ledger
from inventory.ledger.models import LedgerLine
from inventory.ledger.service import Entry
from inventory.places.models import Sort
from inventory.register import parts_service as parts
from inventory.register import placing_queries, queries
from inventory.register import placing_service as placing
from inventory.register import service as register
from inventory.register.models import CardLine, Code, Thing
from inventory.register.queries import uses_of_kinds
from inventory.register.service import DESCRIBING
from inventory.scanning.service import resolve
from inventory.scope import OPERATOR
from tests.unit.services.test_by_hand import (
    act,
    agrees,
    kind_named,
    quantity,
    shelf_of,
    sums_to_zero,
)
from tests.world import HOME, NOON, OTHER, acting

FULL = {
    "serial_no": "SN-1", "maker": "上海天平仪器厂", "supplier": "县装备中心", "invoice": "03517777",
    "accepted": "2024-09-10", "source": "purchase", "warranty_until": "2027-09",
    "condition": "worn",
}  # fmt: skip


def describe(code, **more):
    loaded = more.pop("loaded", None)
    return act(register.describe_thing, code=code, values=more, loaded=loaded).code


def blank(n=1):
    return act_mint(n)


def act_mint(n):
    from inventory.db import transact

    return transact(lambda s: register.mint(s, OPERATOR, count=n, at=NOON))


# --- things ----------------------------------------------------------------------------------


def test_everything_that_is_known_of_a_thing_is_kept_and_replays(world):
    code = world.items[f"{HOME}/01"][0]
    describe(code, **FULL, present_place="科仪1-02")

    thing = db.session.get(Thing, (HOME, code))
    assert {name: getattr(thing, name) for name in FULL} == FULL
    assert thing.present_place_id == world.cabinets[f"{HOME}/02"]
    assert dict(history(db.session(), HOME, code)[0].data["was"])["maker"] is None
    agrees()

    describe(code, present_place="科仪1-01-1", condition=None)
    assert db.session.get(Thing, (HOME, code)).present_place_id is None  # that is its home
    agrees()


@pytest.mark.parametrize(
    "wrong",
    [{"source": "stolen"}, {"condition": "fine"}, {"accepted": "31/12/2024"}, {"maker": "厂" * 101},
     {"warranty_until": "soon"}, {"serial_no": "x" * 10_000}],
)  # fmt: skip
def test_what_a_field_cannot_hold_is_refused(world, wrong):
    with pytest.raises(Invalid):
        describe(world.items[f"{HOME}/01"][0], **wrong)


def test_a_present_place_is_one_of_the_schools_in_use(world):
    code = world.items[f"{HOME}/01"][0]
    for place in ("no such", "outside", world.cabinets[f"{OTHER}/01"]):
        with pytest.raises(NotFound):
            describe(code, present_place=place)


def test_a_serial_number_is_one_things_of_a_kind_and_a_finance_card_one_things_at_all(world):
    first, second, _ = world.items[f"{HOME}/01"]
    other_kind = world.items[f"{HOME}/02"][0]
    describe(first, serial_no="SN-1", finance_card_no="TY-1")

    with pytest.raises(SerialThere) as refusal:
        describe(second, serial_no="SN-1")
    assert refusal.value.data["number"] == "24001-01"
    assert refusal.value.data["place"] == "科仪1-01-1"
    with pytest.raises(FinanceCardThere) as refusal:
        describe(other_kind, finance_card_no="TY-1")
    assert refusal.value.data["code"] == first
    describe(other_kind, serial_no="SN-1")
    describe(first, serial_no="SN-1", note="the same again")
    with pytest.raises(FinanceCardThere):
        act(ledger.enter_things, Entry(kind_named("电子天平 02").id, 1, "unplaced",
                                       finance_card_no="TY-1"))  # fmt: skip
    with pytest.raises(CardForOne):
        act(ledger.enter_things, Entry(kind_named("电子天平 02").id, 2, "unplaced",
                                       finance_card_no="TY-2"))  # fmt: skip


def test_what_another_changed_meanwhile_is_not_overwritten(world):
    code = world.items[f"{HOME}/01"][0]
    opened = latest(db.session(), HOME, code, DESCRIBING)
    describe(code, note="one", loaded=opened)

    with pytest.raises(ChangedMeanwhile):
        describe(code, note="two", loaded=opened)
    assert db.session.get(Thing, (HOME, code)).note == "one"

    describe(code, note="two", loaded=latest(db.session(), HOME, code, DESCRIBING))
    assert db.session.get(Thing, (HOME, code)).note == "two"


# --- kinds -----------------------------------------------------------------------------------


def change(kind, codes=None, loaded=None, **values):
    return act(
        catalogue.change_kind, kind_id=kind.id, values=values, uses=uses_of_kinds, codes=codes,
        loaded=loaded,
    ).id  # fmt: skip


def codes_of(kind_id):
    return catalogue.codes_of(db.session(), db.session.get(Kind, (HOME, kind_id)))


def test_a_kind_has_several_catalogue_codes_of_which_the_first_leads(world):
    beaker = kind_named("烧杯 01")
    codes = codes_in(
        "61001, JY/T 0386, 2004\nA0334042599，GB/T 14885,2022\n\n61001, JY/T 0386, 2004"
    )
    assert len(codes) == 2
    change(beaker, codes, reference_price_cents=350, life_years=8, durability="low_value")
    agrees()

    change(beaker, catalogue_code="61009")
    assert [one.code for one in codes_of(beaker.id)] == ["61009", "A0334042599"]
    assert codes_of(beaker.id)[0].system == "JY/T 0386"
    change(beaker, codes=codes[1:])
    assert db.session.get(Kind, (HOME, beaker.id)).catalogue_code == "A0334042599"
    change(beaker, codes=())
    assert db.session.get(Kind, (HOME, beaker.id)).catalogue_code is None
    assert db.session.scalars(select(KindCode)).all() == []
    agrees()


@pytest.mark.parametrize(
    "wrong", [{"durability": "eternal"}, {"life_years": 101}, {"reference_price_cents": -1}]
)
def test_what_a_kind_cannot_be_is_refused(world, wrong):
    with pytest.raises(Invalid):
        change(kind_named("烧杯 01"), **wrong)
    with pytest.raises(Invalid):
        codes_in("1" * 21)
    with pytest.raises(TooMany):
        codes_in("\n".join(map(str, range(13))))


def test_a_new_kind_comes_with_all_that_is_known(world):
    codes = (CatalogueCode("JY/T 0386", "2004", "02003"), CatalogueCode("校", "", "7"))
    kind = act(
        catalogue.define_kind, KindKey("科学", "02003", "试管夹", "", "个"),
        managed_as=ManagedAs.BATCH, reference_price_cents=250, life_years=5, durability="low_value",
        codes=codes,
    )  # fmt: skip
    assert codes_of(kind.id) == codes
    assert (kind.reference_price_cents, kind.life_years) == (250, 5)
    agrees()


# --- merging ---------------------------------------------------------------------------------


def merge(kind, into):
    return act(merging.merge_kinds, kind_id=kind.id, into=into.id).id


def test_two_kinds_that_are_one_are_merged_with_all_they_have(world):
    gone, kept = kind_named("烧杯 02"), kind_named("烧杯 01")
    old, there = world.batches[f"{HOME}/02"][0], world.batches[f"{HOME}/01"][0]
    part = act(register.move_thing, code=old, to=shelf_of(world, "01", "1"), quantity=4).code
    change(gone, required=30)
    change(kept, required=20)
    before = agrees()
    assert quantity(there) == 24

    merge(gone, kept)

    assert agrees() == before | {"kinds": before["kinds"] - 1}
    sums_to_zero()
    assert quantity(there) == 28  # one batch of a kind in one place: they joined
    assert db.session.get(Thing, (HOME, part)).joined_into == there
    assert db.session.get(Code, part).retired_at is not None
    _, [target] = resolve(db.session.connection(), OPERATOR, part)
    assert target.code == there
    assert db.session.get(Thing, (HOME, old)).kind_id == kept.id  # apart: another place
    assert db.session.get(Kind, (HOME, kept.id)).required == 50
    one = db.session.get(Kind, (HOME, gone.id))
    assert (one.merged_into, one.required) == (kept.id, None)
    assert not db.session.scalars(select(LedgerLine).where(LedgerLine.kind_id == gone.id)).all()
    assert not db.session.scalars(select(CardLine).where(CardLine.kind_id == gone.id)).all()
    assert history(db.session(), HOME, kept.id)[0].kind == "kind_merged"
    # What still says the old name means the kept kind.
    key = catalogue.key_of(one)
    assert catalogue.kinds_like(db.session(), HOME, [key])[key].id == kept.id
    with pytest.raises(WasMerged):
        act(catalogue.restore_kind, kind_id=gone.id)
    with pytest.raises(IsRetired):
        merge(gone, kept)


def test_kinds_that_cannot_be_one_are_not_merged(world):
    beaker, other = kind_named("烧杯 01"), kind_named("烧杯 02")
    with pytest.raises(SameKind):
        merge(beaker, beaker)
    with pytest.raises(ManagedDifferently):
        merge(kind_named("电子天平 01"), beaker)
    change(other, unit="套")
    with pytest.raises(UnitsDiffer) as refusal:
        merge(other, beaker)
    assert refusal.value.data == {"unit": "套", "other": "个"}
    with pytest.raises(NotFound):
        act(merging.merge_kinds, kind_id=beaker.id, into="0" * 32)


def test_two_things_with_one_serial_number_keep_their_kinds_apart(world):
    describe(world.items[f"{HOME}/01"][0], serial_no="SN-1")
    describe(world.items[f"{HOME}/02"][0], serial_no="SN-1")
    with pytest.raises(SerialThere):
        merge(kind_named("电子天平 02"), kind_named("电子天平 01"))
    describe(world.items[f"{HOME}/02"][0], serial_no="SN-2")
    merge(kind_named("电子天平 02"), kind_named("电子天平 01"))
    agrees()


# --- batches become things -------------------------------------------------------------------


def test_some_of_a_batch_become_single_things_and_nothing_is_more_or_less(world):
    code = world.batches[f"{HOME}/01"][0]
    describe(code, maker="玻璃厂", voucher="记1")
    before = agrees()

    items = act(parts.break_batch, code=code, quantity=3)

    assert agrees() == before
    sums_to_zero()
    assert quantity(code) == 21
    rows = queries.things_by_code(db.session(), items)
    assert [(row.managed_as, row.quantity, row.place) for row in rows] == [
        ("item", 1, "科仪1-01-1")
    ] * 3
    thing = db.session.get(Thing, (HOME, items[0]))
    assert (thing.broken_from, thing.maker, thing.voucher) == (code, "玻璃厂", "记1")
    assert thing.number == "61001-03"  # after the two batches of that catalogue code


def test_a_batch_of_which_nothing_is_left_is_retired(world):
    code = world.batches[f"{HOME}/01"][0]
    labels = act_mint(24)
    assert act(parts.break_batch, code=code, quantity=24, codes=labels) == labels
    assert db.session.get(Code, code).retired_at is not None
    with pytest.raises(IsRetired):
        act(parts.break_batch, code=code, quantity=1)
    agrees()


def test_what_cannot_be_broken_is_refused(world):
    code = world.batches[f"{HOME}/01"][0]
    with pytest.raises(NotABatch):
        act(parts.break_batch, code=world.items[f"{HOME}/01"][0], quantity=1)
    with pytest.raises(NotEnough):
        act(parts.break_batch, code=code, quantity=25)
    with pytest.raises(TooMany):
        act(parts.break_batch, code=world.batches[f"{HOME}/01"][1], quantity=41)
    with pytest.raises(CodeTaken):
        act(parts.break_batch, code=code, quantity=1, codes=[code])


# --- first placing ---------------------------------------------------------------------------


def enter(name, n):
    return act(ledger.enter_things, Entry(kind_named(name).id, n, Sort.UNPLACED.value)).codes


def place(world, name, n, label=None, shelf="1"):
    return act(
        placing.place_kind, kind_id=kind_named(name).id, to=shelf_of(world, "02", shelf),
        quantity=n, label=label,
    )  # fmt: skip


def test_a_part_of_the_unplaced_batch_comes_under_the_blank_labels_code(world):
    [unplaced] = enter("烧杯 01", 40)
    first, second = act_mint(2)

    one = place(world, "烧杯 01", 15, first)
    assert (one.codes, one.joined) == ((first,), False)
    assert placing_queries.remaining(db.session(), HOME, "sb")[0].quantity == 25
    rest = place(world, "烧杯 01", 25, second, shelf="2")
    assert rest.codes == (second,)
    assert placing_queries.kinds_left(db.session(), HOME) == 0
    assert db.session.get(Thing, (HOME, unplaced)).joined_into == second
    assert (quantity(first), quantity(second)) == (15, 25)
    agrees()
    sums_to_zero()


def test_a_batch_that_is_there_is_joined_and_the_label_stays_blank(world):
    enter("烧杯 02", 6)
    [label] = act_mint(1)
    there = world.batches[f"{HOME}/02"][0]
    one = place(world, "烧杯 02", 6, label)
    assert (one.codes, one.joined) == ((there,), True)
    assert db.session.get(Code, label).bearer is None
    agrees()


def test_single_things_are_placed_under_their_own_codes(world):
    codes = enter("电子天平 01", 3)
    with pytest.raises(LabelNotNeeded):
        place(world, "电子天平 01", 1, act_mint(1)[0])
    assert place(world, "电子天平 01", 2).codes == codes[:2]
    with pytest.raises(NotEnough):
        place(world, "电子天平 01", 2)
    agrees()


def test_the_last_line_can_be_taken_back(world):
    enter("烧杯 01", 40)
    [label] = act_mint(1)
    place(world, "烧杯 01", 15, label)
    act(placing.take_back, code=label, quantity=15)
    assert placing_queries.remaining_of(db.session(), HOME, kind_named("烧杯 01").id).quantity == 40
    agrees()
    sums_to_zero()


def test_only_ones_own_school_is_placed_merged_and_described(world):
    acting(world.people["stranger"])
    from inventory.db import transact

    stranger, code = world.people["stranger"], world.items[f"{HOME}/01"][0]
    for service, more in (
        (register.describe_thing, {"code": code, "values": {"note": "x"}}),
        (parts.break_batch, {"code": world.batches[f"{HOME}/01"][0], "quantity": 1}),
    ):
        for school in (HOME, OTHER):
            with pytest.raises(NotFound):
                transact(
                    lambda s, service=service, more=more, school=school: service(
                        s, stranger, school_id=school, at=NOON, **more
                    )
                )
