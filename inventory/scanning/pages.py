"""This module is about the scan box: home, finding what a text means, links on labels."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.db import db
from inventory.places import queries as places
from inventory.register import queries as register
from inventory.register.cards_store import public_card
from inventory.register.rules import card_version_in, is_code
from inventory.scanning.rules import Unreadable
from inventory.scanning.service import resolve
from inventory.scanning.store import Target
from inventory.scope import Permission
from inventory.web.context import FIND, HOME, actor, found, parts_of, settings, signed_in
from inventory.web.door import ANY, for_everybody, needs

MOST_CABINETS = 40
"""Cabinets that the home page draws."""
bp = Blueprint("scanning", __name__)


@bp.get("/")
@needs(Permission.SEE)
def home() -> Any:
    """The scan box, and what is going on: open counts, rooms and cabinets, stale cards."""
    session = db.session()
    schools = places.schools(session)
    every = places.cabinets(session) if len(schools) == 1 else []
    cabinets = register.cabinet_rows(session, every[:MOST_CABINETS])
    parts = [part() for part in parts_of(HOME)]
    return render_template(
        "scanning/home.html", schools=schools, cabinets=cabinets, rooms=_by_room(cabinets),
        parts=parts, more=len(every) > MOST_CABINETS,
    )  # fmt: skip


def _by_room(cabinets: list[register.CabinetRow]) -> dict[str, list[register.CabinetRow]]:
    rooms: dict[str, list[register.CabinetRow]] = {}
    for row in cabinets:
        rooms.setdefault(row.room, []).append(row)
    return rooms


@bp.get("/find")
@needs(Permission.SEE, "q")
def find() -> Any:
    """Open what a scanned or typed text points at, or list what it may mean or find."""
    by = actor()
    text = request.args.get("q", "").strip()
    if not text:
        return redirect(url_for("scanning.home"))
    candidates, targets = resolve(db.session.connection(), by, text)
    mark = card_version_in(text)
    if len(targets) == 1 and (address := address_of(targets[0], mark[1] if mark else None)):
        return redirect(address)
    rooms = places.find_place(db.session(), text)
    if len(rooms) == 1 and not targets:
        return redirect(url_for("register.show_cabinet", code=rooms[0].id))
    things, total = register.search(db.session(), text) if len(targets) < 2 else ([], 0)
    reasons = [one.reason for one in candidates if isinstance(one, Unreadable)]
    return render_template(
        "scanning/find.html", text=text, targets=[(one, address_of(one)) for one in targets],
        things=things, total=total, rooms=rooms, parts=[part(text) for part in parts_of(FIND)],
        reason=_reason(reasons, candidates, targets),
    )  # fmt: skip


def _reason(reasons: list[str], candidates: Any, targets: list[Target]) -> str:
    if len(targets) > 1:
        return "ambiguous"
    if reasons:
        return reasons[0]
    return "no_such_code" if type(candidates[0]).__name__ == "Code" else "not_bound"


def address_of(target: Target, card: int | None = None) -> str | None:
    """Return the page of what a code points at; a count is found by its document's code."""
    if target.type == "thing":
        return url_for("register.show_thing", code=target.code)
    if target.type in {"room", "cabinet", "shelf"}:
        return url_for("register.show_cabinet", code=target.code, card=card)
    if target.type == "document":
        return url_for("documents.show_document", code=target.code)
    if target.type == "person":
        return url_for("staff.show_badge", code=target.code)
    return None


@bp.get("/<code>")
@for_everybody(ANY)
def follow_link(code: str) -> Any:
    """The address that a label's link holds: it opens what bears the code."""
    is_nobody = actor().role is None
    if is_nobody and settings().public_cards and is_code(code) and public_card(db.engine, code):
        return redirect(url_for("cards.show_public_card", code=code))
    by = signed_in() if is_code(code) else actor()
    target = None
    if is_code(code):
        _, targets = resolve(db.session.connection(), by, code)
        target = targets[0] if targets else None
    address = address_of(target) if target else None
    return redirect(found(address, "page", code))
