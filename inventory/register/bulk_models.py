"""This module is about the tables of what was done to many things at once."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import CODE_DIGITS, ID_LENGTH, Base, SchoolScoped, together


class BulkSort(StrEnum):
    """What can be done to many things at once."""

    MOVE = "move"
    KEEPER = "keeper"


class BulkChange(SchoolScoped, Base):
    """Something done to many things; or the undoing of another one, `of`."""

    __tablename__ = "bulk_change"
    __table_args__ = (
        together(["school_id", "of"], ["bulk_change.school_id", "bulk_change.id"]),
        Index("ix_bulk_change_of", "school_id", "of"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    sort: Mapped[str] = mapped_column(String(10))
    to: Mapped[str | None] = mapped_column("target", String(ID_LENGTH))
    """The place or the person; nothing where each went back to its own."""
    of: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(ID_LENGTH))
    undone_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))


class BulkItem(SchoolScoped, Base):
    """One thing of a bulk change, and what it was before."""

    __tablename__ = "bulk_item"
    __table_args__ = (
        together(["school_id", "bulk_id"], ["bulk_change.school_id", "bulk_change.id"]),
        together(["school_id", "code"], ["thing.school_id", "thing.code"]),
    )

    bulk_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    before: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    after: Mapped[str | None] = mapped_column(String(ID_LENGTH))
