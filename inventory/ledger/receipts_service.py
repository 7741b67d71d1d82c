"""This module is about receipts (验收入库): what an invoice brings becomes things, in one press."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import kind_now, kind_of
from inventory.errors import (
    BadQuantity,
    CannotReverse,
    Invalid,
    IsRetired,
    Missing,
    NotFound,
    TooMany,
    VoucherUsed,
    WithoutUnit,
)
from inventory.journal.queries import subjects_of
from inventory.journal.service import record
from inventory.ledger import bound_queries
from inventory.ledger.documents_changes import DocumentExecuted, DocumentSubmitted, LineBound
from inventory.ledger.documents_service import (
    Draft,
    Line,
    PlainDeed,
    lines_of,
)
from inventory.ledger.models import Document, DocumentLine, LedgerLine, details_of
from inventory.ledger.rules import DocumentState, DocumentType
from inventory.ledger.service import keeper_of_place, post_line
from inventory.places.models import Place, Sort
from inventory.places.service import refuse_locked
from inventory.register import service as register
from inventory.register.changes import ThingRegistered
from inventory.register.models import Thing
from inventory.register.queries import lots_now
from inventory.register.rules import DATE, description
from inventory.register.service import NewThing
from inventory.scope import Actor

MOST_PIECES = 500
"""Single things of one receipt."""
LONGEST_SERIAL = 60
PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class Portion:
    """What one step of a receipt makes: some single things of a line, or its whole batch."""

    line: DocumentLine
    kind: Kind
    start: int
    count: int


class ReceiptDeed(PlainDeed):
    """Posts the voucher's lines and makes the things, each under a code of its own."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        """
        Check kinds, places, prices, serial numbers and the voucher.

        Raises:
            Missing: the voucher's number, or a kind, is not given.
            VoucherUsed: a document, or a line of the old ledger, has it already.
            WithoutUnit, IsRetired, NotFound, BadQuantity, TooMany, Invalid: a line is wrong.
        """
        voucher = (draft.voucher or "").strip()
        if not voucher:
            raise Missing(field="voucher")
        _refuse_used(session, school, voucher, draft)
        _refuse_doubles([serial for one in draft.lines for serial in _serials(one.details)])
        _refuse_ranges(draft.lines)
        lines = tuple(_completed(session, school, one) for one in draft.lines)
        pieces = sum(
            one.quantity for one in lines if _is_item(kind_of(session, school, one.kind_id or ""))
        )
        if pieces > MOST_PIECES:
            raise TooMany(count=pieces, limit=MOST_PIECES)
        purchased = draft.details.get("purchased")
        if purchased and not DATE.fullmatch(str(purchased)):
            raise Invalid(field="purchased", value=str(purchased)[:60])
        title = draft.title.strip() or _title(session, school, lines)
        return replace(draft, lines=lines, title=title)

    def units(self, session: Session, document: Document) -> int:
        return sum(one.count for one in _portions(session, document))

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        for portion in _between(_portions(session, document), start, stop):
            _post(session, by, document, portion, at)
            if _is_item(portion.kind):
                _make_items(session, by, document, portion, at)
            else:
                _make_batch(session, by, document, portion, at)

    def left_when_cut(self, session: Session, document: Document) -> tuple[tuple[int, int], ...]:
        made = _between(_portions(session, document), 0, document.done)
        return tuple(
            (one.line.n, one.count if _is_item(one.kind) else one.line.quantity) for one in made
        )

    def check_reversible(self, session: Session, document: Document) -> None:
        """
        Refuse to take back what is no longer as it came, before anything of it is done.

        Raises:
            CannotReverse: a thing is lent, in repair, in another document, locked in, scrapped
                or retired, or a batch has become less.
        """
        portions = _portions(session, document)
        wanted = dict.fromkeys((thing.code for thing in _made(session, document)), 1)
        if len(wanted) != sum(one.count for one in portions if _is_item(one.kind)):
            raise CannotReverse(number=document.number, what=document.title)
        for one in portions:
            if not _is_item(one.kind):
                code = _batch_now(session, document, one.line).code
                wanted[code] = wanted.get(code, 0) + one.line.quantity
        school = document.school_id
        for thing in bound_queries.bound(session, school, wanted, taken_back=document.id):
            raise CannotReverse(number=document.number, what=thing.number)

    def take_back(
        self, session: Session, by: Actor, document: Document, counter: Document,
        start: int, stop: int, at: datetime,
    ) -> None:  # fmt: skip
        for portion in _between(_portions(session, document), start, stop):
            _post(session, by, counter, portion, at, back=True)
            if _is_item(portion.kind):
                self._take_items(session, by, document, counter, portion, at)
            else:
                thing = _batch_now(session, document, portion.line)
                register.reduce_batch(
                    session, by, batch=thing, quantity=portion.line.quantity,
                    document=counter.id, at=at,
                )  # fmt: skip

    def _take_items(
        self, session: Session, by: Actor, document: Document, counter: Document,
        portion: Portion, at: datetime,
    ) -> None:  # fmt: skip
        made = [one for one in _made(session, document) if one.kind_id == portion.kind.id]
        before = sum(
            one.quantity
            for one in lines_of(session, document)
            if _kind_of(session, document, one).id == portion.kind.id and one.n < portion.line.n
        )
        first = before + portion.start
        for thing in made[first : first + portion.count]:
            register.retire_thing(session, by, thing=thing, document=counter.id, at=at)


def _is_item(kind: Kind) -> bool:
    return kind.managed_as == ManagedAs.ITEM.value


def _serials(details: object) -> list[str]:
    found = details.get("serials") if isinstance(details, dict) else None
    return [str(one) for one in found] if isinstance(found, list | tuple) else []


def _refuse_doubles(serials: Sequence[str]) -> None:
    seen: set[str] = set()
    for serial in serials:
        if len(serial) > LONGEST_SERIAL or serial in seen:
            raise Invalid(field="serial", value=serial[:60])
        seen.add(serial)


_RANGE = re.compile(r"(?P<head>.*?)(?P<first>[0-9]{1,9})[-~～至到—](?P=head)(?P<last>[0-9]{1,9})")


def _refuse_ranges(lines: Sequence[Line]) -> None:
    """A001-A024 for 24 things is no number of one of them: each is given by itself."""
    for line in lines:
        serials = _serials(line.details)
        match = _RANGE.fullmatch(serials[0]) if len(serials) == 1 and line.quantity > 1 else None
        if match and int(match["first"]) < int(match["last"]):
            raise Invalid(field="serial", value=serials[0])


def _refuse_used(session: Session, school: str, voucher: str, draft: Draft) -> None:
    document = session.scalar(
        select(Document)
        .where(
            Document.school_id == school,
            Document.type == DocumentType.RECEIPT.value,
            Document.voucher == voucher,
            Document.state != DocumentState.WITHDRAWN.value,
            Document.reversed_by.is_(None),
        )
        .limit(1)
    )
    if document is not None and document.id != draft.document_id:
        raise VoucherUsed(voucher=voucher, number=document.number)
    number = session.scalar(
        select(Document.number)
        .join(
            LedgerLine,
            (LedgerLine.school_id == Document.school_id) & (LedgerLine.document_id == Document.id),
        )
        .where(
            LedgerLine.school_id == school,
            LedgerLine.voucher == voucher,
            Document.type != DocumentType.RECEIPT.value,
            Document.type != DocumentType.REVERSAL.value,
        )
        .limit(1)
    )
    if number is not None:
        raise VoucherUsed(voucher=voucher, number=number)


def _completed(session: Session, school: str, line: Line) -> Line:
    """A line with its kind, price and place looked at."""
    if not line.kind_id:
        raise Missing(field="kind")
    kind = kind_of(session, school, line.kind_id)
    if not kind.unit:
        raise WithoutUnit(what=kind.title)
    if not 1 <= line.quantity <= register.MOST_PIECES:
        raise BadQuantity(field="quantity", value=line.quantity)
    description({"unit_price_cents": line.unit_price_cents})
    if line.place_id is not None:
        place = session.get(Place, (school, line.place_id))
        if place is None or not place.is_standing:
            raise NotFound(what="place", key=line.place_id)
        if place.retired_at is not None:
            raise IsRetired(what=place.path)
        refuse_locked(session, school, (place.id,))
    serials = _serials(line.details)
    if len(serials) > (line.quantity if _is_item(kind) else 0):
        raise BadQuantity(field="serials", value=len(serials))
    register.refuse_serials(session, school, kind.id, serials)
    return line


def _title(session: Session, school: str, lines: Sequence[Line]) -> str:
    first = kind_of(session, school, lines[0].kind_id or "")
    return f"{first.title} × {lines[0].quantity}" + (" …" if len(lines) > 1 else "")


def _kind_of(session: Session, document: Document, line: DocumentLine) -> Kind:
    """The kind of a line as it is now: it may have been merged into another one since."""
    kind = kind_of(session, document.school_id, line.kind_id or "", alive=False)
    return kind_now(session, kind)


def _portions(session: Session, document: Document) -> list[Portion]:
    portions = []
    lines = lines_of(session, document)
    ids = sorted({line.kind_id for line in lines if line.kind_id})
    of_here = Kind.school_id == document.school_id
    _held = session.scalars(select(Kind).where(of_here, Kind.id.in_(ids))).all()
    for line in lines:
        kind = _kind_of(session, document, line)
        portions.append(Portion(line, kind, 0, line.quantity if _is_item(kind) else 1))
    return portions


def _between(portions: Sequence[Portion], start: int, stop: int) -> Iterator[Portion]:
    """The parts of portions that lie between two steps."""
    at = 0
    for one in portions:
        first, last = max(start, at), min(stop, at + one.count)
        if first < last:
            yield replace(one, start=first - at, count=last - first)
        at += one.count


def _post(
    session: Session, by: Actor, document: Document, portion: Portion, at: datetime,
    *, back: bool = False,
) -> None:  # fmt: skip
    line = portion.line
    details = details_of(document)
    quantity = portion.count if _is_item(portion.kind) else line.quantity
    post_line(
        session, by, document=document, kind_id=portion.kind.id,
        quantity=-quantity if back else quantity,
        unit_price_cents=line.unit_price_cents,
        on=_text(details.get("purchased")), voucher=document.voucher, at=at,
    )  # fmt: skip


def _text(value: object) -> str | None:
    return str(value) if value else None


def _new(session: Session, document: Document, portion: Portion) -> NewThing:
    line, kind = portion.line, portion.kind
    details = details_of(document)
    place_id = line.place_id or Sort.UNPLACED.value
    return NewThing(
        kind=kind,
        managed_as=ManagedAs(kind.managed_as),
        quantity=1 if _is_item(kind) else line.quantity,
        place_id=place_id,
        keeper_id=line.person_id or keeper_of_place(session, document.school_id, place_id),
        unit_price_cents=line.unit_price_cents,
        purchased=_text(details.get("purchased")),
        voucher=document.voucher,
        note=line.note,
        maker=_text(details_of(line).get("maker")),
        supplier=_text(details.get("supplier")),
        invoice=document.voucher,
        accepted=_text(details.get("accepted")),
        source=_text(details.get("source")) or PURCHASE,
        document=document.id,
    )


def _make_items(
    session: Session, by: Actor, document: Document, portion: Portion, at: datetime
) -> None:
    new = _new(session, document, portion)
    serials = _serials(details_of(portion.line))[portion.start : portion.start + portion.count]
    things = [replace(new, serial_no=serial) for serial in serials]
    things += [new] * (portion.count - len(things))
    register.register_things(session, by, things, school_id=document.school_id, at=at)


def _make_batch(
    session: Session, by: Actor, document: Document, portion: Portion, at: datetime
) -> None:
    new = _new(session, document, portion)
    school = document.school_id
    found = register.batches_of(session, school, [portion.kind.id])
    batch = found.get((portion.kind.id, new.place_id))
    if batch is not None:
        code = batch.code
        register.grow_batch(
            session, by, batch=batch, quantity=new.quantity, document=document.id, at=at
        )
    else:
        [code] = register.register_things(session, by, [new], school_id=school, at=at)
    change = LineBound(document.id, portion.line.n, code)
    record(session, by, change, at=at, school_id=school)
    session.flush()


def _batch_now(session: Session, document: Document, line: DocumentLine) -> Thing:
    """The batch that the pieces of a line are in now."""
    code = line.code or ""
    lot = lots_now(session, document.school_id, [code])[code]
    return session.get_one(Thing, (document.school_id, lot))


def _made(session: Session, document: Document) -> list[Thing]:
    """
    The single things that a receipt made, in the order in which they were made.

    The journal knows them: a thing itself names the document by which it came to its status.
    """
    codes = subjects_of(
        session, document.school_id, ThingRegistered.kind, mention=document.id,
        subject=document.id, between=(DocumentSubmitted.kind, DocumentExecuted.kind),
    )  # fmt: skip
    query = select(Thing).where(
        Thing.school_id == document.school_id,
        Thing.code.in_(codes),
        Thing.managed_as == ManagedAs.ITEM.value,
    )
    return list(session.scalars(query.order_by(Thing.code)))
