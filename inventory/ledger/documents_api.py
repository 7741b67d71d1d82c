"""This module is about documents for programs: listed, written, handed in, decided, reversed."""

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
from inventory.ledger import documents_queries as queries
from inventory.ledger import documents_service as service
from inventory.ledger.documents_pages import (
    carry_on,
    document_rules,
    once_of,
    today,
    view_or_404,
    with_person,
)
from inventory.ledger.documents_queries import DocumentView, LineRow, StepRow
from inventory.ledger.documents_service import Decision, Draft, Line
from inventory.ledger.receipts_pages import kind_meant
from inventory.ledger.rules import DRAFTED, MOST_LINES, DocumentType
from inventory.register.pages import spot_named
from inventory.register.rules import cents, code_in
from inventory.scope import Permission, own_school
from inventory.web.context import actor, now
from inventory.web.door import needs
from inventory.web.forms import is_storable

TEXT = {"type": ["string", "null"], "maxLength": 400}
LINE = schema(
    {
        "code": {"type": ["string", "null"], "description": "A thing's or a cabinet's code."},
        "kind": {"type": ["string", "null"], "description": "A kind's id, or words for one kind."},
        "quantity": {"type": ["integer", "null"], "minimum": 1, "maximum": 999_999},
        "unit_price": {"type": ["string", "null"], "description": "Yuan, such as 510.00."},
        "place": {"type": ["string", "null"], "description": "Path or code of where it goes."},
        "note": TEXT,
        "serials": {
            "type": ["array", "null"],
            "maxItems": 500,
            "items": {"type": "string", "maxLength": 60},
        },
    }
)
LINE_FIELDS = {
    "code": str, "kind": str, "quantity": int, "unit_price": str, "place": str, "note": str,
    "serials": list,
}  # fmt: skip
DRAFT = schema(
    {
        "type": {"type": "string", "enum": sorted(one.value for one in DRAFTED)},
        "lines": {"type": "array", "items": LINE, "maxItems": MOST_LINES},
        "school": {"type": ["string", "null"]},
        "reason": TEXT,
        "voucher": {"type": ["string", "null"], "maxLength": 60},
        "purchased": {"type": ["string", "null"]},
        "supplier": {"type": ["string", "null"], "maxLength": 60},
        "person": {"type": ["string", "null"], "maxLength": 60},
        "other_school": {"type": ["string", "null"]},
        "once": {"type": ["string", "null"], "description": "32 letters or digits, yours alone."},
        "submit": {"type": ["boolean", "null"], "description": "Hand it in as well."},
    },
    ("type", "lines"),
)
DRAFT_FIELDS = {
    "school": str, "reason": str, "voucher": str, "purchased": str, "supplier": str, "person": str,
    "other_school": str, "once": str, "submit": bool,
}  # fmt: skip
DOCUMENT = {
    "type": "object",
    "required": ["code", "number", "type", "state", "lines"],
    "properties": {
        "code": {"type": "string"},
        "number": {"type": "string"},
        "type": {"type": "string"},
        "state": {"type": "string"},
        "waits_for": {"type": ["string", "null"]},
        "lines": {"type": "array", "items": {"type": "object"}},
        "approvals": {"type": "array", "items": {"type": "object"}},
    },
}
REASON = schema({"reason": {"type": "string", "minLength": 1, "maxLength": 400}}, ("reason",))
NOTHING = schema({})
bp = blueprint("documents", "Documents")


@bp.get("/documents")
@documented(
    "Documents, the latest first",
    query={
        "type": {"type": "string"},
        "state": {"type": "string"},
        "waiting": {"type": "string", "enum": ["1"]},
        "cursor": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
    },
    answer={
        "type": "object",
        "required": ["documents", "next"],
        "properties": {
            "documents": {"type": "array", "items": {"type": "object"}},
            "next": {"type": ["string", "null"]},
        },
    },
)
@needs(Permission.SEE)
def list_documents() -> Any:
    """The documents in sight by code, the latest first; `waiting=1` those that wait for you."""
    start, size = from_cursor(request.args.get("cursor"), 1), limit()
    wanted = queries.Filter(
        request.args.get("type", ""), request.args.get("state", ""),
        waiting=request.args.get("waiting") == "1", before=start[0] if start else "",
    )  # fmt: skip
    rows = queries.latest(db.session(), actor(), wanted, today=today(), limit=size + 1)
    last = rows[size - 1] if len(rows) > size else None
    return jsonify(
        documents=[
            {"code": row.id, "number": row.number, "type": row.type, "state": row.state,
             "waits_for": row.waits_for, "title": row.title, "school": row.school_id}
            for row in rows[:size]
        ],
        next=cursor((last.id,)) if last else None,
    )  # fmt: skip


@bp.get("/documents/<string:code>")
@documented("A document with its lines and approvals", answer=DOCUMENT)
@needs(Permission.SEE)
def show_document(code: str) -> Any:
    return jsonify(document_json(view_or_404(code)))


def answer_with(code: str, status: int = 200) -> Any:
    """Answer with a document as it is now."""
    return jsonify(document_json(view_or_404(code))), status


@bp.post("/documents")
@documented("Write a document and hand it in", body=DRAFT, answer=DOCUMENT, status=201)
@needs(Permission.ARRANGE)
def create_document() -> Any:
    """A document of a type that people write; with `submit` it is handed in at once."""
    asked = fields(body(), required={"type": str, "lines": list}, optional=DRAFT_FIELDS)
    by = actor()
    school = own_school(by, asked.get("school"))
    wanted = _draft(asked, school)

    def work(session: Any) -> str:
        named = with_person(session, by, wanted, asked.get("person") or "", school)
        document = service.draft(
            session, by, named, school_id=school, rules=document_rules(), today=today(),
            once=once_of(asked.get("once") or ""), at=now(),
        )  # fmt: skip
        if asked.get("submit"):
            service.submit(
                session, by, school_id=school, document_id=document.id, rules=document_rules(),
                at=now(),
            )  # fmt: skip
        return document.id

    code = transact(work)
    carry_on(by, school, code)
    return answer_with(code, 201)


def _draft(asked: dict[str, Any], school: str) -> Draft:
    if asked["type"] not in {one.value for one in DRAFTED}:
        raise Invalid(field="type", value=asked["type"][:60])
    if len(asked["lines"]) > MOST_LINES:
        raise Invalid(field="lines", value=len(asked["lines"]))
    return Draft(
        DocumentType(asked["type"]),
        tuple(_line(one, school) for one in asked["lines"]),
        reason=asked.get("reason"),
        voucher=asked.get("voucher"),
        other_school=asked.get("other_school"),
        details={name: asked[name][:60] for name in ("purchased", "supplier") if asked.get(name)},
    )


def _line(value: Any, school: str) -> Line:
    asked = fields(value, optional=LINE_FIELDS)
    serials = asked.get("serials") or []
    if not all(isinstance(one, str) and is_storable(one) for one in serials):
        raise Invalid(field="serials", value=repr(serials)[:60])
    if not asked.get("code") and not asked.get("kind"):
        raise Missing(field="code")
    quantity = asked.get("quantity")
    return Line(
        code=_code(asked["code"]) if asked.get("code") else None,
        kind_id=kind_meant(asked["kind"], school).id if asked.get("kind") else None,
        quantity=1 if quantity is None else quantity,
        unit_price_cents=cents(asked.get("unit_price")),
        place_id=spot_named(asked["place"], school).id if asked.get("place") else None,
        note=asked.get("note"),
        details={"serials": serials} if serials else {},
    )


def _code(text: str) -> str:
    code = code_in(text)
    if code is None:
        raise Invalid(field="code", value=text[:60])
    return code


@bp.post("/documents/<string:code>/submission")
@documented("Hand a document in", body=NOTHING, answer=DOCUMENT)
@needs(Permission.ARRANGE)
def create_submission(code: str) -> Any:
    by, view = actor(), view_or_404(code)
    fields(body() or {})
    transact(
        lambda session: (
            service.submit(
                session, by, school_id=view.row.school_id, document_id=view.row.id,
                rules=document_rules(), at=now(),
            ).id
        )
    )  # fmt: skip
    carry_on(by, view.row.school_id, view.row.id)
    return answer_with(view.row.id)


@bp.post("/documents/<string:code>/decision")
@documented(
    "Approve a document, or give it back with a reason",
    body=schema({"approve": {"type": "boolean"}, "reason": TEXT}, ("approve",)),
    answer=DOCUMENT,
)
@needs(Permission.SEE)
def create_decision(code: str) -> Any:
    by, view = actor(), view_or_404(code)
    asked = fields(body(), required={"approve": bool}, optional={"reason": str})
    decision = Decision(asked["approve"], asked.get("reason"))
    transact(
        lambda session: (
            service.decide(
                session, by, decision, school_id=view.row.school_id, document_id=view.row.id,
                rules=document_rules(), today=today(), at=now(),
            ).id
        )
    )  # fmt: skip
    carry_on(by, view.row.school_id, view.row.id)
    return answer_with(view.row.id)


@bp.post("/documents/<string:code>/withdrawal")
@documented("Take a document back that has had no effect", body=NOTHING, answer=DOCUMENT)
@needs(Permission.ARRANGE)
def create_withdrawal(code: str) -> Any:
    by, view = actor(), view_or_404(code)
    fields(body() or {})
    transact(
        lambda session: (
            service.withdraw(
                session, by, school_id=view.row.school_id, document_id=view.row.id,
                rules=document_rules(), at=now(),
            ).id
        )
    )  # fmt: skip
    return answer_with(view.row.id)


@bp.post("/documents/<string:code>/end")
@documented("End a document whose rest cannot be carried out", body=REASON, answer=DOCUMENT)
@needs(Permission.ARRANGE)
def create_end(code: str) -> Any:
    """What was carried out stays; the lines that were not are struck, with a reason."""
    by, view = actor(), view_or_404(code)
    asked = fields(body(), required={"reason": str})
    transact(
        lambda session: (
            service.end_here(
                session, by, school_id=view.row.school_id, document_id=view.row.id,
                reason=asked["reason"], rules=document_rules(), at=now(),
            ).id
        )
    )  # fmt: skip
    return answer_with(view.row.id)


@bp.post("/documents/<string:code>/reversal")
@documented("Hand in a counter-document", body=REASON, answer=DOCUMENT, status=201)
@needs(Permission.ARRANGE)
def create_reversal(code: str) -> Any:
    """A counter-document (红冲) takes back all that a document did, with the same approvals."""
    by, view = actor(), view_or_404(code)
    asked = fields(body(), required={"reason": str})
    counter = transact(
        lambda session: (
            service.reverse(
                session, by, school_id=view.row.school_id, document_id=view.row.id,
                reason=asked["reason"], rules=document_rules(), today=today(), at=now(),
            ).id
        )
    )  # fmt: skip
    carry_on(by, view.row.school_id, counter)
    return answer_with(counter, 201)


def document_json(view: DocumentView) -> dict[str, Any]:
    """A document for programs."""
    row = view.row
    return {
        "code": row.id,
        "number": row.number,
        "type": row.type,
        "title": row.title,
        "state": row.state,
        "waits_for": row.waits_for,
        "school": row.school_id,
        "made_by": view.created_by,
        "made_at": row.created_at.isoformat(),
        "executed_at": row.executed_at.isoformat() if row.executed_at else None,
        "reason": row.reason,
        "voucher": row.voucher,
        "due": row.due,
        "other_school": row.other_school,
        "reverses": row.reverses,
        "reversed_by": row.reversed_by,
        "lines": [_line_json(line) for line in view.lines],
        "approvals": [_step_json(step) for step in view.steps],
    }


def _line_json(line: LineRow) -> dict[str, Any]:
    price = line.unit_price_cents
    return {
        "code": line.code,
        "number": line.number,
        "name": line.name,
        "specification": line.specification,
        "unit": line.unit,
        "quantity": line.quantity,
        "unit_price": None if price is None else f"{price // 100}.{price % 100:02d}",
        "place": line.place,
        "person": line.person,
        "note": line.note,
    }


def _step_json(step: StepRow) -> dict[str, Any]:
    return {
        "round": step.round,
        "role": step.role,
        "outcome": step.outcome,
        "signed_by": step.signed_by,
        "entered_by": step.entered_by,
        "deputy_of": step.deputy_of,
        "on_paper": step.on_paper,
        "reason": step.reason,
        "at": step.decided_at.isoformat() if step.decided_at else None,
    }
