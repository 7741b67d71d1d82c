"""This module is about reading imports: what a staged file would do, row by row."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, distinct, func, or_, select
from sqlalchemy.orm import Session, aliased

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.counting.models import Count, CountLine, CountSighting
from inventory.exchange.models import Import, ImportFault, ImportRow, RowStatus
from inventory.ledger import bound_queries
from inventory.places.models import Place
from inventory.places.queries import locked_places
from inventory.register.models import Holding, Thing
from inventory.register.queries import lots_now

PAGE = 100
FIRST_FAULTS = 30
"""Faults of one code that the page shows before anybody asks for more."""
MANY = 500
"""Codes in one statement."""


@dataclass(frozen=True, slots=True)
class Made:
    """What one row of an import made: its line, and single things or so much of a batch."""

    line: str
    kind: str
    is_new_kind: bool
    place: str
    things: tuple[str, ...] = ()
    batch: str | None = None
    quantity: int = 0
    tags: tuple[str, ...] = ()
    """The carriers that it bound."""

    @classmethod
    def read(cls, text: str | None) -> "Made":
        """Return what was recorded."""
        values = json.loads(text or "{}")
        lists = {"things": tuple(values["things"]), "tags": tuple(values.get("tags", ()))}
        return cls(**values | lists)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A thing that keeps an import from being undone, and why."""

    code: str
    name: str
    reason: str
    where: str = ""
    """Where it is now, or the count that saw it."""


@dataclass(frozen=True, slots=True)
class ImportHead:
    """An import in a list or at the head of its page."""

    school_id: str
    id: str
    file: str
    staged_at: datetime
    confirmed_at: datetime | None
    applied_at: datetime | None
    document_id: str | None
    statuses: dict[str, int]
    headers: list[dict[str, Any]]
    """What the columns of each sheet hold; nothing for imports of release 0.1.0."""
    undo_begun_at: datetime | None = None
    undone_at: datetime | None = None
    is_recorded: bool = True
    """Whether it is known what each row made; release 0.1.0 did not record it."""
    staged_by: str = ""

    @property
    def state(self) -> str:
        """What has become of it, one of `STATES`."""
        if self.undone_at is not None:
            return "undone"
        if self.confirmed_at is None:
            return "staged"
        return "applied" if self.is_applied and self.undo_begun_at is None else "begun"

    @property
    def can_be_undone(self) -> bool:
        return self.confirmed_at is not None and self.undone_at is None and self.is_recorded

    @property
    def undone(self) -> int:
        return self.statuses.get(RowStatus.UNDONE.value, 0)

    @property
    def without_place(self) -> int:
        return self.statuses.get(RowStatus.NO_PLACE.value, 0)

    @property
    def is_applied(self) -> bool:
        return self.applied_at is not None

    @property
    def total(self) -> int:
        return sum(self.statuses.values()) - self.without_place

    @property
    def done(self) -> int:
        return self.statuses.get(RowStatus.DONE.value, 0)

    @property
    def left(self) -> int:
        return self.statuses.get(RowStatus.NEW.value, 0)


@dataclass(frozen=True, slots=True)
class FaultView:
    """Something that was wrong in the file, at its place."""

    sheet: str
    row: int
    column: str
    code: str
    severity: str
    raw: str | None
    repaired: str | None


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """The faults of one code: how many there are, and the first of them."""

    code: str
    severity: str
    count: int
    first: tuple[FaultView, ...]


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a staged file with what it becomes and what was found wrong with it."""

    n: int
    sheet: str
    row: int
    record: dict[str, Any]
    managed_as: str
    status: str
    differs: tuple[str, ...]
    faults: tuple[FaultView, ...]

    @property
    def labels(self) -> int:
        if not self.record["quantity"]:
            return 0
        return self.record["quantity"] if self.managed_as == "item" else 1


@dataclass(frozen=True, slots=True)
class Asked:
    """Which imports a list is to have: those of a school, those in a state; all where empty."""

    school_id: str = ""
    state: str = ""

    @property
    def kept(self) -> dict[str, str]:
        """What the address of the list keeps."""
        return {"school": self.school_id, "state": self.state}


STATES = ("staged", "begun", "applied", "undone")
"""What has become of an import; `ImportHead.state` is one of them."""


def _in_state(state: str) -> tuple[Any, ...]:
    """Whether an import is in a state, as a condition; its words are `ImportHead.state`'s."""
    begun = Import.confirmed_at.is_not(None), Import.undone_at.is_(None)
    return {
        "": (),
        "staged": (Import.confirmed_at.is_(None),),
        "begun": (*begun, or_(Import.applied_at.is_(None), Import.undo_begun_at.is_not(None))),
        "applied": (*begun, Import.applied_at.is_not(None), Import.undo_begun_at.is_(None)),
        "undone": (Import.undone_at.is_not(None),),
    }[state]


def imports(
    session: Session, asked: Asked = Asked(), *, limit: int | None = 20, offset: int = 0
) -> Iterator[ImportHead]:
    """Yield imports, the latest first, some at a time where all are wanted."""
    query = select(Import).where(*_in_state(asked.state))
    if asked.school_id:
        query = query.where(Import.school_id == asked.school_id)
    query = query.order_by(Import.staged_at.desc(), Import.id)
    end = None if limit is None else offset + limit
    while end is None or offset < end:
        most = PAGE if end is None else min(PAGE, end - offset)
        found = list(session.scalars(query.limit(most).offset(offset)))
        yield from _heads(session, found)
        if len(found) < most:
            return
        offset += most


def count_imports(session: Session, asked: Asked) -> int:
    """Return how many imports a list has."""
    query = select(func.count()).select_from(Import).where(*_in_state(asked.state))
    if asked.school_id:
        query = query.where(Import.school_id == asked.school_id)
    return session.scalar(query) or 0


def _heads(session: Session, jobs: Sequence[Import]) -> list[ImportHead]:
    """Heads of several imports, with as many questions as for one."""
    ids = [job.id for job in jobs]
    counted: dict[str, dict[str, int]] = {}
    query = (
        select(ImportRow.import_id, ImportRow.status, func.count())
        .where(
            ImportRow.school_id.in_(sorted({job.school_id for job in jobs})),
            ImportRow.import_id.in_(ids),
        )
        .group_by(ImportRow.import_id, ImportRow.status)
    )
    for import_id, status, count in session.execute(query):
        counted.setdefault(import_id, {})[status] = count
    return [_head_of(job, counted.get(job.id, {}), is_recorded=True) for job in jobs]


@dataclass(frozen=True, slots=True)
class Staging:
    """An import whose rows are still being kept: how many are there, and of how many."""

    file: str
    staged: int
    total: int


def being_staged(session: Session, since: datetime) -> list[Staging]:
    """Return the imports begun since a time whose rows are not all there yet."""
    staged = (
        select(func.count())
        .where(ImportRow.school_id == Import.school_id, ImportRow.import_id == Import.id)
        .scalar_subquery()
    )
    query = select(Import.file, staged, Import.rows_total).where(
        Import.staged_at >= since, Import.confirmed_at.is_(None), Import.rows_total > staged
    )
    return [Staging(row[0], int(row[1]), int(row[2] or 0)) for row in session.execute(query)]


def head(session: Session, import_id: str) -> ImportHead | None:
    """Return one import of the schools in sight."""
    job = session.scalar(select(Import).where(Import.id == import_id))
    return _head(session, job) if job else None


def _head(session: Session, job: Import) -> ImportHead:
    statuses = session.execute(
        select(ImportRow.status, func.count())
        .where(ImportRow.school_id == job.school_id, ImportRow.import_id == job.id)
        .group_by(ImportRow.status)
    )
    counted = {row[0]: row[1] for row in statuses}
    return _head_of(job, counted, is_recorded=_is_recorded(session, job))


def _head_of(job: Import, statuses: dict[str, int], *, is_recorded: bool) -> ImportHead:
    return ImportHead(
        job.school_id, job.id, job.file, job.staged_at, job.confirmed_at, job.applied_at,
        job.document_id, statuses, json.loads(job.headers or "[]"), job.undo_begun_at,
        job.undone_at, is_recorded, job.staged_by,
    )  # fmt: skip


def _is_recorded(session: Session, job: Import) -> bool:
    query = select(ImportRow.n).where(
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.status == RowStatus.DONE.value,
        ImportRow.made.is_(None),
    )
    return session.scalar(query.limit(1)) is None


def places_to_set_up(session: Session, head: ImportHead) -> tuple[list[str], int, bool]:
    """Return places that the school lacks, how many rows they mean, and whether they are chosen."""
    query = (
        select(ImportRow.location, ImportRow.status, func.count())
        .where(
            ImportRow.school_id == head.school_id,
            ImportRow.import_id == head.id,
            ImportRow.differs == "location",
            ImportRow.status.in_([RowStatus.NO_PLACE.value, RowStatus.NEW.value]),
        )
        .group_by(ImportRow.location, ImportRow.status)
        .order_by(ImportRow.location)
    )
    found = session.execute(query).all()
    paths = list(dict.fromkeys(row[0] for row in found))
    chosen = any(row[1] == RowStatus.NEW.value for row in found)
    return paths, sum(row[2] for row in found), chosen


# --- undoing -------------------------------------------------------------------------------


def obstacles(session: Session, head: ImportHead) -> list[Obstacle]:
    """Return the things that keep an import from being undone."""
    if not head.can_be_undone:
        return []
    query = select(ImportRow.made).where(
        ImportRow.school_id == head.school_id,
        ImportRow.import_id == head.id,
        ImportRow.status == RowStatus.DONE.value,
    )
    made = [Made.read(text) for text in session.scalars(query)]
    return in_the_way(session, head.school_id, head.confirmed_at, made)


def in_the_way(
    session: Session, school_id: str, since: datetime | None, made: Iterable[Made]
) -> list[Obstacle]:
    """
    Return the things of some rows that were moved, retired or counted since, or are bound now.

    Labels that were printed, descriptions that were changed, and a batch that grew by something
    else since are not in the way: so much of that batch stays.
    """
    wanted: dict[str, tuple[str, int]] = {}
    told = list(made)
    lots = lots_now(session, school_id, {one.batch for one in told if one.batch})
    for one in told:
        for code in one.things:
            wanted[code] = (one.place, 1)
        if one.batch:
            lot = lots[one.batch]
            before = wanted.get(lot, (one.place, 0))[1]
            wanted[lot] = (one.place, before + one.quantity)
    found: list[Obstacle] = []
    codes = list(wanted)
    for start in range(0, len(codes), MANY):
        part = codes[start : start + MANY]
        found.extend(_moved_or_retired(session, school_id, part, wanted))
        found.extend(_counted(session, school_id, part, since))
    return list({one.code: one for one in reversed(found)}.values())[::-1]


def _moved_or_retired(
    session: Session, school_id: str, codes: Sequence[str], wanted: dict[str, tuple[str, int]]
) -> list[Obstacle]:
    query = (
        select(Thing.code, Thing.home_id, Kind.name, Place.path)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .join(Place, and_(Place.school_id == Thing.school_id, Place.id == Thing.home_id))
        .where(
            Thing.school_id == school_id, Thing.code.in_(codes), Thing.retired_at.is_(None)
        )
    )  # fmt: skip
    found = [
        Obstacle(code, name, "moved", path)
        for code, home, name, path in session.execute(query)
        if home != wanted[code][0]
    ]
    quantities = {code: wanted[code][1] for code in codes}
    for one in bound_queries.bound(session, school_id, quantities):
        found.append(Obstacle(one.code, one.name, one.reason, one.where))
    return found


def locked_paths(session: Session, school_id: str) -> frozenset[str]:
    """Return the paths of the places that are locked, with all that is in them."""
    ids = locked_places(session, school_id)
    if not ids:
        return frozenset()
    paths = select(Place.path).where(Place.school_id == school_id, Place.id.in_(sorted(ids)))
    return frozenset(session.scalars(paths))


def _counted(
    session: Session, school_id: str, codes: Sequence[str], since: datetime | None
) -> list[Obstacle]:
    """The things that an open count expects or saw, or one that was closed since."""
    found: list[Obstacle] = []
    for model in (CountLine, CountSighting):
        told: Any = aliased(model)
        query = (
            select(told.code, Kind.name, Count.name, Count.closed_at)
            .join(Count, and_(Count.school_id == told.school_id, Count.id == told.count_id))
            .join(Thing, and_(Thing.school_id == told.school_id, Thing.code == told.code))
            .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
            .where(
                told.school_id == school_id,
                told.code.in_(codes),
                or_(Count.closed_at.is_(None), Count.closed_at >= since),
            )
        )
        for code, name, count, closed_at in session.execute(query):
            reason = "being_counted" if closed_at is None else "counted"
            found.append(Obstacle(str(code), name, reason, count))
    return found


def kinds_made(session: Session, job: Import) -> list[str]:
    """Return the kinds in use that an import brought in."""
    query = select(ImportRow.made).where(
        ImportRow.school_id == job.school_id,
        ImportRow.import_id == job.id,
        ImportRow.made.is_not(None),
    )
    made = (Made.read(text) for text in session.scalars(query))
    wanted = sorted({one.kind for one in made if one.is_new_kind})
    in_use = select(Kind.id).where(
        Kind.school_id == job.school_id, Kind.id.in_(wanted), Kind.retired_at.is_(None)
    )
    return list(session.scalars(in_use.order_by(Kind.id)))


def empty_places(session: Session, school_id: str, codes: Sequence[str]) -> list[str]:
    """Return those of some places that are in use and have neither a thing nor a place in them."""
    inside = aliased(Place)
    query = (
        select(Place.id)
        .where(
            Place.school_id == school_id,
            Place.id.in_(list(codes)),
            Place.retired_at.is_(None),
            ~select(inside.id)
            .where(
                inside.school_id == Place.school_id,
                inside.parent_id == Place.id,
                inside.retired_at.is_(None),
            )
            .exists(),
            ~select(Thing.code)
            .where(
                Thing.school_id == Place.school_id,
                Thing.home_id == Place.id,
                Thing.retired_at.is_(None),
            )
            .exists(),
            ~select(Holding.code)
            .where(Holding.school_id == Place.school_id, Holding.place_id == Place.id)
            .exists(),
        )
        .order_by(Place.id.desc())
    )
    return list(session.scalars(query))


def rows(session: Session, head: ImportHead, *, status: str = "", page: int = 1) -> list[RowView]:
    """Return one page of a staged file's rows."""
    query = select(ImportRow).where(
        ImportRow.school_id == head.school_id, ImportRow.import_id == head.id
    )
    if status:
        query = query.where(ImportRow.status == status)
    query = query.order_by(ImportRow.n).limit(PAGE).offset((page - 1) * PAGE)
    found = list(session.scalars(query))
    by_row: dict[tuple[str, int], list[FaultView]] = {}
    for fault in _faults_of(session, head, found):
        by_row.setdefault((fault.sheet, fault.row), []).append(fault)
    return [_view(row, by_row) for row in found]


def _faults_of(session: Session, head: ImportHead, found: Sequence[ImportRow]) -> list[FaultView]:
    """The faults of some rows of a file, with one statement."""
    query = select(ImportFault).where(
        ImportFault.school_id == head.school_id,
        ImportFault.import_id == head.id,
        ImportFault.row.in_(sorted({row.row for row in found})),
    )
    return [_fault_view(fault) for fault in session.scalars(query.order_by(ImportFault.n))]


def _view(row: ImportRow, faults: dict[tuple[str, int], list[FaultView]]) -> RowView:
    return RowView(
        n=row.n,
        sheet=row.sheet,
        row=row.row,
        record=json.loads(row.record),
        managed_as=row.managed_as,
        status=row.status,
        differs=tuple(filter(None, row.differs.split(","))),
        faults=tuple(faults.get((row.sheet, row.row), ())),
    )


def faults(session: Session, head: ImportHead, *, first: int = FIRST_FAULTS) -> list[FaultGroup]:
    """Return what was wrong in the file by code, errors first, with the first few of each."""
    of_it = (ImportFault.school_id == head.school_id, ImportFault.import_id == head.id)
    group = (ImportFault.severity, ImportFault.code)
    counted = session.execute(
        select(*group, func.count()).where(*of_it).group_by(*group).order_by(*group)
    ).all()
    place = func.row_number().over(partition_by=group, order_by=ImportFault.n).label("place")
    ranked = select(ImportFault, place).where(*of_it).subquery()
    few = aliased(ImportFault, ranked)
    shown: dict[tuple[str, str], list[FaultView]] = {}
    for one in session.scalars(select(few).where(ranked.c.place <= first).order_by(few.n)):
        shown.setdefault((one.severity, one.code), []).append(_fault_view(one))
    return [
        FaultGroup(code, severity, count, tuple(shown.get((severity, code), ())))
        for severity, code, count in counted
    ]


def faults_with(
    session: Session, head: ImportHead, code: str, page: int
) -> tuple[list[FaultView], int]:
    """Return one page of the faults of a code, and how many there are."""
    of_it = (
        ImportFault.school_id == head.school_id,
        ImportFault.import_id == head.id,
        ImportFault.code == code,
    )
    total = session.scalar(select(func.count()).select_from(ImportFault).where(*of_it)) or 0
    query = select(ImportFault).where(*of_it).order_by(ImportFault.n)
    found = session.scalars(query.limit(PAGE).offset((page - 1) * PAGE))
    return [_fault_view(one) for one in found], total


def _fault_view(fault: ImportFault) -> FaultView:
    return FaultView(
        fault.sheet, fault.row, fault.field, fault.code, fault.severity, fault.raw, fault.repaired
    )


def summary(session: Session, head: ImportHead) -> dict[str, int]:
    """Return how many labels a staged file means, and the rest of its figures."""
    counted = (
        ImportRow.school_id == head.school_id,
        ImportRow.import_id == head.id,
        ImportRow.status.in_([RowStatus.NEW.value, RowStatus.DONE.value]),
    )
    is_item = ImportRow.managed_as == ManagedAs.ITEM.value
    pieces, items, batches = session.execute(
        select(
            func.coalesce(func.sum(ImportRow.quantity), 0),
            func.coalesce(func.sum(case((is_item, ImportRow.quantity), else_=0)), 0),
            func.count(distinct(case((and_(~is_item, ImportRow.quantity > 0), ImportRow.lot)))),
        ).where(*counted)
    ).one()
    severities = session.execute(
        select(ImportFault.severity, func.count())
        .where(ImportFault.school_id == head.school_id, ImportFault.import_id == head.id)
        .group_by(ImportFault.severity)
    )
    wrong: dict[str, int] = {row[0]: row[1] for row in severities}
    return head.statuses | {
        "pieces": int(pieces),
        "items": int(items),
        "batches": int(batches),
        "labels": int(items) + int(batches),
        "errors": wrong.get("error", 0),
        "warnings": wrong.get("warning", 0),
    }


def classes(session: Session, head: ImportHead) -> list[tuple[str, int, int]]:
    """Return the equipment classes of the new rows: how many become items, how many batches."""
    query = (
        select(ImportRow.equipment_class, ImportRow.managed_as, func.count(), func.min(ImportRow.n))
        .where(
            ImportRow.school_id == head.school_id,
            ImportRow.import_id == head.id,
            ImportRow.status == RowStatus.NEW.value,
        )
        .group_by(ImportRow.equipment_class, ImportRow.managed_as)
    )
    found: dict[str, list[int]] = {}
    for name, form, count, _ in sorted(session.execute(query).all(), key=lambda row: row[3]):
        found.setdefault(name, [0, 0])[form != ManagedAs.ITEM.value] += count
    return [(name, items, batches) for name, (items, batches) in found.items()]
