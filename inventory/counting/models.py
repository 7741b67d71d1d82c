"""This module is about the tables of stock counts, what they expected, and what was seen."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import (
    CODE_DIGITS,
    ID_LENGTH,
    SCHOOL_DIGITS,
    Base,
    SchoolScoped,
    references,
    together,
)


class Count(SchoolScoped, Base):
    """A stock count of some places; its id is its code. Open until it is closed."""

    __tablename__ = "stock_count"
    __table_args__ = (together(["school_id", "place_id"], ["place.school_id", "place.id"]),)

    id: Mapped[str] = mapped_column(String(CODE_DIGITS), references("code.code"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    place_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    opened_at: Mapped[datetime]
    opened_by: Mapped[str] = mapped_column(String(ID_LENGTH))
    expected_hash: Mapped[str] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sightings_hash: Mapped[str | None] = mapped_column(String(64))

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class CountLine(SchoolScoped, Base):
    """One thing that should be there, as it was when the count was opened."""

    __tablename__ = "count_line"
    __table_args__ = (
        together(["school_id", "count_id"], ["stock_count.school_id", "stock_count.id"]),
        together(["school_id", "code"], ["thing.school_id", "thing.code"]),
    )

    count_id: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(200))
    specification: Mapped[str] = mapped_column(String(400))
    unit: Mapped[str] = mapped_column(String(20))
    is_batch: Mapped[bool]
    quantity: Mapped[int]
    place_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    place: Mapped[str] = mapped_column(String(60))


class CountSighting(SchoolScoped, Base):
    """One sighting, written with its scan in one transaction; undone ones stay, marked."""

    __tablename__ = "sighting"
    __table_args__ = (
        together(["school_id", "count_id"], ["stock_count.school_id", "stock_count.id"]),
        Index("ix_sighting_code", "school_id", "count_id", "code"),
        Index("ix_sighting_order", "school_id", "count_id", "number", unique=True),
    )

    count_id: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    owner: Mapped[str] = mapped_column(String(SCHOOL_DIGITS), primary_key=True)
    """School of whoever scanned, as in the scan's own key."""
    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    """Order in which the server took the sightings of the count in, from 1."""
    code: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    payload: Mapped[str] = mapped_column(String(1000))
    said: Mapped[str] = mapped_column(String(10))
    quantity: Mapped[int | None]
    place_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    person_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
