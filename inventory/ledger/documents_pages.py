"""This module is about the pages of documents: lists, one of them, forms to write one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from inventory.base import new_id
from inventory.db import db, transact, uploads_of
from inventory.errors import Invalid, NotFound, Refusal
from inventory.identity.queries import names
from inventory.identity.service import keepers_named
from inventory.journal.queries import history
from inventory.ledger import documents_queries as queries
from inventory.ledger import documents_service as service
from inventory.ledger.documents_papers import form_pdf, list_table
from inventory.ledger.documents_queries import DocumentView, Filter
from inventory.ledger.documents_service import Decision, Draft, Line, Rules
from inventory.ledger.rules import DRAFTED, DocumentState, DocumentType
from inventory.places import queries as places
from inventory.places.store import school_names
from inventory.register import attachments_queries as attachments
from inventory.register.attachments_rules import Prepared, prepared
from inventory.register.attachments_service import attach
from inventory.register.pages import spot_named
from inventory.register.queries import ThingRow, codes, things_by_number
from inventory.register.rules import Number, code_in, shown
from inventory.scope import Actor, Permission, own_school
from inventory.web import tables
from inventory.web.context import actor, found, now, time_zone
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words

RULES = "tallycard_document_rules"
WRITTEN = (
    "type", "codes", "reason", "to", "person", "other_school", "due", "school", "submit",
    "revision", "once",
)  # fmt: skip
QUANTITY = re.compile(r"(?P<what>.+?)\s*[x×*＊ｘ]\s*(?P<quantity>[0-9０-９]{1,6})\s*")
bp = Blueprint("documents", __name__)


def document_rules() -> Rules:
    """Return what documents do and who approves them, as this application was put together."""
    rules: Rules = current_app.extensions[RULES]
    return rules


def today() -> date:
    """Return the day in the deployment's zone: numbers and deadlines follow the calendar here."""
    return now().astimezone(time_zone()).date()


# --- reading -------------------------------------------------------------------------------


@bp.get("/documents")
@needs(Permission.SEE, "format", "page", "q", "school", "state", "type", "waiting")
def list_documents() -> Any:
    """Documents, the latest first; with `waiting` those that wait for whoever looks."""
    session, by = db.session(), actor()
    names_kept = ("q", "school", "state", "type", "waiting")
    kept = {name: request.args.get(name, "")[:60] for name in names_kept}
    wanted = Filter(
        kept["type"], kept["state"], kept["q"], kept["school"], waiting=kept["waiting"] == "1"
    )
    if format := tables.asked_format(request.args.get("format", "")):
        every = queries.every(session, by, wanted, today=today())
        return tables.answer(list_table(every), format)
    page = page_number()
    rows, total = queries.documents(session, by, wanted, today=today(), page=page)
    return render_template(
        "ledger/documents.html", rows=rows, total=total, page=page,
        pages=-(-total // queries.PAGE), kept={k: v for k, v in kept.items() if v}, wanted=wanted,
        types=list(DocumentType), states=list(DocumentState),
        schools=places.schools(session),
        waiting=queries.waiting(session, by, today=today()),
    )  # fmt: skip


def _drafted() -> list[DocumentType]:
    return [one for one in DocumentType if one in DRAFTED and one is not DocumentType.RECEIPT]


def view_or_404(code: str) -> DocumentView:
    """
    Return the document under a code.

    Raises:
        NotFound: there is none in sight.
    """
    return found(queries.document(db.session(), code_in(code) or code), "document", code)


@bp.get("/documents/<code>")
@needs(Permission.SEE, "said")
def show_document(code: str) -> Any:
    """A document: its lines, who approved it, what can be done with it now."""
    session = db.session()
    view = queries.document(session, code_in(code) or code)
    if view is None and (row := codes(session, [code]).get(code)) and row.bearer == "document":
        return redirect(url_for("counting.show_count", count_id=code))
    return document_page(found(view, "document", code))


def document_page(
    view: DocumentView, message: str = "", status: int = 200,
    values: Mapping[str, str] | None = None,
) -> Any:  # fmt: skip
    """The page of a document; after a refusal with what was typed."""
    session, by = db.session(), actor()
    row = view.row
    entries = history(session, row.school_id, row.id)
    role = row.waits_for if row.state == DocumentState.SUBMITTED.value else None
    return (
        render_template(
            "ledger/document.html", view=view, row=row, message=message, values=values or {},
            said=request.args.get("said", ""),
            may_decide=bool(role) and _may_decide(by, view),
            signers=queries.signers(session, row.school_id, role) if role else [],
            entries=entries, people=names(session, [entry.actor for entry in entries]),
            schools={one.id: one.name for one in school_names(db.engine)},
            attached=attachments.of(session, row.school_id, row.id),
            spots=places.standing(session, row.school_id) if row.waits_for_receiver else [],
        ),
        status,
    )  # fmt: skip


def _may_decide(by: Actor, view: DocumentView) -> bool:
    """Whether the buttons are shown; the service asks again."""
    session = db.session()
    wanted = Filter(waiting=True, text=view.row.id)
    rows, _ = queries.documents(session, by, wanted, today=today(), size=1)
    return bool(rows) and rows[0].state == DocumentState.SUBMITTED.value


@bp.get("/documents/<code>/form.pdf")
@needs(Permission.SEE)
def show_form(code: str) -> Any:
    """The document on paper, with cells to sign in and a code that opens the live one."""
    view = view_or_404(code)
    schools = {one.id: one.name for one in school_names(db.engine)}
    content = form_pdf(view, now(), other_school=schools.get(view.row.other_school or "", ""))
    return download(content, view.row.number, "pdf", inline=True)


# --- writing -------------------------------------------------------------------------------


@bp.get("/documents/new")
@needs(Permission.ARRANGE, "codes", "other_school", "person", "to", "type")
def new_document() -> Any:
    """Write a document: scan what it is about, one line each."""
    values = dict.fromkeys(WRITTEN, "") | {"once": new_id(now()), "type": "scrap"}
    for name in ("codes", "other_school", "person", "to", "type"):
        values[name] = request.args.get(name, values[name])[:2000]
    values["codes"] = "\n".join(values["codes"].split(","))
    return _form(values)


def _form(
    values: dict[str, str], message: str = "", status: int = 200, view: DocumentView | None = None
) -> Any:
    session, by = db.session(), actor()
    if values["type"] not in {one.value for one in _drafted()}:
        raise Invalid(field="type", value=values["type"][:60])
    school_id = view.row.school_id if view else by.school_id or values["school"]
    schools = places.schools(session)
    return (
        render_template(
            "ledger/new_document.html", values=values, message=message, view=view,
            types=_drafted(), schools=[] if by.school_id else schools,
            others=[one for one in school_names(db.engine) if one.id != school_id],
            keepers=places.keepers(session, school_id) if school_id else [],
            spots=places.standing(session, school_id) if school_id else [],
        ),
        status,
    )  # fmt: skip


@bp.post("/documents")
@needs(Permission.ARRANGE)
def create_document() -> Any:
    """Write a document and, if so asked, hand it in."""
    by = actor()
    values = form(optional=WRITTEN, long=("codes",))
    try:
        school = own_school(by, values["school"] or None)
        wanted = _draft(values, school)
        code = transact(lambda session: _written(session, by, wanted, school, values))
    except Refusal as refusal:
        return _form(values, words(refusal), refusal.status)
    return _handed_in(by, school, code, values["submit"] == "1")


def _written(session: Any, by: Actor, wanted: Draft, school: str, values: dict[str, str]) -> str:
    wanted = with_person(session, by, wanted, values["person"], school)
    return service.draft(
        session, by, wanted, school_id=school, rules=document_rules(), today=today(),
        once=once_of(values["once"]), at=now(),
    ).id  # fmt: skip


def once_of(text: str) -> str | None:
    """
    Return the id that a form carries, so that it enters once however often it is sent.

    Raises:
        Invalid: it is none of ours.
    """
    if text and not (len(text) == 32 and text.isalnum() and text.isascii()):
        raise Invalid(field="once", value=text[:60])
    return text or None


def with_person(session: Any, by: Actor, wanted: Draft, name: str, school: str) -> Draft:
    """Return the draft with a person of the school, by name, on each of its lines."""
    if not name:
        return wanted
    person_id = keepers_named(session, by, [name], school, now())[name]
    session.flush()
    return replace(wanted, lines=tuple(replace(line, person_id=person_id) for line in wanted.lines))


def _handed_in(by: Actor, school: str, code: str, submit: bool) -> Any:
    """Hand a document in and carry it out as far as it goes; where it is refused, it is a draft."""
    if not submit:
        return redirect(url_for("documents.show_document", code=code, said="drafted"))
    try:
        transact(
            lambda session: (
                service.submit(
                    session, by, school_id=school, document_id=code, rules=document_rules(),
                    at=now(),
                ).id
            )
        )  # fmt: skip
        carry_on(by, school, code)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status)
    return redirect(url_for("documents.show_document", code=code, said=what_became_of(code)))


def carry_on(by: Actor, school: str, code: str) -> None:
    """Carry an approved document out, a slice at a time, so that no scan waits for a long one."""
    while transact(
        lambda session: service.advance(
            session, by, school_id=school, document_id=code, rules=document_rules(), at=now()
        )
    ):
        pass


def what_became_of(code: str) -> str:
    """Return the word for what the next page says was done."""
    row = view_or_404(code).row
    return "sent" if row.is_under_way else row.state


def _draft(values: dict[str, str], school: str) -> Draft:
    type = values["type"]
    if type not in {one.value for one in _drafted()}:
        raise Invalid(field="type", value=type[:60])
    place_id = spot_named(values["to"], school).id if values["to"] else None
    lines = tuple(
        Line(code, quantity=quantity, place_id=place_id)
        for code, quantity in named(values["codes"], school)
    )
    return Draft(
        DocumentType(type), lines, reason=values["reason"], due=values["due"] or None,
        other_school=values["other_school"] or None,
    )  # fmt: skip


def named(text: str, school: str) -> list[tuple[str, int]]:
    """
    Return the codes that a list names, one a line, each with how many: `24001-03`, `61001-01 x 5`.

    Raises:
        NotFound: a line is no code, and no readable number of the school.
    """
    wanted = []
    for line in text.replace("，", "\n").splitlines():
        what = line.strip()
        if not what:
            continue
        match = QUANTITY.fullmatch(what)
        quantity = int(match["quantity"]) if match else 1
        wanted.append((_code_of(match["what"] if match else what, school), quantity))
    return wanted


def _code_of(text: str, school: str) -> str:
    code = code_in(text)
    if code is not None:
        return code
    number = Number.parse(text)
    rows = things_by_number(db.session(), number) if number else []
    here = [row for row in rows if row.school_id == school]
    if len(here) != 1:
        raise NotFound(what="thing", key=text[:60])
    return here[0].code


@bp.get("/documents/<code>/change")
@needs(Permission.ARRANGE)
def change_document(code: str) -> Any:
    """Write a draft anew, or one that came back."""
    view = view_or_404(code)
    return _form(_values_of(view), view=view)


def _values_of(view: DocumentView) -> dict[str, str]:
    row = view.row
    first = view.lines[0] if view.lines else None
    return dict.fromkeys(WRITTEN, "") | {
        "type": row.type, "reason": row.reason or "", "due": row.due or "",
        "other_school": row.other_school or "", "revision": str(row.revision),
        "to": (first.place or "") if first else "", "person": (first.person or "") if first else "",
        "codes": "\n".join(_written_line(line) for line in view.lines),
    }  # fmt: skip


def _written_line(line: queries.LineRow) -> str:
    code = shown(line.code) if line.code else line.number
    return code if line.quantity == 1 else f"{code} × {line.quantity}"


@bp.post("/documents/<code>/revision")
@needs(Permission.ARRANGE)
def create_revision(code: str) -> Any:
    """Save a draft that was written anew; whoever saved meanwhile is not overwritten."""
    by, view = actor(), view_or_404(code)
    school = view.row.school_id
    values = form(optional=WRITTEN, long=("codes",)) | {"type": view.row.type}
    revision = whole(values, "revision", view.row.revision)

    def revise(session: Any) -> str:
        wanted = with_person(session, by, _draft(values, school), values["person"], school)
        return service.revise(
            session, by, wanted, school_id=school, document_id=view.row.id, revision=revision,
            rules=document_rules(), at=now(),
        ).id  # fmt: skip

    try:
        transact(revise)
    except Refusal as refusal:
        # What the other saved is read anew and stands beside what was typed.
        return _form(values, words(refusal), refusal.status, view_or_404(code))
    return _handed_in(by, school, view.row.id, values["submit"] == "1")


# --- deciding ------------------------------------------------------------------------------


def _does(
    code: str, act: Callable[[Any, DocumentView, Actor], Any], said: str = "",
    values: Mapping[str, str] | None = None,
) -> Any:  # fmt: skip
    """Do something with a document and show it; a refusal is shown on its page."""
    by, view = actor(), view_or_404(code)
    try:
        transact(lambda session: _done(act(session, view, by)))
        carry_on(by, view.row.school_id, view.row.id)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    said = said or _after(what_became_of(view.row.id), view)
    return redirect(url_for("documents.show_document", code=view.row.id, said=said))


def _done(_: object) -> None:
    """Nothing of a transaction is used after it."""


@bp.post("/documents/<code>/submission")
@needs(Permission.ARRANGE)
def create_submission(code: str) -> Any:
    """Hand a draft in."""
    values = form(optional=("revision",))
    revision = whole(values, "revision", -1)
    return _does(
        code,
        lambda session, view, by: service.submit(
            session, by, school_id=view.row.school_id, document_id=view.row.id,
            revision=None if revision < 0 else revision, rules=document_rules(), at=now(),
        ),
    )  # fmt: skip


@bp.post("/documents/<code>/decision")
@needs(Permission.SEE)
def create_decision(code: str) -> Any:
    """Approve a document, or give it back with a reason."""
    values = form(required=("decision",), optional=("reason", "revision"))
    if values["decision"] not in {"approve", "return"}:
        raise Invalid(field="decision", value=values["decision"][:60])
    decision = Decision(values["decision"] == "approve", values["reason"])
    return _decided(code, decision, values)


@bp.post("/documents/<code>/paper")
@needs(Permission.ARRANGE)
def create_paper_decision(code: str) -> Any:
    """Enter what was decided with a pen: who signed, and a photograph of the paper."""
    values = form(required=("decision",), optional=("reason", "revision", "signed_by"))
    by, view = actor(), view_or_404(code)
    revision = whole(values, "revision", -1)
    school = view.row.school_id

    def enter(session: Any, ready: Prepared | None) -> None:
        photo = ready and attach(
            session, by, school_id=school, subject=view.row.id, content=ready, at=now()
        )
        decision = Decision(
            values["decision"] == "approve", values["reason"], values["signed_by"] or "—",
            photo.id if photo else None,
        )  # fmt: skip
        service.decide(
            session, by, decision, school_id=school, document_id=view.row.id,
            revision=None if revision < 0 else revision, rules=document_rules(), today=today(),
            at=now(),
        )  # fmt: skip

    try:
        ready = _photograph()
        transact(lambda session: enter(session, ready))
        carry_on(by, school, view.row.id)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    said = _after(what_became_of(view.row.id), view)
    return redirect(url_for("documents.show_document", code=view.row.id, said=said))


def _after(said: str, before: DocumentView) -> str:
    """What is said of a document that was handed in before and is still: one more approved it."""
    return "approved_so_far" if said == before.row.state == "submitted" else said


def _photograph() -> Prepared | None:
    """The photograph that came with the form, drawn anew before anybody waits for it."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return None
    most = uploads_of(db.session()).most_bytes
    return prepared(file.stream.read(most + 1), file.filename, most)


def _decided(code: str, decision: Decision, values: dict[str, str]) -> Any:
    revision = whole(values, "revision", -1)
    return _does(
        code,
        lambda session, view, by: service.decide(
            session, by, decision, school_id=view.row.school_id, document_id=view.row.id,
            revision=None if revision < 0 else revision, rules=document_rules(), today=today(),
            at=now(),
        ),
        said="" if decision.approves else "returned",
        values=values,
    )  # fmt: skip


@bp.post("/documents/<code>/withdrawal")
@needs(Permission.ARRANGE)
def create_withdrawal(code: str) -> Any:
    """Take a document back that has had no effect."""
    values = form(optional=("reason",))
    return _does(
        code,
        lambda session, view, by: service.withdraw(
            session, by, school_id=view.row.school_id, document_id=view.row.id,
            rules=document_rules(), reason=values["reason"], at=now(),
        ),
    )  # fmt: skip


@bp.post("/documents/<code>/execution")
@needs(Permission.SEE)
def create_execution(code: str) -> Any:
    """Go on with an approved document that was interrupted."""
    form()
    return _does(code, lambda session, view, by: None)


@bp.post("/documents/<code>/end")
@needs(Permission.ARRANGE)
def create_end(code: str) -> Any:
    """End a document of which the rest cannot be carried out."""
    values = form(optional=("reason",))
    by, view = actor(), view_or_404(code)
    try:
        transact(
            lambda session: (
                service.end_here(
                    session, by, school_id=view.row.school_id, document_id=view.row.id,
                    reason=values["reason"], rules=document_rules(), at=now(),
                ).id
            )
        )  # fmt: skip
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    said = what_became_of(view.row.id)
    return redirect(url_for("documents.show_document", code=view.row.id, said=said))


@bp.post("/documents/<code>/filing")
@needs(Permission.ARRANGE)
def create_filing(code: str) -> Any:
    """Put a document into the file."""
    form()
    return _does(
        code,
        lambda session, view, by: service.file(
            session, by, school_id=view.row.school_id, document_id=view.row.id, at=now()
        ),
    )


@bp.post("/documents/<code>/reversal")
@needs(Permission.ARRANGE)
def create_reversal(code: str) -> Any:
    """Hand in a counter-document that takes back all that this one did."""
    by, view = actor(), view_or_404(code)
    values = form(optional=("reason", "once"))
    school = view.row.school_id
    try:
        counter = transact(
            lambda session: (
                service.reverse(
                    session, by, school_id=school, document_id=view.row.id,
                    reason=values["reason"], rules=document_rules(), today=today(),
                    once=once_of(values["once"]), at=now(),
                ).id
            )
        )  # fmt: skip
        carry_on(by, school, counter)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status, values)
    return redirect(url_for("documents.show_document", code=counter, said="reversal"))


# --- deputies ------------------------------------------------------------------------------


@bp.get("/deputies")
@needs(Permission.APPROVE, "said")
def list_deputies() -> Any:
    """Who approves for somebody who is away; name one for oneself."""
    return _deputies({})


def _deputies(values: dict[str, str], message: str = "", status: int = 200) -> Any:
    session, by = db.session(), actor()
    defaults = {"first": today().isoformat(), "last": today().isoformat(), "deputy": ""}
    return (
        render_template(
            "ledger/deputies.html", rows=queries.deputies(session, by, today=today()),
            values=defaults | values, message=message, said=request.args.get("said", ""),
            people=[one for one in queries.sign_ins(session, by.school_id) if one.id != by.id],
        ),
        status,
    )  # fmt: skip


@bp.post("/deputies")
@needs(Permission.APPROVE)
def create_deputy() -> Any:
    """Name somebody who approves for oneself from one day to another."""
    by = actor()
    values = form(optional=("deputy", "first", "last"))
    try:
        first, last = _day(values, "first"), _day(values, "last")
        transact(
            lambda session: (
                service.name_deputy(
                    session, by, deputy_id=values["deputy"], first=first, last=last, at=now()
                ).id
            )
        )
    except Refusal as refusal:
        return _deputies(values, words(refusal), refusal.status)
    return redirect(url_for("documents.list_deputies", said="deputy"))


def _day(values: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(values[name])
    except ValueError as error:
        raise Invalid(field=name, value=values[name][:60]) from error


@bp.post("/deputies/<deputy_id>/end")
@needs(Permission.APPROVE)
def create_deputy_end(deputy_id: str) -> Any:
    """Let a deputy approve no longer."""
    by = actor()
    form()
    transact(lambda session: service.end_deputy(session, by, deputy_row_id=deputy_id, at=now()))
    return redirect(url_for("documents.list_deputies"))


# --- on other pages ------------------------------------------------------------------------


def waiting_for_me() -> tuple[str, dict[str, Any]]:
    """What the home page says: how many documents wait for whoever looks."""
    by = actor()
    count = queries.waiting(db.session(), by, today=today()) if by.role else 0
    return "ledger/_waiting.html", {"count": count}


def documents_of_thing(row: ThingRow) -> tuple[str, dict[str, Any]]:
    """The documents in which a thing stands, for its page."""
    rows = queries.documents_of(db.session(), row.school_id, row.code)
    return "ledger/_documents_of.html", {"rows": rows}


MOST_FOUND = 5


def found_documents(text: str) -> tuple[str, dict[str, Any]]:
    """The documents that the scan box finds by number, title or voucher."""
    rows, _ = queries.documents(
        db.session(), actor(), Filter(text=text), today=today(), size=MOST_FOUND
    )
    return "ledger/_documents_of.html", {"rows": rows if len(text) > 1 else []}
