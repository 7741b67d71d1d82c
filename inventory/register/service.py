"""This module is about minting codes, registering things, moving them, and cards."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.errors import BadQuantity, CodeTaken, NotEnough, NotFound, TooMany
from inventory.journal.service import record
from inventory.places import service as places
from inventory.places.models import Place, Sort
from inventory.register.changes import (
    SERIES,
    BatchGrew,
    CardPrinted,
    CodeClaimed,
    CodesMinted,
    LabelsPrinted,
    ThingMoved,
    ThingRegistered,
)
from inventory.register.models import Bearer, CabinetCard, Code, CodeSeries, Holding, Thing
from inventory.register.rules import FIRST_SERIAL, code_of, shown
from inventory.scope import Actor, Permission, own_school, requires

MOST_CODES = 100_000
MOST_PIECES = 999_999


@requires(Permission.PRINT)
def mint(session: Session, by: Actor, *, count: int, at: datetime) -> list[str]:
    """
    Mint new codes, in order; they exist before their things and belong to nobody yet.

    Raises:
        BadQuantity: less than one.
        TooMany: more than `MOST_CODES` at a time.
    """
    if count < 1:
        raise BadQuantity(field="count", value=count)
    if count > MOST_CODES:
        raise TooMany(count=count, limit=MOST_CODES)
    # Locked, so that two writers on PostgreSQL mint one after the other.
    series = session.get(CodeSeries, SERIES, with_for_update=True, populate_existing=True)
    first = series.next_serial if series else FIRST_SERIAL
    record(session, by, CodesMinted(first=first, count=count), at=at, school_id=None)
    session.flush()  # what bears the codes refers to them
    return [code_of(serial) for serial in range(first, first + count)]


@requires(Permission.ARRANGE)
def set_up_place(
    session: Session,
    by: Actor,
    *,
    sort: Sort,
    short: str,
    name: str,
    school_id: str,
    parent: str | None = None,
    keeper_id: str | None = None,
    at: datetime,
) -> Place:
    """Mint a code and set up a room, a cabinet or a shelf under it."""
    [code] = mint(session, by, count=1, at=at)
    record(session, by, CodeClaimed(code, Bearer.PLACE.value), at=at, school_id=school_id)
    return places.make_place(
        session,
        by,
        code=code,
        sort=sort,
        short=short,
        name=name,
        school_id=school_id,
        parent=parent,
        keeper_id=keeper_id,
        at=at,
    )


def code_for_document(session: Session, by: Actor, school_id: str, at: datetime) -> str:
    """Mint a code and give it to a document of the school."""
    series = session.get(CodeSeries, SERIES, with_for_update=True, populate_existing=True)
    first = series.next_serial if series else FIRST_SERIAL
    record(session, by, CodesMinted(first=first, count=1), at=at, school_id=None)
    session.flush()
    code = code_of(first)
    record(session, by, CodeClaimed(code, Bearer.DOCUMENT.value), at=at, school_id=school_id)
    session.flush()
    return code


def next_running(session: Session, school_id: str, catalogue: str) -> int:
    """Return the next running number of a catalogue code in a school."""
    query = select(func.max(Thing.running)).where(
        Thing.school_id == school_id, Thing.catalogue == catalogue
    )
    return int(session.scalar(query) or 0) + 1


@requires(Permission.ARRANGE)
def register_thing(
    session: Session,
    by: Actor,
    *,
    code: str,
    kind: Kind,
    managed_as: ManagedAs,
    quantity: int,
    place_id: str,
    keeper_id: str | None = None,
    unit_price_cents: int | None = None,
    purchased: str | None = None,
    voucher: str | None = None,
    finance_card_no: str | None = None,
    note: str | None = None,
    at: datetime,
) -> Thing:
    """
    Bring a thing under a minted code into its place.

    Raises:
        NotFound: no such code was minted, or the place is not the school's.
        CodeTaken: something bears the code already.
        BadQuantity: below one, or not one for a single item.
    """
    school = own_school(by, kind.school_id)
    row = session.get(Code, code)
    if row is None:
        raise NotFound(what="code", key=shown(code))
    if row.bearer is not None:
        raise CodeTaken(code=code, code_shown=shown(code))
    if not 1 <= quantity <= MOST_PIECES or (managed_as is ManagedAs.ITEM and quantity != 1):
        raise BadQuantity(field="quantity", value=quantity)
    if session.get(Place, (school, place_id)) is None:
        raise NotFound(what="place", key=place_id)
    catalogue = kind.catalogue_code or ""
    change = ThingRegistered(
        code=code,
        kind_id=kind.id,
        managed_as=managed_as.value,
        catalogue=catalogue,
        running=next_running(session, school, catalogue),
        quantity=quantity,
        place=place_id,
        keeper=keeper_id,
        unit_price_cents=unit_price_cents,
        purchased=purchased,
        voucher=voucher,
        finance_card_no=finance_card_no,
        note=note,
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()  # the next running number counts this one
    return session.get_one(Thing, (school, code))


def batch_in_place(session: Session, school_id: str, kind_id: str, place_id: str) -> Thing | None:
    """Return the batch of a kind in a place: there is one lot of a kind in one place."""
    return session.scalar(
        select(Thing).where(
            Thing.school_id == school_id,
            Thing.kind_id == kind_id,
            Thing.home_id == place_id,
            Thing.managed_as == ManagedAs.BATCH.value,
        )
    )


@requires(Permission.ARRANGE)
def grow_batch(
    session: Session, by: Actor, *, batch: Thing, quantity: int, at: datetime
) -> None:
    """
    Let more of the same kind join a batch in its place.

    Raises:
        BadQuantity: below one.
    """
    school = own_school(by, batch.school_id)
    if not 1 <= quantity <= MOST_PIECES:
        raise BadQuantity(field="quantity", value=quantity)
    record(session, by, BatchGrew(batch.code, quantity), at=at, school_id=school)


@requires(Permission.ARRANGE)
def move_thing(
    session: Session, by: Actor, *, school_id: str, code: str, to: str, at: datetime
) -> Thing:
    """
    Move a thing, or all of a batch, from its home to another place of its school.

    Raises:
        NotFound: the thing or the place is not there.
        NotEnough: nothing of it is at its home.
    """
    school = own_school(by, school_id)
    thing = session.get(Thing, (school, code))
    place = session.get(Place, (school, to))
    if thing is None or place is None or not place.is_standing:
        raise NotFound(what="thing" if thing is None else "place", key=code if thing is None else to)
    if thing.home_id == to:
        return thing
    holding = session.get(Holding, (school, code, thing.home_id))
    if holding is None or holding.quantity < 1:
        raise NotEnough(has=0, wanted=1, place=thing.home_id)
    change = ThingMoved(code, thing.home_id, to, holding.quantity)
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return thing


@requires(Permission.PRINT)
def note_labels_printed(
    session: Session, by: Actor, *, job: str, stock: str, codes: list[str], school_id: str | None,
    at: datetime,
) -> None:  # fmt: skip
    """Record that labels with these codes were read back and handed over."""
    record(session, by, LabelsPrinted(job, stock, tuple(codes)), at=at, school_id=school_id)


@requires(Permission.PRINT)
def note_card_printed(
    session: Session, by: Actor, *, school_id: str, cabinet_id: str, contents: str, at: datetime
) -> int:
    """
    Record that a cabinet's card was printed and return its version.

    Printing the same contents again is the same version: two equal cards are one.
    """
    card = session.get(CabinetCard, (school_id, cabinet_id))
    version = 1 if card is None else card.version + (card.printed_hash != contents)
    change = CardPrinted(cabinet_id, version, contents)
    record(session, by, change, at=at, school_id=school_id)
    return version
