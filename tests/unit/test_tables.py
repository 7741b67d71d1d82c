"""Lists as files: nothing runs in a spreadsheet, digits stay, long lists need little memory."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from inventory.errors import Invalid, TooMany
from inventory.web import tables
from inventory.web.tables import Table, Yuan, asked_format, csv_cell, csv_lines, write_xlsx

EVIL = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", " =cmd", '=HYPERLINK("x")')
ROWS = (("天平", "20000000194", "00006", 3, Yuan(-151), None),)
COLUMNS = (("名称", 10), ("码", 10), ("号", 10), ("数", 5), ("元", 5), ("注", 5))


def made(rows, columns=COLUMNS):
    return Table("清单", columns, rows, (("学校", "=昌化"),))


def xlsx(table):
    file = io.BytesIO()
    write_xlsx(table, file)
    return load_workbook(file).active


def test_a_csv_opens_right_in_a_spreadsheet():
    text = b"".join(csv_lines(made(ROWS)))

    assert text.startswith(b"\xef\xbb\xbf")
    lines = text.decode("utf-8-sig").split("\r\n")
    assert lines == ["名称,码,号,数,元,注", "天平,20000000194\t,00006\t,3,-1.51,", ""]


@pytest.mark.parametrize("text", EVIL)
def test_no_text_is_a_formula(text):
    assert csv_cell(text).startswith("'")
    cell = xlsx(made([(text,)], (("a", 5),))).cell(4, 1)
    assert cell.data_type == "s"
    assert cell.value.strip() == text.strip() or "\r" in text


@pytest.mark.parametrize("text", ["00006", "310115199001011234", "1-2", "2019-03", "3/4", "1e5"])
def test_what_a_spreadsheet_would_change_stays_text(text):
    assert csv_cell(text) == f"{text}\t"
    assert xlsx(made([(text,)], (("a", 5),))).cell(4, 1).value == text


@pytest.mark.parametrize("value", [0, 5, -7, 10**12])
def test_numbers_stay_numbers(value):
    assert csv_cell(value) == str(value)
    assert xlsx(made([(value,)], (("a", 5),))).cell(4, 1).value == value


def test_money_has_two_decimals():
    assert [str(Yuan(cents)) for cents in (0, 5, -5, 123456, -100)] == [
        "0.00", "0.05", "-0.05", "1234.56", "-1.00",
    ]  # fmt: skip
    cell = xlsx(made([(Yuan(123456),)], (("a", 5),))).cell(4, 1)
    assert (cell.value, cell.number_format) == (1234.56, "#,##0.00")


@given(st.text(max_size=30))
def test_a_csv_is_read_back_as_it_was(text):
    [_, *rest] = csv.reader(
        io.StringIO(b"".join(csv_lines(made([(text,)], (("a", 5),)))).decode("utf-8-sig"),
                    newline="")
    )  # fmt: skip
    plain = "".join(sign for sign in text if sign >= " " or sign in "\n\t")
    read = rest[0][0] if rest and rest[0] else ""
    assert read in {plain, f"'{plain}", f"{plain}\t"} or "\ud800" <= max(text) <= "\udfff"


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_a_long_list_needs_no_more_memory_than_a_short_one(format):
    rows = (("天平", "20000000194", "0", n, Yuan(n), None) for n in range(6_000))
    tracemalloc.start()

    with open("/dev/null", "wb") if format == "csv" else io.BytesIO() as file:
        tables.write(made(rows), format, file)

    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


def test_a_spreadsheet_has_a_most(monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 3)

    with pytest.raises(TooMany):
        xlsx(made([("a",)] * 4, (("a", 5),)))


def test_only_known_formats_are_asked_for():
    assert asked_format("") == ""
    assert asked_format("pdf", "pdf") == "pdf"
    with pytest.raises(Invalid):
        asked_format("pdf")
