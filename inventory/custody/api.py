"""This module is about loans, and what arrives from other schools, for programs."""

from typing import Any

from flask import jsonify

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields
from inventory.custody import queries, service
from inventory.custody import transfers_service as transfers
from inventory.custody.pages import bring_all_back, person_meant
from inventory.custody.queries import LoanRow
from inventory.custody.service import Wanted
from inventory.db import db, transact
from inventory.errors import Invalid
from inventory.ledger.documents_api import DOCUMENT, REASON, answer_with
from inventory.ledger.documents_pages import (
    carry_on,
    document_rules,
    once_of,
    today,
    view_or_404,
)
from inventory.ledger.rules import MOST_LINES
from inventory.register.pages import spot_named
from inventory.register.rules import code_in
from inventory.scope import Permission, own_school
from inventory.web.context import actor, now
from inventory.web.door import needs

THINGS = {
    "type": "array",
    "maxItems": MOST_LINES,
    "items": schema(
        {
            "code": {"type": "string"},
            "quantity": {"type": ["integer", "null"], "minimum": 1, "maximum": 999_999},
        },
        ("code",),
    ),
}
bp = blueprint("custody", "Custody")


@bp.get("/loans")
@documented(
    "What is lent",
    answer={
        "type": "object",
        "required": ["loans"],
        "properties": {"loans": {"type": "array", "items": {"type": "object"}}},
    },
)
@needs(Permission.SEE)
def list_loans() -> Any:
    """What is in somebody's hands, the longest overdue first; at most a thousand."""
    rows, _ = queries.loans(db.session(), today=today(), size=1_000)
    return jsonify(loans=[_loan_json(row) for row in rows])


@bp.post("/loans")
@documented(
    "Lend things to a person",
    body=schema(
        {
            "person": {"type": "string", "description": "A name, or the code of a badge."},
            "things": THINGS,
            "due": {"type": ["string", "null"], "description": "2026-12-01"},
            "reason": {"type": ["string", "null"], "maxLength": 400},
            "school": {"type": ["string", "null"]},
            "once": {"type": ["string", "null"]},
        },
        ("person", "things"),
    ),
    answer=DOCUMENT,
    status=201,
)
@needs(Permission.ARRANGE)
def create_loan() -> Any:
    asked = fields(
        body(), required={"person": str, "things": list},
        optional={"due": str, "reason": str, "school": str, "once": str},
    )  # fmt: skip
    by = actor()
    school = own_school(by, asked.get("school"))
    wanted = _things(asked["things"])

    def work(session: Any) -> str:
        return service.lend(
            session, by, wanted, school_id=school,
            person_id=person_meant(session, by, asked["person"].strip()[:60], school),
            due=asked.get("due"), reason=asked.get("reason"), rules=document_rules(),
            today=today(), once=once_of(asked.get("once") or ""), at=now(),
        ).id  # fmt: skip

    code = transact(work)
    carry_on(by, school, code)
    return answer_with(code, 201)


def _things(values: list[Any]) -> list[Wanted]:
    wanted = []
    for one in values[: MOST_LINES + 1]:
        asked = fields(one, required={"code": str}, optional={"quantity": int})
        code = code_in(asked["code"])
        if code is None:
            raise Invalid(field="code", value=asked["code"][:60])
        quantity = asked.get("quantity")
        wanted.append(Wanted(code, 1 if quantity is None else quantity))
    return wanted


@bp.post("/returns")
@documented(
    "Take back what is lent",
    body=schema(
        {
            "things": THINGS,
            "school": {"type": ["string", "null"]},
            "once": {"type": ["string", "null"]},
        },
        ("things",),
    ),
    answer=DOCUMENT,
    status=201,
)
@needs(Permission.ARRANGE)
def create_return() -> Any:
    asked = fields(body(), required={"things": list}, optional={"school": str, "once": str})
    by = actor()
    school = own_school(by, asked.get("school"))
    wanted = _things(asked["things"])
    code = transact(
        lambda session: (
            service.take_return(
                session, by, wanted, school_id=school, rules=document_rules(), today=today(),
                once=once_of(asked.get("once") or ""), at=now(),
            ).id
        )
    )  # fmt: skip
    carry_on(by, school, code)
    return answer_with(code, 201)


@bp.post("/documents/<string:code>/confirmation")
@documented(
    "Confirm what another school sent",
    body=schema({"place": {"type": ["string", "null"]}}),
    answer=DOCUMENT,
)
@needs(Permission.ARRANGE)
def create_confirmation(code: str) -> Any:
    by, view = actor(), view_or_404(code)
    asked = fields(body() or {}, optional={"place": str})
    school = view.row.school_id
    place = spot_named(asked["place"], school).id if asked.get("place") else None
    transact(
        lambda session: (
            transfers.confirm_transfer(
                session, by, school_id=school, document_id=view.row.id, place_id=place, at=now()
            ).id
        )
    )
    carry_on(by, school, view.row.id)
    return answer_with(view.row.id)


@bp.post("/documents/<string:code>/refusal")
@documented("Refuse what another school sent", body=REASON, answer=DOCUMENT)
@needs(Permission.ARRANGE)
def create_refusal(code: str) -> Any:
    by, view = actor(), view_or_404(code)
    asked = fields(body(), required={"reason": str})
    transact(
        lambda session: (
            transfers.refuse_transfer(
                session, by, school_id=view.row.school_id, document_id=view.row.id,
                reason=asked["reason"], at=now(),
            ).id
        )
    )  # fmt: skip
    bring_all_back(by, view.row.school_id, view.row.id)
    return answer_with(view.row.id)


def _loan_json(row: LoanRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "number": row.number,
        "name": row.name,
        "person": row.person,
        "quantity": row.quantity,
        "left": row.left,
        "since": row.lent_at.isoformat(),
        "due": row.due,
        "is_overdue": row.is_overdue,
        "document": row.document_id,
        "school": row.school_id,
    }
