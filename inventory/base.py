"""This module is about what all tables share: names of constraints, UTC times, the school, ids.

It knows SQLAlchemy and nothing of Flask, so that models can be used from any edge.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import DateTime, Dialect, ForeignKey, ForeignKeyConstraint, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.types import TypeDecorator

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

SCHOOL_DIGITS = 10
CODE_DIGITS = 11
ID_LENGTH = 32


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC, aware in Python on both engines (SQLite gives back naive ones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without its zone was to be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        at: datetime = value
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Base(DeclarativeBase):
    """The declarative base of every table."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime}


def references(column: str) -> ForeignKey:
    """Return a foreign key that is checked at COMMIT (see `together`)."""
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


def together(columns: Sequence[str], targets: Sequence[str]) -> ForeignKeyConstraint:
    """
    Return a composite foreign key, checked at COMMIT.

    Rows refer to each other by keys alone and are written by replayable changes, so the order
    of insertion means nothing; that all references hold is decided once, by the database.
    """
    return ForeignKeyConstraint(columns, targets, deferrable=True, initially="DEFERRED")


class SchoolScoped:
    """A row of one school. The scope of a session is put on every statement that reads it."""

    @declared_attr
    def school_id(cls) -> Mapped[str]:
        return mapped_column(
            String(SCHOOL_DIGITS), references("school.id"), primary_key=True, sort_order=-1
        )


class SchoolOptional:
    """A row of one school, or of the bureau (a blank code, a bureau's officer)."""

    @declared_attr
    def school_id(cls) -> Mapped[str | None]:
        return mapped_column(
            String(SCHOOL_DIGITS), references("school.id"), index=True, sort_order=-1
        )


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model, for SQL below the ORM in `store.py`."""
    return cast(Table, model.__table__)


def fingerprint(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_id(at: datetime) -> str:
    """
    Return a fresh id of 32 hexadecimal digits that sorts by time.

    It is a UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then random bits;
    written without dashes, so that both engines store the same text.
    """
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return f"{value:032x}"
