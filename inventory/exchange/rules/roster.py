"""A roster is a whole ledger file, judged: its school, rooms, records and faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from inventory.exchange.rules.cells import Kind, Row, Sheet, Workbook
from inventory.exchange.rules.conflicts import FileMemory, Repeats, SheetMemory
from inventory.exchange.rules.cover import Cover, is_cover_name, read_cover
from inventory.exchange.rules.doubtful import doubtful, is_doubtful
from inventory.exchange.rules.faults import WHOLE_ROW, Fault, FaultCode, Severity
from inventory.exchange.rules.headers import COLUMNS, NEEDED, Header
from inventory.exchange.rules.lines import Line, data_lines, first_header
from inventory.exchange.rules.places import Register, Room, gathered_register
from inventory.exchange.rules.records import Examined, Record, Settings, examine
from inventory.exchange.rules.shifted import is_shifted


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file holds; `data_rows` counts the lines meant as data, good or bad."""

    file: str
    school: str | None
    school_id: str | None
    stage: str | None
    rooms: tuple[Room, ...]
    records: tuple[Record, ...]
    faults: tuple[Fault, ...]
    data_rows: int
    beyond: tuple[Record, ...] = ()
    """Records that nothing keeps out but a place which the school does not have."""

    def as_json(self) -> dict[str, Any]:
        """The roster as plain values, with a count of the faults by code."""
        return {
            "file": self.file,
            "school": self.school,
            "school_id": self.school_id,
            "stage": self.stage,
            "rooms": [_room_as_json(room) for room in self.rooms],
            "data_rows": self.data_rows,
            "clean_records": len(self.records),
            "fault_count": len(self.faults),
            "faults_by_code": dict(Counter(fault.code.value for fault in self.faults)),
            "records": [record.as_json() for record in self.records],
            "faults": [fault.as_json() for fault in self.faults],
        }


def _room_as_json(room: Room) -> dict[str, Any]:
    cabinets = None if room.cabinets is None else sorted(room.cabinets)
    return {"room": room.short, "name": room.name, "cabinets": cabinets, "keeper": room.keeper}


@dataclass(slots=True)
class _Ledger:
    """What has been read so far."""

    records: list[Record] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    data_rows: int = 0


def read_roster(workbook: Workbook, *, register: Register | None = None) -> Roster:
    """
    Read a ledger's records and faults.

    The register says which rooms and cabinets there are; without one the cover's is used.
    When neither is known no place is refused as unknown, and a full room name is matched to
    the one short name in the file that abbreviates it.
    """
    headers = {
        position: first_header(sheet) if _is_ledger(sheet) else None
        for position, sheet in enumerate(workbook.sheets)
    }
    cover = _cover(workbook.sheets, headers)
    known = register or cover.register
    ledger, memory = _Ledger(), FileMemory()
    for position, sheet in enumerate(workbook.sheets):
        header = headers[position]
        if header and _is_readable(header):
            _read_sheet(workbook, sheet, header, known, ledger, memory)
        ledger.faults.extend(_sheet_faults(sheet, header))
    return Roster(
        file=workbook.file,
        school=cover.school,
        school_id=cover.school_id,
        stage=cover.stage,
        rooms=known.rooms if known else (),
        records=tuple(ledger.records),
        faults=tuple(ledger.faults),
        data_rows=ledger.data_rows,
    )


def without_doubtful_places(roster: Roster) -> Roster:
    """
    Leave out what stands in a place that is named once, far from all others, and say so.

    For files that name no rooms of schools that have none yet: nothing else tells what is there.
    """
    among = doubtful(record.location for record in roster.records if record.location)
    apart = tuple(
        record
        for record in roster.records
        if record.location and is_doubtful(record.location, among)
    )
    if not apart:
        return roster
    column = COLUMNS["location"]
    rows = {(record.sheet, record.row) for record in apart}
    kept = [
        fault
        for fault in roster.faults
        if (fault.sheet, fault.row) not in rows or fault.column != column
    ]
    told = [
        Fault(
            record.sheet, record.row, column, FaultCode.LOCATION_UNKNOWN, Severity.ERROR,
            str(record.location),
        )
        for record in apart
    ]  # fmt: skip
    records = tuple(record for record in roster.records if (record.sheet, record.row) not in rows)
    return replace(roster, records=records, faults=(*kept, *told), beyond=apart)


def _is_readable(header: Header | None) -> bool:
    return header is not None and not header.missing


def _is_ledger(sheet: Sheet) -> bool:
    return not (sheet.hidden or is_cover_name(sheet.name))


def _cover(sheets: Sequence[Sheet], headers: dict[int, Header | None]) -> Cover:
    front: list[Row] = []
    covers = []
    for position, sheet in enumerate(sheets):
        header = headers[position]
        if header and _is_readable(header):
            front += [row for row in sheet.rows[:10] if row.number < header.row]
        elif not sheet.hidden:
            covers.append(sheet)
    return read_cover(covers, front)


def _sheet_faults(sheet: Sheet, header: Header | None) -> Iterator[Fault]:
    """A sheet that is passed over says so, unless it is blank or a cover."""
    if not sheet.rows or is_cover_name(sheet.name) or _is_readable(header) or _has_rooms(sheet):
        return
    first = sheet.rows[0].number
    if sheet.hidden:
        yield Fault(sheet.name, first, WHOLE_ROW, FaultCode.SHEET_HIDDEN, Severity.WARNING)
    else:
        missing = header.missing if header else NEEDED
        raw = " ".join(COLUMNS[name] for name in missing)
        yield Fault(sheet.name, first, WHOLE_ROW, FaultCode.HEADER_MISSING, Severity.ERROR, raw)


def _has_rooms(sheet: Sheet) -> bool:
    return read_cover((sheet,), ()).register is not None


def _read_sheet(
    workbook: Workbook,
    sheet: Sheet,
    header: Header,
    register: Register | None,
    ledger: _Ledger,
    memory: FileMemory,
) -> None:
    lines = list(data_lines(sheet, header))
    known = register or gathered_register(_places(lines))
    settings = Settings(sheet.name, sheet.typed, workbook.date_origin, known)
    repeats, codes = Repeats(), SheetMemory(sheet.name)
    for line in lines:
        ledger.data_rows += 1
        if whole := _whole_row(line, repeats):
            ledger.faults.append(Fault(sheet.name, line.row.number, WHOLE_ROW, *whole))
            continue
        examined = examine(line, settings)
        conflicts = (*codes.conflicts(examined), *memory.conflicts(examined, sheet.name))
        ledger.faults.extend(_in_order((*examined.faults, *conflicts)))
        if _is_clean(examined):
            ledger.records.append(examined.record(sheet.name))


def _places(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        cell = line.cell("location")
        if cell and cell.kind is Kind.TEXT:
            yield cell.text


def _whole_row(line: Line, repeats: Repeats) -> tuple[FaultCode, Severity] | None:
    if repeats.is_repeat(line):
        return FaultCode.DUPLICATE_ROW, Severity.ERROR
    if is_shifted(line.row, line.columns):
        return FaultCode.ROW_SHIFTED, Severity.ERROR
    return None


_PLACE_OF_COLUMN = {column: place for place, column in enumerate(COLUMNS.values())}


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: _PLACE_OF_COLUMN[fault.column])


def _is_clean(examined: Examined) -> bool:
    return not any(reading.is_refused for reading in examined.readings.values())
