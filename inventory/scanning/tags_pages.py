"""This module is about the pages that bind carriers to things, places and people: two scans."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.db import db, transact
from inventory.errors import NothingToBind, Refusal
from inventory.register import tags_queries as queries
from inventory.register import tags_service as service
from inventory.register.tags_queries import TagRow
from inventory.register.tags_rules import Medium, medium_named, medium_of
from inventory.scanning.pages import address_of
from inventory.scanning.service import resolve
from inventory.scanning.store import Target
from inventory.scope import Actor, Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form
from inventory.web.refusals import words

FIELDS = ("one", "other", "medium", "beside")
bp = Blueprint("tags", __name__)


@bp.get("/tags/new")
@needs(Permission.ARRANGE, "code")
def new_tag() -> Any:
    """Scan the thing, then its carrier, or the other way round."""
    return _form(dict.fromkeys(FIELDS, "") | {"one": request.args.get("code", "")[:60]})


def _form(values: dict[str, str], message: str = "", status: int = 200, also: bool = False) -> Any:
    return (
        render_template(
            "scanning/new_tag.html", values=values, message=message, also=also, media=list(Medium)
        ),
        status,
    )


@bp.post("/tags")
@needs(Permission.ARRANGE)
def create_tag() -> Any:
    """Bind what was scanned: whichever of the two is known here bears the other."""
    by = actor()
    values = form(optional=FIELDS)
    try:
        bearer, value = paired(by, values["one"], values["other"])
        medium = medium_named(values["medium"]) if values["medium"] else medium_of(value)
        transact(
            lambda session: (
                service.bind(
                    session, by, school_id=bearer.school_id or "", code=bearer.code,
                    medium=medium, value=value, beside=bool(values["beside"]), at=now(),
                ).id
            )
        )  # fmt: skip
    except Refusal as refusal:
        also = refusal.code == "tag_there"
        return _form(values, words(refusal), refusal.status, also)
    return redirect(_page_of(bearer, "bound"))


def paired(by: Actor, one: str, other: str) -> tuple[Target, str]:
    """
    Return what bears the carrier, and what was read of the carrier.

    Raises:
        NothingToBind: neither of the two is anything here, or one is missing.
    """
    connection = db.session.connection()
    if one and other:
        for text, value in ((one, other), (other, one)):
            _, targets = resolve(connection, by, text)
            if len(targets) == 1 and targets[0].type != "blank":
                return targets[0], value
    raise NothingToBind(field="one" if not one else "other", value="")


def _page_of(target: Target, said: str) -> str:
    if target.type == "thing":
        return url_for("register.show_thing", code=target.code, said=said)
    if target.type in {"room", "cabinet", "shelf"}:
        return url_for("register.show_cabinet", code=target.code, said=said)
    return address_of(target) or "/"


def _tag(tag_id: str) -> TagRow:
    return found(queries.tag(db.session(), tag_id), "tag", tag_id)


@bp.get("/tags/<tag_id>")
@needs(Permission.SEE)
def show_tag(tag_id: str) -> Any:
    """A carrier: what it is bound to, and the form that unbinds it."""
    return _shown(_tag(tag_id))


def _shown(row: TagRow, message: str = "", status: int = 200, reason: str = "") -> Any:
    title = queries.title_of(db.session(), row.school_id, row.code)
    return (
        render_template(
            "scanning/tag.html", row=row, title_of=title, message=message, reason=reason
        ),
        status,
    )


@bp.post("/tags/<tag_id>/unbinding")
@needs(Permission.ARRANGE)
def create_unbinding(tag_id: str) -> Any:
    """Take a carrier away from what it means, with a reason."""
    by, row = actor(), _tag(tag_id)
    values = form(optional=("reason",))
    try:
        transact(
            lambda session: (
                service.unbind(
                    session, by, school_id=row.school_id, tag_id=row.id, reason=values["reason"],
                    at=now(),
                ).id
            )
        )  # fmt: skip
    except Refusal as refusal:
        return _shown(row, words(refusal), refusal.status, values["reason"])
    _, targets = resolve(db.session.connection(), by, row.code)
    return redirect(_page_of(targets[0], "unbound") if targets else "/")
