"""This module is about importing a ledger: read, stage, choose, then apply in slices.

A write transaction of thousands of rows would hold up every scan, so a file is staged first
and applied a slice at a time; each slice is whole, so that an import that was cut off goes on
where it stopped. Lines are recognised when they come again, and nothing is created twice.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs, managed_as
from inventory.catalogue.service import kind_like
from inventory.errors import (
    AlreadyApplied,
    BadSpreadsheet,
    Invalid,
    NoSchoolNamed,
    NotFound,
    OtherSchoolsFile,
)
from inventory.exchange import rules
from inventory.exchange.models import Import, ImportRow, RowStatus
from inventory.exchange.rules import Record, Register, Roster, with_line_keys
from inventory.exchange.workbook import open_workbook
from inventory.identity.service import keeper_named
from inventory.ledger.models import Document, DocumentType
from inventory.ledger.service import post_document, post_line
from inventory.places.models import Place, School, Sort
from inventory.places.service import place_by_path
from inventory.register import service as register
from inventory.scope import Actor, Permission, own_school, requires

SLICE = 40
"""Things made in one transaction: about 50 ms of the write lane."""
STAGE_SLICE = 500


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
        """How many things, and therefore labels, it means; joined batches need none of their own."""
        if self.status is not RowStatus.NEW:
            return 0
        return self.record.quantity if self.managed_as is ManagedAs.ITEM else 1


@dataclass(frozen=True, slots=True)
class Plan:
    """What importing a file would do."""

    roster: Roster
    school_id: str
    rows: tuple[Planned, ...]

    def summary(self) -> dict[str, int]:
        """The figures of a dry run."""
        new = [row for row in self.rows if row.status is RowStatus.NEW and row.record.quantity > 0]
        batches = {
            (rules.kind_key(row.record), str(row.record.location))
            for row in new
            if row.managed_as is not ManagedAs.ITEM
        }
        items = sum(row.record.quantity for row in new if row.managed_as is ManagedAs.ITEM)
        severities = Counter(fault.severity.value for fault in self.roster.faults)
        return {
            "data_rows": self.roster.data_rows,
            "rows": len(self.rows),
            "new": len(new),
            "same": sum(row.status is RowStatus.SAME for row in self.rows),
            "differs": sum(row.status is RowStatus.DIFFERS for row in self.rows),
            "items": items,
            "batches": len(batches),
            "labels": items + len(batches),
            "errors": severities["error"],
            "warnings": severities["warning"],
        }

    def as_json(self) -> dict[str, Any]:
        """The dry run for programs: the roster as read, and what each record would become."""
        document = self.roster.as_json()
        document["school_id"] = self.school_id or document["school_id"]
        for record, row in zip(document["records"], self.rows, strict=True):
            record |= {
                "managed_as": row.managed_as.value,
                "status": row.status.value,
                "labels": row.labels if row.record.quantity else 0,
                "differs": list(row.differs),
            }
        document["summary"] = self.summary()
        return document


def read(source: Path | bytes, filename: str, known: Register | None = None) -> Roster:
    """
    Read a spreadsheet as a school's ledger; nothing is written.

    Raises:
        BadSpreadsheet: it is no spreadsheet, or one that is encrypted, damaged or too large.
    """
    try:
        return rules.read_roster(open_workbook(source, filename), register=known)
    except rules.Refusal as refusal:
        raise BadSpreadsheet(file=filename, reason=refusal.code, **_spared(refusal)) from refusal


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
    rows = [
        _planned(key, record, item_price_yuan) for key, record in with_line_keys(roster.records)
    ]
    before = _imported_before(session, school, [row.key for row in rows])
    return Plan(roster, school, tuple(_compared(row, before.get(row.key)) for row in rows))


def _school_of(by: Actor, roster: Roster, school_id: str | None) -> str:
    named = school_id or by.school_id
    if named and roster.school_id and named != roster.school_id:
        raise OtherSchoolsFile(found=roster.school_id, wanted=named)
    school = named or roster.school_id
    if school is None:
        raise NoSchoolNamed
    return own_school(by, school)


def _planned(key: str, record: Record, item_price_yuan: int) -> Planned:
    price = _cents(record)
    form = managed_as(price, record.finance_card, item_price_yuan)
    return Planned(key, record, form, RowStatus.NEW, ())


def _cents(record: Record) -> int | None:
    return None if record.unit_price is None else int(record.unit_price * 100)


def _imported_before(
    session: Session, school_id: str, keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(keys), 1000):
        query = select(ImportRow.line_key, ImportRow.record).where(
            ImportRow.school_id == school_id,
            ImportRow.status == RowStatus.DONE.value,
            ImportRow.line_key.in_(keys[start : start + 1000]),
        )
        found |= {row[0]: json.loads(row[1]) for row in session.execute(query)}
    return found


def _compared(row: Planned, before: dict[str, Any] | None) -> Planned:
    if before is None:
        return row
    now = row.record.as_json()
    differing = tuple(name for name in rules.COMPARED if before.get(name) != now[name])
    status = RowStatus.DIFFERS if differing else RowStatus.SAME
    return Planned(row.key, row.record, row.managed_as, status, differing)


@requires(Permission.IMPORT)
def stage(session: Session, by: Actor, plan: Plan, *, digest: str, at: datetime) -> Import:
    """Keep what a file would do, so that it can be looked at, changed and then applied."""
    roster = plan.roster
    job = Import(
        school_id=own_school(by, plan.school_id),
        id=new_id(at),
        file=roster.file[:200],
        digest=digest,
        staged_at=at,
        staged_by=by.id,
        rooms=json.dumps([_room_json(room) for room in roster.rooms], ensure_ascii=False),
        faults=json.dumps([fault.as_json() for fault in roster.faults], ensure_ascii=False),
    )
    session.add(job)
    session.flush()  # the rows refer to their import
    session.add_all(_staged(job, n, row) for n, row in enumerate(plan.rows))
    return job


def _room_json(room: rules.Room) -> dict[str, Any]:
    cabinets = sorted(room.cabinets) if room.cabinets else []
    return {"short": room.short, "name": room.name, "cabinets": cabinets, "keeper": room.keeper}


def _staged(job: Import, n: int, row: Planned) -> ImportRow:
    document = row.record.as_json()
    if row.record.location is not None:
        document["place"] = {
            "room": row.record.location.room,
            "cabinet": row.record.location.cabinet,
            "shelf": row.record.location.shelf,
        }
    return ImportRow(
        school_id=job.school_id,
        import_id=job.id,
        n=n,
        line_key=row.key,
        sheet=row.record.sheet,
        row=row.record.row,
        record=json.dumps(document, ensure_ascii=False),
        managed_as=row.managed_as.value,
        status=row.status.value,
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
    query = select(ImportRow).where(
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == RowStatus.NEW.value,
    )
    if equipment_class is None:
        query = query.where(ImportRow.n.in_(list(rows)))
    changed = 0
    for row in session.scalars(query):
        if equipment_class is None or _class_of(row) == equipment_class:
            changed += row.managed_as != managed_as.value
            row.managed_as = managed_as.value
    return changed


def _class_of(row: ImportRow) -> str:
    return json.loads(row.record).get("equipment_class") or ""


def _staged_import(session: Session, import_id: str) -> Import:
    job = session.scalar(select(Import).where(Import.id == import_id))
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.applied_at is not None:
        raise AlreadyApplied
    return job


@requires(Permission.IMPORT)
def apply_slice(session: Session, by: Actor, *, import_id: str, at: datetime) -> int:
    """
    Carry out the next slice of an import and return how many rows are still to do.

    Raises:
        NotFound: no such import in sight.
    """
    job = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
    if job is None:
        raise NotFound(what="import", key=import_id)
    if job.applied_at is not None:
        return 0
    if job.confirmed_at is None:
        _begin(session, by, job, at)
    else:
        _carry_out(session, by, job, _next_rows(session, job), at)
    left = session.scalar(select(func.count()).where(*_still_to_do(job)).select_from(ImportRow))
    if not left:
        job.applied_at = at
    return int(left or 0)


def _still_to_do(job: Import) -> tuple[Any, ...]:
    return (
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == RowStatus.NEW.value,
    )


def _begin(session: Session, by: Actor, job: Import, at: datetime) -> None:
    """Confirm: lines that came in by another import meanwhile are no longer new."""
    rows = list(session.scalars(select(ImportRow).where(*_still_to_do(job))))
    before = _imported_before(session, job.school_id, [row.line_key for row in rows])
    for row in rows:
        if row.line_key in before:
            row.status = RowStatus.SAME.value
    job.confirmed_at = at
    if all(row.line_key in before for row in rows):
        return
    title = job.file
    document = post_document(
        session, by, type=DocumentType.OPENING, title=title, school_id=job.school_id, at=at
    )
    job.document_id = document.id
    _set_up_rooms(session, by, job, at)


def _next_rows(session: Session, job: Import) -> list[ImportRow]:
    """The next rows, as many as make about `SLICE` things."""
    query = select(ImportRow).where(*_still_to_do(job)).order_by(ImportRow.n).limit(SLICE)
    rows: list[ImportRow] = []
    things = 0
    for row in session.scalars(query):
        rows.append(row)
        record = json.loads(row.record)
        things += record["quantity"] if row.managed_as == ManagedAs.ITEM.value else 1
        if things >= SLICE:
            break
    return rows


def _carry_out(
    session: Session, by: Actor, job: Import, rows: Sequence[ImportRow], at: datetime
) -> None:
    document = session.get_one(Document, (job.school_id, job.document_id))
    for row in rows:
        _carry_out_row(session, by, document, row, json.loads(row.record), at)
        row.status = RowStatus.DONE.value


def _carry_out_row(
    session: Session, by: Actor, document: Document, row: ImportRow, record: dict[str, Any],
    at: datetime,
) -> None:  # fmt: skip
    form = ManagedAs(row.managed_as)
    school = row.school_id
    kind = kind_like(
        session,
        by,
        school_id=school,
        name=record["name"],
        unit=record["unit"] or "",
        specification=record["spec"] or "",
        subject=record["sheet"],
        equipment_class=record["equipment_class"] or "",
        catalogue_code=record["code"],
        managed_as=form,
        required=record["required"],
        at=at,
    )
    place = _place_for(session, by, school, record, at)
    post_line(
        session,
        by,
        document=document,
        kind_id=kind.id,
        quantity=record["quantity"],
        unit_price_cents=_price_cents(record),
        on=record["purchase_date"],
        voucher=record["voucher"],
        source_key=row.line_key,
        source=f"{document.title} · {row.sheet} · {row.row}",
        at=at,
    )
    _make_things(session, by, kind, form, place, record, at)


def _price_cents(record: dict[str, Any]) -> int | None:
    price = record["unit_price"]
    return None if price is None else int(price.replace(".", ""))


def _make_things(
    session: Session, by: Actor, kind: Kind, form: ManagedAs, place: str, record: dict[str, Any],
    at: datetime,
) -> None:  # fmt: skip
    quantity = record["quantity"]
    if quantity < 1:
        return
    if form is not ManagedAs.ITEM:
        batch = register.batch_in_place(session, kind.school_id, kind.id, place)
        if batch is not None:
            register.grow_batch(session, by, batch=batch, quantity=quantity, at=at)
            return
    keeper = record["keeper"]
    keeper_id = keeper_named(session, by, keeper, kind.school_id, at).id if keeper else None
    codes = register.mint(session, by, count=quantity if form is ManagedAs.ITEM else 1, at=at)
    for code in codes:
        register.register_thing(
            session,
            by,
            code=code,
            kind=kind,
            managed_as=form,
            quantity=1 if form is ManagedAs.ITEM else quantity,
            place_id=place,
            keeper_id=keeper_id,
            unit_price_cents=_price_cents(record),
            purchased=record["purchase_date"],
            voucher=record["voucher"],
            finance_card_no=record["finance_card"],
            note=record["note"],
            at=at,
        )


# --- places --------------------------------------------------------------------------------


def _set_up_rooms(session: Session, by: Actor, job: Import, at: datetime) -> None:
    """Set up the rooms and cabinets that the file's cover names, in its order."""
    contents = _cabinet_contents(session, job)
    for room in json.loads(job.rooms):
        keeper = room["keeper"]
        keeper_id = keeper_named(session, by, keeper, job.school_id, at).id if keeper else None
        name = room["name"] or room["short"]
        above = _ensure(
            session, by, job.school_id, Sort.ROOM, None, room["short"], name, keeper_id, at
        )
        for number in room["cabinets"]:
            short = f"{number:02d}"
            title, kept_by = contents.get(f"{above.path}-{short}", ("", None))
            holder = (
                keeper_named(session, by, kept_by, job.school_id, at).id if kept_by else keeper_id
            )
            _ensure(session, by, job.school_id, Sort.CABINET, above, short, title, holder, at)


def _cabinet_contents(session: Session, job: Import) -> dict[str, tuple[str, str | None]]:
    """What most of each cabinet's rows are, and who keeps most of them: its name and keeper."""
    classes: dict[str, Counter[str]] = {}
    keepers: dict[str, Counter[str]] = {}
    for row in session.scalars(select(ImportRow).where(*_still_to_do(job))):
        record = json.loads(row.record)
        place = record.get("place")
        if not place or place["cabinet"] is None:
            continue
        path = f"{place['room']}-{place['cabinet']:02d}"
        classes.setdefault(path, Counter())[record["equipment_class"] or ""] += 1
        keepers.setdefault(path, Counter())[record["keeper"] or ""] += 1
    return {
        path: (found.most_common(1)[0][0], keepers[path].most_common(1)[0][0] or None)
        for path, found in classes.items()
    }


def _place_for(
    session: Session, by: Actor, school_id: str, record: dict[str, Any], at: datetime
) -> str:
    """The place of a record, set up when it is not there; without one, the unplaced remainder."""
    place = record.get("place")
    if not place:
        return Sort.UNPLACED.value
    room = _ensure(session, by, school_id, Sort.ROOM, None, place["room"], place["room"], None, at)
    if place["cabinet"] is None:
        return room.id
    cabinet = _ensure(
        session, by, school_id, Sort.CABINET, room, f"{place['cabinet']:02d}", "", None, at
    )
    if place["shelf"] is None:
        return cabinet.id
    shelf = _ensure(session, by, school_id, Sort.SHELF, cabinet, str(place["shelf"]), "", None, at)
    return shelf.id


def _ensure(
    session: Session, by: Actor, school_id: str, sort: Sort, above: Place | None, short: str,
    name: str, keeper_id: str | None, at: datetime,
) -> Place:  # fmt: skip
    path = f"{above.path}-{short}" if above else short
    found = place_by_path(session, school_id, path)
    if found is not None:
        return found
    return register.set_up_place(
        session,
        by,
        sort=sort,
        short=short,
        name=name,
        school_id=school_id,
        parent=above.id if above else None,
        keeper_id=keeper_id,
        at=at,
    )


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def school_is_known(session: Session, school_id: str) -> bool:
    """Whether the school was entered."""
    return session.get(School, school_id) is not None
