"""Files are read by what is in them, and what cannot be read is refused with a code."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime

import old_workbooks as old
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from small_ledgers import GOOD, HEADER, ROSTERS, make_xlsx

from inventory.exchange.limits import Limits
from inventory.exchange.rules import Kind, Merged, Refusal, Workbook, read_roster
from inventory.exchange.rules.cells import EXCEL_1900, EXCEL_1904
from inventory.exchange.workbook import open_workbook

OLD = next(ROSTERS.glob("*旧版.xls"))
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(content, **limits):
    with pytest.raises(Refusal) as caught:
        open_workbook(content, "x.xlsx", limits=Limits(**limits))
    return caught.value.code, caught.value.data


def only_sheet(content):
    (sheet,) = open_workbook(content, "x").sheets
    return sheet


def texts(sheet):
    return {row.number: {c: cell.text for c, cell in row.cells.items()} for row in sheet.rows}


# xlsx


def test_a_stored_value_keeps_its_type():
    content = make_xlsx({"a": [["01", 1, 1.5, date(2020, 4, 2), True, None, " "]]})
    cells = only_sheet(content).rows[0].cells
    assert [(cell.kind.value, cell.text) for cell in cells.values()] == [
        ("text", "01"), ("number", "1"), ("number", "1.5"), ("date", "2020-04-02"),
        ("flag", "TRUE"),
    ]  # fmt: skip
    assert cells[4].day == date(2020, 4, 2)


def test_a_formula_counts_by_its_stored_value():
    content = make_xlsx({"a": [["=1+1", "=B9", '=HYPERLINK("http://x","see")']]})
    stored = with_cached(content, {"A1": "<v>2</v>", "B1": '<v>#REF!</v>" t="e'})
    cells = only_sheet(stored).rows[0].cells
    assert (cells[1].kind, cells[1].text, cells[1].formula) == (Kind.NUMBER, "2", "=1+1")
    assert (cells[2].kind, cells[2].text) == (Kind.ERROR, "#REF!")
    assert cells[3].text == cells[3].formula == '=HYPERLINK("http://x","see")'


def with_cached(content, values):
    """Put results beside the formulas, as a spreadsheet program saves them."""
    source = zipfile.ZipFile(io.BytesIO(content))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            part = source.read(name)
            if name.startswith("xl/worksheets"):
                for place, value in values.items():
                    value, _, kind = value.partition('" ')
                    head, tail = part.decode().split(f'<c r="{place}"', 1)
                    tail = tail.replace("<v></v>", value, 1).replace("<v />", value, 1)
                    part = f'{head}<c r="{place}" {kind + chr(34) if kind else ""}{tail}'.encode()
            copy.writestr(name, part)
    return target.getvalue()


def test_merged_cells_hidden_columns_and_hidden_sheets_are_known():
    def change(book):
        book["a"].merge_cells("A1:C2")
        book["a"].column_dimensions["E"].hidden = True
        book["b"].sheet_state = "hidden"

    book = open_workbook(make_xlsx({"a": [["x"]], "b": [["y"]]}, change), "x.xlsx")
    assert book.sheets[0].merged == (Merged(1, 2, 1, 3),)
    assert book.sheets[0].hidden_columns == {5}
    assert [sheet.hidden for sheet in book.sheets] == [False, True]


def test_a_file_that_counts_days_from_1904_says_so():
    def change(book):
        book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001  spreadsheets know no zones

    assert open_workbook(make_xlsx({"a": [["x"]]}, change), "x").date_origin == EXCEL_1904


def test_escaped_signs_in_texts_are_signs():
    assert texts(only_sheet(make_xlsx({"a": [["a_x000D_\nb"]]}))) == {1: {1: "a\r\nb"}}


def with_shared_strings(strings):
    """A file as Excel saves it, with its texts in a table of their own."""
    source = zipfile.ZipFile(io.BytesIO(make_xlsx({"a": [[0]]})))
    parts = {name: source.read(name).decode() for name in source.namelist()}
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace("</Types>", override)
    parts["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace('t="n"', 't="s"')
    return zipped(parts)


def test_a_text_in_pieces_is_one_text_without_its_reading_aid():
    rich = "<si><r><t>一_x0041_</t></r><r><t>、甲</t></r><rPh sb='0' eb='1'><t>yi</t></rPh></si>"
    assert texts(only_sheet(with_shared_strings(rich))) == {1: {1: "一A、甲"}}


# csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimited_text_is_read_in_every_encoding(encoding, delimiter):
    lines = [delimiter.join(("名称", "数量", "规格")), delimiter.join(('"滴\n瓶"', "5", "䶮"))]
    sheet = only_sheet("\r\n".join(lines).encode(encoding))
    assert texts(sheet) == {1: {1: "名称", 2: "数量", 3: "规格"}, 2: {1: "滴\n瓶", 2: "5", 3: "䶮"}}
    assert (sheet.name, sheet.typed) == ("", False)


@pytest.mark.parametrize("first", ["<5V", "a <table><tr>", "<table"])
def test_delimited_text_may_look_a_little_like_html(first):
    assert texts(only_sheet(f"{first},b".encode())) == {1: {1: first, 2: "b"}}


def test_records_of_csv_are_counted_blank_ones_too():
    assert list(texts(only_sheet(b"a,b\n\n,,\nc,d\n"))) == [1, 4]


def test_an_error_value_in_text_is_an_error():
    assert only_sheet(b"a,#REF!").rows[0].cells[2].kind is Kind.ERROR


# html

PAGE = """<html><head><meta charset=gb2312><style>td {{ color: red }}</style></head><body>
<!-- <tr><td>no</td></tr> --><table border=1>{}</table></body></html>"""


def page(rows):
    return only_sheet(PAGE.format(rows).encode("gb18030"))


def test_a_table_in_html_is_read_whatever_the_file_is_called():
    sheet = page("<tr><td>名称<th>䶮</tr>\n<tr><td>&nbsp;</td><td>\n a<br>b &lt;5\n c </td></tr>")
    assert texts(sheet) == {1: {1: "名称", 2: "䶮"}, 2: {2: "a\nb <5 c "}}


def test_cells_stand_beside_the_spans_from_above():
    sheet = page(
        "<tr><td rowspan=2>a</td><td colspan='2'>b</td><td>c</td></tr>"
        "<tr><td>d</td><td>e</td><td>f</td></tr><tr><td>g</td></tr>"
    )
    assert texts(sheet) == {1: {1: "a", 2: "b", 4: "c"}, 2: {2: "d", 3: "e", 4: "f"}, 3: {1: "g"}}
    assert sheet.merged == (Merged(1, 2, 1, 1), Merged(1, 1, 2, 3))


def test_the_text_of_an_inner_table_belongs_to_its_cell():
    inner = "<table><tr><td>b</td></tr></table>"
    assert texts(page(f"<tr><td>a{inner}</td><td>c</td></tr>")) == {1: {1: "ab", 2: "c"}}


def test_a_script_is_no_text():
    assert texts(page("<tr><td>a<script>b</script></td></tr>")) == {1: {1: "a"}}


@pytest.mark.parametrize("bad", ["<tr><td", "<!--", "<![CDATA[ > ", '<a b=" >', "<td rowspan=9>"])
def test_hostile_html_is_read_in_linear_time(bad):
    content = f"<table><tr><td>a</td></tr>{bad * 100_000}</table>".encode()
    assert ending(content) in ("read", "too_many_columns")


# xls


def test_an_old_workbook_keeps_errors_merges_and_hidden_columns():
    book = open_workbook(OLD)
    errors = [
        (sheet.name, row.number, column, cell.text)
        for sheet in book.sheets
        for row in sheet.rows
        for column, cell in row.cells.items()
        if cell.kind is Kind.ERROR
    ]
    assert [error for error in errors if error[3] != "#REF!"] == []
    assert len(errors) >= 2
    ledgers = book.sheets[1:]
    assert all(sheet.hidden_columns == {16} and sheet.merged and sheet.typed for sheet in ledgers)
    assert not any(sheet.hidden for sheet in book.sheets)


LINK = b"\x17\x01\x00a\x42\x01\x67\x01"
"""The formula HYPERLINK("a") in tokens."""


def test_an_old_workbook_s_records_are_all_understood():
    first = (
        old.text(0, 0, "名称")
        + old.number(0, 1, 43_538.0)
        + old.text_formula(1, 0, "看图", LINK)
        + old.text_formula(1, 1, "甲", b"\x17\x01\x00a")
        + old.error_formula(1, 2, 0x17)
        + old.error_formula(1, 3, 0x2A)
        + old.hidden_columns(3, 4)
    )
    content = old.workbook([("一", 0, first), ("隐", 1, old.number(0, 0, 1))])
    book = open_workbook(content, "x.xls")

    assert texts(book.sheets[0]) == {
        1: {1: "名称", 2: "43538"},
        2: {1: "看图", 2: "甲", 3: "#REF!", 4: "#N/A"},
    }
    linked = book.sheets[0].rows[1].cells
    assert [cell.formula is not None for cell in linked.values()] == [True, False, False, False]
    assert book.sheets[0].hidden_columns == {4, 5}
    assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [("一", False), ("隐", True)]
    assert book.date_origin == EXCEL_1900


def test_an_old_workbook_says_when_it_counts_days_from_1904():
    sheets = [("a", 0, old.number(0, 0, 1))]
    book = open_workbook(old.workbook(sheets, settings=old.record(0x22, b"\x01\x00")), "x")
    assert book.date_origin == EXCEL_1904


def test_a_panic_of_the_compiled_reader_is_a_refusal():
    broken = old.text_formula(0, 0, "a", b"\x1c")
    assert refused(old.workbook([("a", 0, broken)])) == ("damaged", {"reason": "PanicException"})


def patched(find, replacement, count=1):
    content = OLD.read_bytes()
    assert find in content
    return content.replace(find, replacement, count)


def wide(name):
    return name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)


def test_a_password_on_an_old_workbook_is_recognised():
    begin = OLD.read_bytes().index(b"\x09\x08\x10\x00\x00\x06\x05\x00")
    content = bytearray(OLD.read_bytes())
    content[begin + 20 : begin + 22] = b"\x2f\x00"
    assert refused(bytes(content)) == ("encrypted", {})


def test_a_password_on_a_new_workbook_is_recognised():
    assert refused(patched(wide("Workbook"), wide("EncryptedPackage"))) == ("encrypted", {})


@pytest.mark.parametrize(("stream", "found"), [("WordDocument", "doc"), ("Else", "compound")])
def test_another_old_office_file_is_no_spreadsheet(stream, found):
    content = patched(wide("Workbook"), wide(stream))
    assert refused(content) == ("not_a_spreadsheet", {"found": found})


def test_an_old_workbook_with_a_far_cell_is_refused_before_it_is_unpacked():
    """One number record is moved to the last row and column that the format has."""
    content = bytearray(OLD.read_bytes())
    number = content.index(b"\x7e\x02\x0a\x00")
    content[number + 4 : number + 8] = struct.pack("<HH", 65_535, 300)
    assert refused(bytes(content))[0] == "too_many_columns"
    content[number + 4 : number + 8] = struct.pack("<HH", 65_535, 255)
    assert refused(bytes(content))[0] == "too_many_rows"


# refusals


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"%PDF-1.7 ...", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"<?xml version='1.0'?><Workbook/>", "xml"),
        (b"MZ\x00\x01\x02\x03", "binary"),
        (b"\xff\x00\xfe\x01", "binary"),
    ],
)
def test_other_things_are_no_spreadsheets(content, found):
    assert refused(content) == ("not_a_spreadsheet", {"found": found})


def zipped(parts):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return target.getvalue()


@pytest.mark.parametrize(
    ("part", "found"),
    [("word/document.xml", "docx"), ("xl/workbook.bin", "xlsb"), ("a.txt", "zip")],
)
def test_other_archives_are_no_spreadsheets(part, found):
    assert refused(zipped({part: b"x"})) == ("not_a_spreadsheet", {"found": found})


@pytest.mark.parametrize("content", [b"", b" \r\n ", b"\n,,,\n"])
def test_nothing_is_empty(content):
    assert refused(content) == ("empty", {})
    assert refused(make_xlsx({"a": []})) == ("empty", {})


def test_a_file_over_the_limit_is_refused_unread(tmp_path):
    """200 MB that take no place on disk; reading them would be noticed by the memory."""
    large = tmp_path / "large.xlsx"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    assert refused(large) == ("too_large", {"size": 200_000_000, "limit": 50 * 1024 * 1024})
    assert refused(b"x" * 11, file_bytes=10) == ("too_large", {"size": 11, "limit": 10})


def test_a_bomb_is_refused_by_its_directory():
    bomb = zipped({"[Content_Types].xml": b"x", "xl/a.xml": b"0" * 20_000_000})
    code, data = refused(bomb)
    assert (code, data["reason"]) == ("zip_bomb", "ratio")
    assert refused(bomb, unpacked_bytes=1_000_000)[1]["reason"] == "unpacked"
    many = zipped({str(number): b"" for number in range(11)})
    assert refused(many, members=10) == (
        "zip_bomb",
        {"reason": "members", "value": 11, "limit": 10},
    )


def test_entities_in_xml_are_refused():
    laughs = (
        '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
        f'<sst xmlns="{MAIN}"><si><t>&b;</t></si></sst>'
    )
    source = zipfile.ZipFile(io.BytesIO(with_shared_strings("<si><t>x</t></si>")))
    parts = {name: source.read(name) for name in source.namelist()}
    for name in ("xl/sharedStrings.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"):
        hostile = zipped(parts | {name: laughs.encode()})
        assert refused(hostile) == ("damaged", {"reason": "EntitiesForbidden"}), name


def test_rows_are_counted_over_all_sheets():
    content = make_xlsx({"a": [["x"]] * 3, "b": [["y"], [None], ["z"]]})
    assert refused(content, rows=4) == ("too_many_rows", {"limit": 4})
    assert len(open_workbook(content, "x", limits=Limits(rows=5)).sheets) == 2
    assert refused(b"a\nb\nc", rows=2)[0] == "too_many_rows"


def test_columns_are_limited():
    assert refused(make_xlsx({"a": [["x"] * 5]}), columns=4)[0] == "too_many_columns"
    assert refused(b"a,b,c", columns=2) == ("too_many_columns", {"column": 3, "limit": 2})
    assert refused(PAGE.format("<tr><td colspan=99>a</td></tr>").encode(), columns=9)[0] == (
        "too_many_columns"
    )


def test_a_field_longer_than_any_cell_is_damage():
    assert refused(b'a,"' + b"x" * 200_000 + b'"') == ("damaged", {"reason": "csv"})


# hostile bytes


ENDINGS = {
    "read", "not_a_spreadsheet", "damaged", "encrypted", "empty", "zip_bomb", "too_many_rows",
    "too_many_columns",
}  # fmt: skip


def ending(content):
    """How opening a stranger's bytes and judging them ends; an exception of another kind fails."""
    try:
        read_roster(open_workbook(content, "x"))
    except Refusal as refusal:
        return refusal.code
    return "read"


SIGNATURES = [b"", OLE, b"PK\x03\x04", b"<table><tr><td>", b"\xff\xfe", "名称,数量\n".encode()]


@given(st.sampled_from(SIGNATURES), st.binary(max_size=2_000))
@example(b"", b"\x00")
def test_random_bytes_are_read_or_refused(signature, rest):
    assert ending(signature + rest) in ENDINGS


@given(st.lists(st.lists(st.text(max_size=12), max_size=16), max_size=6))
def test_random_texts_in_a_ledger_are_judged_without_trouble(rows):
    lines = "\n".join(",".join(field.replace('"', "") for field in row) for row in rows)
    assert ending((",".join(HEADER) + "\n" + lines).encode("utf-8", "ignore")) in ENDINGS


@pytest.mark.parametrize("file", sorted(path.name for path in ROSTERS.glob("*.xls*")))
@pytest.mark.parametrize("part", [0.01, 0.3, 0.7, 0.99])
def test_a_cut_file_is_read_or_refused(file, part):
    content = (ROSTERS / file).read_bytes()
    assert ending(content[: int(len(content) * part)]) in ENDINGS


SMALL = make_xlsx({"科学": [HEADER, GOOD]})
FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@FEW
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), max_size=4))
def test_a_new_workbook_with_wrong_bytes_is_read_or_refused(changes):
    content = bytearray(SMALL)
    for place, byte in changes:
        content[place] = byte
    assert ending(bytes(content)) in ENDINGS


@FEW
@given(st.lists(st.tuples(st.integers(0, 4_000), st.binary(min_size=1, max_size=4)), max_size=4))
def test_an_old_workbook_with_wrong_bytes_is_read_or_refused(changes):
    content = bytearray(OLD_BYTES)
    for place, piece in changes:
        content[place : place + len(piece)] = piece
    assert ending(bytes(content)) in ENDINGS


OLD_BYTES = OLD.read_bytes()


def test_the_workbook_keeps_the_name_it_came_with(tmp_path):
    path = tmp_path / "账.csv"
    path.write_bytes(b"a,b")
    assert isinstance(open_workbook(path), Workbook)
    assert (open_workbook(path).file, open_workbook(path, "b.csv").file) == ("账.csv", "b.csv")
