"""Cells mean what people meant, however they wrote it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.exchange.rules.cells import EXCEL_1900, EXCEL_1904, Cell, Kind, typed_cell
from inventory.exchange.rules.dates import read_date
from inventory.exchange.rules.places import Location, Register, Room, gathered_register, place
from inventory.exchange.rules.text import read_note, read_text
from inventory.exchange.rules.values import (
    Context,
    read_amount,
    read_code,
    read_price,
    read_quantity,
    read_required,
)

TYPED, UNTYPED = Context(typed=True, unit="只"), Context(typed=False, unit="只")
FULL = {ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789.,-ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def codes(reading):
    return [finding.code.value for finding in reading.findings]


def text(value):
    return Cell(Kind.TEXT, value)


# quantities


@given(st.integers(0, 999_999))
def test_a_count_survives_every_way_of_writing_it(count):
    full = str(count).translate(FULL)
    for cell, context, found in (
        (typed_cell(count), TYPED, []),
        (typed_cell(float(count)), TYPED, []),
        (text(str(count)), UNTYPED, []),
        (text(str(count)), TYPED, ["number_as_text"]),
        (text(full), TYPED, ["fullwidth"]),
        (text(f"{count}只"), TYPED, ["quantity_with_unit"]),
        (text(f"{full} 台"), UNTYPED, ["quantity_with_unit"]),
    ):
        reading = read_quantity(cell, context)
        assert (reading.value, codes(reading), reading.is_refused) == (count, found, False)
        assert all(finding.repaired == count for finding in reading.findings)


@given(st.integers(-999_999_999, -1))
def test_less_than_nothing_is_refused(count):
    for cell in (typed_cell(count), text(str(count))):
        reading = read_quantity(cell, UNTYPED)
        assert codes(reading) == ["quantity_negative"]
        assert reading.is_refused


@pytest.mark.parametrize(
    "raw", ["若干", "一批", "?", "", "约20", "20多", "20?", 2.5, 10**12, True, date(2020, 1, 1)]
)
def test_what_is_no_count_is_refused(raw):
    reading = read_quantity(typed_cell(raw), TYPED)
    assert codes(reading) == ["quantity_not_number"]
    assert reading.is_refused


def test_the_row_s_own_unit_is_understood_even_when_rare():
    assert read_quantity(text("3畦"), Context(True, "畦")).value == 3
    assert read_quantity(text("3畦"), TYPED).value is None


@pytest.mark.parametrize(
    ("raw", "value", "found"),
    [
        ("若干", None, []),
        (None, None, []),
        ("—", None, []),
        (26, 26, []),
        ("26", 26, []),
        ("2 6", None, ["quantity_not_number"]),
        (-1, None, ["quantity_not_number"]),
    ],
)
def test_some_is_lawful_only_for_what_is_required(raw, value, found):
    reading = read_required(typed_cell(raw), TYPED)
    assert (reading.value, codes(reading), reading.is_refused) == (value, found, False)


def test_a_failed_formula_gives_no_count_but_an_amount():
    failed = Cell(Kind.ERROR, "#REF!", formula="=#REF!+1")
    assert codes(read_quantity(failed, TYPED)) == ["formula_error"]
    assert read_quantity(failed, TYPED).is_refused
    amount = read_amount(failed, Decimal("18.00"), 3)
    assert (amount.value, amount.is_refused, codes(amount)) == (54, False, ["formula_error"])


def test_a_formula_saved_without_its_value_is_not_guessed():
    uncalculated = typed_cell("=G6*H6", "=G6*H6")
    assert codes(read_quantity(uncalculated, TYPED)) == ["formula_error"]
    assert read_amount(uncalculated, Decimal(5), 2).findings == ()


# prices


@given(st.integers(0, 10**9))
def test_a_price_survives_every_way_of_writing_it(cents):
    price = Decimal(cents) / 100
    grouped = "price_format"
    for raw, context, found in (
        (f"{price:.2f}", UNTYPED, []),
        (f"{price:.2f}", TYPED, ["number_as_text"]),
        (f"{price:.2f}".translate(FULL), TYPED, ["fullwidth"]),
        (f"￥{price:,.2f}", TYPED, [grouped]),
        (f"¥ {price}", UNTYPED, [grouped]),
        (f"{price:.2f}元", TYPED, [grouped]),
    ):
        reading = read_price(text(raw), context)
        assert (reading.value, codes(reading)) == (price, found)
        assert all(finding.repaired == f"{price:.2f}" for finding in reading.findings)


def test_a_stored_price_is_taken_to_the_cent_without_complaint():
    reading = read_price(typed_cell(0.1 + 0.2), TYPED)
    assert (str(reading.value), reading.findings) == ("0.30", ())


@pytest.mark.parametrize("raw", ["赠送", "12.3.4", "1,28", "元", "１２三"])
def test_a_price_that_is_none_is_unknown_and_said(raw):
    reading = read_price(text(raw), TYPED)
    assert (reading.value, codes(reading), reading.is_refused) == (
        None,
        ["price_not_number"],
        False,
    )


def test_a_price_below_zero_keeps_the_row_out():
    assert read_price(typed_cell(-1.5), TYPED).is_refused


@pytest.mark.parametrize(
    ("stated", "found"),
    [(30.0, []), (30.004, []), (30.01, ["amount_mismatch"]), (29.99, ["amount_mismatch"])],
)
def test_an_amount_is_wrong_from_one_cent_on(stated, found):
    reading = read_amount(typed_cell(stated), Decimal("10.00"), 3)
    assert (str(reading.value), codes(reading)) == ("30.00", found)


def test_without_a_price_the_stated_amount_is_kept():
    assert read_amount(typed_cell(81.5), None, 3).value == Decimal("81.50")


# codes

CODES = st.from_regex(r"([0-9]{5}|[A-Z][0-9]{5}|[0-9]{11})", fullmatch=True)
LONG_CODES = CODES.filter(lambda code: len(code.lstrip("0")) > 4)


@given(CODES)
def test_a_code_survives_spaces_and_full_width(code):
    assert read_code(text(code)) == read_code(text(code))
    assert (read_code(text(code)).value, codes(read_code(text(code)))) == (code, [])
    spaced = read_code(text(f"\u3000{code}\u00a0"))
    assert (spaced.value, codes(spaced)) == (code, ["whitespace"])
    wide = read_code(text(code.translate(FULL)))
    assert (wide.value, codes(wide)) == (code, ["fullwidth"])


@given(st.integers(0, 99_999))
def test_a_code_that_became_a_number_gets_its_zeros_back(number):
    for cell in (typed_cell(number), typed_cell(float(number))):
        reading = read_code(cell)
        assert (reading.value, codes(reading)) == (f"{number:05d}", ["code_as_number"])
    if number < 10_000:
        assert read_code(text(str(number))).value == f"{number:05d}"


@pytest.mark.parametrize("raw", ["61O10", "720033", "72-00", "AB1234", 240011, 24001.5, -5])
def test_a_code_of_another_form_keeps_the_row_out(raw):
    reading = read_code(typed_cell(raw))
    assert (codes(reading), reading.is_refused) == (["code_format"], True)


def test_a_missing_code_is_only_a_warning():
    assert codes(read_code(None)) == codes(read_code(text(" "))) == ["code_missing"]
    assert not read_code(None).is_refused


# dates

DAYS = st.dates(date(1950, 1, 2), date(2099, 12, 31))


@given(DAYS)
def test_a_day_survives_every_way_of_writing_it(day):
    y, m, d = day.year, day.month, day.day
    for cell, found in (
        (typed_cell(day), []),
        (text(f"{y}.{m}.{d}"), []),
        (text(f"{y}/{m:02d}/{d:02d}"), []),
        (text(f"{y}-{m}-{d:02d}"), []),
        (text(f"{y}年{m}月{d}日"), []),
        (text(f"{day.isoformat()} 00:00:00"), []),
        (text(f" {y}.{m}.{d}"), ["whitespace"]),
        (text(f"{y}.{m}.{d}".translate(FULL)), ["fullwidth"]),
        (text(f"{y}{m:02d}{d:02d}"), ["date_format"]),
        (typed_cell((day - EXCEL_1900).days), ["date_serial"]),
        (text(str((day - EXCEL_1900).days)), ["date_serial"]),
    ):
        reading = read_date(cell)
        assert (reading.value, codes(reading)) == (day.isoformat(), found), cell
        assert all(finding.repaired == day.isoformat() for finding in reading.findings)


@given(DAYS)
def test_a_month_stays_a_month(day):
    month = day.isoformat()[:7]
    for raw in (month, f"{day.year}年{day.month}月", f"{day.year}.{day.month}"):
        reading = read_date(text(raw))
        assert (reading.value, codes(reading)) == (month, ["date_partial"])


@pytest.mark.parametrize(
    "raw",
    ["不详", "2013.2.30", "2031.13.1", "2019年13月", "19.3.14", "2019.3-14", 2019, 2019.3, 5,
     "1805.1.1", 99_999, "20191301"],
)  # fmt: skip
def test_what_is_no_day_keeps_the_row_out(raw):
    reading = read_date(typed_cell(raw))
    assert (codes(reading), reading.is_refused) == (["date_invalid"], True)


def test_a_blank_date_is_unknown():
    assert read_date(None) == read_text(None)


def test_serials_count_from_the_file_s_own_origin():
    day = date(2019, 3, 14)
    assert read_date(typed_cell((day - EXCEL_1904).days), EXCEL_1904).value == day.isoformat()
    assert timedelta(days=1462) == EXCEL_1904 - EXCEL_1900


# places

SCHOOL = Register(
    (
        Room("物仪1", "物理仪器室1", frozenset(range(1, 13))),
        Room("物仪2", "物理仪器室2", frozenset((1, 2, 3))),
        Room("药品1", "药品室1", None),
        Room("301", "", frozenset((1,))),
    )
)


@given(st.sampled_from(SCHOOL.rooms[:2]), st.integers(1, 3), st.integers(1, 9))
def test_a_place_survives_every_way_of_writing_it(room, cabinet, shelf):
    expected = Location(room.short, cabinet, shelf)
    right = f"{room.short}-{cabinet:02d}-{shelf}"
    assert place(right, SCHOOL) == (expected, None)
    assert str(expected) == right
    for raw in (
        f"{room.short}-{cabinet}-{shelf}",
        f"{room.short}—{cabinet:02d}—{shelf}",
        f"{room.name} {cabinet}号柜{shelf}层",
        f"{room.name}{cabinet}号柜{shelf}层",
        f"{room.name}第{'一二三'[cabinet - 1]}柜 第{shelf}层",
        right.translate(FULL),
        f"{room.name[:-1]} {room.name[-1]}-{cabinet}-{shelf}",
    ):
        location, fault = place(raw, SCHOOL)
        assert (location, fault) == (expected, "location_format"), raw


@pytest.mark.parametrize(
    ("raw", "expected", "fault"),
    [
        ("物仪1", "物仪1", None),
        ("物理仪器室1", "物仪1", "location_format"),
        ("301-01-2", "301-01-2", None),
        ("药品1-88-4", "药品1-88-4", None),
        ("物理仪器室1 十二号柜三层", "物仪1-12-3", "location_format"),
        ("物理仪器室1\u00a012柜", "物仪1-12", "location_incomplete"),
        ("物仪1 十柜1层", "物仪1-10-1", "location_format"),
        ("物仪1-03", "物仪1-03", "location_incomplete"),
        ("5柜", None, "location_incomplete"),
        ("2层", None, "location_incomplete"),
        ("3号柜2层", None, "location_incomplete"),
        ("1-03-2", None, "location_incomplete"),
        ("仪器室", None, "location_incomplete"),
        ("物理仪器室", None, "location_incomplete"),
        ("物理仪器室 3号柜2层", None, "location_incomplete"),
        ("物仪9-01-1", None, "location_unknown"),
        ("物仪2-04-1", None, "location_unknown"),
        ("物仪1-88-1", None, "location_unknown"),
        ("物理仪器室2 4号柜1层", None, "location_unknown"),
        ("体育馆", None, "location_unknown"),
    ],
)
def test_a_place_is_known_incomplete_or_unknown(raw, expected, fault):
    location, found = place(raw, SCHOOL)
    assert (str(location) if location else None, found) == (expected, fault)


def test_without_a_register_every_named_room_is_believed():
    assert place("物仪9-88-1", None) == (Location("物仪9", 88, 1), None)
    assert place("仪器室", None) == (None, "location_incomplete")
    assert place("物理仪器室1 3号柜2层", None).location == Location("物理仪器室1", 3, 2)


def test_the_file_s_own_short_names_serve_for_full_ones():
    known = gathered_register(["物仪1-01-1", "化仪1-02-3 ", "仪器室", "生仪"])
    assert [room.short for room in known.rooms] == ["物仪1", "化仪1"]
    assert place("物理仪器室1 3号柜2层", known).location == Location("物仪1", 3, 2)
    assert place("物理仪器室2 3号柜2层", known).location == Location("物理仪器室2", 3, 2)


# texts


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf"]), min_size=1))
def test_a_text_keeps_every_sign_but_the_space_around_it(core):
    if core.startswith("="):
        return
    assert read_text(text(core)) == read_text(text(core))
    assert (read_text(text(core)).value, codes(read_text(text(core)))) == (core, [])
    wrapped = read_text(text(f"\u00a0{core}\u3000"))
    assert (wrapped.value, codes(wrapped)) == (core, ["whitespace"])


@pytest.mark.parametrize("spec", ["ф5mm ½ ℃ Ω Ⅱ ① ² μ", "（全角）×１", "硇 㸆 𬬭 鿔 䶮"])
def test_rare_signs_are_not_touched(spec):
    assert read_text(text(spec)).value == spec
    assert read_text(text(spec)).findings == ()


def test_a_line_break_becomes_one_space():
    reading = read_text(text("0~1500r/min \r\n\n 带说明书"))
    assert (reading.value, codes(reading)) == ("0~1500r/min 带说明书", ["newline"])


@pytest.mark.parametrize(
    "raw", ["=1+1", '=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "@SUM(1)"]
)
def test_a_note_that_would_run_is_kept_as_text(raw):
    reading = read_note(text(raw))
    assert (reading.value, codes(reading)) == (raw, ["formula_injection"])


def test_a_formula_in_any_other_text_is_told_but_a_lone_sign_is_not():
    assert codes(read_text(text("=A1"))) == ["formula_injection"]
    assert codes(read_text(text("="))) == codes(read_text(text("+5V"))) == []


def test_a_note_by_formula_is_suspect_only_when_it_reaches_outside():
    link = Cell(Kind.TEXT, "查看图片", formula='=HYPERLINK("http://x","查看图片")')
    assert (read_note(link).value, codes(read_note(link))) == ("查看图片", ["formula_injection"])
    joined = Cell(Kind.TEXT, "局配", formula='=A1&"配"')
    assert (read_note(joined).value, codes(read_note(joined))) == ("局配", [])
    assert codes(read_note(text("-旧"))) == codes(read_note(None)) == []
