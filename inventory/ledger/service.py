"""This module is about posting documents and their lines."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.journal.service import record
from inventory.ledger.changes import DocumentPosted, LinePosted
from inventory.ledger.models import Document, DocumentType
from inventory.register.service import code_for_document
from inventory.scope import Actor, Permission, own_school, requires

PREFIX = {DocumentType.OPENING: "QC", DocumentType.RECEIPT: "RK"}
"""Marks of the documents' numbers: 期初, 入库."""


@requires(Permission.IMPORT)
def post_document(
    session: Session, by: Actor, *, type: DocumentType, title: str, school_id: str, at: datetime
) -> Document:
    """Post a document under a code of its own, numbered within school, year and type."""
    school = own_school(by, school_id)
    code = code_for_document(session, by, school, at)
    change = DocumentPosted(code, type.value, _next_number(session, school, type, at), title[:200])
    record(session, by, change, at=at, school_id=school)
    session.flush()  # lines refer to their document
    return session.get_one(Document, (school, code))


def _next_number(session: Session, school_id: str, type: DocumentType, at: datetime) -> str:
    stem = f"{PREFIX[type]}-{at.year}-"
    count = session.scalar(
        select(func.count()).where(
            Document.school_id == school_id, Document.number.like(f"{stem}%")
        )
    )
    return f"{stem}{int(count or 0) + 1:04d}"


@requires(Permission.IMPORT)
def post_line(
    session: Session,
    by: Actor,
    *,
    document: Document,
    kind_id: str,
    quantity: int,
    unit_price_cents: int | None = None,
    on: str | None = None,
    voucher: str | None = None,
    source_key: str | None = None,
    source: str | None = None,
    at: datetime,
) -> None:
    """Enter one line of a document into the ledger."""
    change = LinePosted(
        id=new_id(at),
        document=document.id,
        kind_id=kind_id,
        quantity=quantity,
        unit_price_cents=unit_price_cents,
        on=on,
        voucher=voucher,
        source_key=source_key,
        source=source,
    )
    record(session, by, change, at=at, school_id=document.school_id)
