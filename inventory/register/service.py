"""This module is about minting codes, registering things, moving them, and cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.errors import BadQuantity, CodeTaken, NotEnough, NotFound, TooMany
from inventory.identity.changes import BadgeGiven
from inventory.identity.models import Person
from inventory.identity.queries import administered
from inventory.journal.service import record
from inventory.places import service as places
from inventory.places.models import Place, Sort
from inventory.register.changes import (
    SERIES,
    BatchGrew,
    CardPrinted,
    CodeClaimed,
    CodesMinted,
    LabelPrinted,
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


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A place to be set up in the place above it."""

    sort: Sort
    short: str
    name: str
    above: Place | None = None
    keeper_id: str | None = None


@requires(Permission.ARRANGE)
def set_up_places(
    session: Session, by: Actor, new: Sequence[NewPlace], *, school_id: str, at: datetime
) -> list[Place]:
    """Mint codes and set up rooms, cabinets or shelves under them, in the order given."""
    codes = mint(session, by, count=len(new), at=at)
    for code in codes:
        record(session, by, CodeClaimed(code, Bearer.PLACE.value), at=at, school_id=school_id)
    return [
        places.make_place(
            session,
            by,
            code=code,
            sort=one.sort,
            short=one.short,
            name=one.name,
            school_id=school_id,
            above=one.above,
            keeper_id=one.keeper_id,
            at=at,
        )
        for code, one in zip(codes, new, strict=True)
    ]


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


@requires(Permission.PRINT)
def codes_for_people(
    session: Session, by: Actor, *, person_ids: Sequence[str], at: datetime
) -> None:
    """
    Give codes for their badges to those people who have none yet.

    Raises:
        NotFound: one of them is not among the schools in sight.
    """
    query = select(Person).where(Person.id.in_(list(person_ids))).with_for_update()
    found = {one.id: one for one in session.scalars(query) if administered(by, one.school_id)}
    for person_id in person_ids:
        if person_id not in found:
            raise NotFound(what="person", key=person_id)
    without = [found[one] for one in person_ids if found[one].code is None]
    codes = mint(session, by, count=len(without), at=at) if without else []
    for person, code in zip(without, codes, strict=True):
        claimed = CodeClaimed(code, Bearer.PERSON.value)
        record(session, by, claimed, at=at, school_id=person.school_id)
        record(session, by, BadgeGiven(person.id, code), at=at, school_id=person.school_id)
        person.code = code
    session.flush()


@dataclass(frozen=True, slots=True)
class NewThing:
    """A thing to be registered. Quantity in the kind's unit; price in cents."""

    kind: Kind
    managed_as: ManagedAs
    quantity: int
    place_id: str
    keeper_id: str | None = None
    unit_price_cents: int | None = None
    purchased: str | None = None
    voucher: str | None = None
    finance_card_no: str | None = None
    note: str | None = None


@requires(Permission.ARRANGE)
def register_things(
    session: Session,
    by: Actor,
    new: Sequence[NewThing],
    *,
    school_id: str,
    codes: Sequence[str] = (),
    at: datetime,
) -> list[str]:
    """
    Bring things under codes into their places and return the codes.

    The codes are those of labels that were stuck on already, else minted now.

    Raises:
        NotFound: no such code was minted, or the place is not the school's.
        CodeTaken: something bears the code already.
        BadQuantity: below one, or not one for a single item.
    """
    school = own_school(by, school_id)
    if not new:
        return []
    for one in new:
        _check_quantity(one)
    if codes:
        _check_blank(session, codes)
    else:
        codes = mint(session, by, count=len(new), at=at)
    _check_places(session, school, {one.place_id for one in new})
    running = _last_running(session, school, {one.kind.catalogue_code or "" for one in new})
    for code, one in zip(codes, new, strict=True):
        catalogue = one.kind.catalogue_code or ""
        running[catalogue] += 1
        change = _registered(code, one, catalogue, running[catalogue])
        record(session, by, change, at=at, school_id=school)
    session.flush()
    return list(codes)


def _registered(code: str, one: NewThing, catalogue: str, running: int) -> ThingRegistered:
    return ThingRegistered(
        code=code,
        kind_id=one.kind.id,
        managed_as=one.managed_as.value,
        catalogue=catalogue,
        running=running,
        quantity=one.quantity,
        place=one.place_id,
        keeper=one.keeper_id,
        unit_price_cents=one.unit_price_cents,
        purchased=one.purchased,
        voucher=one.voucher,
        finance_card_no=one.finance_card_no,
        note=one.note,
    )


def _check_quantity(one: NewThing) -> None:
    most = 1 if one.managed_as is ManagedAs.ITEM else MOST_PIECES
    if not 1 <= one.quantity <= most:
        raise BadQuantity(field="quantity", value=one.quantity)


def _check_blank(session: Session, codes: Sequence[str]) -> None:
    found = {
        row.code: row for row in session.scalars(select(Code).where(Code.code.in_(list(codes))))
    }
    for code in codes:
        if code not in found:
            raise NotFound(what="code", key=shown(code))
        if found[code].bearer is not None:
            raise CodeTaken(code=code, code_shown=shown(code))


def _check_places(session: Session, school_id: str, wanted: set[str]) -> None:
    query = select(Place.id).where(Place.school_id == school_id, Place.id.in_(sorted(wanted)))
    missing = wanted - set(session.scalars(query))
    if missing:
        raise NotFound(what="place", key=sorted(missing)[0])


def _last_running(session: Session, school_id: str, catalogues: set[str]) -> dict[str, int]:
    """The last running number of each catalogue code in the school, zero where there is none."""
    query = (
        select(Thing.catalogue, func.max(Thing.running))
        .where(Thing.school_id == school_id, Thing.catalogue.in_(sorted(catalogues)))
        .group_by(Thing.catalogue)
    )
    return dict.fromkeys(catalogues, 0) | {row[0]: row[1] for row in session.execute(query)}


def batches_of(
    session: Session, school_id: str, kind_ids: Iterable[str]
) -> dict[tuple[str, str], Thing]:
    """Return the batches of kinds by kind and place: there is one lot of a kind in one place."""
    query = select(Thing).where(
        Thing.school_id == school_id,
        Thing.kind_id.in_(sorted(set(kind_ids))),
        Thing.managed_as == ManagedAs.BATCH.value,
    )
    return {(thing.kind_id, thing.home_id): thing for thing in session.scalars(query)}


@requires(Permission.ARRANGE)
def grow_batch(session: Session, by: Actor, *, batch: Thing, quantity: int, at: datetime) -> None:
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
        raise NotFound(
            what="thing" if thing is None else "place", key=code if thing is None else to
        )
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
    """Record that labels with these codes were read back and handed over, in each one's history."""
    # One look for all; the change finds them in the session.
    known = {row.code: row for row in session.scalars(select(Code).where(Code.code.in_(codes)))}
    for code in dict.fromkeys(codes):
        if code in known:
            record(session, by, LabelPrinted(code, job, stock), at=at, school_id=school_id)


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
