"""This module is about scans for programs: taking them in, and what a text means."""

import json
from datetime import datetime
from typing import Any

from flask import Response, current_app, jsonify, request

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields, instant
from inventory.db import SharedCommits, db, opened_session
from inventory.errors import Invalid, Missing, NotAllowed, TooMany
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

INTAKE = "tallycard_intake"
LARGEST_SEQ = 2**63 - 1
LONGEST_READS = 4_000
REQUIRED = {"device": str, "seq": int, "at": str, "payload": str}
OPTIONAL = {"medium": str, "task": str, "place": str, "reads": object}
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
def create_scans() -> Any:
    """One scan or up to 1,000; answered only when they are durable."""
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
    intake: SharedCommits[Submission, list[dict[str, Any]]] = current_app.extensions[INTAKE]
    return intake.submit(db.engine, Submission(by, at, scans), len(scans))


def listed(value: Any) -> list[Any]:
    """The scans of a body: `{"scans": […]}`, a list of them, or one alone."""
    if isinstance(value, dict) and "scans" in value:
        value = fields(value, required={"scans": list})["scans"]
    scans = [value] if isinstance(value, dict) else value
    if not isinstance(scans, list):
        raise Invalid(field="scans", value="no list")
    if not scans:
        raise Missing(field="scans")
    if len(scans) > MOST_SCANS:
        raise TooMany(field="scans", count=len(scans), limit=MOST_SCANS)
    return scans


def incoming(index: int, value: Any) -> Incoming:
    try:
        return _checked(fields(value, required=REQUIRED, optional=OPTIONAL, as_sent=("payload",)))
    except Invalid as refusal:
        refusal.data |= {"index": index}
        if isinstance(value, dict):
            refusal.data |= {name: value[name] for name in ("device", "seq") if name in value}
        raise


def _checked(scan: dict[str, Any]) -> Incoming:
    _between("device", scan["device"], 1, 64)
    _between("task", scan.get("task") or "", 0, 32)
    _between("place", scan.get("place") or "", 0, 32)
    medium = scan.get("medium") or "api"
    if medium not in MEDIA:
        raise Invalid(field="medium", value=medium[:60])
    if not 0 <= scan["seq"] <= LARGEST_SEQ:
        raise Invalid(field="seq", value=str(scan["seq"])[:60])
    return Incoming(
        device=scan["device"],
        seq=scan["seq"],
        at=instant(scan["at"], "at"),
        payload=_storable(scan["payload"]),
        medium=medium,
        task=scan.get("task") or None,
        place=scan.get("place") or None,
        reads=_reads(scan.get("reads")),
    )


def _reads(value: Any) -> str | None:
    """How often and how strongly a reader saw it: a number, or figures by name."""
    if value is None:
        return None
    text = json.dumps(value)
    if not isinstance(value, int | dict) or len(text) > LONGEST_READS:
        raise Invalid(field="reads", value=text[:60])
    return text


def _storable(text: str) -> str:
    """The text with what no database keeps (NUL, half a surrogate pair) visibly replaced."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _between(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise Invalid(field=name, value=text[:60])


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
def show_resolution() -> Any:
    """Candidate meanings of `q`, and what of them there is in the schools in sight."""
    by = actor()
    if not by.may(Permission.SEE):
        raise NotAllowed(permission=Permission.SEE.value)
    if "q" not in request.args:
        raise Missing(field="q")
    text = request.args["q"]
    candidates, targets = resolve(db.session.connection(), by, text)
    return jsonify(resolution_json(text, candidates, targets))
