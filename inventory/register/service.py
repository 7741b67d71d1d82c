"""This module is about minting codes, registering things, moving them, and cards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from inventory.base import Base
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.db import PROMISES
from inventory.errors import (
    BadQuantity,
    ChangedMeanwhile,
    CodeTaken,
    FinanceCardThere,
    InAnotherDocument,
    IsRetired,
    Lent,
    NameTaken,
    NotABatch,
    NotAllHere,
    NotEnough,
    NotFound,
    PlaceNotEmpty,
    SerialThere,
    TooMany,
    WrongStatus,
)
from inventory.identity.changes import BadgeGiven
from inventory.identity.models import Person
from inventory.identity.queries import administered
from inventory.identity.service import keepers_named
from inventory.journal.changes import note_absent
from inventory.journal.queries import since
from inventory.journal.service import record
from inventory.places import service as places
from inventory.places.models import ALIVE, BOUNDARY, Place, Sort
from inventory.places.queries import within
from inventory.places.rules import Planned
from inventory.places.service import refuse_locked
from inventory.register import queries
from inventory.register.changes import (
    FIELDS,
    SERIES,
    BatchGrew,
    BatchParted,
    BatchReceived,
    BatchReduced,
    CardPrinted,
    CodeClaimed,
    CodeRestored,
    CodeRetired,
    CodesMinted,
    LabelPrinted,
    ThingDescribed,
    ThingMoved,
    ThingRegistered,
    ThingRetired,
)
from inventory.register.models import (
    Bearer,
    CabinetCard,
    CardLine,
    Code,
    CodeSeries,
    Holding,
    Thing,
)
from inventory.register.rules import FIRST_SERIAL, Status, code_in, code_of, description, shown
from inventory.scope import Actor, Permission, own_school, requires

MOST_CODES = 100_000
MOST_PIECES = 999_999
Promises = Callable[[Session, str, Sequence[str], str], dict[str, tuple[int, str]]]
DESCRIBING = ("thing_described",)
"""Events that describe a thing."""


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
    return _next_codes(session, by, count, at)


def _next_codes(session: Session, by: Actor, count: int, at: datetime) -> list[str]:
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


PLACES_SLICE = 15
"""Places set up in one transaction: about 50 ms of the write lane."""


@requires(Permission.ARRANGE)
def lay_out(
    session: Session, by: Actor, planned: Sequence[Planned], *, school_id: str,
    keeper: str | None = None, is_first: bool = False, at: datetime,
) -> int:  # fmt: skip
    """
    Set up the next of the planned places that are not there yet; return how many are left.

    Raises:
        NameTaken: it is the first turn, and one of them is there already.
        NotFound: the place above one of them is not there.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    paths = [one.path for one in planned]
    query = select(Place.path).where(Place.school_id == school, Place.path.in_(paths))
    there = set(session.scalars(query))
    if is_first and there:
        raise NameTaken(value=sorted(there)[0])
    missing = [one for one in planned if one.path not in there]
    keeper_id = keepers_named(session, by, [keeper], school, at)[keeper] if keeper else None
    for one in missing[:PLACES_SLICE]:
        above = places.place_by_path(session, school, one.above) if one.above else None
        own = None if one.sort == Sort.SHELF.value else keeper_id
        new = NewPlace(Sort(one.sort), one.short, one.name, above, own)
        set_up_places(session, by, [new], school_id=school, at=at)
    return max(0, len(missing) - PLACES_SLICE)


@requires(Permission.ARRANGE)
def change_place(
    session: Session, by: Actor, *, school_id: str, code: str,
    values: Mapping[str, str | None], at: datetime,
) -> None:  # fmt: skip
    """
    Change short name, name or keeper of a place; what is not in `values` stays as it is.

    Raises:
        NotFound, IsRetired, NameTaken, Missing, Invalid: see `places.service.change_place`.
    """
    school = own_school(by, school_id)
    wanted = dict(values)
    if name := wanted.get("keeper"):
        wanted["keeper"] = keepers_named(session, by, [name], school, at)[name]
        session.flush()
    places.change_place(session, by, school_id=school, code=code, values=wanted, at=at)


@requires(Permission.ARRANGE)
def retire_place(
    session: Session, by: Actor, *, school_id: str, code: str, at: datetime
) -> list[str]:
    """
    Give up a place in which nothing is, with the empty ones inside it; its code is retired.

    Raises:
        NotFound, IsRetired: there is no such place in use.
        PlaceNotEmpty: there are things in it.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    place = places.place_of(session, school, code)
    count = queries.count_in(session, school, within(session, school, place.id))
    if count:
        raise PlaceNotEmpty(count=count, place=place.path, code=place.id)
    codes = places.retire_places(session, by, school_id=school, code=code, at=at)
    for one in codes:
        record(session, by, CodeRetired(one), at=at, school_id=school)
    return codes


@requires(Permission.ARRANGE)
def restore_place(session: Session, by: Actor, *, school_id: str, code: str, at: datetime) -> None:
    """
    Use a place again that was given up.

    Raises:
        NotFound, NotRetired, IsRetired, NameTaken: see `places.service.restore_places`.
    """
    school = own_school(by, school_id)
    for one in places.restore_places(session, by, school_id=school, code=code, at=at):
        record(session, by, CodeRestored(one), at=at, school_id=school)


def code_for_document(session: Session, by: Actor, school_id: str, at: datetime) -> str:
    """Mint a code and give it to a document of the school."""
    [code] = _next_codes(session, by, 1, at)
    record(session, by, CodeClaimed(code, Bearer.DOCUMENT.value), at=at, school_id=school_id)
    session.flush()
    return code


@requires(Permission.ADMINISTER)
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
    document: str | None = None
    """The document by which it comes."""
    serial_no: str | None = None
    maker: str | None = None
    supplier: str | None = None
    invoice: str | None = None
    accepted: str | None = None
    source: str | None = None
    warranty_until: str | None = None
    condition: str | None = None


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
    for one in new:
        if one.kind.retired_at is not None:
            raise IsRetired(what=one.kind.title)
    running = _last_running(session, school, {one.kind.catalogue_code or "" for one in new})
    held = _look_ahead(session, school, new)
    for code, one in zip(codes, new, strict=True):
        catalogue = one.kind.catalogue_code or ""
        running[catalogue] += 1
        change = _registered(code, one, catalogue, running[catalogue])
        record(session, by, change, at=at, school_id=school)
    session.flush()
    del held
    return list(codes)


def _look_ahead(session: Session, school_id: str, new: Sequence[NewThing]) -> list[Base]:
    """
    Read at once what the changes of many things will ask for one by one.

    The session remembers rows only as long as somebody holds them, which the caller does.
    """
    places = {one.place_id for one in new}
    kinds = {one.kind.id for one in new}
    lines = session.scalars(
        select(CardLine).where(
            CardLine.school_id == school_id,
            CardLine.place_id.in_(sorted(places)),
            CardLine.kind_id.in_(sorted(kinds)),
        )
    ).all()
    keys = {(school_id, one.place_id, one.kind.id) for one in new}
    note_absent(session, CardLine, keys, lines)
    wanted = [*places, Sort.OUTSIDE.value]
    there = session.scalars(
        select(Place).where(Place.school_id == school_id, Place.id.in_(sorted(wanted)))
    ).all()
    return [*lines, *there]


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
        document=one.document,
        serial_no=one.serial_no,
        maker=one.maker,
        supplier=one.supplier,
        invoice=one.invoice,
        accepted=one.accepted,
        source=one.source,
        warranty_until=one.warranty_until,
        condition=one.condition,
    )


def _check_quantity(one: NewThing) -> None:
    most = 1 if one.managed_as is ManagedAs.ITEM else MOST_PIECES
    if not 1 <= one.quantity <= most:
        raise BadQuantity(field="quantity", value=one.quantity)


def _check_blank(session: Session, codes: Sequence[str]) -> None:
    found = {
        row.code: row for row in session.scalars(select(Code).where(Code.code.in_(list(codes))))
    }
    for n, code in enumerate(codes):
        if code not in found:
            raise NotFound(what="code", key=shown(code))
        is_taken = found[code].bearer is not None or found[code].retired_at is not None
        if is_taken or code in codes[:n]:
            raise CodeTaken(code=code, code_shown=shown(code))


def _check_places(session: Session, school_id: str, wanted: set[str]) -> None:
    query = select(Place.id).where(
        Place.school_id == school_id, Place.id.in_(sorted(wanted)), Place.retired_at.is_(None)
    )
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
    """
    Return the batches of kinds by kind and place: there is one lot of a kind in one place.

    What is in repair, or on its way to another school, is a lot apart: nothing joins it.
    """
    query = select(Thing).where(
        Thing.school_id == school_id,
        Thing.kind_id.in_(sorted(set(kind_ids))),
        Thing.managed_as == ManagedAs.BATCH.value,
        Thing.status == Status.IN_USE.value,
        Thing.retired_at.is_(None),
    )
    return {(thing.kind_id, thing.home_id): thing for thing in session.scalars(query)}


@requires(Permission.ARRANGE)
def grow_batch(
    session: Session, by: Actor, *, batch: Thing, quantity: int, document: str | None = None,
    at: datetime,
) -> None:  # fmt: skip
    """
    Let more of the same kind join a batch in its place.

    Raises:
        BadQuantity: below one.
    """
    school = own_school(by, batch.school_id)
    if not 1 <= quantity <= MOST_PIECES:
        raise BadQuantity(field="quantity", value=quantity)
    record(session, by, BatchGrew(batch.code, quantity, document), at=at, school_id=school)


@requires(Permission.ARRANGE)
def reduce_batch(
    session: Session, by: Actor, *, batch: Thing, quantity: int, document: str, at: datetime
) -> None:
    """
    Take so much of a batch outside, by a document; what becomes empty is retired.

    Raises:
        BadQuantity: below one.
        NotEnough: there is less of it in its place.
        Lent: what is left of it is lent.
        Locked: its place is.
    """
    school = own_school(by, batch.school_id)
    refuse_locked(session, school, (batch.home_id,))
    has = _at_home(session, batch)
    if quantity < 1:
        raise BadQuantity(field="quantity", value=quantity)
    if quantity > has:
        raise NotEnough(has=has, wanted=quantity, place=batch.home_id)
    check_at_hand(batch, has, quantity)
    if quantity == has and not _elsewhere(session, batch):
        change: BatchReduced | ThingRetired = ThingRetired(batch.code, quantity, document)
    else:
        change = BatchReduced(batch.code, quantity, document)
    record(session, by, change, at=at, school_id=school)
    session.flush()


@requires(Permission.ARRANGE)
def retire_thing(
    session: Session, by: Actor, *, thing: Thing, document: str, reason: str = "", at: datetime
) -> int:
    """
    Take all of a thing outside, by a document, and retire its code; return how much it was.

    Raises:
        IsRetired: it was retired before.
        NotAllHere: some of it is not at its place.
        Lent: some of it is in somebody's hands, and the loan names it.
        Locked: its place is.
    """
    school = own_school(by, thing.school_id)
    if thing.retired_at is not None:
        raise IsRetired(what=thing.number)
    if thing.lent:
        has = _at_home(session, thing)
        raise Lent(what=thing.number, has=has - thing.lent, lent=thing.lent)
    refuse_locked(session, school, (thing.home_id,))
    if _elsewhere(session, thing):
        raise NotAllHere(number=thing.number)
    quantity = _at_home(session, thing)
    change = ThingRetired(thing.code, quantity, document, reason[:400] or None)
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return quantity


def _at_home(session: Session, thing: Thing) -> int:
    holding = session.get(Holding, (thing.school_id, thing.code, thing.home_id))
    return holding.quantity if holding else 0


def _elsewhere(session: Session, thing: Thing) -> bool:
    """Whether some of a thing is alive in another place; what was scrapped of it is not."""
    ended = [sort.value for sort in BOUNDARY if sort not in ALIVE]
    query = select(Holding.place_id).where(
        Holding.school_id == thing.school_id,
        Holding.code == thing.code,
        Holding.place_id.not_in([thing.home_id, *ended]),
        Holding.quantity != 0,
    )
    return session.scalar(query.limit(1)) is not None


def thing_of(session: Session, school_id: str, code: str) -> Thing:
    """
    Return a thing of a school that is in use.

    Raises:
        NotFound: there is none under this code.
        IsRetired: it was retired.
    """
    thing = session.get(Thing, (school_id, code))
    if thing is None:
        raise NotFound(what="thing", key=shown(code))
    if thing.retired_at is not None:
        raise IsRetired(what=thing.number)
    return thing


@requires(Permission.ARRANGE)
def describe_thing(
    session: Session, by: Actor, *, school_id: str, code: str,
    values: Mapping[str, str | int | None], at: datetime, loaded: str | None = None,
) -> Thing:  # fmt: skip
    """
    Change what is known of a thing: keeper (by name), present place (by path or code), the rest.

    What is not in `values` stays as it is. `loaded` is the event after which whoever changes it
    saw it last.

    Raises:
        NotFound, IsRetired: there is no such thing in use, or no such place.
        UnknownField, Invalid: see `rules.description`.
        SerialThere, FinanceCardThere: another thing has the number.
        ChangedMeanwhile: somebody else described it after `loaded`.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    thing = thing_of(session, school, code)
    if loaded and since(session, school, thing.code, loaded, DESCRIBING):
        raise ChangedMeanwhile(what=thing.number)
    wanted = description(values)
    if place := wanted.get("present_place"):
        spot = _spot(session, school, str(place))
        wanted["present_place"] = None if spot == thing.home_id else spot
    if name := wanted.get("keeper"):
        wanted["keeper"] = keepers_named(session, by, [str(name)], school, at)[str(name)]
        session.flush()
    now = {name: getattr(thing, FIELDS[name]) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != now[name]}
    if changed:
        check_doubles(
            session, school, thing.kind_id, serial_no=_text(changed.get("serial_no")),
            finance_card_no=_text(changed.get("finance_card_no")), but=thing.code,
        )  # fmt: skip
        change = ThingDescribed(
            thing.code, tuple(sorted(changed.items())),
            tuple(sorted((name, now[name]) for name in changed)),
        )  # fmt: skip
        record(session, by, change, at=at, school_id=school)
        session.flush()
    return thing


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _spot(session: Session, school_id: str, text: str) -> str:
    """The id of the place in use that a path or a code names."""
    query = select(Place).where(
        Place.school_id == school_id,
        or_(Place.id == (code_in(text) or text), Place.path == text.strip()),
    )
    place = session.scalar(query)
    if place is None or not place.is_standing:
        raise NotFound(what="place", key=text[:60])
    if place.retired_at is not None:
        raise IsRetired(what=place.short)
    return place.id


def check_doubles(
    session: Session, school_id: str, kind_id: str, *, serial_no: str | None = None,
    finance_card_no: str | None = None, but: str = "",
) -> None:  # fmt: skip
    """
    Refuse a serial number that a thing of the kind has, or a finance card that a thing has.

    Raises:
        SerialThere, FinanceCardThere: with the other thing's name.
    """
    if serial_no:
        same = and_(Thing.kind_id == kind_id, Thing.serial_no == serial_no)
        if other := _other_thing(session, school_id, same, but):
            raise SerialThere(serial=serial_no, **other)
    if finance_card_no:
        same = and_(Thing.finance_card_no == finance_card_no)
        if other := _other_thing(session, school_id, same, but):
            raise FinanceCardThere(card=finance_card_no, **other)


def refuse_serials(session: Session, school_id: str, kind_id: str, serials: Sequence[str]) -> None:
    """
    Refuse serial numbers of which a thing of the kind has one, with one statement for all.

    Raises:
        SerialThere: with the other thing's name.
    """
    if not serials:
        return
    there = session.scalar(
        select(Thing.serial_no)
        .where(
            Thing.school_id == school_id, Thing.kind_id == kind_id, Thing.retired_at.is_(None),
            Thing.serial_no.in_(serials),
        )
        .limit(1)
    )  # fmt: skip
    if there is not None:
        check_doubles(session, school_id, kind_id, serial_no=there)


def _other_thing(
    session: Session, school_id: str, same: ColumnElement[bool], but: str
) -> dict[str, str]:
    query = (
        select(Thing, Place.path)
        .join(Place, and_(Place.school_id == Thing.school_id, Place.id == Thing.home_id))
        .where(Thing.school_id == school_id, same, Thing.code != but, Thing.retired_at.is_(None))
    )
    row = session.execute(query.order_by(Thing.code).limit(1)).first()
    if row is None:
        return {}
    thing, path = row
    return {
        "number": thing.number, "code": thing.code, "code_shown": shown(thing.code), "place": path,
    }  # fmt: skip


@requires(Permission.ARRANGE)
def move_thing(
    session: Session, by: Actor, *, school_id: str, code: str, to: str,
    quantity: int | None = None, label: str | None = None, document: str | None = None,
    at: datetime,
) -> Thing:  # fmt: skip
    """
    Move a thing, a batch, or a part of a batch, to another place; return what is there now.

    A part is a batch of its own there, under a new code, or joins the batch of its kind that
    is there; all of a batch joins that one as well, and then its own code is retired.
    `label` is the blank code that what begins there comes under, all of the batch or a part of
    it; where it joins another batch the label stays blank.

    Raises:
        NotFound, IsRetired: the thing or the place is not there, or was given up.
        CodeTaken: something bears the label's code already.
        NotEnough, BadQuantity: there is not so much of it at its home.
        NotABatch: a single thing has no parts.
        Locked: one of the places is.
        Lent: what would come under another code is lent.
        InAnotherDocument: a document that was handed in waits for it.
    """
    school = own_school(by, school_id)
    places.one_at_a_time(session, school)
    thing = thing_of(session, school, code)
    place = session.get(Place, (school, to))
    if place is None or not place.is_standing:
        raise NotFound(what="place", key=to)
    if place.retired_at is not None:
        raise IsRetired(what=place.short)
    if thing.home_id == to:
        return thing
    refuse_locked(session, school, (thing.home_id, to))
    has = _at_home(session, thing)
    wanted = has if quantity is None else quantity
    _check_part(thing, has, wanted)
    is_batch = thing.managed_as == ManagedAs.BATCH.value
    if is_batch and thing.status == Status.IN_REPAIR.value:
        raise WrongStatus(what=thing.number, status=thing.status)
    there = None
    if is_batch and thing.status == Status.IN_USE.value:  # what is broken stays apart
        there = batches_of(session, school, [thing.kind_id]).get((thing.kind_id, to))
    splits = is_batch and (wanted < has or bool(label))
    if splits or there is not None:
        check_at_hand(thing, has, wanted)
    lent = thing.lent if splits or there is not None else 0
    refuse_promised(session, thing, has, wanted + lent, but=document)
    if there is not None:
        is_all = wanted == has and not _elsewhere(session, thing)
        for change in (
            BatchParted(thing.code, there.code, wanted, is_all),
            BatchReceived(there.code, thing.code, wanted, to),
        ):
            record(session, by, change, at=at, school_id=school)
    elif splits:
        is_all = wanted == has and not _elsewhere(session, thing)
        there = _split(session, by, thing, to, wanted, at, label, is_all=is_all)
    else:
        move = ThingMoved(thing.code, thing.home_id, to, wanted, document)
        record(session, by, move, at=at, school_id=school)
    session.flush()
    return there or thing


def check_at_hand(thing: Thing, has: int, wanted: int) -> None:
    """
    Refuse to take from a batch what is lent: the loan names the batch.

    Raises:
        Lent: so much is not at hand.
    """
    if wanted > has - thing.lent:
        raise Lent(what=thing.number, has=has - thing.lent, lent=thing.lent)


def promises(
    session: Session, school_id: str, codes: Sequence[str], *, but: str | None = None
) -> dict[str, tuple[int, str]]:
    """
    Return how much of some things waits for documents that were handed in, and for which one.

    Documents stand above the register: `app` says who knows. `but` is one that does not count.
    """
    ask: Promises = session.info[PROMISES]
    return ask(session, school_id, codes, but or "")


def refuse_promised(
    session: Session, thing: Thing, has: int, wanted: int, *, but: str | None = None
) -> None:
    """
    Refuse to take of a thing what a document counts on finding where it is.

    Raises:
        InAnotherDocument: so much of it is not free; it names the document.
    """
    found = promises(session, thing.school_id, [thing.code], but=but).get(thing.code)
    if found is not None and wanted > has - found[0]:
        raise InAnotherDocument(what=thing.number, number=found[1])


def _check_part(thing: Thing, has: int, wanted: int) -> None:
    if wanted < 1 and has > 0:
        raise BadQuantity(field="quantity", value=wanted)
    if wanted > has or has < 1:
        raise NotEnough(has=has, wanted=max(1, wanted), place=thing.home_id)
    if wanted < has and thing.managed_as != ManagedAs.BATCH.value:
        raise NotABatch(number=thing.number)


def _split(
    session: Session, by: Actor, thing: Thing, to: str, quantity: int, at: datetime,
    label: str | None = None, *, is_all: bool = False,
) -> Thing:  # fmt: skip
    if label:
        _check_blank(session, [label])
    [code] = [label] if label else _next_codes(session, by, 1, at)
    running = _last_running(session, thing.school_id, {thing.catalogue})[thing.catalogue] + 1
    for change in (
        BatchParted(thing.code, code, quantity, is_all),
        BatchReceived(code, thing.code, quantity, to, running),
    ):
        record(session, by, change, at=at, school_id=thing.school_id)
    session.flush()
    return session.get_one(Thing, (thing.school_id, code))


@requires(Permission.ARRANGE)
def split_batch(session: Session, by: Actor, thing: Thing, quantity: int, at: datetime) -> Thing:
    """Make a part of a batch a thing of its own in the same place, for what leaves from there."""
    return _split(session, by, thing, thing.home_id, quantity, at)


@requires(Permission.ARRANGE)
def rejoin_batch(session: Session, by: Actor, thing: Thing, at: datetime) -> None:
    """Let a batch that comes back join the one of its kind in its place, if there is one."""
    if thing.managed_as != ManagedAs.BATCH.value:
        return
    query = select(Thing).where(
        Thing.school_id == thing.school_id,
        Thing.kind_id == thing.kind_id,
        Thing.home_id == thing.home_id,
        Thing.code != thing.code,
        Thing.managed_as == ManagedAs.BATCH.value,
        Thing.status == Status.IN_USE.value,
        Thing.retired_at.is_(None),
    )
    there = session.scalar(query.limit(1))
    quantity = _at_home(session, thing)
    if there is None or not quantity:
        return
    for change in (
        BatchParted(thing.code, there.code, quantity, True),
        BatchReceived(there.code, thing.code, quantity, thing.home_id),
    ):
        record(session, by, change, at=at, school_id=thing.school_id)
    session.flush()


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


# --- for parts of use cases that stand beside ------------------------------------------------


def at_home(session: Session, thing: Thing) -> int:
    """Return how much of a thing is at its home."""
    return _at_home(session, thing)


def is_elsewhere(session: Session, thing: Thing) -> bool:
    """Whether some of a thing is neither at its home nor outside."""
    return _elsewhere(session, thing)


@requires(Permission.ARRANGE)
def blank_codes(
    session: Session, by: Actor, codes: Sequence[str], count: int, at: datetime
) -> list[str]:
    """
    Return codes that nothing bears yet: those of blank labels, else newly minted ones.

    Raises:
        NotFound, CodeTaken: a label's code was never minted, or something bears it.
    """
    if codes:
        _check_blank(session, codes)
        return list(codes)
    return _next_codes(session, by, count, at)


def last_running(session: Session, school_id: str, catalogue: str) -> int:
    """Return the last running number of a catalogue code in the school."""
    return _last_running(session, school_id, {catalogue})[catalogue]
