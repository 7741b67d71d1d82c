"""Search: the same hits on both engines, those that the rules say, whatever was renamed since."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from inventory.catalogue import queries as catalogue
from inventory.catalogue import service as kinds
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind
from inventory.commands.database import write_terms_again
from inventory.db import db, transact
from inventory.identity.models import Person
from inventory.identity.service import keepers_named
from inventory.ledger import service as ledger
from inventory.ledger.service import Entry
from inventory.places.models import Place, Sort
from inventory.register import queries, search_queries, tags_service
from inventory.register import service as register
from inventory.register.models import Thing
from inventory.register.rules import shown
from inventory.register.search_queries import Wanted
from inventory.register.service import NewPlace, NewThing, register_things, set_up_places
from inventory.register.tags_rules import Medium
from inventory.scope import OPERATOR
from inventory.search.models import SearchTerm
from tests.statements import asked_of
from tests.unit.services.test_by_hand import act
from tests.world import HOME, NOON, OTHER, acting


def hits(text, **more):
    rows, total = queries.search(acting(OPERATOR), text, size=500, **more)
    assert total == len(rows)
    return {row.code for row in rows}


def terms_of(row):
    return set().union(*(doc.terms() for doc in row.searched()), set())


def by_the_rules(text):
    """Which things the words of a text find, one thing after the other: the reference."""
    session = acting(OPERATOR)
    found = set()
    for thing in session.scalars(select(Thing)):
        kind = session.get_one(Kind, (thing.school_id, thing.kind_id))
        place = session.get_one(Place, (thing.school_id, thing.home_id))
        keeper = thing.keeper_id or place.keeper_id
        rows = [thing, kind, place]
        while place.parent_id is not None:
            place = session.get_one(Place, (thing.school_id, place.parent_id))
            rows.append(place)
        if keeper:
            rows.append(session.get_one(Person, keeper))
        terms = [terms_of(row) for row in rows]
        if all(
            any(one.finds(own) for own in terms)
            or (one.text.isdigit() and thing.code.startswith(one.text))
            or one.text == thing.number
            for one in search_queries._words(text)
        ):
            found.add(thing.code)
    return found


WORDS = ("显微镜", "天平", "体视", "试管", "烧杯", "J2117", "5N", "型", "电子", "a1", "10", "℃")
NAMES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("".join)
QUERIES = st.lists(
    st.sampled_from((*WORDS, "显", "镜", "微镜", "24", "24001-03", "童喆", "tz", "tp", "科仪",
                     "科仪1-0", "科学仪器", "j21", "2", "张", "记2", "2025", "柜")),
    min_size=1, max_size=3,
).map(" ".join)  # fmt: skip


@pytest.mark.usefixtures("world")
@settings(max_examples=6)
@given(st.lists(st.tuples(NAMES, NAMES, st.sampled_from((HOME, OTHER))), min_size=1, max_size=5),
       st.lists(QUERIES, min_size=6, max_size=10))  # fmt: skip
def test_the_database_finds_what_the_rules_say(corpus, texts):
    def fill(session):
        for name, specification, school in corpus:
            stamp = f"{specification} {datetime.now(UTC)}"
            kind = define_kind(
                session, OPERATOR, KindKey("科学", None, name, stamp, "个"), school_id=school,
                managed_as=ManagedAs.ITEM, at=NOON,
            )  # fmt: skip
            keeper = keepers_named(session, OPERATOR, [f"张{name[:1]}"], school, NOON)
            [room] = set_up_places(
                session, OPERATOR,
                [NewPlace(Sort.ROOM, f"室{new_short()}", f"柜{name}", None, None)],
                school_id=school, at=NOON,
            )  # fmt: skip
            new = NewThing(kind, ManagedAs.ITEM, 1, room.id, next(iter(keeper.values())), None,
                           None, "记2025-7", "CARD 9")  # fmt: skip
            register_things(session, OPERATOR, [new], school_id=school, at=NOON)

    transact(fill)

    for text in texts:
        assert hits(text) == by_the_rules(text), text
        assert hits(text, school_id=OTHER) <= hits(text)


SHORTS = iter(range(10_000))


def new_short():
    return next(SHORTS)


@pytest.mark.usefixtures("world")
def test_one_box_finds_by_everything_that_people_know(world):
    code = world.items[f"{HOME}/01"][2]
    row = queries.thing(acting(OPERATOR), code)

    for text in (
        code, shown(code), row.number, "24001 - 03", "电子天平", "天平", "dztp 01", "0.01g",
        "科仪1-01-1", "科学仪器室1 天平 01", "童喆 天平 01", "tz dztp 01",
    ):  # fmt: skip
        assert code in hits(text, school_id=HOME), text
    assert hits(code[:9]) == {code}
    assert hits("天平 试管") == set()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("medium", "value", "texts"),
    [
        (Medium.NUMBER, "旧 2013-0456", ("旧 2013-0456", " 旧 2013-0456 ")),
        (Medium.NUMBER, "X77", ("X77",)),
        (Medium.EPC, "3034F87F1C0000000000ABCD", ("3034F87F1C0000000000ABCD",
                                                  "3034 f87f 1c00 0000 0000 abcd")),
    ],
)  # fmt: skip
def test_what_is_bound_is_found_by_its_whole_value_while_it_is(world, medium, value, texts):
    code = world.items[f"{HOME}/01"][1]
    assert hits(value) == set()
    tag = act(tags_service.bind, code=code, medium=medium, value=value).id

    for text in texts:
        assert hits(text) == {code}
    assert hits(value[:-1]) == set(), "not by a part of it"
    assert hits(value, school_id=OTHER) == set()

    act(tags_service.unbind, tag_id=tag, reason="x")
    assert hits(value) == set()


def test_what_is_renamed_is_found_by_its_new_name_alone(world):
    code = world.items[f"{HOME}/01"][0]
    row = queries.thing(acting(OPERATOR), code)
    transact(lambda s: register.describe_thing(
        s, OPERATOR, school_id=HOME, code=code,
        values={"voucher": "银付77", "finance_card_no": "ZC-0042"}, at=NOON,
    ).code)  # fmt: skip
    transact(lambda s: kinds.change_kind(
        s, OPERATOR, school_id=HOME, kind_id=row.kind_id, values={"name": "磁力搅拌器"}, at=NOON,
        uses=lambda *_: {},
    ).id)  # fmt: skip
    transact(lambda s: register.change_place(
        s, OPERATOR, school_id=HOME, code=world.cabinets[f"{HOME}/01"],
        values={"short": "9", "name": "备用"}, at=NOON,
    ))  # fmt: skip

    assert code in hits("磁力搅拌")
    assert code in hits("cljbq 科仪1-9")
    assert code not in hits("电子天平")
    assert hits("银付") == hits("zc-00") == {code}
    assert hits("科仪1-01") == set(world.items[f"{OTHER}/01"] + world.batches[f"{OTHER}/01"])


@pytest.mark.usefixtures("world")
def test_what_is_written_again_is_what_followed_the_changes():
    transact(lambda s: ledger.enter_things(
        s, OPERATOR, Entry(s.scalars(select(Kind.id).where(Kind.school_id == HOME)).first(), 2,
                           "unplaced", keeper="应淼", voucher="记1"), school_id=HOME, at=NOON,
    ).document_id)  # fmt: skip
    before = _terms()

    write_terms_again()

    assert _terms() == before


def _terms():
    rows = acting(OPERATOR).execute(
        select(SearchTerm.school_id, SearchTerm.sort, SearchTerm.term, SearchTerm.key)
    )
    return {tuple(row) for row in rows}


@pytest.mark.usefixtures("world")
def test_kinds_are_found_the_same_way():
    session = acting(OPERATOR)

    assert catalogue.search(session, "天平", school_id=HOME)[1] == 2
    assert catalogue.search(session, "sg", school_id=HOME)[1] == 2
    assert catalogue.search(session, "24 科学")[1] == 4
    assert catalogue.search(session, "镜平")[1] == 0


@pytest.mark.usefixtures("world")
def test_a_list_is_narrowed_down_and_ordered(world):
    session = acting(OPERATOR)
    cabinet = world.cabinets[f"{HOME}/02"]

    def codes(**wanted):
        return [row.number for row in queries.listed(session, Wanted(**wanted))[0]]

    assert len(codes(school_id=HOME, place_id=cabinet)) == 5
    assert len(codes(school_id=HOME, keeper="童喆")) == 10
    assert codes(school_id=HOME, keeper="别人") == []
    assert len(codes(subject="科学")) == 20
    assert codes(subject="音乐") == []
    assert len(codes(label="minted")) == 20
    assert codes(label="affixed") == []
    assert codes(retired=True) == []
    by_name = codes(school_id=HOME, sort="name")
    assert by_name != codes(school_id=HOME)
    assert sorted(by_name) == sorted(codes(school_id=HOME))


@pytest.mark.usefixtures("world")
def test_very_many_are_not_counted_to_the_end(monkeypatch):
    monkeypatch.setattr(search_queries, "MOST", 7)

    rows, total = queries.listed(acting(OPERATOR), Wanted("天平"), page=9, size=3)

    assert total.is_more
    assert total.shown == 7
    assert len(rows) == 3  # the last page that is counted
    assert hits_capped("天平 童喆") == 12


def hits_capped(text):
    return len(queries.listed(acting(OPERATOR), Wanted(text), size=12)[0])


@pytest.mark.usefixtures("world")
def test_a_search_asks_a_fixed_number_of_questions():
    session = acting(OPERATOR)

    with asked_of(db.engine) as asked:
        queries.listed(session, Wanted("天平 科仪 童喆 24 dz"))

    assert asked.statements <= 8
