"""This module is about the pages of kinds: lists, choices while typing, forms."""

from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from inventory.catalogue import kinds_papers as papers
from inventory.catalogue import queries, service
from inventory.catalogue.queries import KindRow
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, Uses
from inventory.db import db, transact
from inventory.errors import Invalid, KindThere, Refusal
from inventory.scope import Actor, Permission, own_school
from inventory.web import tables
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words

USES = "tallycard_uses_of_kinds"
FIELDS = (
    "name", "specification", "unit", "equipment_class", "subject_taught", "catalogue_code",
    "required", "managed_as",
)  # fmt: skip
bp = Blueprint("catalogue", __name__)


def _uses() -> Uses:
    """How many things there are of kinds: a capability above says it, `app` gathers it."""
    uses: Uses = current_app.extensions[USES]
    return uses


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
        counts |= _uses()(db.session(), school_id, ids)
    return counts


@bp.get("/kinds/choices")
@needs(Permission.SEE, "place", "q")
def show_choices() -> Any:
    """The kinds that what is typed may mean, to choose one for a new thing."""
    by = actor()
    text, place = request.args.get("q", "").strip(), request.args.get("place", "")
    return render_template(
        "catalogue/_choices.html", text=text, place=place, kinds=choices(by, text)
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
    there: str = "",
) -> Any:  # fmt: skip
    session = db.session()
    school_id = row.school_id if row else by.school_id
    count = _uses()(session, row.school_id, [row.id]).get(row.id, 0) if row else 0
    return (
        render_template(
            "catalogue/kind.html", row=row, values=values, message=message, there=there,
            count=count, said=request.args.get("said", ""),
            subjects=queries.subjects(session, school_id),
            classes=queries.classes(session, school_id), units=queries.units(session, school_id),
        ),
        status,
    )  # fmt: skip


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
                required=None if told["required"] is None else int(told["required"]), at=now(),
            ).id
        )  # fmt: skip
    except Refusal as refusal:
        return _form(by, None, values, words(refusal), refusal.status, _there(refusal))
    if values["next"]:
        return redirect(url_for("ledger.new_thing", kind=kind_id, place=values["place"] or None))
    return redirect(url_for("catalogue.show_kind", kind_id=kind_id, said="made"))


def _there(refusal: Refusal) -> str:
    return str(refusal.data["id"]) if isinstance(refusal, KindThere) else ""


def _told(values: dict[str, str]) -> dict[str, str | int | None]:
    told: dict[str, str | int | None] = {name: values[name] for name in FIELDS if name in values}
    if "required" in told:
        told["required"] = whole(values, "required") if values["required"] else None
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
    return {
        "name": row.name,
        "specification": row.specification,
        "unit": row.unit,
        "equipment_class": row.equipment_class,
        "subject_taught": row.subject,
        "catalogue_code": row.catalogue_code or "",
        "required": "" if row.required is None else str(row.required),
        "managed_as": row.managed_as,
    }


@bp.post("/kinds/<kind_id>")
@needs(Permission.ARRANGE)
def create_kind_change(kind_id: str) -> Any:
    """Describe a kind anew; a field that is not sent is not changed."""
    by, row = actor(), _row(kind_id)
    values = form(optional=FIELDS)
    sent = {name: values[name] for name in FIELDS if name in request.form}
    try:
        if sent.get("managed_as") == row.managed_as:
            del sent["managed_as"]
        told = _told(sent)
        transact(
            lambda session: service.change_kind(
                session, by, school_id=row.school_id, kind_id=row.id, values=told, uses=_uses(),
                at=now(),
            ).id
        )  # fmt: skip
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
                session, by, school_id=row.school_id, kind_id=row.id, uses=_uses(), at=now()
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
