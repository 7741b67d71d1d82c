"""
Own is about our own list of things, brought from one database to another as it was exported.

Each row is a thing: its subject, its form and its place are columns, and its readable number
holds the catalogue's code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from inventory.exchange.rules.beside import says_one_of
from inventory.exchange.rules.cells import Cell, Kind, Row
from inventory.exchange.rules.headers import Header, Source, tidy_label
from inventory.exchange.rules.text import trimmed

FORM = "things"
HEADINGS: Mapping[str, tuple[str, str]] = {
    "school": ("School", "学校"),
    "number": ("Number", "编号"),
    "thing": ("Code", "物码"),
    "name": ("Name", "名称"),
    "spec": ("Specification", "规格型号"),
    "unit": ("Unit", "单位"),
    "quantity": ("Quantity", "数量"),
    "managed_as": ("Managed", "管理方式"),
    "subject": ("Subject", "学科"),
    "location": ("Place", "位置"),
    "keeper": ("Keeper", "保管人"),
    "unit_price": ("Unit price", "单价"),
    "purchase_date": ("Purchased", "购置日期"),
    "voucher": ("Voucher", "凭证号"),
    "finance_card": ("Finance card", "资产卡片"),
    "note": ("Note", "备注"),
    "serial_no": ("Serial number", "出厂编号"),
    "maker": ("Maker", "生产厂家"),
    "supplier": ("Supplier", "供应商"),
    "invoice": ("Invoice", "发票"),
    "accepted": ("Accepted", "验收日期"),
    "source": ("Source", "来源"),
    "warranty_until": ("Warranty until", "保修至"),
    "condition": ("Condition", "状况"),
    "old_number": ("Old number", "旧编号"),
    "epc": ("RFID tag (EPC)", "RFID 标签（EPC）"),
}
"""The headings of the list, in both languages; a test compares them with what is exported."""
FORMS = {"item": "byitem 逐件", "batch": "bybatch 批量"}
_MARKS = ("number", "thing", "managed_as", "subject", "location", "quantity")
_FIELDS = {
    tidy_label(word): field for field, words in HEADINGS.items() for word in words
}  # fmt: skip
_NO_PLACE = {"none": "notplaced 未定位置"}
_not_placed = says_one_of(_NO_PLACE)
_RUNS = "=+-@＝＋－＠"


def own_header(row: Row) -> Header | None:
    """The header of our list of things, where this row is one."""
    labels = {column: tidy_label(cell.text) for column, cell in row.cells.items()}
    columns: dict[str, int] = {}
    for column, label in labels.items():
        if label in _FIELDS:
            columns.setdefault(_FIELDS[label], column)
    if not all(mark in columns for mark in _MARKS):
        return None
    columns["code"] = columns.pop("number")  # what it holds is put right with each row
    return Header(
        row=row.number,
        lines=1,
        columns=columns,
        labels={column: trimmed(cell.text) for column, cell in row.cells.items()},
        sources=dict.fromkeys(columns, Source.WORD),
        form=FORM,
    )


def own_cells(row: Row, header: Header) -> dict[str, Cell]:
    """A row of our list in the fields of a ledger, without what a CSV wards formulas off with."""
    told = dict(_told(row, header))
    if "name" not in told:
        return {}
    number, code = told.pop("code", None), told.get("thing")
    if number:
        catalogue, _, _ = number.text.rpartition("-")
        if catalogue and catalogue != "0":
            told["code"] = Cell(Kind.TEXT, catalogue)
        if code:
            told["thing"] = Cell(Kind.TEXT, f"{code.text} {number.text}")
    form = told.pop("managed_as", None)
    meant = next((key for key, words in FORMS.items() if form and says_one_of({key: words})(form)),
                 None)  # fmt: skip
    if meant:
        told["managed_as"] = Cell(Kind.TEXT, meant)
    if "location" in told and _not_placed(told["location"]):
        del told["location"]
    return told


def _told(row: Row, header: Header) -> Iterator[tuple[str, Cell]]:
    for field, column in header.columns.items():
        cell = row.cells.get(column)
        if cell is None or not trimmed(cell.text):
            continue
        if cell.kind is not Kind.TEXT:
            yield field, cell
            continue
        text = trimmed(cell.text)
        if text[0] == "'" and text[1:2] and text[1] in _RUNS:
            text = text[1:]
        yield field, cell._replace(text=text)
