"""This module is about the three ledgers as schools file them: on paper and as spreadsheets."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from flask_babel import gettext

from inventory.errors import TooMany
from inventory.ledger.books_queries import BookRow
from inventory.ledger.books_rules import (
    Amount,
    Book,
    Durability,
    Limit,
    Movement,
    Period,
    Sheet,
    Turnover,
    book_of,
    sheets,
)
from inventory.printing.papers import Column, Document, Section, hand_over, page_words
from inventory.web.filters import day, moment, money
from inventory.web.tables import Cell, Table, yuan
from inventory.web.words import BOOKS, say

LINES_A_SHEET = 14
MOST_SHEETS = 600
MOST_KINDS = 4_000


@dataclass(frozen=True, slots=True)
class Paper:
    """Whose ledger it is, of which time, and when it was made."""

    school: str
    period: Period
    subject: str
    at: datetime

    def title(self, book: Book) -> str:
        """Return what the paper is called."""
        words = [say(BOOKS, book.value), self.subject, self.period.name]
        return " ".join(filter(None, words))

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        facts = [
            (gettext("School"), self.school),
            (gettext("Period"), days(self.period)),
            (gettext("Subject"), self.subject),
            (gettext("Printed"), moment(self.at)),
        ]
        return tuple(fact for fact in facts if fact[1])


def days(period: Period) -> str:
    """Write the days of a period."""
    return f"{period.first.isoformat()} – {period.last.isoformat()}"


def book_of_row(row: BookRow, limit: Limit) -> Book:
    """Return the ledger in which a kind's account stands."""
    durability = book_of(row.equipment_class, row.unit_price_cents, row.durability, limit)
    return Book.DETAIL if durability is Durability.DURABLE else Book.LOW_VALUE


# --- the General ledger --------------------------------------------------------------------


def general_table(paper: Paper, rows: Iterable[BookRow]) -> Table:
    """Return the General ledger for a spreadsheet."""
    columns = (
        (gettext("Subject"), 10), (gettext("Catalogue code"), 14), (gettext("Name"), 24),
        (gettext("Specification"), 24), (gettext("Unit"), 8), (gettext("Required"), 8),
        (gettext("Opening"), 10), (gettext("Opening value"), 14), (gettext("In"), 10),
        (gettext("Value in"), 14), (gettext("Out"), 10), (gettext("Value out"), 14),
        (gettext("Balance"), 10), (gettext("Balance value"), 14),
    )  # fmt: skip
    cells = (
        (
            row.subject, row.catalogue_code or "", row.name, row.specification, row.unit,
            row.required, *(cell for one in _figures(row.turnover)
                            for cell in (one.quantity, yuan(one.cents))),
        )
        for row in rows
    )  # fmt: skip
    return Table(paper.title(Book.GENERAL), columns, cells, paper.facts)


def _figures(turnover: Turnover) -> tuple[Amount, ...]:
    return turnover.opening, turnover.incoming, turnover.outgoing, turnover.balance


def general_pdf(paper: Paper, rows: list[BookRow]) -> bytes:
    """
    Return the General ledger (总账) on paper: by subject, in the order of the catalogue.

    Raises:
        TooMany: there are more kinds than can be printed at once.
    """
    if len(rows) > MOST_KINDS:
        raise TooMany(count=len(rows), limit=MOST_KINDS)
    total = sum((row.turnover for row in rows), Turnover())
    return hand_over(
        Document(
            title=say(BOOKS, Book.GENERAL.value),
            subtitle=paper.school,
            facts=paper.facts[1:],
            columns=(
                Column(gettext("No."), 11, "right"),
                Column(gettext("Catalogue code"), 20),
                Column(gettext("Name")),
                Column(gettext("Specification")),
                Column(gettext("Unit"), 11, "center"),
                Column(gettext("Required"), 18, "right"),
                *(Column(heading, width, "right") for heading, width in _double_columns()),
            ),
            sections=tuple(_general_sections(rows)),
            summary=(
                (gettext("Kinds"), str(len(rows))),
                (gettext("Pieces"), str(total.balance.quantity)),
                (gettext("Balance value"), money(total.balance.cents)),
            ),
            signatures=_signatures(),
            footer=f"{paper.school} · {paper.title(Book.GENERAL)}",
            page_words=page_words(),
            landscape=True,
        )
    )


def _double_columns() -> list[tuple[str, float]]:
    return [
        (heading, width)
        for pieces, value in (
            (gettext("Opening"), gettext("Opening value")), (gettext("In"), gettext("Value in")),
            (gettext("Out"), gettext("Value out")), (gettext("Balance"), gettext("Balance value")),
        )
        for heading, width in ((pieces, 15), (value, 24))
    ]  # fmt: skip


def _signatures() -> tuple[str, ...]:
    return gettext("Made by"), gettext("Keeper"), gettext("Checked by"), gettext("Responsible")


def _general_sections(rows: list[BookRow]) -> Iterator[Section]:
    number = 0
    for subject in dict.fromkeys(row.subject for row in rows):
        own = [row for row in rows if row.subject == subject]
        lines = []
        for number, row in enumerate(own, start=number + 1):  # noqa: B020 - numbered on
            lines.append(_general_line(str(number), row))
        total = sum((row.turnover for row in own), Turnover())
        lines.append(("", "", gettext("Sum"), "", "", "", *_doubles(total)))
        yield Section(subject or "—", tuple(lines), str(len(own)))


def _general_line(number: str, row: BookRow) -> tuple[str, ...]:
    return (
        number, row.catalogue_code or "", row.name, row.specification, row.unit,
        "" if row.required is None else str(row.required), *_doubles(row.turnover),
    )  # fmt: skip


def _doubles(turnover: Turnover) -> tuple[str, ...]:
    return tuple(cell for one in _figures(turnover) for cell in _pair(one))


def _pair(amount: Amount) -> tuple[str, str]:
    """Pieces and value; where nothing is, nothing is written."""
    if amount == Amount():
        return "", ""
    return str(amount.quantity), money(amount.cents)


# --- the Detail and the Low-value ledger ---------------------------------------------------


@dataclass(frozen=True, slots=True)
class Whole:
    """A kind's account with all its lines of a period."""

    row: BookRow
    movements: tuple[Movement, ...]


def accounts(rows: Iterator[BookRow], movements: Iterator[tuple[str, Movement]]) -> Iterator[Whole]:
    """Bring each kind's lines to it; their balances then begin with what was carried over."""
    by_kind: dict[str, list[Movement]] = {}
    for kind_id, movement in movements:
        by_kind.setdefault(kind_id, []).append(movement)
    for row in rows:
        own = by_kind.pop(row.kind_id, [])
        opening = row.turnover.opening
        yield Whole(row, tuple(replace(one, balance=opening + one.balance) for one in own))


def detail_table(paper: Paper, book: Book, accounts: Iterable[Whole]) -> Table:
    """Return accounts for a spreadsheet: every line with its kind, and what was carried over."""
    columns = (
        (gettext("Subject"), 10), (gettext("Catalogue code"), 14), (gettext("Name"), 24),
        (gettext("Specification"), 24), (gettext("Unit"), 8), (gettext("Date"), 12),
        (gettext("Document"), 16), (gettext("Voucher"), 16), (gettext("Summary"), 30),
        (gettext("Unit price"), 12), (gettext("In"), 8), (gettext("Value in"), 14),
        (gettext("Out"), 8), (gettext("Value out"), 14), (gettext("Balance"), 8),
        (gettext("Balance value"), 14),
    )  # fmt: skip
    return Table(paper.title(book), columns, _detail_rows(accounts), paper.facts)


def _detail_rows(accounts: Iterable[Whole]) -> Iterator[tuple[Cell, ...]]:
    for one in accounts:
        row = one.row
        kind = (row.subject, row.catalogue_code or "", row.name, row.specification, row.unit)
        opening = row.turnover.opening
        yield (
            *kind, "", "", "", gettext("Brought forward"), None, None, None, None, None,
            opening.quantity, yuan(opening.cents),
        )  # fmt: skip
        for line in one.movements:
            yield (
                *kind, day(line.at), line.document, line.voucher or "", summary_of(line),
                yuan(line.unit_price_cents), *_cells(line.incoming), *_cells(line.outgoing),
                line.balance.quantity, yuan(line.balance.cents),
            )  # fmt: skip


def _cells(amount: Amount) -> tuple[Cell, Cell]:
    return (None, None) if amount == Amount() else (amount.quantity, yuan(amount.cents))


def summary_of(line: Movement) -> str:
    """Return what a line says of itself: its document, and the day of the invoice."""
    invoiced = gettext("invoice of %(day)s", day=line.invoiced) if line.invoiced else ""
    return " · ".join(filter(None, (line.title, invoiced)))


def detail_pdf(paper: Paper, book: Book, accounts: Iterable[Whole]) -> bytes:
    """
    Return accounts on paper, each on sheets of its own, with what each sheet carries over.

    Raises:
        TooMany: there are more sheets than can be printed at once.
    """
    sections: list[Section] = []
    for one in accounts:
        sections.extend(_account_sections(one))
        if len(sections) > MOST_SHEETS:
            raise TooMany(count=len(sections), limit=MOST_SHEETS)
    return hand_over(
        Document(
            title=say(BOOKS, book.value),
            subtitle=paper.school,
            facts=paper.facts[1:],
            columns=(
                Column(gettext("Date"), 21),
                Column(gettext("Document"), 25),
                Column(gettext("Voucher"), 26),
                Column(gettext("Summary")),
                Column(gettext("Unit price"), 22, "right"),
                *(Column(heading, width, "right") for heading, width in _double_columns()[2:]),
            ),
            sections=tuple(sections),
            signatures=_signatures(),
            footer=f"{paper.school} · {paper.title(book)}",
            page_words=page_words(),
            landscape=True,
        )
    )


def _account_sections(one: Whole) -> Iterator[Section]:
    row = one.row
    heading = " ".join(filter(None, (row.catalogue_code, row.name, row.specification)))
    pages = list(sheets(row.turnover.opening, one.movements, LINES_A_SHEET))
    for number, sheet in enumerate(pages, start=1):
        note = gettext("Unit %(unit)s", unit=row.unit) if row.unit else ""
        if len(pages) > 1:
            note = f"{note} · {number}/{len(pages)}"
        yield Section(heading, tuple(_sheet_rows(sheet, row)), note, begins_page=True)


def _sheet_rows(sheet: Sheet, row: BookRow) -> Iterator[tuple[str, ...]]:
    brought = gettext("Brought forward") if sheet.is_first else gettext("From the page before")
    yield ("", "", "", brought, "", "", "", "", "", *_balance(sheet.brought))
    for line in sheet.movements:
        yield (
            day(line.at), line.document, line.voucher or "", summary_of(line),
            money(line.unit_price_cents), *_pair(line.incoming), *_pair(line.outgoing),
            *_balance(line.balance),
        )  # fmt: skip
    if sheet.is_last:
        turned = row.turnover
        figures = (*_pair(turned.incoming), *_pair(turned.outgoing), *_balance(turned.balance))
        yield ("", "", "", gettext("Sum of the period"), "", *figures)
    else:
        yield ("", "", "", gettext("Over to the next page"), "", "", "", "", "",
               *_balance(sheet.carried))  # fmt: skip


def _balance(amount: Amount) -> tuple[str, str]:
    return str(amount.quantity), money(amount.cents)
