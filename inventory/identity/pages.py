"""This module is about signing in and out, and choosing language and colours."""

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask_limiter.util import get_remote_address
from flask_login import login_user, logout_user

from inventory.db import db, transact
from inventory.errors import Invalid, WrongPassword
from inventory.identity import service
from inventory.identity.edge import SignedIn
from inventory.scope import OPERATOR, bind
from inventory.web.context import LANGUAGES, actor
from inventory.web.filters import THEMES
from inventory.web.forms import form, way_back
from inventory.web.refusals import words
from inventory.web.shell import limiter

YEAR_S = 365 * 24 * 3600
bp = Blueprint("identity", __name__)


@bp.get("/sign-in")
def sign_in() -> Any:
    """The form; who is signed in already goes home."""
    if actor().role is not None:
        return redirect(url_for("scanning.home"))
    return render_template("identity/sign_in.html", login="", next=request.args.get("next", ""))


def _account() -> str:
    return "login:" + request.form.get("login", "")[:60].strip().lower()


@bp.post("/sign-in")
@limiter.limit("20 per minute", key_func=get_remote_address)
@limiter.limit("10 per minute", key_func=_account)
def create_sign_in() -> Any:
    """Sign in; a refused attempt keeps the name, and does not say what was wrong."""
    values = form(required=("login", "password"), optional=("next",))
    bind(db.session(), OPERATOR)
    try:
        person = service.sign_in(db.session(), values["login"], values["password"])
    except WrongPassword as refusal:
        return (
            render_template(
                "identity/sign_in.html", login=values["login"], next=values["next"],
                message=words(refusal),
            ),
            refusal.status,
        )  # fmt: skip
    chosen = session.get("language") or person.language
    session.clear()  # a session that somebody else may have planted ends here
    if chosen:
        session["language"] = chosen
    login_user(SignedIn(person))
    return redirect(way_back(values["next"], url_for("scanning.home")))


@bp.post("/sign-out")
def create_sign_out() -> Any:
    form()
    logout_user()
    session.clear()
    return redirect(url_for("identity.sign_in"))


@bp.post("/language")
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
def set_theme() -> Any:
    """Choose light or dark; nothing chosen follows the device."""
    values = form(optional=("theme", "next"))
    if values["theme"] not in (*THEMES, ""):
        raise Invalid(field="theme", value=values["theme"])
    response = make_response(redirect(way_back(values["next"], url_for("scanning.home"))))
    response.set_cookie("theme", values["theme"], max_age=YEAR_S, samesite="Lax", httponly=True)
    return response
