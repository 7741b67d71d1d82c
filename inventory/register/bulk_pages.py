"""This module is about acting on many things of a list: move, keeper, labels, a file; and undo."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from inventory.db import db, transact
from inventory.errors import AlreadyRecorded, Invalid, Missing, Refusal, TooMany
from inventory.identity.queries import names
from inventory.register import bulk_queries, bulk_service, lists_papers, queries
from inventory.register.bulk_models import BulkSort
from inventory.register.bulk_service import LeftOut
from inventory.register.pages import FILTERS, spot_named, things_wanted
from inventory.register.search_queries import next_codes
from inventory.register.tags_queries import carrying
from inventory.scope import Actor, Permission
from inventory.web import tables
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form
from inventory.web.refusals import words

FIELDS = ("codes", "all", "query", "act", "to", "keeper", "once")
MOST_LABELS = 150
"""Labels whose codes fit into an address."""
bp = Blueprint("bulk", __name__)
Work = Callable[[Session, list[str]], list[LeftOut]]


@bp.post("/changes")
@needs(Permission.SEE)
def create_bulk_change() -> Any:
    """Do something to the things that were chosen, or to all that the list finds."""
    by = actor()
    values = form(optional=FIELDS)
    kept = _kept(values["query"])
    try:
        codes = _chosen(kept, values)
        act = values["act"]
        if act in tables.FORMATS:
            return tables.answer(_table(codes), act)
        if act == "labels":
            return redirect(url_for("printing.new_labels", codes=" ".join(_few(codes))))
        return _changed(by, BulkSort.KEEPER if act == "keeper" else BulkSort.MOVE, codes, values)
    except Refusal as refusal:
        page = render_template(
            "register/bulk.html", bulk=None, message=words(refusal), kept=kept, rows=[], out=[]
        )
        return page, refusal.status


def _kept(query: str) -> dict[str, str]:
    """The address of the list, as its form sends it along."""
    return {name: value for name, value in parse_qsl(query) if name in FILTERS and value}


def _chosen(kept: dict[str, str], values: dict[str, str]) -> list[str]:
    """
    Return the codes of what was chosen.

    Raises:
        Missing: nothing was.
        TooMany: the list finds more than can be changed at once.
    """
    most = bulk_service.MOST
    if values["all"]:
        codes, _ = next_codes(db.session(), things_wanted(kept), None, most + 1)
    else:
        codes = list(dict.fromkeys(request.form.getlist("codes")))
    if not codes:
        raise Missing(field="codes")
    if len(codes) > most:
        raise TooMany(count=len(codes), limit=most)
    return codes


def _few(codes: list[str]) -> list[str]:
    if len(codes) > MOST_LABELS:
        raise TooMany(count=len(codes), limit=MOST_LABELS)
    return codes


def _table(codes: list[str]) -> tables.Table:
    return lists_papers.things(carrying(db.session(), queries.things_by_code(db.session(), codes)))


def _changed(by: Actor, sort: BulkSort, codes: list[str], values: dict[str, str]) -> Any:
    rows = queries.things_by_code(db.session(), codes)
    school_id = _one_school(rows, codes)
    once = values["once"]
    if once and not (len(once) == 32 and once.isalnum() and once.isascii()):
        raise Invalid(field="once", value=once[:60])
    if sort is BulkSort.MOVE and not values["to"]:
        raise Missing(field="to")
    to = values["keeper"] if sort is BulkSort.KEEPER else spot_named(values["to"], school_id).id
    try:
        bulk_id = transact(
            lambda session: bulk_service.begin(
                session, by, sort=sort, to=to, school_id=school_id, once=once or None, at=now()
            )
        )
    except AlreadyRecorded:
        bulk_id = once
        if not _is_same(once, sort, to):
            return redirect(url_for("bulk.show_bulk_change", bulk_id=once))
    out = _in_slices(
        codes,
        lambda session, part: bulk_service.go_on(
            session, by, bulk_id=bulk_id, school_id=school_id, codes=part, at=now()
        ),
    )
    return _result(bulk_id, out)


def _is_same(bulk_id: str, sort: BulkSort, to: str) -> bool:
    """Whether a form was sent again that begins this bulk change: then it goes on where it was."""
    bulk = found(bulk_queries.bulk(db.session(), bulk_id), "bulk", bulk_id)
    aim = bulk.target if sort is BulkSort.MOVE else bulk.to
    return bulk.undone_by is None and bulk.sort == sort.value and aim == to.strip()


def _one_school(rows: Sequence[queries.ThingRow], codes: list[str]) -> str:
    schools = {row.school_id for row in rows}
    if len(rows) != len(codes):
        known = {row.code for row in rows}
        found(None, "thing", next(code for code in codes if code not in known))
    if len(schools) != 1:
        raise Invalid(field="school", value=", ".join(sorted(schools)))
    return schools.pop()


def _in_slices(codes: list[str], work: Work) -> list[LeftOut]:
    """A few at a time, so that no scan waits long; what was done stays done."""
    out: list[LeftOut] = []
    for start in range(0, len(codes), bulk_service.SLICE):
        part = codes[start : start + bulk_service.SLICE]
        out += transact(lambda session, part=part: work(session, part))  # type: ignore[misc]
    return out


def _result(bulk_id: str, out: list[LeftOut]) -> Any:
    session = db.session()
    bulk = found(bulk_queries.bulk(session, bulk_id), "bulk", bulk_id)
    return render_template(
        "register/bulk.html", bulk=bulk, out=out, message="", kept={},
        rows=queries.things_by_code(session, bulk.codes),
        who=names(session, [bulk.by]).get(bulk.by, ""),
    )  # fmt: skip


@bp.get("/changes/<bulk_id>")
@needs(Permission.SEE)
def show_bulk_change(bulk_id: str) -> Any:
    """What was done to many things at once, and the button that undoes it."""
    return _result(bulk_id, [])


@bp.post("/changes/<bulk_id>/undo")
@needs(Permission.ARRANGE)
def create_bulk_undo(bulk_id: str) -> Any:
    """Undo it by another one: each thing goes back, but those that were changed since."""
    by = actor()
    form()
    bulk = found(bulk_queries.bulk(db.session(), bulk_id), "bulk", bulk_id)
    try:
        undo_id, codes = transact(
            lambda session: bulk_service.begin_undo(
                session, by, bulk_id=bulk.id, school_id=bulk.school_id, at=now()
            )
        )
    except Refusal as refusal:
        page = render_template(
            "register/bulk.html", bulk=bulk, message=words(refusal), kept={}, rows=[], out=[],
            who="",
        )  # fmt: skip
        return page, refusal.status
    out = _in_slices(
        codes,
        lambda session, part: bulk_service.go_on_undoing(
            session, by, bulk_id=undo_id, school_id=bulk.school_id, codes=part, at=now()
        ),
    )
    return _result(undo_id, out)
