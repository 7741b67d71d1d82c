"""A list of Snipe-IT's assets is known by its header and becomes single things."""

from __future__ import annotations

from decimal import Decimal

import pytest

from inventory.catalogue.rules import ManagedAs, managed_as
from inventory.exchange.rules import read_roster
from inventory.exchange.rules.snipe import note_of
from inventory.exchange.workbook import open_workbook

DOCUMENTED = (
    "Asset Tag,Name,Serial,Model Name,Model Number,Category,Manufacturer,Supplier,Purchase Date,"
    "Purchase Cost,Order Number,Warranty Months,Location,Status,Notes"
)
EXPORTED = (
    "ID,Company,Asset Name,Asset Tag,Model,Model No.,Category,Manufacturer,Serial,Purchase Date,"
    "Purchase Cost,Order Number,Supplier,Warranty,Status,Checked Out To,Default Location,Notes"
)


def roster(text):
    return read_roster(open_workbook(text.encode(), "assets.csv"))


def test_an_asset_is_one_thing_with_its_price_date_place_and_tag():
    found = roster(
        f"{DOCUMENTED}\n"
        "GROK-12782,投影一,CN985796786987,实物投影仪,A4-500,通用仪器,华东厂,杭州教仪,2023-09-01,"
        '"1,450.00",PO-77,36,科仪1,Ready to Deploy,局配\n'
        "GROK-12783,,CN985796786988,实物投影仪,A4-500,通用仪器,,,,,,,,Ready to Deploy,\n"
    )
    first, second = found.records

    assert (first.name, first.spec, first.unit, first.quantity) == ("实物投影仪", "A4-500", "件", 1)
    assert (first.unit_price, first.purchase_date) == (Decimal("1450.00"), "2023-09-01")
    assert (str(first.location), first.voucher, first.finance_card) == (
        "科仪1", "PO-77", "GROK-12782",
    )  # fmt: skip
    assert first.equipment_class == "通用仪器"
    assert first.note == "局配; 投影一; Snipe-IT: Ready to Deploy"
    assert (first.serial_no, first.maker, first.supplier, first.warranty_until) == (
        "CN985796786987", "华东厂", "杭州教仪", "2026-09-01",
    )  # fmt: skip
    assert (first.old_number, second.old_number) == ("GROK-12782", "GROK-12783")
    assert managed_as(None, second.finance_card, 500) is ManagedAs.ITEM
    codes = {(fault.row, fault.code.value) for fault in found.faults}
    assert codes == {(2, "price_format"), (3, "location_missing")}
    assert found.data_rows == 2


def test_the_columns_of_an_export_are_known_too():
    (record,) = roster(
        f"{EXPORTED}\n7,昌化初中,教师机 3,T-3,台式计算机,M720,电脑,联想,SN1,2022-03-04,3999.00,"
        "O1,京东,36 months,Deployed,王芳,信机1,\n"
    ).records

    assert (record.name, record.spec, str(record.location)) == ("台式计算机", "M720", "信机1")
    assert "领用人: 王芳" in record.note
    assert (record.maker, record.warranty_until) == ("联想", "2025-03-04")
    assert record.keeper is None


def test_without_a_model_the_asset_s_own_name_is_its_kind():
    (record,) = roster("Asset Tag,Asset Name,Serial,Status\nA1,显微镜,9,Deployed\n").records

    assert (record.name, record.serial_no, record.note) == ("显微镜", "9", "Snipe-IT: Deployed")


@pytest.mark.parametrize("header", ["Name,Quantity,Code", "Asset Tag,Foo,Bar"])
def test_another_english_list_is_no_snipe_it(header):
    read = roster(f"{header}\nBeaker,3,61001\n")

    assert all(one.header.form == "" for one in read.headers)


def test_a_tag_that_comes_twice_is_a_row_that_comes_twice():
    line = "A1,显微镜,9,Deployed"
    found = roster(f"Asset Tag,Asset Name,Serial,Status\n{line}\n{line}\n")

    assert [fault.code.value for fault in found.faults] == ["duplicate_row"]


def test_what_is_not_known_is_not_said():
    assert note_of({}) == ""
    assert note_of({"notes": "", "holder": "王芳"}) == "领用人: 王芳"
