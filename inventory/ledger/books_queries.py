"""This module is about reading the three ledgers: what each says is summed up from the lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, not_, or_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.ledger.books_rules import Amount, Durability, Limit, Movement, Turnover
from inventory.ledger.models import Document, LedgerLine

PAGE = 50
LINES = 100

TOOK_EFFECT = func.coalesce(Document.executed_at, Document.created_at)
"""When a document changed the ledger: when it was carried out, not when it was begun."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a ledger is of, as instants: from one on, before the other."""

    first: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class BookRow:
    """A kind in a ledger: what it is and how much there was, came, went and is."""

    school_id: str
    kind_id: str
    subject: str
    catalogue_code: str | None
    name: str
    specification: str
    unit: str
    equipment_class: str
    required: int | None
    unit_price_cents: int | None
    """The dearest unit price at which it ever came in; by it a kind lasts or does not."""
    turnover: Turnover
    durability: str | None = None
    """What somebody decided by hand; None: the limits decide."""

    @property
    def title(self) -> str:
        return f"{self.name} {self.specification}".strip()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which kinds of a school a ledger lists."""

    school_id: str
    limit: Limit
    durability: Durability | None = None
    subject: str = ""
    kind_id: str = ""


Turned = tuple[ColumnElement[Any], ...]


def _turned(span: Span) -> Turned:
    """Opening, incoming and outgoing as sums over lines: pieces and cents of each."""
    value = LedgerLine.quantity * func.coalesce(LedgerLine.unit_price_cents, 0)
    before = span.first > TOOK_EFFECT
    comes = and_(~before, LedgerLine.quantity > 0)
    goes = and_(~before, LedgerLine.quantity < 0)
    parts = ((before, 1), (comes, 1), (goes, -1))
    return tuple(
        func.coalesce(func.sum(case((when, sign * what), else_=0)), 0)
        for when, sign in parts
        for what in (LedgerLine.quantity, value)
    )


def _turnover(figures: Any) -> Turnover:
    whole = [int(figure or 0) for figure in figures]
    return Turnover(*(Amount(*whole[n : n + 2]) for n in (0, 2, 4)))


def _by_kind(span: Span, wanted: Wanted) -> Any:
    """Sum up the lines of a school by kind, until the end of a span."""
    query = (
        select(
            LedgerLine.kind_id.label("kind_id"),
            func.max(
                case((LedgerLine.quantity > 0, LedgerLine.unit_price_cents), else_=None)
            ).label("dearest"),
            *(one.label(f"f{n}") for n, one in enumerate(_turned(span))),
        )
        .join(
            Document,
            and_(Document.school_id == LedgerLine.school_id, Document.id == LedgerLine.document_id),
        )
        .where(LedgerLine.school_id == wanted.school_id, span.after > TOOK_EFFECT)
        .group_by(LedgerLine.kind_id)
    )
    if wanted.kind_id:
        query = query.where(LedgerLine.kind_id == wanted.kind_id)
    return query.subquery()


def _listed(query: Any, sums: Any, wanted: Wanted) -> Any:
    query = query.select_from(sums).join(
        Kind, and_(Kind.school_id == wanted.school_id, Kind.id == sums.c.kind_id)
    )
    if wanted.subject:
        query = query.where(Kind.subject == wanted.subject)
    if wanted.durability is not None:
        lasts = _lasts(sums, wanted.limit)
        query = query.where(lasts if wanted.durability is Durability.DURABLE else not_(lasts))
    return query


def _lasts(sums: Any, limit: Limit) -> ColumnElement[bool]:
    """`book_of` for the database; a test holds both against each other."""
    by_class = [Kind.equipment_class.startswith(one, autoescape=True)
                for one in limit.low_value_classes]  # fmt: skip
    is_dear = func.coalesce(sums.c.dearest, -1) >= limit.durable_from_cents
    by_limits = and_(~or_(*by_class), is_dear) if by_class else is_dear
    decided = func.coalesce(Kind.durability, "")
    return or_(decided == Durability.DURABLE.value, and_(decided == "", by_limits))


def _figures(sums: Any) -> list[ColumnElement[Any]]:
    return [sums.c[f"f{n}"] for n in range(6)]


def turnovers(
    session: Session, span: Span, wanted: Wanted, *, page: int = 1, size: int = PAGE
) -> list[BookRow]:
    """Return one page of a ledger's kinds with their figures, in the order of the catalogue."""
    query = _ordered(span, wanted)
    return [_book_row(row) for row in session.execute(query.limit(size).offset((page - 1) * size))]


def every_turnover(session: Session, span: Span, wanted: Wanted) -> Iterator[BookRow]:
    """Yield all kinds of a ledger with their figures, for papers and spreadsheets."""
    rows = session.execute(_ordered(span, wanted).execution_options(yield_per=500))
    yield from (_book_row(row) for row in rows)


def _ordered(span: Span, wanted: Wanted) -> Any:
    sums = _by_kind(span, wanted)
    query = _listed(select(Kind, sums.c.dearest, *_figures(sums)), sums, wanted)
    return query.order_by(Kind.subject, Kind.catalogue_code, Kind.name, Kind.specification, Kind.id)


def _book_row(row: Any) -> BookRow:
    kind, dearest = row[0], row[1]
    return BookRow(
        kind.school_id, kind.id, kind.subject, kind.catalogue_code, kind.name, kind.specification,
        kind.unit, kind.equipment_class, kind.required, dearest, _turnover(row[2:]),
        kind.durability,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubjectSum:
    """What a ledger comes to for one subject."""

    subject: str
    kinds: int
    turnover: Turnover


def sums_by_subject(session: Session, span: Span, wanted: Wanted) -> list[SubjectSum]:
    """Return what a ledger comes to, by subject; the sum over all is the ledger's."""
    sums = _by_kind(span, wanted)
    totals = [func.coalesce(func.sum(one), 0) for one in _figures(sums)]
    query = _listed(select(Kind.subject, func.count(), *totals), sums, wanted)
    query = query.group_by(Kind.subject).order_by(Kind.subject)
    return [SubjectSum(row[0], row[1], _turnover(row[2:])) for row in session.execute(query)]


# --- the detail ledger ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Account:
    """One kind's page of the detail ledger: figures of the span, lines of one page of it."""

    row: BookRow
    opening: Amount
    """What was carried over to the first line here."""
    movements: tuple[Movement, ...]
    lines: int


def account(
    session: Session, span: Span, wanted: Wanted, *, page: int = 1, size: int = LINES
) -> Account | None:
    """Return a page of a kind's account; nothing when no line was ever entered for it."""
    row = next(iter(turnovers(session, span, wanted)), None)
    if row is None:
        return None
    entries = _entries(span, wanted).subquery()
    lines = session.scalar(select(func.count()).select_from(entries)) or 0
    before = _before(session, span, wanted, (page - 1) * size) if page > 1 else Amount()
    opening = row.turnover.opening + before
    query = _in_order(span, wanted).limit(size).offset((page - 1) * size)
    return Account(row, opening, tuple(_told(session.execute(query), opening)), int(lines))


def every_movement(session: Session, span: Span, wanted: Wanted) -> Iterator[tuple[str, Movement]]:
    """
    Yield the lines of a school in a span with the id of their kind, kind by kind.

    The balances begin at nothing: whoever shows them adds what was carried over.
    """
    query = _in_order(span, wanted, LedgerLine.kind_id).execution_options(yield_per=1_000)
    kind_id, balance = "", Amount()
    for entry in session.execute(query):
        if entry.kind_id != kind_id:
            kind_id, balance = entry.kind_id, Amount()
        movement = _movement(entry, balance)
        balance = movement.balance
        yield kind_id, movement


FIRST_LINE = func.min(LedgerLine.id)
QUANTITY = func.sum(LedgerLine.quantity)


def _entries(span: Span, wanted: Wanted) -> Any:
    """
    One row for each line as a book has it: what a document says of a kind at one price.

    A document that is carried out piece by piece posts many lines; on paper they are one.
    """
    same = (
        Document.id, Document.number, TOOK_EFFECT, Document.type, Document.title,
        LedgerLine.kind_id, LedgerLine.voucher, LedgerLine.on, LedgerLine.unit_price_cents,
    )  # fmt: skip
    query = (
        select(
            Document.id.label("document_id"),
            Document.number,
            TOOK_EFFECT.label("at"),
            Document.type,
            Document.title,
            LedgerLine.kind_id,
            LedgerLine.voucher,
            LedgerLine.on.label("invoiced"),
            LedgerLine.unit_price_cents,
            QUANTITY.label("quantity"),
        )
        .select_from(LedgerLine)
        .join(
            Document,
            and_(Document.school_id == LedgerLine.school_id, Document.id == LedgerLine.document_id),
        )
        .where(
            LedgerLine.school_id == wanted.school_id,
            span.first <= TOOK_EFFECT,
            span.after > TOOK_EFFECT,
        )
        .group_by(*same, LedgerLine.quantity > 0)
    )
    return query.where(LedgerLine.kind_id == wanted.kind_id) if wanted.kind_id else query


def _in_order(span: Span, wanted: Wanted, *first: Any) -> Any:
    return _entries(span, wanted).order_by(*first, TOOK_EFFECT, FIRST_LINE)


def _before(session: Session, span: Span, wanted: Wanted, lines: int) -> Amount:
    """What the first so many lines of a span come to."""
    first = _in_order(span, wanted).limit(lines).subquery()
    value = first.c.quantity * func.coalesce(first.c.unit_price_cents, 0)
    row = session.execute(select(func.sum(first.c.quantity), func.sum(value))).one()
    return Amount(int(row[0] or 0), int(row[1] or 0))


def _told(entries: Any, opening: Amount) -> Iterator[Movement]:
    balance = opening
    for entry in entries:
        movement = _movement(entry, balance)
        balance = movement.balance
        yield movement


def _movement(entry: Any, balance: Amount) -> Movement:
    quantity = int(entry.quantity)
    amount = Amount(quantity, quantity * (entry.unit_price_cents or 0))
    comes, nothing = quantity > 0, Amount()
    return Movement(
        entry.document_id, entry.number, entry.at, entry.type, entry.title,
        entry.voucher, entry.invoiced, entry.unit_price_cents,
        amount if comes else nothing, nothing if comes else nothing - amount, balance + amount,
    )  # fmt: skip


# --- what must be so -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unbalanced:
    """A school whose books together do not say what its lines say."""

    school_id: str
    books: Amount
    lines: Amount


def unbalanced(session: Session, limit: Limit, schools: list[str]) -> list[Unbalanced]:
    """
    Return the schools where General + Low-value ledger differ from the sum of all lines.

    A line of a kind that is not there, or of a document that is not, stands in no book.
    """
    value = LedgerLine.quantity * func.coalesce(LedgerLine.unit_price_cents, 0)
    rows = session.execute(
        select(LedgerLine.school_id, func.sum(LedgerLine.quantity), func.sum(value))
        .where(LedgerLine.school_id.in_(schools))
        .group_by(LedgerLine.school_id)
    ).all()
    found = []
    for school_id, quantity, cents in rows:
        lines = Amount(int(quantity), int(cents))
        books = _all_books(session, limit, school_id)
        if books != lines:
            found.append(Unbalanced(school_id, books, lines))
    return found


def _all_books(session: Session, limit: Limit, school_id: str) -> Amount:
    always = Span(*(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 9999)))
    books = Amount()
    for durability in Durability:
        wanted = Wanted(school_id, limit, durability)
        for part in sums_by_subject(session, always, wanted):
            books += part.turnover.balance
    return books


def first_day(session: Session, school_id: str) -> datetime | None:
    """Return when the first document of a school took effect."""
    return session.scalar(select(func.min(TOOK_EFFECT)).where(Document.school_id == school_id))
