"""
This module is about the one thing that a school sees of others: their idle surplus.

Before something is bought, whoever may see a line of their own school is told which schools have
more of the like than they need. Told are a school's name and a number, nothing else: no thing, no
place, no price, no keeper, no required quantity. (DECISIONS.md, "idle surplus".)
"""

import json
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, and_, func, select

from inventory.base import table_of
from inventory.catalogue.models import Kind
from inventory.db import among, every_school
from inventory.errors import NotAllowed
from inventory.places.models import ALIVE, BOUNDARY, School
from inventory.register.models import CardLine, Holding, Thing
from inventory.scope import Actor, Permission

KIND, CARD, SCHOOL = table_of(Kind), table_of(CardLine), table_of(School)
THING, HOLDING = table_of(Thing), table_of(Holding)
MOST_LIKE = 10_000
"""Kinds that are asked for at once: those of a page, or of a sheet."""


class Like(NamedTuple):
    """What makes another school's kind the like of ours."""

    code: str | None
    name: str
    specification: str
    unit: str


class Offer(NamedTuple):
    """So much of the like that another school has and does not need."""

    school: str
    surplus: int


def surplus_elsewhere(
    engine: Engine, by: Actor, *, school_id: str, wanted: Sequence[Like]
) -> dict[Like, list[Offer]]:
    """
    Return for each of some kinds of a school what other schools have beyond their need.

    The like is the same catalogue code, name, specification and unit; where nobody has that, the
    same name and specification. Two statements, however many kinds are asked for.

    Raises:
        NotAllowed: whoever asks may not see that school's lines; nothing is asked then.
    """
    if not by.may(Permission.SEE) or not by.sees(school_id):
        raise NotAllowed(permission=Permission.SEE.value)
    asked = list(dict.fromkeys(wanted))[:MOST_LIKE]
    if not asked:
        return {}
    with every_school(engine) as connection:
        rows = _surpluses(connection, school_id, sorted({one.name for one in asked}))
    exact: dict[Like, dict[str, int]] = {}
    near: dict[tuple[str, str], dict[str, int]] = {}
    for school, code, name, specification, unit, more in rows:
        same = exact.setdefault(Like(code, name, specification, unit), {})
        alike = near.setdefault((name, specification), {})
        for found in (same, alike):
            found[school] = found.get(school, 0) + int(more)
    return {
        one: [Offer(school, more) for school, more in sorted(theirs.items(), key=_most_first)]
        for one in asked
        if (theirs := exact.get(one) or near.get((one.name, one.specification), {}))
    }


def _surpluses(
    connection: Connection, school_id: str, names: list[str]
) -> list[tuple[str, str | None, str, str, str, int]]:
    """Other schools' kinds of some names with what they have beyond their need."""
    dialect = connection.dialect.name
    kinds = (
        select(
            KIND.c.school_id, KIND.c.id, SCHOOL.c.name, KIND.c.catalogue_code,
            KIND.c.name.label("kind"), KIND.c.specification, KIND.c.unit, KIND.c.required,
        )
        .join(SCHOOL, SCHOOL.c.id == KIND.c.school_id)
        .where(
            KIND.c.school_id != school_id,
            KIND.c.required.is_not(None),
            KIND.c.retired_at.is_(None),
            among(KIND.c.name, "names", dialect),
        )
    )  # fmt: skip
    found = connection.execute(kinds, {"names": json.dumps(names)}).all()
    stock = (
        select(CARD.c.school_id, CARD.c.kind_id, func.sum(CARD.c.quantity))
        .where(among(CARD.c.kind_id, "kinds", dialect))
        .group_by(CARD.c.school_id, CARD.c.kind_id)
    )
    told = connection.execute(stock, {"kinds": json.dumps([row.id for row in found])})
    usable = {(row[0], row[1]): int(row[2]) for row in told}
    unusable = (
        select(THING.c.school_id, THING.c.kind_id, func.sum(HOLDING.c.quantity))
        .join(
            HOLDING,
            and_(HOLDING.c.school_id == THING.c.school_id, HOLDING.c.code == THING.c.code),
        )
        .where(
            among(THING.c.kind_id, "kinds", dialect), THING.c.status != "in_use",
            THING.c.retired_at.is_(None), HOLDING.c.quantity > 0,
            HOLDING.c.place_id.not_in([one.value for one in BOUNDARY if one not in ALIVE]),
        )
        .group_by(THING.c.school_id, THING.c.kind_id)
    )  # fmt: skip
    for school, kind, quantity in connection.execute(
        unusable, {"kinds": json.dumps([row.id for row in found])}
    ):
        usable[school, kind] = usable.get((school, kind), 0) - int(quantity)
    return [
        (row.name, row.catalogue_code, row.kind, row.specification, row.unit, more)
        for row in found
        if (more := usable.get((row.school_id, row.id), 0) - row.required) > 0
    ]


def _most_first(offer: tuple[str, int]) -> tuple[int, str]:
    return -offer[1], offer[0]
