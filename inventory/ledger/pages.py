"""This module is about the page 账物卡相符: whether ledger, things and cards agree."""

from typing import Any

from flask import Blueprint, render_template

from inventory.db import db
from inventory.errors import NotAllowed
from inventory.ledger import queries
from inventory.places import queries as places
from inventory.scope import Permission
from inventory.web.context import actor, signed_in

bp = Blueprint("ledger", __name__)


@bp.get("/agreement")
def show_agreement() -> Any:
    """The three sums for the schools in sight, and each kind where they differ."""
    if not signed_in().may(Permission.SEE):
        raise NotAllowed(permission=Permission.SEE.value)
    session = db.session()
    schools = places.schools(session)
    return render_template(
        "ledger/agreement.html",
        agreement=queries.agreement(session, actor().schools),
        schools=queries.school_figures(session, schools),
    )
