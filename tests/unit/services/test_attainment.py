"""Attainment and gaps: line by line, in pieces and money, and what other schools have idle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from inventory.catalogue.models import Kind
from inventory.custody import service as custody
from inventory.db import db, transact
from inventory.errors import NotAllowed
from inventory.exchange import edge, service
from inventory.register.models import Thing
from inventory.reports import queries, rules
from inventory.reports.queries import Wanted
from inventory.reports.rules import Figures
from inventory.reports.store import Like, Offer, surplus_elsewhere
from inventory.scope import NOBODY, OPERATOR
from tests.statements import asked_of
from tests.unit.services.test_import_service import ledger
from tests.world import HOME, NOON, OTHER, acting

COLUMNS = ["仪器编号", "仪器名称", "规格型号", "单位", "应配数量", "实有数量", "单价", "存放地点"]
SCALE = ["11003", "电子秤", "1kg", "台", 4, 2, 300, "新室-01-1"]
CLAMP = ["02003", "试管夹", "木质", "个", 30, 45, 2.5, "新室-01-1"]
FLASK = ["61001", "烧瓶", "250mL", "个", 50, 45, None, "新室-01-2"]
GLASS = ["61002", "玻棒", "", "根", None, 12, 1, "新室-01-2"]
LIKE = Like("11003", "电子秤", "1kg", "台")


def bring_in(tmp_path, school, *rows):
    path = ledger(tmp_path, *rows, name=f"{school}.xlsx", header=COLUMNS)
    roster = service.read(path, path.name)
    plan = service.plan(db.session(), OPERATOR, roster, school_id=school, item_price_yuan=500)
    job = edge.stage(OPERATOR, plan, digest="x", at=NOON)
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON)):
        pass


def sums_of(wanted):
    return queries.figures(queries.lines(db.session(), wanted))


@pytest.fixture
def needs(world, tmp_path):
    transact(lambda s: s.execute(update(Kind).values(required=None)))
    bring_in(tmp_path, HOME, SCALE, CLAMP, FLASK, GLASS)
    return world


def test_each_line_has_its_need_stock_gap_surplus_and_their_price(needs):
    found = {line.name: line for line in queries.lines(db.session(), Wanted(HOME))}

    assert set(found) == {"电子秤", "试管夹", "烧瓶"}  # 玻棒 has no number: it says nothing
    scale, clamp, flask = found["电子秤"], found["试管夹"], found["烧瓶"]
    assert (scale.required, scale.usable, scale.gap, scale.surplus) == (4, 2, 2, 0)
    assert (scale.attainment, scale.gap_cents, scale.required_cents) == (0.5, 60_000, 120_000)
    assert (clamp.gap, clamp.surplus, clamp.attainment, clamp.surplus_cents) == (0, 15, 1, 3_750)
    assert (flask.gap, flask.gap_cents, rules.percent(flask.attainment)) == (5, None, "90 %")


def test_what_is_in_repair_is_not_usable(needs):
    """待修 is not 可用 (domain, 5): the batch of two helps nobody."""
    code = db.session.scalar(
        select(Thing.code).join(Kind, Kind.id == Thing.kind_id).where(Kind.name == "电子秤")
    )
    transact(
        lambda s: (
            custody.report_fault(s, OPERATOR, school_id=HOME, code=code, reason="坏", at=NOON).code
        )
    )
    found = {line.name: line for line in queries.lines(db.session(), Wanted(HOME))}
    scale = found["电子秤"]
    assert (scale.required, scale.usable, scale.gap) == (4, 0, 4)


def test_a_surplus_hides_no_gap_and_money_that_is_not_known_is_not_zero(needs):
    sums = sums_of(Wanted(HOME))

    assert sums == Figures(
        all_lines=3, lines=3, attained_lines=1, gap_lines=2, required=84, met=2 + 30 + 45,
        usable=92, gap=7, surplus=15, required_cents=127_500, gap_cents=60_000,
        surplus_cents=3_750, unpriced_required=1, unpriced_gaps=1, unpriced_surpluses=0,
    )  # fmt: skip
    assert rules.percent(sums.attainment) == "91.6 %"
    only = sums_of(Wanted(HOME, only_gaps=True))
    assert (only.all_lines, only.gap, only.surplus) == (2, 7, 0)
    assert sums_of(Wanted(HOME, subject="音乐")) == Figures()
    assert sums_of(Wanted(OTHER)).attainment is None


def test_the_last_known_price_counts(needs, tmp_path):
    header = [*COLUMNS, "购置日期", "凭证号"]
    path = ledger(
        tmp_path, [*SCALE[:5], 1, 450, "新室-01-3", "2024-05-01", "记1"],
        [*SCALE[:5], 1, 100, "新室-01-3", "2001-05-01", "记2"], name="later.xlsx", header=header,
    )  # fmt: skip
    roster = service.read(path, path.name)
    plan = service.plan(db.session(), OPERATOR, roster, school_id=HOME, item_price_yuan=500)
    job = edge.stage(OPERATOR, plan, digest="x", at=NOON)
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON)):
        pass

    line = next(one for one in queries.lines(db.session(), Wanted(HOME)) if one.name == "电子秤")
    assert line.unit_price_cents == 45_000


def test_the_idle_surplus_of_others_is_offered_and_nothing_else_of_them(needs, tmp_path):
    bring_in(tmp_path, OTHER, [*SCALE[:4], 1, 6, 300, "东室-01-1"], [*FLASK[:4], 50, 50, 1, None])
    technician = needs.technician
    acting(technician)
    assert {line.school_id for line in queries.lines(db.session(), Wanted())} == {HOME}

    found = surplus_elsewhere(db.engine, technician, school_id=HOME, wanted=[LIKE])

    (offers,) = found.values()
    assert [offer.surplus for offer in offers] == [5]
    assert Offer._fields == ("school", "surplus")
    near = Like("99999", "电子秤", "1kg", "件")
    assert surplus_elsewhere(db.engine, technician, school_id=HOME, wanted=[near])[near] == offers
    other = Like("11003", "电子秤", "2kg", "台")
    assert surplus_elsewhere(db.engine, technician, school_id=HOME, wanted=[other]) == {}


def test_who_may_not_see_the_line_is_told_nothing(needs):
    technician = needs.technician
    for who, school in ((NOBODY, HOME), (technician, OTHER)):
        with pytest.raises(NotAllowed):
            surplus_elsewhere(db.engine, who, school_id=school, wanted=[LIKE])


def test_many_lines_ask_for_no_more_than_few(needs, tmp_path):
    def asked():
        session = acting(OPERATOR)
        with asked_of(db.engine) as seen:
            lines = list(queries.lines(session, Wanted(HOME)))
            surplus_elsewhere(
                db.engine, OPERATOR, school_id=HOME, wanted=[line.like for line in lines]
            )
        return seen.statements

    few = asked()
    bring_in(
        tmp_path, HOME,
        *([f"7{n:04}", f"试剂{n}", "500g", "瓶", 3, 1, 9, "新室-01-1"] for n in range(40)),
    )  # fmt: skip

    assert asked() == few <= 9


def test_schools_add_up_to_their_district(needs, tmp_path):
    bring_in(tmp_path, OTHER, [*SCALE[:4], 1, 6, 300, "东室-01-1"], [*FLASK[:4], 50, 50, 1, None])

    found = queries.by_school(queries.lines(db.session(), Wanted()), {HOME: "初中"})

    assert [(one.id, one.stage) for one in found] == [(HOME, "初中"), (OTHER, "")]
    total = sums_of(Wanted())
    assert rules.together(one.figures for one in found) == total
    assert (total.all_lines, total.gap, total.surplus) == (5, 7, 20)
    assert rules.together([]) == Figures()


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=20))
def test_gap_and_surplus_make_need_and_stock_the_same(lines):
    for required, usable in lines:
        gap, surplus = rules.gap(required, usable), rules.surplus(required, usable)
        assert required - gap + surplus == usable
        assert not (gap and surplus)
        share = rules.attainment(required, usable)
        assert (share is None) == (required == 0)
        assert share is None or (share == 1) == (gap == 0)
        assert gap == 0 or rules.percent(share) != "100 %"


def test_unknown_is_a_dash():
    assert rules.percent(None) == "—"
    assert rules.worth(3, None) is None
    assert rules.worth(0, None) == 0
    assert rules.percent(0.99999) == "99.9 %"
