"""This module is about the page of receipts (验收入库): an invoice becomes things in one press."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.base import new_id
from inventory.catalogue import queries as catalogue
from inventory.catalogue.queries import KindRow
from inventory.db import db, transact
from inventory.errors import KindUnclear, Missing, NotFound, Refusal, TooMany
from inventory.ledger import documents_service as service
from inventory.ledger.documents_pages import (
    carry_on,
    document_page,
    document_rules,
    once_of,
    today,
    view_or_404,
    what_became_of,
    with_person,
)
from inventory.ledger.documents_queries import DocumentView
from inventory.ledger.documents_service import Draft, Line
from inventory.ledger.rules import DocumentType
from inventory.places import queries as places
from inventory.places.models import Sort
from inventory.register.pages import spot_named
from inventory.register.rules import cents
from inventory.scope import Actor, Permission, own_school
from inventory.web.context import actor, now
from inventory.web.door import needs
from inventory.web.forms import form, whole
from inventory.web.refusals import words

MOST_KINDS = 12
"""Kinds of one receipt's form; a longer invoice comes as a spreadsheet."""
HEAD = (
    "voucher", "purchased", "supplier", "person", "reason", "school", "once", "rows", "more",
    "revision",
)  # fmt: skip
LINE = ("kind", "quantity", "unit_price", "place", "serials")
UNPLACED = Sort.UNPLACED.value
bp = Blueprint("receipts", __name__)


def _names() -> tuple[str, ...]:
    return HEAD + tuple(f"{name}_{n}" for n in range(1, MOST_KINDS + 1) for name in LINE)


@bp.get("/receipts/new")
@needs(Permission.ARRANGE, "kind", "place")
def new_receipt() -> Any:
    """Kinds, quantities, prices and places of an invoice."""
    values = dict.fromkeys(_names(), "") | {
        "once": new_id(now()), "rows": "1", "purchased": today().isoformat(), "quantity_1": "1",
    }  # fmt: skip
    kind = catalogue.kind(db.session(), request.args.get("kind", "")[:40])
    values["kind_1"] = label_of(kind) if kind else ""
    values["place_1"] = request.args.get("place", "")[:60]
    return _form(values)


def label_of(kind: KindRow) -> str:
    """Return how a kind is written in the form's list: no two of a school are written alike."""
    code = f"{kind.catalogue_code} " if kind.catalogue_code else ""
    return f"{code}{kind.title} ({kind.unit or '—'}, {kind.subject or '—'})"


def _form(
    values: dict[str, str], message: str = "", status: int = 200, view: DocumentView | None = None
) -> Any:
    session, by = db.session(), actor()
    school = view.row.school_id if view else by.school_id or values["school"]
    rows = min(MOST_KINDS, max(1, whole(values, "rows", 1)))
    return (
        render_template(
            "ledger/new_receipt.html", values=values, message=message, rows=rows, view=view,
            most=MOST_KINDS, schools=[] if by.school_id or view else places.schools(session),
            kinds=[(label_of(one), one.initials) for one in _kinds(school)] if school else [],
            spots=places.standing(session, school) if school else [],
            keepers=places.keepers(session, school) if school else [],
        ),
        status,
    )  # fmt: skip


def _kinds(school: str) -> list[KindRow]:
    rows, _ = catalogue.search(db.session(), school_id=school, size=2_000)
    return rows


@bp.post("/receipts")
@needs(Permission.ARRANGE)
def create_receipt() -> Any:
    """Make the things of an invoice, each under its code, by one document."""
    by = actor()
    values = form(optional=_names(), long=tuple(name for name in _names() if "serials" in name))
    if values["more"]:
        return _form(values | {"rows": str(whole(values, "rows", 1) + 1)})
    try:
        school = own_school(by, values["school"] or None)
        wanted = _draft(values, school)
        code = transact(lambda session: _entered(session, by, wanted, values, school))
    except Refusal as refusal:
        return _form(values, words(refusal), refusal.status)
    return _carried_on(by, school, code)


@bp.get("/receipts/<code>/change")
@needs(Permission.ARRANGE)
def change_receipt(code: str) -> Any:
    """Write a receipt anew that is a draft, or that came back."""
    view = _receipt_or_404(code)
    return _form(_values_of(view), view=view)


def _receipt_or_404(code: str) -> DocumentView:
    view = view_or_404(code)
    if view.row.type != DocumentType.RECEIPT.value:
        raise NotFound(what="document", key=code[:60])
    if len(view.lines) > MOST_KINDS:  # a program wrote it; the form has no room for it
        raise TooMany(count=len(view.lines), limit=MOST_KINDS)
    return view


def _values_of(view: DocumentView) -> dict[str, str]:
    row, details = view.row, view.details
    kinds = {one.id: one for one in _kinds(row.school_id)}
    values = dict.fromkeys(_names(), "") | {
        "voucher": row.voucher or "", "reason": row.reason or "", "revision": str(row.revision),
        "purchased": str(details.get("purchased") or ""),
        "supplier": str(details.get("supplier") or ""), "rows": str(len(view.lines)),
        "person": (view.lines[0].person or "") if view.lines else "",
    }  # fmt: skip
    for n, line in enumerate(view.lines[:MOST_KINDS], start=1):
        kind = kinds.get(line.kind_id or "")
        serials = line.details.get("serials")
        values |= {
            f"kind_{n}": label_of(kind) if kind else line.name,
            f"quantity_{n}": str(line.quantity),
            f"unit_price_{n}": _yuan(line.unit_price_cents),
            f"place_{n}": line.place if line.place and line.place_id != UNPLACED else "",
            f"serials_{n}": "\n".join(serials) if isinstance(serials, list) else "",
        }
    return values


def _yuan(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02d}"


@bp.post("/receipts/<code>/revision")
@needs(Permission.ARRANGE)
def create_revision(code: str) -> Any:
    """Save a receipt that was written anew, and hand it in again."""
    by, view = actor(), _receipt_or_404(code)
    school = view.row.school_id
    values = form(optional=_names(), long=tuple(name for name in _names() if "serials" in name))
    if values["more"]:
        return _form(values | {"rows": str(whole(values, "rows", 1) + 1)}, view=view)
    revision = whole(values, "revision", view.row.revision)

    def revised(session: Any) -> str:
        wanted = with_person(session, by, _draft(values, school), values["person"], school)
        document = service.revise(
            session, by, wanted, school_id=school, document_id=view.row.id, revision=revision,
            rules=document_rules(), at=now(),
        )  # fmt: skip
        return service.submit(
            session, by, school_id=school, document_id=document.id, rules=document_rules(), at=now()
        ).id

    try:
        transact(revised)
    except Refusal as refusal:
        return _form(values, words(refusal), refusal.status, view_or_404(code))
    return _carried_on(by, school, view.row.id)


def _carried_on(by: Actor, school: str, code: str) -> Any:
    try:
        carry_on(by, school, code)
    except Refusal as refusal:
        return document_page(view_or_404(code), words(refusal), refusal.status)
    return redirect(url_for("documents.show_document", code=code, said=what_became_of(code)))


def _entered(session: Any, by: Actor, wanted: Draft, values: dict[str, str], school: str) -> str:
    wanted = with_person(session, by, wanted, values["person"], school)
    document = service.draft(
        session, by, wanted, school_id=school, rules=document_rules(), today=today(),
        once=once_of(values["once"]), at=now(),
    )  # fmt: skip
    return service.submit(
        session, by, school_id=school, document_id=document.id, rules=document_rules(), at=now()
    ).id


def _draft(values: dict[str, str], school: str) -> Draft:
    lines = [
        _line(values, n, school)
        for n in range(1, MOST_KINDS + 1)
        if any(values[f"{name}_{n}"] for name in ("kind", "unit_price", "place", "serials"))
    ]
    details = {name: values[name][:60] for name in ("purchased", "supplier") if values[name]}
    return Draft(
        DocumentType.RECEIPT, tuple(lines), reason=values["reason"], voucher=values["voucher"],
        details=details,
    )  # fmt: skip


def _line(values: dict[str, str], n: int, school: str) -> Line:
    place = values[f"place_{n}"]
    serials = [one.strip() for one in values[f"serials_{n}"].splitlines() if one.strip()]
    return Line(
        kind_id=kind_meant(values[f"kind_{n}"], school).id,
        quantity=whole(values, f"quantity_{n}", 1),
        unit_price_cents=cents(values[f"unit_price_{n}"]),
        place_id=spot_named(place, school).id if place else None,
        details={"serials": serials} if serials else {},
    )


def kind_meant(text: str, school: str) -> KindRow:
    """
    Return the kind that somebody wrote: as the list has it, or by words that find only one.

    Raises:
        Missing, NotFound, KindUnclear: it names none, or several.
    """
    if not text:
        raise Missing(field="kind")
    kinds = _kinds(school)
    for one in kinds:
        if text in {label_of(one), one.id}:
            return one
    called = [one for one in kinds if text in {one.name, one.title}]
    if len(called) == 1:
        return called[0]
    rows, total = catalogue.search(db.session(), text, school_id=school, size=4)
    if not rows:
        raise NotFound(what="kind", key=text[:60])
    if total > 1:
        raise KindUnclear(text=text[:60], kinds="; ".join(one.title for one in rows))
    return rows[0]
