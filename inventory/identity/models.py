"""This module is about the tables of people, tokens and sign-ins. Names live beside the journal."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from inventory.base import CODE_DIGITS, ID_LENGTH, Base, SchoolOptional, references
from inventory.identity.rules import acting_as, initials
from inventory.scope import Actor, Permission
from inventory.search.models import Searched
from inventory.search.rules import Doc

HASH_LENGTH = 64
ADDRESS_LENGTH = 45
AGENT_LENGTH = 200
INITIALS_LENGTH = 60


class Person(SchoolOptional, Searched, Base):
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
    initials: Mapped[str] = mapped_column(String(INITIALS_LENGTH), default="")
    """Pinyin initials of the name, which follow it: 王芳 is found by wf."""
    must_change: Mapped[bool] = mapped_column(default=False)
    """The password is a one-time one: nothing else is shown until there is a new one."""
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    """An account of the demonstration, whose password everybody knows."""
    code: Mapped[str | None] = mapped_column(
        String(CODE_DIGITS), ForeignKey("code.code"), unique=True, index=True
    )
    """Code of the badge, from the one series. Checked at once: see migration 0002."""
    created_at: Mapped[datetime]

    searched_sort = "person"
    searched_columns = frozenset({"name", "initials"})

    def searched(self) -> Iterable[Doc]:
        """Return what keepers are found by: name and initials."""
        yield Doc(self.searched_sort, self.id, (self.name,), (self.initials,))

    @validates("name")
    def _initials_follow_the_name(self, _: str, name: str) -> str:
        self.initials = initials(name)[:INITIALS_LENGTH]
        return name

    @property
    def can_sign_in(self) -> bool:
        return self.is_active and self.password_hash is not None

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


class Device(Base):
    """A browser on which somebody has set a PIN; it keeps the secret in a cookie."""

    __tablename__ = "device"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    agent: Mapped[str] = mapped_column(String(AGENT_LENGTH))
    created_at: Mapped[datetime]


class Pin(Base):
    """The PIN with which a person unlocks one device, and the wrong tries since the last right."""

    __tablename__ = "pin"

    device_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), references("device.id"), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(
        String(ID_LENGTH), references("person.id"), primary_key=True, index=True
    )
    pin_hash: Mapped[str] = mapped_column(String(200))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class SignIn(Base):
    """A session of the pages. The browser holds the secret, we its hash."""

    __tablename__ = "sign_in"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    person_id: Mapped[str] = mapped_column(references("person.id"), index=True)
    device_id: Mapped[str | None] = mapped_column(references("device.id"))
    is_full: Mapped[bool] = mapped_column(default=True)
    """It goes back to a password, not to a PIN: it may set PINs."""
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    agent: Mapped[str] = mapped_column(String(AGENT_LENGTH))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """Written at most once in a few minutes."""
    ended_at: Mapped[datetime | None]


class Handover(Base):
    """A session offered to another device for two minutes, once, by a link or a short code."""

    __tablename__ = "handover"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    person_id: Mapped[str] = mapped_column(references("person.id"), index=True)
    is_full: Mapped[bool] = mapped_column(default=True)
    secret_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), unique=True)
    code_hash: Mapped[str] = mapped_column(String(HASH_LENGTH), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
