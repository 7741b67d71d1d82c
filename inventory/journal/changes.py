"""This module is about changes: what is written to the journal and what it does to the state.

A capability writes each kind of change as one small frozen class: its fields are what the
journal keeps, its `apply` is what the state tables become. The same `apply` runs when the
change happens and when `verify --rebuild` derives the state again, so there is one rule to
read; `apply` sees rows through `State` alone and therefore cannot tell which of the two it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Protocol, Self, TypeVar

from sqlalchemy.orm import Session
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from inventory.base import Base

M = TypeVar("M", bound=Base)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, where and by whom a change was made."""

    event_id: str
    school_id: str | None
    at: datetime
    by: str

    @property
    def school(self) -> str:
        """The school of a change that cannot be the bureau's."""
        if self.school_id is None:
            raise LookupError("this change belongs to a school")
        return self.school_id


class State(Protocol):
    """The derived rows as a change sees them: the real tables, or their copy while rebuilding."""

    def find(self, model: type[M], *key: object) -> M | None:
        """Return the row with this primary key, or None."""

    def get(self, model: type[M], *key: object) -> M:
        """Return the row with this primary key; `LookupError` when there is none."""

    def add(self, row: Base) -> None:
        """Add a new row."""

    def remove(self, row: Base) -> None:
        """Take a row away."""


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change. Fields are strings, integers, booleans, None, or tuples of these."""

    kind: ClassVar[str]

    @property
    def subject(self) -> str:
        """The code or id of what changed: whose history this belongs to."""
        raise LookupError(self.kind)

    def apply(self, state: State, on: Occasion) -> None:
        """Make the state what it is after this change."""
        raise LookupError(self.kind)

    def as_data(self) -> dict[str, Any]:
        """Return the fields for the journal; what is None is left out."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Build the change again from what the journal keeps."""
        return cls(**{name: _frozen(value) for name, value in data.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Projector:
    """What one capability derives from the journal: its changes and the tables they make."""

    changes: tuple[type[Change], ...]
    tables: tuple[type[Base], ...]
    beside: frozenset[str] = frozenset()
    """Columns (`table.column`) that are not derived from the journal: names, scans' traces."""


ADDED = "tallycard_added"
ABSENT = "tallycard_absent"


def note_absent(
    session: Session, model: type[Base], keys: Iterable[tuple[object, ...]], there: Iterable[Base]
) -> None:
    """
    Say which rows there are not, having looked for many at once: changes need not ask again.

    It holds for this transaction, in which nobody else writes them.
    """
    found = {identity(row) for row in there}
    absent: set[tuple[type[Base], tuple[object, ...]]] = session.info.setdefault(ABSENT, set())
    absent.update({(model, key) for key in keys} - found)


class SessionState:
    """The real tables, through the session of the transaction that also writes the event."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, model: type[M], *key: object) -> M | None:
        if (model, key) in self._session.info.get(ABSENT, ()):
            return None
        with self._session.no_autoflush:
            row = self._session.get(model, key)
            # What this transaction takes away is known to the session until it is flushed.
            if row is None or row in self._session.deleted:
                return self._pending(model, key)
            return row

    def get(self, model: type[M], *key: object) -> M:
        row = self.find(model, *key)
        if row is None:
            raise LookupError(f"{model.__name__} {key}")
        return row

    def add(self, row: Base) -> None:
        fill_defaults(row)
        self._session.add(row)
        self._index()[identity(row)] = row
        self._session.info.get(ABSENT, set()).discard(identity(row))

    def remove(self, row: Base) -> None:
        self._index().pop(identity(row), None)
        if row in self._session.new:
            self._session.expunge(row)
        else:
            self._session.delete(row)

    def _pending(self, model: type[M], key: tuple[object, ...]) -> M | None:
        """A row that was added but not flushed is not in the identity map yet."""
        row = self._index().get((model, key))
        return row if isinstance(row, model) and row in self._session else None

    def _index(self) -> dict[tuple[type[Base], tuple[object, ...]], Base]:
        index: dict[tuple[type[Base], tuple[object, ...]], Base]
        index = self._session.info.setdefault(ADDED, {})
        return index


@cache
def _defaults(model: type[Base]) -> tuple[tuple[str, object], ...]:
    mapper = model.__mapper__
    return tuple(
        (mapper.get_property_by_column(column).key, column.default.arg)
        for column in mapper.columns
        if isinstance(column.default, ScalarElementColumnDefault)
    )


def fill_defaults(row: Base) -> None:
    """Give a new row the defaults of its columns at once: changes that follow look at them."""
    for name, value in _defaults(type(row)):
        if getattr(row, name) is None:
            setattr(row, name, value)


def identity(row: Base) -> tuple[type[Base], tuple[object, ...]]:
    keys = type(row).__mapper__.primary_key
    names = (type(row).__mapper__.get_property_by_column(column).key for column in keys)
    return type(row), tuple(getattr(row, name) for name in names)
