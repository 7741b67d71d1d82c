"""
This module is about the first placing (首次上柜): what the books hold comes to its shelf.

A batch comes under the code of the blank label that was scanned, for its own label was never
printed. A single thing has its code for life: its own label is printed and scanned, or it is
placed without one and labelled after.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import kind_of
from inventory.errors import BadQuantity, LabelNotNeeded, NotEnough, TooMany
from inventory.places.models import Place, Sort
from inventory.places.service import one_at_a_time
from inventory.register import service
from inventory.register.models import Thing
from inventory.scope import Actor, Permission, own_school, requires

MOST_ITEMS = 40
"""Single things placed in one transaction: about 50 ms of the write lane."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What came to its place: the codes there, and whether a batch joined the one there."""

    codes: tuple[str, ...]
    quantity: int
    joined: bool = False
    """The label that was scanned stays blank then."""


@requires(Permission.ARRANGE)
def place_kind(
    session: Session, by: Actor, *, school_id: str, kind_id: str, to: str, quantity: int,
    label: str | None = None, at: datetime,
) -> Placed:  # fmt: skip
    """
    Bring so much of a kind that was never placed to a place.

    Raises:
        NotFound, IsRetired: kind, place or label are not there, or were given up.
        NotEnough, BadQuantity, TooMany: there is not so much of it without a place.
        CodeTaken: something bears the label's code already.
        LabelNotNeeded: a blank label was scanned for single things.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    kind = kind_of(session, school, kind_id)
    things = session.scalars(
        select(Thing)
        .where(
            Thing.school_id == school, Thing.kind_id == kind.id, Thing.retired_at.is_(None),
            Thing.home_id == Sort.UNPLACED.value,
        )
        .order_by(Thing.running)
    ).all()  # fmt: skip
    has = sum(service.at_home(session, one) for one in things[: MOST_ITEMS + 1])
    if quantity < 1:
        raise BadQuantity(field="quantity", value=quantity)
    if quantity > has and len(things) <= MOST_ITEMS:
        raise NotEnough(has=has, wanted=quantity, place=Sort.UNPLACED.value)
    batch = next((one for one in things if one.managed_as == ManagedAs.BATCH.value), None)
    if batch is not None:
        return _place_batch(session, by, batch, to, quantity, label, at)
    if label:
        raise LabelNotNeeded
    if quantity > MOST_ITEMS:
        raise TooMany(count=quantity, limit=MOST_ITEMS)
    for one in things[:quantity]:
        service.move_thing(session, by, school_id=school, code=one.code, to=to, at=at)
    return Placed(tuple(one.code for one in things[:quantity]), quantity)


def _place_batch(
    session: Session, by: Actor, batch: Thing, to: str, quantity: int, label: str | None,
    at: datetime,
) -> Placed:  # fmt: skip
    there = service.batches_of(session, batch.school_id, [batch.kind_id]).get((batch.kind_id, to))
    moved = service.move_thing(
        session, by, school_id=batch.school_id, code=batch.code, to=to, quantity=quantity,
        label=label, at=at,
    )  # fmt: skip
    return Placed((moved.code,), quantity, there is not None)


@requires(Permission.ARRANGE)
def take_back(
    session: Session, by: Actor, *, school_id: str, code: str, quantity: int, at: datetime
) -> Thing:
    """
    Undo a placing: so much of a thing stands without a place again; return what stands there.

    Raises:
        NotFound, IsRetired, NotEnough, NotABatch: see `service.move_thing`.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    thing = service.thing_of(session, school, code)
    unplaced = session.get_one(Place, (school, Sort.UNPLACED.value))
    return service.move_thing(
        session, by, school_id=school, code=thing.code, to=unplaced.id, quantity=quantity, at=at
    )
