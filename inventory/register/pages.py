"""This module is about the pages of things, cabinets and rooms."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.base import new_id
from inventory.catalogue import queries as catalogue
from inventory.db import db, transact
from inventory.errors import ChangedMeanwhile, NotFound, PlaceNotEmpty, Refusal
from inventory.identity.queries import names
from inventory.journal.queries import NOTHING, Entry, history, latest, since
from inventory.places import queries as places
from inventory.places import rules
from inventory.places import service as place_service
from inventory.places.queries import PlaceRow
from inventory.places.rules import Planned, Series
from inventory.register import attachments_queries as attachments
from inventory.register import lists_papers, queries, service
from inventory.register import parts_service as parts
from inventory.register import placing_queries as placing
from inventory.register import tags_queries as tags
from inventory.register.queries import ThingRow
from inventory.register.rules import CONDITIONS, SOURCES, cents, code_in
from inventory.register.search_queries import SORTS, Wanted
from inventory.scope import Actor, Permission, own_school
from inventory.web import tables
from inventory.web.context import CABINET, THING, actor, found, now, parts_of
from inventory.web.door import needs
from inventory.web.forms import form, page_number, page_size, whole
from inventory.web.refusals import words

MOST_CABINETS = 40
"""Cabinets that a page draws; a longer list is turned."""
MOST_THINGS = 500
bp = Blueprint("register", __name__)


FILTERS = ("kind", "school", "subject", "class", "place", "keeper", "label", "retired", "sort", "q")


@bp.get("/things")
@needs(Permission.SEE, "page", "size", "format", "said", *FILTERS)
def list_things() -> Any:
    """Things, found by words, numbers, initials or place, narrowed down and in an order."""
    session, kept = db.session(), things_kept()
    wanted = things_wanted(kept)
    if format := tables.asked_format(request.args.get("format", "")):
        every = tags.carrying(session, queries.every(session, wanted))
        return tables.answer(lists_papers.things(every), format)
    page, size = page_number(), page_size()
    rows, total = queries.listed(session, wanted, page=page, size=size)
    pages = -(-total.shown // size)
    return render_template(
        "register/things.html", rows=rows, total=total, text=wanted.text, page=min(page, pages),
        pages=pages, schools=places.schools(session), school_id=wanted.school_id, size=size,
        retired=wanted.retired, kept=kept | ({"size": size} if size != queries.PAGE else {}),
        kind=catalogue.kind(session, wanted.kind_id) if wanted.kind_id else None,
        sorts=SORTS, once=new_id(now()), said=request.args.get("said", ""),
        **_choices(wanted.school_id),
    )  # fmt: skip


def things_kept() -> dict[str, str]:
    """What the address of a list of things narrows it down to; what is empty is left out."""
    values = {name: request.args.get(name, "").strip() for name in FILTERS}
    values["retired"] = "1" if values["retired"] == "1" else ""
    return {name: value for name, value in values.items() if value}


def things_wanted(kept: dict[str, str]) -> Wanted:
    """Return what an address asks for; somebody of one school means that school."""
    school_id = kept.get("school", "") or actor().school_id or ""
    return Wanted(
        text=kept.get("q", ""), school_id=school_id, subject=kept.get("subject", ""),
        equipment_class=kept.get("class", ""), place_id=kept.get("place", ""),
        keeper=kept.get("keeper", ""), kind_id=kept.get("kind", ""), label=kept.get("label", ""),
        retired="retired" in kept, sort=kept.get("sort", "number"),
    )  # fmt: skip


def _choices(school_id: str) -> dict[str, Any]:
    """What a list can be narrowed down to in one school; a district chooses a school first."""
    if not school_id:
        return {"subjects": [], "classes": [], "spots": [], "keepers": []}
    session = db.session()
    return {
        "subjects": catalogue.subjects(session, school_id),
        "classes": catalogue.classes(session, school_id),
        "spots": places.rooms(session, school_id),
        "keepers": places.keepers(session, school_id),
    }


@bp.get("/things/<code>")
@needs(Permission.SEE, "back", "quantity", "removed", "said")
def show_thing(code: str) -> Any:
    """A thing: what it is, where it belongs, its label, its history in sentences."""
    session = db.session()
    row = found(queries.thing(session, code), "thing", code)
    back, removed = request.args.get("back", ""), request.args.get("removed", "")
    present = row.present_place_id
    return render_template(
        "register/thing.html", row=row, said=request.args.get("said", ""),
        back=places.place(session, row.school_id, back) if back else None,
        back_quantity=request.args.get("quantity", ""),
        present=places.place(session, row.school_id, present) if present else None,
        attached=attachments.of(session, row.school_id, row.code),
        removed=attachments.attachment(session, removed) if removed else None,
        tags=tags.of(session, row.school_id, row.code),
        parts=[part(row) for part in parts_of(THING)],
        **told(row.school_id, history_of(row)),
    )  # fmt: skip


def history_of(row: ThingRow) -> list[Entry]:
    """The events of a thing; one that was part of a batch begins with the batch's history."""
    own = history(db.session(), row.school_id, row.code)
    if row.broken_from is None:
        return own
    before = history(db.session(), row.school_id, row.broken_from)
    begun = next(
        (n for n, one in enumerate(before) if one.kind == "batch_broken"
         and row.code in {code for code, _ in one.data["items"]}),
        len(before),
    )  # fmt: skip
    return [*own, *before[begun:]]


def told(school_id: str, entries: list[Entry]) -> dict[str, Any]:
    """The history with the names of people and the paths of places that it mentions."""
    session = db.session()
    ids = _described(entries, "present_place")
    rows = [places.place(session, school_id, one) for one in sorted(filter(None, ids))]
    people = {entry.actor for entry in entries} | _described(entries, "keeper")
    return {
        "entries": entries,
        "people": names(session, sorted(filter(None, people))),
        "places": queries.places_mentioned(session, school_id, entries)
        | {row.id: row for row in rows if row},
    }


def _described(entries: list[Entry], field: str) -> set[str]:
    """What the events say of a field, before and after."""
    return {
        value for entry in entries if entry.kind == "thing_described"
        for name, value in (*entry.data["set"], *entry.data.get("was", ())) if name == field
    }  # fmt: skip


@bp.get("/cabinets")
@needs(Permission.SEE, "school", "page", "format")
def list_cabinets() -> Any:
    """Cabinets by room, with what is in them and whether their card is current."""
    school_id = request.args.get("school", "")
    session = db.session()
    schools = places.schools(session)
    chosen = school_id or (schools[0].id if len(schools) == 1 else "")
    every = places.cabinets(session, chosen) if chosen else []
    if format := tables.asked_format(request.args.get("format", "")):
        name = found(places.school(session, chosen), "school", chosen).name
        return tables.answer(lists_papers.cabinets(name, _every_row(every)), format)
    page, pages = page_number(), max(1, -(-len(every) // MOST_CABINETS))
    page = min(page, pages)
    rows = queries.cabinet_rows(session, every[(page - 1) * MOST_CABINETS : page * MOST_CABINETS])
    return render_template(
        "register/cabinets.html", rows=rows, total=len(every), page=page, pages=pages,
        rooms=_rooms_of(rows, every, places.rooms(session, chosen)) if chosen else [],
        values={"kinds_left": placing.kinds_left(session, chosen) if chosen else 0},
        schools=schools, school_id=chosen, school=next(
            (one for one in schools if one.id == chosen), None
        ),
    )  # fmt: skip


def _every_row(cabinets: list[PlaceRow]) -> Iterator[queries.CabinetRow]:
    for start in range(0, len(cabinets), MOST_CABINETS):
        yield from queries.cabinet_rows(db.session(), cabinets[start : start + MOST_CABINETS])


def _rooms_of(
    rows: list[queries.CabinetRow], every: list[PlaceRow], rooms: list[PlaceRow]
) -> list[PlaceRow]:
    """The rooms of the cabinets on a page, and those that have none at all."""
    here = {row.place.parent_id for row in rows}
    elsewhere = {one.parent_id for one in every} - here
    return [room for room in rooms if room.id not in elsewhere]


@bp.get("/cabinets/<code>")
@needs(Permission.SEE, "card", "said")
def show_cabinet(code: str) -> Any:
    """A cabinet, room or shelf: drawn, with its contents shelf by shelf."""
    session = db.session()
    place = found(places.place_by_code(session, code), "place", code)
    things = _things_of(place)
    by_place: dict[str, list[queries.ThingRow]] = {}
    for row in things:
        by_place.setdefault(row.place_id, []).append(row)
    inside = places.inside(session, place.school_id, place.id)
    standing = [one for one in inside if one.sort == "cabinet"]
    return render_template(
        "register/cabinet.html", place=place, card=queries.card(session, place), things=things,
        by_place=by_place, inside=inside, cabinets=queries.cabinet_rows(
            session, standing[:MOST_CABINETS]
        ),
        more_cabinets=len(standing) > MOST_CABINETS, more_things=len(things) >= MOST_THINGS,
        above=places.place(session, place.school_id, place.parent_id) if place.parent_id else None,
        school=places.school(session, place.school_id),
        parts=[part(place) for part in parts_of(CABINET)],
        said=request.args.get("said", ""), tags=tags.of(session, place.school_id, place.id),
        **told(place.school_id, history(session, place.school_id, place.id)),
    )  # fmt: skip


def _things_of(place: PlaceRow) -> list[ThingRow]:
    """What a page of a place lists: of a room only what stands in none of its cabinets."""
    session = db.session()
    if place.sort in {"cabinet", "shelf"}:
        return queries.things_in(session, place.school_id, place.id)
    return queries.things_at(session, place.school_id, place.id, MOST_THINGS)


# --- laying out and arranging places -------------------------------------------------------

ROOM = ("short", "name", "keeper", "first", "last", "shelves", "titles", "school", "preview")
INSIDE = ("first", "last", "shelves", "titles", "keeper", "preview")


@bp.get("/rooms/new")
@needs(Permission.ARRANGE, "school")
def new_room() -> Any:
    """One form lays out a room with its cabinets and shelves."""
    by = actor()
    values = dict.fromkeys(ROOM, "") | {"first": "1", "last": "12", "shelves": "4"}
    return _room_form(by, values | {"school": request.args.get("school", "")})


def _room_form(
    by: Actor, values: dict[str, str], message: str = "", status: int = 200,
    planned: list[Planned] | None = None,
) -> Any:  # fmt: skip
    session = db.session()
    school_id = by.school_id or values["school"]
    return (
        render_template(
            "register/new_room.html", values=values, message=message, planned=planned,
            schools=[] if by.school_id else places.schools(session),
            keepers=places.keepers(session, school_id) if school_id else [],
        ),
        status,
    )  # fmt: skip


@bp.post("/rooms")
@needs(Permission.ARRANGE)
def create_room() -> Any:
    """Lay out a room; with `preview` only say which numbers that means."""
    by = actor()
    values = form(optional=ROOM)
    planned: list[Planned] = []
    try:
        planned = rules.room(values["short"], values["name"], _series(values))
        place_service.check_words(values["short"], values["name"])
        if values["preview"]:
            return _room_form(by, values, planned=planned)
        school = own_school(by, values["school"] or None)
        _lay_out(by, planned, school, values["keeper"])
    except Refusal as refusal:
        return _room_form(by, values, words(refusal), refusal.status)
    room = places.find_place(db.session(), values["short"], school)[0]
    return redirect(url_for("register.show_cabinet", code=room.id, said="laid_out"))


@bp.post("/rooms/preview")
@needs(Permission.ARRANGE)
def show_room_preview() -> Any:
    """The numbers that a form means, while it is filled in."""
    values = form(optional=ROOM)
    try:
        planned = rules.room(values["short"] or "?", values["name"], _series(values))
    except Refusal as refusal:
        return render_template("register/_planned.html", message=words(refusal), planned=None)
    return render_template("register/_planned.html", message="", planned=planned)


def _series(values: dict[str, str]) -> Series:
    titles = tuple(line.strip() for line in values["titles"].splitlines())
    return Series(
        whole(values, "first", 1), whole(values, "last", 0), whole(values, "shelves", 0), titles
    )


def _lay_out(by: Actor, planned: list[Planned], school_id: str, keeper: str) -> None:
    """Set up places a few at a time, so that no scan waits for a whole room."""
    left, is_first = 1, True
    while left:
        left = _lay_out_some(by, planned, school_id, keeper or None, is_first)
        is_first = False


def _lay_out_some(
    by: Actor, planned: list[Planned], school_id: str, keeper: str | None, is_first: bool
) -> int:
    return transact(
        lambda session: service.lay_out(
            session, by, planned, school_id=school_id, keeper=keeper, is_first=is_first, at=now()
        )
    )


def _place(code: str) -> PlaceRow:
    row = places.place_by_code(db.session(), code)
    return found(row if row and row.sort in {"room", "cabinet", "shelf"} else None, "place", code)


@bp.get("/cabinets/<code>/arrangement")
@needs(Permission.ARRANGE, "said")
def arrange_cabinet(code: str) -> Any:
    """Change a place: its words, what is in it, where it stands, whether it is in use."""
    return _arrangement(_place(code))


def _arrangement(
    place: PlaceRow, message: str = "", status: int = 200, values: dict[str, str] | None = None,
    planned: list[Planned] | None = None,
) -> Any:  # fmt: skip
    session = db.session()
    inside = places.inside(session, place.school_id, place.id)
    next_number = 1 + max((int(one.short) for one in inside if one.short.isdecimal()), default=0)
    defaults = {"first": str(next_number), "last": str(next_number), "shelves": "4"}
    own = {"short": place.short, "name": place.name, "keeper": place.keeper or "", "titles": ""}
    above = [
        one for one in places.standing(session, place.school_id)
        if {"cabinet": "room", "shelf": "cabinet"}.get(place.sort) == one.sort
        and one.id != place.parent_id
    ]  # fmt: skip
    return (
        render_template(
            "register/arrangement.html", place=place, inside=inside, message=message,
            values=defaults | own | (values or {}), planned=planned, above=above,
            keepers=places.keepers(session, place.school_id),
            said=request.args.get("said", ""),
            count=queries.count_in(
                session, place.school_id, places.within(session, place.school_id, place.id)
            ),
            parent=places.place(session, place.school_id, place.parent_id)
            if place.parent_id else None,
        ),
        status,
    )  # fmt: skip


@bp.post("/cabinets/<code>/description")
@needs(Permission.ARRANGE)
def create_cabinet_description(code: str) -> Any:
    """Rename a place, give it another number or keeper; a field that is not sent stays."""
    by, place = actor(), _place(code)
    values = form(optional=("short", "name", "keeper"))
    wanted: dict[str, str | None] = {
        name: values[name] or None if name == "keeper" else values[name]
        for name in values
        if name in request.form
    }
    try:
        transact(
            lambda session: service.change_place(
                session, by, school_id=place.school_id, code=place.id, values=wanted, at=now()
            )
        )
    except Refusal as refusal:
        return _arrangement(place, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_cabinet", code=place.id, said="changed"))


@bp.post("/cabinets/<code>/inside")
@needs(Permission.ARRANGE)
def create_cabinet_inside(code: str) -> Any:
    """Add cabinets in series to a room, or shelves to a cabinet."""
    by, place = actor(), _place(code)
    values = form(optional=INSIDE)
    try:
        if place.sort == "room":
            planned = rules.cabinets(place.path, _series(values))
        elif place.sort == "cabinet":
            planned = rules.shelves(place.path, whole(values, "first"), whole(values, "last"))
        else:
            raise NotFound(what="place", key=code)
        if values["preview"]:
            return _arrangement(place, values=values, planned=planned)
        _lay_out(by, planned, place.school_id, values["keeper"] or place.keeper or "")
    except Refusal as refusal:
        return _arrangement(place, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_cabinet", code=place.id, said="laid_out"))


@bp.post("/cabinets/<code>/order")
@needs(Permission.ARRANGE)
def create_cabinet_order(code: str) -> Any:
    """Move a place up or down among those beside it."""
    by, place = actor(), _place(code)
    values = form(required=("direction",))
    steps = -1 if values["direction"] == "up" else 1
    transact(
        lambda session: place_service.reorder_place(
            session, by, school_id=place.school_id, code=place.id, by_steps=steps, at=now()
        )
    )
    above = place.parent_id or place.id
    return redirect(url_for("register.arrange_cabinet", code=above, _anchor="inside"))


@bp.post("/cabinets/<code>/move")
@needs(Permission.ARRANGE)
def create_cabinet_move(code: str) -> Any:
    """Move a cabinet to another room, or a shelf to another cabinet."""
    by, place = actor(), _place(code)
    values = form(required=("to",))
    try:
        transact(
            lambda session: place_service.move_place(
                session, by, school_id=place.school_id, code=place.id, to=values["to"], at=now()
            )
        )
    except Refusal as refusal:
        return _arrangement(place, words(refusal), refusal.status)
    return redirect(url_for("register.show_cabinet", code=place.id, said="moved"))


@bp.post("/cabinets/<code>/retirement")
@needs(Permission.ARRANGE)
def create_cabinet_retirement(code: str) -> Any:
    """Give up a place in which nothing is."""
    by, place = actor(), _place(code)
    form()
    try:
        transact(
            lambda session: service.retire_place(
                session, by, school_id=place.school_id, code=place.id, at=now()
            )
        )
    except PlaceNotEmpty as refusal:
        return _arrangement(place, words(refusal), refusal.status)
    return redirect(url_for("register.show_cabinet", code=place.id))


@bp.post("/cabinets/<code>/restoration")
@needs(Permission.ARRANGE)
def create_cabinet_restoration(code: str) -> Any:
    """Use a place again that was given up."""
    by, place = actor(), _place(code)
    form()
    transact(
        lambda session: service.restore_place(
            session, by, school_id=place.school_id, code=place.id, at=now()
        )
    )
    return redirect(url_for("register.show_cabinet", code=place.id, said="restored"))


# --- changing things -----------------------------------------------------------------------

DETAILS = (
    "serial_no", "maker", "supplier", "invoice", "accepted", "source", "warranty_until",
    "condition",
)  # fmt: skip
DESCRIPTION = (
    "keeper", "unit_price", "purchased", "voucher", "finance_card_no", "note", *DETAILS,
    "present_place", "version",
)  # fmt: skip


def thing_or_404(code: str) -> ThingRow:
    """
    Return the thing under a code.

    Raises:
        NotFound: there is none in sight.
    """
    return found(queries.thing(db.session(), code), "thing", code)


@bp.get("/things/<code>/change")
@needs(Permission.ARRANGE)
def change_thing(code: str) -> Any:
    """The forms that change a thing: describe, move, correct, retire."""
    return thing_forms(thing_or_404(code))


def thing_forms(
    row: ThingRow, message: str = "", status: int = 200, values: dict[str, str] | None = None,
    meanwhile: list[Entry] | None = None,
) -> Any:  # fmt: skip
    """The page of a thing's forms; after a refusal with what was typed, and what others did."""
    session = db.session()
    price = row.unit_price_cents
    present = row.present_place_id
    spot = places.place(session, row.school_id, present) if present else None
    details = {name: getattr(row, name) or "" for name in DETAILS}
    now_there = {
        "keeper": row.own_keeper or "", "purchased": row.purchased or "",
        "voucher": row.voucher or "", "finance_card_no": row.finance_card_no or "",
        "note": row.note or "", "to": "", "quantity": str(row.quantity), "reason": "",
        "unit_price": "" if price is None else f"{price // 100}.{price % 100:02d}",
        "present_place": spot.path if spot else "", "codes": "",
    }  # fmt: skip
    version = latest(session, row.school_id, row.code, service.DESCRIBING)
    return (
        render_template(
            "register/change.html", row=row, message=message,
            values=now_there | details | (values or {}) | {"version": version},
            keepers=places.keepers(session, row.school_id),
            spots=places.standing(session, row.school_id), sources=SOURCES,
            conditions=CONDITIONS, **told(row.school_id, meanwhile or []),
        ),
        status,
    )  # fmt: skip


@bp.post("/things/<code>/description")
@needs(Permission.ARRANGE)
def create_thing_description(code: str) -> Any:
    """Describe a thing anew; a field that is not sent is not changed."""
    by, row = actor(), thing_or_404(code)
    values = form(optional=DESCRIPTION)
    loaded = values.pop("version") or None
    sent = {name: values[name] for name in values if name in request.form}
    try:
        wanted: dict[str, str | int | None] = {
            name: value or None for name, value in sent.items() if name != "unit_price"
        }
        if "unit_price" in sent:
            wanted["unit_price_cents"] = cents(sent["unit_price"])
        transact(
            lambda session: service.describe_thing(
                session, by, school_id=row.school_id, code=row.code, values=wanted,
                loaded=loaded, at=now(),
            )
        )  # fmt: skip
    except ChangedMeanwhile as refusal:
        meanwhile = since(
            db.session(), row.school_id, row.code, loaded or NOTHING, service.DESCRIBING
        )
        fresh = thing_or_404(code)
        return thing_forms(fresh, words(refusal), refusal.status, sent, meanwhile)
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, sent)
    return redirect(url_for("register.show_thing", code=row.code, said="changed"))


@bp.post("/things/<code>/items")
@needs(Permission.ARRANGE)
def create_thing_items(code: str) -> Any:
    """Let some of a batch become single things with codes of their own."""
    by, row = actor(), thing_or_404(code)
    values = form(optional=("quantity", "codes"))
    labels = tuple(code_in(line) or line for line in values["codes"].splitlines() if line.strip())
    try:
        quantity = whole(values, "quantity")
        transact(
            lambda session: parts.break_batch(
                session, by, school_id=row.school_id, code=row.code, quantity=quantity,
                codes=labels, at=now(),
            )
        )  # fmt: skip
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, values)
    return redirect(url_for("register.show_thing", code=row.code, said="broken"))


@bp.post("/things/<code>/move")
@needs(Permission.ARRANGE)
def create_thing_move(code: str) -> Any:
    """Move a thing, a batch or a part of it to another place, named by path or code."""
    by, row = actor(), thing_or_404(code)
    values = form(required=("to",), optional=("quantity",))
    try:
        to = spot_named(values["to"], row.school_id)
        quantity = whole(values, "quantity", row.quantity)
        there = transact(
            lambda session: service.move_thing(
                session, by, school_id=row.school_id, code=row.code, to=to.id,
                quantity=quantity, at=now(),
            ).code
        )  # fmt: skip
    except Refusal as refusal:
        return thing_forms(row, words(refusal), refusal.status, values)
    said = "moved" if there == row.code else "moved_part"
    return redirect(
        url_for(
            "register.show_thing", code=there, said=said, back=row.place_id,
            quantity=quantity,
        )
    )  # fmt: skip


def spot_named(text: str, school_id: str) -> PlaceRow:
    """
    Return the room, cabinet or shelf that a path or a code names.

    Raises:
        NotFound: the school has none.
    """
    rows = places.find_place(db.session(), code_in(text) or text, school_id)
    if len(rows) != 1:
        raise NotFound(what="place", key=text[:60])
    return rows[0]
