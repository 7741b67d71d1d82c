"""This module is about labels and cards for programs."""

from typing import Any

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields
from inventory.db import db
from inventory.errors import Invalid, NothingToPrint, TooMany
from inventory.printing import jobs, papers
from inventory.printing.service import MOST_LABELS
from inventory.register import queries
from inventory.register.api import cabinet_or_404
from inventory.scope import Permission
from inventory.web.context import actor, now
from inventory.web.door import needs
from inventory.web.downloads import TYPES, download

OPTIONAL = {
    "codes": list, "cabinet": str, "blank": int, "stock": str, "skip": int, "format": str,
    "symbol": str,
}  # fmt: skip
BINARY = {"type": "string", "contentEncoding": "binary"}
bp = blueprint("printing", "Labels and cards")


@bp.get("/cabinets/<string:code>/card.pdf")
@documented("A cabinet's card as it is now", answer=BINARY, mimetype="application/pdf")
@needs(Permission.SEE)
def show_card(code: str) -> Any:
    """Shown, not printed: the version counts as printed when it is printed on its page."""
    cabinet = cabinet_or_404(code)
    card = queries.card(db.session(), cabinet)
    content = papers.hand_over(papers.card_document(card, jobs.symbols(), now()))
    return download(content, cabinet.path, "pdf", inline=True)


@bp.post("/labels")
@documented(
    "Labels of things, of a cabinet's things, or blank ones",
    body=schema(
        {
            "codes": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_LABELS},
            "cabinet": {"type": ["string", "null"]},
            "blank": {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_LABELS},
            "stock": {"type": ["string", "null"]},
            "skip": {"type": ["integer", "null"], "minimum": 0},
            "format": {"type": ["string", "null"], "enum": ["pdf", "png", None]},
            "symbol": {"type": ["string", "null"], "enum": ["digits", "link", None]},
        }
    ),
    answer=BINARY,
    mimetype=(TYPES["pdf"], TYPES["png"], TYPES["zip"]),
)
@needs(Permission.PRINT)
def create_labels() -> Any:
    """Read back before they are handed over; a label that cannot be read refuses the whole job."""
    by = actor()
    asked = fields(body(), optional=OPTIONAL)
    order = jobs.Order(
        stock=asked.get("stock") or "40x30",
        skip=asked.get("skip") or 0,
        format=asked.get("format") or "pdf",
        symbol=asked.get("symbol") or "digits",
    )
    blank = asked.get("blank")
    if blank is not None:
        printed = jobs.print_blank(by, blank, order)
    else:
        printed = jobs.print_things(by, _rows(asked), order)
    return download(printed.content, "labels", printed.extension)


def _rows(asked: dict[str, Any]) -> list[queries.ThingRow]:
    codes = asked.get("codes") or []
    if any(not isinstance(code, str) for code in codes):
        raise Invalid(field="codes", value="no texts")
    if len(codes) > MOST_LABELS:
        raise TooMany(count=len(codes), limit=MOST_LABELS)
    if asked.get("cabinet"):
        cabinet = cabinet_or_404(asked["cabinet"])
        return queries.things_in(db.session(), cabinet.school_id, cabinet.id)
    if not codes:
        raise NothingToPrint
    return jobs.things_named(codes)
