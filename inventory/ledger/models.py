"""This module is about the tables of documents, their approvals, and the ledger's lines."""

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import (
    CODE_DIGITS,
    ID_LENGTH,
    SCHOOL_DIGITS,
    Base,
    SchoolOptional,
    SchoolScoped,
    references,
    together,
)
from inventory.ledger.rules import DocumentState
from inventory.search.models import Searched
from inventory.search.rules import Doc


class Document(SchoolScoped, Searched, Base):
    """The voucher behind a change; its id is its code."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("school_id", "number"),
        Index("ix_document_waits", "school_id", "state", "waits_for"),
    )

    id: Mapped[str] = mapped_column(String(CODE_DIGITS), references("code.code"), primary_key=True)
    type: Mapped[str] = mapped_column(String(10))
    number: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(12), default=DocumentState.EXECUTED.value)
    created_at: Mapped[datetime] = mapped_column("posted_at")
    created_by: Mapped[str] = mapped_column("posted_by", String(ID_LENGTH))
    submitted_at: Mapped[datetime | None]
    round: Mapped[int] = mapped_column(default=0)
    """How often it was submitted: a document that was returned is submitted again."""
    waits_for: Mapped[str | None] = mapped_column(String(20))
    """The role of whoever approves next."""
    executed_at: Mapped[datetime | None]
    executed_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    filed_at: Mapped[datetime | None]
    reverses: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    """The document that this one takes back."""
    reversed_by: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    reason: Mapped[str | None] = mapped_column(String(400))
    voucher: Mapped[str | None] = mapped_column(String(60))
    due: Mapped[str | None] = mapped_column(String(10))
    """The day on which they come back."""
    other_school: Mapped[str | None] = mapped_column(String(SCHOOL_DIGITS))
    other_document: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    """The document of the other school, for what goes from one to the other."""
    details: Mapped[str | None] = mapped_column(Text)
    """What only its type knows, as canonical JSON."""
    done: Mapped[int] = mapped_column(default=0)
    """How much of it has been carried out, in the units of its type: pieces or lines."""
    revision: Mapped[int] = mapped_column(default=0)
    """Goes up with every change, so that two people do not overwrite each other."""

    searched_sort = "document"
    searched_columns = frozenset({"number", "title"})

    def searched(self) -> Iterable[Doc]:
        """Return what documents are found by: their number and title."""
        yield Doc(self.searched_sort, self.id, (self.title,), (self.number,))


class DocumentLine(SchoolScoped, Base):
    """One line of a document: a thing or a place by its code, or so much of a kind."""

    __tablename__ = "document_line"
    __table_args__ = (
        together(["school_id", "document_id"], ["document.school_id", "document.id"]),
        together(["school_id", "kind_id"], ["kind.school_id", "kind.id"]),
        together(["school_id", "place_id"], ["place.school_id", "place.id"]),
        together(["school_id", "person_id"], ["person.school_id", "person.id"]),
        Index("ix_document_line_code", "school_id", "code"),
    )

    document_id: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    kind_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    quantity: Mapped[int]
    unit_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    place_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """Where it goes."""
    person_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """Who borrows it, or keeps it from now on."""
    note: Mapped[str | None] = mapped_column(String(400))
    details: Mapped[str | None] = mapped_column(Text)
    """What only the document's type knows of it, as canonical JSON."""


def details_of(row: Document | DocumentLine) -> dict[str, object]:
    """Return what only the document's type knows of it."""
    found: dict[str, object] = json.loads(row.details) if row.details else {}
    return found


class DocumentStep(SchoolScoped, Base):
    """One approval that a document needs, and what came of it."""

    __tablename__ = "document_step"
    __table_args__ = (
        together(["school_id", "document_id"], ["document.school_id", "document.id"]),
    )

    document_id: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    outcome: Mapped[str | None] = mapped_column(String(12))
    """approved or returned; nothing while it is still to be decided."""
    signed_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """Who decided it."""
    entered_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """Who entered it: the same person, or somebody with the signed paper in the hand."""
    deputy_of: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    on_paper: Mapped[bool] = mapped_column(default=False)
    attachment_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """The photograph of the signed paper."""
    reason: Mapped[str | None] = mapped_column(String(400))
    decided_at: Mapped[datetime | None]


class Deputy(SchoolOptional, Base):
    """Somebody who approves for somebody else who is away, from one day to another."""

    __tablename__ = "deputy"
    __table_args__ = (Index("ix_deputy_deputy", "deputy_id"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(String(ID_LENGTH), references("person.id"))
    deputy_id: Mapped[str] = mapped_column(String(ID_LENGTH), references("person.id"))
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str] = mapped_column(String(10))
    ended_at: Mapped[datetime | None]


class LedgerLine(SchoolScoped, Base):
    """One line of the ledger: so much of a kind in (positive) or out (negative), by a document."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        together(["school_id", "kind_id"], ["kind.school_id", "kind.id"]),
        together(["school_id", "document_id"], ["document.school_id", "document.id"]),
        UniqueConstraint("school_id", "source_key"),
        Index("ix_ledger_line_kind", "school_id", "kind_id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(CODE_DIGITS))
    kind_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    quantity: Mapped[int]
    unit_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    on: Mapped[str | None] = mapped_column("on_date", String(10))
    voucher: Mapped[str | None] = mapped_column(String(60))
    source_key: Mapped[str | None] = mapped_column(String(64))
    """Recognises the line of a spreadsheet when it is imported again."""
    source: Mapped[str | None] = mapped_column(String(400))
    """File, sheet and row that the line came from."""
