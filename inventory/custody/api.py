"""This module is about loans, and what arrives from other schools, for programs."""

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
from inventory.custody import queries, service
from inventory.custody import transfers_service as transfers
from inventory.custody.pages import borrower_meant, bring_all_back, person_meant
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

THING = {
    "code": {"type": "string"},
    "quantity": {"type": ["integer", "null"], "minimum": 1, "maximum": 999_999},
}
THINGS = {"type": "array", "maxItems": MOST_LINES, "items": schema(THING, ("code",))}
LOAN = {"type": ["string", "null"], "description": "The id of the loan that comes back."}
COMING_BACK = THINGS | {"items": schema({**THING, "loan": LOAN}, ("code",))}
bp = blueprint("custody", "Custody")


@bp.get("/loans")
@documented(
    "What is lent, the latest first",
    query={
        "cursor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
    },
    answer={
        "type": "object",
        "required": ["loans", "next"],
        "properties": {
            "loans": {"type": "array", "items": {"type": "object"}},
            "next": {"type": ["string", "null"]},
        },
    },
)
@needs(Permission.SEE)
def list_loans() -> Any:
    """What is in somebody's hands by the loans' ids, the latest first."""
    start, size = from_cursor(request.args.get("cursor"), 1), limit()
    before = start[0] if start else ""
    rows = queries.latest(db.session(), today=today(), before=before, limit=size + 1)
    last = rows[size - 1] if len(rows) > size else None
    return jsonify(
        loans=[_loan_json(row) for row in rows[:size]],
        next=cursor((last.id,)) if last else None,
    )


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


def _things(values: list[Any], *more: str) -> list[Wanted]:
    wanted = []
    for one in values[: MOST_LINES + 1]:
        optional = {"quantity": int, **dict.fromkeys(more, str)}
        asked = fields(one, required={"code": str}, optional=optional)
        code = code_in(asked["code"])
        if code is None:
            raise Invalid(field="code", value=asked["code"][:60])
        quantity = asked.get("quantity")
        wanted.append(Wanted(code, 1 if quantity is None else quantity, asked.get("loan")))
    return wanted


@bp.post("/returns")
@documented(
    "Take back what is lent",
    body=schema(
        {
            "things": COMING_BACK,
            "person": {
                "type": ["string", "null"],
                "description": "Who brings it back: a name, or the code of a badge.",
            },
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
    asked = fields(
        body(), required={"things": list}, optional={"person": str, "school": str, "once": str}
    )
    by = actor()
    school = own_school(by, asked.get("school"))
    wanted = _things(asked["things"], "loan")
    person_id = borrower_meant((asked.get("person") or "").strip(), school)
    code = transact(
        lambda session: (
            service.take_return(
                session, by, wanted, school_id=school, person_id=person_id,
                rules=document_rules(), today=today(), once=once_of(asked.get("once") or ""),
                at=now(),
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
