"""This module is about SQL below the ORM for tokens: asked with every request of a program."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, select

from inventory.base import table_of
from inventory.db import Statement, among
from inventory.identity.models import Person, Token

TOKEN = table_of(Token)
PERSON = table_of(Person)


class Bearer(NamedTuple):
    """Whom a token speaks for, and within which scopes (names of permissions, by spaces)."""

    secret_hash: str
    person_id: str
    role: str | None
    school_id: str | None
    scopes: str
    is_demonstration: bool


def _standing(engine: str) -> Select[Any]:
    return (
        select(
            TOKEN.c.secret_hash,
            PERSON.c.id,
            PERSON.c.role,
            PERSON.c.school_id,
            TOKEN.c.scopes,
            PERSON.c.is_demonstration,
        )
        .join_from(TOKEN, PERSON, PERSON.c.id == TOKEN.c.person_id)
        .where(
            among(TOKEN.c.secret_hash, "hashes", engine),
            TOKEN.c.revoked_at.is_(None),
            PERSON.c.is_active.is_(True),
        )
    )


BEARERS = Statement(_standing)


def bearers(connection: Connection, hashes: list[str]) -> list[Bearer]:
    """Return whom the tokens speak for that stand; the scope is each person's, whoever asks."""
    return [Bearer(*row) for row in BEARERS(connection, {"hashes": hashes})]


def bearers_alone(engine: Engine, hashes: list[str]) -> list[Bearer]:
    """Return the same outside any transaction."""
    return [Bearer(*row) for row in BEARERS.alone(engine, {"hashes": hashes})]
