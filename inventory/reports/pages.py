"""This module is about the page and the sheet "Attainment and gaps"."""

from dataclasses import replace
from itertools import islice
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask_babel import gettext

from inventory.catalogue import queries as catalogue
from inventory.db import db
from inventory.journal.queries import head_hashes
from inventory.places import queries as places
from inventory.places.models import School
from inventory.reports import queries
from inventory.reports.papers import attainment_xlsx
from inventory.reports.queries import Line, SchoolLine, Wanted
from inventory.reports.rules import percent, together
from inventory.reports.store import Like, Offer, surplus_elsewhere
from inventory.scope import Actor, Permission
from inventory.web.context import actor, found
from inventory.web.door import needs
from inventory.web.downloads import download
from inventory.web.forms import page_number

FILTERS = ("school", "subject", "class", "gaps", "kind")
MOST_LINES = 60_000
"""Lines in one sheet."""
bp = Blueprint("reports", __name__)


def _wanted(by: Actor) -> Wanted:
    asked = {name: request.args.get(name, "").strip()[:60] for name in FILTERS}
    school = by.school_id or asked["school"]
    if school:
        found(places.school(db.session(), school), "school", school)
    kind = asked["kind"]
    if kind:
        found(catalogue.kind(db.session(), kind), "kind", kind)
    return Wanted(school, asked["subject"], asked["class"], kind, asked["gaps"] == "1")


def _kept(by: Actor, wanted: Wanted) -> dict[str, str]:
    """The filters as the address keeps them."""
    values = {
        "school": "" if by.school_id else wanted.school, "subject": wanted.subject,
        "class": wanted.equipment_class, "kind": wanted.kind,
        "gaps": "1" if wanted.only_gaps else "",
    }  # fmt: skip
    return {name: value for name, value in values.items() if value}


@bp.get("/attainment")
@needs(Permission.SEE, "page", *FILTERS)
def show_attainment() -> Any:
    """Need, stock, gap and surplus of each kind; over several schools first their sums."""
    by, session = actor(), db.session()
    wanted, page = _wanted(by), page_number()
    is_district = not wanted.school and not wanted.kind
    schools = places.schools(session)
    found = [] if is_district else list(queries.lines(session, wanted))
    by_school = _by_school(schools, wanted) if is_district else []
    sums = together(one.figures for one in by_school) if is_district else queries.figures(found)
    rows = found[(page - 1) * queries.PAGE : page * queries.PAGE]
    return render_template(
        "reports/attainment.html", wanted=wanted, sums=sums, rows=rows, page=page,
        pages=-(-sums.all_lines // queries.PAGE), offers=_offers(by, rows),
        by_school=by_school, schools=[] if by.school_id else schools,
        subjects=catalogue.subjects(session, wanted.school or None),
        classes=catalogue.classes(session, wanted.school or None),
        kept=_kept(by, wanted), percent=percent,
    )  # fmt: skip


SUMS = "tallycard_attainment"
"""Extension: the sums of each school for some filters, at which head of its chain."""
MOST_FILTERS = 50
"""Combinations of filters that are remembered: a subject, a class, only gaps."""


def _by_school(schools: list[School], wanted: Wanted) -> list[SchoolLine]:
    """Sum up the schools, each once for each state of its journal, for nothing else changes it."""
    session = db.session()
    every: dict[Wanted, dict[str, tuple[str, list[SchoolLine]]]]
    every = current_app.extensions.setdefault(SUMS, {})
    if wanted not in every and len(every) >= MOST_FILTERS:
        every.clear()
    known = every.setdefault(wanted, {})
    heads = head_hashes(session, [one.id for one in schools])
    for one in schools:
        head = heads.get(one.id, "")
        if one.id not in known or known[one.id][0] != head:
            lines = queries.lines(session, replace(wanted, school=one.id))
            known[one.id] = (head, queries.by_school(lines, {one.id: one.stage}))
    return queries.worst_first(line for one in schools for line in known[one.id][1])


def _offers(by: Actor, rows: list[Line]) -> dict[tuple[str, Like], list[Offer]]:
    """What other schools could give for the gaps of some lines, one statement for each school."""
    gaps: dict[str, list[Like]] = {}
    for line in rows:
        if line.gap:
            gaps.setdefault(line.school_id, []).append(line.like)
    return {
        (school, like): offers
        for school, wanted in gaps.items()
        for like, offers in surplus_elsewhere(
            db.engine, by, school_id=school, wanted=wanted
        ).items()
    }


@bp.get("/attainment.xlsx")
@needs(Permission.SEE, *FILTERS)
def show_attainment_sheet() -> Any:
    """The same lines with the same filters as a spreadsheet, all of them."""
    by, session = actor(), db.session()
    wanted = _wanted(by)
    rows = list(islice(queries.lines(session, wanted), MOST_LINES))
    content = attainment_xlsx(
        _facts(wanted), rows, queries.figures(rows),
        _offers(by, rows) if wanted.school else {},
    )  # fmt: skip
    return download(content, str(gettext("Attainment and gaps")), "xlsx")


def _facts(wanted: Wanted) -> list[tuple[str, str]]:
    school = places.school(db.session(), wanted.school) if wanted.school else None
    facts = [
        (gettext("School"), school.name if school else gettext("All schools")),
        (gettext("Subject"), wanted.subject),
        (gettext("Class"), wanted.equipment_class),
        (gettext("Only gaps"), gettext("yes") if wanted.only_gaps else ""),
    ]
    return [(str(name), str(value)) for name, value in facts if value]
