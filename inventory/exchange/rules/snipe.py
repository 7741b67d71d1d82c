"""
Snipe-IT's assets are lists of single things, one a row, under its own English headers.

The columns are those of its documentation (Importing Assets) and of its export. A model is our
kind, an asset tag the number that finance knows the thing by, and the number on its old label.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from inventory.exchange.rules.cells import Cell, Kind, Row
from inventory.exchange.rules.headers import Header, Source, tidy_label
from inventory.exchange.rules.text import trimmed

FORM = "snipe"
_FIELDS = {
    "name": "modelname model assetmodel",
    "spec": "modelnumber modelno. modelno",
    "equipment_class": "category",
    "unit_price": "purchasecost",
    "purchase_date": "purchasedate",
    "location": "location defaultlocation",
    "voucher": "ordernumber",
    "finance_card": "assettag",
    "serial_no": "serial serialnumber serialno.",
    "maker": "manufacturer",
    "supplier": "supplier",
    "warranty_until": "warranty warrantymonths",
}
_BESIDE = {
    "asset_name": "assetname itemname name",
    "status": "status",
    "holder": "checkedoutto fullname username",
    "notes": "notes note",
}
"""What there is no field for: see `note_of`."""
_TAG = "assettag"
_ENOUGH = 4
UNIT = "件"


def snipe_header(row: Row) -> Header | None:
    """The header of a list of assets, where this row is one."""
    labels = {column: tidy_label(cell.text) for column, cell in row.cells.items()}
    if _TAG not in labels.values():
        return None
    found = dict(_found(labels, _FIELDS))
    if len(found) + len(dict(_found(labels, _BESIDE))) < _ENOUGH:
        return None
    return Header(
        row=row.number,
        lines=1,
        columns=found,
        labels={column: trimmed(cell.text) for column, cell in row.cells.items()},
        sources=dict.fromkeys(found, Source.WORD),
        form=FORM,
    )


def _found(labels: Mapping[int, str], wanted: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    for field, words in wanted.items():
        for word in words.split():
            column = next((one for one, label in labels.items() if label == word), None)
            if column is not None:
                yield field, column
                break


def snipe_cells(row: Row, header: Header) -> dict[str, Cell]:
    """An asset's row in our fields: one thing, with what has no field of ours in its note."""
    cells = {
        field: row.cells[column]
        for field, column in header.columns.items()
        if column in row.cells and trimmed(row.cells[column].text)
    }
    if not cells:
        return {}
    beside = {
        field: trimmed(row.cells[column].text)
        for field, column in _found(
            {column: tidy_label(label) for column, label in header.labels.items()}, _BESIDE
        )
        if column in row.cells
    }
    if "name" not in cells and beside.get("asset_name"):
        cells["name"] = Cell(Kind.TEXT, beside.pop("asset_name"))
    if tag := cells.get("finance_card"):
        # Its label stays on the thing: whoever scans that finds it.
        cells["old_number"] = Cell(Kind.TEXT, trimmed(tag.text))
    if (term := cells.get("warranty_until")) and trimmed(term.text).isdecimal():
        cells["warranty_until"] = Cell(Kind.TEXT, f"{trimmed(term.text)}个月")
    if note := note_of(beside):
        cells["note"] = Cell(Kind.TEXT, note)
    cells["quantity"] = Cell(Kind.NUMBER, "1", number=Decimal(1))
    cells["unit"] = Cell(Kind.TEXT, UNIT)
    return cells


def note_of(beside: Mapping[str, str]) -> str:
    """What a thing has no field for, in one line."""
    words = {
        "notes": "{}", "asset_name": "{}", "status": "Snipe-IT: {}", "holder": "领用人: {}",
    }  # fmt: skip
    return "; ".join(told.format(beside[name]) for name, told in words.items() if beside.get(name))
