"""This module is about reading imports: what a staged file would do, row by row."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.exchange.models import Import, ImportRow, RowStatus

PAGE = 100


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
    faults: list[dict[str, Any]]

    @property
    def is_applied(self) -> bool:
        return self.applied_at is not None

    @property
    def total(self) -> int:
        return sum(self.statuses.values())

    @property
    def done(self) -> int:
        return self.statuses.get(RowStatus.DONE.value, 0)

    @property
    def left(self) -> int:
        return self.statuses.get(RowStatus.NEW.value, 0)


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
    faults: tuple[dict[str, Any], ...]

    @property
    def labels(self) -> int:
        if not self.record["quantity"]:
            return 0
        return self.record["quantity"] if self.managed_as == "item" else 1


def imports(session: Session, school_id: str | None = None, limit: int = 20) -> list[ImportHead]:
    """Return imports, the latest first."""
    query = select(Import).order_by(Import.staged_at.desc()).limit(limit)
    if school_id:
        query = query.where(Import.school_id == school_id)
    return [_head(session, job) for job in session.scalars(query)]


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
    return ImportHead(
        job.school_id, job.id, job.file, job.staged_at, job.confirmed_at, job.applied_at,
        job.document_id, {row[0]: row[1] for row in statuses}, json.loads(job.faults),
    )  # fmt: skip


def rows(session: Session, head: ImportHead, *, status: str = "", page: int = 1) -> list[RowView]:
    """Return one page of a staged file's rows."""
    query = select(ImportRow).where(
        ImportRow.school_id == head.school_id, ImportRow.import_id == head.id
    )
    if status:
        query = query.where(ImportRow.status == status)
    query = query.order_by(ImportRow.n).limit(PAGE).offset((page - 1) * PAGE)
    by_row: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for fault in head.faults:
        by_row.setdefault((fault["sheet"], fault["row"]), []).append(fault)
    return [_view(row, by_row) for row in session.scalars(query)]


def _view(row: ImportRow, faults: dict[tuple[str, int], list[dict[str, Any]]]) -> RowView:
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


def summary(session: Session, head: ImportHead) -> dict[str, int]:
    """Return how many labels a staged file means, and the rest of its figures."""
    figures: Counter[str] = Counter()
    batches: set[tuple[str, ...]] = set()
    query = select(ImportRow).where(
        ImportRow.school_id == head.school_id, ImportRow.import_id == head.id
    )
    for row in session.scalars(query):
        figures[row.status] += 1
        if row.status not in {RowStatus.NEW.value, RowStatus.DONE.value}:
            continue
        record = json.loads(row.record)
        figures["pieces"] += record["quantity"]
        if row.managed_as == "item":
            figures["items"] += record["quantity"]
        elif record["quantity"]:
            names = ("sheet", "code", "name", "spec", "unit", "location")
            batches.add(tuple(str(record[name]) for name in names))
    figures["batches"] = len(batches)
    figures["labels"] = figures["items"] + len(batches)
    figures["errors"] = sum(fault["severity"] == "error" for fault in head.faults)
    figures["warnings"] = sum(fault["severity"] == "warning" for fault in head.faults)
    return dict(figures)


def classes(session: Session, head: ImportHead) -> list[tuple[str, int, int]]:
    """Return the equipment classes of the new rows: how many become items, how many batches."""
    found: dict[str, list[int]] = {}
    query = select(ImportRow).where(
        ImportRow.school_id == head.school_id,
        ImportRow.import_id == head.id,
        ImportRow.status == RowStatus.NEW.value,
    )
    for row in session.scalars(query):
        name = json.loads(row.record).get("equipment_class") or ""
        found.setdefault(name, [0, 0])[row.managed_as != "item"] += 1
    return [(name, items, batches) for name, (items, batches) in found.items()]
