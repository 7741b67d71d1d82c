"""This module is about filling a school quickly: the same changes, the same chain, many at once.

The demonstration makes a million things with it. Each change is applied in memory by its own
`apply`, as while rebuilding; the rows that come of it and the events are inserted together.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, select, update

from inventory.base import Base, new_id, table_of
from inventory.db import Insert
from inventory.journal.changes import Change, Occasion
from inventory.journal.rebuild import MemoryState
from inventory.journal.rules import BUREAU, canonical
from inventory.journal.store import append
from inventory.places.models import Place
from inventory.register.changes import SERIES, CodesMinted
from inventory.register.models import CardLine, CodeSeries
from inventory.register.rules import FIRST_SERIAL, code_of
from inventory.scope import Actor
from inventory.search.models import Searched
from inventory.search.store import put

KEPT_UNTIL_THE_END = (CardLine,)
"""Rows that later changes of the school change again."""


@cache
def _columns(model: type[Base]) -> tuple[tuple[str, str], ...]:
    """The columns of a table and the attributes that hold them."""
    return tuple(
        (column.name, model.__mapper__.get_property_by_column(column).key)
        for column in table_of(model).columns
    )


@cache
def _insert(model: type[Base]) -> Insert:
    return Insert(table_of(model))


class Filler:
    """Fills one school; `write` puts what was done so far into the database."""

    def __init__(self, by: Actor, school_id: str, at: datetime, known: Iterable[Base]) -> None:
        self._by = by
        self._school_id = school_id
        self._at = at
        self._state = MemoryState()
        self._events: list[dict[str, object]] = []
        self._known: dict[Any, Base] = {}
        for row in known:
            self._state.add(row)
        self._known.update(self._state.rows)
        self._next: int | None = None
        self._first_of_slice: int | None = None

    def do(self, change: Change, school_id: str | None) -> None:
        """Make a change; `school_id` is None for one of the whole deployment."""
        on = Occasion(new_id(self._at), school_id, self._at, self._by.id)
        change.apply(self._state, on)
        self._events.append(
            {
                "id": on.event_id,
                "school_id": school_id,
                "chain": school_id or BUREAU,
                "kind": change.kind,
                "subject": change.subject,
                "actor": on.by,
                "at": on.at,
                "data": canonical(change.as_data()),
            }
        )

    def begin(self, connection: Connection) -> None:
        """Look where the series of codes stands; it belongs to this filler until `write`."""
        series = table_of(CodeSeries)
        found = connection.execute(select(series.c.next_serial)).scalar()
        self._state.rows.pop((CodeSeries, (SERIES,)), None)
        if found is not None:
            row = CodeSeries(id=SERIES, next_serial=found)
            self._state.add(row)
            self._known[CodeSeries, (SERIES,)] = row
        self._next = found if found is not None else FIRST_SERIAL

    def codes(self, count: int) -> list[str]:
        """Mint codes."""
        if self._next is None:
            raise RuntimeError("begin first")
        first, self._next = self._next, self._next + count
        self.do(CodesMinted(first, count), None)
        return [code_of(serial) for serial in range(first, first + count)]

    def write(self, connection: Connection, *, last: bool = False) -> None:
        """Insert the new rows and chain the events; card lines come with the last of them."""
        by_model: dict[type[Base], list[Base]] = {}
        for key, row in self._state.rows.items():
            if key not in self._known and (last or key[0] not in KEPT_UNTIL_THE_END):
                by_model.setdefault(key[0], []).append(row)
        self._turn_series(connection)
        for model, rows in by_model.items():
            columns = _columns(model)
            _insert(model)(
                connection, [{name: getattr(row, key) for name, key in columns} for row in rows]
            )
        put(
            connection, self._school_id,
            (doc for rows in by_model.values() for row in rows if isinstance(row, Searched)
             for doc in row.searched()),
        )  # fmt: skip
        append(connection, self._events)
        self._events = []
        self._known.update({key: row for key, row in self._state.rows.items() if key[0] is Place})
        kept = {*self._known, *(key for key in self._state.rows if key[0] in KEPT_UNTIL_THE_END)}
        self._state.rows = {key: self._state.rows[key] for key in kept}

    def _turn_series(self, connection: Connection) -> None:
        row = self._known.get((CodeSeries, (SERIES,)))
        if isinstance(row, CodeSeries):
            series = table_of(CodeSeries)
            connection.execute(update(series).values(next_serial=row.next_serial))
