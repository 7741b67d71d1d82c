"""What a ledger says of things beside what they are: numbers, sources, warranties, own lists."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.catalogue.service import LONGEST as KIND_LONGEST
from inventory.exchange.rules.beside import (
    CONDITIONS,
    LONGEST_SERIAL,
    SOURCES,
    numbers_in,
    read_choice,
    read_day,
    read_epcs,
    read_limited,
    read_numbers,
    read_warranty,
    split,
)
from inventory.exchange.rules.cells import EXCEL_1900, Cell, Kind, typed_cell
from inventory.exchange.rules.faults import FaultCode, Severity
from inventory.exchange.rules.headers import COLUMNS, field_of
from inventory.exchange.rules.own import FORMS, HEADINGS
from inventory.register.rules import CONDITIONS as KEPT_CONDITIONS
from inventory.register.rules import LONGEST
from inventory.register.rules import SOURCES as KEPT_SOURCES
from tests.unit.exchange.small_ledgers import HEADER, faults_of, good_row, make_sheet, roster_of

PIECE = st.text(st.characters(codec="ascii", categories=("Lu", "Nd")), min_size=1, max_size=9)


def text(value):
    return Cell(Kind.TEXT, value)


def codes(reading):
    return [finding.code.value for finding in reading.findings]


@given(st.lists(PIECE, min_size=1, max_size=12), st.sampled_from("、，,;；\n"))
def test_numbers_that_stand_apart_are_handed_out_in_order(numbers, between):
    assert list(numbers_in(f" {between} ".join(numbers), len(numbers))) == numbers


@given(st.sampled_from(("", "A", "SN-", "号")), st.integers(0, 998), st.integers(2, 400))
def test_a_range_is_as_many_numbers_as_there_are_things(head, first, count):
    last = first + count - 1
    found = numbers_in(f"{head}{first:04d}-{head}{last:04d}", count)

    assert list(found) == [f"{head}{number:04d}" for number in range(first, last + 1)]


@given(st.text(max_size=40), st.integers(0, 50))
def test_no_text_makes_more_numbers_than_it_says_or_than_there_are_things(value, quantity):
    assert len(numbers_in(value, quantity)) <= max(len(value), quantity)


@pytest.mark.parametrize(
    ("value", "quantity", "found"),
    [
        ("2019-0012", 1, ("2019-0012",)),
        ("A001-A024", 1, ("A001-A024",)),
        ("A001~003", 3, ("A001", "A002", "A003")),
        ("A1-A2、B7", 3, ("A1", "A2", "B7")),
        ("Ａ００１－Ａ００２", 2, ("A001", "A002")),
        ("A001-B003", 3, ("A001-B003",)),
        ("1-999999999", 2, ("1-999999999",)),
    ],
)
def test_a_dash_is_a_range_only_where_it_can_be_one(value, quantity, found):
    assert numbers_in(value, quantity) == found


def test_another_count_of_serials_is_told_and_not_guessed():
    def read(value, quantity):
        return read_numbers(
            value, quantity, FaultCode.SERIAL_COUNT, LONGEST_SERIAL, one_for_all=False
        )

    assert codes(read(text("A、B"), 3)) == ["serial_count"]
    assert codes(read(text("A"), 3)) == ["serial_count"]
    assert (read(text("A、B"), 2).value, read(text("A、B"), 2).findings) == ("A、B", ())
    assert read(typed_cell(20190012), 1).value == "20190012"
    assert codes(read(text("A" * 61), 1)) == ["number_unreadable"]
    assert codes(read(typed_cell(date(2024, 3, 1)), 1)) == ["number_unreadable"]
    assert read(None, 1).value is None


def test_only_an_epc_is_a_tag():
    good = read_epcs(text("e280-1160-6000-0205-4321-000a"), 1)
    assert good.value == "E2801160600002054321000A"
    assert codes(read_epcs(text("0012、E2801160600002054321000A"), 2)) == ["tag_format"]


@pytest.mark.parametrize(
    ("value", "bought", "until"),
    [
        ("2027-09-01", None, "2027-09-01"), ("36个月", "2024-03-31", "2027-03-31"),
        ("1年", "2024-02-29", "2025-02-28"), ("三年", "2024-11", "2027-11"),
        ("36 months", "2022-03-04", "2025-03-04"), ("3", "2022-03-04", None),
        ("半年", None, None), ("999年", "9998-01-01", None),
    ],
)  # fmt: skip
def test_a_warranty_is_a_day_or_so_long_from_when_it_came(value, bought, until):
    reading = read_warranty(text(value), EXCEL_1900, bought)

    assert reading.value == until
    assert codes(reading) == ([] if until else ["warranty_unknown"])


def test_sources_and_conditions_are_those_of_the_register():
    assert tuple(SOURCES) == KEPT_SOURCES
    assert tuple(CONDITIONS) == KEPT_CONDITIONS
    assert [
        read_choice(SOURCES)(text(word)).value for word in ["采购", "调拨", "自制", "捐赠", "盘盈"]
    ] == [*KEPT_SOURCES]
    assert codes(read_choice(CONDITIONS)(text("报废"))) == ["choice_unknown"]


def test_what_is_too_long_is_cut_and_a_day_that_is_none_keeps_no_row_out():
    cut = read_limited(LONGEST["maker"])(text("厂" * 101))
    assert (len(cut.value), codes(cut)) == (100, ["too_long"])
    day = read_day(text("2024-02-30"), EXCEL_1900)
    assert {finding.severity for finding in day.findings} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("序列号", "serial_no"), ("仪器出厂编号", "serial_no"), ("生产厂家", "maker"),
        ("供货单位", "supplier"), ("发票号码", "invoice"), ("验收日期", "accepted"),
        ("资产来源", "source"), ("保修期（至）", "warranty_until"), ("完好情况", "condition"),
        ("旧仪器编号", "old_number"), ("老编号", "old_number"), ("RFID 标签号", "epc"),
        ("EPC", "epc"), ("Serial number", "serial_no"), ("固定资产编号", "finance_card"),
        ("旧系统ID", None), ("经费来源", None), ("出厂日期", None), ("状态", None),
        ("厂家电话", None), ("供应商电话", None), ("报废日期", None),
    ],
)  # fmt: skip
def test_headers_of_the_new_columns_are_known_and_those_of_others_are_not(label, field):
    found = field_of(label)
    assert (found[0] if found else None) == field


@pytest.mark.parametrize(
    "field", [name for name in COLUMNS if name not in {"subject", "managed_as"}]
)
def test_the_template_s_headers_are_known(field):
    assert field_of(COLUMNS[field])[0] == field


def read(labels, *rows):
    """What the rules make of a good row with more columns."""
    header = [*HEADER, *labels]
    sheet = make_sheet(header, *([*good_row(quantity=1, amount=17.8), *row] for row in rows))
    return roster_of(sheet)


def test_a_lone_invoice_is_the_voucher_and_an_asset_number_beside_a_card_the_old_number():
    index = HEADER.index("凭证号")
    header = [*HEADER[:index], "发票号", *HEADER[index + 1 :]]
    (record,) = roster_of(make_sheet(header, good_row())).records
    assert (record.voucher, record.invoice) == ("记201412-331", None)

    (record,) = read(["发票号", "固定资产编号"], ["0012", "G-7"]).records
    assert (record.voucher, record.invoice, record.old_number) == ("记201412-331", "0012", "G-7")


def test_columns_are_learned_by_what_stands_in_them():
    rows = [
        [f"B-{n}", f"E2801160600002054321{n:04d}", "捐赠", "完好"] for n in range(9)
    ]  # fmt: skip
    found = read(["标签号", "栏甲", "栏乙", "栏丙"], *rows)

    assert faults_of(found) == []
    assert [
        (one.old_number, one.epc[-4:], one.source, one.condition) for one in found.records[:2]
    ] == [("B-0", "0000", "donation", "good"), ("B-1", "0001", "donation", "good")]


def test_a_number_of_one_thing_is_lent_to_no_other_by_a_merged_cell():
    header = [*HEADER, "出厂编号", "生产厂家"]
    first = [*good_row(quantity=1, amount=17.8), "SN1", "华东厂"]
    second = good_row(quantity=1, amount=17.8, voucher="记201412-332")
    merged = [(2, 3, len(header) - 1, len(header) - 1), (2, 3, len(header), len(header))]
    found = roster_of(make_sheet(header, first, second, merged=merged)).records

    assert [(one.serial_no, one.maker) for one in found] == [("SN1", "华东厂"), (None, "华东厂")]


def test_each_record_says_whether_its_things_are_single():
    (many,) = read(["原编号"], ["J1"]).records
    assert not many.is_of_items
    (single,) = read(["序列号"], ["J1"]).records
    assert single.is_of_items
    assert split(single.serial_no) == ("J1",)


def test_our_own_list_is_known_by_its_headings_in_both_languages():
    for language in (0, 1):
        row = dict.fromkeys(HEADINGS, "x") | {
            "school": "一中", "number": "24001-03", "thing": "20000000194", "quantity": 1,
            "managed_as": FORMS["item"].split()[language], "location": "科仪1-03-2",
            "unit_price": "17.80", "purchase_date": "2024-03-01", "accepted": "2024-03",
            "source": ("Bought", "采购")[language], "condition": ("Good", "完好")[language],
            "warranty_until": "2027", "epc": "E2801160600002054321000A", "note": "'=1",
        }  # fmt: skip
        other = row | {"school": "二中"}
        sheet = make_sheet(
            [words[language] for words in HEADINGS.values()],
            [row[name] for name in HEADINGS], [other[name] for name in HEADINGS],
        )  # fmt: skip
        found = roster_of(sheet)
        (record,) = found.records

        assert (record.code, record.subject, record.managed_as) == ("24001", "x", "item")
        assert (record.thing, record.note) == ("20000000194 24001-03", "=1")
        assert (record.source, record.condition, record.accepted) == ("purchase", "good", "2024-03")
        assert (3, "*", "other_school", "error") in faults_of(found)


def test_what_the_register_would_not_keep_is_told_before_it_is_imported():
    def faults(**more):
        (sheet,) = [make_sheet(HEADER, good_row(**more))]
        return [(code, severity) for _, _, code, severity in faults_of(roster_of(sheet))]

    assert ("quantity_not_number", "error") in faults(quantity=1_000_000)
    assert ("price_not_number", "warning") in faults(unit_price=10**10)
    assert ("too_long", "warning") in faults(note="长" * 401)
    (record,) = roster_of(make_sheet(HEADER, good_row(name="长" * 201))).records
    assert len(record.name) == 200


def test_limits_are_those_of_catalogue_and_register():
    kept = {"keeper": 60, "voucher": 60, "note": 400, "finance_card_no": 40}
    assert {name: LONGEST[name] for name in kept} == kept
    kinds = {"name": 200, "specification": 400, "unit": 20, "catalogue_code": 20}
    assert {name: KIND_LONGEST[name] for name in kinds} == kinds
