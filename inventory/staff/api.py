"""This module is about people for programs: found by badge, name or initials."""

from typing import Any

from flask import jsonify, request

from inventory.api.document import documented
from inventory.api.edge import blueprint
from inventory.errors import Missing
from inventory.identity.queries import PersonRow
from inventory.scope import Permission
from inventory.staff.pages import find_people
from inventory.web.door import needs

PERSON = {
    "type": "object",
    "required": ["id", "name", "role", "school", "code"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "role": {"type": ["string", "null"]},
        "school": {"type": ["string", "null"]},
        "code": {"type": ["string", "null"]},
    },
}
bp = blueprint("staff", "People")


@bp.get("/people")
@documented(
    "People, found by badge, name or initials",
    query={"q": {"type": "string"}},
    answer={
        "type": "object",
        "required": ["people"],
        "properties": {"people": {"type": "array", "items": PERSON}},
    },
)
@needs(Permission.SEE)
def list_people() -> Any:
    """At most 20 active people of the schools in sight."""
    text = request.args.get("q", "").strip()
    if not text:
        raise Missing(field="q")
    return jsonify(people=[_person(row) for row in find_people(text)])


def _person(row: PersonRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "school": row.school_id,
        "code": row.code,
    }
