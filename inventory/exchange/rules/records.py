"""Records are single lines of a ledger, read and repaired, with the faults of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from inventory.exchange.rules import beside
from inventory.exchange.rules.cells import Cell
from inventory.exchange.rules.dates import read_date
from inventory.exchange.rules.faults import Fault, FaultCode, Finding, Severity, error, warning
from inventory.exchange.rules.headers import COLUMNS
from inventory.exchange.rules.lines import Line
from inventory.exchange.rules.places import Location, Register, place
from inventory.exchange.rules.reading import Reading, unreadable
from inventory.exchange.rules.text import read_name, read_note, read_text, tidied
from inventory.exchange.rules.values import (
    Context,
    read_amount,
    read_code,
    read_price,
    read_quantity,
    read_required,
)


@dataclass(frozen=True, slots=True)
class Record:
    """
    One purchase line, fit to be imported; what is unknown is None.

    Prices and amounts are in yuan to the cent; `purchase_date` is YYYY-MM-DD or YYYY-MM.
    """

    sheet: str
    row: int
    code: str | None
    name: str
    spec: str | None
    unit: str | None
    required: int | None
    quantity: int
    unit_price: Decimal | None
    amount: Decimal | None
    purchase_date: str | None
    location: Location | None
    keeper: str | None
    voucher: str | None
    note: str | None
    finance_card: str | None
    equipment_class: str | None
    serial_no: str | None = None
    """The serial numbers of its things, in order, with 、 between them."""
    maker: str | None = None
    supplier: str | None = None
    invoice: str | None = None
    accepted: str | None = None
    source: str | None = None
    warranty_until: str | None = None
    condition: str | None = None
    old_number: str | None = None
    """The numbers that its things had in an older system, as `serial_no`."""
    epc: str | None = None
    subject: str | None = None
    """Its subject, where that is not what the sheet is called."""
    managed_as: str | None = None
    """By item or by batch, where the file says so."""
    thing: str | None = None
    """Code and readable number, where it is a line of our own list of things."""

    @property
    def is_of_items(self) -> bool:
        """Whether each of its things has a number of its own, so that none is like the other."""
        numbers = len(beside.split(self.serial_no or ""))
        if numbers and numbers == self.quantity:
            return True
        many = self.quantity > 1
        return many and self.quantity in (
            len(beside.split(self.old_number or "")), len(beside.split(self.epc or "")),
        )  # fmt: skip

    def as_json(self) -> dict[str, str | int | None]:
        """The record as plain values, money as text with two decimals."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("unit_price", "amount", "location"):
            values[name] = None if values[name] is None else str(values[name])
        return values


class Settings(NamedTuple):
    """What all lines of a sheet have in common."""

    sheet: str
    typed: bool
    date_origin: date
    register: Register | None


@dataclass(frozen=True, slots=True)
class Examined:
    """A line after reading: its values by field and its faults, in the order of the columns."""

    line: Line
    readings: Mapping[str, Reading[Any]]
    faults: tuple[Fault, ...]

    def value(self, field: str) -> Any:
        """What a field means, None when unknown or refused."""
        return self.readings[field].value

    def _equipment_class(self) -> str | None:
        """The class that the line names itself, else the one of the heading above it."""
        own = read_text(self.line.cell("equipment_class")).value
        return own[:_LONGEST_CLASS] if own else self.line.equipment_class

    def record(self, sheet: str) -> Record:
        """The record of a line that nothing keeps out."""
        values: dict[str, Any] = {field: reading.value for field, reading in self.readings.items()}
        return Record(
            sheet=sheet,
            row=self.line.row.number,
            equipment_class=self._equipment_class(),
            **values,
        )


_LONGEST_CLASS = 40
Reader = Callable[[Cell | None], Reading[Any]]


def examine(line: Line, settings: Settings) -> Examined:
    """Read each cell of a line and tell what is wrong with it."""
    readings: dict[str, Reading[Any]] = {}
    for field, read in _readers(line, settings).items():
        readings[field] = _read(line, field, read)
    readings["amount"] = read_amount(
        line.cell("amount"), readings["unit_price"].value, readings["quantity"].value
    )
    if not _MORE.isdisjoint(line.cells) or not _MORE.isdisjoint(line.lent):
        _read_beside(line, settings, readings)
    faults = (
        fault_at(line, settings.sheet, field, finding)
        for field in COLUMNS
        if field in readings
        for finding in readings[field].findings
    )
    return Examined(line, readings, tuple(faults))


def _read_beside(line: Line, settings: Settings, readings: dict[str, Reading[Any]]) -> None:
    """Read what most ledgers do not say, where this one does."""
    for field, read in _BESIDE.items():
        if field in line.cells or field in line.lent:
            readings[field] = _read(line, field, read)
    quantity, origin = readings["quantity"].value, settings.date_origin
    cells = line.cells
    if "accepted" in cells:
        readings["accepted"] = beside.read_day(cells["accepted"], origin)
    if "warranty_until" in cells:
        came = readings.get("accepted", _NOTHING).value or readings["purchase_date"].value
        readings["warranty_until"] = beside.read_warranty(cells["warranty_until"], origin, came)
    if "serial_no" in cells:
        readings["serial_no"] = beside.read_numbers(
            cells["serial_no"], quantity, FaultCode.SERIAL_COUNT, beside.LONGEST_SERIAL,
            one_for_all=False,
        )  # fmt: skip
    if "old_number" in cells:
        readings["old_number"] = beside.read_numbers(
            cells["old_number"], quantity, FaultCode.NUMBER_COUNT, beside.LONGEST_OLD_NUMBER,
            one_for_all=True,
        )  # fmt: skip
    if "epc" in cells:
        readings["epc"] = beside.read_epcs(cells["epc"], quantity)


_NOTHING: Reading[Any] = Reading(None)
_BESIDE: Mapping[str, Reader] = {
    "maker": beside.read_limited(beside.LONGEST["maker"]),
    "supplier": beside.read_limited(beside.LONGEST["supplier"]),
    "invoice": beside.read_limited(beside.LONGEST["invoice"]),
    "source": beside.read_choice(beside.SOURCES),
    "condition": beside.read_choice(beside.CONDITIONS),
    "subject": read_text,
    "managed_as": read_text,
    "thing": read_text,
}
_MORE = frozenset((*_BESIDE, "accepted", "warranty_until", "serial_no", "old_number", "epc"))


def _readers(line: Line, settings: Settings) -> Mapping[str, Reader]:
    unit = read_text(line.cell("unit")).value
    context = Context(settings.typed, unit)
    return {
        "code": _read_own_code if "thing" in line.cells else read_code,
        "name": _LIMITED["name"],
        "spec": _LIMITED["spec"],
        "unit": _LIMITED["unit"],
        "required": lambda cell: read_required(cell, context),
        "quantity": lambda cell: read_quantity(cell, context),
        "unit_price": lambda cell: read_price(cell, context),
        "purchase_date": lambda cell: read_date(cell, settings.date_origin),
        "location": lambda cell: read_location(cell, settings.register),
        "keeper": _LIMITED["keeper"],
        "voucher": _LIMITED["voucher"],
        "note": _LIMITED["note"],
        "finance_card": _LIMITED["finance_card"],
    }


_LIMITED: Mapping[str, Reader] = {
    "name": beside.read_limited(200, read_name),
    "spec": beside.read_limited(400),
    "unit": beside.read_limited(20),
    "keeper": beside.read_limited(60),
    "voucher": beside.read_limited(60),
    "note": beside.read_limited(400, read_note),
    "finance_card": beside.read_limited(40),
}
"""What the catalogue and the register keep of each; a test compares them."""


def _read_own_code(cell: Cell | None) -> Reading[str]:
    """A code of our own list: a school may have given its kinds codes of no catalogue."""
    reading = read_code(cell)
    return beside.read_limited(20)(cell) if reading.is_refused else reading


def _read(line: Line, field: str, read: Reader) -> Reading[Any]:
    """Read a cell, or the merged cell above that covers it, or the lack of both."""
    if field not in line.columns and field in ("code", "location"):
        return Reading(None)
    lent = line.lent.get(field)
    if line.cell(field) or lent is None:
        return read(line.cell(field))
    reading = read(lent)
    if reading.is_refused or reading.value is None:
        return reading
    return Reading(reading.value, (warning(FaultCode.MERGED_FILLED, _shown(reading.value)),))


def _shown(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)


def read_location(cell: Cell | None, register: Register | None) -> Reading[Location]:
    """A place, written in whatever way, that the school really has."""
    text, findings = tidied(cell.text) if cell else ("", [])
    if not text:
        return Reading(None, (warning(FaultCode.LOCATION_MISSING),))
    if read_text(cell).value is None:
        return unreadable(FaultCode.FORMULA_ERROR)
    location, fault = place(text, register)
    if location is None:
        return Reading(None, (error(fault or FaultCode.LOCATION_INCOMPLETE),))
    told = [finding._replace(repaired=str(location)) for finding in findings]
    if fault:
        told.append(Finding(fault, Severity.WARNING, str(location)))
    return Reading(location, tuple(told))


def fault_at(line: Line, sheet: str, field: str, finding: Finding) -> Fault:
    """A finding at its place, with the cell's text as it stood."""
    cell = line.cell(field)
    return Fault(
        sheet,
        line.row.number,
        COLUMNS[field],
        finding.code,
        finding.severity,
        cell.text if cell else "",
        finding.repaired,
    )
