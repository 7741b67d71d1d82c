"""This module is about stock counts for programs."""

from typing import Any

from flask import jsonify

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields
from inventory.counting import queries, service
from inventory.counting.models import Count
from inventory.counting.rules import Line, Outcome
from inventory.db import db, transact
from inventory.errors import BadQuantity, Missing
from inventory.register.rules import code_in
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs

COUNT = {
    "type": "object",
    "required": ["id", "is_open", "figures", "lines"],
    "properties": {
        "id": {"type": "string"},
        "is_open": {"type": "boolean"},
        "figures": {"type": "object"},
        "lines": {"type": "array", "items": {"type": "object"}},
    },
}
bp = blueprint("counting", "Stock counts")


@bp.post("/counts")
@documented(
    "Open a count of a cabinet, room or shelf",
    body=schema({"place": {"type": "string"}, "name": {"type": ["string", "null"]}}, ("place",)),
    answer=COUNT,
    status=201,
)
@needs(Permission.COUNT)
def create_count() -> Any:
    """`place` is a code or a path such as 科仪1-03."""
    asked = fields(body(), required={"place": str}, optional={"name": str})
    by = actor()

    def work(session: Any) -> Count:
        place = service.place_to_count(session, by, asked["place"])
        return service.open_count(session, by, place=place, name=asked.get("name") or "", at=now())

    return jsonify(count_json(transact(work))), 201


@bp.get("/counts/<string:count_id>")
@documented("A count with its result as it stands", answer=COUNT)
@needs(Permission.SEE)
def show_count(count_id: str) -> Any:
    return jsonify(count_json(_count(count_id)))


@bp.post("/counts/<string:count_id>/sightings")
@documented(
    "Enter the quantity of a batch, or say that all are there",
    body=schema(
        {
            "code": {"type": "string"},
            "quantity": {"type": ["integer", "null"], "minimum": 0, "maximum": 999_999},
            "all_there": {"type": ["boolean", "null"]},
        },
        ("code",),
    ),
    answer=COUNT,
)
@needs(Permission.COUNT)
def create_sighting(count_id: str) -> Any:
    """Labels are seen by `POST /scans` with the count as their task; this is for quantities."""
    asked = fields(body(), required={"code": str}, optional={"quantity": int, "all_there": bool})
    quantity, all_there = asked.get("quantity"), bool(asked.get("all_there"))
    if quantity is None and not all_there:
        raise Missing(field="quantity")
    if quantity is not None and all_there:
        raise BadQuantity(field="quantity", value=quantity)
    by = actor()
    transact(
        lambda session: service.enter_quantity(
            session,
            by,
            count_id=count_id,
            code=code_in(asked["code"]) or asked["code"],
            quantity=quantity,
            all_there=all_there,
            at=now(),
        )
    )
    return jsonify(count_json(_count(count_id)))


@bp.post("/counts/<string:count_id>/closing")
@documented(
    "Close a count",
    body=schema({"leave_open": {"type": ["boolean", "null"]}}),
    answer=COUNT,
)
@needs(Permission.COUNT)
def create_closing(count_id: str) -> Any:
    """`leave_open` closes it although quantities of batches are still open."""
    asked = fields(body() or {}, optional={"leave_open": bool})
    by = actor()
    transact(
        lambda session: service.close_count(
            session, by, count_id=count_id, leave_open=bool(asked.get("leave_open")), at=now()
        )
    )
    return jsonify(count_json(_count(count_id)))


def _count(count_id: str) -> Count:
    return found(queries.get(db.session(), count_id), "count", count_id)


def count_json(count: Count) -> dict[str, Any]:
    """A count for programs, with its result computed from the sightings."""
    return {
        "id": count.id,
        "name": count.name,
        "school": count.school_id,
        "place": count.place_id,
        "is_open": count.is_open,
        "opened_at": count.opened_at.isoformat(),
        "closed_at": count.closed_at.isoformat() if count.closed_at else None,
        "sightings_hash": count.sightings_hash,
        **outcome_json(queries.outcome(db.session(), count)),
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """The figures and lines of a result for programs."""
    return {
        "expected": outcome.expected,
        "done": outcome.done,
        "figures": {result.value: n for result, n in outcome.figures.items()},
        "lines": [line_json(line) for line in outcome.lines],
    }


def line_json(line: Line) -> dict[str, Any]:
    return {
        "result": line.result.value,
        "code": line.code,
        "number": line.number,
        "name": line.name,
        "specification": line.specification,
        "unit": line.unit,
        "managed_as": "batch" if line.is_batch else "item",
        "expected": line.expected,
        "counted": line.counted,
        "place": line.place,
        "payload": line.payload or None,
    }
