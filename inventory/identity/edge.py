"""This module is about who sent a request: a page's session, or the bearer of a token."""

from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import DBAPIError

from inventory.config import is_loopback
from inventory.db import db, transact
from inventory.errors import (
    BadToken,
    Busy,
    DemonstrationStaysHere,
    NotSignedIn,
    PasswordToChange,
)
from inventory.identity import queries, service
from inventory.identity.models import Person, SignIn
from inventory.identity.rules import SEEN_EVERY, is_over, token_hash
from inventory.scope import NOBODY, OPERATOR, Actor, bind
from inventory.web.context import act_as, actor, now, settings

DEVICE = "tallycard_device"
DEVICE_LASTS_S = 400 * 24 * 3600
"""Seconds that a device stays known; browsers keep no cookie longer."""
OPEN_WITH_ONE_TIME_PASSWORD = frozenset(
    {
        "identity.show_password",
        "identity.set_password",
        "identity.create_sign_out",
        "identity.set_language",
        "identity.set_theme",
    }
)
logins = LoginManager()
logins.session_protection = "strong"


class SignedIn(UserMixin):  # type: ignore[misc]
    """A session of the pages: the browser's cookie holds its secret as the id of its user."""

    def __init__(self, secret: str, sign_in: SignIn, person: Person) -> None:
        self.id = secret
        self.sign_in_id = sign_in.id
        self.seen_at = sign_in.seen_at
        self.is_full = sign_in.is_full
        self.name = person.name
        self.must_change = person.must_change
        self.person_actor = person.actor()


def init_app(app: Flask) -> None:
    """Attach sessions to the application, after the shell has said who acts."""
    logins.init_app(app)


def guard(app: Flask) -> None:
    """Let whoever has a one-time password do nothing but choose their own."""
    app.before_request(_ask_for_new_password)


@logins.user_loader  # type: ignore[untyped-decorator]
def _load(secret: str) -> SignedIn | None:
    """Look the session up with everybody in sight; that of the request is bound after."""
    bind(db.session(), OPERATOR)
    found = queries.sign_in(db.session(), secret)
    if found is None:
        return None
    sign_in, person = found
    idle, longest = lifetimes()
    over = is_over(sign_in.created_at, sign_in.seen_at, at=now(), idle=idle, longest=longest)
    if over or (person.is_demonstration and not is_local(request)):
        return None
    return SignedIn(secret, sign_in, person)


def lifetimes() -> tuple[timedelta, timedelta]:
    """Return how long a session lasts without a page, and at most."""
    config = settings()
    return timedelta(hours=config.session_idle_hours), timedelta(days=config.session_days)


def is_local(request: Request) -> bool:
    """Whether a request comes from the server's own computer, not through an unnamed proxy."""
    forwarded = {"X-Forwarded-For", "Forwarded", "X-Real-IP"} & {*request.headers.keys()}
    if forwarded and not settings().trusted_proxies:
        return False
    return is_loopback(request.remote_addr or "")


def page_actor() -> Actor:
    """Return who sent a page's request; nobody when they have not signed in."""
    if not current_user.is_authenticated:
        return NOBODY
    session["name"] = current_user.name
    who: Actor = current_user.person_actor
    _note_seen(now())
    return who


def _note_seen(at: datetime) -> None:
    """Note now and then that the session is in use; a full disk or a writer stops no reader."""
    if at - current_user.seen_at < SEEN_EVERY:
        return
    try:
        transact(lambda opened: service.note_seen(opened, current_user.sign_in_id, at))
    except (Busy, DBAPIError):
        db.session.rollback()


def _ask_for_new_password() -> Any:
    if actor().role is None or not current_user.is_authenticated or not current_user.must_change:
        return None
    if request.endpoint in OPEN_WITH_ONE_TIME_PASSWORD or request.path.startswith("/static/"):
        return None
    if request.method == "GET" and "HX-Request" not in request.headers:
        return redirect(url_for("identity.show_password"))
    raise PasswordToChange


# --- beginning and ending a session --------------------------------------------------------


def begin(person: Person, *, is_full: bool = True, device_id: str | None = None) -> None:
    """
    Sign somebody in who has proved who they are; what the browser had before ends.

    Raises:
        DemonstrationStaysHere: an account of the demonstration, from another computer.
    """
    if person.is_demonstration and not is_local(request):
        raise DemonstrationStaysHere
    person_id, chosen = person.id, session.get("language") or person.language
    bind(db.session(), OPERATOR)
    before = str(session.get("_user_id", ""))
    secret = transact(
        lambda opened: _replace(opened, before, person_id, is_full=is_full, device_id=device_id)
    )
    session.clear()  # a session that somebody else may have planted ends here
    if chosen:
        session["language"] = chosen
    found = queries.sign_in(db.session(), secret)
    assert found is not None
    login_user(SignedIn(secret, *found))
    session["has_pin"] = bool(device_id and queries.has_pin(db.session(), device_id, person_id))


def _replace(
    opened: Any, before: str, person_id: str, *, is_full: bool, device_id: str | None
) -> str:
    found = queries.sign_in(opened, before) if before else None
    if found is not None:
        found[0].ended_at = now()
    return service.begin_sign_in(
        opened, person_id, address=request.remote_addr or "", agent=agent(), device_id=device_id,
        is_full=is_full, at=now(),
    )  # fmt: skip


def end(*, forget_pin: bool) -> None:
    """End the session of this request; with `forget_pin` its PIN on this device as well."""
    if not current_user.is_authenticated:
        session.clear()
        return
    sign_in_id, person_id = current_user.sign_in_id, current_user.person_actor.id
    device = known_device()
    bind(db.session(), OPERATOR)

    def leave(opened: Any) -> None:
        found = opened.get(SignIn, sign_in_id)
        if found is not None:
            found.ended_at = now()
        if forget_pin and device:
            service.forget_pin(opened, device, person_id)

    transact(leave)
    logout_user()
    session.clear()
    act_as(NOBODY)


def agent() -> str:
    """Return what the browser calls itself."""
    return request.headers.get("User-Agent", "").replace("\0", "")


# --- devices -------------------------------------------------------------------------------


def known_device() -> str | None:
    """Return the id of the device that sent this request, when it is a known one."""
    secret = request.cookies.get(DEVICE, "")
    return queries.device_id(db.session(), secret) if secret else None


def device_key() -> str:
    """Return what the tries of a PIN are limited by: the device, not whom it names."""
    return "device:" + token_hash(request.cookies.get(DEVICE, ""))


def let_know(response: Response, secret: str) -> None:
    """Give a device the secret by which it is known, for pages only."""
    response.set_cookie(
        DEVICE, secret, max_age=DEVICE_LASTS_S, httponly=True, samesite="Lax",
        secure=settings().url.startswith("https://"),
    )  # fmt: skip


# --- tokens --------------------------------------------------------------------------------


def token_actor(request: Request) -> Actor:
    """
    Return whom a request's bearer token speaks for (RFC 6750, section 2.1).

    Raises:
        NotSignedIn: there is no token.
        BadToken: it is not valid.
        DemonstrationStaysHere: it is the demonstration's and comes from another computer.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise NotSignedIn
    if scheme.lower() != "bearer" or not secret:
        raise BadToken
    return service.actor_by_token(db.engine, secret.strip(), is_local=is_local(request))
