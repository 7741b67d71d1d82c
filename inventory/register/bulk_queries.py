"""This module is about reading what was done to many things at once."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from inventory.identity.models import Person
from inventory.places.models import Place
from inventory.register.bulk_models import BulkChange, BulkItem, BulkSort

SHOWN = 200


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A bulk change for display: what, to whom or where, how many; the codes of the first."""

    school_id: str
    id: str
    sort: str
    to: str
    of: str | None
    at: datetime
    by: str
    undone_by: str | None
    count: int
    codes: tuple[str, ...]


def bulk(session: Session, bulk_id: str) -> BulkRow | None:
    """Return a bulk change of the schools in sight."""
    row = session.scalar(select(BulkChange).where(BulkChange.id == bulk_id))
    if row is None:
        return None
    own = and_(BulkItem.school_id == row.school_id, BulkItem.bulk_id == row.id)
    codes = session.scalars(select(BulkItem.code).where(own).order_by(BulkItem.code).limit(SHOWN))
    count = session.scalar(select(func.count()).select_from(BulkItem).where(own))
    return BulkRow(
        row.school_id, row.id, row.sort, _target(session, row), row.of, row.at, row.by,
        row.undone_by, int(count or 0), tuple(codes),
    )  # fmt: skip


def _target(session: Session, row: BulkChange) -> str:
    if row.to is None:
        return ""
    if row.sort == BulkSort.MOVE.value:
        place = session.get(Place, (row.school_id, row.to))
        return place.path if place else row.to
    person = session.get(Person, row.to)
    return person.name if person else row.to
