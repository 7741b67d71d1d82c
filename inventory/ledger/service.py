"""This module is about posting documents and their lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import kind_of
from inventory.errors import (
    BadQuantity,
    BatchThere,
    CannotRestore,
    CardForOne,
    InAnotherDocument,
    IsRetired,
    Lent,
    Missing,
    NotABatch,
    NotFound,
    NotRetired,
    SerialForOne,
    TooMany,
    WrongStatus,
)
from inventory.identity.service import keepers_named
from inventory.journal.service import record
from inventory.ledger import bound_queries
from inventory.ledger.changes import DocumentPosted, LinePosted
from inventory.ledger.models import Document, DocumentLine
from inventory.ledger.rules import OPEN, PREFIX, DocumentType
from inventory.places.models import Place
from inventory.places.service import one_at_a_time, refuse_locked
from inventory.register import service as register
from inventory.register.changes import ThingRestored
from inventory.register.models import Holding, Thing
from inventory.register.rules import Status, description, shown
from inventory.register.service import NewThing, code_for_document
from inventory.scope import Actor, Permission, own_school, requires

SLICE = 40
"""Things made in one transaction: about 50 ms of the write lane."""
MOST_AT_ONCE = 500


@requires(Permission.IMPORT)
def post_document(
    session: Session, by: Actor, *, type: DocumentType, title: str, school_id: str, at: datetime
) -> Document:
    """Post a document under a code of its own, numbered within school, year and type."""
    return _post_document(session, by, type, title, own_school(by, school_id), at)


def _post_document(
    session: Session, by: Actor, type: DocumentType, title: str, school: str, at: datetime,
    once: str | None = None,
) -> Document:  # fmt: skip
    code = code_for_document(session, by, school, at)
    change = DocumentPosted(code, type.value, _next_number(session, school, type, at), title[:200])
    record(session, by, change, at=at, school_id=school, event_id=once)
    session.flush()  # lines refer to their document
    return session.get_one(Document, (school, code))


def _next_number(session: Session, school_id: str, type: DocumentType, at: datetime) -> str:
    stem = f"{PREFIX[type]}-{at.year}-"
    count = session.scalar(
        select(func.count()).where(
            Document.school_id == school_id, Document.number.like(f"{stem}%")
        )
    )
    return f"{stem}{int(count or 0) + 1:04d}"


@requires(Permission.IMPORT)
def post_line(
    session: Session,
    by: Actor,
    *,
    document: Document,
    kind_id: str,
    quantity: int,
    unit_price_cents: int | None = None,
    on: str | None = None,
    voucher: str | None = None,
    source_key: str | None = None,
    source: str | None = None,
    at: datetime,
) -> str:
    """Enter one line of a document into the ledger and return its id."""
    return _post_line(
        session, by, document=document, kind_id=kind_id, quantity=quantity,
        unit_price_cents=unit_price_cents, on=on, voucher=voucher, source_key=source_key,
        source=source, at=at,
    )  # fmt: skip


def _post_line(
    session: Session, by: Actor, *, document: Document, kind_id: str, quantity: int,
    unit_price_cents: int | None = None, on: str | None = None, voucher: str | None = None,
    source_key: str | None = None, source: str | None = None, at: datetime,
) -> str:  # fmt: skip
    change = LinePosted(
        id=new_id(at),
        document=document.id,
        kind_id=kind_id,
        quantity=quantity,
        unit_price_cents=unit_price_cents,
        on=on,
        voucher=voucher,
        source_key=source_key,
        source=source,
    )
    record(session, by, change, at=at, school_id=document.school_id)
    return change.id


# --- by hand -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody enters by hand: so much of a kind in a place; the keeper by name."""

    kind_id: str
    quantity: int
    place_id: str
    keeper: str | None = None
    unit_price_cents: int | None = None
    purchased: str | None = None
    voucher: str | None = None
    finance_card_no: str | None = None
    note: str | None = None
    codes: tuple[str, ...] = ()
    """Codes of blank labels that are stuck on already."""
    details: Mapping[str, str | None] = field(default_factory=dict)
    """What more is known: serial number, maker and so on, see `register.rules.description`."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of an entry: its document, the codes of new things, or the batch it joined."""

    document_id: str
    codes: tuple[str, ...]
    joined: str | None
    left: int
    """How many single things of the entry are still to be made."""


@requires(Permission.ARRANGE)
def enter_things(
    session: Session, by: Actor, entry: Entry, *, school_id: str, once: str | None = None,
    document_id: str | None = None, at: datetime,
) -> Entered:  # fmt: skip
    """
    Bring in things by hand: a receipt, its line, and the things under their codes.

    Single things are made `SLICE` at a time; the next turn gets the document of the first.
    `once` is the client's id of the first turn, so that a form that is sent twice enters once.

    Raises:
        NotFound, IsRetired: kind, place or code are not there, or were given up.
        BadQuantity, TooMany, Invalid: a value is not possible.
        BatchThere: a blank label was named, and a batch of this kind is there already.
        CodeTaken: something bears the code already.
        AlreadyRecorded (at commit): the form was sent before.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    kind = kind_of(session, school, entry.kind_id)
    _check_entry(kind, entry)
    refuse_locked(session, school, (entry.place_id,))
    if document_id is None:
        register.check_doubles(
            session, school, kind.id, finance_card_no=entry.finance_card_no,
            serial_no=entry.details.get("serial_no"),
        )  # fmt: skip
        document = _post_document(
            session, by, DocumentType.RECEIPT, kind.title, school, at, once=once
        )
    else:
        document = session.get_one(Document, (school, document_id))
    is_item = kind.managed_as == ManagedAs.ITEM.value
    part = min(entry.quantity, SLICE) if is_item else entry.quantity
    _post_entry(session, by, document, kind, entry, part, at)
    new = _new_thing(session, by, kind, entry, school, at)
    if not is_item and (batch := _batch_at(session, kind, entry.place_id)):
        if entry.codes:
            raise _there(session, batch)
        register.grow_batch(session, by, batch=batch, quantity=part, at=at)
        return Entered(document.id, (), batch.code, 0)
    made = register.register_things(
        session, by, [new] * part if is_item else [new], school_id=school,
        codes=entry.codes[:part], at=at,
    )  # fmt: skip
    return Entered(document.id, tuple(made), None, entry.quantity - part if is_item else 0)


def _check_entry(kind: Kind, entry: Entry) -> None:
    if not 1 <= entry.quantity <= register.MOST_PIECES:
        raise BadQuantity(field="quantity", value=entry.quantity)
    is_item = kind.managed_as == ManagedAs.ITEM.value
    if is_item and entry.quantity > MOST_AT_ONCE:
        raise TooMany(count=entry.quantity, limit=MOST_AT_ONCE)
    wanted = entry.quantity if is_item else 1
    if entry.finance_card_no and wanted > 1:
        raise CardForOne(field="finance_card_no", value=entry.finance_card_no)
    if entry.details.get("serial_no") and entry.quantity > 1:
        raise SerialForOne(field="serial_no", value=entry.details["serial_no"])
    if entry.codes and len(entry.codes) != wanted:
        raise BadQuantity(field="codes", value=len(entry.codes))


def _post_entry(
    session: Session, by: Actor, document: Document, kind: Kind, entry: Entry, quantity: int,
    at: datetime,
) -> None:  # fmt: skip
    _post_line(
        session, by, document=document, kind_id=kind.id, quantity=quantity,
        unit_price_cents=entry.unit_price_cents, on=entry.purchased, voucher=entry.voucher, at=at,
    )  # fmt: skip


def _new_thing(
    session: Session, by: Actor, kind: Kind, entry: Entry, school: str, at: datetime
) -> NewThing:
    told = description(
        {
            "keeper": entry.keeper,
            "unit_price_cents": entry.unit_price_cents,
            "purchased": entry.purchased,
            "voucher": entry.voucher,
            "finance_card_no": entry.finance_card_no,
            "note": entry.note,
            **entry.details,
        }
    )
    keeper = str(told["keeper"]) if told["keeper"] else ""
    keeper_id = keeper_of_place(session, school, entry.place_id)
    if keeper:
        keeper_id = keepers_named(session, by, [keeper], school, at)[keeper]
    is_item = kind.managed_as == ManagedAs.ITEM.value
    return NewThing(
        kind=kind,
        managed_as=ManagedAs(kind.managed_as),
        quantity=1 if is_item else entry.quantity,
        place_id=entry.place_id,
        keeper_id=keeper_id,
        unit_price_cents=entry.unit_price_cents,
        purchased=_text(told["purchased"]),
        voucher=_text(told["voucher"]),
        finance_card_no=_text(told["finance_card_no"]),
        note=_text(told["note"]),
        **{name: _text(told[name]) for name in entry.details},
    )


def keeper_of_place(session: Session, school_id: str, place_id: str | None) -> str | None:
    """Who keeps a place: its own keeper, else that of the place above it."""
    while place_id is not None:
        place = session.get(Place, (school_id, place_id))
        if place is None or place.keeper_id is not None:
            return place.keeper_id if place else None
        place_id = place.parent_id
    return None


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _batch_at(session: Session, kind: Kind, place_id: str) -> Thing | None:
    return register.batches_of(session, kind.school_id, [kind.id]).get((kind.id, place_id))


def _there(session: Session, batch: Thing) -> BatchThere:
    place = session.get_one(Place, (batch.school_id, batch.home_id))
    return BatchThere(place=place.path, code_shown=shown(batch.code), code=batch.code)


def _refuse_bound(session: Session, thing: Thing, left: int) -> None:
    """Refuse to take back what is lent, is in a document, or is not simply in use."""
    if thing.status != Status.IN_USE.value:
        raise WrongStatus(what=thing.number, status=thing.status)
    back = bound_queries.being_taken_back(thing.school_id, [thing.code])
    if row := session.execute(back).first():
        raise InAnotherDocument(what=thing.number, number=row[2])
    out = thing.lent + in_open_documents(session, thing.school_id, thing.code)
    if out > left:
        raise Lent(what=thing.number, has=left, lent=out)


def in_open_documents(session: Session, school_id: str, code: str) -> int:
    """Return how much of a thing stands in documents that are not finished."""
    query = (
        select(func.sum(DocumentLine.quantity))
        .join(
            Document,
            (Document.school_id == DocumentLine.school_id)
            & (Document.id == DocumentLine.document_id),
        )
        .where(
            DocumentLine.school_id == school_id,
            DocumentLine.code == code,
            Document.state.in_([one.value for one in OPEN]),
        )
    )
    return int(session.scalar(query) or 0)


@requires(Permission.ARRANGE)
def retire_thing(
    session: Session, by: Actor, *, school_id: str, code: str, reason: str,
    at: datetime,
) -> Document:  # fmt: skip
    """
    Take back a thing that was entered wrongly, by a correction; its code is retired.

    Raises:
        NotFound, IsRetired: there is no such thing in use.
        WrongStatus, Lent: it is in repair, lent, or in a document that is not finished.
        Missing: no reason is given.
        NotAllHere: some of it is not at its place.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    thing = register.thing_of(session, school, code)
    if not reason.strip():
        raise Missing(field="reason")
    _refuse_bound(session, thing, 0)
    document = _post_document(session, by, DocumentType.CORRECTION, reason.strip(), school, at)
    quantity = register.retire_thing(
        session, by, thing=thing, document=document.id, reason=reason.strip(), at=at
    )
    _correct(session, by, document, thing, -quantity, at)
    return document


def _correct(
    session: Session, by: Actor, document: Document, thing: Thing, quantity: int, at: datetime
) -> None:
    if quantity:
        _post_line(
            session, by, document=document, kind_id=thing.kind_id, quantity=quantity,
            unit_price_cents=thing.unit_price_cents, source=thing.code, at=at,
        )  # fmt: skip
        session.flush()


@requires(Permission.ARRANGE)
def restore_thing(
    session: Session, by: Actor, *, school_id: str, code: str, at: datetime
) -> Document:
    """
    Bring back a thing that was retired by mistake, to the place where it was.

    Raises:
        NotFound: there is no such thing.
        NotRetired: it is in use.
        IsRetired: its place or its kind was given up meanwhile.
        BatchThere: another batch of its kind is there now.
        CannotRestore: it joined another batch.
        Locked: its place is.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    thing = session.get(Thing, (school, code))
    if thing is None:
        raise NotFound(what="thing", key=shown(code))
    if thing.retired_at is None:
        raise NotRetired(what=thing.number)
    if thing.retired_quantity is None:
        raise CannotRestore(number=thing.number)
    kind = kind_of(session, school, thing.kind_id)
    home = session.get_one(Place, (school, thing.home_id))
    if home.retired_at is not None:
        raise IsRetired(what=home.path)
    refuse_locked(session, school, (home.id,))
    if thing.managed_as == ManagedAs.BATCH.value and (
        batch := _batch_at(session, kind, thing.home_id)
    ):
        raise _there(session, batch)
    quantity = thing.retired_quantity
    document = _post_document(session, by, DocumentType.CORRECTION, kind.title, school, at)
    change = ThingRestored(thing.code, quantity, document.id)
    record(session, by, change, at=at, school_id=school)
    _correct(session, by, document, thing, quantity, at)
    return document


@requires(Permission.ARRANGE)
def correct_quantity(
    session: Session, by: Actor, *, school_id: str, code: str, quantity: int, reason: str,
    at: datetime,
) -> Document | None:  # fmt: skip
    """
    Say how many pieces a batch was really entered with, by a correction; None if it is right.

    Raises:
        NotFound, IsRetired: there is no such thing in use.
        NotABatch: a single thing has no quantity.
        BadQuantity: not a number of pieces; for none of it at all, retire it.
        Missing: no reason is given.
        WrongStatus, Lent: it is in repair, or less than what is lent or in open documents.
        Locked: its place is.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    thing = register.thing_of(session, school, code)
    if thing.managed_as != ManagedAs.BATCH.value:
        raise NotABatch(number=thing.number)
    if not 1 <= quantity <= register.MOST_PIECES:
        raise BadQuantity(field="quantity", value=quantity)
    if not reason.strip():
        raise Missing(field="reason")
    holding = session.get(Holding, (school, code, thing.home_id))
    difference = quantity - (holding.quantity if holding else 0)
    if not difference:
        return None
    _refuse_bound(session, thing, quantity)
    refuse_locked(session, school, (thing.home_id,))
    document = _post_document(session, by, DocumentType.CORRECTION, reason.strip(), school, at)
    if difference > 0:
        register.grow_batch(session, by, batch=thing, quantity=difference, at=at)
    else:
        register.reduce_batch(
            session, by, batch=thing, quantity=-difference, document=document.id, at=at
        )
    _correct(session, by, document, thing, difference, at)
    return document
