"""This module is about reading what was done to many things at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from inventory.identity.models import Person
from inventory.places.models import Place
from inventory.register.bulk_models import BulkChange, BulkItem, BulkSort
from inventory.register.models import Thing

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
    target: str | None = None
    """The id of the place or the person."""
    left: int = 0
    """Of one that was undone: how many things are still as it left them."""


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
        row.undone_by, int(count or 0), tuple(codes), row.to,
        len(still_changed(session, row)) if row.undone_by else 0,
    )  # fmt: skip


def codes_of(session: Session, school_id: str, bulk_id: str) -> list[str]:
    """Return the codes of all that a bulk change changed."""
    query = select(BulkItem.code).where(
        BulkItem.school_id == school_id, BulkItem.bulk_id == bulk_id
    )
    return list(session.scalars(query.order_by(BulkItem.code)))


def changed_of(session: Session, bulk: BulkChange, codes: Sequence[str]) -> set[str]:
    """Return those of some codes that a bulk change changed already."""
    query = select(BulkItem.code).where(
        BulkItem.school_id == bulk.school_id, BulkItem.bulk_id == bulk.id,
        BulkItem.code.in_(list(codes)),
    )  # fmt: skip
    return set(session.scalars(query))


def still_changed(session: Session, bulk: BulkChange) -> list[str]:
    """Return what is alive of a bulk change and still as it left it, though it was undone."""
    undone = aliased(BulkItem)
    now = Thing.home_id if bulk.sort == BulkSort.MOVE.value else Thing.keeper_id
    query = (
        select(BulkItem.code)
        .join(Thing, and_(Thing.school_id == BulkItem.school_id, Thing.code == BulkItem.code))
        .outerjoin(
            undone,
            and_(
                undone.school_id == BulkItem.school_id,
                undone.bulk_id == bulk.undone_by,
                undone.code == BulkItem.code,
            ),
        )
        .where(
            BulkItem.school_id == bulk.school_id, BulkItem.bulk_id == bulk.id,
            undone.code.is_(None), Thing.retired_at.is_(None),
            or_(now == BulkItem.after, and_(now.is_(None), BulkItem.after.is_(None))),
        )
        .order_by(BulkItem.code)
    )  # fmt: skip
    return list(session.scalars(query))


def _target(session: Session, row: BulkChange) -> str:
    if row.to is None:
        return ""
    if row.sort == BulkSort.MOVE.value:
        place = session.get(Place, (row.school_id, row.to))
        return place.path if place else row.to
    person = session.get(Person, row.to)
    return person.name if person else row.to
