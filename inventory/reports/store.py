"""
This module is about the one thing that a school sees of others: their idle surplus.

Before something is bought, whoever may see a line of their own school is told which schools have
more of the like than they need. Told are a school's name and a number, nothing else: no thing, no
place, no price, no keeper, no required quantity. (DECISIONS.md, "idle surplus".)
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine, and_, func, select

from inventory.base import table_of
from inventory.catalogue.models import Kind
from inventory.db import every_school
from inventory.errors import NotAllowed
from inventory.places.models import School
from inventory.register.models import CardLine
from inventory.scope import Actor, Permission

KIND, CARD, SCHOOL = table_of(Kind), table_of(CardLine), table_of(School)
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
    same name and specification. One statement, however many kinds are asked for.

    Raises:
        NotAllowed: whoever asks may not see that school's lines; nothing is asked then.
    """
    if not by.may(Permission.SEE) or not by.sees(school_id):
        raise NotAllowed(permission=Permission.SEE.value)
    asked = list(dict.fromkeys(wanted))[:MOST_LIKE]
    if not asked:
        return {}
    usable = func.sum(CARD.c.quantity)
    query = (
        select(
            SCHOOL.c.name.label("school"), KIND.c.catalogue_code, KIND.c.name,
            KIND.c.specification, KIND.c.unit, (usable - KIND.c.required).label("surplus"),
        )
        .join(SCHOOL, SCHOOL.c.id == KIND.c.school_id)
        .join(CARD, and_(CARD.c.school_id == KIND.c.school_id, CARD.c.kind_id == KIND.c.id))
        .where(
            KIND.c.school_id != school_id,
            KIND.c.name.in_(sorted({one.name for one in asked})),
            KIND.c.required.is_not(None),
            KIND.c.retired_at.is_(None),
        )
        .group_by(KIND.c.school_id, KIND.c.id, SCHOOL.c.name)
        .having(usable > KIND.c.required)
        .order_by(usable - KIND.c.required, SCHOOL.c.name)
    )  # fmt: skip
    with every_school(engine) as connection:
        rows = connection.execute(query).all()
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


def _most_first(offer: tuple[str, int]) -> tuple[int, str]:
    return -offer[1], offer[0]
