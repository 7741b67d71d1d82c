"""What a ledger says of each thing goes where it belongs, old numbers are bound, all is undone."""

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.errors import ImportInUse
from inventory.exchange import edge, queries, service
from inventory.exchange.models import ImportRow
from inventory.places.queries import find_place
from inventory.places.service import open_school
from inventory.register import queries as register
from inventory.register import tags_queries, tags_service
from inventory.register.cards_service import lock_place, unlock_place
from inventory.register.models import Tag
from inventory.register.search_queries import Wanted
from inventory.register.tags_rules import Medium
from inventory.scanning.service import resolve
from inventory.scope import OPERATOR
from tests.world import HOME, NOON

HEADER = [
    "仪器编号", "仪器名称", "单位", "实有数量", "单价", "存放地点", "备注", "出厂编号", "原编号",
    "生产厂家", "供应商", "发票号", "凭证号", "购置日期", "验收日期", "来源", "保修期", "状况",
    "RFID标签号",
]  # fmt: skip
FULL = {
    "仪器编号": "11003", "仪器名称": "电子秤", "单位": "台", "实有数量": 3, "单价": 520,
    "存放地点": "新室-01-1", "出厂编号": "SN001-SN003", "原编号": "老-1、老-2，老-3",
    "生产厂家": "华东厂", "供应商": "杭州教仪", "发票号": "0012345", "凭证号": "记-77",
    "购置日期": "2024-03-31", "验收日期": "2024-04-02", "来源": "捐赠", "保修期": "18个月",
    "状况": "完好", "RFID标签号": "E2801160600002054321000A\nE2801160600002054321000B;"
    "E2801160600002054321000C",
}  # fmt: skip
CLAMP = {
    "仪器编号": "02003", "仪器名称": "试管夹", "单位": "个", "实有数量": 30, "单价": 2.5,
    "存放地点": "新室-01-1", "原编号": "J-0009", "来源": "采购",
}  # fmt: skip


def ledger(tmp_path, *rows, name="账.xlsx"):
    book = Workbook()
    sheet = book.active
    sheet.title = "科学"
    sheet.append(HEADER)
    for row in rows:
        sheet.append([row.get(column) for column in HEADER])
    path = tmp_path / name
    book.save(path)
    return path


def plan(path, school=HOME):
    roster = service.read(path, path.name)
    return service.plan(db.session(), OPERATOR, roster, school_id=school, item_price_yuan=500)


def bring_in(path, school=HOME):
    job = edge.stage(OPERATOR, plan(path, school), digest="x", at=NOON)
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON)):
        pass
    return job


def take_back(job):
    while transact(lambda s: service.undo_slice(s, OPERATOR, import_id=job, at=NOON)):
        pass


def told(planned):
    return [(one.row, one.column, one.code.value) for one in planned.roster.faults]


def things(name):
    found = list(register.every(db.session(), Wanted(name, HOME)))
    return sorted((one for one in found if one.name == name), key=lambda one: one.number)


def test_each_thing_has_its_own_numbers_and_what_is_said_of_all(world, tmp_path):
    path = ledger(tmp_path, FULL, CLAMP)
    planned = plan(path)
    bring_in(path)

    assert told(planned) == []
    scales, [clamps] = things("电子秤"), things("试管夹")
    assert [one.serial_no for one in scales] == ["SN001", "SN002", "SN003"]
    assert {
        (one.maker, one.supplier, one.invoice, one.voucher, one.accepted, one.source,
         one.warranty_until, one.condition, one.note)
        for one in scales
    } == {("华东厂", "杭州教仪", "0012345", "记-77", "2024-04-02", "donation", "2025-10-02", "good",
           None)}  # fmt: skip
    carried = list(tags_queries.carrying(db.session(), [*scales, clamps]))
    assert [one.old_numbers for one in carried] == [("老-1",), ("老-2",), ("老-3",), ("J-0009",)]
    assert [one.epcs[0][-1] for one in carried[:3]] == ["A", "B", "C"]
    assert clamps.source == "purchase"
    assert examine(True, (), None)["agrees"]
    # A second time nothing is new, and what was changed in the file is told.
    again = plan(
        ledger(tmp_path, FULL | {"生产厂家": "天津厂", "出厂编号": "SN001-SN002、SN9"}, CLAMP)
    )
    assert [(row.status.value, row.differs) for row in again.rows] == [
        ("differs", ("serial_no", "maker")), ("same", ()),
    ]  # fmt: skip
    assert told(again) == []


def test_an_old_number_is_found_by_scan_search_and_shell(client_for, sqlite_world, tmp_path):
    bring_in(ledger(tmp_path, FULL))
    second = things("电子秤")[1]

    assert second.code in client_for("manager").get("/things?q=老-2").get_data(as_text=True)
    for number in ("老-2", "E280 1160 6000 0205 4321 000B"):
        _, targets = resolve(db.session().connection(), OPERATOR, number)
        assert [one.code for one in targets] == [second.code]


def test_numbers_that_do_not_fit_are_told_and_kept_in_the_note(world, tmp_path):
    path = ledger(
        tmp_path,
        FULL | {"出厂编号": "SN1、SN2", "原编号": "老-1", "RFID标签号": "12345", "备注": "局配"},
        CLAMP | {"出厂编号": "S1-S30", "原编号": "J1、J2"},
        CLAMP
        | {
            "仪器编号": "02007",
            "仪器名称": "坩埚钳",
            "原编号": "Z-1-Z-30",
            "来源": "天上",
            "保修期": "很久",
        },
    )
    planned = plan(path)
    bring_in(path)

    assert told(planned) == [
        (2, "出厂编号", "serial_count"), (2, "RFID标签号", "tag_format"),
        (3, "原编号", "number_count"), (4, "来源", "choice_unknown"),
        (4, "保修至", "warranty_unknown"), (2, "原编号", "number_count"),
    ]  # fmt: skip
    assert {(one.serial_no, one.note) for one in things("电子秤")} == {
        (None, "局配; 出厂编号: SN1、SN2; 原编号: 老-1"),
    }
    # With a number for each they are single things, however cheap.
    assert [one.serial_no for one in things("试管夹")] == [f"S{n}" for n in range(1, 31)]
    carried = tags_queries.carrying(db.session(), things("坩埚钳"))
    assert [one.old_numbers for one in carried] == [(f"Z-{n}",) for n in range(1, 31)]


def test_doubles_in_the_file_and_with_the_register_are_named_by_row(world, tmp_path):
    bring_in(ledger(tmp_path, FULL))
    other = FULL | {"凭证号": "记-78", "出厂编号": "SN002-SN004", "原编号": "老-3-老-5",
                    "RFID标签号": None}  # fmt: skip
    path = ledger(
        tmp_path, other, CLAMP, CLAMP | {"仪器编号": "02007", "仪器名称": "坩埚钳"}, name="2.xlsx"
    )
    planned = plan(path)
    job = bring_in(path)

    assert told(planned) == [
        (2, "出厂编号", "serial_double"), (2, "出厂编号", "serial_double"),
        (2, "原编号", "tag_double"), (4, "原编号", "tag_double"),
    ]  # fmt: skip
    new = [one for one in things("电子秤") if one.voucher == "记-78"]
    assert [one.serial_no for one in new] == [None, None, "SN004"]
    assert {one.note for one in new} == {"出厂编号: SN002、SN003"}
    carried = list(tags_queries.carrying(db.session(), new))
    assert [one.old_numbers for one in carried] == [(), ("老-4",), ("老-5",)]
    head = queries.head(db.session(), job)
    assert {one.code for one in queries.faults(db.session(), head)} == {
        "serial_double", "tag_double",
    }  # fmt: skip


def test_what_was_bound_meanwhile_is_told_when_it_is_carried_out(world, tmp_path):
    job = edge.stage(OPERATOR, plan(ledger(tmp_path, CLAMP)), digest="x", at=NOON)
    code = world.items[f"{HOME}/01"][0]
    transact(
        lambda s: tags_service.bind(
            s, OPERATOR, school_id=HOME, code=code, medium=Medium.NUMBER, value="J-0009", at=NOON
        )
    )
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON)):
        pass

    [fault] = queries.faults(db.session(), queries.head(db.session(), job))
    assert (fault.code, fault.first[0].row, fault.first[0].raw) == ("tag_double", 2, "J-0009")
    take_back(job)
    assert tags_queries.of(db.session(), HOME, code)[0].value == "J-0009"


def test_undoing_unbinds_what_it_bound_and_it_comes_in_again(world, tmp_path):
    path = ledger(tmp_path, FULL, CLAMP)
    take_back(bring_in(path))

    assert list(db.session.scalars(select(Tag).where(Tag.unbound_at.is_(None)))) == []
    assert told(plan(path)) == []
    bring_in(path)
    assert [one.serial_no for one in things("电子秤")] == ["SN001", "SN002", "SN003"]
    assert examine(True, (), None)["agrees"]


def test_nothing_goes_into_a_locked_place_and_nothing_out_of_it(world, tmp_path):
    path = ledger(tmp_path, CLAMP)
    first = bring_in(path)
    [cabinet] = find_place(db.session(), "新室-01")
    more = ledger(tmp_path, CLAMP, FULL, CLAMP | {"存放地点": "新室-02-1", "原编号": None})
    staged = edge.stage(OPERATOR, plan(more), digest="x", at=NOON)
    at = {"school_id": HOME, "code": cabinet.id, "at": NOON}
    transact(lambda s: lock_place(s, OPERATOR, reason="盘点", **at))

    with pytest.raises(ImportInUse):
        take_back(first)
    [obstacle] = queries.obstacles(db.session(), queries.head(db.session(), first))
    assert (obstacle.reason, obstacle.where) == ("locked", "新室-01-1")
    assert (3, "存放地点", "location_locked") in told(plan(more))
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=staged, at=NOON)):
        pass
    statuses = db.session.scalars(
        select(ImportRow.status).where(ImportRow.import_id == staged).order_by(ImportRow.n)
    )
    assert list(statuses) == ["same", "locked", "done"]
    [fault] = queries.faults(db.session(), queries.head(db.session(), staged))
    assert (fault.code, fault.severity) == ("location_locked", "error")
    transact(lambda s: unlock_place(s, OPERATOR, **at))
    bring_in(more)
    assert len(things("电子秤")) == 3


ELSEWHERE = "3133990999"
SAME = (
    "name", "specification", "unit", "subject", "quantity", "managed_as", "place", "keeper",
    "unit_price_cents", "purchased", "voucher", "finance_card_no", "note", "serial_no", "maker",
    "supplier", "invoice", "accepted", "source", "warranty_until", "condition",
)  # fmt: skip


def listed(school):
    """All that is known of a school's things, in an order that does not depend on their codes."""
    rows = register.every(db.session(), Wanted("", school))
    return sorted(
        (
            one.thing.number.rpartition("-")[0],
            *(str(getattr(one.thing, name)) for name in SAME),
            one.old_numbers,
            one.epcs,
        )
        for one in tags_queries.carrying(db.session(), rows)
    )


@pytest.mark.parametrize(("format", "language"), [("csv", "zh-CN"), ("xlsx", "en")])
def test_what_is_exported_comes_in_elsewhere_as_it_was(
    client_for, sqlite_world, tmp_path, format, language
):
    bring_in(
        ledger(
            tmp_path, FULL | {"备注": "=1+1"}, CLAMP, CLAMP | {"单价": 2.6, "来源": "盘盈"},
            CLAMP | {"存放地点": None, "原编号": None, "状况": "损坏", "生产厂家": "0012"},
        )
    )  # fmt: skip
    answer = client_for("manager").get(
        f"/things?school={HOME}&format={format}", headers={"Accept-Language": language}
    )
    file = tmp_path / f"things.{format}"
    file.write_bytes(answer.get_data())
    transact(
        lambda s: open_school(s, OPERATOR, number=ELSEWHERE, name="别处中学", stage="初中", at=NOON)
    )
    planned = plan(file, ELSEWHERE)
    job = bring_in(file, ELSEWHERE)

    assert {one.code.value for one in planned.roster.faults} <= {
        "formula_injection", "location_missing", "number_as_text", "code_missing", "price_format",
    }  # fmt: skip
    assert listed(ELSEWHERE) == listed(HOME)
    assert examine(True, (), None)["agrees"]
    # Neither there nor where it came from does the same list make anything a second time.
    assert {row.status.value for row in plan(file, ELSEWHERE).rows} == {"same"}
    assert {row.status.value for row in plan(file, HOME).rows} == {"same"}
    assert queries.head(db.session(), job).done == len(planned.rows)
