"""This module is about printing labels and cards from pages."""

from typing import Any

from flask import Blueprint, render_template, request

import labels
from inventory.db import db
from inventory.errors import Invalid, NothingToPrint, Refusal
from inventory.places import queries as places
from inventory.printing import jobs, service
from inventory.register import queries
from inventory.scope import Actor, Permission
from inventory.web.context import actor, found
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import form, whole
from inventory.web.refusals import words

FIELDS = (
    "codes", "cabinet", "document", "what", "blank", "stock", "skip", "symbol", "school",
)  # fmt: skip
bp = Blueprint("printing", __name__)


@bp.get("/labels")
@needs(Permission.PRINT, *FIELDS)
def new_labels() -> Any:
    """Choose what to print and on which stock; the address may name things or a cabinet."""
    values = {name: request.args.get(name, "") for name in FIELDS}
    return _form(values)


def _form(values: dict[str, str], message: str = "", status: int = 200) -> Any:
    session = db.session()
    cabinet = places.place_by_code(session, values["cabinet"]) if values["cabinet"] else None
    codes = values["codes"].split()
    return (
        render_template(
            "printing/labels.html", values=values, message=message, cabinet=cabinet,
            things=_chosen(values["document"], codes),
            in_cabinet=queries.things_in(session, cabinet.school_id, cabinet.id) if cabinet else [],
            unprinted=len(_unprinted(values)),
            stocks=[labels.stock(name) for name in service.stock_names()],
            cabinets=places.cabinets(session, actor().school_id), schools=places.schools(session),
        ),
        status,
    )  # fmt: skip


def _chosen(document: str, codes: list[str]) -> list[queries.ThingRow]:
    if document:
        return queries.things_of_document(db.session(), document)
    return queries.things_by_code(db.session(), codes) if codes else []


def _unprinted(values: dict[str, str]) -> list[queries.ThingRow]:
    school = values.get("school") or actor().school_id
    return queries.unprinted(db.session(), school) if school else []


@bp.post("/labels")
@needs(Permission.PRINT)
def create_labels() -> Any:
    """Print; a refusal keeps the form as it was filled in."""
    by = actor()
    values = form(optional=FIELDS, long=("codes",))
    try:
        printed = _print(by, values)
    except Refusal as refusal:
        return _form(values, words(refusal), refusal.status)
    return download(printed.content, "labels", printed.extension)


def _print(by: Actor, values: dict[str, str]) -> jobs.Printed:
    order = jobs.Order(
        stock=values["stock"] or "40x30",
        skip=whole(values, "skip", 0),
        symbol=values["symbol"] or "digits",
    )
    match values["what"]:
        case "blank":
            return jobs.print_blank(by, whole(values, "blank"), order)
        case "places":
            return jobs.print_places(by, _places(values["cabinet"]), order)
        case "unprinted":
            rows = _unprinted(values)
        case "cabinet":
            place = found(places.place_by_code(db.session(), values["cabinet"]), "cabinet", "—")
            rows = queries.things_in(db.session(), place.school_id, place.id)
        case "things":
            rows = jobs.things_named(values["codes"].split())
        case what:
            raise Invalid(field="what", value=what)
    if not rows:
        raise NothingToPrint
    return jobs.print_things(by, rows, order)


def _places(code: str) -> list[Any]:
    session = db.session()
    place = found(places.place_by_code(session, code), "cabinet", code)
    ids = places.within(session, place.school_id, place.id)
    return [one for place_id in ids if (one := places.place(session, place.school_id, place_id))]


@bp.post("/cabinets/<code>/card")
@needs(Permission.PRINT)
def create_card(code: str) -> Any:
    """Print a cabinet's card; from now on it is known when it gets stale."""
    by = actor()
    form()
    place = places.place_by_code(db.session(), code)
    cabinet = found(place if place and place.sort in {"cabinet", "room"} else None, "cabinet", code)
    return download(jobs.print_card(by, cabinet), cabinet.title, "pdf")


@bp.post("/cards")
@needs(Permission.PRINT)
def create_cards() -> Any:
    """Print the stale cards of a school, or of a room, as one file."""
    by = actor()
    values = form(optional=("school", "room"))
    session = db.session()
    rows = queries.cabinet_rows(session, places.cabinets(session, values["school"] or by.school_id))
    stale = [
        row.place for row in rows if row.is_stale and values["room"] in {"", row.place.parent_id}
    ]
    return download(jobs.print_cards(by, stale), "cards", "pdf")
