"""
This module is about the pages of the first placing (首次上柜).

One form goes on step by step, each with one field in focus, so that a scanner that ends with
Enter, or a keyboard, does it all: the place, the label, the kind, how many.
"""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.db import db, transact
from inventory.errors import LabelNotNeeded, NotFound, Refusal
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.register import placing_queries as queries
from inventory.register import placing_service as service
from inventory.register import queries as register
from inventory.register.pages import spot_named
from inventory.register.placing_queries import Unplaced
from inventory.register.queries import ThingRow
from inventory.register.rules import code_in, shown
from inventory.register.service import move_thing
from inventory.scope import Actor, Permission, own_school
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form, page_number, whole
from inventory.web.refusals import words

FIELDS = ("place", "label", "words", "kind", "quantity", "school")
LAST = ("code", "n", "joined")
bp = Blueprint("placing", __name__)


@bp.get("/unplaced")
@needs(Permission.SEE, "page", "q", "school")
def list_unplaced() -> Any:
    """What was never placed, by kind."""
    session = db.session()
    text, page = request.args.get("q", "").strip(), page_number()
    schools = places.schools(session)
    chosen = request.args.get("school", "") or (schools[0].id if len(schools) == 1 else "")
    total = queries.kinds_left(session, chosen) if chosen else 0
    rows = queries.remaining(session, chosen, text, page=page) if chosen else []
    return render_template(
        "register/unplaced.html", rows=rows, text=text, total=total, page=page,
        pages=1 if text else -(-total // queries.PAGE), school_id=chosen,
        kept={name: value for name, value in request.args.items() if name in {"q", "school"}},
        schools=schools if len(schools) > 1 else [],
    )  # fmt: skip


def unplaced_part() -> tuple[str, dict[str, Any]]:
    """What the home page says of what was never placed."""
    school_id = actor().school_id
    left = queries.kinds_left(db.session(), school_id) if school_id else 0
    return "register/_unplaced.html", {"kinds_left": left}


@bp.get("/placing")
@needs(Permission.ARRANGE, "place", "school", *LAST)
def new_placing() -> Any:
    """Scan the place, then line after line."""
    by = actor()
    values = dict.fromkeys(FIELDS, "")
    values |= {name: request.args.get(name, "")[:60] for name in ("place", "school")}
    return _step(by, values)


def _school(by: Actor, values: dict[str, str]) -> str:
    """The school to be placed in: one's own, or that of the place that was scanned."""
    if by.school_id:
        return by.school_id
    code = code_in(values["place"])
    place = places.place_by_code(db.session(), code) if code else None
    return own_school(by, values["school"] or (place.school_id if place else None))


def _step(
    by: Actor, values: dict[str, str], message: str = "", status: int = 200,
    choices: list[Unplaced] | None = None,
) -> Any:  # fmt: skip
    """The form with what is known so far; the next empty field has the focus."""
    session = db.session()
    spot: PlaceRow | None = None
    kind: Unplaced | None = None
    if values["place"]:
        try:
            school = _school(by, values)
            spot = spot_named(values["place"], school)
            kind = queries.remaining_of(session, school, values["kind"]) if values["kind"] else None
        except NotFound as refusal:
            message, status = message or words(refusal), refusal.status
            values = values | {"place": ""}
    code = code_in(values["label"]) or ""
    return (
        render_template(
            "register/placing.html", values=values, spot=spot, kind=kind, message=message,
            choices=choices, label=shown(code) if code else "", last=_last(by, spot),
            left=queries.kinds_left(session, spot.school_id) if spot else 0,
        ),
        status,
    )  # fmt: skip


def _last(by: Actor, spot: PlaceRow | None) -> dict[str, Any] | None:
    """The line that was placed last, as the address says, to be looked at and undone."""
    code = request.args.get("code", "")
    row = register.thing(db.session(), code) if code and spot else None
    if row is None:
        return None
    number = request.args.get("n", "")
    return {
        "row": row, "quantity": int(number) if number.isdecimal() and len(number) < 7 else 1,
        "joined": request.args.get("joined") == "1",
    }  # fmt: skip


@bp.post("/placing")
@needs(Permission.ARRANGE)
def create_placing() -> Any:
    """Go one step on: with all that is needed, place it; else ask for what is missing."""
    by = actor()
    values = form(optional=FIELDS)
    try:
        school = _school(by, values)
        spot = spot_named(values["place"], school)
        own = _labelled(school, values["label"])
        if own is not None:
            values |= {"kind": own.kind_id, "label": "" if not own.is_batch else values["label"]}
            return _placed(spot, *_place_own(by, own, spot, values))
        if not values["kind"]:
            return _choose(by, school, values)
        kind = queries.remaining_of(db.session(), school, values["kind"])
        if kind is None or not values["quantity"]:
            default = str(kind.quantity if kind and kind.managed_as == "batch" else 1)
            return _step(by, values | {"quantity": values["quantity"] or default})
        quantity = whole(values, "quantity")
        done = transact(
            lambda session: service.place_kind(
                session, by, school_id=school, kind_id=values["kind"], to=spot.id,
                quantity=quantity, label=code_in(values["label"]) or values["label"] or None,
                at=now(),
            )
        )  # fmt: skip
    except LabelNotNeeded as refusal:
        return _step(by, values | {"label": ""}, words(refusal), refusal.status)
    except Refusal as refusal:
        return _step(by, values, words(refusal), refusal.status)
    return _placed(spot, done.codes[-1], quantity, done.joined)


def _labelled(school: str, label: str) -> ThingRow | None:
    """The thing without a place whose own label was scanned; None for a blank or no label."""
    code = code_in(label)
    row = register.thing(db.session(), code) if code else None
    is_waiting = row is not None and row.school_id == school and row.place_sort == "unplaced"
    return row if is_waiting else None


def _place_own(
    by: Actor, own: ThingRow, spot: PlaceRow, values: dict[str, str]
) -> tuple[str, int, bool]:
    quantity = whole(values, "quantity", own.quantity) if own.is_batch else 1
    code = transact(
        lambda session: (
            move_thing(
                session, by, school_id=own.school_id, code=own.code, to=spot.id,
                quantity=quantity, at=now(),
            ).code
        )
    )  # fmt: skip
    return code, quantity, own.is_batch and code != own.code


def _choose(by: Actor, school: str, values: dict[str, str]) -> Any:
    """What is typed names one kind that has no place yet, several, or none."""
    if not values["words"]:
        return _step(by, values)
    rows = queries.remaining(db.session(), school, values["words"], size=queries.CHOICES)
    if len(rows) != 1:
        return _step(by, values, choices=rows)
    only = rows[0]
    quantity = str(only.quantity if only.managed_as == "batch" else 1)
    return _step(by, values | {"kind": only.kind_id, "quantity": quantity})


def _placed(spot: PlaceRow, code: str, quantity: int, joined: bool) -> Any:
    return redirect(
        url_for(
            "placing.new_placing", place=spot.id, school=spot.school_id, code=code, n=quantity,
            joined="1" if joined else None,
        )
    )  # fmt: skip


@bp.post("/placing/undoing")
@needs(Permission.ARRANGE)
def create_placing_undoing() -> Any:
    """Take the last line back: it stands without a place again."""
    by = actor()
    values = form(required=("code", "place"), optional=("quantity",))
    row = found(register.thing(db.session(), values["code"]), "thing", values["code"])
    quantity = whole(values, "quantity", 1)
    try:
        transact(
            lambda session: (
                service.take_back(
                    session, by, school_id=row.school_id, code=row.code, quantity=quantity,
                    at=now(),
                ).code
            )
        )  # fmt: skip
    except Refusal as refusal:
        fields = dict.fromkeys(FIELDS, "") | {"place": values["place"], "school": row.school_id}
        return _step(by, fields, words(refusal), refusal.status)
    return redirect(url_for("placing.new_placing", place=values["place"], school=row.school_id))
