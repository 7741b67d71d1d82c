"""This module is about batches that become single things."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from inventory.catalogue.rules import ManagedAs
from inventory.errors import BadQuantity, NotABatch, NotEnough, TooMany, WrongStatus
from inventory.journal.service import record
from inventory.places import service as places
from inventory.places.service import refuse_locked
from inventory.register import service
from inventory.register.changes import BatchBroken
from inventory.register.rules import Status
from inventory.scope import Actor, Permission, own_school, requires

MOST_AT_ONCE = 40
"""Single things made in one transaction: about 50 ms of the write lane."""


@requires(Permission.ARRANGE)
def break_batch(
    session: Session, by: Actor, *, school_id: str, code: str, quantity: int,
    codes: Sequence[str] = (), at: datetime,
) -> list[str]:  # fmt: skip
    """
    Let so many of a batch become single things with codes of their own; return the codes.

    The rest stays a batch; when nothing is left, the batch's code is retired. `codes` are those
    of blank labels that were stuck on already, else they are minted.

    Raises:
        NotFound, IsRetired: there is no such thing in use, or no such code.
        NotABatch: it is a single thing.
        NotEnough, BadQuantity, TooMany: there are not so many, or it is no such number.
        CodeTaken: something bears a label's code already.
        Lent, InAnotherDocument: so many are not free.
        Locked: its place is.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    batch = service.thing_of(session, school, code)
    if batch.managed_as != ManagedAs.BATCH.value:
        raise NotABatch(number=batch.number)
    if batch.status != Status.IN_USE.value:
        raise WrongStatus(what=batch.number, status=batch.status)
    has = service.at_home(session, batch)
    if quantity < 1 or (codes and len(codes) != quantity):
        raise BadQuantity(field="quantity", value=quantity)
    if quantity > has:
        raise NotEnough(has=has, wanted=quantity, place=batch.home_id)
    refuse_locked(session, school, (batch.home_id,))
    service.check_at_hand(batch, has, quantity)
    service.refuse_promised(session, batch, has, quantity + batch.lent)
    if quantity > MOST_AT_ONCE:
        raise TooMany(count=quantity, limit=MOST_AT_ONCE)
    new = service.blank_codes(session, by, codes, quantity, at)
    running = service.last_running(session, school, batch.catalogue)
    items = tuple((one, running + n) for n, one in enumerate(new, start=1))
    is_all = quantity == has and not service.is_elsewhere(session, batch)
    record(session, by, BatchBroken(batch.code, items, is_all), at=at, school_id=school)
    session.flush()
    return new
