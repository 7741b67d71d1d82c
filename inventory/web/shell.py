"""This module is about the shell of every request: who acts, CSRF, headers, errors, language."""

import ipaddress
import secrets
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, g, request
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from inventory.config import Config
from inventory.db import OPENED, db
from inventory.errors import (
    BadForm,
    InternalError,
    NotFound,
    NotThisMethod,
    Refusal,
    TooLarge,
    TooManyAttempts,
)
from inventory.scope import NOBODY, Actor
from inventory.web import filters, refusals
from inventory.web.context import CONFIG, act_as, language, say_who_acts, settings
from inventory.web.cookies import PatientSessions
from inventory.web.faults import refusal_for
from inventory.web.forms import is_storable

LOCALES = {"zh-CN": "zh_Hans_CN", "en": "en"}
API = "/api/"
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""Content security policy of what is no page: data, files, answers to programs."""
PAGE = "; ".join(
    (
        "default-src 'none'",
        # A script needs the request's nonce, its modules come with it; 'self' is for browsers
        # that do not know 'strict-dynamic' (CSP level 3, section 8.2).
        "script-src 'nonce-{nonce}' 'strict-dynamic' 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
log = structlog.get_logger(__name__)

csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address, storage_uri="memory://")


def init_app(app: Flask, config: Config, load_actor: Callable[[], Actor]) -> None:
    """Put the shell around an application; `load_actor` says who sent a page's request."""
    is_secure = config.url.startswith("https://")
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=config.upload_megabytes * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=is_secure,
        # The prefix lets no other host of the domain plant a cookie (RFC 6265bis, 4.1.3.2).
        SESSION_COOKIE_NAME="__Host-tallycard" if is_secure else "tallycard",
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=LOCALES[config.language],
        RATELIMIT_HEADERS_ENABLED=False,
    )
    app.extensions[CONFIG] = config
    app.extensions[OPENED] = say_who_acts
    app.session_interface = PatientSessions()
    csrf.init_app(app)
    limiter.init_app(app)
    Babel(app, locale_selector=locale)
    filters.init_app(app)
    app.before_request(partial(_refuse_foreign_hosts, host_check(app)))
    app.before_request(_refuse_unstorable_addresses)
    app.before_request(lambda: _say_who_acts(load_actor))
    app.after_request(_add_headers)
    _handle_errors(app)


def locale() -> str:
    return LOCALES[language()]


def trust_proxies(app: Flask, config: Config) -> None:
    """Believe the forwarding headers of as many proxies as are configured, outside all else."""
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def host_check(app: Flask) -> Callable[[str], bool]:
    """
    Return whether the server answers to a Host header: links would carry a foreign one.

    It answers to its own address, to the names in the settings, to loopback and to bare IP
    addresses: nobody can make a foreign name of those. The settings are looked at each time, for
    the first page gives a running server its address.
    """

    def knows(header: str) -> bool:
        config: Config = app.extensions[CONFIG]
        return _answers_to(header, config.url, tuple(config.hosts))

    return knows


@lru_cache(maxsize=1_000)
def _answers_to(header: str, url: str, hosts: tuple[str, ...]) -> bool:
    host = header.rsplit(":", 1)[0] if not header.endswith("]") else header
    return host in {*hosts, urlsplit(url).hostname, "localhost"} or _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _refuse_foreign_hosts(knows: Callable[[str], bool]) -> None:
    if not knows(request.host):
        abort(400)


def _refuse_unstorable_addresses() -> None:
    """An address with a NUL names nothing; PostgreSQL would take offence."""
    for text in (request.path, *request.args.values()):
        if not is_storable(text):
            raise NotFound(what="page", key="\ufffd")


def _say_who_acts(load_actor: Callable[[], Actor]) -> None:
    g.reference = secrets.token_hex(4)
    g.nonce = secrets.token_urlsafe(16)
    act_as(NOBODY)
    if not request.path.startswith((API, "/static/", "/healthz", "/metrics")):
        act_as(load_actor())


def _add_headers(response: Response) -> Response:
    if response.mimetype == "text/html":
        policy = PAGE.format(nonce=g.get("nonce", ""))
        response.headers.setdefault("Content-Security-Policy", policy)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _handle_errors(app: Flask) -> None:
    app.register_error_handler(Refusal, refusals.respond)
    app.register_error_handler(CSRFError, lambda _: refusals.respond(BadForm()))
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(DBAPIError, _from_database)
    app.register_error_handler(OSError, _from_database)
    app.register_error_handler(Exception, _from_unexpected)


def _from_http(error: HTTPException) -> Any:
    match error.code:
        case 404:
            return refusals.respond(NotFound(what="page", key=request.path))
        case 405:
            return refusals.respond(NotThisMethod())
        case 413:
            return refusals.respond(TooLarge(limit=f"{settings().upload_megabytes} MB"))
        case 429:
            return refusals.respond(TooManyAttempts())
        case code if code is not None and code >= 400:
            return refusals.respond_status(code, error.description or error.name)
    return error


def _from_database(error: DBAPIError | OSError) -> Any:
    refusal = refusal_for(error)
    if refusal is None:
        return _from_unexpected(error)
    path = refusals.path_without_secret()
    log.error("unavailable", code=refusal.code, path=path, error=str(error)[:300])
    db.session.rollback()
    return refusals.respond(refusal)


def _from_unexpected(error: Exception) -> Any:
    path = refusals.path_without_secret()
    log.error("unexpected", reference=g.get("reference"), path=path, exc_info=error)
    db.session.rollback()
    return refusals.respond(InternalError(reference=g.get("reference", "?")))
