"""This module is about the card on the door: checked, locked by, and read without an account."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.catalogue import queries as kinds
from inventory.db import db, transact
from inventory.errors import NotFound, Refusal
from inventory.identity.queries import names
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.register import cards_queries as cards
from inventory.register import cards_service as service
from inventory.register import queries
from inventory.register.cards_store import PublicCard, public_card
from inventory.register.rules import is_code
from inventory.scope import Permission
from inventory.web.context import actor, found, now, settings
from inventory.web.door import for_everybody, needs
from inventory.web.forms import form
from inventory.web.refusals import words

bp = Blueprint("cards", __name__)


def card_life(place: PlaceRow) -> tuple[str, dict[str, Any]]:
    """The cabinet page's part: since which change its card is stale, checks, the lock."""
    session = db.session()
    if place.sort == "shelf":
        return "register/_card_life.html", {"place": place, "card": None}
    card = queries.card(session, place)
    since = cards.stale_since(session, place.school_id, place.id) if card.is_stale else None
    paper = request.args.get("card", "")
    return "register/_card_life.html", {
        "place": place,
        "card": card,
        "since": since,
        "thing": queries.thing(session, since.subject) if since else None,
        "kind": kinds.kind(session, since.subject) if since else None,
        "merged": _merged(since) if since else {},
        "places": _mentioned(place.school_id, since) if since else {},
        "who": names(session, [since.entry.actor]) if since else {},
        "printed_by": names(session, [card.printed_by]).get(card.printed_by or "", ""),
        "paper": int(paper) if paper.isascii() and paper.isdigit() and len(paper) < 7 else None,
        "checks": cards.checks_of(session, place.school_id, place.id),
        "may_check": actor().may(Permission.SCAN),
        "may_lock": actor().may(Permission.ARRANGE),
    }  # fmt: skip


def _merged(since: cards.Since) -> dict[str, str]:
    """What the kind was called that was merged into another one."""
    row = kinds.kind(db.session(), since.entry.data.get("merged", ""))
    return {row.id: row.title} if row else {}


def _mentioned(school_id: str, since: cards.Since) -> dict[str, PlaceRow]:
    ids = {since.entry.data.get(name) for name in ("place", "origin", "destination")}
    rows = [places.place(db.session(), school_id, one) for one in sorted(filter(None, ids))]
    return {row.id: row for row in rows if row}


def _place(code: str) -> PlaceRow:
    row = places.place_by_code(db.session(), code)
    return found(row if row and row.sort in {"room", "cabinet", "shelf"} else None, "place", code)


@bp.post("/cabinets/<code>/check")
@needs(Permission.SCAN)
def create_check(code: str) -> Any:
    """Put one's initials to it that a cabinet holds what its card says, or say what does not."""
    by, place = actor(), _place(code)
    values = form(required=("contents",), optional=("is_right", "note"))
    try:
        transact(
            lambda session: service.check_card(
                session, by, school_id=place.school_id, cabinet_id=place.id,
                contents=values["contents"],
                is_right=values["is_right"] == "1", note=values["note"], at=now(),
            )
        )  # fmt: skip
    except Refusal as refusal:
        return _refused(place, refusal)
    return redirect(url_for("register.show_cabinet", code=place.id, said="checked"))


def _refused(place: PlaceRow, refusal: Refusal) -> Any:
    crumbs = [(place.title, url_for("register.show_cabinet", code=place.id))]
    page = render_template("register/refused.html", place=place, message=words(refusal),
                           crumbs_to=crumbs)  # fmt: skip
    return page, refusal.status


@bp.post("/cabinets/<code>/lock")
@needs(Permission.ARRANGE)
def create_lock(code: str) -> Any:
    """Lock a cabinet: nothing goes in or out."""
    by, place = actor(), _place(code)
    values = form(optional=("reason",))
    try:
        transact(
            lambda session: service.lock_place(
                session, by, school_id=place.school_id, code=place.id, reason=values["reason"],
                at=now(),
            )
        )  # fmt: skip
    except Refusal as refusal:
        return _refused(place, refusal)
    return redirect(url_for("register.show_cabinet", code=place.id, said="locked"))


@bp.post("/cabinets/<code>/opening")
@needs(Permission.ARRANGE)
def create_opening(code: str) -> Any:
    """Open a cabinet that was locked."""
    by, place = actor(), _place(code)
    form()
    transact(
        lambda session: service.unlock_place(
            session, by, school_id=place.school_id, code=place.id, at=now()
        )
    )
    return redirect(url_for("register.show_cabinet", code=place.id, said="unlocked"))


def _public(code: str) -> PublicCard | None:
    return public_card(db.engine, code, settings().public_hides.split())


@bp.get("/cards/<code>")
@for_everybody("card")
def show_public_card(code: str) -> Any:
    """What is in a cabinet, for whoever scans its card: no people, prices or chemicals."""
    if actor().may(Permission.SEE):
        place = _place(code)
        version = request.args.get("card") or None
        return redirect(url_for("register.show_cabinet", code=place.id, card=version))
    card = _public(code) if settings().public_cards and is_code(code) else None
    if card is None:
        raise NotFound(what="place", key=code[:11])
    return render_template("register/public_card.html", card=card)
