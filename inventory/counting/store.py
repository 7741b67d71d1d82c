"""This module is about SQL below the ORM for sightings, scope as a required argument."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, select

from inventory.base import table_of
from inventory.counting.models import Count, CountLine, CountSighting
from inventory.db import Insert, Statement, among
from inventory.register.models import Code

CODE = table_of(Code)
COUNT = table_of(Count)
LINE = table_of(CountLine)
SIGHTING = table_of(CountSighting)


def _counts(engine: str) -> Select[Any]:
    # A count's id is its code, and its code knows the school: both keys are found at once.
    # One writer a count on PostgreSQL: sightings are numbered, and a closing count takes no more.
    return (
        select(COUNT.c.id, COUNT.c.school_id, COUNT.c.place_id, COUNT.c.closed_at)
        .join(CODE, and_(CODE.c.school_id == COUNT.c.school_id, CODE.c.code == COUNT.c.id))
        .where(among(CODE.c.code, "ids", engine))
        .order_by(COUNT.c.id)
        .with_for_update(of=COUNT)
    )


def _expected(engine: str) -> Select[Any]:
    return select(LINE.c.code, LINE.c.is_batch).where(
        LINE.c.school_id == bindparam("school"),
        LINE.c.count_id == bindparam("count"),
        among(LINE.c.code, "codes", engine),
    )


def _standing() -> Select[Any]:
    return select(SIGHTING.c.code, SIGHTING.c.payload).where(
        SIGHTING.c.school_id == bindparam("school"),
        SIGHTING.c.count_id == bindparam("count"),
        SIGHTING.c.undone_at.is_(None),
    )


def _seen(engine: str) -> Select[Any]:
    return _standing().where(among(SIGHTING.c.code, "codes", engine))


def _seen_strays(engine: str) -> Select[Any]:
    return _standing().where(
        SIGHTING.c.code.is_(None), among(SIGHTING.c.payload, "payloads", engine)
    )


def _last(_: str) -> Select[Any]:
    return select(func.max(SIGHTING.c.number)).where(
        SIGHTING.c.school_id == bindparam("school"), SIGHTING.c.count_id == bindparam("count")
    )


COUNTS, EXPECTED, LAST = Statement(_counts), Statement(_expected), Statement(_last)
SEEN, SEEN_STRAYS = Statement(_seen), Statement(_seen_strays)
INSERT = Insert(SIGHTING)


def counts(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, str, bool]]:
    """Return school, place and whether it is open of the counts named; the caller scopes them."""
    rows = COUNTS(connection, {"ids": sorted(set(ids))})
    return {row[0]: (row[1], row[2], row[3] is None) for row in rows}


def expected(
    connection: Connection, school_id: str, count_id: str, codes: Sequence[str]
) -> dict[str, bool]:
    """Return which of the codes a count expects, and of each whether it is a batch."""
    values = {"school": school_id, "count": count_id, "codes": list(codes)}
    return {row[0]: bool(row[1]) for row in EXPECTED(connection, values)}


def seen(
    connection: Connection, school_id: str, count_id: str, codes: Sequence[str],
    payloads: Sequence[str],
) -> set[str]:  # fmt: skip
    """Return which of the codes and unknown payloads have a sighting that stands."""
    scope = {"school": school_id, "count": count_id}
    found = {row[0] for row in SEEN(connection, scope | {"codes": list(codes)})}
    if payloads:
        strays = SEEN_STRAYS(connection, scope | {"payloads": list(payloads)})
        found.update(row[1] for row in strays)
    return found


def last_number(connection: Connection, school_id: str, count_id: str) -> int:
    """Return the number of the last sighting of a count, 0 when there is none."""
    [row] = LAST(connection, {"school": school_id, "count": count_id})
    return row[0] or 0


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert sightings; each row names its school."""
    INSERT(connection, rows)
