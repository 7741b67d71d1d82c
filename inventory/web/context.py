"""This module is about the request at hand: the time, the settings, who acts, the language."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import structlog
from flask import current_app, g, has_request_context, request, session
from flask_babel import get_locale
from sqlalchemy.orm import Session

from inventory.config import Config
from inventory.db import opened_session
from inventory.errors import NotFound, NotSignedIn
from inventory.scope import NOBODY, Actor, bind

CONFIG = "tallycard_config"
PARTS = "tallycard_parts"
HOME = "home"
CABINET = "cabinet"
THING = "thing"
FIND = "find"
LANGUAGES = ("zh-CN", "en")
log = structlog.get_logger(__name__)
T = TypeVar("T")


def parts_of(page: str) -> tuple[Callable[..., tuple[str, dict[str, Any]]], ...]:
    """Return what capabilities above show on a page: functions that give template and values."""
    parts: dict[str, tuple[Callable[..., tuple[str, dict[str, Any]]], ...]]
    parts = current_app.extensions[PARTS]
    return parts[page]


def now() -> datetime:
    """Return the time of this request; the edges alone read the clock."""
    return datetime.now(UTC)


def settings() -> Config:
    """Return the settings of the application that serves this request."""
    config: Config = current_app.extensions[CONFIG]
    return config


def actor() -> Actor:
    """Return who sent this request; nobody when they have not signed in."""
    who: Actor = g.get("actor", NOBODY)
    return who


def act_as(who: Actor) -> None:
    """Say who acts in the rest of this request, for the database as well."""
    g.actor = who
    session = opened_session()
    if session is not None:
        bind(session, who)


def say_who_acts(session: Session) -> None:
    """Bind a session that a request has just opened to who sent the request."""
    if has_request_context():
        bind(session, actor())


def signed_in() -> Actor:
    """
    Return who sent this request.

    Raises:
        NotSignedIn: nobody has signed in.
    """
    who = actor()
    if who.role is None:
        raise NotSignedIn
    return who


def found(thing: T | None, what: str, key: str) -> T:
    """
    Return what was looked up.

    Raises:
        NotFound: nothing was found, or it is out of sight, which is the same; it is logged.
    """
    if thing is None:
        log.warning("not_found", what=what, key=key, actor=actor().id)
        raise NotFound(what=what, key=key)
    return thing


def language() -> str:
    """Return the language of this request: chosen, else the person's, else the browser's."""
    chosen = session.get("language") if has_request_context() else None
    if chosen in LANGUAGES:
        return str(chosen)
    if has_request_context():
        best = request.accept_languages.best_match(["zh-CN", "zh", "en"])
        if best:
            return "en" if best == "en" else "zh-CN"
    return settings().language


def time_zone() -> ZoneInfo:
    """Return the zone in which times are shown."""
    return ZoneInfo(settings().time_zone)


def words_locale() -> str:
    """Return the language tag for the page's `lang` attribute."""
    return "zh-CN" if str(get_locale()).startswith("zh") else "en"
