"""This module is about the table of scans: durable intake, one row each, never an event."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import ID_LENGTH, SCHOOL_DIGITS, Base, references


class Scan(Base):
    """
    One scan as a device sent it, with the answer it was given.

    `owner` is the school of whoever sent it (`bureau` for the bureau's staff): device and
    sequence are unique within it, so that one school's device cannot answer for another's.
    """

    __tablename__ = "scan"
    __table_args__ = (
        Index("ix_scan_target", "school_id", "target", "received_at"),
        Index("ix_scan_received", "owner", "received_at"),
    )

    owner: Mapped[str] = mapped_column(String(SCHOOL_DIGITS), primary_key=True)
    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    school_id: Mapped[str | None] = mapped_column(String(SCHOOL_DIGITS), references("school.id"))
    """The school of the target; None while unclaimed."""
    person_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime]
    """By the device's clock, which may be wrong."""
    received_at: Mapped[datetime]
    """By the server's clock."""
    payload: Mapped[str] = mapped_column(String(1000))
    medium: Mapped[str] = mapped_column(String(10))
    task: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    place: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    reads: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(10))
    target: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    answer: Mapped[str] = mapped_column(Text)
    """The answer as JSON, repeated word for word when the scan comes again."""
