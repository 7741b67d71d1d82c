"""This module is about scans for programs: taking them in, and what a text means."""

from datetime import datetime
from typing import Any

from flask import Response, current_app, jsonify, request

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body
from inventory.db import db, opened_session
from inventory.errors import Missing, NotAllowed
from inventory.scanning.express import FAILED, Intake
from inventory.scanning.incoming import LARGEST_SEQ, incoming, listed
from inventory.scanning.service import (
    MEDIA,
    MOST_SCANS,
    Incoming,
    Submission,
    as_json,
    resolution_json,
    resolve,
)
from inventory.scope import Actor, Permission
from inventory.web.context import actor, now
from inventory.web.door import needs

INTAKE = "tallycard_intake"
SCAN = schema(
    {
        "device": {"type": "string", "minLength": 1, "maxLength": 64},
        "seq": {"type": "integer", "minimum": 0, "maximum": LARGEST_SEQ},
        "at": {"type": "string", "format": "date-time"},
        "payload": {"type": "string"},
        "medium": {"type": ["string", "null"], "enum": [*MEDIA, None]},
        "task": {"type": ["string", "null"], "maxLength": 32},
        "place": {"type": ["string", "null"], "maxLength": 32},
        "reads": {"type": ["object", "integer", "null"]},
    },
    ("device", "seq", "at", "payload"),
)
MANY = {"type": "array", "items": SCAN, "minItems": 1, "maxItems": MOST_SCANS}
SCANS = {"anyOf": [schema({"scans": MANY}, ("scans",)), MANY, SCAN]}
RESULT = {
    "type": "object",
    "required": ["device", "seq", "outcome", "target"],
    "properties": {
        "device": {"type": "string"},
        "seq": {"type": "integer"},
        "outcome": {"enum": ["seen", "unknown", "again"]},
        "stored": {"enum": ["seen", "unknown"]},
        "meaning": {"type": "string"},
        "reason": {"type": "string"},
        "target": {"type": ["object", "null"]},
        "task": {"type": ["object", "null"]},
    },
}
bp = blueprint("scanning", "Scans")


@bp.post("/scans")
@documented(
    "Take scans in, each once by device and sequence number",
    body=SCANS,
    answer=schema({"results": {"type": "array", "items": RESULT}}, ("results",)),
)
@needs(Permission.SCAN)
def create_scans() -> Any:
    """One scan or up to 1,000; answered only when they are durable. See `express` for most."""
    if FAILED in request.environ:
        raise request.environ[FAILED]
    scans = tuple(incoming(index, one) for index, one in enumerate(listed(body())))
    results = submit(actor(), now(), scans)
    return Response(as_json({"results": results}), mimetype="application/json")


def submit(by: Actor, at: datetime, scans: tuple[Incoming, ...]) -> list[dict[str, Any]]:
    """
    Write scans through the shared commits and return their answers.

    Raises:
        NotAllowed: this person may not scan.
    """
    if not by.may(Permission.SCAN):
        raise NotAllowed(permission=Permission.SCAN.value)
    # Whoever waits for the shared commit must not hold a connection: the leader needs one too.
    if (session := opened_session()) is not None:
        session.rollback()
    intake: Intake = current_app.extensions[INTAKE]
    return intake.submit(db.engine, Submission(by, at, scans), len(scans))


@bp.get("/resolve")
@documented(
    "What a scanned or typed text means and points at",
    query={"q": {"type": "string"}},
    answer={
        "type": "object",
        "required": ["text", "outcome", "meanings", "target", "targets"],
        "properties": {
            "text": {"type": "string"},
            "outcome": {"enum": ["seen", "unknown", "ambiguous"]},
            "meanings": {"type": "array", "items": {"type": "object"}},
            "target": {"type": ["object", "null"]},
            "targets": {"type": "array", "items": {"type": "object"}},
        },
    },
)
@needs(Permission.SEE)
def show_resolution() -> Any:
    """Candidate meanings of `q`, and what of them there is in the schools in sight."""
    by = actor()
    if "q" not in request.args:
        raise Missing(field="q")
    text = request.args["q"]
    candidates, targets = resolve(db.session.connection(), by, text)
    return jsonify(resolution_json(text, candidates, targets))
