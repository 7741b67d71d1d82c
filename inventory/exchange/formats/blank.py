"""
Blank is about the spreadsheet that a school fills in: headers that the importer knows.

The words come from the edge, in the reader's language; the headers are Chinese, as the importer
names them in what it finds wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from inventory.exchange.rules.headers import COLUMNS

FIELDS = (
    "serial", "code", "name", "spec", "unit", "equipment_class", "required", "quantity",
    "unit_price", "purchase_date", "location", "keeper", "voucher", "finance_card", "note",
    "serial_no", "old_number", "maker", "supplier", "invoice", "accepted", "source",
    "warranty_until", "condition", "epc",
)  # fmt: skip
HEADERS = dict(COLUMNS) | {"equipment_class": "器材类别"}
WIDTHS = {
    "name": 22, "spec": 20, "location": 16, "note": 24, "serial_no": 20, "old_number": 20,
    "maker": 18, "supplier": 18, "epc": 28,
}  # fmt: skip
NUMBERS = {"required": "0", "quantity": "0", "unit_price": "0.00"}
EXAMPLE = {
    "serial": "示例",
    "code": "11003",
    "name": "托盘天平",
    "spec": "500g 0.5g",
    "unit": "台",
    "equipment_class": "计量仪器",
    "required": 12,
    "quantity": 8,
    "unit_price": 95.5,
    "purchase_date": "2024-09-01",
    "location": "科仪1-03-2",
    "keeper": "王芳",
    "voucher": "记-1024",
    "note": "填写前可删去本行",
    "serial_no": "TP24001-TP24008",
    "maker": "常熟双杰",
    "source": "采购",
    "warranty_until": "2026-09-01",
    "condition": "完好",
}
SOURCES = ("采购", "调拨", "自制", "捐赠", "盘盈")
CONDITIONS = ("完好", "陈旧", "损坏", "不安全")
ROWS = 500
"""Rows that have their formats and drop-downs."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a school's own values offer in the drop-downs."""

    units: Sequence[str] = ()
    classes: Sequence[str] = ()
    places: Sequence[str] = ()


def blank(
    subject: str, choices: Choices, title: str, instructions: Sequence[tuple[str, str]]
) -> bytes:
    """Return an .xlsx to fill in: one sheet for a subject, and one that says how."""
    # Imported here: it would take a fifth of every command's start.
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = subject
    _table(sheet)
    lists = book.create_sheet("目录")
    lists.sheet_state = "hidden"
    for column, (field, values) in enumerate(
        (
            ("unit", choices.units),
            ("equipment_class", choices.classes),
            ("location", choices.places),
            ("source", SOURCES),
            ("condition", CONDITIONS),
        ),
        start=1,
    ):
        _choice(sheet, lists, column, field, values)
    _instructions(book.create_sheet("填写说明"), title, instructions)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _table(sheet: Any) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    head = PatternFill("solid", fgColor="FFDCEDE9")
    for column, field in enumerate(FIELDS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = WIDTHS.get(field, 12)
        cell = sheet.cell(1, column, HEADERS[field])
        cell.font = Font(bold=True)
        cell.fill = head
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        example = sheet.cell(2, column, EXAMPLE.get(field))
        example.font = Font(italic=True, color="FF7C8883")
        for row in range(2, ROWS + 2):
            # Codes, dates and vouchers are text: a spreadsheet would take their zeros away.
            sheet.cell(row, column).number_format = NUMBERS.get(field, "@")
    sheet.freeze_panes = "D2"


def _choice(sheet: Any, lists: Any, column: int, field: str, values: Sequence[str]) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if not values:
        return
    for row, value in enumerate(values, start=1):
        cell = lists.cell(row, column, value)
        cell.data_type = "s"
        cell.number_format = "@"
    here = get_column_letter(column)
    # What is not in the list may be typed all the same: it is new.
    rule = DataValidation(
        "list", f"'目录'!${here}$1:${here}${len(values)}", allow_blank=True, showErrorMessage=False
    )
    there = get_column_letter(FIELDS.index(field) + 1)
    rule.add(f"{there}2:{there}{ROWS + 1}")
    sheet.add_data_validation(rule)


def _instructions(sheet: Any, title: str, instructions: Sequence[tuple[str, str]]) -> None:
    from openpyxl.styles import Alignment, Font

    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 90
    sheet.cell(1, 1, title).font = Font(bold=True, size=14)
    for row, (head, text) in enumerate(instructions, start=3):
        sheet.cell(row, 1, head).font = Font(bold=True)
        sheet.cell(row, 2, text).alignment = Alignment(wrap_text=True, vertical="top")
