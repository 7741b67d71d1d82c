"""This module is about the door: each view says whom it is for, and one place asks, before it runs.

Nothing is open that does not say so: an application with a view that says nothing does not start.
That somebody may come in does not mean that they may do it: services ask again, with the row at
hand (design, section 4, never 3).
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from inventory.errors import NotAllowed, UnknownField
from inventory.scope import Permission
from inventory.web.context import signed_in

View = TypeVar("View", bound=Callable[..., Any])
EVERYBODY = "everybody"
"""Also who has not signed in."""
SIGNED_IN = "signed_in"
"""Whoever has signed in, for what is their own."""
WITHOUT_A_VIEW_OF_OURS = frozenset({"static", "openapi.spec"})
MARKS = frozenset({"from", "isappinstalled", "scene", "fbclid", "gclid"})
"""Parameters that messengers add to a link that is passed on; they mean nothing here."""
ANY = "*"


def needs(permission: Permission, *parameters: str) -> Callable[[View], View]:
    """Say that a view is for those with a permission, and which query parameters it takes."""
    return _says(permission, parameters)


def for_signed_in(*parameters: str) -> Callable[[View], View]:
    """Say that a view is for whoever has signed in, whatever they may do."""
    return _says(SIGNED_IN, parameters)


def for_everybody(*parameters: str) -> Callable[[View], View]:
    """Say that a view is for everybody, also without signing in."""
    return _says(EVERYBODY, parameters)


def _says(whom: str, parameters: Iterable[str]) -> Callable[[View], View]:
    def declare(view: View) -> View:
        view.needs = whom  # type: ignore[attr-defined]
        view.takes = frozenset(parameters) | getattr(view, "takes", frozenset())  # type: ignore[attr-defined]
        return view

    return declare


def refuse_silent_views(app: Flask) -> None:
    """
    Look through all views once, when the application is put together.

    Raises:
        RuntimeError: a view does not say whom it is for.
    """
    for endpoint, view in app.view_functions.items():
        if endpoint not in WITHOUT_A_VIEW_OF_OURS and not hasattr(view, "needs"):
            raise RuntimeError(f"{endpoint}: say whom it is for, see inventory/web/door.py")


def ask() -> None:
    """
    Let a request in to its view, or not.

    Raises:
        NotSignedIn, NotAllowed: whoever asks is not whom the view is for.
        UnknownField: a query parameter that the view does not take.
    """
    endpoint = request.endpoint
    if endpoint is None or endpoint in WITHOUT_A_VIEW_OF_OURS:
        return
    view: Any = current_app.view_functions[endpoint]
    if view.needs != EVERYBODY:
        by = signed_in()
        if view.needs != SIGNED_IN and not by.may(view.needs):
            raise NotAllowed(permission=view.needs)
    _refuse_unknown_parameters(view.takes)


def _refuse_unknown_parameters(taken: frozenset[str]) -> None:
    for name in request.args:
        if name not in taken and ANY not in taken and name not in MARKS:
            raise UnknownField(field=name[:60], allowed=", ".join(sorted(taken)) or "—")
