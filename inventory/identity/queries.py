"""This module is about reading people: who signed in, who is found, their sessions and tokens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from inventory.identity.models import Device, Handover, Person, Pin, SignIn, Token
from inventory.identity.rules import token_hash
from inventory.scope import Actor, actor_of

PAGE = 50
LONGEST_TEXT = 60
"""Signs of a search that are looked at; nobody's name is longer."""


def person(session: Session, person_id: str) -> Person | None:
    """Return an active person by id, if in sight."""
    found = session.get(Person, person_id)
    return found if found is not None and found.is_active else None


def names(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """Return the names of people by id; the ids of others stay unnamed."""
    wanted = sorted({person_id for person_id in ids if person_id})
    if not wanted:
        return {}
    query = select(Person.id, Person.name).where(Person.id.in_(wanted))
    return {row.id: row.name for row in session.execute(query)}


def anybody(session: Session) -> bool:
    """Whether there is anybody who can sign in. The session must see everybody."""
    query = select(Person.id).where(
        Person.login.is_not(None), Person.password_hash.is_not(None), Person.is_active
    )
    return session.scalar(query.limit(1)) is not None


def holds_demonstration(session: Session) -> bool:
    """Whether this database holds the demonstration. The session must see everybody."""
    query = select(Person.id).where(Person.is_demonstration).limit(1)
    return session.scalar(query) is not None


# --- people --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person for display."""

    id: str
    school_id: str | None
    name: str
    initials: str
    login: str | None
    role: str | None
    language: str | None
    is_active: bool
    must_change: bool
    is_demonstration: bool
    can_sign_in: bool
    code: str | None


def person_row(session: Session, person_id: str) -> PersonRow | None:
    """Return one person in sight, active or not."""
    found = session.scalar(select(Person).where(Person.id == person_id))
    return _row(found) if found else None


def person_by_code(session: Session, code: str) -> PersonRow | None:
    """Return the person in sight whose badge has this code."""
    found = session.scalar(select(Person).where(Person.code == code))
    return _row(found) if found else None


def person_by_login(session: Session, login: str) -> PersonRow | None:
    """Return the person in sight who signs in with a name."""
    found = session.scalar(select(Person).where(Person.login == login.strip().lower()))
    return _row(found) if found else None


def administered(by: Actor, school_id: str | None) -> bool:
    """Whether people of a school, or with None those of the bureau, are this administrator's."""
    return by.schools is None or by.sees(school_id)


def people(
    session: Session, text: str = "", *, school_id: str | None = None, page: int = 1,
    size: int = PAGE, only_active: bool = False,
) -> tuple[list[PersonRow], int]:  # fmt: skip
    """Return one page of the people of the schools in sight whom a text finds, and how many."""
    query = _found(session, select(Person), text, school_id, only_active)
    count = _found(session, select(func.count(Person.id)), text, school_id, only_active)
    query = query.order_by(Person.school_id, Person.initials, Person.name, Person.id)
    rows = session.scalars(query.limit(size).offset((page - 1) * size))
    return [_row(one) for one in rows], int(session.scalar(count) or 0)


def people_by_id(session: Session, ids: Sequence[str]) -> list[PersonRow]:
    """Return people in the order of the ids given; unknown ones are left out."""
    query = select(Person).where(Person.id.in_(list(ids)))
    found = {one.id: _row(one) for one in session.scalars(query)}
    return [found[one] for one in ids if one in found]


def _found(
    session: Session, query: Select[Any], text: str, school_id: str | None, only_active: bool
) -> Select[Any]:
    in_sight = actor_of(session).schools
    if in_sight is not None:  # the bureau's staff is in sight, but not a school's own people
        query = query.where(Person.school_id.in_(sorted(in_sight)))
    if school_id:
        query = query.where(Person.school_id == school_id)
    if only_active:
        query = query.where(Person.is_active)
    for word in text[:LONGEST_TEXT].lower().split():
        pattern = "%" + word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(
            or_(
                Person.name.ilike(pattern, escape="\\"),
                Person.initials.like(pattern[1:], escape="\\"),
                Person.login.like(pattern[1:], escape="\\"),
            )
        )
    return query


def _row(one: Person) -> PersonRow:
    return PersonRow(
        one.id, one.school_id, one.name, one.initials, one.login, one.role, one.language,
        one.is_active, one.must_change, one.is_demonstration, one.can_sign_in, one.code,
    )  # fmt: skip


# --- sessions, devices, tokens -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignInRow:
    """A session of somebody for display."""

    id: str
    address: str
    agent: str
    created_at: datetime
    seen_at: datetime
    is_full: bool


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token of somebody for display; its secret is nowhere."""

    id: str
    person_id: str
    login: str | None
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None


def sign_in(session: Session, secret: str) -> tuple[SignIn, Person] | None:
    """Return the session behind a secret and its person. The session must see everybody."""
    query = (
        select(SignIn, Person)
        .join(Person, Person.id == SignIn.person_id)
        .where(SignIn.secret_hash == token_hash(secret), SignIn.ended_at.is_(None))
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row and row[1].is_active else None


def sign_ins_of(session: Session, person_id: str, since: datetime) -> list[SignInRow]:
    """Return the sessions of a person that have not ended and were seen since."""
    query = (
        select(SignIn)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.seen_at > since)
        .order_by(SignIn.seen_at.desc())
    )
    return [
        SignInRow(one.id, one.address, one.agent, one.created_at, one.seen_at, one.is_full)
        for one in session.scalars(query)
    ]


def tokens_of(session: Session, person_ids: Iterable[str]) -> list[TokenRow]:
    """Return the tokens of people, the newest first, revoked ones at the end."""
    query = (
        select(Token, Person.login)
        .join(Person, Person.id == Token.person_id)
        .where(Token.person_id.in_(list(person_ids)))
        .order_by(Token.revoked_at.is_not(None), Token.created_at.desc())
    )
    return [_token(token, login) for token, login in session.execute(query)]


def tokens(session: Session) -> list[TokenRow]:
    """Return the tokens of everybody in sight, the newest first."""
    query = select(Token, Person.login).join(Person, Person.id == Token.person_id)
    query = query.order_by(Token.revoked_at.is_not(None), Token.created_at.desc())
    return [_token(token, login) for token, login in session.execute(query)]


def _token(token: Token, login: str | None) -> TokenRow:
    return TokenRow(
        token.id, token.person_id, login, token.name, tuple(token.scopes.split()),
        token.created_at, token.revoked_at,
    )  # fmt: skip


def device_id(session: Session, secret: str) -> str | None:
    """Return the device that keeps a secret."""
    if not secret:
        return None
    return session.scalar(select(Device.id).where(Device.secret_hash == token_hash(secret)))


def people_on(session: Session, device: str) -> list[PersonRow]:
    """Return who has a PIN on a device. The session must see everybody."""
    query = (
        select(Person)
        .join(Pin, Pin.person_id == Person.id)
        .where(Pin.device_id == device, Person.is_active)
        .order_by(Person.initials, Person.name)
    )
    return [_row(one) for one in session.scalars(query)]


def has_pin(session: Session, device: str, person_id: str) -> bool:
    """Whether a person has a PIN on a device."""
    return session.get(Pin, (device, person_id)) is not None


def handover(session: Session, secret: str) -> tuple[Handover, Person] | None:
    """Return what a link hands over and whose it is. The session must see everybody."""
    query = (
        select(Handover, Person)
        .join(Person, Person.id == Handover.person_id)
        .where(Handover.secret_hash == token_hash(secret))
    )
    row = session.execute(query).first()
    return (row[0], row[1]) if row else None


def own_handover(session: Session, person_id: str, handover_id: str) -> Handover | None:
    """Return what a person offered to another device."""
    found = session.get(Handover, handover_id)
    return found if found is not None and found.person_id == person_id else None
