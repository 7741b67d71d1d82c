"""This module is about the pages of the three ledgers, and the files that schools keep of them."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.catalogue import queries as catalogue
from inventory.db import db
from inventory.ledger import books_papers as papers
from inventory.ledger import books_queries as queries
from inventory.ledger.books_queries import Span, Wanted
from inventory.ledger.books_rules import (
    Book,
    Durability,
    Limit,
    Period,
    Turnover,
    between,
    period,
    periods,
)
from inventory.places import queries as places
from inventory.places.models import School
from inventory.scope import Permission
from inventory.web import tables
from inventory.web.context import actor, found, now, settings, time_zone
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import page_number

bp = Blueprint("books", __name__)
DURABILITY = {
    Book.GENERAL: Durability.DURABLE,
    Book.DETAIL: Durability.DURABLE,
    Book.LOW_VALUE: Durability.LOW_VALUE,
}
PARAMETERS = ("school", "period", "since", "until", "page", "format")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: a school, a time, a format."""

    school: School
    period: Period
    choices: list[str]
    format: str

    @property
    def kept(self) -> dict[str, str]:
        """What links keep of it."""
        return {"school": self.school.id, "period": self.period.name}

    @property
    def span(self) -> Span:
        return span_of(self.period)


def span_of(one: Period) -> Span:
    """Return the days of a period as instants, in the zone of the deployment."""
    return Span(_midnight(one.first), _midnight(one.after))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), time_zone()).astimezone(UTC)


def limit() -> Limit:
    """Return by which limits of the settings a kind lasts."""
    config = settings()
    return Limit(config.durable_from_yuan * 100, tuple(config.low_value_classes.split()))


@bp.get("/books")
@needs(Permission.SEE, "school", "period")
def show_books() -> Any:
    """The ledgers begin with the General one."""
    kept = {name: request.args.get(name) for name in ("school", "period")}
    return redirect(url_for("books.show_general", **kept))  # type: ignore[arg-type]


@bp.get("/books/general")
@needs(Permission.SEE, "subject", *PARAMETERS)
def show_general() -> Any:
    """The General ledger of a school: its kinds with what there was, came, went and is."""
    return _book(Book.GENERAL)


@bp.get("/books/detail")
@needs(Permission.SEE, "subject", *PARAMETERS)
def show_detail() -> Any:
    """The kinds whose accounts stand in the Detail ledger."""
    return _book(Book.DETAIL)


@bp.get("/books/low-value")
@needs(Permission.SEE, "subject", *PARAMETERS)
def show_low_value() -> Any:
    """The kinds whose accounts stand in the Low-value ledger."""
    return _book(Book.LOW_VALUE)


def _book(book: Book) -> Any:
    asked = _asked()
    if asked is None:
        return render_template("ledger/books.html", book=book.value, asked=None, schools=_schools())
    wanted = Wanted(asked.school.id, limit(), DURABILITY[book], request.args.get("subject", ""))
    return _file(book, asked, wanted) if asked.format else _page(book, asked, wanted)


def _page(book: Book, asked: Asked, wanted: Wanted) -> Any:
    session, page = db.session(), page_number()
    every = queries.sums_by_subject(session, asked.span, replace(wanted, subject=""))
    chosen = [one for one in every if wanted.subject in {"", one.subject}]
    kinds = sum(one.kinds for one in chosen)
    kept = asked.kept | ({"subject": wanted.subject} if wanted.subject else {})
    return render_template(
        "ledger/books.html", book=book.value, asked=asked, schools=_schools(), kept=kept,
        rows=queries.turnovers(session, asked.span, wanted, page=page), kinds=kinds,
        sums=every, total=sum((one.turnover for one in chosen), Turnover()), page=page,
        pages=-(-kinds // queries.PAGE), subject=wanted.subject,
    )  # fmt: skip


def _file(book: Book, asked: Asked, wanted: Wanted) -> Any:
    session = db.session()
    paper = papers.Paper(asked.school.name, asked.period, wanted.subject, now())
    rows = queries.every_turnover(session, asked.span, wanted)
    if book is Book.GENERAL:
        if asked.format == "pdf":
            return download(papers.general_pdf(paper, list(rows)), paper.title(book), "pdf")
        return tables.answer(papers.general_table(paper, rows), asked.format)
    accounts = papers.accounts(rows, queries.every_movement(session, asked.span, wanted))
    if asked.format == "pdf":
        return download(papers.detail_pdf(paper, book, accounts), paper.title(book), "pdf")
    return tables.answer(papers.detail_table(paper, book, accounts), asked.format)


@bp.get("/books/kinds/<kind_id>")
@needs(Permission.SEE, *PARAMETERS)
def show_account(kind_id: str) -> Any:
    """A kind's page of the detail ledger: each line with its document and the balance after it."""
    session = db.session()
    kind = found(catalogue.kind(session, kind_id), "kind", kind_id)
    asked = found(_asked(kind.school_id), "kind", kind_id)
    wanted = Wanted(kind.school_id, limit(), kind_id=kind.id)
    page = page_number()
    account = queries.account(session, asked.span, wanted, page=page)
    if asked.format and account is not None:
        return _account_file(asked, wanted, account.row)
    return render_template(
        "ledger/account.html", kind=kind, asked=asked, account=account, page=page,
        pages=-(-(account.lines if account else 0) // queries.LINES),
        book=papers.book_of_row(account.row, wanted.limit).value if account else "",
    )  # fmt: skip


def _account_file(asked: Asked, wanted: Wanted, row: queries.BookRow) -> Any:
    paper = papers.Paper(asked.school.name, asked.period, "", now())
    book = papers.book_of_row(row, wanted.limit)
    movements = queries.every_movement(db.session(), asked.span, wanted)
    accounts = papers.accounts(iter([row]), movements)
    if asked.format == "pdf":
        return download(papers.detail_pdf(paper, book, accounts), row.title, "pdf")
    return tables.answer(papers.detail_table(paper, book, accounts), asked.format)


def _schools() -> list[School]:
    return places.schools(db.session())


def _asked(of_school: str = "") -> Asked | None:
    """What the address asks for; nothing while somebody of the bureau has chosen no school."""
    session = db.session()
    number = of_school or request.args.get("school", "") or actor().school_id or ""
    if not number:
        schools = _schools()
        if len(schools) != 1:
            return None
        number = schools[0].id
    school = found(places.school(session, number), "school", number)
    today = now().astimezone(time_zone()).date()
    first = queries.first_day(session, school.id)
    begun = first.astimezone(time_zone()).date() if first else today
    return Asked(
        school, _period(today), periods(begun, today),
        tables.asked_format(request.args.get("format", ""), "pdf"),
    )  # fmt: skip


def _period(today: date) -> Period:
    since, until = request.args.get("since", ""), request.args.get("until", "")
    if since or until:
        return between(since or f"{today.year}-01-01", until or today.isoformat())
    return period(request.args.get("period", "") or str(today.year))
