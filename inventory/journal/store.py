"""This module is about SQL below the ORM: chaining events, streaming chains."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from inventory.base import table_of
from inventory.errors import AlreadyRecorded
from inventory.journal.models import ChainHead, Event
from inventory.journal.rules import GENESIS, Head, Link, link_hash

EVENT = table_of(Event)
HEAD = table_of(ChainHead)
PAGE = 2_000


def append(connection: Connection, events: Sequence[dict[str, object]]) -> None:
    """
    Chain events and insert them; each row carries its school, so the scope is the caller's.

    The heads are locked here, at the very end of a transaction and in the order of their
    names, so that two writers of several schools cannot wait for each other in a circle.

    Raises:
        AlreadyRecorded: an event with one of these ids exists; the transaction must be undone,
            for its other changes would be made twice.
    """
    by_chain: dict[str, list[dict[str, object]]] = defaultdict(list)
    for event in events:
        by_chain[str(event["chain"])].append(event)
    heads = _lock_heads(connection, sorted(by_chain))
    rows: list[dict[str, object]] = []
    for chain in sorted(by_chain):
        rows.extend(_chained(heads[chain], by_chain[chain]))
    if _insert(connection, rows) != len(rows):
        raise AlreadyRecorded(events=len(rows))
    for chain, chained in by_chain.items():
        last = chained[-1]
        connection.execute(
            update(HEAD).where(HEAD.c.chain == chain).values(seq=last["seq"], hash=last["hash"])
        )


def _lock_heads(connection: Connection, chains: list[str]) -> dict[str, Head]:
    heads = _select_heads(connection, chains)
    missing = [chain for chain in chains if chain not in heads]
    if missing:
        connection.execute(
            _on_conflict_nothing(connection, HEAD),
            [{"chain": chain, "seq": 0, "hash": GENESIS} for chain in missing],
        )
        heads = _select_heads(connection, chains)
    return heads


def _select_heads(connection: Connection, chains: list[str]) -> dict[str, Head]:
    query = select(HEAD).where(HEAD.c.chain.in_(chains)).order_by(HEAD.c.chain)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    return {row.chain: Head(row.chain, row.seq, row.hash) for row in connection.execute(query)}


def _chained(head: Head, events: list[dict[str, object]]) -> list[dict[str, object]]:
    previous, seq = head.hash, head.seq
    for event in events:
        seq += 1
        event["seq"] = seq
        event["hash"] = previous = link_hash(previous, _link(event))
    return events


def _link(event: dict[str, object]) -> Link:
    return Link(
        id=str(event["id"]),
        chain=str(event["chain"]),
        seq=int(str(event["seq"])),
        kind=str(event["kind"]),
        subject=str(event["subject"]),
        actor=str(event["actor"]),
        at=instant(event["at"]),
        data=str(event["data"]),
        hash="",
    )


def instant(at: object) -> str:
    """Write an aware UTC time with microseconds and Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # type: ignore[attr-defined, no-any-return]


def _insert(connection: Connection, rows: list[dict[str, object]]) -> int:
    statement = _on_conflict_nothing(connection, EVENT)
    return len(connection.execute(statement.returning(EVENT.c.id), rows).all())


def _on_conflict_nothing(connection: Connection, table: object) -> sqlite.Insert:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement: sqlite.Insert = dialect.insert(table).on_conflict_do_nothing()
    return statement


def chains(connection: Connection, schools: frozenset[str] | None, bureau: bool) -> list[str]:
    """Return the names of the chains in scope, the bureau's first."""
    query = select(EVENT.c.chain).distinct().union(select(HEAD.c.chain))
    found = {row[0] for row in connection.execute(query)}
    names = sorted(name for name in found if name != "bureau")
    if schools is not None:
        names = [name for name in names if name in schools]
    return (["bureau"] if bureau and "bureau" in found else []) + names


def head(connection: Connection, chain: str) -> Head | None:
    """Return the end of one chain as the database remembers it."""
    row = connection.execute(select(HEAD).where(HEAD.c.chain == chain)).first()
    return Head(row.chain, row.seq, row.hash) if row else None


def links(connection: Connection, chain: str) -> Iterator[tuple[Link, str | None]]:
    """Yield the events of one chain in order, with their school, a page at a time."""
    after = 0
    while True:
        query = (
            select(EVENT)
            .where(EVENT.c.chain == chain, EVENT.c.seq > after)
            .order_by(EVENT.c.seq)
            .limit(PAGE)
        )
        page = connection.execute(query).all()
        if not page:
            return
        for row in page:
            link = Link(
                row.id, row.chain, row.seq, row.kind, row.subject, row.actor,
                instant(row.at), row.data, row.hash,
            )  # fmt: skip
            yield link, row.school_id
        after = page[-1].seq
