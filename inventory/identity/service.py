"""This module is about people who sign in, tokens that programs carry, and keepers by name."""

import threading
from collections.abc import Collection, Iterable
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.errors import (
    BadToken,
    NameTaken,
    NotFound,
    SchoolNeeded,
    ShortPassword,
    WrongPassword,
)
from inventory.identity import store
from inventory.identity.models import Person, Token
from inventory.identity.rules import (
    BUREAU_ROLES,
    SHORTEST_PASSWORD,
    acting_as,
    new_token,
    token_hash,
)
from inventory.scope import Actor, Permission, Role, requires

STATION = "station"
"""Sign-in name of this computer's own scan station; it has no password, so nobody signs in."""

_hasher = PasswordHasher()
_one_at_a_time = threading.Semaphore(2)
"""Argon2 takes 64 MiB a time: more at once would let sign-ins exhaust a small machine."""
_nobodys_hash = _hasher.hash("nobody")
"""Checked for unknown names, so that the answer takes as long as for known ones."""


def hash_password(password: str) -> str:
    """
    Return the Argon2id hash (RFC 9106) of a password.

    Raises:
        ShortPassword: the password is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ShortPassword(field="password", least=SHORTEST_PASSWORD)
    with _one_at_a_time:
        return _hasher.hash(password)


def sign_in(session: Session, login: str, password: str) -> Person:
    """
    Return the person whose name and password these are. The session must see everybody.

    Raises:
        WrongPassword: no active person has them; which of the two was wrong is not told.
    """
    person = session.scalar(select(Person).where(Person.login == login.strip().lower()))
    known = person.password_hash if person and person.is_active else None
    try:
        with _one_at_a_time:
            _hasher.verify(known or _nobodys_hash, password)
    except (VerificationError, InvalidHashError):
        raise WrongPassword from None
    if person is None or known is None:
        raise WrongPassword
    return person


@requires(Permission.ADMINISTER)
def add_person(
    session: Session,
    by: Actor,
    *,
    name: str,
    login: str,
    password: str,
    role: Role,
    school_id: str | None,
    at: datetime,
) -> Person:
    """
    Add somebody who can sign in.

    Raises:
        SchoolNeeded, ShortPassword: the role needs a school; the password is too short.
        NotFound: the school, or the bureau, is out of the administrator's sight.
        NameTaken: somebody signs in with that name.
    """
    if school_id is None and role not in BUREAU_ROLES:
        raise SchoolNeeded(field="school")
    if by.schools is not None and not by.sees(school_id):
        raise NotFound(what="school", key=school_id or "—")
    person = Person(
        id=new_id(at),
        school_id=school_id,
        name=name.strip(),
        login=login.strip().lower(),
        password_hash=hash_password(password),
        role=role.value,
        created_at=at,
    )
    session.add(person)
    try:
        session.flush()  # the database decides whether the name is free
    except IntegrityError as error:
        raise NameTaken(value=login) from error
    return person


def keepers_named(
    session: Session, by: Actor, names: Iterable[str], school_id: str, at: datetime
) -> dict[str, str]:
    """Return the ids of people by name, those new to the school added without sign-in."""
    wanted = sorted(set(names))
    query = select(Person).where(Person.school_id == school_id, Person.name.in_(wanted))
    found = {
        person.name: person.id
        for person in session.scalars(query.order_by(Person.created_at.desc(), Person.id))
    }
    for name in wanted:
        if name not in found:
            person = Person(id=new_id(at), school_id=school_id, name=name, created_at=at)
            session.add(person)
            found[name] = person.id
    return found


def set_language(session: Session, person_id: str, language: str) -> None:
    """Keep the language that somebody chose for themselves."""
    person = session.get(Person, person_id)
    if person is not None and language in {"zh-CN", "en"}:
        person.language = language


@requires(Permission.SCAN)
def issue_token(
    session: Session, by: Actor, *, login: str, name: str, scopes: frozenset[Permission],
    at: datetime,
) -> tuple[Token, str]:  # fmt: skip
    """
    Make a token for a person, oneself or, for an administrator, somebody else.

    The secret is returned once and kept nowhere.

    Raises:
        NotFound: nobody in sight signs in with that name.
    """
    person = session.scalar(select(Person).where(Person.login == login.strip().lower()))
    mine = person is not None and person.id == by.id
    theirs = person is not None and by.may(Permission.ADMINISTER)
    theirs = theirs and (by.schools is None or by.sees(person.school_id if person else None))
    if person is None or not (mine or theirs):
        raise NotFound(what="person", key=login)
    secret = new_token()
    token = Token(
        id=new_id(at),
        person_id=person.id,
        name=name,
        secret_hash=token_hash(secret),
        scopes=" ".join(sorted(scope.value for scope in scopes)),
        created_at=at,
    )
    session.add(token)
    return token, secret


def actor_by_token(engine: Engine, secret: str) -> Actor:
    """
    Return who a bearer token speaks for, with one statement and no session.

    Raises:
        BadToken: it is unknown, revoked, or its person is no longer active.
    """
    rows = store.bearers_alone(engine, [token_hash(secret)])
    if not rows:
        raise BadToken
    return _actor(rows[0])


def actors_by_token(connection: Connection, secrets: Collection[str]) -> dict[str, Actor]:
    """Return who the bearer tokens speak for that stand, in the transaction of the connection."""
    secret_of = {token_hash(secret): secret for secret in secrets}
    rows = store.bearers(connection, list(secret_of))
    return {secret_of[row.secret_hash]: _actor(row) for row in rows}


def _actor(bearer: store.Bearer) -> Actor:
    scopes = frozenset(Permission(scope) for scope in bearer.scopes.split())
    return acting_as(bearer.person_id, bearer.role, bearer.school_id, scopes)


def station_token(session: Session, by: Actor, *, at: datetime) -> str:
    """
    Make a token for the scan station of the computer that holds the database.

    The station sees every school and counts, like an auditor of the bureau; it signs in nowhere.
    """
    person = session.scalar(select(Person).where(Person.login == STATION))
    if person is None:
        person = Person(
            id=new_id(at), name="扫描站", login=STATION, role=Role.AUDITOR.value, created_at=at
        )
        session.add(person)
        session.flush()
    scopes = frozenset({Permission.SEE, Permission.SCAN, Permission.COUNT})
    _, secret = issue_token(session, by, login=STATION, name=STATION, scopes=scopes, at=at)
    return secret
