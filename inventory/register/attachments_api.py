"""This module is about photographs and files for programs: listed, attached, fetched."""

from typing import Any

from flask import Response, jsonify, request

from inventory.api.document import documented
from inventory.api.edge import blueprint
from inventory.db import db, transact, uploads_of
from inventory.errors import Invalid
from inventory.register import attachments_queries as queries
from inventory.register import attachments_service as service
from inventory.register.attachments_pages import as_download
from inventory.register.attachments_queries import AttachmentRow
from inventory.register.attachments_rules import BINARY, JPEG, PDF, prepared
from inventory.register.queries import ThingRow, thing
from inventory.register.rules import code_in
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs

ATTACHMENT = {
    "type": "object",
    "required": ["id", "thing", "kind", "name", "media_type", "size", "added_at"],
    "properties": {
        "id": {"type": "string"}, "thing": {"type": "string"},
        "kind": {"type": "string", "enum": ["photo", "file"]}, "name": {"type": "string"},
        "media_type": {"type": "string"}, "size": {"type": "integer"},
        "added_at": {"type": "string", "format": "date-time"},
    },
}  # fmt: skip
LIST = {
    "type": "object",
    "required": ["attachments"],
    "properties": {"attachments": {"type": "array", "items": ATTACHMENT}},
}
BYTES = {"type": "string", "format": "binary"}
NAME = {"type": "string", "maxLength": 200, "description": "What a file is called."}
bp = blueprint("attachments", "Attachments")


def _thing(code: str) -> ThingRow:
    return found(thing(db.session(), code_in(code) or code), "thing", code[:60])


@bp.get("/things/<string:code>/attachments")
@documented("Photographs and files of a thing", answer=LIST)
@needs(Permission.SEE)
def list_attachments(code: str) -> Any:
    """What is attached, photographs first."""
    row = _thing(code)
    rows = queries.of(db.session(), row.school_id, row.code)
    return jsonify({"attachments": [_json(one) for one in rows]})


@bp.post("/things/<string:code>/attachments")
@documented(
    "Attach a photograph or file", body=BYTES, body_type=BINARY, query={"name": NAME},
    answer=ATTACHMENT, status=201,
)  # fmt: skip
@needs(Permission.ARRANGE)
def create_attachment(code: str) -> Any:
    """The bytes are the body; what they are decides what is kept, whatever they are called."""
    by, row = actor(), _thing(code)
    if request.is_json:  # a program that was not told that the bytes themselves are meant
        raise Invalid(field="body", value=request.mimetype)
    most = uploads_of(db.session()).most_bytes
    one = prepared(request.stream.read(most + 1), request.args.get("name", "")[:200], most)
    where = {"school_id": row.school_id, "subject": row.code}
    service.lay_down(db.session(), by, files=[one], **where)
    made = transact(lambda s: service.attach(s, by, content=one, at=now(), **where).id)
    return jsonify(_json(_attachment(made))), 201


@bp.get("/attachments/<string:attachment_id>")
@documented("The bytes of a photograph or file", answer=BYTES, mimetype=(JPEG, PDF, BINARY))
@needs(Permission.SEE)
def get_attachment(attachment_id: str) -> Response:
    """As it is kept: a photograph as JPEG."""
    return as_download(_attachment(attachment_id))


def _attachment(attachment_id: str) -> AttachmentRow:
    row = queries.attachment(db.session(), attachment_id)
    return found(row, "attachment", attachment_id[:60])


def _json(row: AttachmentRow) -> dict[str, Any]:
    return {
        "id": row.id, "thing": row.subject, "kind": row.kind, "name": row.name,
        "media_type": row.media_type, "size": row.size, "added_at": row.added_at.isoformat(),
    }  # fmt: skip
