"""This module is about the edge of the API: who acts, and bodies that hold what they may."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Flask, Request, current_app, request

from inventory.errors import Invalid, Missing, UnknownField
from inventory.scope import Actor
from inventory.web import door
from inventory.web.context import act_as
from inventory.web.forms import is_storable
from inventory.web.shell import csrf

LOADER = "tallycard_token_actor"
PREFIX = "/api/v1"
MOST_PER_PAGE = 500


def init_app(app: Flask, load_actor: Callable[[Request], Actor]) -> None:
    """Tell the API how a request's token is turned into who acts."""
    app.extensions[LOADER] = load_actor


def blueprint(name: str, tag: str) -> APIBlueprint:
    """
    Return a blueprint of the API: every request needs a token, none a form's CSRF token.

    A page's session is of no use here, so a foreign page cannot make a browser call the API.
    """
    made = APIBlueprint(f"{name}_api", name, url_prefix=PREFIX, tag=tag)
    csrf.exempt(made)

    @made.before_request
    def _authenticate() -> None:
        act_as(current_app.extensions[LOADER](request))
        door.ask()

    return made


def body() -> Any:
    """
    Return the JSON body of the request.

    Raises:
        Invalid: it is no JSON.
    """
    try:
        return json.loads(request.get_data(cache=False) or b"null")
    except (ValueError, RecursionError) as error:
        raise Invalid(field="body", value="no JSON") from error


def fields(
    value: Any,
    *,
    required: Mapping[str, type] = {},
    optional: Mapping[str, type] = {},
    as_sent: tuple[str, ...] = (),
) -> dict[str, Any]:
    """
    Return an object that has the fields it must have, may have those it may, and no others.

    Texts that no database keeps are refused, except in the fields `as_sent`.

    Raises:
        Invalid, Missing, UnknownField: it is no object, or not that.
    """
    if not isinstance(value, dict):
        raise Invalid(field="body", value="no object")
    for name in value:
        if name not in required and name not in optional:
            raise UnknownField(field=str(name)[:60], allowed=", ".join([*required, *optional]))
    for name in required:
        if name not in value:
            raise Missing(field=name)
    for name, kind in (*required.items(), *optional.items()):
        if name in value and not _is(value[name], kind, name in optional):
            raise Invalid(field=name, value=str(value[name])[:60])
        if name in value and name not in as_sent and not is_storable(value[name]):
            raise Invalid(field=name, value="\ufffd")
    return value


def _is(value: Any, kind: type, may_be_null: bool) -> bool:
    if value is None:
        return may_be_null
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def instant(text: str, name: str) -> datetime:
    """
    Return an RFC 3339 time as an aware UTC time.

    Raises:
        Invalid: it is no such time, or has no offset.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(field=name, value=text[:60]) from error
    if at.tzinfo is None:
        raise Invalid(field=name, value=text[:60])
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise Invalid(field=name, value=text[:60]) from error


def cursor(value: tuple[str, ...] | None) -> str | None:
    """Write where a page ended, opaquely."""
    if value is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def from_cursor(text: str | None, parts: int) -> tuple[str, ...] | None:
    """
    Return where to go on.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    if not text:
        return None
    try:
        value = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError, binascii.Error) as error:
        raise Invalid(field="cursor", value=text[:60]) from error
    if not (
        isinstance(value, list)
        and len(value) == parts
        and all(isinstance(one, str) and is_storable(one) for one in value)
    ):
        raise Invalid(field="cursor", value=text[:60])
    return tuple(value)


def limit(default: int = 100) -> int:
    """
    Return how many rows a page should have.

    Raises:
        Invalid: not a whole number from 1 to `MOST_PER_PAGE`.
    """
    text = request.args.get("limit", str(default))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PER_PAGE))
    if not is_number or not 1 <= int(text) <= MOST_PER_PAGE:
        raise Invalid(field="limit", value=text[:60])
    return int(text)
