"""Rows are told apart, headers are found by their words, and lines are held against each other."""

from __future__ import annotations

import pytest
from small_ledgers import FIELDS, GOOD, HEADER, faults_of, good_row, make_sheet, roster_of

from inventory.exchange.rules import Register, Room
from inventory.exchange.rules.cells import Cell, Kind, typed_cell
from inventory.exchange.rules.headers import COLUMNS

TWO_LINES = (
    ("序号", "仪器编号\n（目录编号）", "仪器名称", "规格型号", "单位", "数量", None, "价值", None,
     "购置与存放", None, None, "凭证号", "备注", "财务卡片号"),
    (None, None, None, None, None, "应配数量", "实有数量", "单价(元)", "金额", "购置日期",
     "存放地点\n（室-柜-层）", "保管人", None, None, None),
)  # fmt: skip


def rows_read(roster):
    return [record.row for record in roster.records]


def column_of(field):
    return FIELDS.index(field) + 1


# furniture


def test_only_rows_of_data_are_read():
    roster = roster_of(
        make_sheet(
            ["某校科学仪器总账"],
            ["单位：某校（盖章）", None, None, None, "金额单位：元"],
            [],
            *TWO_LINES,
            ["一、通用仪器"],
            good_row(code="01001"),
            [None, None, "小计", None, None, None, 29, None, 516.2],
            ["制表人：甲    审核人：乙    第1页 共2页"],
            *TWO_LINES,
            ["（二）玻璃仪器"],
            good_row(code="61001"),
            [2],
            ["3"],
            [None, None, "以下空白"],
            [None, None, "合 计：", None, None, None, 58],
            [None, None, "本页小计", None, None, None, 58],
        )
    )
    assert rows_read(roster) == [7, 13]
    assert [record.equipment_class for record in roster.records] == ["通用仪器", "玻璃仪器"]
    assert (roster.data_rows, roster.faults) == (2, ())
    assert roster.school == "某校"


def test_a_heading_may_be_merged_over_the_row_or_stand_under_the_name():
    roster = roster_of(
        make_sheet(
            HEADER,
            ["标本与模型 32件"],
            ["玻璃仪器"],
            good_row(),
            [None, None, "二、药品"],
            good_row(code="70001", name="氯化钠"),
            merged=[(2, 2, 1, 15), (3, 3, 1, 15)],
        )
    )
    assert [record.equipment_class for record in roster.records] == ["玻璃仪器", "药品"]


def test_a_row_with_nothing_but_a_name_is_bad_data_not_furniture():
    roster = roster_of(make_sheet(HEADER, [None, None, "试管"]))
    assert (3 - 1, "实有数量", "quantity_not_number", "error") in faults_of(roster)
    assert roster.data_rows == 1


def test_a_row_without_a_name_is_refused_and_a_sum_is_not():
    roster = roster_of(
        make_sheet(HEADER, good_row(name=None), [None, None, None, None, "个", None, 3, 2.5])
    )
    assert faults_of(roster)[0] == (2, "仪器名称", "name_missing", "error")
    assert (3, "仪器名称", "name_missing", "error") in faults_of(roster)
    assert roster.records == ()


# headers


@pytest.mark.parametrize(
    "header",
    [
        ["品名", "型号", "计量单位", "库存", "配备数量", "单价（元）", "位置", "管理员", "分类编号",
         "购入日期", "单据号", "备注", "资产卡片号"],
        ["器材名称", "规格", "单位", "现有数量", "应配", "单价", "存放位置", "保管人", "编号",
         "日期", "发票号", "附注", "卡片编号"],
        ["Name", "Specification", "Unit", "Quantity", "Required", "Price", "Location", "Keeper",
         "Code", "Date", "Voucher", "Note", "Card No"],
    ],
)  # fmt: skip
def test_columns_are_known_by_their_synonyms_in_any_order(header):
    row = ["滴瓶", "60mL", "个", 5, 8, 2.5, "科仪1-01-2", "童喆", "61001", "2019.3.14",
           "记201903-001", "局配", "2019000001"]  # fmt: skip
    record = roster_of(make_sheet(header, row)).records[0].as_json()

    counted = ("name", "spec", "unit", "quantity", "required")
    assert {field: record[field] for field in counted} == {
        "name": "滴瓶", "spec": "60mL", "unit": "个", "quantity": 5, "required": 8,
    }  # fmt: skip
    assert (record["unit_price"], record["amount"]) == ("2.50", "12.50")
    assert [record[f] for f in ("location", "keeper", "code", "purchase_date", "voucher")] == [
        "科仪1-01-2", "童喆", "61001", "2019-03-14", "记201903-001",
    ]  # fmt: skip
    assert (record["note"], record["finance_card"]) == ("局配", "2019000001")


def test_columns_that_are_not_there_are_unknown_and_no_fault():
    roster = roster_of(make_sheet(["名称", "数量"], ["滴瓶", 5]))
    record = roster.records[0]
    assert (record.name, record.quantity, record.location, record.code) == ("滴瓶", 5, None, None)
    assert roster.faults == ()


def test_the_more_specific_word_wins():
    roster = roster_of(make_sheet(["名称", "仪器名称", "数量", "实有数量"], ["a", "b", 1, 2]))
    assert (roster.records[0].name, roster.records[0].quantity) == ("b", 2)


@pytest.mark.parametrize(("header", "missing"), [
    (["名称", "规格", "单价"], "实有数量"),
    (["规格", "单价", "数量"], "仪器名称"),
    (["甲", "乙"], "仪器名称 实有数量"),
])  # fmt: skip
def test_a_sheet_without_name_or_quantity_says_so(header, missing):
    roster = roster_of(make_sheet([], header, ["滴瓶", "x", 5]))
    assert faults_of(roster) == [(2, "*", "header_missing", "error")]
    assert (roster.faults[0].raw, roster.data_rows) == (missing, 0)


def test_a_cover_and_a_blank_sheet_need_no_header():
    assert roster_of(make_sheet(["一句话"], name="说明"), make_sheet(name="Sheet2")).faults == ()


def test_a_hidden_sheet_is_passed_over_and_said():
    roster = roster_of(make_sheet(HEADER, GOOD), make_sheet(HEADER, GOOD, name="旧", hidden=True))
    assert (len(roster.records), faults_of(roster)) == (1, [(1, "*", "sheet_hidden", "warning")])


# the cover

COVER = make_sheet(
    ["某某中学教学仪器设备台账"],
    ["学校标识码：3433990101"],
    ["学段", "初中"],
    ["室简称", "室名", "仪器柜数", "保管人"],
    ["科仪1", "科学仪器室1", 3, "童喆"],
    ["体器1", "体育器材室1", None, None],
    ["说明：大件只写室。"],
    name="封面",
)


def test_the_cover_is_read_but_holds_no_records():
    roster = roster_of(COVER, make_sheet(HEADER, GOOD))
    assert (roster.school, roster.school_id, roster.stage) == ("某某中学", "3433990101", "初中")
    assert roster.rooms == (
        Room("科仪1", "科学仪器室1", frozenset((1, 2, 3)), "童喆"),
        Room("体器1", "体育器材室1", None, None),
    )


def test_the_cover_s_register_judges_places_and_a_given_one_goes_before_it():
    rows = make_sheet(HEADER, good_row(location="科仪1-04-1"), good_row(location="科学仪器室1"))
    assert faults_of(roster_of(COVER, rows)) == [
        (2, "存放地点", "location_unknown", "error"),
        (3, "存放地点", "location_format", "warning"),
    ]
    assert roster_of(COVER, rows).as_json()["rooms"] == [
        {"room": "科仪1", "name": "科学仪器室1", "cabinets": [1, 2, 3], "keeper": "童喆"},
        {"room": "体器1", "name": "体育器材室1", "cabinets": None, "keeper": None},
    ]
    given = Register((Room("科仪1", "科学仪器室1", frozenset((4,))),))
    assert "location_unknown" not in str(faults_of(roster_of(COVER, rows, register=given)))
    assert "location_unknown" not in str(faults_of(roster_of(rows)))


# merged cells


def test_a_merged_place_serves_the_rows_that_it_covers_and_no_others():
    column = column_of("location")
    roster = roster_of(
        make_sheet(
            HEADER,
            good_row(code="10001"),
            good_row(code="10002", location=None),
            good_row(code="10003", location=None),
            good_row(code="10004", location=None),
            merged=[(2, 4, column, column)],
        )
    )
    assert [str(record.location or "") for record in roster.records] == ["科仪1-03-3"] * 3 + [""]
    assert faults_of(roster) == [
        (3, "存放地点", "merged_filled", "warning"),
        (4, "存放地点", "merged_filled", "warning"),
        (5, "存放地点", "location_missing", "warning"),
    ]
    assert [fault.repaired for fault in roster.faults] == ["科仪1-03-3"] * 2 + [None]


def test_a_merged_name_serves_too_but_a_merged_quantity_is_never_doubled():
    name, quantity = column_of("name"), column_of("quantity")
    roster = roster_of(
        make_sheet(
            HEADER,
            good_row(),
            good_row(name=None, voucher="记201501-001", purchase_date="2015.1.1"),
            good_row(quantity=None),
            merged=[(2, 3, name, name), (3, 4, quantity, quantity)],
        )
    )
    assert [record.name for record in roster.records] == ["条形磁铁"] * 2
    assert faults_of(roster) == [
        (3, "仪器名称", "merged_filled", "warning"),
        (4, "实有数量", "quantity_not_number", "error"),
    ]


# lines against each other


def test_a_row_that_repeats_another_is_refused_whatever_its_number():
    roster = roster_of(make_sheet(HEADER, good_row(), good_row(serial=2), good_row(keeper="甲甲")))
    assert faults_of(roster) == [(3, "*", "duplicate_row", "error")]
    assert rows_read(roster) == [2, 4]


def test_a_repeated_row_is_noticed_under_a_merged_place():
    column = column_of("location")
    rows = HEADER, good_row(), good_row(serial=2, location=None)
    roster = roster_of(make_sheet(*rows, merged=[(2, 3, column, column)]))
    assert faults_of(roster) == [(3, "*", "duplicate_row", "error")]


def test_the_same_row_on_another_sheet_repeats_nothing():
    sheets = make_sheet(HEADER, GOOD), make_sheet(HEADER, GOOD, name="物理")
    assert roster_of(*sheets).faults == ()


def test_one_code_with_two_names_or_units_is_said_at_the_later_row():
    roster = roster_of(
        make_sheet(
            HEADER,
            good_row(),
            good_row(serial=2, name="条形磁鉄"),
            good_row(serial=3, unit="个"),
            good_row(serial=4, code=None, name="别的"),
        ),
        make_sheet(HEADER, good_row(name="条形磁石"), name="物理"),
    )
    assert faults_of(roster) == [
        (3, "仪器名称", "code_name_conflict", "warning"),
        (4, "单位", "unit_conflict", "warning"),
        (5, "仪器编号", "code_missing", "warning"),
    ]
    assert [record.name for record in roster.records][:2] == ["条形磁铁", "条形磁鉄"]


def test_a_voucher_has_one_date_in_the_whole_file():
    roster = roster_of(
        make_sheet(HEADER, good_row(purchase_date="2014-12"), good_row(quantity=1, amount=17.8)),
        make_sheet(HEADER, good_row(purchase_date="2014.12.24"), name="物理"),
    )
    assert [(f.sheet, f.row, f.code.value) for f in roster.faults] == [
        ("科学", 2, "date_partial"),
        ("物理", 2, "voucher_conflict"),
    ]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("blank", [(), ("required",), ("location",), ("voucher", "keeper")])
def test_a_shifted_row_is_noticed(side, blank):
    values = good_row(**dict.fromkeys(blank))
    at = FIELDS.index("spec")
    moved = (
        [*values[:at], None, *values[at:]] if side == "right" else values[:at] + values[at + 1 :]
    )
    roster = roster_of(make_sheet(HEADER, moved))
    assert faults_of(roster) == [(2, "*", "row_shifted", "error")]


@pytest.mark.parametrize("blank", [name for name in FIELDS if name not in ("name", "quantity")])
def test_a_row_with_a_gap_is_not_taken_for_shifted(blank):
    roster = roster_of(make_sheet(HEADER, good_row(**{blank: None})))
    assert len(roster.records) == 1


# text without types


def test_without_types_a_number_as_text_is_no_fault():
    rows = [HEADER, [str(value) if value is not None else None for value in GOOD]]
    assert roster_of(make_sheet(*rows, typed=False)).faults == ()
    assert {fault[2] for fault in faults_of(roster_of(make_sheet(*rows)))} == {"number_as_text"}


def test_errors_in_cells_are_told_by_their_column():
    failed = Cell(Kind.ERROR, "#N/A")
    roster = roster_of(
        make_sheet(HEADER, *(good_row(**{field: failed}) for field in ("name", "note", "location")))
    )
    assert faults_of(roster) == [
        (2, "仪器名称", "formula_error", "error"),
        (3, "备注", "formula_error", "warning"),
        (4, "存放地点", "formula_error", "error"),
    ]


def test_a_link_made_by_a_formula_is_kept_as_its_text():
    link = typed_cell("查看图片", '=HYPERLINK("http://example.invalid","查看图片")')
    roster = roster_of(make_sheet(HEADER, good_row(note=link)))
    assert faults_of(roster) == [(2, "备注", "formula_injection", "warning")]
    assert roster.records[0].note == "查看图片"


def test_the_summary_counts_what_was_found():
    told = roster_of(make_sheet(HEADER, good_row(), good_row(quantity="?"))).as_json()
    assert (told["data_rows"], told["clean_records"], told["fault_count"]) == (2, 1, 1)
    assert told["faults_by_code"] == {"quantity_not_number": 1}
    assert told["faults"][0] == {
        "sheet": "科学", "row": 3, "column": "实有数量", "code": "quantity_not_number",
        "severity": "error", "raw": "?",
    }  # fmt: skip


def test_every_field_has_its_column_name():
    assert tuple(COLUMNS)[: len(FIELDS)] == FIELDS
