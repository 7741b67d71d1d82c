"""This module is about the agreement check: ledger = thing = card, per school and kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.ledger.models import LedgerLine
from inventory.places.models import ALIVE, BOUNDARY, School
from inventory.register.models import CardLine, Holding, Thing


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A kind of a school of which the ledger, the things and the cards do not say the same."""

    school_id: str
    kind_id: str
    name: str
    ledger: int
    things: int
    cards: int

    @property
    def sorts(self) -> tuple[str, ...]:
        """What is the matter; the page says what to do about each."""
        sorts = []
        if self.ledger != self.things:
            sorts.append("ledger_more" if self.ledger > self.things else "ledger_less")
        if self.things != self.cards:
            sorts.append("cards_differ")
        return tuple(sorts)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The figures of the three sides and every kind where they differ."""

    kinds: int
    ledger: int
    things: int
    cards: int
    disagreements: tuple[Disagreement, ...]
    codes: int
    """How many things with a code of their own the pieces are."""

    @property
    def holds(self) -> bool:
        return not self.disagreements


def agreement(session: Session, schools: Iterable[str] | None = None) -> Agreement:
    """Compare what the ledger, the things and the cabinet cards say of each kind."""
    wanted = None if schools is None else sorted(schools)
    ledger = _sums(session, _ledger_sums(), LedgerLine.school_id, wanted)
    held = _held(session, wanted)
    things = {key: one[0] for key, one in held.items()}
    cards = _sums(session, _card_sums(), CardLine.school_id, wanted)
    keys = sorted({*ledger, *things, *cards})
    names = _names(session, wanted)
    differing = tuple(
        Disagreement(
            key[0],
            key[1],
            names.get(key, "?"),
            ledger.get(key, 0),
            things.get(key, 0),
            cards.get(key, 0),
        )
        for key in keys
        if not ledger.get(key, 0) == things.get(key, 0) == cards.get(key, 0)
    )
    return Agreement(
        len(keys), sum(ledger.values()), sum(one[0] for one in held.values()),
        sum(cards.values()), differing, sum(one[1] for one in held.values()),
    )  # fmt: skip


def _ledger_sums() -> Any:
    return select(LedgerLine.school_id, LedgerLine.kind_id, func.sum(LedgerLine.quantity)).group_by(
        LedgerLine.school_id, LedgerLine.kind_id
    )


def _held(session: Session, schools: list[str] | None) -> dict[tuple[str, str], tuple[int, int]]:
    """Pieces and things of each kind that are in a place where they are alive."""
    elsewhere = [sort.value for sort in BOUNDARY if sort not in ALIVE]
    query = (
        select(Thing.school_id, Thing.kind_id, func.sum(Holding.quantity), func.count())
        .join(Holding, and_(Holding.school_id == Thing.school_id, Holding.code == Thing.code))
        .where(Holding.place_id.not_in(elsewhere))  # the id of a boundary place is its sort
        .group_by(Thing.school_id, Thing.kind_id)
    )
    if schools is not None:
        query = query.where(Thing.school_id.in_(schools))
    return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in session.execute(query)}


def _card_sums() -> Any:
    return select(CardLine.school_id, CardLine.kind_id, func.sum(CardLine.quantity)).group_by(
        CardLine.school_id, CardLine.kind_id
    )


def _sums(
    session: Session, query: Any, column: Any, schools: list[str] | None
) -> dict[tuple[str, str], int]:
    if schools is not None:
        query = query.where(column.in_(schools))
    return {(row[0], row[1]): int(row[2]) for row in session.execute(query)}


def _names(session: Session, schools: list[str] | None) -> dict[tuple[str, str], str]:
    query = select(Kind.school_id, Kind.id, Kind.name, Kind.specification)
    if schools is not None:
        query = query.where(Kind.school_id.in_(schools))
    return {(row[0], row[1]): f"{row[2]} {row[3]}".strip() for row in session.execute(query)}


def together(each: Iterable[Agreement]) -> Agreement:
    """Return the figures of several schools as one."""
    parts = list(each)
    return Agreement(
        sum(one.kinds for one in parts), sum(one.ledger for one in parts),
        sum(one.things for one in parts), sum(one.cards for one in parts),
        tuple(row for one in parts for row in one.disagreements),
        sum(one.codes for one in parts),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SchoolFigures:
    """One school in a district's list."""

    id: str
    name: str
    stage: str
    things: int
    pieces: int
    differing: int


def figures_of(school: School, agreed: Agreement) -> SchoolFigures:
    """Return how many things and pieces a school has, and in how many kinds its sums differ."""
    return SchoolFigures(
        school.id, school.name, school.stage, agreed.codes, agreed.things,
        len(agreed.disagreements),
    )  # fmt: skip
