"""This module is about the pages of things, cabinets and rooms."""

from typing import Any

from flask import Blueprint, render_template, request

from inventory.db import db
from inventory.errors import NotAllowed
from inventory.identity.queries import names
from inventory.journal.queries import Entry, history
from inventory.places import queries as places
from inventory.register import queries
from inventory.scope import Permission
from inventory.web.context import CABINET, found, parts_of, signed_in
from inventory.web.forms import page_number

bp = Blueprint("register", __name__)


def _may_see() -> None:
    if not signed_in().may(Permission.SEE):
        raise NotAllowed(permission=Permission.SEE.value)


@bp.get("/things")
def list_things() -> Any:
    """Things, found by words, numbers, initials or place, a page at a time."""
    _may_see()
    text, school_id = request.args.get("q", "").strip(), request.args.get("school", "")
    page = page_number()
    rows, total = queries.search(db.session(), text, school_id=school_id or None, page=page)
    return render_template(
        "register/things.html", rows=rows, total=total, text=text, page=page,
        pages=-(-total // queries.PAGE), schools=places.schools(db.session()),
        school_id=school_id,
    )  # fmt: skip


@bp.get("/things/<code>")
def show_thing(code: str) -> Any:
    """A thing: what it is, where it belongs, its label, its history in sentences."""
    _may_see()
    row = found(queries.thing(db.session(), code), "thing", code)
    entries = history(db.session(), row.school_id, row.code)
    return render_template("register/thing.html", row=row, **_told(row.school_id, entries))


def _told(school_id: str, entries: list[Entry]) -> dict[str, Any]:
    """The history with the names of people and the paths of places that it mentions."""
    session = db.session()
    mentions = ("place", "origin", "destination")
    ids = {entry.data.get(name) for entry in entries for name in mentions}
    rows = [places.place(session, school_id, one) for one in sorted(filter(None, ids))]
    return {
        "entries": entries,
        "people": names(session, [entry.actor for entry in entries]),
        "places": {row.id: row for row in rows if row},
    }


@bp.get("/cabinets")
def list_cabinets() -> Any:
    """Cabinets by room, with what is in them and whether their card is current."""
    _may_see()
    school_id = request.args.get("school", "")
    session = db.session()
    schools = places.schools(session)
    chosen = school_id or (schools[0].id if len(schools) == 1 else "")
    rows = queries.cabinet_rows(session, places.cabinets(session, chosen)) if chosen else []
    return render_template(
        "register/cabinets.html", rows=rows,
        rooms=places.rooms(session, chosen) if chosen else [],
        schools=schools, school_id=chosen, school=next(
            (one for one in schools if one.id == chosen), None
        ),
    )  # fmt: skip


@bp.get("/cabinets/<code>")
def show_cabinet(code: str) -> Any:
    """A cabinet, room or shelf: drawn, with its contents shelf by shelf."""
    _may_see()
    session = db.session()
    place = found(places.place_by_code(session, code), "place", code)
    things = queries.things_in(session, place.school_id, place.id)
    by_place: dict[str, list[queries.ThingRow]] = {}
    for row in things:
        by_place.setdefault(row.place_id, []).append(row)
    inside = places.inside(session, place.school_id, place.id)
    return render_template(
        "register/cabinet.html", place=place, card=queries.card(session, place), things=things,
        by_place=by_place, inside=inside, cabinets=queries.cabinet_rows(
            session, [one for one in inside if one.sort == "cabinet"]
        ),
        above=places.place(session, place.school_id, place.parent_id) if place.parent_id else None,
        school=places.school(session, place.school_id),
        parts=[part(place) for part in parts_of(CABINET)],
    )  # fmt: skip
