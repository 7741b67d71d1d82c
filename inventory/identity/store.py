"""This module is about SQL below the ORM for tokens: asked with every request of a program."""

from typing import NamedTuple

from sqlalchemy import Engine, bindparam, select

from inventory.base import table_of
from inventory.db import Statement
from inventory.identity.models import Person, Token

TOKEN = table_of(Token)
PERSON = table_of(Person)


class Bearer(NamedTuple):
    """Whom a token speaks for, and within which scopes (names of permissions, by spaces)."""

    person_id: str
    role: str | None
    school_id: str | None
    scopes: str


BEARER = Statement(
    lambda _: select(PERSON.c.id, PERSON.c.role, PERSON.c.school_id, TOKEN.c.scopes)
    .join_from(TOKEN, PERSON, PERSON.c.id == TOKEN.c.person_id)
    .where(
        TOKEN.c.secret_hash == bindparam("hash"),
        TOKEN.c.revoked_at.is_(None),
        PERSON.c.is_active.is_(True),
    )
)


def bearer(engine: Engine, secret_hash: str) -> Bearer | None:
    """Return whom a token speaks for that stands; its scope is the person's, whoever asks."""
    rows = BEARER.alone(engine, {"hash": secret_hash})
    return Bearer(*rows[0]) if rows else None
