"""This module is about SQL below the ORM for the terms: written in the transaction of their row."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from inventory.base import table_of
from inventory.search.models import KEY_LENGTH, SearchTerm
from inventory.search.rules import Doc

TERM = table_of(SearchTerm)
AT_ONCE = 200


def put(connection: Connection, school_id: str, docs: Iterable[Doc]) -> None:
    """Write the terms of docs of one school; terms that are there already stay."""
    rows = {(doc.sort, term, doc.key[:KEY_LENGTH]) for doc in docs for term in doc.terms()}
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(TERM).on_conflict_do_nothing(),
        [
            {"school_id": school_id, "sort": sort, "term": term, "key": key}
            for sort, term, key in sorted(rows)
        ],
    )


def take_out(connection: Connection, school_id: str, sort: str, keys: Sequence[str]) -> None:
    """Delete the terms of some rows of one school."""
    for start in range(0, len(keys), AT_ONCE):
        part = [key[:KEY_LENGTH] for key in keys[start : start + AT_ONCE]]
        connection.execute(
            delete(TERM).where(
                TERM.c.school_id == school_id, TERM.c.sort == sort, TERM.c.key.in_(part)
            )
        )


def take_out_all(connection: Connection, school_id: str) -> None:
    """Delete all terms of one school, to write them again."""
    connection.execute(delete(TERM).where(TERM.c.school_id == school_id))
