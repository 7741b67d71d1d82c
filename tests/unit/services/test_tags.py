"""Tags: bound, found by every scan, unbound with a reason; doubles are refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.errors import (
    Invalid,
    IsRetired,
    Missing,
    NotAllowed,
    NotFound,
    NotUnbound,
    Refusal,
    TagIsCode,
    TagTaken,
    TagThere,
)
from inventory.ledger import service as ledger
from inventory.register import tags_queries, tags_service
from inventory.register.models import Code, Tag
from inventory.register.service import codes_for_people, mint
from inventory.register.tags_rules import Medium, medium_of, value_of
from inventory.register.tags_service import ToBind
from inventory.scanning.rules import meanings
from inventory.scanning.rules import value_of as meaning_value
from inventory.scanning.service import Incoming, Submission, resolve, take_in
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.unit.services.test_by_hand import act
from tests.world import HOME, NOON, OTHER, acting

EPC = "3034257BF7194E4000001A85"


def bind(code, value, medium=None, **more):
    medium = medium or medium_of(value)
    return act(tags_service.bind, code=code, value=value, medium=medium, **more).id


def found(text, by=OPERATOR):
    return [one.code for one in resolve(db.session.connection(), by, text)[1]]


@pytest.mark.parametrize(
    ("bound", "medium", "read"),
    [
        (EPC, "epc", EPC.lower()),
        (EPC, "epc", "3034 257B F719 4E40 0000 1A85"),
        ("E2801160600002054CAF0B4C", "tid", "e2:80:11:60:60:00:02:05:4c:af:0b:4c"),
        ("04A2B31C", "uid", "04:a2:b3:1c"),
        ("6901234567892", "barcode", "6901234567892"),
        ("仪-2019-007", "number", "仪-2019-007"),
        ("24001-77", "number", "２４００１－７７"),
        ("http://old.example.cn/asset?id=17", "qr", "http://old.example.cn/asset?id=17"),
    ],
)
def test_what_is_bound_is_found_however_it_is_read(world, bound, medium, read):
    code = world.items[f"{HOME}/01"][0]
    bind(code, bound, Medium(medium))
    assert found(read) == [code]
    assert examine(True, (), HOME)["agrees"]


def test_a_double_is_refused_and_says_what_it_is_bound_to(world):
    first, second, _ = world.items[f"{HOME}/01"]
    bind(first, EPC)
    with pytest.raises(TagTaken) as refusal:
        bind(second, EPC.lower())
    assert refusal.value.data["title"] == "24001-01 电子天平 01 100g 0.01g"
    assert bind(first, EPC) == bind(first, EPC)  # the same again is the same
    with pytest.raises(TagThere):
        bind(first, EPC[:-1] + "6")
    bind(first, EPC[:-1] + "6", beside=True)
    bind(first, "6901234567892")  # another sort
    assert len(tags_queries.of(db.session(), HOME, first)) == 3


def test_unbinding_needs_a_reason_and_lets_it_be_bound_again(world):
    first, second, _ = world.items[f"{HOME}/01"]
    tag = bind(first, EPC)
    with pytest.raises(Missing):
        act(tags_service.unbind, tag_id=tag, reason=" ")
    act(tags_service.unbind, tag_id=tag, reason="torn")
    with pytest.raises(NotUnbound):
        act(tags_service.unbind, tag_id=tag, reason="torn")
    assert found(EPC) == []
    bind(second, EPC)
    assert found(EPC) == [second]
    assert db.session.get(Tag, (HOME, tag)).reason == "torn"
    assert examine(True, (), HOME)["agrees"]


def test_what_cannot_be_bound_is_refused(world):
    code = world.items[f"{HOME}/01"][0]
    with pytest.raises(TagIsCode):
        bind(code, world.items[f"{HOME}/01"][1], Medium.BARCODE)
    [blank] = transact(lambda s: mint(s, OPERATOR, count=1, at=NOON))
    for other in (blank, world.items[f"{OTHER}/01"][0], "20000099983"):
        with pytest.raises(NotFound):
            bind(other, EPC)
    for value in ("", "x" * 201, "no hex"):
        with pytest.raises(Invalid):
            bind(code, value, Medium.EPC)
    act(ledger.retire_thing, code=code, reason="twice")
    with pytest.raises(IsRetired):
        bind(code, EPC)


def test_places_and_people_have_carriers_too_and_people_only_by_an_administrator(world):
    cabinet, person = world.cabinets[f"{HOME}/01"], world.people["teacher"]
    bind(cabinet, "04A2B31C")
    assert found("04a2b31c") == [cabinet]
    transact(lambda s: codes_for_people(s, OPERATOR, person_ids=[person.id], at=NOON))
    badge = db.session.scalar(
        select(Code.code).where(Code.bearer == "person", Code.school_id == HOME)
    )
    bind(badge, "04FFFFFF")
    [target] = resolve(db.session.connection(), OPERATOR, "04FFFFFF")[1]
    assert (target.type, target.name) == ("person", "teacher老师")
    acting(world.technician)
    with pytest.raises(NotAllowed):
        transact(
            lambda s: tags_service.bind(
                s, world.technician, school_id=HOME, code=badge, medium=Medium.UID,
                value="04EEEEEE", at=NOON,
            )
        )  # fmt: skip


def test_what_means_two_things_stays_ambiguous(world):
    first, second, _ = world.items[f"{HOME}/01"]
    bind(second, "24001-01", Medium.NUMBER)  # which is the readable number of the first
    assert sorted(found("24001-01", world.technician)) == sorted([first, second])


def test_a_carrier_of_another_school_is_not_found(world):
    bind(world.items[f"{HOME}/01"][0], EPC)
    assert found(EPC, world.people["stranger"]) == []
    assert found(EPC, world.technician) == [world.items[f"{HOME}/01"][0]]
    act(tags_service.bind, code=world.items[f"{OTHER}/01"][0], value=EPC, medium=Medium.EPC,
        school_id=OTHER)  # fmt: skip
    assert len(found(EPC)) == 2


def test_a_column_is_bound_at_once_and_each_refusal_named(world):
    first, second, third = world.items[f"{HOME}/01"]
    answers = act(
        tags_service.bind_many,
        [ToBind(first, Medium.NUMBER, "旧1"), ToBind(second, Medium.NUMBER, "旧1"),
         ToBind(third, Medium.NUMBER, "旧3"), ToBind(first, Medium.NUMBER, "旧1")],
    )  # fmt: skip
    assert [getattr(one, "code", None) for one in answers] == [None, "tag_taken", None, None]
    assert found("旧3") == [third]


def scan(world, *payloads):
    scans = tuple(Incoming(one, n, NOON, one, medium="uhf") for n, one in enumerate(payloads))
    submission = Submission(world.technician, NOON, scans)
    with asked_of(db.engine) as asked:
        answers = transact(lambda s: take_in(s.connection(), [submission], ()))[0]
    return answers, asked.statements


def test_a_scan_of_a_carrier_is_a_scan_of_the_thing_and_plain_codes_cost_no_more(sqlite_world):
    world = sqlite_world
    code = world.items[f"{HOME}/01"][0]
    bind(code, EPC)
    acting(OPERATOR)
    _, plain = scan(world, code)
    answers, carried = scan(world, EPC)
    assert answers[0]["outcome"] == "seen"
    assert answers[0]["target"]["code"] == code
    assert carried == plain  # the tags are asked instead of the codes, and only then


@given(st.text(max_size=60), st.sampled_from(Medium))
def test_what_is_kept_of_any_text_is_what_is_looked_up(text, medium):
    try:
        kept = value_of(medium, text)
    except Refusal:
        return
    assert value_of(medium, kept) == kept
    if medium in {Medium.EPC, Medium.TID, Medium.UID}:
        assert kept in {meaning_value(one) for one in meanings(text)}
