"""A roster is a whole ledger file, judged: its school, rooms, records and faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, NamedTuple

from inventory.exchange.rules.cells import Kind, Row, Sheet, Workbook
from inventory.exchange.rules.conflicts import FileMemory, Repeats, SheetMemory
from inventory.exchange.rules.cover import Cover, is_cover_name, read_cover
from inventory.exchange.rules.doubtful import doubtful, is_doubtful
from inventory.exchange.rules.faults import WHOLE_ROW, Fault, FaultCode, Severity
from inventory.exchange.rules.headers import COLUMNS, NEEDED, Header, is_repeated, letter
from inventory.exchange.rules.lines import Line, data_lines, first_header
from inventory.exchange.rules.own import FORM as OWN
from inventory.exchange.rules.places import Register, Room, gathered_register
from inventory.exchange.rules.records import Examined, Record, Settings, examine
from inventory.exchange.rules.shifted import is_shifted
from inventory.exchange.rules.text import trimmed


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file holds; `data_rows` counts the lines meant as data, good or bad."""

    file: str
    school: str | None
    school_id: str | None
    stage: str | None
    rooms: tuple[Room, ...]
    records: Sequence[Record]
    faults: Sequence[Fault]
    data_rows: int
    beyond: Sequence[Record] = ()
    """Records that nothing keeps out but a place which the school does not have."""
    headers: tuple[SheetHeader, ...] = ()
    """What each sheet's columns hold and how that is known."""

    def head_as_json(self) -> dict[str, Any]:
        """What is said of the file as a whole, with a count of the faults by code."""
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
        }

    def as_json(self) -> dict[str, Any]:
        """The roster as plain values."""
        return self.head_as_json() | {
            "records": [record.as_json() for record in self.records],
            "faults": [fault.as_json() for fault in self.faults],
        }


def _room_as_json(room: Room) -> dict[str, Any]:
    cabinets = None if room.cabinets is None else sorted(room.cabinets)
    return {"room": room.short, "name": room.name, "cabinets": cabinets, "keeper": room.keeper}


@dataclass(frozen=True, slots=True)
class SheetHeader:
    """A sheet's header with some of what stands below each column."""

    sheet: str
    header: Header
    samples: Mapping[int, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        """The header as plain values, column by column."""
        field_of = {column: field for field, column in self.header.columns.items()}
        columns = []
        for column in sorted({*self.header.labels, *self.samples}):
            field = field_of.get(column)
            columns.append(
                {
                    "column": letter(column),
                    "key": self.header.key(column),
                    "label": self.header.labels.get(column, ""),
                    "field": field,
                    "source": self.header.sources[field].value if field else None,
                    "samples": list(self.samples.get(column, ())),
                }
            )
        return {
            "sheet": self.sheet,
            "row": self.header.row if self.header.lines else None,
            "fingerprint": self.header.fingerprint,
            "form": self.header.form,
            "columns": columns,
        }


Keep = Callable[[Iterable[Any]], Sequence[Any]]
"""Makes a sequence of what was read; a tuple holds it in memory."""


def read_roster(
    workbook: Workbook,
    *,
    register: Register | None = None,
    chosen: Mapping[str, Mapping[str, str]] | None = None,
    keep: Keep = tuple,
) -> Roster:
    """
    Read a ledger's records and faults; `chosen` says by a header's fingerprint what columns hold.

    The register says which rooms and cabinets there are; without one the cover's is used.
    When neither is known no place is refused as unknown, and a full room name is matched to
    the one short name in the file that abbreviates it.
    """
    headers = {
        position: first_header(sheet, chosen) if _is_ledger(sheet) else None
        for position, sheet in enumerate(workbook.sheets)
    }
    cover = _cover(workbook.sheets, headers)
    known = register or cover.register
    judged = _judged(workbook, headers, known)
    count = _Count()
    faults: list[Sequence[Fault]] = []

    def records() -> Iterator[Record]:
        """The records; the faults of so many rows are kept beside, part by part."""
        part: list[Fault] = []
        for one in judged:
            count.rows += one.is_data
            part.extend(one.faults)
            if len(part) >= _PART:
                faults.append(keep(part))
                part = []
            if one.record:
                yield one.record
        faults.append(keep(part))

    kept = keep(records())
    return Roster(
        file=workbook.file,
        school=cover.school,
        school_id=cover.school_id,
        stage=cover.stage,
        rooms=known.rooms if known else (),
        records=kept,
        faults=keep(fault for part in faults for fault in part),
        data_rows=count.rows,
        headers=tuple(
            SheetHeader(sheet.name, header, _samples(sheet, header))
            for position, sheet in enumerate(workbook.sheets)
            if (header := headers[position])
        ),
    )


_PART = 1_000
_SAMPLES = 3


class _Judged(NamedTuple):
    """What one row of a ledger came to."""

    faults: Sequence[Fault]
    record: Record | None = None
    is_data: bool = True


@dataclass(slots=True)
class _Count:
    rows: int = 0


def _judged(
    workbook: Workbook, headers: Mapping[int, Header | None], register: Register | None
) -> Iterator[_Judged]:
    memory = FileMemory()
    for position, sheet in enumerate(workbook.sheets):
        header = headers[position]
        if header and _is_readable(header):
            yield from _read_sheet(workbook, sheet, header, register, memory)
        yield _Judged(tuple(_sheet_faults(sheet, header)), is_data=False)


def _samples(sheet: Sheet, header: Header) -> dict[int, tuple[str, ...]]:
    """The first different texts below each column."""
    found: dict[int, list[str]] = {}
    for row in islice(sheet.rows, _LOOKED_AT):
        if row.number < header.row + header.lines or is_repeated(header, row):
            continue
        for column, cell in row.cells.items():
            texts = found.setdefault(column, [])
            text = trimmed(cell.text)[:_LONGEST_SAMPLE]
            if len(texts) < _SAMPLES and text not in texts and len(row.cells) >= _FULL:
                texts.append(text)
    return {column: tuple(texts) for column, texts in found.items() if texts}


_LOOKED_AT, _FULL, _LONGEST_SAMPLE = 60, 3, 40


def without_doubtful_places(roster: Roster, keep: Keep = tuple) -> Roster:
    """
    Leave out what stands in a place that is named once, far from all others, and say so.

    For files that name no rooms of schools that have none yet: nothing else tells what is there.
    """
    among = doubtful(record.location for record in roster.records if record.location)
    if not among:
        return roster
    apart = [one for one in roster.records if one.location and is_doubtful(one.location, among)]
    column = COLUMNS["location"]
    rows = {(record.sheet, record.row) for record in apart}
    told = [
        Fault(
            record.sheet, record.row, column, FaultCode.LOCATION_UNKNOWN, Severity.ERROR,
            str(record.location),
        )
        for record in apart
    ]  # fmt: skip
    others = (
        fault
        for fault in roster.faults
        if (fault.sheet, fault.row) not in rows or fault.column != column
    )
    return replace(
        roster,
        records=keep(one for one in roster.records if (one.sheet, one.row) not in rows),
        faults=keep(chain(others, told)),
        beyond=tuple(apart),
    )


def _is_readable(header: Header | None) -> bool:
    return header is not None and not header.missing


def _is_ledger(sheet: Sheet) -> bool:
    return not (sheet.hidden or is_cover_name(sheet.name))


def _cover(sheets: Sequence[Sheet], headers: Mapping[int, Header | None]) -> Cover:
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
    memory: FileMemory,
) -> Iterator[_Judged]:
    known = register or gathered_register(_places(data_lines(sheet, header)))
    settings = Settings(sheet.name, sheet.typed, workbook.date_origin, known)
    repeats, codes = Repeats(), SheetMemory(sheet.name)
    for line in data_lines(sheet, header):
        if whole := _whole_row(line, repeats, header):
            yield _Judged((Fault(sheet.name, line.row.number, WHOLE_ROW, *whole),))
            continue
        examined = examine(line, settings)
        faults = list(examined.faults)
        if header.form != OWN:  # which has all subjects in one sheet, and was judged before
            faults += (*codes.conflicts(examined), *memory.conflicts(examined, sheet.name))
        faults = _in_order(faults)
        yield _Judged(faults, examined.record(sheet.name) if _is_clean(examined) else None)


def _places(lines: Iterable[Line]) -> Iterator[str]:
    for line in lines:
        cell = line.cell("location")
        if cell and cell.kind is Kind.TEXT:
            yield cell.text


def _whole_row(line: Line, repeats: Repeats, header: Header) -> tuple[FaultCode, Severity] | None:
    if header.form and repeats.is_of_another(line):
        return FaultCode.OTHER_SCHOOL, Severity.ERROR
    if repeats.is_repeat(line):
        return FaultCode.DUPLICATE_ROW, Severity.ERROR
    if not header.form and is_shifted(line.row, line.columns):
        return FaultCode.ROW_SHIFTED, Severity.ERROR
    return None


_PLACE_OF_COLUMN = {column: place for place, column in enumerate(COLUMNS.values())}


def _in_order(faults: Sequence[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: _PLACE_OF_COLUMN[fault.column])


def _is_clean(examined: Examined) -> bool:
    return not any(reading.is_refused for reading in examined.readings.values())
