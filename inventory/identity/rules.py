"""This module is about what each role may do, and how secrets of tokens are made and kept."""

import hashlib
import secrets

from inventory.scope import Actor, Role
from inventory.scope import Permission as P

GRANTS: dict[Role, frozenset[P]] = {
    Role.ADMINISTRATOR: frozenset(P),
    Role.BUREAU_OFFICER: frozenset({P.SEE, P.SCAN}),
    Role.AUDITOR: frozenset({P.SEE, P.SCAN, P.COUNT}),
    Role.PRINCIPAL: frozenset({P.SEE, P.SCAN}),
    Role.EQUIPMENT_MANAGER: frozenset({P.SEE, P.SCAN, P.COUNT, P.PRINT, P.IMPORT, P.ARRANGE}),
    Role.TECHNICIAN: frozenset({P.SEE, P.SCAN, P.COUNT, P.PRINT, P.IMPORT, P.ARRANGE}),
    Role.TEACHER: frozenset({P.SEE, P.SCAN}),
}
"""What each role may do. What is not here is denied."""

BUREAU_ROLES = frozenset({Role.ADMINISTRATOR, Role.BUREAU_OFFICER, Role.AUDITOR})
"""Roles that may stand outside a school and then see them all."""

TOKEN_PREFIX = "tc_"  # noqa: S105 - a mark, not a secret
TOKEN_BYTES = 32
SHORTEST_PASSWORD = 8


def new_token() -> str:
    """Return a fresh bearer token: 256 random bits behind a mark that leak scanners can find."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a token. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def granted(role: Role, scopes: frozenset[P] | None = None) -> frozenset[P]:
    """Return what a role may do, narrowed to the scopes of a token where there is one."""
    grants = GRANTS[role]
    return grants if scopes is None else grants & scopes


def acting_as(
    person_id: str, role_name: str | None, school_id: str | None, scopes: frozenset[P] | None = None
) -> Actor:
    """Return a person as one who acts; without a role they may do nothing and see nothing."""
    role = Role(role_name) if role_name else None
    everywhere = school_id is None and role is not None
    return Actor(
        id=person_id,
        role=role,
        school_id=school_id,
        schools=None if everywhere else frozenset({school_id or ""}),
        permissions=granted(role, scopes) if role else frozenset(),
    )
