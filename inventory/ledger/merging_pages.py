"""This module is about the page that merges two kinds: first what would move, then for good."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from inventory.catalogue import queries as catalogue
from inventory.catalogue.queries import KindRow
from inventory.db import db, transact
from inventory.errors import Missing, Refusal
from inventory.ledger import merging_service as service
from inventory.places import queries as places
from inventory.register import queries as register
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form
from inventory.web.refusals import words

bp = Blueprint("merging", __name__)


def _kind(kind_id: str) -> KindRow:
    return found(catalogue.kind(db.session(), kind_id), "kind", kind_id)


@bp.get("/kinds/<kind_id>/merging")
@needs(Permission.ARRANGE, "into", "q")
def new_merging(kind_id: str) -> Any:
    """Choose the kind that this one is really, and see what would move."""
    row = _kind(kind_id)
    return _page(row, request.args.get("into", ""), request.args.get("q", "").strip())


def _page(row: KindRow, into: str, text: str = "", message: str = "", status: int = 200) -> Any:
    session = db.session()
    plan = None
    if into and not message:
        try:
            plan = service.plan_merging(
                session, actor(), school_id=row.school_id, kind_id=row.id, into=into
            )
        except Refusal as refusal:
            message, status = words(refusal), refusal.status
    near = catalogue.search(
        session, text or row.name[:2], school_id=row.school_id, size=catalogue.CHOICES
    )[0]
    joined = {one.code for one in plan.joined} if plan else set()
    return (
        render_template(
            "ledger/merging.html", row=row, plan=plan, text=text, message=message,
            kinds=[one for one in near if one.id != row.id],
            rows=register.things_by_code(session, sorted(joined)),
            apart=[one for one in plan.places if one not in {j.place for j in plan.joined}]
            if plan else [],
            spots={one: places.place(session, row.school_id, one) for one in plan.places}
            if plan else {},
        ),
        status,
    )  # fmt: skip


@bp.post("/kinds/<kind_id>/merging")
@needs(Permission.ARRANGE)
def create_merging(kind_id: str) -> Any:
    """Merge for good, after somebody said that they saw what moves."""
    by, row = actor(), _kind(kind_id)
    values = form(required=("into",), optional=("sure",))
    try:
        if not values["sure"]:
            raise Missing(field="sure")
        transact(
            lambda session: (
                service.merge_kinds(
                    session, by, school_id=row.school_id, kind_id=row.id, into=values["into"],
                    at=now(),
                ).id
            )
        )  # fmt: skip
    except Missing:
        return _page(row, values["into"])
    except Refusal as refusal:
        return _page(row, "", message=words(refusal), status=refusal.status)
    return redirect(url_for("catalogue.show_kind", kind_id=values["into"], said="merged"))
