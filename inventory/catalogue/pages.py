"""This module is about the pages of kinds: lists, choices while typing, forms."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from inventory.catalogue import kinds_papers as papers
from inventory.catalogue import queries, service
from inventory.catalogue.queries import KindRow
from inventory.catalogue.rules import (
    CLASSES,
    DURABILITIES,
    CatalogueCode,
    ManagedAs,
    cents,
    checked_codes,
    codes_in,
)
from inventory.catalogue.service import KindKey, Uses
from inventory.db import db, transact
from inventory.errors import ChangedMeanwhile, Invalid, KindThere, Refusal
from inventory.identity.queries import names
from inventory.journal.queries import Entry, history, latest, since
from inventory.scope import Actor, Permission, own_school
from inventory.web import tables
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words

USES = "tallycard_uses_of_kinds"
FIELDS = (
    "name", "specification", "unit", "equipment_class", "subject_taught", "catalogue_code",
    "required", "managed_as", "reference_price", "life_years", "durability", "system", "edition",
    "further_codes",
)  # fmt: skip
bp = Blueprint("catalogue", __name__)


def uses() -> Uses:
    """How many things there are of kinds: a capability above says it, `app` gathers it."""
    told: Uses = current_app.extensions[USES]
    return told


@bp.get("/kinds")
@needs(Permission.SEE, "page", "q", "retired", "subject", "school", "format")
def list_kinds() -> Any:
    """Kinds, found by name, initials, catalogue code or subject, a page at a time."""
    by = actor()
    session = db.session()
    text, subject = request.args.get("q", "").strip(), request.args.get("subject", "")
    retired, page = request.args.get("retired") == "1", page_number()
    school_id = by.school_id or request.args.get("school", "") or None
    if format := tables.asked_format(request.args.get("format", "")):
        every = queries.every(session, text, school_id=school_id, subject=subject, retired=retired)
        return tables.answer(papers.kinds(every), format)
    rows, total = queries.search(
        session, text, school_id=school_id, subject=subject, retired=retired, page=page
    )
    kept = {"q": text, "subject": subject, "retired": "1" if retired else ""}
    kept["school"] = request.args.get("school", "")
    return render_template(
        "catalogue/kinds.html", rows=rows, total=total, text=text, subject=subject, page=page,
        pages=-(-total // queries.PAGE), retired=retired, uses=_counts(rows),
        subjects=queries.subjects(session, school_id) if school_id else [],
        kept={name: value for name, value in kept.items() if value},
    )  # fmt: skip


def _counts(rows: list[KindRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for school_id in {row.school_id for row in rows}:
        ids = [row.id for row in rows if row.school_id == school_id]
        counts |= uses()(db.session(), school_id, ids)
    return counts


@bp.get("/kinds/choices")
@needs(Permission.SEE, "codes", "place", "q")
def show_choices() -> Any:
    """The kinds that what is typed may mean, to choose one for a new thing."""
    by = actor()
    text, place = request.args.get("q", "").strip(), request.args.get("place", "")
    return render_template(
        "catalogue/_choices.html",
        text=text,
        place=place,
        kinds=choices(by, text),
        codes=request.args.get("codes", "")[:60],
    )


def choices(by: Actor, text: str) -> list[KindRow]:
    """Return the first kinds that a text finds; none for no text."""
    if not text:
        return []
    return queries.search(db.session(), text, school_id=by.school_id, size=queries.CHOICES)[0]


@bp.get("/kinds/new")
@needs(Permission.ARRANGE, "name", "place", "said", "school")
def new_kind() -> Any:
    """The form for a kind that the school does not have yet."""
    by = actor()
    values = dict.fromkeys(FIELDS, "") | {"managed_as": "batch", "unit": "个"}
    values |= {"name": request.args.get("name", "")[:200], "place": request.args.get("place", "")}
    return _form(by, None, values | {"school": request.args.get("school", "")})


def _form(
    by: Actor, row: KindRow | None, values: dict[str, str], message: str = "", status: int = 200,
    there: str = "", meanwhile: list[Entry] | None = None,
) -> Any:  # fmt: skip
    session = db.session()
    school_id = row.school_id if row else by.school_id
    count = uses()(session, row.school_id, [row.id]).get(row.id, 0) if row else 0
    return (
        render_template(
            "catalogue/kind.html", row=row, values=values, message=message, there=there,
            count=count, said=request.args.get("said", ""),
            subjects=queries.subjects(session, school_id),
            classes=[
                *CLASSES,
                *(one for one in queries.classes(session, school_id) if one not in CLASSES),
            ],
            units=queries.units(session, school_id), durabilities=DURABILITIES,
            version=latest(session, row.school_id, row.id, service.DESCRIBING) if row else "",
            meanwhile=meanwhile or [], **_history(row),
        ),
        status,
    )  # fmt: skip


MOST_EVENTS = 200


def _history(row: KindRow | None) -> dict[str, Any]:
    """What happened to a kind and to those that became it, the latest first."""
    if row is None:
        return {"entries": [], "people": {}, "places": {}, "merged": {}, "became": None}
    session = db.session()
    before = queries.merged_kinds(session, row.school_id, row.id)
    entries = [entry for one in (row, *before) for entry in history(session, row.school_id, one.id)]
    entries = sorted(entries, key=lambda one: one.at, reverse=True)[:MOST_EVENTS]
    return {
        "entries": entries, "people": names(session, [one.actor for one in entries]),
        "places": {}, "merged": {one.id: one.title for one in before},
        "became": queries.kind(session, row.merged_into) if row.merged_into else None,
    }  # fmt: skip


@bp.post("/kinds")
@needs(Permission.ARRANGE)
def create_kind() -> Any:
    """Enter a kind; on the way to a new thing, go on to that thing."""
    by = actor()
    values = form(optional=(*FIELDS, "place", "school", "next"))
    try:
        told = _told(values)
        service.check_words(told)
        school = own_school(by, values["school"] or None)
        kind_id = transact(
            lambda session: service.define_kind(
                session, by, _key(told), school_id=school,
                equipment_class=str(told["equipment_class"]),
                managed_as=ManagedAs(str(told["managed_as"])),
                required=_number(told["required"]),
                reference_price_cents=_number(told["reference_price_cents"]),
                life_years=_number(told["life_years"]),
                durability=str(told["durability"]) if told["durability"] else None,
                codes=_codes(values) or (), at=now(),
            ).id
        )  # fmt: skip
    except Refusal as refusal:
        return _form(by, None, values, words(refusal), refusal.status, _there(refusal))
    if values["next"]:
        return redirect(url_for("ledger.new_thing", kind=kind_id, place=values["place"] or None))
    return redirect(url_for("catalogue.show_kind", kind_id=kind_id, said="made"))


def _there(refusal: Refusal) -> str:
    return str(refusal.data["id"]) if isinstance(refusal, KindThere) else ""


def _number(value: str | int | None) -> int | None:
    return None if value is None else int(value)


CODES = ("system", "edition", "further_codes")


def _codes(values: dict[str, str]) -> tuple[CatalogueCode, ...] | None:
    """All codes of a kind as the form says; None when it does not speak of them."""
    if not any(name in values for name in CODES):
        return None
    leading = CatalogueCode(
        values.get("system", ""), values.get("edition", ""), values.get("catalogue_code", "")
    )
    further = codes_in(values.get("further_codes", ""))
    if leading.code:
        return checked_codes((leading, *further))
    return further


def _told(values: dict[str, str]) -> dict[str, str | int | None]:
    told: dict[str, str | int | None] = {
        name: values[name] for name in FIELDS if name in values and name not in CODES
    }
    for name in ("required", "life_years"):
        if name in told:
            told[name] = whole(values, name) if values[name] else None
    if "reference_price" in told:
        del told["reference_price"]
        told["reference_price_cents"] = cents(values["reference_price"])
    if "durability" in told:
        told["durability"] = values["durability"] or None
    if "catalogue_code" in told:
        told["catalogue_code"] = values["catalogue_code"] or None
    if told.get("managed_as", "item") not in {"item", "batch"}:
        raise Invalid(field="managed_as", value=told["managed_as"])
    return told


def _key(told: dict[str, str | int | None]) -> KindKey:
    code = told["catalogue_code"]
    return KindKey(
        str(told["subject_taught"]), None if code is None else str(code), str(told["name"]),
        str(told["specification"]), str(told["unit"]),
    )  # fmt: skip


def _row(kind_id: str) -> KindRow:
    return found(queries.kind(db.session(), kind_id), "kind", kind_id)


@bp.get("/kinds/<kind_id>")
@needs(Permission.SEE, "said")
def show_kind(kind_id: str) -> Any:
    """A kind with the form that changes it."""
    by = actor()
    row = _row(kind_id)
    return _form(by, row, _values(row))


def _values(row: KindRow) -> dict[str, str]:
    codes = queries.codes(db.session(), row)
    return {
        "name": row.name,
        "specification": row.specification,
        "unit": row.unit,
        "equipment_class": row.equipment_class,
        "subject_taught": row.subject,
        "catalogue_code": row.catalogue_code or "",
        "required": "" if row.required is None else str(row.required),
        "managed_as": row.managed_as,
        "reference_price": _yuan(row.reference_price_cents),
        "life_years": "" if row.life_years is None else str(row.life_years),
        "durability": row.durability or "",
        "system": codes[0].system if codes else "",
        "edition": codes[0].edition if codes else "",
        "further_codes": "\n".join(one.line for one in codes[1:]),
    }


def _yuan(price: int | None) -> str:
    return "" if price is None else f"{price // 100}.{price % 100:02d}"


@bp.post("/kinds/<kind_id>")
@needs(Permission.ARRANGE)
def create_kind_change(kind_id: str) -> Any:
    """Describe a kind anew; a field that is not sent is not changed."""
    by, row = actor(), _row(kind_id)
    values = form(optional=(*FIELDS, "version"))
    loaded = values["version"] or None
    sent = {name: values[name] for name in FIELDS if name in request.form}
    try:
        if sent.get("managed_as") == row.managed_as:
            del sent["managed_as"]
        told = _told(sent)
        transact(
            lambda session: service.change_kind(
                session, by, school_id=row.school_id, kind_id=row.id, values=told, uses=uses(),
                codes=_codes(_values(row) | sent) if set(sent) & set(CODES) else None,
                loaded=loaded, at=now(),
            ).id
        )  # fmt: skip
    except ChangedMeanwhile as refusal:
        since_then = since(db.session(), row.school_id, row.id, loaded or "", service.DESCRIBING)
        fresh = _row(kind_id)
        kept = _values(fresh) | sent
        return _form(by, fresh, kept, words(refusal), refusal.status, "", since_then)
    except Refusal as refusal:
        kept = _values(row) | sent
        return _form(by, row, kept, words(refusal), refusal.status, _there(refusal))
    return redirect(url_for("catalogue.show_kind", kind_id=row.id, said="changed"))


@bp.post("/kinds/<kind_id>/retirement")
@needs(Permission.ARRANGE)
def create_kind_retirement(kind_id: str) -> Any:
    """Give up a kind of which there is nothing."""
    by, row = actor(), _row(kind_id)
    form()
    try:
        transact(
            lambda session: service.retire_kind(
                session, by, school_id=row.school_id, kind_id=row.id, uses=uses(), at=now()
            )
        )
    except Refusal as refusal:
        return _form(by, row, _values(row), words(refusal), refusal.status)
    return redirect(url_for("catalogue.show_kind", kind_id=row.id))


@bp.post("/kinds/<kind_id>/restoration")
@needs(Permission.ARRANGE)
def create_kind_restoration(kind_id: str) -> Any:
    """Use a kind again that was given up."""
    by, row = actor(), _row(kind_id)
    form()
    transact(
        lambda session: service.restore_kind(
            session, by, school_id=row.school_id, kind_id=row.id, at=now()
        )
    )
    return redirect(url_for("catalogue.show_kind", kind_id=row.id, said="restored"))
