"""Ledgers for the tests: the sample schools' files, and small ones made to measure."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl

from inventory.exchange.rules import Merged, Row, Sheet, Workbook, read_roster
from inventory.exchange.rules.cells import typed_cell

ROSTERS = Path(__file__).parents[2] / "data" / "rosters"

HEADER = (
    "序号", "仪器编号", "仪器名称", "规格型号", "单位", "应配数量", "实有数量", "单价（元）",
    "金额", "购置日期", "存放地点", "保管人", "凭证号", "备注", "财务卡片号",
)  # fmt: skip
GOOD = (
    1, "24001", "条形磁铁", "D-CG-LT-180", "对", 42, 29, 17.8,
    516.2, "2014.12.23", "科仪1-03-3", "童喆", "记201412-331", None, None,
)  # fmt: skip
FIELDS = (
    "serial", "code", "name", "spec", "unit", "required", "quantity", "unit_price", "amount",
    "purchase_date", "location", "keeper", "voucher", "note", "finance_card",
)  # fmt: skip


def good_row(**changes):
    """A row without fault, with some fields changed."""
    return [changes.get(field, value) for field, value in zip(FIELDS, GOOD, strict=True)]


def make_sheet(*rows, name="科学", **options):
    """A sheet from rows of plain values; a ready cell is taken as it is."""
    numbered = []
    for number, values in enumerate(rows, start=1):
        cells = {
            column: value if isinstance(value, tuple) else typed_cell(value)
            for column, value in enumerate(values, start=1)
        }
        filled = {column: cell for column, cell in cells.items() if cell}
        if filled:
            numbered.append(Row(number, filled))
    merged = tuple(Merged(*area) for area in options.pop("merged", ()))
    return Sheet(name, tuple(numbered), merged, **options)


def roster_of(*sheets, register=None):
    """What the rules make of these sheets."""
    return read_roster(Workbook("ledger.xlsx", tuple(sheets)), register=register)


def faults_of(roster):
    """The faults in short: row, column, code and severity."""
    return [(f.row, f.column, f.code.value, f.severity.value) for f in roster.faults]


def make_xlsx(sheets, change=lambda book: None):
    """The bytes of an xlsx file from sheets of rows; `change` sees the book before it is saved."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
