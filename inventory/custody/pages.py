"""This module is about the pages of loans, of what arrives from other schools, and of repair."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.base import new_id
from inventory.custody import queries, service
from inventory.custody import transfers_service as transfers
from inventory.custody.loans_papers import loans_table
from inventory.custody.service import Wanted
from inventory.db import db, transact
from inventory.errors import Invalid, NotFound, Refusal
from inventory.identity.queries import person_by_code
from inventory.identity.service import keepers_named
from inventory.ledger.documents_pages import (
    carry_on,
    document_page,
    document_rules,
    named,
    once_of,
    today,
    view_or_404,
)
from inventory.ledger.documents_queries import document, people_of
from inventory.places import queries as places
from inventory.register.pages import spot_named, thing_forms, thing_or_404
from inventory.register.queries import ThingRow
from inventory.register.rules import code_in
from inventory.scope import Actor, Permission, own_school
from inventory.web import tables
from inventory.web.context import actor, now
from inventory.web.door import needs
from inventory.web.forms import form, page_number
from inventory.web.refusals import words

LOAN = ("person", "codes", "due", "reason", "once", "school")
RETURN = ("codes", "loan", "once", "person", "school")
bp = Blueprint("custody", __name__)


@bp.get("/loans")
@needs(Permission.SEE, "format", "overdue", "page", "said")
def list_loans() -> Any:
    """What is lent, with whom and until when; what is overdue first."""
    page, overdue = page_number(), request.args.get("overdue") == "1"
    if format := tables.asked_format(request.args.get("format", "")):
        every = queries.every_loan(db.session(), today=today(), overdue=overdue)
        return tables.answer(loans_table(every), format)
    rows, total = queries.loans(db.session(), today=today(), overdue=overdue, page=page)
    return render_template(
        "custody/loans.html", rows=rows, total=total, page=page, overdue=overdue,
        pages=-(-total // queries.PAGE), said=request.args.get("said", ""),
    )  # fmt: skip


@bp.get("/loans/new")
@needs(Permission.ARRANGE, "codes", "person")
def new_loan() -> Any:
    """Who borrows, then the things, then done: by scanner alone, or by typing."""
    values = dict.fromkeys(LOAN, "") | {"once": new_id(now())}
    values |= {name: request.args.get(name, "")[:2000] for name in ("codes", "person")}
    return _form(values)


@bp.get("/returns/new")
@needs(Permission.ARRANGE, "codes", "person")
def new_return() -> Any:
    """What comes back, one line each."""
    values = dict.fromkeys(LOAN, "") | {"once": new_id(now())}
    values |= {name: request.args.get(name, "")[:2000] for name in ("codes", "person")}
    return _form(values, is_return=True)


def _form(
    values: dict[str, str], message: str = "", status: int = 200, *, is_return: bool = False
) -> Any:
    session, by = db.session(), actor()
    return (
        render_template(
            "custody/new_loan.html", values=values, message=message, is_return=is_return,
            schools=[] if by.school_id else places.schools(session),
            people=[one.name for one in people_of(session, by.school_id)] if by.school_id else [],
        ),
        status,
    )  # fmt: skip


@bp.post("/loans")
@needs(Permission.ARRANGE)
def create_loan() -> Any:
    """Lend things to somebody, by one document, whose slip can be printed."""
    by = actor()
    values = form(optional=LOAN, long=("codes",))
    try:
        school = own_school(by, values["school"] or None)
        wanted = [Wanted(*one) for one in named(values["codes"], school)]
        code = transact(lambda session: _lend(session, by, wanted, values, school))
        carry_on(by, school, code)
    except Refusal as refusal:
        return _form(values, words(refusal), refusal.status)
    return redirect(url_for("documents.show_document", code=code, said="lent"))


def _lend(
    session: Any, by: Actor, wanted: list[Wanted], values: dict[str, str], school: str
) -> str:
    person_id = person_meant(session, by, values["person"], school)
    return service.lend(
        session, by, wanted, school_id=school, person_id=person_id, due=values["due"] or None,
        reason=values["reason"], rules=document_rules(), today=today(),
        once=once_of(values["once"]), at=now(),
    ).id  # fmt: skip


def person_meant(session: Any, by: Actor, text: str, school: str) -> str:
    """Who is meant by a badge's code or a name; a name that is new is entered."""
    code = code_in(text)
    if code is not None:
        person = person_by_code(session, code)
        return person.id if person else ""
    if not text:
        return ""
    if len(text) > 60:
        raise Invalid(field="person", value=text[:60])
    person_id = keepers_named(session, by, [text], school, now())[text]
    session.flush()
    return person_id


def borrower_meant(text: str, school: str) -> str | None:
    """
    Who brings something back, by a badge's code or a name; None when nobody is named.

    Raises:
        NotFound: there is nobody of that name.
    """
    if not text:
        return None
    session, code = db.session(), code_in(text)
    person = person_by_code(session, code) if code is not None else None
    found = person.id if person else queries.person_named(session, school, text)
    if found is None:
        raise NotFound(what="person", key=text[:60])
    return found


@bp.post("/returns")
@needs(Permission.ARRANGE)
def create_return() -> Any:
    """Take back what is lent, by one document; where it is not clear whose, somebody says so."""
    by = actor()
    values = form(optional=RETURN, long=("codes",))
    try:
        school = own_school(by, values["school"] or None)
        loan = values["loan"] or None
        wanted = [Wanted(*one, loan) for one in named(values["codes"], school)]
        person_id = borrower_meant(values["person"], school)
        code = transact(
            lambda session: (
                service.take_return(
                    session, by, wanted, school_id=school, person_id=person_id,
                    rules=document_rules(), today=today(), once=once_of(values["once"]), at=now(),
                ).id
            )
        )  # fmt: skip
        carry_on(by, school, code)
    except Refusal as refusal:
        kept = dict.fromkeys(LOAN, "") | values
        return _form(kept, words(refusal), refusal.status, is_return=True)
    return redirect(url_for("custody.list_loans", said="came_back"))


# --- from another school -------------------------------------------------------------------


@bp.post("/documents/<code>/confirmation")
@needs(Permission.ARRANGE)
def create_confirmation(code: str) -> Any:
    """Confirm that what another school sent has arrived."""
    by, view = actor(), view_or_404(code)
    values = form(optional=("to",))
    school = view.row.school_id
    try:
        place = spot_named(values["to"], school).id if values["to"] else None
        transact(
            lambda session: (
                transfers.confirm_transfer(
                    session, by, school_id=school, document_id=view.row.id, place_id=place,
                    at=now(),
                ).id
            )
        )  # fmt: skip
        carry_on(by, school, view.row.id)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    return redirect(url_for("documents.show_document", code=view.row.id, said="confirmed"))


@bp.post("/documents/<code>/refusal")
@needs(Permission.ARRANGE)
def create_refusal(code: str) -> Any:
    """Refuse what another school sent, with a reason; it goes back."""
    by, view = actor(), view_or_404(code)
    values = form(optional=("reason",))
    try:
        transact(
            lambda session: (
                transfers.refuse_transfer(
                    session, by, school_id=view.row.school_id, document_id=view.row.id,
                    reason=values["reason"], at=now(),
                ).id
            )
        )  # fmt: skip
        bring_all_back(by, view.row.school_id, view.row.id)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    return redirect(url_for("documents.show_document", code=view.row.id, said="refused"))


def bring_all_back(by: Actor, school: str, code: str) -> None:
    """Bring back what was refused, a slice at a time, so that no scan waits for a long one."""
    while transact(
        lambda session: transfers.carry_back(
            session, by, school_id=school, document_id=code, at=now()
        )
    ):
        pass


# --- repair --------------------------------------------------------------------------------


@bp.post("/documents/<code>/repair-end")
@needs(Permission.ARRANGE)
def create_repair_end(code: str) -> Any:
    """Say that what was repaired is back, and what of it could not be mended."""
    by, view = actor(), view_or_404(code)
    values = form(optional=("beyond",), long=("beyond",))
    school = view.row.school_id
    try:
        beyond = [one for one, _ in named(values["beyond"], school)]
        transact(
            lambda session: (
                service.end_repair(
                    session, by, school_id=school, document_id=view.row.id, beyond=beyond,
                    at=now(),
                ).id
            )
        )  # fmt: skip
        carry_on(by, school, view.row.id)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    return redirect(url_for("documents.show_document", code=view.row.id, said="repaired"))


@bp.post("/things/<code>/fault")
@needs(Permission.ARRANGE)
def create_thing_fault(code: str) -> Any:
    """Report that a thing is broken."""
    by, row = actor(), thing_or_404(code)
    values = form(optional=("reason",))
    try:
        transact(
            lambda session: (
                service.report_fault(
                    session, by, school_id=row.school_id, code=row.code, reason=values["reason"],
                    at=now(),
                ).code
            )
        )  # fmt: skip
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_thing", code=row.code, said="fault"))


@bp.post("/things/<code>/repair")
@needs(Permission.ARRANGE)
def create_thing_repair(code: str) -> Any:
    """Say that a thing that was reported broken is in order."""
    by, row = actor(), thing_or_404(code)
    form()
    transact(
        lambda session: (
            service.clear_fault(session, by, school_id=row.school_id, code=row.code, at=now()).code
        )
    )
    return redirect(url_for("register.show_thing", code=row.code, said="mended"))


def custody_of_thing(row: ThingRow) -> tuple[str, dict[str, Any]]:
    """The thing page's part: its status, who has it, what can be done."""
    session = db.session()
    rows, _ = queries.loans(session, today=today(), school_id=row.school_id, code=row.code)
    view = document(session, row.document_id) if row.document_id else None
    return "custody/_of_thing.html", {
        "row": row, "status": row.status, "loans": rows, "document": view.row if view else None,
        "may": actor().may(Permission.ARRANGE),
    }  # fmt: skip
