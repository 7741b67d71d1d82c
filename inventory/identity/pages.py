"""This module is about signing in and out, one's own account, and handing a session to a phone."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from flask_login import current_user

from inventory.config import is_loopback
from inventory.db import db, transact
from inventory.errors import (
    FullSignInNeeded,
    HandoverGone,
    Invalid,
    NotFound,
    PasswordsDiffer,
    Refusal,
    SamePassword,
    WrongPin,
    WrongPresentPassword,
)
from inventory.identity import edge, queries, service
from inventory.identity.models import Person
from inventory.identity.rules import HANDOVER_LASTS, MOST_TRIES, granted
from inventory.scope import OPERATOR, Actor, Permission, bind
from inventory.web.context import LANGUAGES, act_as, actor, found, now, settings
from inventory.web.door import for_everybody, for_signed_in
from inventory.web.filters import THEMES
from inventory.web.forms import form, way_back
from inventory.web.pictures import qr_picture
from inventory.web.refusals import words
from inventory.web.shell import limiter

YEAR_S = 365 * 24 * 3600
CODE_AT_THE_END = re.compile(r"([0-9]{11})(?:[/?#].*)?$")
bp = Blueprint("identity", __name__)


def _account() -> str:
    return "login:" + request.form.get("login", "")[:60].strip().lower()


# --- the door ------------------------------------------------------------------------------


@bp.get("/sign-in")
@for_everybody("next", "q")
def sign_in() -> Any:
    """The form; on a known device first the people with a PIN; who is signed in goes home."""
    if actor().role is not None:
        return redirect(url_for("scanning.home"))
    return _door(next=request.args.get("next", ""), badge=request.args.get("q", ""))


def _door(
    *, message: str = "", status: int = 200, login: str = "", next: str = "", badge: str = "",
    chosen: str = "",
) -> Any:  # fmt: skip
    bind(db.session(), OPERATOR)
    device = edge.known_device()
    people = queries.people_on(db.session(), device) if device else []
    digits = CODE_AT_THE_END.search("".join(badge.split()))
    theirs = [one.id for one in people if digits and one.code == digits[1]]
    chosen = theirs[0] if theirs else chosen or (people[0].id if len(people) == 1 else "")
    act_as(actor())
    return (
        render_template(
            "identity/sign_in.html", login=login, next=next, message=message, people=people,
            chosen=chosen, no_badge=bool(badge) and not theirs,
        ),
        status,
    )  # fmt: skip


@bp.post("/sign-in")
@limiter.limit("20 per minute", key_func=get_remote_address)
@limiter.limit("10 per minute", key_func=_account)
@for_everybody()
def create_sign_in() -> Any:
    """Sign in; a refused attempt keeps the name, and does not say what was wrong."""
    values = form(required=("login", "password"), optional=("next",))
    bind(db.session(), OPERATOR)
    try:
        person = service.sign_in(db.session(), values["login"], values["password"])
        edge.begin(person, device_id=edge.known_device())
    except Refusal as refusal:
        return _door(
            message=words(refusal), status=refusal.status, login=values["login"],
            next=values["next"],
        )  # fmt: skip
    return redirect(way_back(values["next"], url_for("scanning.home")))


@bp.post("/unlocking")
@limiter.limit("20 per minute", key_func=get_remote_address)
@limiter.limit("10 per minute", key_func=edge.device_key)
@for_everybody()
def create_unlocking() -> Any:
    """Sign in by PIN on a known device."""
    values = form(required=("person", "pin"), optional=("next",))
    bind(db.session(), OPERATOR)
    try:
        _unlock(values["person"], values["pin"])
    except Refusal as refusal:
        return _door(
            message=words(refusal), status=refusal.status, next=values["next"],
            chosen=values["person"],
        )  # fmt: skip
    return redirect(way_back(values["next"], url_for("scanning.home")))


def _unlock(person_id: str, pin: str) -> None:
    """
    Compare a PIN outside of the write lane, its try having been counted before.

    Raises:
        WrongPin: it is not right, or there is none on this device any more.
    """
    device = edge.known_device()
    if device is None:
        raise WrongPin(most=MOST_TRIES)
    kept = transact(lambda opened: service.take_try(opened, device, person_id))
    was_right = service.is_right(kept, pin)
    transact(lambda opened: service.settle_try(opened, device, person_id, was_right=was_right))
    person = queries.person(db.session(), person_id)
    if not was_right or person is None:
        raise WrongPin(most=MOST_TRIES)
    edge.begin(person, is_full=False, device_id=device)


@bp.post("/sign-out")
@for_everybody()
def create_sign_out() -> Any:
    """End the session; a PIN on this device is forgotten as well."""
    form()
    edge.end(forget_pin=True)
    return redirect(url_for("identity.sign_in"))


@bp.post("/lock")
@for_everybody()
def create_lock() -> Any:
    """End the session of a shared device, which one's PIN opens again."""
    form()
    edge.end(forget_pin=False)
    return redirect(url_for("identity.sign_in"))


@bp.post("/language")
@for_everybody()
def set_language() -> Any:
    """Choose a language, for this session and, signed in, for next time."""
    values = form(required=("language",), optional=("next",))
    if values["language"] not in LANGUAGES:
        raise Invalid(field="language", value=values["language"])
    session["language"] = values["language"]
    who = actor()
    if who.role is not None:
        transact(lambda opened: service.set_language(opened, who.id, values["language"]))
    return redirect(way_back(values["next"], url_for("scanning.home")))


@bp.post("/theme")
@for_everybody()
def set_theme() -> Any:
    """Choose light or dark; nothing chosen follows the device."""
    values = form(optional=("theme", "next"))
    if values["theme"] not in (*THEMES, ""):
        raise Invalid(field="theme", value=values["theme"])
    response = make_response(redirect(way_back(values["next"], url_for("scanning.home"))))
    response.set_cookie("theme", values["theme"], max_age=YEAR_S, samesite="Lax", httponly=True)
    return response


# --- one's own account ---------------------------------------------------------------------


@bp.get("/me")
@for_signed_in()
def show_me() -> Any:
    """Who I am here: my PIN, my sessions, my tokens, my language."""
    return _me(actor())


def _me(by: Actor, *, message: str = "", status: int = 200, secret: str = "") -> Any:
    database = db.session()
    device = edge.known_device()
    return (
        render_template(
            "identity/me.html", row=queries.person_row(database, by.id), message=message,
            sessions=queries.sign_ins_of(database, by.id, now() - edge.lifetimes()[0]),
            this_one=current_user.sign_in_id, is_full=current_user.is_full,
            has_pin=bool(device and queries.has_pin(database, device, by.id)),
            tokens=queries.tokens_of(database, [by.id]), secret=secret,
            scopes=[one for one in Permission if one in (granted(by.role) if by.role else ())],
            may_issue=by.may(Permission.SCAN),
        ),
        status,
    )  # fmt: skip


@bp.get("/me/password")
@for_signed_in()
def show_password() -> Any:
    """The form for another password; whoever has a one-time one sees nothing else."""
    return _password()


def _password(message: str = "", status: int = 200) -> Any:
    return (
        render_template(
            "identity/password.html", message=message, must_change=current_user.must_change
        ),
        status,
    )


@bp.post("/me/password")
@limiter.limit("10 per minute", key_func=lambda: f"password:{actor().id}")
@for_signed_in()
def set_password() -> Any:
    """Take another password; all other sessions end."""
    by = actor()
    values = form(required=("password", "again"), optional=("current",))
    try:
        hashed = _new_password(by, values)
    except Refusal as refusal:
        return _password(words(refusal), refusal.status)
    keep = current_user.sign_in_id
    transact(
        lambda opened: service.change_password(
            opened, by, password_hash=hashed, keep=keep, at=now()
        )
    )
    return redirect(url_for("identity.show_me"))


def _new_password(by: Actor, values: dict[str, str]) -> str:
    """
    Return the hash of a new password; hashing takes long and stays outside of the write lane.

    Raises:
        WrongPresentPassword, PasswordsDiffer, SamePassword, ShortPassword: as they say.
    """
    person = found(db.session().get(Person, by.id), "person", by.id)
    kept = person.password_hash
    if not current_user.must_change and not service.is_right(kept, values["current"]):
        raise WrongPresentPassword(field="current")
    if values["password"] != values["again"]:
        raise PasswordsDiffer(field="again")
    if service.is_right(kept, values["password"]):
        raise SamePassword(field="password")
    return service.hash_password(values["password"])


@bp.post("/me/pin")
@for_signed_in()
def set_pin() -> Any:
    """Let oneself in on this device by a PIN; the device is known from now on."""
    by = actor()
    values = form(required=("pin",))
    try:
        if not current_user.is_full:
            raise FullSignInNeeded
        hashed = service.hash_pin(values["pin"])
    except Refusal as refusal:
        return _me(by, message=words(refusal), status=refusal.status)
    device, secret = edge.known_device(), ""
    if device is None:
        device, secret = transact(
            lambda opened: service.remember_device(opened, agent=edge.agent(), at=now())
        )
    known: str = device
    transact(lambda opened: service.set_pin(opened, by, device_id=known, pin_hash=hashed, at=now()))
    session["has_pin"] = True
    response = make_response(redirect(url_for("identity.show_me")))
    if secret:
        edge.let_know(response, secret)
    return response


@bp.post("/me/pin/removal")
@for_signed_in()
def remove_pin() -> Any:
    """Forget one's PIN on this device."""
    by = actor()
    form()
    device = edge.known_device()
    if device:
        transact(lambda opened: service.forget_pin(opened, device, by.id))
    session["has_pin"] = False
    return redirect(url_for("identity.show_me"))


@bp.post("/sessions/<sign_in_id>/ending")
@for_signed_in()
def end_session(sign_in_id: str) -> Any:
    """End a session, one's own or, for an administrator, one of their people's."""
    by = actor()
    values = form(optional=("next",))
    transact(lambda opened: service.end_sign_in(opened, by, sign_in_id=sign_in_id, at=now()))
    return redirect(way_back(values["next"], url_for("identity.show_me")))


@bp.post("/me/sessions/ending")
@for_signed_in()
def end_other_sessions() -> Any:
    """End all of one's sessions but this one."""
    by = actor()
    form()
    keep = current_user.sign_in_id
    transact(lambda opened: service.end_sign_ins(opened, by, person_id=by.id, keep=keep, at=now()))
    return redirect(url_for("identity.show_me"))


@bp.post("/me/tokens")
@for_signed_in()
def create_token() -> Any:
    """Make a token for oneself and show it, once."""
    by = actor()
    try:
        values = form(required=("name",), optional=tuple(one.value for one in Permission))
        if not current_user.is_full:
            raise FullSignInNeeded
        login = found(queries.person_row(db.session(), by.id), "person", by.id).login or ""
        scopes = frozenset(one for one in Permission if values[one.value])
        _, secret = transact(
            lambda opened: service.issue_token(
                opened, by, login=login, name=values["name"], scopes=scopes, at=now()
            )
        )
    except Refusal as refusal:
        return _me(by, message=words(refusal), status=refusal.status)
    return _me(by, secret=secret)


@bp.post("/tokens/<token_id>/revocation")
@for_signed_in()
def revoke_token(token_id: str) -> Any:
    """Make a token worthless, one's own or, for an administrator, one of their people's."""
    by = actor()
    values = form(optional=("next",))
    transact(lambda opened: service.revoke_token(opened, by, token_id=token_id, at=now()))
    return redirect(way_back(values["next"], url_for("identity.show_me")))


# --- handing a session to a phone ----------------------------------------------------------


@bp.get("/handover")
@limiter.limit("30 per minute", key_func=lambda: f"handover:{actor().id}")
@for_signed_in()
def show_handover() -> Any:
    """A symbol for the phone's camera and a short code to type: once, for two minutes."""
    by = actor()
    is_full = current_user.is_full
    offer, secret, code = transact(
        lambda opened: service.hand_over(opened, by, is_full=is_full, at=now())
    )
    address = _reachable() + url_for("identity.show_offer", secret=secret)
    return render_template(
        "identity/handover.html", handover_id=offer.id, code=code, address=address,
        picture=qr_picture(address), door=_reachable() + url_for("identity.show_short_code"),
        is_reachable=not is_loopback(urlsplit(address).hostname or ""),
        minutes=HANDOVER_LASTS // timedelta(minutes=1), state="waiting",
    )  # fmt: skip


def _reachable() -> str:
    """The configured address when others reach it, else the one by which this page was asked."""
    configured = settings().url
    if not is_loopback(urlsplit(configured).hostname or ""):
        return configured.rstrip("/")
    return request.host_url.rstrip("/")


@bp.get("/handover/<handover_id>/state")
@limiter.exempt
@for_signed_in()
def show_handover_state(handover_id: str) -> Any:
    """What became of an offer of one's own; the desk's page asks every two seconds."""
    by = actor()
    offer = found(queries.own_handover(db.session(), by.id, handover_id), "handover", handover_id)
    over = now() - offer.created_at > HANDOVER_LASTS
    state = "used" if offer.used_at else "over" if over else "waiting"
    return render_template("identity/_handover_state.html", handover_id=handover_id, state=state)


@bp.get("/phone/<secret>")
@limiter.limit("30 per minute", key_func=get_remote_address)
@for_everybody()
def show_offer(secret: str) -> Any:
    """Ask before signing in: a preview of the link must not use it up."""
    bind(db.session(), OPERATOR)
    offer = queries.handover(db.session(), secret)
    if offer is None or offer[0].used_at or now() - offer[0].created_at > HANDOVER_LASTS:
        raise HandoverGone
    name = offer[1].name
    act_as(actor())
    return render_template("identity/offer.html", secret=secret, name=name)


@bp.post("/phone/<secret>")
@limiter.limit("10 per minute", key_func=get_remote_address)
@for_everybody()
def redeem_offer(secret: str) -> Any:
    """Sign this device in by a link."""
    form()
    _redeem(secret=secret)
    return redirect(url_for("scanning.home"))


@bp.get("/phone")
@for_everybody()
def show_short_code() -> Any:
    """The form for the short code that a desk shows."""
    return render_template("identity/short_code.html", message="")


@bp.post("/phone")
@limiter.limit("10 per minute", key_func=get_remote_address)
@for_everybody()
def redeem_short_code() -> Any:
    """Sign this device in by a short code."""
    try:
        values = form(required=("code",))
        _redeem(code="".join(sign for sign in values["code"] if sign.isalnum()))
    except Refusal as refusal:
        return (
            render_template("identity/short_code.html", message=words(refusal)),
            refusal.status,
        )
    return redirect(url_for("scanning.home"))


def _redeem(*, secret: str = "", code: str = "") -> None:
    """
    Use an offer up and sign its person in here.

    Raises:
        HandoverGone, DemonstrationStaysHere: the offer is gone, or not for this device.
    """
    bind(db.session(), OPERATOR)

    def use_up(opened: Any) -> tuple[str, bool]:
        person, is_full = service.redeem(opened, secret=secret, code=code, at=now())
        return person.id, is_full

    person_id, is_full = transact(use_up)
    person = queries.person(db.session(), person_id)
    if person is None:
        raise NotFound(what="person", key=person_id)
    edge.begin(person, is_full=is_full, device_id=edge.known_device())
