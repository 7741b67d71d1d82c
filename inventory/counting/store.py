"""This module is about SQL below the ORM for sightings, scope as a required argument."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select

from inventory.counting.models import Count, CountLine, CountSighting

COUNT = Count.__table__
LINE = CountLine.__table__
SIGHTING = CountSighting.__table__


def counts(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[str, str, bool]]:
    """Return school, place and whether it is open of the counts named; the caller scopes them."""
    query = select(COUNT.c.id, COUNT.c.school_id, COUNT.c.place_id, COUNT.c.closed_at).where(
        COUNT.c.id.in_(sorted(set(ids)))
    )
    if connection.dialect.name == "postgresql":
        # One writer a count: sightings are numbered, and a count that closes takes no more.
        query = query.order_by(COUNT.c.id).with_for_update()
    return {row[0]: (row[1], row[2], row[3] is None) for row in connection.execute(query)}


EXPECTED = select(LINE.c.code, LINE.c.is_batch, LINE.c.quantity, LINE.c.place).where(
    LINE.c.school_id == bindparam("school"),
    LINE.c.count_id == bindparam("count"),
    LINE.c.code.in_(bindparam("codes", expanding=True)),
)
SEEN = select(SIGHTING.c.code, SIGHTING.c.payload).where(
    SIGHTING.c.school_id == bindparam("school"),
    SIGHTING.c.count_id == bindparam("count"),
    SIGHTING.c.undone_at.is_(None),
    or_(
        SIGHTING.c.code.in_(bindparam("codes", expanding=True)),
        and_(
            SIGHTING.c.code.is_(None),
            SIGHTING.c.payload.in_(bindparam("payloads", expanding=True)),
        ),
    ),
)
LAST = select(func.coalesce(func.max(SIGHTING.c.number), 0)).where(
    SIGHTING.c.school_id == bindparam("school"), SIGHTING.c.count_id == bindparam("count")
)


def expected(
    connection: Connection, school_id: str, count_id: str, codes: Sequence[str]
) -> dict[str, Any]:
    """Return the lines of a count among the codes."""
    values = {"school": school_id, "count": count_id, "codes": list(codes)}
    return {row.code: row for row in connection.execute(EXPECTED, values)}


def seen(
    connection: Connection, school_id: str, count_id: str, codes: Sequence[str],
    payloads: Sequence[str],
) -> set[str]:  # fmt: skip
    """Return which of the codes and unknown payloads have a sighting that stands."""
    values = {
        "school": school_id, "count": count_id, "codes": list(codes), "payloads": list(payloads),
    }  # fmt: skip
    return {row.code or row.payload for row in connection.execute(SEEN, values)}


def last_number(connection: Connection, school_id: str, count_id: str) -> int:
    """Return the number of the last sighting of a count, 0 when there is none."""
    values = {"school": school_id, "count": count_id}
    return int(connection.execute(LAST, values).scalar_one())


INSERT = insert(SIGHTING)


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert sightings; each row names its school."""
    if rows:
        connection.execute(INSERT, rows)
