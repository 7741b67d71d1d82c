"""This module is about being asked whether we are well: /healthz and /metrics."""

from typing import Any

from flask import Blueprint, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from inventory.db import db
from inventory.web.context import now
from inventory.web.door import for_everybody
from inventory.web.keeping import note_age
from inventory.web.shell import limiter

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@limiter.exempt
@for_everybody()
def show_health() -> Any:
    """Whether the database answers."""
    try:
        db.session.connection().execute(select(1))
    except SQLAlchemyError:
        return jsonify(status="unavailable"), 503
    return jsonify(status="ok")


@bp.get("/metrics")
@limiter.exempt
@for_everybody()
def show_metrics() -> Response:
    """Counters in the format of Prometheus; they name no person and no thing."""
    note_age(now())
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)
