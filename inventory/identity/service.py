"""This module is about people, their passwords, PINs, sessions and tokens, and keepers by name."""

import threading
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Engine, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.errors import (
    BadLogin,
    BadToken,
    DemonstrationStaysHere,
    HandoverGone,
    HoldsDemonstration,
    Invalid,
    Missing,
    NameTaken,
    NotFound,
    NotYourself,
    SchoolNeeded,
    ShortPassword,
    WeakPin,
    WrongPassword,
)
from inventory.identity import store
from inventory.identity.changes import (
    PasswordChanged,
    PasswordReset,
    PersonAdded,
    PersonDisabled,
    PersonEnabled,
    RoleChanged,
    TokenIssued,
    TokenRevoked,
)
from inventory.identity.models import (
    ADDRESS_LENGTH,
    AGENT_LENGTH,
    Device,
    Handover,
    Person,
    Pin,
    SignIn,
    Token,
)
from inventory.identity.queries import administered, holds_demonstration
from inventory.identity.rules import (
    BUREAU_ROLES,
    HANDOVER_LASTS,
    MOST_TRIES,
    SHORTEST_PASSWORD,
    acting_as,
    is_pin,
    is_weak,
    new_secret,
    new_short_code,
    new_token,
    one_time_password,
    token_hash,
)
from inventory.journal.service import record
from inventory.scope import Actor, Permission, Role, requires

LANGUAGES = ("zh-CN", "en")
LONGEST_NAME = 60
KEPT_FOR = timedelta(days=90)
"""How long a session that is over is still listed in the table."""
STATION = "station"
"""Sign-in name of this computer's own scan station; it has no password, so nobody signs in."""

_hasher = PasswordHasher()
_one_at_a_time = threading.Semaphore(2)
"""Argon2 takes 64 MiB a time: more at once would let sign-ins exhaust a small machine."""


@cache
def _nobodys_hash() -> str:
    """What is checked for unknown names, so that the answer takes as long as for known ones."""
    return _hasher.hash("nobody")


class Hashed(str):
    """The hash of a password. Pages make it before their turn in the write lane: it takes long."""


def hash_password(password: str) -> Hashed:
    """
    Return the Argon2id hash (RFC 9106) of a password; what is hashed already stays as it is.

    Raises:
        ShortPassword: the password is too short.
    """
    if isinstance(password, Hashed):
        return password
    with _one_at_a_time:
        return Hashed(_hasher.hash(checked_password(password)))


def checked_password(password: str) -> str:
    """
    Return a password that may be one.

    Raises:
        ShortPassword: it is too short.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise ShortPassword(field="password", least=SHORTEST_PASSWORD)
    return password


def sign_in(session: Session, login: str, password: str) -> Person:
    """
    Return the person whose name and password these are. The session must see everybody.

    Raises:
        WrongPassword: no active person has them; which of the two was wrong is not told.
    """
    person = session.scalar(select(Person).where(Person.login == login.strip().lower()))
    known = person.password_hash if person and person.is_active else None
    if not is_right(known, password) or person is None:
        raise WrongPassword
    return person


def is_right(kept: str | None, given: str) -> bool:
    """Whether a password or PIN is the one whose hash is kept; as slow when nothing is kept."""
    try:
        with _one_at_a_time:
            _hasher.verify(kept or _nobodys_hash(), given)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


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
    must_change: bool = False,
    is_demonstration: bool = False,
    at: datetime,
) -> Person:
    """
    Add somebody who can sign in.

    Raises:
        HoldsDemonstration: the person is real and the database is not.
        Missing, Invalid, BadLogin: a name is missing or not one.
        SchoolNeeded, ShortPassword: the role needs a school; the password is too short.
        NotFound: the school, or the bureau, is out of the administrator's sight.
        NameTaken: somebody signs in with that name.
    """
    if not is_demonstration and holds_demonstration(session):
        raise HoldsDemonstration
    if school_id is None and role not in BUREAU_ROLES:
        raise SchoolNeeded(field="school")
    if not administered(by, school_id):
        raise NotFound(what="school", key=school_id or "—")
    person = Person(
        id=new_id(at),
        school_id=school_id,
        name=checked_name(name),
        login=checked_login(login),
        password_hash=str(hash_password(password)),
        role=role.value,
        must_change=must_change,
        is_demonstration=is_demonstration,
        created_at=at,
    )
    session.add(person)
    try:
        session.flush()  # the database decides whether the name is free
    except IntegrityError as error:
        raise NameTaken(value=login) from error
    record(session, by, PersonAdded(person.id, role.value), at=at, school_id=school_id)
    return person


def checked_name(name: str) -> str:
    """
    Return a person's name as it is kept.

    Raises:
        Missing, Invalid: it is empty or too long.
    """
    clean = name.strip()
    if not clean:
        raise Missing(field="name")
    if len(clean) > LONGEST_NAME:
        raise Invalid(field="name", value=clean[:LONGEST_NAME])
    return clean


def checked_login(login: str) -> str:
    """
    Return the name to sign in with as it is kept.

    Raises:
        Missing, BadLogin: it is empty; it is too long or holds a space.
    """
    clean = login.strip().lower()
    if not clean:
        raise Missing(field="login")
    if len(clean) > LONGEST_NAME or any(sign.isspace() for sign in clean):
        raise BadLogin(field="login", value=clean[:LONGEST_NAME])
    return clean


@requires(Permission.ADMINISTER)
def edit_person(
    session: Session, by: Actor, *, person_id: str, name: str, role: Role | None,
    language: str, at: datetime,
) -> Person:  # fmt: skip
    """
    Change what a person is called, what they may do, and their language; None leaves the role.

    Raises:
        NotFound: the person is not one of the administrator's.
        NotYourself: one's own role; another administrator changes it.
        SchoolNeeded, Missing, Invalid: the role needs a school; the name or language is not one.
    """
    person = _administered(session, by, person_id)
    was = person.role
    if role and role.value != was and person.id == by.id:
        raise NotYourself
    if role and person.school_id is None and role not in BUREAU_ROLES:
        raise SchoolNeeded(field="role")
    if language not in {"", *LANGUAGES}:
        raise Invalid(field="language", value=language)
    person.name = checked_name(name)
    person.language = language or None
    if role and role.value != was:
        person.role = role.value
        change = RoleChanged(person.id, role.value, was)
        record(session, by, change, at=at, school_id=person.school_id)
    return person


@requires(Permission.ADMINISTER)
def disable_person(session: Session, by: Actor, *, person_id: str, at: datetime) -> Person:
    """
    Let a person no longer sign in: their sessions, PINs and tokens end.

    Raises:
        NotFound, NotYourself: the person is not one of the administrator's, or oneself.
    """
    person = _administered(session, by, person_id)
    if person.id == by.id:
        raise NotYourself
    if person.is_active:
        person.is_active = False
        record(session, by, PersonDisabled(person.id), at=at, school_id=person.school_id)
    _shut_out(session, person.id, at)
    for token in session.scalars(
        select(Token).where(Token.person_id == person.id, Token.revoked_at.is_(None))
    ):
        _revoke(session, by, token, person, at)
    return person


@requires(Permission.ADMINISTER)
def enable_person(session: Session, by: Actor, *, person_id: str, at: datetime) -> Person:
    """
    Let a person sign in again, with the password they had; their tokens stay revoked.

    Raises:
        NotFound: the person is not one of the administrator's.
    """
    person = _administered(session, by, person_id)
    if not person.is_active:
        person.is_active = True
        record(session, by, PersonEnabled(person.id), at=at, school_id=person.school_id)
    return person


@requires(Permission.ADMINISTER)
def reset_password(
    session: Session, by: Actor, *, person_id: str, password: str = "",
    is_one_time: bool = False, at: datetime,
) -> str:  # fmt: skip
    """
    Give a person a new password and return it: a one-time one unless one is given.

    Their sessions and PINs end; a one-time password must be changed at the next sign-in.

    Raises:
        NotFound: the person is not one of the administrator's, or never signs in.
        NotYourself: oneself; one's own password is changed with the old one.
        ShortPassword: the given one is too short.
    """
    person = _administered(session, by, person_id)
    if person.id == by.id:
        raise NotYourself
    if person.login in {None, STATION}:
        raise NotFound(what="person", key=person_id)
    chosen = password or one_time_password()
    person.password_hash = str(hash_password(chosen))
    person.must_change = is_one_time or not password
    _shut_out(session, person.id, at)
    record(session, by, PasswordReset(person.id), at=at, school_id=person.school_id)
    return chosen


@requires(Permission.SEE)
def change_password(
    session: Session, by: Actor, *, password_hash: str, keep: str | None, at: datetime
) -> None:
    """Take another password for oneself; all one's sessions but the one to keep end."""
    person = session.get_one(Person, by.id)
    person.password_hash = password_hash
    person.must_change = False
    end_sign_ins_of(session, person.id, at=at, keep=keep)
    record(session, by, PasswordChanged(person.id), at=at, school_id=person.school_id)


def _shut_out(session: Session, person_id: str, at: datetime) -> None:
    """End what lets a person in without the password: sessions, offers to a phone, PINs."""
    end_sign_ins_of(session, person_id, at=at)
    for model in (Handover, Pin):
        session.execute(delete(model).where(model.person_id == person_id))


def _administered(session: Session, by: Actor, person_id: str) -> Person:
    """The person, when they are one of the administrator's: of their schools, or anybody."""
    person = session.get(Person, person_id)
    if person is None or not administered(by, person.school_id):
        raise NotFound(what="person", key=person_id)
    return person


# --- sessions ------------------------------------------------------------------------------


def begin_sign_in(
    session: Session, person_id: str, *, address: str, agent: str, device_id: str | None = None,
    is_full: bool = True, at: datetime,
) -> str:  # fmt: skip
    """Begin a session of the pages and return its secret; those long over are cleared away."""
    session.execute(
        delete(SignIn).where(SignIn.person_id == person_id, SignIn.seen_at < at - KEPT_FOR)
    )
    secret = new_secret()
    session.add(
        SignIn(
            id=new_id(at),
            secret_hash=token_hash(secret),
            person_id=person_id,
            device_id=device_id,
            is_full=is_full,
            address=address[:ADDRESS_LENGTH],
            agent=agent[:AGENT_LENGTH],
            created_at=at,
            seen_at=at,
        )
    )
    return secret


def note_seen(session: Session, sign_in_id: str, at: datetime) -> None:
    """Note that a session is in use."""
    session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=at))


def end_sign_ins_of(
    session: Session, person_id: str, *, at: datetime, keep: str | None = None
) -> None:
    """End the sessions of a person, all but one where one is named."""
    query = update(SignIn).where(SignIn.person_id == person_id, SignIn.ended_at.is_(None))
    session.execute(query.where(SignIn.id != (keep or "")).values(ended_at=at))


@requires(Permission.SEE)
def end_sign_in(session: Session, by: Actor, *, sign_in_id: str, at: datetime) -> str:
    """
    End a session, one's own or, for an administrator, one of their people's; return whose.

    Raises:
        NotFound: there is none, or it is not theirs to end.
    """
    found = session.get(SignIn, sign_in_id)
    if found is None or not _may_touch(session, by, found.person_id):
        raise NotFound(what="session", key=sign_in_id)
    found.ended_at = found.ended_at or at
    return found.person_id


@requires(Permission.SEE)
def end_sign_ins(
    session: Session, by: Actor, *, person_id: str, keep: str | None, at: datetime
) -> None:
    """
    End all sessions of oneself or, for an administrator, of one of their people.

    Raises:
        NotFound: they are not theirs to end.
    """
    if not _may_touch(session, by, person_id):
        raise NotFound(what="person", key=person_id)
    end_sign_ins_of(session, person_id, at=at, keep=keep)


def _may_touch(session: Session, by: Actor, person_id: str) -> bool:
    if person_id == by.id:
        return True
    if not by.may(Permission.ADMINISTER):
        return False
    person = session.get(Person, person_id)
    return person is not None and administered(by, person.school_id)


# --- devices and PINs ----------------------------------------------------------------------


def hash_pin(pin: str) -> str:
    """
    Return the Argon2id hash of a PIN.

    Raises:
        WeakPin: it is not four to eight digits, or the first that somebody would try.
    """
    if not is_pin(pin) or is_weak(pin):
        raise WeakPin(field="pin")
    with _one_at_a_time:
        return _hasher.hash(pin)


def remember_device(session: Session, *, agent: str, at: datetime) -> tuple[str, str]:
    """Make a device known and return its id and the secret that it keeps."""
    secret = new_secret()
    device = Device(
        id=new_id(at), secret_hash=token_hash(secret), agent=agent[:AGENT_LENGTH], created_at=at
    )
    session.add(device)
    session.flush()
    return device.id, secret


@requires(Permission.SEE)
def set_pin(session: Session, by: Actor, *, device_id: str, pin_hash: str, at: datetime) -> None:
    """Let oneself in on this device by a PIN."""
    pin = session.get(Pin, (device_id, by.id))
    if pin is None:
        pin = Pin(device_id=device_id, person_id=by.id, created_at=at)
        session.add(pin)
    pin.pin_hash, pin.tries, pin.created_at = pin_hash, 0, at


def forget_pin(session: Session, device_id: str, person_id: str) -> None:
    """Take a PIN away from a device."""
    session.execute(delete(Pin).where(Pin.device_id == device_id, Pin.person_id == person_id))


def take_try(session: Session, device_id: str, person_id: str) -> str | None:
    """
    Take one of the tries of a PIN and return its hash; nothing when there is none to try.

    The try is written before the PIN is compared, so that tries at one moment are all counted.
    """
    pin = session.get(Pin, (device_id, person_id), with_for_update=True, populate_existing=True)
    person = session.get(Person, person_id)
    if pin is None or person is None or not person.is_active:
        return None
    if pin.tries >= MOST_TRIES:
        session.delete(pin)
        return None
    pin.tries += 1
    return pin.pin_hash


def settle_try(session: Session, device_id: str, person_id: str, *, was_right: bool) -> None:
    """Begin to count anew after a right PIN; after the last wrong one take it away."""
    pin = session.get(Pin, (device_id, person_id), with_for_update=True, populate_existing=True)
    if pin is None:
        return
    if was_right:
        pin.tries = 0
    elif pin.tries >= MOST_TRIES:
        session.delete(pin)


# --- handing a session over ----------------------------------------------------------------


@requires(Permission.SEE)
def hand_over(
    session: Session, by: Actor, *, is_full: bool, at: datetime
) -> tuple[Handover, str, str]:
    """Offer one's session to another device: return the offer, its secret and its short code."""
    session.execute(delete(Handover).where(Handover.person_id == by.id, Handover.used_at.is_(None)))
    session.execute(delete(Handover).where(Handover.created_at < at - KEPT_FOR))
    secret, code = new_secret(), new_short_code()
    offer = Handover(
        id=new_id(at), person_id=by.id, is_full=is_full, secret_hash=token_hash(secret),
        code_hash=token_hash(code), created_at=at,
    )  # fmt: skip
    session.add(offer)
    session.flush()
    return offer, secret, code


def redeem(
    session: Session, *, secret: str = "", code: str = "", at: datetime
) -> tuple[Person, bool]:
    """
    Use up an offer and return whose session begins and whether it is a full one.

    The session must see everybody.

    Raises:
        HandoverGone: it is unknown, was used, or is too old; which of these is not told.
    """
    mine = Handover.secret_hash == token_hash(secret)
    if not secret:
        mine = Handover.code_hash == token_hash(code)
    offers = session.scalars(
        select(Handover)
        .where(mine, Handover.used_at.is_(None), Handover.created_at > at - HANDOVER_LASTS)
        .with_for_update()
    ).all()
    person = session.get(Person, offers[0].person_id) if len(offers) == 1 else None
    if person is None or not person.is_active:
        raise HandoverGone
    offers[0].used_at = at
    return person, offers[0].is_full


# --- keepers, languages, tokens ------------------------------------------------------------


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
    if person is not None and language in LANGUAGES:
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
    theirs = theirs and administered(by, person.school_id if person else None)
    if person is None or not person.is_active or not (mine or theirs):
        raise NotFound(what="person", key=login)
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(field="name", value=name[:LONGEST_NAME])
    secret = new_token()
    token = Token(
        id=new_id(at),
        person_id=person.id,
        name=name.strip(),
        secret_hash=token_hash(secret),
        scopes=" ".join(sorted(scope.value for scope in scopes)),
        created_at=at,
    )
    session.add(token)
    change = TokenIssued(person.id, token.id, tuple(token.scopes.split()))
    record(session, by, change, at=at, school_id=person.school_id)
    return token, secret


@requires(Permission.SEE)
def revoke_token(session: Session, by: Actor, *, token_id: str, at: datetime) -> str:
    """
    Make a token worthless, one's own or, for an administrator, one of their people's.

    Raises:
        NotFound: there is none, or it is not theirs to revoke.
    """
    token = session.get(Token, token_id)
    if token is None or not _may_touch(session, by, token.person_id):
        raise NotFound(what="token", key=token_id)
    if token.revoked_at is None:
        _revoke(session, by, token, session.get_one(Person, token.person_id), at)
    return token.person_id


def _revoke(session: Session, by: Actor, token: Token, person: Person, at: datetime) -> None:
    token.revoked_at = at
    record(session, by, TokenRevoked(person.id, token.id), at=at, school_id=person.school_id)


def actor_by_token(engine: Engine, secret: str, *, is_local: bool = True) -> Actor:
    """
    Return who a bearer token speaks for, with one statement and no session.

    Raises:
        BadToken: it is unknown, revoked, or its person is no longer active.
        DemonstrationStaysHere: it is the demonstration's and comes from another computer.
    """
    rows = store.bearers_alone(engine, [token_hash(secret)])
    if not rows:
        raise BadToken
    if rows[0].is_demonstration and not is_local:
        raise DemonstrationStaysHere
    return _actor(rows[0])


def actors_by_token(connection: Connection, secrets: Collection[str]) -> dict[str, Actor]:
    """
    Return who the bearer tokens speak for that stand, in the transaction of the connection.

    The demonstration's are left out: whether one may be used depends on where it comes from.
    """
    secret_of = {token_hash(secret): secret for secret in secrets}
    rows = store.bearers(connection, list(secret_of))
    return {secret_of[row.secret_hash]: _actor(row) for row in rows if not row.is_demonstration}


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
        record(session, by, PersonAdded(person.id, Role.AUDITOR.value), at=at, school_id=None)
    scopes = frozenset({Permission.SEE, Permission.SCAN, Permission.COUNT})
    _, secret = issue_token(session, by, login=STATION, name=STATION, scopes=scopes, at=at)
    return secret
