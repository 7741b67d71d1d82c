"""This module is about the tables of documents and of the ledger's lines."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import CODE_DIGITS, ID_LENGTH, Base, SchoolScoped, references, together
from inventory.search.models import Searched
from inventory.search.rules import Doc


class DocumentType(StrEnum):
    """The voucher behind a change."""

    OPENING = "opening"
    RECEIPT = "receipt"
    CORRECTION = "correction"
    """Something was entered wrongly (更正); it is no scrapping and no loss."""
    REVERSAL = "reversal"
    """Takes back another document as a whole (红冲)."""


class Document(SchoolScoped, Searched, Base):
    """The voucher behind a change; its id is its code."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("school_id", "number"),)

    id: Mapped[str] = mapped_column(String(CODE_DIGITS), references("code.code"), primary_key=True)
    type: Mapped[str] = mapped_column(String(10))
    number: Mapped[str] = mapped_column(String(20))
    title: Mapped[str] = mapped_column(String(200))
    posted_at: Mapped[datetime]
    posted_by: Mapped[str] = mapped_column(String(ID_LENGTH))

    searched_sort = "document"
    searched_columns = frozenset({"number", "title"})

    def searched(self) -> Iterable[Doc]:
        """Return what documents are found by: their number and title."""
        yield Doc(self.searched_sort, self.id, (self.title,), (self.number,))


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
