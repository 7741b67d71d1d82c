"""This module is about deriving the state again from the journal and comparing, never writing."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from inventory.base import Base, SchoolScoped
from inventory.journal import store
from inventory.journal.changes import Change, M, Occasion, Projector, fill_defaults, identity
from inventory.journal.rules import BUREAU, Break, Head, Link, breaks

MOST_DIFFERENCES = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of a state table that is not what the journal says."""

    table: str
    key: str
    column: str
    stored: str
    derived: str


@dataclass(slots=True)
class Verdict:
    """What verifying found. Everything agrees when there is neither a break nor a difference."""

    heads: list[Head] = field(default_factory=list)
    events: int = 0
    broken: list[Break] = field(default_factory=list)
    unreplayable: list[tuple[Link, str]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    rows: int = 0

    @property
    def agrees(self) -> bool:
        return not (self.broken or self.unreplayable or self.differences)


class MemoryState:
    """The derived rows while rebuilding: objects that never meet a session."""

    def __init__(self) -> None:
        self.rows: dict[tuple[type[Base], tuple[object, ...]], Base] = {}

    def find(self, model: type[M], *key: object) -> M | None:
        row = self.rows.get((model, key))
        return row if isinstance(row, model) else None

    def get(self, model: type[M], *key: object) -> M:
        row = self.find(model, *key)
        if row is None:
            raise LookupError(f"{model.__name__} {key}")
        return row

    def add(self, row: Base) -> None:
        fill_defaults(row)
        self.rows[identity(row)] = row

    def remove(self, row: Base) -> None:
        self.rows.pop(identity(row), None)


def verify_chains(
    connection: Connection, schools: frozenset[str] | None, since: Iterable[Head] = ()
) -> Verdict:
    """Walk every chain in scope and name each place where it is not what it was."""
    verdict = Verdict()
    known = {head.chain: head for head in since}
    names = store.chains(connection, schools, bureau=True)
    for name in [*names, *(chain for chain in known if chain not in names)]:
        head = store.head(connection, name)
        if head is not None:
            verdict.heads.append(head)
        walked = _counted(store.links(connection, name), verdict)
        verdict.broken.extend(breaks(walked, head, known.get(name)))
    return verdict


def _counted(links: Iterator[tuple[Link, str | None]], verdict: Verdict) -> Iterator[Link]:
    for link, school_id in links:
        verdict.events += 1
        if (school_id or BUREAU) != link.chain:
            verdict.broken.append(Break(link.chain, link.seq, link.id, "altered"))
        yield link


def rebuild(
    session: Session,
    projectors: Iterable[Projector],
    schools: frozenset[str] | None,
    verdict: Verdict,
) -> Verdict:
    """
    Derive the state from the journal beside the tables and put the differences into the verdict.

    Blank codes live in the bureau's chain, so it is replayed first, whatever the scope.
    """
    projectors = tuple(projectors)
    state = MemoryState()
    kinds = {change.kind: change for projector in projectors for change in projector.changes}
    connection = session.connection()
    for chain in store.chains(connection, schools, bureau=True):
        for link, school_id in store.links(connection, chain):
            _replay(kinds, state, link, school_id, verdict)
    for projector in projectors:
        for model in projector.tables:
            _compare(session, model, projector.beside, state, schools, verdict)
    return verdict


def _replay(
    kinds: dict[str, type[Change]],
    state: MemoryState,
    link: Link,
    school_id: str | None,
    verdict: Verdict,
) -> None:
    change = kinds.get(link.kind)
    if change is None:
        verdict.unreplayable.append((link, "unknown_kind"))
        return
    at = datetime.strptime(link.at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    on = Occasion(link.id, school_id, at, link.actor)
    try:
        change.from_data(json.loads(link.data)).apply(state, on)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # A tampered event may name what never was: that is a finding, not a crash.
        verdict.unreplayable.append((link, f"{type(error).__name__}: {error}"))


def _compare(
    session: Session,
    model: type[Base],
    beside: frozenset[str],
    state: MemoryState,
    schools: frozenset[str] | None,
    verdict: Verdict,
) -> None:
    table = str(model.__tablename__)
    derived = {key: row for (owner, key), row in state.rows.items() if owner is model}
    query = select(model)
    if schools is not None:
        if not issubclass(model, SchoolScoped):
            return
        query = query.where(model.school_id.in_(schools))
        derived = {key: row for key, row in derived.items() if key[0] in schools}
    for row in session.scalars(query.execution_options(yield_per=1000)):
        verdict.rows += 1
        _, key = identity(row)
        _note(verdict, _differences(table, key, row, derived.pop(key, None), beside))
    for key, row in derived.items():
        _note(verdict, _differences(table, key, None, row, beside))


def _note(verdict: Verdict, found: Iterable[Difference]) -> None:
    for difference in found:
        if len(verdict.differences) < MOST_DIFFERENCES:
            verdict.differences.append(difference)


def _differences(
    table: str, key: tuple[object, ...], stored: Base | None, derived: Base | None,
    beside: frozenset[str],
) -> Iterator[Difference]:  # fmt: skip
    name = "/".join(str(part) for part in key)
    if stored is None or derived is None:
        yield Difference(table, name, "*", _presence(stored), _presence(derived))
        return
    for column in type(stored).__mapper__.columns:
        if f"{table}.{column.name}" in beside:
            continue
        left, right = _value(stored, column), _value(derived, column)
        if left != right:
            yield Difference(table, name, column.name, str(left), str(right))


def _presence(row: Base | None) -> str:
    return "nothing" if row is None else "a row"


def _value(row: Base, column: Any) -> object:
    """The value of a column; a row that was never stored has its default still to come."""
    value = getattr(row, type(row).__mapper__.get_property_by_column(column).key)
    if value is None and column.default is not None and column.default.is_scalar:
        return column.default.arg
    return value
