"""This module is about keeping the terms right: whatever changes a row changes them with it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session

from inventory.base import Base
from inventory.search import store
from inventory.search.models import Searched
from inventory.search.rules import Doc

SLICE = 1_000


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _: Any) -> None:
    """Write the terms of what was flushed, in the same transaction."""
    new = [row for row in session.new if isinstance(row, Searched)]
    changed = [row for row in session.dirty if isinstance(row, Searched) and _is_changed(row)]
    gone = [row for row in session.deleted if isinstance(row, Searched)]
    if not (new or changed or gone):
        return
    connection = session.connection()
    for (school_id, sort), keys in _keys([*changed, *gone]).items():
        store.take_out(connection, school_id, sort, keys)
    _put(session, [*new, *changed])


def _is_changed(row: Searched) -> bool:
    attributes = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in row.searched_columns)


def _put(session: Session, rows: Iterable[Searched]) -> None:
    docs: dict[str, list[Doc]] = defaultdict(list)
    for row in rows:
        school_id = row.school_id  # type: ignore[attr-defined]
        if school_id is not None:  # the bureau's people keep nothing
            docs[school_id].extend(row.searched())
    for school_id in sorted(docs):
        store.put(session.connection(), school_id, docs[school_id])


def _keys(rows: list[Searched]) -> dict[tuple[str, str], list[str]]:
    """The keys of the rows' own docs; what they make found besides may be others' as well."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        for doc in row.searched():
            school_id = row.school_id  # type: ignore[attr-defined]
            if school_id is not None and doc.sort == row.searched_sort:
                found[school_id, doc.sort].append(doc.key)
    return found


def searched_models() -> list[type[Any]]:
    """Return the tables whose rows are found by words."""
    mappers = sorted(Base.registry.mappers, key=lambda one: one.class_.__name__)
    return [one.class_ for one in mappers if issubclass(one.class_, Searched)]


def forget(session: Session, school_id: str) -> None:
    """Throw all terms of a school away; `write_again` brings them back, table by table."""
    store.take_out_all(session.connection(), school_id)


def write_again(
    session: Session, model: type[Any], school_id: str, after: str, size: int = SLICE
) -> tuple[int, str | None]:
    """
    Write the terms of the next rows of a table.

    Return how many they were, and the last one's key; None at the end.
    """
    key = model.__mapper__.primary_key[-1]
    query = select(model).where(model.school_id == school_id, key > after).order_by(key)
    rows = list(session.scalars(query.limit(size)))
    _put(session, rows)
    last = str(getattr(rows[-1], key.key)) if len(rows) == size else None
    session.expunge_all()
    return len(rows), last
