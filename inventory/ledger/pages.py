"""This module is about what is entered and corrected by hand, and whether the three sums agree."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from inventory.base import new_id
from inventory.catalogue import queries as catalogue
from inventory.catalogue.pages import choices
from inventory.catalogue.queries import KindRow
from inventory.db import db, transact
from inventory.errors import Invalid, Refusal
from inventory.journal.queries import head_hashes
from inventory.ledger import queries, service
from inventory.ledger.queries import Agreement
from inventory.ledger.service import Entered, Entry
from inventory.places import queries as places
from inventory.places.models import School, Sort
from inventory.register.pages import DETAILS, spot_named, thing_forms, thing_or_404
from inventory.register.rules import CONDITIONS, SOURCES, cents, code_in
from inventory.scope import Actor, Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form, whole
from inventory.web.refusals import words

bp = Blueprint("ledger", __name__)


@bp.get("/agreement")
@needs(Permission.SEE, "school")
def show_agreement() -> Any:
    """The three sums for the schools in sight, and each kind where they differ."""
    session = db.session()
    schools = places.schools(session)
    number = request.args.get("school", "")
    chosen = [one for one in schools if number in {"", one.id}]
    if not chosen and schools:
        found(None, "school", number)
    agreed = {one.id: each for one, each in zip(schools, _agreed(schools), strict=True)}
    return render_template(
        "ledger/agreement.html", chosen=number, names={one.id: one.name for one in schools},
        agreement=queries.together([agreed[one.id] for one in chosen]),
        schools=[queries.figures_of(one, agreed[one.id]) for one in schools],
    )  # fmt: skip


AGREED = "tallycard_agreed"
"""Extension: what the three sums of a school were, at which head of its chain."""


def _agreed(schools: list[School]) -> list[Agreement]:
    """
    Compare the three sums of each school, once for each state of its journal.

    Nothing changes them without an event; that nobody changed a table by hand is what `verify`
    looks for, and it asks the tables.
    """
    session = db.session()
    known: dict[str, tuple[str, Agreement]]
    known = current_app.extensions.setdefault(AGREED, {})
    heads = head_hashes(session, [one.id for one in schools])
    for one in schools:
        head = heads.get(one.id, "")
        if one.id not in known or known[one.id][0] != head:
            known[one.id] = (head, queries.agreement(session, [one.id]))
    return [known[one.id][1] for one in schools]


# --- by hand -------------------------------------------------------------------------------

ENTRY = (
    "kind", "quantity", "place", "keeper", "unit_price", "purchased", "voucher",
    "finance_card_no", "note", "codes", "once", *DETAILS,
)  # fmt: skip


@bp.get("/things/new")
@needs(Permission.ARRANGE, "codes", "kind", "place", "q")
def new_thing() -> Any:
    """First the kind, found by typing; then how many, where, and what else is known."""
    by = actor()
    values = dict.fromkeys(ENTRY, "") | {"quantity": "1", "once": new_id(now())}
    values |= {name: request.args.get(name, "")[:60] for name in ("codes", "kind", "place")}
    return _form(by, values)


def _form(by: Actor, values: dict[str, str], message: str = "", status: int = 200) -> Any:
    session = db.session()
    kind = _kind(values["kind"]) if values["kind"] else None
    text = request.args.get("q", "").strip()
    return (
        render_template(
            "ledger/new_thing.html", values=values, kind=kind, message=message, text=text,
            kinds=choices(by, text) if kind is None else [], place=values["place"],
            spots=places.standing(session, kind.school_id) if kind else [],
            keepers=places.keepers(session, kind.school_id) if kind else [], sources=SOURCES,
            conditions=CONDITIONS,
        ),
        status,
    )  # fmt: skip


def _kind(kind_id: str) -> KindRow:
    return found(catalogue.kind(db.session(), kind_id), "kind", kind_id)


@bp.post("/things")
@needs(Permission.ARRANGE)
def create_things() -> Any:
    """Enter things by hand: so many of a kind, by a receipt."""
    by = actor()
    values = form(required=("kind",), optional=ENTRY[1:])
    kind = _kind(values["kind"])
    try:
        entered = _enter(by, kind, _entry(kind, values), _once(values["once"]))
    except Refusal as refusal:
        return _form(by, values, words(refusal), refusal.status)
    if entered.joined:
        return redirect(url_for("register.show_thing", code=entered.joined, said="joined"))
    if len(entered.codes) == 1:
        return redirect(url_for("register.show_thing", code=entered.codes[0], said="entered"))
    return redirect(url_for("register.list_things", kind=kind.id))


def _once(text: str) -> str | None:
    if text and not (len(text) == 32 and text.isalnum() and text.isascii()):
        raise Invalid(field="once", value=text[:60])
    return text or None


def _entry(kind: KindRow, values: dict[str, str]) -> Entry:
    place = values["place"]
    spot = spot_named(place, kind.school_id).id if place else Sort.UNPLACED.value
    codes = tuple(code_in(line) or line for line in values["codes"].splitlines() if line.strip())
    return Entry(
        kind_id=kind.id,
        quantity=whole(values, "quantity", 1),
        place_id=spot,
        keeper=values["keeper"] or None,
        unit_price_cents=cents(values["unit_price"]),
        purchased=values["purchased"] or None,
        voucher=values["voucher"] or None,
        finance_card_no=values["finance_card_no"] or None,
        note=values["note"] or None,
        codes=codes,
        details={name: values[name] for name in DETAILS if values[name]},
    )


def _enter(by: Actor, kind: KindRow, entry: Entry, once: str | None) -> Entered:
    """Make the things a slice at a time, all by one document."""
    entered = _enter_some(by, kind, entry, once, None)
    codes = list(entered.codes)
    while entered.left:
        rest = _rest(entry, entered.left)
        entered = _enter_some(by, kind, rest, None, entered.document_id)
        codes.extend(entered.codes)
    return replace(entered, codes=tuple(codes))


def _enter_some(
    by: Actor, kind: KindRow, entry: Entry, once: str | None, document_id: str | None
) -> Entered:
    return transact(
        lambda session: service.enter_things(
            session, by, entry, school_id=kind.school_id, once=once, document_id=document_id,
            at=now(),
        )
    )  # fmt: skip


def _rest(entry: Entry, left: int) -> Entry:
    codes = entry.codes[len(entry.codes) - left :] if entry.codes else ()
    return replace(entry, quantity=left, codes=codes)


@bp.post("/things/<code>/retirement")
@needs(Permission.ARRANGE)
def create_thing_retirement(code: str) -> Any:
    """Take back a thing that was entered wrongly, with a reason."""
    by, row = actor(), thing_or_404(code)
    values = form(optional=("reason",))
    try:
        transact(
            lambda session: service.retire_thing(
                session, by, school_id=row.school_id, code=row.code, reason=values["reason"],
                at=now(),
            ).id
        )  # fmt: skip
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_thing", code=row.code))


@bp.post("/things/<code>/restoration")
@needs(Permission.ARRANGE)
def create_thing_restoration(code: str) -> Any:
    """Bring back a thing that was retired by mistake."""
    by, row = actor(), thing_or_404(code)
    form()
    transact(
        lambda session: (
            service.restore_thing(session, by, school_id=row.school_id, code=row.code, at=now()).id
        )
    )
    return redirect(url_for("register.show_thing", code=row.code, said="restored"))


@bp.post("/things/<code>/quantity")
@needs(Permission.ARRANGE)
def create_thing_quantity(code: str) -> Any:
    """Correct the quantity with which a batch was entered, with a reason."""
    by, row = actor(), thing_or_404(code)
    values = form(optional=("quantity", "reason"))
    try:
        quantity = whole(values, "quantity")
        transact(
            lambda session: service.correct_quantity(
                session, by, school_id=row.school_id, code=row.code, quantity=quantity,
                reason=values["reason"], at=now(),
            )
            and None
        )  # fmt: skip
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_thing", code=row.code, said="corrected"))
