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
    return _history(row.school_id, row.code, row.number)


@bp.get("/cabinets/<code>/history")
@needs(Permission.SEE, "format")
def show_cabinet_history(code: str) -> Any:
    """The history of a room, cabinet or shelf as a file."""
    place = found(places.place_by_code(db.session(), code), "place", code)
    return _history(place.school_id, place.id, place.path)


def _history(school_id: str, subject: str, title: str) -> Any:
    session = db.session()
    entries = history(session, school_id, subject, MOST_EVENTS)
    return tables.answer(
        papers.history(
            title, entries, names(session, [entry.actor for entry in entries]),
            queries.places_mentioned(session, school_id, entries),
        ),
        _format(),
    )  # fmt: skip


def _format() -> str:
    return tables.asked_format(request.args.get("format", "")) or "xlsx"
