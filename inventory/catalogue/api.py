"""This module is about kinds for programs."""

from typing import Any

from flask import jsonify

from inventory.api.document import documented, schema
from inventory.api.edge import blueprint, body, fields
from inventory.catalogue import queries, service
from inventory.catalogue.pages import uses
from inventory.catalogue.queries import KindRow
from inventory.catalogue.rules import CatalogueCode
from inventory.db import db, transact
from inventory.errors import Invalid
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs

KIND = {
    "type": "object",
    "required": ["id", "name", "unit"],
    "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "unit": {"type": "string"},
    },
}  # fmt: skip
CODE = schema(
    {
        "code": {"type": "string", "minLength": 1, "maxLength": 20},
        "system": {"type": "string", "maxLength": 40},
        "edition": {"type": "string", "maxLength": 40},
    }
)
TEXTS = {
    "name": "name", "specification": "specification", "unit": "unit", "subject": "subject_taught",
    "class": "equipment_class", "durability": "durability", "managed_as": "managed_as",
}  # fmt: skip
NUMBERS = ("required", "life_years", "reference_price_cents")
MAY_BE_EMPTY = frozenset({"durability"})
CHANGE = schema(
    {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "specification": {"type": "string", "maxLength": 400},
        "unit": {"type": "string", "maxLength": 20},
        "subject": {"type": "string", "maxLength": 40},
        "class": {"type": "string", "maxLength": 40},
        "durability": {"type": ["string", "null"], "enum": ["durable", "low_value", None]},
        "managed_as": {"type": "string", "enum": ["item", "batch", "chemical"]},
        "required": {"type": ["integer", "null"], "minimum": 0, "maximum": 999_999},
        "life_years": {"type": ["integer", "null"], "minimum": 0, "maximum": 100},
        "reference_price_cents": {"type": ["integer", "null"], "minimum": 0, "maximum": 10**11},
        "codes": {"type": "array", "items": CODE, "maxItems": 12},
    }
)
bp = blueprint("catalogue", "Catalogue")


@bp.get("/kinds/<string:kind_id>")
@documented("One kind", answer=KIND)
@needs(Permission.SEE)
def show_kind(kind_id: str) -> Any:
    """A kind by its id, with all of its catalogue codes; the first one leads."""
    return jsonify(_json(_row(kind_id)))


def _row(kind_id: str) -> KindRow:
    return found(queries.kind(db.session(), kind_id), "kind", kind_id)


@bp.patch("/kinds/<string:kind_id>")
@documented("Change a kind", body=CHANGE, answer=KIND)
@needs(Permission.ARRANGE)
def change_kind(kind_id: str) -> Any:
    """Fields that are there are changed, others are not; `codes` are all of its codes."""
    row = _row(kind_id)
    kinds = dict.fromkeys(TEXTS, str) | dict.fromkeys(NUMBERS, int) | {"codes": list}
    sent = fields(body(), optional=kinds)
    for name in TEXTS:
        if name in sent and sent[name] is None and name not in MAY_BE_EMPTY:
            raise Invalid(field=name, value="null")
    values: dict[str, str | int | None] = {
        TEXTS[name]: value.strip() if value else value
        for name, value in sent.items()
        if name in TEXTS
    }
    values |= {name: sent[name] for name in NUMBERS if name in sent}
    codes = None if sent.get("codes") is None else [_code(one) for one in sent["codes"]]
    transact(
        lambda session: (
            service.change_kind(
                session, actor(), school_id=row.school_id, kind_id=row.id, values=values,
                uses=uses(), codes=codes, at=now(),
            ).id
        )
    )  # fmt: skip
    return jsonify(_json(_row(kind_id)))


def _code(sent: Any) -> CatalogueCode:
    one = fields(sent, required={"code": str}, optional={"system": str, "edition": str})
    if one["code"] is None:
        raise Invalid(field="codes", value="null")
    return CatalogueCode(
        (one.get("system") or "").strip(), (one.get("edition") or "").strip(), one["code"].strip()
    )


def _json(row: KindRow) -> dict[str, Any]:
    codes = queries.codes(db.session(), row)
    return {
        "id": row.id,
        "school": row.school_id,
        "name": row.name,
        "specification": row.specification,
        "unit": row.unit,
        "subject": row.subject,
        "class": row.equipment_class,
        "managed_as": row.managed_as,
        "required": row.required,
        "reference_price_cents": row.reference_price_cents,
        "life_years": row.life_years,
        "durability": row.durability,
        "codes": [
            {"code": one.code, "system": one.system, "edition": one.edition} for one in codes
        ],
        "retired": row.is_retired,
        "merged_into": row.merged_into,
    }
