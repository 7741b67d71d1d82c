"""This module is about the chain of events: its canonical form, its hash, and where it breaks."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

FORMAT = 1
"""Version of the canonical form, part of what is hashed."""
GENESIS = "0" * 64
"""The hash before the first event of a chain."""
BUREAU = "bureau"
"""Name of the chain of what belongs to no school."""


@dataclass(frozen=True, slots=True)
class Link:
    """One event as the chain sees it. `at` is an instant in UTC with microseconds and Z."""

    id: str
    chain: str
    seq: int
    kind: str
    subject: str
    actor: str
    at: str
    data: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many events it has and the hash of the last."""

    chain: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain is not what it was. `reason`: altered, gap, head or shortened."""

    chain: str
    seq: int
    event_id: str | None
    reason: str


def canonical(data: dict[str, object]) -> str:
    """
    Return the canonical JSON of a document: sorted keys, no spaces, not escaped to ASCII.

    Raises:
        TypeError: a value is a float or is no JSON value; amounts are integers or strings.
    """
    _refuse_floats(data)
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(f"{value!r}: floats have no canonical form")
    if isinstance(value, dict):
        for inner in value.values():
            _refuse_floats(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_floats(inner)


def link_hash(previous: str, link: Link) -> str:
    """Return SHA-256 over the previous hash and the canonical form of one event, in hexadecimal."""
    envelope = canonical(
        {
            "actor": link.actor,
            "at": link.at,
            "chain": link.chain,
            "data": link.data,
            "id": link.id,
            "kind": link.kind,
            "seq": link.seq,
            "subject": link.subject,
            "v": FORMAT,
        }
    )
    return hashlib.sha256(f"{previous}\n{envelope}".encode()).hexdigest()


def breaks(links: Iterable[Link], head: Head | None, since: Head | None = None) -> Iterator[Break]:
    """
    Yield where a chain, given in order, breaks; nothing when it is whole.

    `head` is the end that the database remembers; `since` is an end that left the machine
    earlier and must still be on the chain.
    """
    previous, seq = GENESIS, 0
    passed = since is None or since.seq == 0
    for link in links:
        if link.seq != seq + 1:
            yield Break(link.chain, seq + 1, None, "gap")
        if link_hash(previous, link) != link.hash:
            yield Break(link.chain, link.seq, link.id, "altered")
        if since is not None and link.seq == since.seq:
            passed = True
            if link.hash != since.hash:
                yield Break(link.chain, link.seq, link.id, "altered")
        previous, seq = link.hash, link.seq
    if head is None and seq:
        yield Break(link.chain, seq, None, "head")
    if head is not None and (head.seq, head.hash) != (seq, previous):
        yield Break(head.chain, seq, None, "shortened" if head.seq > seq else "head")
    if not passed and since is not None:
        yield Break(since.chain, since.seq, None, "shortened")
