"""This module is about saying no: refusals as pages, fragments or problem details (RFC 9457)."""

from typing import Any

import structlog
from flask import (
    Response,
    g,
    has_request_context,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext

from inventory.errors import Invalid, NotSignedIn, Refusal
from inventory.web.words import reason_words

PROBLEM = "application/problem+json"
log = structlog.get_logger(__name__)


def words(refusal: Refusal) -> str:
    """Return the sentence for a refusal; the form that is shown again marks the field it names."""
    if has_request_context():
        g.refused_field = refusal.data.get("field")
    data = {name: reason_words(name, value) for name, value in refusal.data.items()}
    try:
        return str(gettext(refusal.words) % data).strip()
    except (KeyError, ValueError, TypeError):
        return str(gettext(refusal.words))


def is_refused(name: str) -> bool:
    """Whether this request was refused for what stands in a field."""
    return bool(g.get("refused_field") == name)


def respond(refusal: Refusal) -> Any:
    """Answer a request that is refused, in the form in which it was asked."""
    log.info("refused", code=refusal.code, path=path_without_secret(), status=refusal.status)
    if wants_json():
        return problem(refusal)
    if isinstance(refusal, NotSignedIn) and request.method == "GET":
        return redirect(url_for("identity.sign_in", next=request.full_path.rstrip("?")))
    if request.headers.get("HX-Request") == "true":
        return render_template("_refusal.html", message=words(refusal)), refusal.status
    return _page(refusal.status, words(refusal))


def path_without_secret() -> str:
    """Return the path of the request for the log; one that carries a secret as it is declared."""
    return str(request.url_rule) if "secret" in (request.view_args or {}) else request.path


def respond_status(status: int, message: str) -> Any:
    """Answer with a bare status that no refusal of ours stands for."""
    if wants_json():
        body = {"type": "about:blank", "title": message, "status": status}
        return _json(body, status)
    return _page(status, message)


def _page(status: int, message: str) -> Any:
    return render_template("error.html", message=message, status=status), status


def wants_json() -> bool:
    """Whether a program asked, not a page."""
    return request.path.startswith("/api/")


def problem(refusal: Refusal) -> Response:
    """Return a refusal as problem details."""
    body: dict[str, Any] = {
        "type": f"urn:tallycard:problem:{refusal.code}",
        "title": words(refusal),
        "status": refusal.status,
        "code": refusal.code,
        "instance": g.get("reference"),
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [_where(refusal)]
    return _json(body, refusal.status)


def _where(refusal: Invalid) -> dict[str, Any]:
    """Where in the request the fault is, as a JSON pointer (RFC 9457, section 3.1.5)."""
    data = refusal.data
    field = str(data.get("field", ""))
    pointer = f"#/scans/{data['index']}/{field}" if "index" in data else f"#/{field}"
    return {"pointer": pointer, "detail": words(refusal), "code": refusal.code}


def _json(body: dict[str, Any], status: int) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.mimetype = PROBLEM
    return response
