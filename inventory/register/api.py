"""This module is about things and cabinets for programs."""

from typing import Any

from flask import jsonify, request

from inventory.api.document import documented, schema
from inventory.api.edge import (
    MOST_PER_PAGE,
    blueprint,
    body,
    cursor,
    fields,
    from_cursor,
    limit,
)
from inventory.db import db, transact
from inventory.errors import Invalid, Missing
from inventory.journal.queries import history, latest
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.register import attachments_queries as attachments
from inventory.register import queries, service
from inventory.register import tags_queries as tags
from inventory.register.queries import Card, ThingRow
from inventory.register.rules import CONDITIONS, LONGEST, SOURCES, cents, code_in, shown
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs

THING = {
    "type": "object",
    "required": ["code", "number", "name", "quantity"],
    "properties": {
        "code": {"type": "string"},
        "number": {"type": "string"},
        "name": {"type": "string"},
        "quantity": {"type": "integer"},
    },
}
DESCRIPTION = schema(
    {
        "keeper": {"type": ["string", "null"], "maxLength": 60},
        "unit_price": {"type": ["string", "null"], "description": "Yuan, such as 510.00."},
        "purchased": {"type": ["string", "null"], "description": "2024, 2024-09 or 2024-09-01."},
        "voucher": {"type": ["string", "null"], "maxLength": 60},
        "finance_card_no": {"type": ["string", "null"], "maxLength": 40},
        "note": {"type": ["string", "null"], "maxLength": 400},
        "serial_no": {"type": ["string", "null"], "maxLength": 60},
        "maker": {"type": ["string", "null"], "maxLength": 100},
        "supplier": {"type": ["string", "null"], "maxLength": 100},
        "invoice": {"type": ["string", "null"], "maxLength": 60},
        "accepted": {"type": ["string", "null"], "description": "As `purchased`."},
        "source": {"type": ["string", "null"], "enum": [*SOURCES, None]},
        "warranty_until": {"type": ["string", "null"], "description": "As `purchased`."},
        "condition": {"type": ["string", "null"], "enum": [*CONDITIONS, None]},
        "present_place": {
            "type": ["string", "null"],
            "maxLength": 60,
            "description": "Path or code of where it stands now, when that is not its home.",
        },
        "version": {
            "type": "string",
            "maxLength": 32,
            "description": "What was answered with it: refused when it was changed since.",
        },
    }
)
PLACE = schema(
    {
        "short": {"type": "string", "minLength": 1, "maxLength": 20},
        "name": {"type": "string", "maxLength": 60},
        "keeper": {"type": ["string", "null"], "maxLength": 60},
    }
)
bp = blueprint("register", "Register")


@bp.get("/things")
@documented(
    "Things, page by page",
    query={
        "q": {"type": "string"},
        "cursor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
    },
    answer={
        "type": "object",
        "required": ["things", "next"],
        "properties": {
            "things": {"type": "array", "items": THING},
            "next": {"type": ["string", "null"]},
        },
    },
)
@needs(Permission.SEE)
def list_things() -> Any:
    """The things in sight in the order of school and code; `next` is the cursor to go on with."""
    start = from_cursor(request.args.get("cursor"), 2)
    size = limit()
    text = request.args.get("q", "")
    at = (start[0], start[1]) if start else None
    rows = queries.after(db.session(), at, text=text, limit=size + 1)
    last = rows[size - 1] if len(rows) > size else None
    return jsonify(
        things=[thing_json(row) for row in rows[:size]],
        next=cursor((last.school_id, last.code)) if last else None,
    )


@bp.get("/things/<string:code>")
@documented("One thing with its history", answer=THING)
@needs(Permission.SEE)
def show_thing(code: str) -> Any:
    """A thing by its code, with the events of its history, the latest first."""
    row = found(queries.thing(db.session(), code_in(code) or code), "thing", code)
    entries = history(db.session(), row.school_id, row.code)
    events = [
        {"id": one.id, "kind": one.kind, "at": one.at.isoformat(), "actor": one.actor,
         "data": one.data}
        for one in entries
    ]  # fmt: skip
    session = db.session()
    bound = [
        {"id": one.id, "medium": one.medium, "value": one.value}
        for one in tags.of(session, row.school_id, row.code)
    ]
    attached = [
        {"id": one.id, "kind": one.kind, "name": one.name, "size": one.size}
        for one in attachments.of(session, row.school_id, row.code)
    ]
    version = latest(session, row.school_id, row.code, service.DESCRIBING)
    return jsonify(
        thing_json(row)
        | {"history": events, "tags": bound, "attachments": attached, "version": version}
    )


@bp.get("/cabinets/<string:code>")
@documented("One cabinet, room or shelf with its card", answer={"type": "object"})
@needs(Permission.SEE)
def show_cabinet(code: str) -> Any:
    """A cabinet by its code: its card as it is now, and whether the printed one is stale."""
    cabinet = cabinet_or_404(code)
    card = queries.card(db.session(), cabinet)
    things = queries.things_in(db.session(), cabinet.school_id, cabinet.id)
    return jsonify(card_json(card) | {"things": [thing_json(row) for row in things]})


@bp.patch("/things/<string:code>")
@documented("Change the description of a thing", body=DESCRIPTION, answer=THING)
@needs(Permission.ARRANGE)
def change_thing(code: str) -> Any:
    """Fields that are there are changed, others are not; null clears one."""
    row = found(queries.thing(db.session(), code_in(code) or code), "thing", code)
    names = tuple(DESCRIPTION["properties"])
    sent = fields(body(), optional=dict.fromkeys(names, str))
    loaded = sent.pop("version", None)
    values = {name: value for name, value in sent.items() if name != "unit_price"}
    if "unit_price" in sent:
        values["unit_price_cents"] = cents(sent["unit_price"])
    transact(
        lambda session: (
            service.describe_thing(
                session, actor(), school_id=row.school_id, code=row.code, values=values,
                loaded=loaded, at=now(),
            ).code
        )
    )  # fmt: skip
    return jsonify(thing_json(found(queries.thing(db.session(), row.code), "thing", code)))


@bp.patch("/cabinets/<string:code>")
@documented("Change a room, cabinet or shelf", body=PLACE, answer={"type": "object"})
@needs(Permission.ARRANGE)
def change_cabinet(code: str) -> Any:
    """Fields that are there are changed, others are not; null clears the keeper."""
    place = cabinet_or_404(code)
    if place.sort not in {"room", "cabinet", "shelf"}:
        found(None, "cabinet", code)
    sent = fields(body(), optional=dict.fromkeys(PLACE["properties"], str))
    for name in ("short", "name"):
        if name in sent and sent[name] is None:
            raise Missing(field=name)
    if len(sent.get("keeper") or "") > LONGEST["keeper"]:
        raise Invalid(field="keeper", value=sent["keeper"][:60])
    values = {name: value if value is None else value.strip() for name, value in sent.items()}
    transact(
        lambda session: service.change_place(
            session, actor(), school_id=place.school_id, code=place.id, values=values, at=now()
        )
    )
    return jsonify(card_json(queries.card(db.session(), cabinet_or_404(place.id))))


def cabinet_or_404(code: str) -> PlaceRow:
    """
    Return the cabinet, room or shelf under a code.

    Raises:
        NotFound: there is none in sight.
    """
    return found(places.place_by_code(db.session(), code_in(code) or code), "cabinet", code)


def thing_json(row: ThingRow) -> dict[str, Any]:
    """A thing for programs; money in yuan as text."""
    price = row.unit_price_cents
    return {
        "code": row.code,
        "code_shown": row.code_shown,
        "number": row.number,
        "school": row.school_id,
        "name": row.name,
        "specification": row.specification,
        "unit": row.unit,
        "managed_as": row.managed_as,
        "quantity": row.quantity,
        "place": row.place if row.place_sort != "unplaced" else None,
        "place_code": row.place_id if row.place_sort != "unplaced" else None,
        "keeper": row.keeper,
        "state": row.state,
        "retired": row.retired_at is not None,
        "status": row.status,
        "unit_price": None if price is None else f"{price // 100}.{price % 100:02d}",
        "purchased": row.purchased,
        "voucher": row.voucher,
        "finance_card_no": row.finance_card_no,
        "note": row.note,
        "serial_no": row.serial_no,
        "maker": row.maker,
        "supplier": row.supplier,
        "invoice": row.invoice,
        "accepted": row.accepted,
        "source": row.source,
        "warranty_until": row.warranty_until,
        "condition": row.condition,
        "present_place_code": row.present_place_id,
        "joined_into": row.joined_into,
        "broken_from": row.broken_from,
    }


def card_json(card: Card) -> dict[str, Any]:
    """A cabinet's card for programs."""
    cabinet = card.cabinet
    return {
        "code": cabinet.id,
        "code_shown": shown(cabinet.id),
        "school": cabinet.school_id,
        "path": cabinet.path,
        "name": cabinet.name,
        "sort": cabinet.sort,
        "keeper": cabinet.keeper,
        "retired": cabinet.retired_at is not None,
        "kinds": card.kinds,
        "pieces": card.pieces,
        "version": card.version,
        "printed_version": card.printed_version,
        "is_stale": card.is_stale,
        "shelves": [
            {
                "code": shelf.place.id,
                "path": shelf.place.path,
                "rows": [
                    {
                        "catalogue_code": row.catalogue_code,
                        "name": row.name,
                        "specification": row.specification,
                        "unit": row.unit,
                        "quantity": row.quantity,
                    }
                    for row in shelf.rows
                ],
            }
            for shelf in card.shelves
        ],
    }
