"""This module is about what keeps a thing where it is: a loan, a lock, a document that is open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select, union_all
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.ledger.models import Document, DocumentLine
from inventory.ledger.rules import OPEN, DocumentState, DocumentType
from inventory.places.models import Place
from inventory.places.queries import locked_places
from inventory.register.models import Holding, Thing
from inventory.register.rules import Status

MANY = 500
"""Codes in one statement."""
HANDED_IN = (DocumentState.SUBMITTED, DocumentState.APPROVED)
HOLDING = (
    DocumentType.LOAN, DocumentType.RELOCATION, DocumentType.REPAIR, DocumentType.REVERSAL,
    DocumentType.SCRAP, DocumentType.LOSS, DocumentType.TRANSFER,
)  # fmt: skip
"""Documents that count on finding what they name where it was when they were handed in."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A thing that cannot be taken back, and why."""

    code: str
    number: str
    name: str
    reason: str
    where: str = ""
    """Its place, or the document that it is in."""


def bound(
    session: Session, school_id: str, wanted: Mapping[str, int], *, taken_back: str = ""
) -> list[Bound]:
    """
    Return what cannot be taken back of some things, so much of each; in the order asked.

    `taken_back` is the document that is about to be taken back: neither it nor what takes it
    back is in its own way.
    """
    locked = locked_places(session, school_id)
    found: list[Bound] = []
    codes = list(wanted)
    for start in range(0, len(codes), MANY):
        part = codes[start : start + MANY]
        rows = {row.Thing.code: row for row in session.execute(_things(school_id, part))}
        waiting = _in_documents(session, school_id, part, taken_back)
        for code in part:
            if code not in rows:
                continue
            row = rows[code]
            reason, where = _reason(
                row.Thing, row.quantity or 0, wanted[code], waiting.get(code), locked, row.path
            )
            if reason:
                found.append(Bound(code, row.Thing.number, row.name, reason, where))
    return found


def _things(school_id: str, codes: Sequence[str]) -> Any:
    return (
        select(Thing, Holding.quantity, Kind.name, Place.path)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .join(Place, and_(Place.school_id == Thing.school_id, Place.id == Thing.home_id))
        .outerjoin(
            Holding,
            and_(
                Holding.school_id == Thing.school_id,
                Holding.code == Thing.code,
                Holding.place_id == Thing.home_id,
            ),
        )
        .where(Thing.school_id == school_id, Thing.code.in_(codes))
    )


def _reason(
    thing: Thing, has: int, wanted: int, waiting: tuple[int, str] | None, locked: set[str],
    path: str,
) -> tuple[str, str]:  # fmt: skip
    if thing.retired_at is not None:
        return "retired", ""
    if thing.status != Status.IN_USE.value:
        return "not_in_use", thing.document_number or ""
    if has < wanted:
        return "fewer", path
    if has - thing.lent < wanted:
        return "lent", ""
    if waiting is not None and has - thing.lent - waiting[0] < wanted:
        return "in_document", waiting[1]
    return ("locked", path) if thing.home_id in locked else ("", "")


def _in_documents(
    session: Session, school_id: str, codes: Sequence[str], taken_back: str
) -> dict[str, tuple[int, str]]:
    """How much of some things stands in documents that are not finished, and in which."""
    query = _lines(school_id, codes, OPEN)
    if taken_back:
        reverses = func.coalesce(Document.reverses, "")
        query = query.where(Document.id != taken_back, reverses != taken_back)
    return _summed(session, query)


def _lines(school_id: str, codes: Sequence[str], states: Iterable[DocumentState]) -> Any:
    return (
        select(DocumentLine.code, func.sum(DocumentLine.quantity), func.min(Document.number))
        .join(
            Document,
            and_(
                Document.school_id == DocumentLine.school_id,
                Document.id == DocumentLine.document_id,
            ),
        )
        .where(
            DocumentLine.school_id == school_id,
            DocumentLine.code.in_(list(codes)),
            Document.state.in_([one.value for one in states]),
        )
        .group_by(DocumentLine.code)
    )


def _summed(session: Session, query: Any) -> dict[str, tuple[int, str]]:
    return {row[0]: (int(row[1]), row[2]) for row in session.execute(query)}


def being_taken_back(school_id: str, codes: Sequence[str], but: str = "") -> Any:
    """The single things of receipts that are being taken back; they stand in no line of it."""
    return (
        select(Thing.code, func.count(), func.min(Document.number))
        .join(
            Document,
            and_(Document.school_id == Thing.school_id, Document.reverses == Thing.document_id),
        )
        .where(
            Thing.school_id == school_id,
            Thing.code.in_(list(codes)),
            Thing.managed_as == ManagedAs.ITEM.value,
            Document.state.in_([one.value for one in HANDED_IN]),
            Document.id != but,
        )
        .group_by(Thing.code)
    )


def promised(
    session: Session, school_id: str, codes: Sequence[str], but: str
) -> dict[str, tuple[int, str]]:
    """
    Return how much of some things is promised to documents that were handed in, and to which.

    This is what `register` asks before it moves a thing; `but` is the document that moves it.
    """
    lines = _lines(school_id, codes, HANDED_IN).where(
        Document.type.in_([one.value for one in HOLDING]), Document.id != but
    )
    made = being_taken_back(school_id, codes, but)
    found: dict[str, tuple[int, str]] = {}
    for code, quantity, number in session.execute(union_all(lines, made)):
        found[code] = (found.get(code, (0, ""))[0] + int(quantity), number)
    return found
