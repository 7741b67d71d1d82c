"""This module is about the files of a cabinet's contents and of histories."""

from typing import Any

from flask import Blueprint, request

from inventory.db import db
from inventory.identity.queries import names
from inventory.journal.queries import history
from inventory.places import queries as places
from inventory.register import lists_papers as papers
from inventory.register import queries
from inventory.scope import Permission
from inventory.web import tables
from inventory.web.context import found
from inventory.web.door import needs
from inventory.web.tables import Table

MOST_EVENTS = 100_000
bp = Blueprint("lists", __name__)


@bp.get("/cabinets/<code>/contents")
@needs(Permission.SEE, "format")
def show_contents(code: str) -> Any:
    """What is in a cabinet, as its card says it now, as a file."""
    session = db.session()
    place = found(places.place_by_code(session, code), "place", code)
    return tables.answer(papers.card(queries.card(session, place)), _format())


@bp.get("/things/<code>/history")
@needs(Permission.SEE, "format")
def show_thing_history(code: str) -> Any:
    """The history of a thing as a file."""
    row = found(queries.thing(db.session(), code), "thing", code)
    return tables.answer(history_table(row.school_id, row.code, row.number), _format())


@bp.get("/cabinets/<code>/history")
@needs(Permission.SEE, "format")
def show_cabinet_history(code: str) -> Any:
    """The history of a room, cabinet or shelf as a file."""
    place = found(places.place_by_code(db.session(), code), "place", code)
    return tables.answer(history_table(place.school_id, place.id, place.path), _format())


def history_table(school_id: str, subject: str, title: str) -> Table:
    """Return the history of a thing or a place for a file."""
    session = db.session()
    entries = history(session, school_id, subject, MOST_EVENTS)
    return papers.history(
        title, entries, names(session, [entry.actor for entry in entries]),
        queries.places_mentioned(session, school_id, entries),
    )  # fmt: skip


def _format() -> str:
    return tables.asked_format(request.args.get("format", "")) or "xlsx"
