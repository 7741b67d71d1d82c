"""This module is about the tables of the journal: events and the heads of their chains."""

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import ID_LENGTH, SCHOOL_DIGITS, Base, SchoolOptional, references


class Event(SchoolOptional, Base):
    """One immutable change. `data` is canonical JSON, `hash` chains it to the one before."""

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("chain", "seq"),
        Index("ix_event_subject", "school_id", "subject", "seq"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    school_id: Mapped[str | None] = mapped_column(
        String(SCHOOL_DIGITS), references("school.id"), index=False
    )
    chain: Mapped[str] = mapped_column(String(SCHOOL_DIGITS))
    seq: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(ID_LENGTH))
    actor: Mapped[str] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime]
    data: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class ChainHead(Base):
    """The end of one chain; locked last in a transaction, heads in the order of their names."""

    __tablename__ = "chain_head"

    chain: Mapped[str] = mapped_column(String(SCHOOL_DIGITS), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))
