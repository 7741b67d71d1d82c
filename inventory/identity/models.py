"""This module is about the tables of people and tokens. Names live here, beside the journal."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inventory.base import ID_LENGTH, Base, SchoolOptional, references
from inventory.identity.rules import acting_as
from inventory.scope import Actor, Permission


class Person(SchoolOptional, Base):
    """Somebody: a keeper by name only, or one who can sign in. No school means the bureau."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("school_id", "id"), UniqueConstraint("login"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    login: Mapped[str | None] = mapped_column(String(60))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[str | None] = mapped_column(String(20))
    language: Mapped[str | None] = mapped_column(String(5))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    def actor(self, scopes: frozenset[Permission] | None = None) -> Actor:
        """Return this person as one who acts; without a role they may do nothing."""
        return acting_as(self.id, self.role if self.is_active else None, self.school_id, scopes)


class Token(Base):
    """A bearer token of a person for programs and stations; only its hash is kept."""

    __tablename__ = "token"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(references("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()
