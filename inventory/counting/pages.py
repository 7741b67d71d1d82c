"""This module is about counting on a phone or at a desk, and the result."""

from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, make_response, redirect, render_template, request, url_for

from inventory.api.edge import body
from inventory.counting import papers, queries, service
from inventory.counting.models import Count
from inventory.counting.rules import Line, Outcome, Result
from inventory.db import db, transact
from inventory.errors import Refusal
from inventory.identity.queries import names
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.scanning.api import submit
from inventory.scanning.incoming import incoming, listed
from inventory.scanning.service import Incoming
from inventory.scope import Actor, Permission
from inventory.web import tables
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import form, whole
from inventory.web.refusals import words

RECENT = 8
SHOWN_OPEN = 12
"""Open counts of which a list shows how far they are."""
bp = Blueprint("counting", __name__)


@bp.get("/counts")
@needs(Permission.SEE, "format")
def list_counts() -> Any:
    """Counts, open ones first."""
    session = db.session()
    rows = queries.rows(session)
    if format := tables.asked_format(request.args.get("format", "")):
        return tables.answer(papers.counts_table(rows), format)
    own = _only_school()  # a district's cabinets are too many to choose from
    return render_template(
        "counting/counts.html", going_on=_going_on([row for row in rows if row.is_open]),
        closed=[row for row in rows if not row.is_open],
        rooms=places.rooms(session, own) if own else [],
        cabinets=places.cabinets(session, own) if own else [],
        may_count=actor().may(Permission.COUNT),
    )  # fmt: skip


def _only_school() -> str | None:
    """The school that whoever asks means without saying so."""
    schools = places.schools(db.session()) if not actor().school_id else []
    return actor().school_id or (schools[0].id if len(schools) == 1 else None)


def _going_on(rows: list[queries.CountRow]) -> list[tuple[queries.CountRow, Outcome | None]]:
    """Open counts with how far they are; beyond the first, without it."""
    session = db.session()
    return [
        (row, queries.outcome(session, _count(row.id)) if index < SHOWN_OPEN else None)
        for index, row in enumerate(rows)
    ]


@bp.post("/counts")
@needs(Permission.COUNT)
def create_count() -> Any:
    """Open a count of a place, or go on with the one that is open there."""
    by = actor()
    values = form(required=("place",), optional=("name",))
    session = db.session()
    place = found(places.place_by_code(session, values["place"]), "place", values["place"])
    going_on = queries.rows(session, place_id=place.id, only_open=True, limit=1)
    if going_on:
        return redirect(url_for("counting.show_count", count_id=going_on[0].id))
    made = transact(
        lambda opened: service.open_count(opened, by, place=place, name=values["name"], at=now())
    )
    return redirect(url_for("counting.show_count", count_id=made.id))


def _count(count_id: str) -> Count:
    return found(queries.get(db.session(), count_id), "count", count_id)


@bp.get("/counts/<count_id>")
@needs(Permission.SEE, "line")
def show_count(count_id: str) -> Any:
    """An open count is counted here, a closed one shows its result."""
    count = _count(count_id)
    page = "counting/count.html" if count.is_open else "counting/result.html"
    shown = _shown(count)
    line = _line(shown["outcome"], request.args.get("line", ""))
    return render_template(page, line=line, said="chosen" if line else "", **shown)


def _line(outcome: Outcome, mark: str) -> Line | None:
    """The line of a code, or of the payload that nobody knows."""
    return next(
        (line for line in outcome.lines if mark and mark in {line.code, line.payload}), None
    )


def _shown(count: Count) -> dict[str, Any]:
    session = db.session()
    outcome = queries.outcome(session, count)
    row = queries.row(session, count.id)
    seen = {person for line in outcome.lines for person in line.seen_by}
    recent = sorted(
        (line for line in outcome.lines if line.last_order), key=lambda line: -line.last_order
    )
    return {
        "count": row,
        "outcome": outcome,
        "figures": {result.value: n for result, n in outcome.figures.items()},
        "recent": recent[:RECENT],
        "left": [line for line in outcome.lines if line.is_expected and line.result in
                 {Result.MISSING, Result.OPEN}],
        "people": names(session, seen),
        "version": queries.version(session, count),
        "may_count": actor().may(Permission.COUNT),
    }  # fmt: skip


@bp.get("/counts/<count_id>/progress")
@needs(Permission.SEE, "version")
def show_progress(count_id: str) -> Any:
    """The moving part of the page; nothing is sent while nothing changed (ETag, RFC 9110)."""
    count = _count(count_id)
    mark = queries.version(db.session(), count)
    if mark in request.if_none_match or request.args.get("version") == mark:
        return "", 204
    response = make_response(render_template("counting/_progress.html", **_shown(count)))
    response.set_etag(mark)
    return response


@bp.post("/counts/<count_id>/scans")
@needs(Permission.COUNT)
def create_scans(count_id: str) -> Any:
    """
    Scans of the page itself, as JSON: durable when answered, once each by device and number.

    A page without scripts sends its form: one typed code.
    """
    by = actor()
    count = _count(count_id)
    if request.form:
        submit(by, now(), (_typed(by, count_id, form(required=("payload",))["payload"], now()),))
        return redirect(url_for("counting.show_count", count_id=count_id))
    scans = tuple(incoming(index, one) for index, one in enumerate(listed(body())))
    results = submit(by, now(), scans)
    db.session.rollback()  # the page shows what was just written
    shown = _shown(_count(count.id))
    return jsonify(
        results=[
            _told(result, scan.payload, shown) for result, scan in zip(results, scans, strict=True)
        ],
        version=shown["version"],
        progress=render_template("counting/_progress.html", **shown),
    )


def _typed(by: Actor, count_id: str, payload: str, at: datetime) -> Incoming:
    """A code typed into the form; the instant numbers it, a person types one at a time."""
    seq = int(at.timestamp() * 1_000_000)
    return Incoming(f"form-{by.id}", seq, at, payload, medium="typed", task=count_id)


def _told(result: dict[str, Any], payload: str, shown: dict[str, Any]) -> dict[str, Any]:
    """A result with the fragment that shows it: one large card."""
    task = result.get("task") or {}
    outcome = task.get("outcome", result["outcome"])
    target = result["target"]
    return {
        "device": result["device"],
        "seq": result["seq"],
        "outcome": outcome,
        "html": render_template(
            "counting/_hit.html", said=outcome, target=target, task=task, payload=payload,
            reason=result.get("reason"),
            line=_line(shown["outcome"], target["code"] if target else payload[:1000]),
            count=shown["count"], may_count=True,
        ),
    }  # fmt: skip


@bp.post("/counts/<count_id>/quantities")
@needs(Permission.COUNT)
def create_quantity(count_id: str) -> Any:
    """How many of a batch there are: a number, or the explicit word that all are there."""
    by = actor()
    values = form(required=("code",), optional=("quantity", "all_there"))
    all_there = values["all_there"] == "1"
    quantity = None if all_there else whole(values, "quantity")
    return _written(
        count_id,
        lambda opened: service.enter_quantity(
            opened, by, count_id=count_id, code=values["code"], quantity=quantity,
            all_there=all_there, at=now(),
        ) or values["code"],
        "entered",
    )  # fmt: skip


@bp.post("/counts/<count_id>/undoing")
@needs(Permission.COUNT)
def create_undo(count_id: str) -> Any:
    """Undo one's own last sighting, or the last of one thing."""
    by = actor()
    values = form(optional=("code",))
    return _written(
        count_id,
        lambda opened: service.undo_last(
            opened, by, count_id=count_id, code=values["code"], at=now()
        ),
        "undone",
    )


def _written(count_id: str, work: Any, said: str) -> Any:
    """Do it and answer with the moving part; a page without scripts gets the whole page."""
    _count(count_id)
    mark = transact(work)
    if request.headers.get("HX-Request") != "true":
        return redirect(url_for("counting.show_count", count_id=count_id))
    shown = _shown(_count(count_id))
    return render_template(
        "counting/_progress.html", said=said, payload=mark, line=_line(shown["outcome"], mark),
        **shown,
    )  # fmt: skip


@bp.post("/counts/<count_id>/closing")
@needs(Permission.COUNT)
def create_closing(count_id: str) -> Any:
    """Close a count; quantities that are still open are named first."""
    by = actor()
    values = form(optional=("leave_open",))
    _count(count_id)
    try:
        transact(
            lambda opened: service.close_count(
                opened, by, count_id=count_id, leave_open=values["leave_open"] == "1", at=now()
            )
        )
    except Refusal as refusal:
        page = render_template(
            "counting/count.html", message=words(refusal), **_shown(_count(count_id))
        )
        return page, refusal.status
    return redirect(url_for("counting.show_count", count_id=count_id))


@bp.get("/counts/<count_id>/result.pdf")
@needs(Permission.SEE)
def show_result_pdf(count_id: str) -> Any:
    """The result on paper, with cells to sign in."""
    shown = _shown(_count(count_id))
    content = papers.result_pdf(shown["count"], shown["outcome"], now())
    return download(content, shown["count"].name, "pdf")


@bp.get("/counts/<count_id>/result.xlsx")
@needs(Permission.SEE)
def show_result_xlsx(count_id: str) -> Any:
    """The result as a spreadsheet."""
    shown = _shown(_count(count_id))
    content = papers.result_xlsx(shown["count"], shown["outcome"], now())
    return download(content, shown["count"].name, "xlsx")


def open_counts() -> tuple[str, dict[str, Any]]:
    """The home page's part: counts that are open."""
    rows = queries.rows(db.session(), only_open=True)
    return "counting/_open.html", {"open_counts": _going_on(rows)}


def counts_of(place: PlaceRow) -> tuple[str, dict[str, Any]]:
    """The cabinet page's part: its counts, and the button that opens one."""
    rows = queries.rows(db.session(), place_id=place.id, limit=5)
    may = actor().may(Permission.COUNT)
    return "counting/_of_place.html", {"counts": rows, "place": place, "may_count": may}
