"""This module is about what each role may do, secrets and how they are kept, PINs, initials."""

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from inventory.scope import Actor, Role
from inventory.scope import Permission as P

GRANTS: dict[Role, frozenset[P]] = {
    Role.ADMINISTRATOR: frozenset(P),
    Role.BUREAU_OFFICER: frozenset({P.SEE, P.SCAN, P.APPROVE}),
    Role.AUDITOR: frozenset({P.SEE, P.SCAN, P.COUNT}),
    Role.PRINCIPAL: frozenset({P.SEE, P.SCAN, P.APPROVE}),
    Role.EQUIPMENT_MANAGER: frozenset(
        {P.SEE, P.SCAN, P.COUNT, P.PRINT, P.IMPORT, P.ARRANGE, P.APPROVE}
    ),
    Role.TECHNICIAN: frozenset({P.SEE, P.SCAN, P.COUNT, P.PRINT, P.IMPORT, P.ARRANGE}),
    Role.TEACHER: frozenset({P.SEE, P.SCAN}),
}
"""What each role may do. What is not here is denied."""

BUREAU_ROLES = frozenset({Role.ADMINISTRATOR, Role.BUREAU_OFFICER, Role.AUDITOR})
"""Roles that may stand outside a school and then see them all."""

TOKEN_PREFIX = "tc_"  # noqa: S105 - a mark, not a secret
TOKEN_BYTES = 32
SHORTEST_PASSWORD = 8
PIN_DIGITS = range(4, 9)
WEAK_PINS = frozenset({"2580", "0852", "1314", "5201314", "520520", "520131", "147258", "13145"})
"""Lines of the keypad and numbers that sound like words: what is tried first."""
MOST_TRIES = 5
"""Wrong PINs on a device until that PIN is taken away."""
HANDOVER_LASTS = timedelta(minutes=2)
SHORT_CODE_DIGITS = 8
SEEN_EVERY = timedelta(minutes=5)
"""How often a session that is in use is noted as such: reading writes nothing."""
ONE_TIME_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Signs of one-time passwords: none that are mistaken for each other when read aloud."""
ONE_TIME_LENGTH = 12


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


def new_secret() -> str:
    """Return 256 random bits for a cookie or a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_short_code() -> str:
    """Return a short code that is typed within two minutes."""
    return f"{secrets.randbelow(10**SHORT_CODE_DIGITS):0{SHORT_CODE_DIGITS}d}"


def one_time_password() -> str:
    """Return a password that is read aloud or copied once and then replaced."""
    return "".join(secrets.choice(ONE_TIME_SIGNS) for _ in range(ONE_TIME_LENGTH))


def is_over(
    created_at: datetime, seen_at: datetime, *, at: datetime, idle: timedelta, longest: timedelta
) -> bool:
    """Whether a session has been idle for too long, or is too old altogether."""
    return at - seen_at > idle or at - created_at > longest


def is_pin(text: str) -> bool:
    """Whether a text is four to eight digits."""
    return text.isascii() and text.isdigit() and len(text) in PIN_DIGITS


def is_weak(pin: str) -> bool:
    """Whether a PIN is among what somebody would try first: 0000, 1234, 4321, 1212, a year."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    half = len(pin) // 2
    repeats = len(pin) % 2 == 0 and pin[:half] * 2 == pin
    year = len(pin) == 4 and pin[:2] in {"19", "20"}
    return steps in ({0}, {1}, {9}) or repeats or year or pin in WEAK_PINS


@lru_cache(maxsize=20_000)
def initials(name: str) -> str:
    """Return the pinyin initials of a name in lower case, as people type them: 托盘天平 → tptp."""
    from pypinyin import Style, lazy_pinyin

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")
    return "".join(sign for chunk in letters for sign in chunk if sign.isalnum()).lower()
