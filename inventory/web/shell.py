"""This module is about the shell of every request: who acts, CSRF, headers, errors, language."""

import ipaddress
import secrets
from collections.abc import Callable
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
from inventory.db import db
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
from inventory.web.context import CONFIG, act_as, language, settings
from inventory.web.cookies import PatientSessions
from inventory.web.faults import refusal_for
from inventory.web.forms import is_storable

LOCALES = {"zh-CN": "zh_Hans_CN", "en": "en"}
API = "/api/"
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
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
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
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
    app.config.update(
        SECRET_KEY=config.secret_key,
        MAX_CONTENT_LENGTH=config.upload_megabytes * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.url.startswith("https://"),
        SESSION_COOKIE_NAME="tallycard",
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=LOCALES[config.language],
        RATELIMIT_HEADERS_ENABLED=False,
    )
    app.extensions[CONFIG] = config
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.session_interface = PatientSessions()
    csrf.init_app(app)
    limiter.init_app(app)
    Babel(app, locale_selector=locale)
    filters.init_app(app)
    app.before_request(_refuse_foreign_hosts)
    app.before_request(_refuse_unstorable_addresses)
    app.before_request(lambda: _say_who_acts(load_actor))
    app.after_request(_add_headers)
    _handle_errors(app)


def locale() -> str:
    return LOCALES[language()]


def _refuse_foreign_hosts() -> None:
    """Refuse requests whose Host header names somebody else: links would carry it."""
    config = settings()
    allowed = {
        *config.hosts,
        urlsplit(config.url).hostname or "",
        "localhost",
        "127.0.0.1",
        "[::1]",
    }
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if host not in allowed and not _is_address(host):
        abort(400)


def _is_address(host: str) -> bool:
    """Whether a host is a bare IP address: nobody can make a foreign name of it."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _refuse_unstorable_addresses() -> None:
    """An address with a NUL names nothing; PostgreSQL would take offence."""
    for text in (request.path, *request.args.values()):
        if not is_storable(text):
            raise NotFound(what="page", key="\ufffd")


def _say_who_acts(load_actor: Callable[[], Actor]) -> None:
    g.reference = secrets.token_hex(4)
    act_as(NOBODY)
    if not request.path.startswith((API, "/static/", "/healthz", "/metrics")):
        act_as(load_actor())


def _add_headers(response: Response) -> Response:
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
    log.error("unavailable", code=refusal.code, path=request.path, error=str(error)[:300])
    db.session.rollback()
    return refusals.respond(refusal)


def _from_unexpected(error: Exception) -> Any:
    log.error("unexpected", reference=g.get("reference"), path=request.path, exc_info=error)
    db.session.rollback()
    return refusals.respond(InternalError(reference=g.get("reference", "?")))
