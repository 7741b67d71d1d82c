"""This module is about importing a ledger: read, stage, choose, then apply in slices.

A write transaction of thousands of rows would hold up every scan, so a file is staged first
and applied a slice at a time; each slice is whole, so that an import that was cut off goes on
where it stopped. Lines are recognised when they come again, and nothing is created twice.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.orm import Session

from inventory.base import fingerprint, new_id
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs, managed_as
from inventory.catalogue.service import (
    KindKey,
    NewKind,
    define_kinds,
    kind_now,
    kinds_like,
    restore_kind,
    retire_kind,
)
from inventory.errors import (
    AlreadyApplied,
    BadSpreadsheet,
    CannotUndoImport,
    ImportCutOff,
    ImportInUse,
    Invalid,
    NoSchoolNamed,
    NotFound,
    NothingToTakeBack,
    OtherSchoolsFile,
)
from inventory.exchange import carriers_service as carriers
from inventory.exchange import queries, rules
from inventory.exchange.columns_service import let_file_go
from inventory.exchange.models import Import, ImportFault, ImportPart, ImportRow, RowStatus
from inventory.exchange.queries import Made
from inventory.exchange.rules import (
    Record,
    Register,
    Roster,
    Wanted,
    paths_to,
    wanted_places,
    with_line_keys,
)
from inventory.exchange.rules.beside import split
from inventory.identity.service import keepers_named
from inventory.ledger.models import Document
from inventory.ledger.rules import DocumentType
from inventory.ledger.service import post_document, post_line
from inventory.places.models import Place, School, Sort
from inventory.places.service import place_by_path
from inventory.register import service as register
from inventory.register.models import Thing
from inventory.register.queries import lots_now, uses_of_kinds
from inventory.register.service import NewPlace, NewThing
from inventory.scope import Actor, Permission, own_school, requires

SLICE = 15
"""Things made in one transaction at most: about 25 ms of the write lane."""
STAGE_SLICE = 250
"""Rows kept in one transaction while a file is staged."""
LOOKED_UP = 1_000
"""Rows whose earlier imports are asked for with one statement."""
PLACES_SLICE = 5
"""Places set up in one transaction."""
UNDO_SLICE = 20
"""Things taken back in one transaction: each is looked at before it goes."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What importing one record would do."""

    key: str
    record: Record
    managed_as: ManagedAs
    status: RowStatus
    differs: tuple[str, ...]

    @property
    def labels(self) -> int:
        """How many things, and therefore labels, it means at most."""
        if self.status is not RowStatus.NEW:
            return 0
        return self.record.quantity if self.managed_as is ManagedAs.ITEM else 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing a file would do."""

    roster: Roster
    school_id: str
    rows: Sequence[Planned]
    beyond: Sequence[Planned] = ()
    """What would come in as well if the places that the school lacks were set up."""

    def __len__(self) -> int:
        """How many rows are kept: what goes in, then what only a place keeps out."""
        return len(self.rows) + len(self.beyond)

    def __iter__(self) -> Iterator[Planned]:
        return chain(self.rows, self.beyond)

    def part(self, start: int, count: int) -> Sequence[Planned]:
        """Some of the rows that are kept, fewer where those that go in end."""
        beyond = start - len(self.rows)
        if beyond < 0:
            return self.rows[start : start + count]
        return self.beyond[beyond : beyond + count]

    def summary(self) -> dict[str, int]:
        """The figures of a dry run."""
        figures: Counter[str] = Counter()
        batches: set[str] = set()
        for row in self.rows:
            figures[row.status.value] += row.status is not RowStatus.NEW
            if row.status is not RowStatus.NEW or row.record.quantity < 1:
                continue
            figures["new"] += 1
            if row.managed_as is ManagedAs.ITEM:
                figures["items"] += row.record.quantity
            else:
                batches.add(_lot(row.record))
        for fault in self.roster.faults:
            figures[fault.severity.value] += 1
        return {
            "data_rows": self.roster.data_rows,
            "rows": len(self.rows),
            "new": figures["new"],
            "same": figures["same"],
            "differs": figures["differs"],
            "items": figures["items"],
            "batches": len(batches),
            "labels": figures["items"] + len(batches),
            "errors": figures["error"],
            "warnings": figures["warning"],
        }

    def json_parts(self, **more: Any) -> Iterator[str]:
        """The dry run for programs as JSON, piece by piece: the roster as read, and its plan."""
        document = self.roster.head_as_json()
        document["school_id"] = self.school_id or document["school_id"]
        yield json.dumps(document, ensure_ascii=False)[:-1]
        yield ', "records": ['
        yield from _listed(_planned_as_json(row) for row in self.rows)
        yield '], "faults": ['
        yield from _listed(fault.as_json() for fault in self.roster.faults)
        yield "], "
        yield json.dumps({"summary": self.summary(), **more}, ensure_ascii=False)[1:]

    def as_json(self) -> dict[str, Any]:
        """The dry run as one document, for files that are not large."""
        document: dict[str, Any] = json.loads("".join(self.json_parts()))
        return document


def _listed(values: Iterable[dict[str, Any]]) -> Iterator[str]:
    for n, value in enumerate(values):
        yield (", " if n else "") + json.dumps(value, ensure_ascii=False)


def _planned_as_json(row: Planned) -> dict[str, Any]:
    return row.record.as_json() | {
        "managed_as": row.managed_as.value,
        "status": row.status.value,
        "labels": row.labels if row.record.quantity else 0,
        "differs": list(row.differs),
    }


def _lot(record: Record) -> str:
    """What rows have in common that become one batch: their kind and their place."""
    names = ("code", "name", "spec", "unit", "location")
    subject = record.subject or record.sheet
    return fingerprint("\t".join([subject, *(str(getattr(record, name)) for name in names)]))


def read(
    source: Path | bytes | BinaryIO,
    filename: str,
    known: Register | None = None,
    chosen: Mapping[str, Mapping[str, str]] | None = None,
) -> Roster:
    """
    Read a spreadsheet as a school's ledger; nothing is written, and no long list is in memory.

    `chosen` says what columns hold: by a header's fingerprint, and under an empty one for all.

    `known` are the school's rooms as far as they are set up; a file that names its own on its
    cover is judged by those, for it may bring new ones.

    Raises:
        BadSpreadsheet: it is no spreadsheet, or one that is encrypted, damaged or too large.
    """
    # Imported here: the readers of spreadsheets would slow the start of every command.
    from inventory.exchange.formats.spool import Spool
    from inventory.exchange.workbook import open_workbook

    try:
        workbook = open_workbook(source, filename)
        roster = rules.read_roster(workbook, chosen=chosen, keep=Spool)
        if known is not None and not roster.rooms:
            believed = roster
            roster = rules.read_roster(workbook, register=known, chosen=chosen, keep=Spool)
            roster = replace(roster, beyond=Spool(_beyond(believed, roster)))
        elif known is None and not roster.rooms:
            roster = rules.without_doubtful_places(roster, keep=Spool)
    except rules.Refusal as refusal:
        raise BadSpreadsheet(file=filename, reason=refusal.code, **_spared(refusal)) from refusal
    return roster


def _beyond(believed: Roster, roster: Roster) -> Iterator[Record]:
    """The records that only a place keeps out which the school does not have."""
    unknown = {
        (fault.sheet, fault.row)
        for fault in roster.faults
        if fault.code is rules.FaultCode.LOCATION_UNKNOWN
    }
    if not unknown:
        return
    there = {(record.sheet, record.row) for record in roster.records}
    for record in believed.records:
        if (record.sheet, record.row) in unknown - there and record.location is not None:
            yield record


def known_rooms(session: Session, school_id: str | None) -> Register | None:
    """Return the rooms and cabinets that a school has, or None when there are none yet."""
    query = select(Place).where(
        Place.school_id == school_id,
        Place.sort.in_([Sort.ROOM.value, Sort.CABINET.value]),
        Place.retired_at.is_(None),
    )
    places = list(session.scalars(query.order_by(Place.ordinal)))
    cabinets: dict[str, set[int]] = {}
    for place in places:
        if place.sort == Sort.CABINET.value and place.short.isdecimal():
            cabinets.setdefault(place.parent_id or "", set()).add(int(place.short))
    found = tuple(
        rules.Room(place.short, place.name, frozenset(cabinets.get(place.id, ())))
        for place in places
        if place.sort == Sort.ROOM.value
    )
    return Register(found) if found else None


def _spared(refusal: rules.Refusal) -> dict[str, Any]:
    return {name: value for name, value in refusal.data.items() if name not in {"file", "reason"}}


@requires(Permission.SEE)
def plan(
    session: Session, by: Actor, roster: Roster, *, school_id: str | None, item_price_yuan: int
) -> Plan:
    """
    Say what importing a roster would do; an empty `school_id` means one that is still unknown.

    Raises:
        NoSchoolNamed: neither the file nor the caller names a school.
        OtherSchoolsFile: the file names another school than the caller.
        NotFound: the school is out of sight.
    """
    school = "" if school_id == "" else _school_of(by, roster, school_id)
    # Imported here: the readers of spreadsheets would slow the start of every command.
    from inventory.exchange.formats.spool import Spool

    # What may stay out comes last: it moves no key of what goes in.
    keyed = with_line_keys(chain(roster.records, roster.beyond))
    known = carriers.Known(session, school)
    planned = _compared_rows(known, keyed, item_price_yuan)
    rows = Spool(islice(planned, len(roster.records)))
    beyond = Spool(
        replace(row, status=RowStatus.NO_PLACE, differs=("location",))
        for row in planned
        if row.status is RowStatus.NEW
    )
    if known.faults:
        roster = replace(roster, faults=Spool(chain(roster.faults, known.faults)))
    return Plan(roster, school, rows, beyond)


def _compared_rows(
    known: carriers.Known, keyed: Iterator[tuple[str, Record]], item_price_yuan: int
) -> Iterator[Planned]:
    """Each record with what importing it would do, looked up so many at a time."""
    session, school_id = known.session, known.school_id
    while part := list(islice(keyed, LOOKED_UP)):
        before = _imported_before(session, school_id, [key for key, _ in part])
        records = [record for _, record in part]
        own = carriers.own_things(session, school_id, records)
        known.ask(records)
        for key, record in part:
            row = _compared(_planned(key, record, item_price_yuan), before.get(key))
            if record.thing in own:
                row = replace(row, status=RowStatus.SAME, differs=())
            elif row.status is RowStatus.NEW and known.is_locked(record):
                row = replace(row, status=RowStatus.LOCKED)
            if row.status is RowStatus.NEW:
                known.check(record, row.managed_as)
            yield row


def _school_of(by: Actor, roster: Roster, school_id: str | None) -> str:
    named = school_id or by.school_id
    if named and roster.school_id and named != roster.school_id:
        raise OtherSchoolsFile(found=roster.school_id, wanted=named)
    school = named or roster.school_id
    if school is None:
        raise NoSchoolNamed
    return own_school(by, school)


def _planned(key: str, record: Record, item_price_yuan: int) -> Planned:
    form = managed_as(_cents(record), record.finance_card, item_price_yuan)
    if record.managed_as:
        form = ManagedAs(record.managed_as)
    elif record.is_of_items:
        form = ManagedAs.ITEM
    return Planned(key, record, form, RowStatus.NEW, ())


def _cents(record: Record) -> int | None:
    return None if record.unit_price is None else int(record.unit_price * 100)


def _imported_before(
    session: Session, school_id: str, keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    query = select(ImportRow.line_key, ImportRow.record).where(
        ImportRow.school_id == school_id,
        ImportRow.status == RowStatus.DONE.value,
        ImportRow.line_key.in_(keys),
    )
    return {row[0]: json.loads(row[1]) for row in session.execute(query)}


def _compared(row: Planned, before: dict[str, Any] | None) -> Planned:
    if before is None:
        return row
    now = row.record.as_json()
    differing = tuple(name for name in rules.COMPARED if before.get(name) != now.get(name))
    status = RowStatus.DIFFERS if differing else RowStatus.SAME
    return Planned(row.key, row.record, row.managed_as, status, differing)


@requires(Permission.IMPORT)
def stage(session: Session, by: Actor, plan: Plan, *, digest: str, at: datetime) -> Import:
    """
    Begin to keep what a file would do, so that it can be looked at, changed and then applied.

    Its rows follow with `stage_slice`; until all are there it cannot be applied.
    """
    roster = plan.roster
    rooms = [_room_json(room) for room in roster.rooms]
    job = Import(
        school_id=own_school(by, plan.school_id),
        id=new_id(at),
        file=roster.file[:200],
        digest=digest,
        staged_at=at,
        staged_by=by.id,
        rooms=json.dumps(rooms, ensure_ascii=False),
        places=_places_json(wanted_places(rooms, map(_document_of, plan))),
        rows_total=len(plan),
        headers=json.dumps([one.as_json() for one in roster.headers], ensure_ascii=False),
    )
    session.add(job)
    return job


@requires(Permission.IMPORT)
def stage_slice(session: Session, by: Actor, plan: Plan, *, import_id: str, start: int) -> int:
    """
    Keep the rows of a file from one on, as many as hold nobody up; return where to go on.

    Raises:
        NotFound: no such import in sight.
    """
    job = session.scalar(select(Import).where(Import.id == import_id))
    if job is None:
        raise NotFound(what="import", key=import_id)
    part = plan.part(start, STAGE_SLICE)
    session.add_all(_staged(job, start + n, row) for n, row in enumerate(part))
    return start + len(part)


@requires(Permission.IMPORT)
def stage_faults(session: Session, by: Actor, plan: Plan, *, import_id: str, start: int) -> int:
    """
    Keep what is wrong in a file from one fault on, as `stage_slice` keeps its rows.

    Raises:
        NotFound: no such import in sight.
    """
    job = session.scalar(select(Import).where(Import.id == import_id))
    if job is None:
        raise NotFound(what="import", key=import_id)
    part = plan.roster.faults[start : start + STAGE_SLICE]
    session.add_all(_told(job, start + n, fault) for n, fault in enumerate(part))
    return start + len(part)


def _told(job: Import, n: int, fault: rules.Fault) -> ImportFault:
    return ImportFault(
        school_id=job.school_id,
        import_id=job.id,
        n=n,
        sheet=fault.sheet[:60],
        row=fault.row,
        field=fault.column,
        code=fault.code.value,
        severity=fault.severity.value,
        raw=fault.raw,
        repaired=None if fault.repaired is None else str(fault.repaired),
    )


def _room_json(room: rules.Room) -> dict[str, Any]:
    cabinets = sorted(room.cabinets) if room.cabinets else []
    return {"short": room.short, "name": room.name, "cabinets": cabinets, "keeper": room.keeper}


def _document_of(row: Planned) -> dict[str, Any]:
    document: dict[str, Any] = dict(row.record.as_json())
    if row.record.location is not None:
        document["place"] = {
            "room": row.record.location.room,
            "cabinet": row.record.location.cabinet,
            "shelf": row.record.location.shelf,
        }
    return document


def _staged(job: Import, n: int, row: Planned) -> ImportRow:
    return ImportRow(
        school_id=job.school_id,
        import_id=job.id,
        n=n,
        line_key=row.key,
        sheet=row.record.sheet,
        row=row.record.row,
        record=json.dumps(_document_of(row), ensure_ascii=False),
        managed_as=row.managed_as.value,
        status=row.status.value,
        quantity=row.record.quantity,
        equipment_class=(row.record.equipment_class or "")[:40],
        location=str(row.record.location or "")[:200],
        lot=_lot(row.record),
        differs=",".join(row.differs),
    )


@requires(Permission.IMPORT)
def choose(
    session: Session,
    by: Actor,
    *,
    import_id: str,
    managed_as: ManagedAs,
    rows: Iterable[int] = (),
    equipment_class: str | None = None,
) -> int:
    """
    Switch rows, or a whole class, between single items and batches; return how many changed.

    Raises:
        NotFound: no such import in sight.
        AlreadyApplied: it was carried out.
    """
    job = _staged_import(session, import_id)
    if managed_as is ManagedAs.CHEMICAL:
        raise Invalid(field="managed_as", value=managed_as.value)
    change = update(ImportRow).where(*_still_to_do(job), ImportRow.managed_as != managed_as.value)
    if equipment_class is None:
        change = change.where(ImportRow.n.in_(list(rows)))
    else:
        change = change.where(ImportRow.equipment_class == equipment_class)
    return _changed(session, change.values(managed_as=managed_as.value))


def _changed(session: Session, change: Update) -> int:
    """Change staged rows, as many as there are, and return how many that were."""
    result = session.execute(change.execution_options(synchronize_session="fetch"))
    return int(result.rowcount)  # type: ignore[attr-defined]


@requires(Permission.IMPORT)
def choose_places(session: Session, by: Actor, *, import_id: str, set_up: bool) -> int:
    """
    Let the places that the school lacks be set up, or not; return how many rows that means.

    Raises:
        NotFound: no such import in sight.
        AlreadyApplied: it was carried out.
    """
    job = _staged_import(session, import_id)
    origin, status = (RowStatus.NO_PLACE, RowStatus.NEW)[:: 1 if set_up else -1]
    change = update(ImportRow).where(
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == origin.value,
        ImportRow.differs == "location",
    )
    return _changed(session, change.values(status=status.value))


@requires(Permission.IMPORT)
def discard(session: Session, by: Actor, *, import_id: str) -> None:
    """
    Throw away an import that was staged and never carried out.

    Raises:
        NotFound: no such import in sight.
        AlreadyApplied: it was carried out, or begun; it can be undone.
    """
    job = _staged_import(session, import_id)
    if job.confirmed_at is not None:
        raise AlreadyApplied
    for table in (ImportRow, ImportFault, ImportPart):
        session.execute(
            delete(table).where(table.school_id == job.school_id, table.import_id == job.id)
        )
    session.delete(job)


def _staged_import(session: Session, import_id: str) -> Import:
    """Locked, so that nobody carries it out while it is changed or thrown away."""
    job = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.applied_at is not None:
        raise AlreadyApplied
    return job


@requires(Permission.IMPORT)
def apply_slice(
    session: Session, by: Actor, *, import_id: str, at: datetime, most: int = SLICE
) -> int:
    """
    Carry out the next slice of an import, about `most` things; return how many rows are left.

    Raises:
        NotFound: no such import in sight.
        Locked: a place of the next rows is.
    """
    job = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.applied_at is not None:
        return 0
    if job.undo_begun_at is not None:
        raise AlreadyApplied
    # One import of a school at a time: two copies of a file may be carried out side by side.
    session.scalar(select(School).where(School.id == job.school_id).with_for_update())
    job.confirmed_at = job.confirmed_at or _confirmed(session, job, at)
    rows = _still_new(session, job, _next_rows(session, job, most))
    rows = _without_locked(session, job, rows)
    if missing := _missing_places(session, job, rows):
        made = _set_up(session, by, job.school_id, missing[:PLACES_SLICE], at)
        job.made = json.dumps([*json.loads(job.made or "[]"), *made])
    elif rows:
        _carry_out(session, by, job, rows, at)
    left = session.scalar(select(func.count()).where(*_still_to_do(job)).select_from(ImportRow))
    has_file = let_file_go(session, job)
    if not left and not has_file:
        job.applied_at = at
    return int(left or has_file)


def _still_to_do(job: Import) -> tuple[Any, ...]:
    return (
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == RowStatus.NEW.value,
    )


def _confirmed(session: Session, job: Import, at: datetime) -> datetime:
    """The moment from which nothing of the import is chosen any more."""
    query = select(func.count()).where(
        ImportRow.school_id == job.school_id, ImportRow.import_id == job.id
    )
    if job.rows_total is not None and session.scalar(query) != job.rows_total:
        raise ImportCutOff
    return at


def _document(session: Session, by: Actor, job: Import, at: datetime) -> Document:
    """The import's document, posted with its first line: a file of known lines needs none."""
    if job.document_id is None:
        document = post_document(
            session, by, type=DocumentType.OPENING, title=job.file, school_id=job.school_id, at=at
        )
        job.document_id = document.id
        return document
    return session.get_one(Document, (job.school_id, job.document_id))


def _next_rows(session: Session, job: Import, most: int) -> list[tuple[ImportRow, dict[str, Any]]]:
    """The next rows, as many as make about `most` things."""
    query = select(ImportRow).where(*_still_to_do(job)).order_by(ImportRow.n).limit(most)
    rows: list[tuple[ImportRow, dict[str, Any]]] = []
    things = 0
    for row in session.scalars(query):
        record = json.loads(row.record)
        rows.append((row, record))
        things += record["quantity"] if row.managed_as == ManagedAs.ITEM.value else 1
        if things >= most:
            break
    return rows


def _still_new(
    session: Session, job: Import, rows: list[tuple[ImportRow, dict[str, Any]]]
) -> list[tuple[ImportRow, dict[str, Any]]]:
    """Leave out the rows that another import of the same lines brought in meanwhile."""
    before = _imported_before(session, job.school_id, [row.line_key for row, _ in rows])
    for row, _ in rows:
        if row.line_key in before:
            row.status = RowStatus.SAME.value
    return [(row, record) for row, record in rows if row.line_key not in before]


def _without_locked(
    session: Session, job: Import, rows: list[tuple[ImportRow, dict[str, Any]]]
) -> list[tuple[ImportRow, dict[str, Any]]]:
    """Leave out, and say so, the rows whose place was locked meanwhile."""
    locked = queries.locked_paths(session, job.school_id)
    if not locked:
        return rows
    for row, record in rows:
        if (_paths_to(record) or [""])[-1] in locked:
            row.status = RowStatus.LOCKED.value
            _tell(
                session, job, row, "location", rules.FaultCode.LOCATION_LOCKED, row.location,
                severity=rules.Severity.ERROR,
            )  # fmt: skip
    return [one for one in rows if one[0].status == RowStatus.NEW.value]


def _tell(
    session: Session, job: Import, row: ImportRow, field: str, code: rules.FaultCode, raw: str,
    severity: rules.Severity = rules.Severity.WARNING,
) -> None:  # fmt: skip
    """Add a fault that only carrying out brought to light, unless the dry run named it."""
    of_it = (ImportFault.school_id == job.school_id, ImportFault.import_id == job.id)
    same = (ImportFault.sheet == row.sheet, ImportFault.row == row.row)
    query = select(ImportFault.n).where(*of_it, *same, ImportFault.code == code.value)
    if session.scalar(query.limit(1)) is not None:
        return
    last = session.scalar(select(func.max(ImportFault.n)).where(*of_it))
    column = rules.COLUMNS[field]
    told = rules.Fault(row.sheet, row.row, column, code, severity, raw)
    session.add(_told(job, 0 if last is None else last + 1, told))
    session.flush()


def _carry_out(
    session: Session, by: Actor, job: Import,
    rows: Sequence[tuple[ImportRow, dict[str, Any]]], at: datetime,
) -> None:  # fmt: skip
    """Post the lines of the next rows and make their things, with few statements for many rows."""
    document = _document(session, by, job, at)
    kinds, first = _kinds_for(session, by, job.school_id, rows, at)
    places = _places_for(session, job.school_id, rows)
    names = {record["keeper"] for _, record in rows if record["keeper"]}
    keepers = keepers_named(session, by, names, job.school_id, at)
    lots = register.batches_of(session, job.school_id, [kind.id for kind in kinds.values()])
    taken_back = _taken_back(session, job.school_id, [row.line_key for row, _ in rows])
    taken = carriers.serials_there(session, job.school_id, _serials(rows))
    batch = _Slice()
    made: list[_Making] = []
    for row, record in rows:
        kind = kinds[_key_of(record)]
        again = taken_back.get(row.line_key, 0)
        line = _post(session, by, document, row, record, kind, again, at)
        row.status = RowStatus.DONE.value
        form = ManagedAs(row.managed_as)
        share = carriers.shared_out(record, form, taken)
        thing = _new_thing(kind, form, places[row.n], keepers, record, share.note)
        told = Made(line, kind.id, first.get(kind.id) == row.n, thing.place_id)
        if record["quantity"] < 1:
            made.append(_Making(row, told, range(0), share))
        elif form is ManagedAs.ITEM:
            made.append(_Making(row, told, batch.add(thing, share.serials), share))
        elif (lot := (kind.id, thing.place_id)) in lots:
            register.grow_batch(session, by, batch=lots[lot], quantity=record["quantity"], at=at)
            told = replace(told, batch=lots[lot].code, quantity=record["quantity"])
            made.append(_Making(row, told, range(0), share))
        else:
            told = replace(told, quantity=record["quantity"])
            made.append(_Making(row, told, batch.join(thing), share))
    codes = register.register_things(session, by, batch.new, school_id=job.school_id, at=at)
    done = [replace(one, told=_with_codes(one.told, [codes[n] for n in one.which])) for one in made]
    for one, tags in zip(done, _bind(session, by, job, done, at), strict=True):
        one.row.made = json.dumps(asdict(replace(one.told, tags=tags)))


@dataclass(frozen=True, slots=True)
class _Making:
    """A row being carried out: what it makes, which of the slice's things, what they get."""

    row: ImportRow
    told: Made
    which: range
    share: carriers.Share


def _serials(rows: Iterable[tuple[ImportRow, dict[str, Any]]]) -> set[str]:
    return {one for _, record in rows for one in split(record.get("serial_no") or "")}


def _bind(
    session: Session, by: Actor, job: Import, made: Sequence[_Making], at: datetime
) -> list[tuple[str, ...]]:
    """Bind the old numbers and tags of some rows; return the tags of each."""
    bound: list[tuple[str, ...]] = []
    for one in made:
        codes = one.told.things or tuple(filter(None, (one.told.batch,)))
        wanted = list(carriers.to_bind(one.share, codes))
        answers = (
            carriers.bind_all(session, by, wanted, school_id=job.school_id, at=at) if wanted else []
        )
        for answer in answers:
            if answer.refusal is not None:
                code = rules.FaultCode.TAG_DOUBLE
                _tell(session, job, one.row, answer.column, code, answer.value)
        bound.append(tuple(answer.tag for answer in answers if answer.tag))
    return bound


def _with_codes(told: Made, codes: list[str]) -> Made:
    if told.quantity and not told.batch:
        return replace(told, batch=codes[0])
    return replace(told, things=tuple(codes))


@dataclass(slots=True)
class _Slice:
    """The things that one slice makes; rows of one kind in one place are one batch."""

    new: list[NewThing] = field(default_factory=list)
    joining: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, thing: NewThing, serials: Sequence[str | None]) -> range:
        """Add single things, each with its serial number; return where they stand."""
        start = len(self.new)
        one = replace(thing, quantity=1)
        self.new.extend(replace(one, serial_no=serial) if serial else one for serial in serials)
        return range(start, start + len(serials))

    def join(self, thing: NewThing) -> range:
        """Add a batch, or let it join the one of its kind and place; return where it stands."""
        lot = (thing.kind.id, thing.place_id)
        if lot not in self.joining:
            self.joining[lot] = len(self.new)
            self.new.append(thing)
        else:
            one = self.new[self.joining[lot]]
            self.new[self.joining[lot]] = replace(one, quantity=one.quantity + thing.quantity)
        return range(self.joining[lot], self.joining[lot] + 1)


def _taken_back(session: Session, school_id: str, keys: Sequence[str]) -> dict[str, int]:
    """How often each of some lines was imported and taken back again."""
    query = (
        select(ImportRow.line_key, func.count())
        .where(
            ImportRow.school_id == school_id,
            ImportRow.line_key.in_(keys),
            ImportRow.status == RowStatus.UNDONE.value,
        )
        .group_by(ImportRow.line_key)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _new_thing(
    kind: Kind, form: ManagedAs, place_id: str, keepers: dict[str, str],
    record: dict[str, Any], note: str | None,
) -> NewThing:  # fmt: skip
    return NewThing(
        kind=kind,
        managed_as=form,
        quantity=record["quantity"],
        place_id=place_id,
        keeper_id=keepers.get(record["keeper"]),
        unit_price_cents=_price_cents(record),
        purchased=record["purchase_date"],
        voucher=record["voucher"],
        finance_card_no=record["finance_card"],
        note=note,
        **{name: record.get(name) for name in SAID_OF_THINGS},
    )


SAID_OF_THINGS = (
    "maker", "supplier", "invoice", "accepted", "source", "warranty_until", "condition",
)  # fmt: skip
"""What a line says of each of its things alike, if anything."""


def _key_of(record: dict[str, Any]) -> KindKey:
    return KindKey(
        record.get("subject") or record["sheet"], record["code"], record["name"],
        record["spec"] or "", record["unit"] or "",
    )  # fmt: skip


def _kinds_for(
    session: Session, by: Actor, school_id: str,
    rows: Sequence[tuple[ImportRow, dict[str, Any]]], at: datetime,
) -> tuple[dict[KindKey, Kind], dict[str, int]]:  # fmt: skip
    """The kinds of the rows, and which row brought in those that were not in use."""
    kinds = kinds_like(session, school_id, [_key_of(record) for _, record in rows])
    first: dict[str, int] = {}
    new: dict[KindKey, NewKind] = {}
    brought_by: dict[KindKey, int] = {}
    for row, record in rows:
        key = _key_of(record)
        if key in kinds and kinds[key].retired_at is not None:
            restore_kind(session, by, school_id=school_id, kind_id=kinds[key].id, at=at)
            first[kinds[key].id] = row.n
        elif key not in kinds and key not in new:
            brought_by[key] = row.n
            new[key] = NewKind(
                key, ManagedAs(row.managed_as), record["equipment_class"] or "", record["required"]
            )
    defined = define_kinds(session, by, list(new.values()), school_id=school_id, at=at)
    for key, kind in zip(new, defined, strict=True):
        kinds[key] = kind
        first[kind.id] = brought_by[key]
    return kinds, first


def _post(
    session: Session, by: Actor, document: Document, row: ImportRow, record: dict[str, Any],
    kind: Kind, again: int, at: datetime,
) -> str:  # fmt: skip
    # A line that was taken back and comes again has a key of its own; the old line stays.
    key = fingerprint(f"{row.line_key}/{again}") if again else row.line_key
    return post_line(
        session,
        by,
        document=document,
        kind_id=kind.id,
        quantity=record["quantity"],
        unit_price_cents=_price_cents(record),
        on=record["purchase_date"],
        voucher=record["voucher"],
        source_key=key,
        source=f"{document.title} · {row.sheet} · {row.row}"[:400],
        at=at,
    )


def _price_cents(record: dict[str, Any]) -> int | None:
    price = record["unit_price"]
    return None if price is None else int(price.replace(".", ""))


# --- places --------------------------------------------------------------------------------


def _missing_places(
    session: Session, job: Import, rows: Sequence[tuple[ImportRow, dict[str, Any]]]
) -> list[Wanted]:
    """What the cover or the next rows name and the school lacks, in an order to set it up."""
    needed = {path for _, record in rows for path in _paths_to(record)}
    wanted = [one for one in _wanted(session, job) if one.is_on_cover or one.path in needed]
    query = select(Place.path).where(Place.school_id == job.school_id)
    there = set(session.scalars(query))
    return [one for one in wanted if one.path not in there]


def _wanted(session: Session, job: Import) -> list[Wanted]:
    """The places that the whole file needs, found out once, for cabinets are named by all rows."""
    if job.places is None:
        query = select(ImportRow.record).where(
            ImportRow.school_id == job.school_id, ImportRow.import_id == job.id
        )
        records = [json.loads(row) for row in session.scalars(query.order_by(ImportRow.n))]
        job.places = _places_json(wanted_places(json.loads(job.rooms), records))
    return [Wanted(**one) for one in json.loads(job.places)]


def _places_json(wanted: Iterable[Wanted]) -> str:
    return json.dumps([asdict(one) for one in wanted], ensure_ascii=False)


def _paths_to(record: dict[str, Any]) -> list[str]:
    return paths_to(record["place"]) if record.get("place") else []


def _set_up(
    session: Session, by: Actor, school_id: str, missing: Sequence[Wanted], at: datetime
) -> list[str]:
    """Set up places and return their codes; those above are there or come before them."""
    made: list[str] = []
    keepers = keepers_named(
        session, by, [one.keeper for one in missing if one.keeper], school_id, at
    )
    for one in missing:
        above = place_by_path(session, school_id, one.above) if one.above else None
        keeper_id = keepers[one.keeper] if one.keeper else None
        new = NewPlace(Sort(one.sort), one.short, one.name, above, keeper_id)
        places = register.set_up_places(session, by, [new], school_id=school_id, at=at)
        made.extend(place.id for place in places)
    return made


def _places_for(
    session: Session, school_id: str, rows: Sequence[tuple[ImportRow, dict[str, Any]]]
) -> dict[int, str]:
    """The place of each row; without one it belongs to the unplaced remainder."""
    paths = {row.n: (_paths_to(record) or [Sort.UNPLACED.value])[-1] for row, record in rows}
    query = select(Place.path, Place.id).where(
        Place.school_id == school_id, Place.path.in_(sorted(set(paths.values())))
    )
    found = {row[0]: row[1] for row in session.execute(query)}
    return {n: found[path] for n, path in paths.items()}


# --- taking back ---------------------------------------------------------------------------


@requires(Permission.IMPORT)
def undo_slice(session: Session, by: Actor, *, import_id: str, at: datetime) -> int:
    """
    Take back the next slice of what an import made; return how much is still to do.

    Its lines are reversed by a document of their own, its things are retired, its batches get
    smaller by what it brought, and the kinds and places that it made and nobody uses are given
    up. It goes on where it stopped, and asking again when all is done changes nothing.

    Raises:
        NotFound: no such import in sight.
        NothingToTakeBack: it was never carried out.
        CannotUndoImport: an earlier release made it and did not record what each row made.
        ImportInUse: things were moved, counted or retired since, or are lent, locked in or in an
            open document; `things` names them.
    """
    job = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.undone_at is not None:
        return 0
    if job.confirmed_at is None:
        raise NothingToTakeBack
    session.scalar(select(School).where(School.id == job.school_id).with_for_update())
    if job.undo_begun_at is None:
        _begin_undo(session, by, job, at)
    elif rows := _last_rows(session, job):
        _take_back(session, by, job, rows, at)
    elif not _give_up(session, by, job, at):
        job.undone_at = at
        for row in session.scalars(select(ImportRow).where(*_still_to_do(job))):
            row.status = RowStatus.UNDONE.value
    done = select(func.count()).where(*_carried_out(job)).select_from(ImportRow)
    return int(session.scalar(done) or 0) + (job.undone_at is None)


def _carried_out(job: Import) -> tuple[Any, ...]:
    return (
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == RowStatus.DONE.value,
    )


def _begin_undo(session: Session, by: Actor, job: Import, at: datetime) -> None:
    made = list(session.scalars(select(ImportRow.made).where(*_carried_out(job))))
    if None in made:
        raise CannotUndoImport
    _refuse_what_is_in_use(session, job, made)
    job.undo_begun_at = at
    if made:
        document = post_document(
            session, by, type=DocumentType.REVERSAL, title=job.file, school_id=job.school_id,
            at=at,
        )  # fmt: skip
        job.undo_document_id = document.id


def _refuse_what_is_in_use(session: Session, job: Import, made: Sequence[str | None]) -> None:
    told = [Made.read(one) for one in made]
    found = queries.in_the_way(session, job.school_id, job.confirmed_at, told)
    if found:
        raise ImportInUse(count=len(found), things=[one.code for one in found])


def _last_rows(session: Session, job: Import) -> list[ImportRow]:
    """The last rows that stand, as many as made about `UNDO_SLICE` things."""
    query = select(ImportRow).where(*_carried_out(job)).order_by(ImportRow.n.desc())
    rows: list[ImportRow] = []
    things = 0
    for row in session.scalars(query.limit(UNDO_SLICE)):
        rows.append(row)
        things += len(Made.read(row.made).things) or 1
        if things >= UNDO_SLICE:
            break
    return rows


def _take_back(
    session: Session, by: Actor, job: Import, rows: Sequence[ImportRow], at: datetime
) -> None:
    _refuse_what_is_in_use(session, job, [row.made for row in rows])
    document = session.get_one(Document, (job.school_id, job.undo_document_id))
    batches = {batch for row in rows if (batch := Made.read(row.made).batch)}
    lots = lots_now(session, job.school_id, batches)
    for row in rows:
        record, made = json.loads(row.record), Made.read(row.made)
        if record["quantity"]:
            kind = kind_now(session, session.get_one(Kind, (job.school_id, made.kind)))
            post_line(
                session, by, document=document, kind_id=kind.id, quantity=-record["quantity"],
                unit_price_cents=_price_cents(record), on=record["purchase_date"],
                voucher=record["voucher"], at=at,
                source=f"{job.file} · {row.sheet} · {row.row}"[:400],
            )  # fmt: skip
        carriers.unbind_all(
            session, by, made.tags, school_id=job.school_id, reason=document.number, at=at
        )
        for code in made.things:
            thing = session.get_one(Thing, (job.school_id, code))
            register.retire_thing(session, by, thing=thing, document=document.id, at=at)
        if made.batch:
            register.reduce_batch(
                session, by, batch=session.get_one(Thing, (job.school_id, lots[made.batch])),
                quantity=made.quantity, document=document.id, at=at,
            )  # fmt: skip
        row.status = RowStatus.UNDONE.value
    # What somebody bound since to what is gone now would keep its value from others.
    taken = {code for row in rows for code in Made.read(row.made).things} | {*lots.values()}
    left = carriers.left_on_retired(session, job.school_id, taken)
    carriers.unbind_all(session, by, left, school_id=job.school_id, reason=document.number, at=at)


def _give_up(session: Session, by: Actor, job: Import, at: datetime) -> bool:
    """Retire some of the kinds and places that the import made and nobody uses; False if none."""
    kinds = queries.kinds_made(session, job)
    used = uses_of_kinds(session, job.school_id, kinds)
    unused = [one for one in kinds if one not in used][:UNDO_SLICE]
    for kind_id in unused:
        retire_kind(
            session, by, school_id=job.school_id, kind_id=kind_id, uses=uses_of_kinds, at=at
        )
    if unused:
        return True
    empty = queries.empty_places(session, job.school_id, json.loads(job.made or "[]"))
    for code in empty[:PLACES_SLICE]:
        register.retire_place(session, by, school_id=job.school_id, code=code, at=at)
    return bool(empty)


def digest_of(content: bytes | BinaryIO) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    content.seek(0)
    digest = hashlib.sha256()
    while part := content.read(1024 * 1024):
        digest.update(part)
    return digest.hexdigest()


def school_named(session: Session, number: str | None, name: str | None) -> str | None:
    """Return the school that a file names by its number, or by a name that only one has."""
    if number:
        return number if session.get(School, number) else None
    if not name:
        return None
    found = list(session.scalars(select(School.id).where(School.name == name).limit(2)))
    return found[0] if len(found) == 1 else None


def school_is_known(session: Session, school_id: str) -> bool:
    """Whether the school was entered."""
    return session.get(School, school_id) is not None
