"""This module is about carriers for programs: bound and unbound."""

from typing import Any

from flask import jsonify

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields
from inventory.db import db, transact
from inventory.errors import Invalid
from inventory.register import tags_queries as queries
from inventory.register import tags_service as service
from inventory.register.queries import codes
from inventory.register.rules import code_in
from inventory.register.tags_queries import TagRow
from inventory.register.tags_rules import Medium, medium_named
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs

TAG = {
    "type": "object",
    "required": ["id", "code", "medium", "value"],
    "properties": {
        "id": {"type": "string"}, "code": {"type": "string"}, "medium": {"type": "string"},
        "value": {"type": "string"},
    },
}  # fmt: skip
NEW = schema(
    {
        "code": {"type": "string", "maxLength": 60},
        "medium": {"type": "string", "enum": [one.value for one in Medium]},
        "value": {"type": "string", "minLength": 1, "maxLength": 200},
        "beside": {"type": "boolean", "description": "Another one of this sort stays as well."},
    },
    required=("code", "medium", "value"),
)
END = schema({"reason": {"type": "string", "minLength": 1, "maxLength": 200}}, required=("reason",))
bp = blueprint("tags", "Tags")


@bp.post("/tags")
@documented("Bind a carrier to what bears a code", body=NEW, answer=TAG, status=201)
@needs(Permission.ARRANGE)
def create_tag() -> Any:
    """An RFID tag, a card, a barcode or an old number means that thing from now on."""
    sent = fields(
        body(), required={"code": str, "medium": str, "value": str}, optional={"beside": bool}
    )
    for name in ("code", "medium", "value"):
        if sent[name] is None:
            raise Invalid(field=name, value="null")
    code = code_in(sent["code"]) or sent["code"]
    row = codes(db.session(), [code]).get(code)
    school_id = found(row.school_id if row else None, "thing", code[:60])
    tag_id = transact(
        lambda session: (
            service.bind(
                session, actor(), school_id=school_id, code=code,
                medium=medium_named(sent["medium"]), value=sent["value"],
                beside=bool(sent.get("beside")), at=now(),
            ).id
        )
    )  # fmt: skip
    return jsonify(tag_json(found(queries.tag(db.session(), tag_id), "tag", tag_id))), 201


@bp.post("/tags/<string:tag_id>/unbinding")
@documented("Unbind a carrier", body=END, answer=TAG)
@needs(Permission.ARRANGE)
def create_unbinding(tag_id: str) -> Any:
    """The carrier means nothing any more; the reason stays in the history."""
    row = found(queries.tag(db.session(), tag_id), "tag", tag_id)
    sent = fields(body(), required={"reason": str})
    transact(
        lambda session: (
            service.unbind(
                session, actor(), school_id=row.school_id, tag_id=row.id,
                reason=sent["reason"] or "", at=now(),
            ).id
        )
    )  # fmt: skip
    return jsonify(tag_json(row))


def tag_json(row: TagRow) -> dict[str, Any]:
    """A carrier for programs."""
    return {
        "id": row.id, "code": row.code, "medium": row.medium, "value": row.value,
        "bound_at": row.bound_at.isoformat(),
    }  # fmt: skip
