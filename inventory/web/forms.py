"""This module is about reading forms: the fields a form has, no others, and where to go back to."""

import re
from urllib.parse import urlsplit

from flask import request

from inventory.errors import Invalid, Missing, UnknownField

CSRF = "csrf_token"
LONGEST = 2_000
LONGEST_LIST = 40_000
UNSTORABLE = re.compile("[\\0\\ud800-\\udfff]")


def form(
    *, required: tuple[str, ...] = (), optional: tuple[str, ...] = (), long: tuple[str, ...] = ()
) -> dict[str, str]:
    """
    Return the fields of a form, stripped; optional ones that are missing are empty.

    Those named in `long` may hold a whole list of codes.

    Raises:
        Missing, UnknownField, Invalid: a field is missing, unknown or absurdly long.
    """
    allowed = {*required, *optional, CSRF}
    for name, value in request.form.items(multi=True):
        if name not in allowed:
            raise UnknownField(field=name[:60], allowed=", ".join([*required, *optional]))
        if len(value) > (LONGEST_LIST if name in long else LONGEST):
            raise Invalid(field=name, value=value[:60])
        if not is_storable(value):
            raise Invalid(field=name, value="\ufffd")
    values = {name: request.form.get(name, "").strip() for name in (*required, *optional)}
    for name in required:
        if not values[name]:
            raise Missing(field=name)
    return values


def is_storable(value: object) -> bool:
    """Whether a database keeps this text: no NUL, no half of a surrogate pair."""
    return not isinstance(value, str) or UNSTORABLE.search(value) is None


def whole(values: dict[str, str], name: str, default: int | None = None) -> int:
    """
    Return a field as a whole number, zero or more; full-width digits are understood.

    Raises:
        Missing, Invalid: it is empty without a default, or no such number.
    """
    text = values.get(name, "")
    if not text:
        if default is None:
            raise Missing(field=name)
        return default
    if not text.isdecimal() or len(text) > 9:
        raise Invalid(field=name, value=text[:60])
    return int(text)


def page_number() -> int:
    """Return the page of a list that is asked for; anything odd is the first."""
    text = request.args.get("page", "1")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


SIZES = (25, 50, 100, 200)


def page_size(usual: int = 50) -> int:
    """Return how many rows of a list are asked for on a page; anything odd is the usual."""
    text = request.args.get("size", "")
    return int(text) if text in {str(size) for size in SIZES} else usual


def way_back(target: str, fallback: str) -> str:
    """Return a path on this server to go back to, never somebody else's address."""
    parts = urlsplit(target)
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if safe and not parts.netloc and not parts.scheme else fallback
