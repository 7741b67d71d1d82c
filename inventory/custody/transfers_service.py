"""This module is about transfers between schools (调拨): sent, under way, confirmed or refused.

The sender's document (调出) is carried out when it is approved: the things are *in transit* and
stay in the sender's books. The same transaction lays a document (调入) before the receiver. When
the receiver confirms it, one transaction takes the things out of one school's books and puts them
into the other's; both documents are then carried out. Codes and finance cards stay the same.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind, kind_of, kinds_like
from inventory.custody.changes import ThingArrived, ThingTurned
from inventory.custody.service import at_home, look_ahead, title_of, turn, with_what_is_known
from inventory.errors import (
    CannotReverse,
    IsRetired,
    Missing,
    NotEnough,
    NotFound,
    NotInThisState,
    SameSchool,
)
from inventory.journal.rules import canonical
from inventory.journal.service import record
from inventory.ledger import documents_service as documents
from inventory.ledger.documents_changes import (
    DocumentDrafted,
    DocumentRefused,
    DocumentSent,
    DocumentSubmitted,
    LineBound,
    StepDecided,
)
from inventory.ledger.documents_service import (
    Draft,
    Line,
    PlainDeed,
    document_of,
    lines_of,
    next_number,
)
from inventory.ledger.models import Document, DocumentLine, details_of
from inventory.ledger.rules import RECEIVER, DocumentState, DocumentType
from inventory.ledger.service import keeper_of_place, post_line
from inventory.places.models import Place, School, Sort
from inventory.places.service import one_at_a_time
from inventory.register.models import Code, Thing
from inventory.register.rules import Status
from inventory.register.service import code_for_document, rejoin_batch, split_batch
from inventory.scope import Actor, Permission, carrying_out, own_school, requires

RECEIVING_ROLE = "equipment_manager"
KEPT = (
    "unit_price_cents", "purchased", "voucher", "finance_card_no", "note", "serial_no", "maker",
    "supplier", "invoice", "accepted", "warranty_until", "condition",
)  # fmt: skip
"""What a thing takes with it to another school."""


class TransferDeed(PlainDeed):
    """Sends things to another school."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        if not draft.other_school:
            raise Missing(field="other_school")
        if draft.other_school == school:
            raise SameSchool
        _held = look_ahead(session, school, draft.lines)
        lines = [
            with_what_is_known(session, school, one, Status.IN_USE, but=draft.document_id)[0]
            for one in draft.lines
        ]
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        thing = session.get_one(Thing, (document.school_id, line.code))
        if line.quantity > (has := at_home(session, thing)):
            raise NotEnough(has=has, wanted=line.quantity, place=thing.home_id)
        if line.quantity < has:
            thing = split_batch(session, by, thing, line.quantity, at)
            bound = LineBound(document.id, line.n, thing.code)
            record(session, by, bound, at=at, school_id=document.school_id)
        turn(session, by, thing, Status.IN_TRANSFER, document, document.reason, at)

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        """Lay the things before the receiver; they are at their end when they are confirmed."""
        other = document.other_school or ""
        with carrying_out(session, by, other) as acting:
            if session.get(School, other) is None:
                raise NotFound(what="school", key=other)
            arrival = _lay_before(session, acting, document, at)
        change = DocumentSent(document.id, RECEIVER, arrival)
        record(session, by, change, at=at, school_id=document.school_id)
        return False

    def check_reversible(self, session: Session, document: Document) -> None:
        # What another school has is sent back by that school, with its own approval.
        raise CannotReverse(number=document.number, what=document.title)


def _lay_before(session: Session, by: Actor, document: Document, at: datetime) -> str:
    """Write the other school's document, which waits for somebody there."""
    other = document.other_school or ""
    code = code_for_document(session, by, other, at)
    lines = tuple(
        Line(line.code, quantity=line.quantity, unit_price_cents=line.unit_price_cents,
             details=_told(session, line)).as_data()
        for line in lines_of(session, document)
    )  # fmt: skip
    number = next_number(session, other, DocumentType.ARRIVAL, at.year)
    change = DocumentDrafted(
        code, DocumentType.ARRIVAL.value, number,
        document.title, lines, reason=document.reason, other_school=document.school_id,
        other_document=document.id, details=canonical({"number": document.number}),
    )  # fmt: skip
    record(session, by, change, at=at, school_id=other)
    record(session, by, DocumentSubmitted(code, (RECEIVING_ROLE,)), at=at, school_id=other)
    session.flush()
    return code


def _told(session: Session, line: DocumentLine) -> dict[str, object]:
    """What the receiver is told of a thing: its kind in words, for it has kinds of its own."""
    thing = session.get_one(Thing, (line.school_id, line.code))
    kind = kind_of(session, line.school_id, thing.kind_id, alive=False)
    return {
        "number": thing.number,
        "name": kind.name,
        "specification": kind.specification,
        "unit": kind.unit,
        "subject": kind.subject,
        "equipment_class": kind.equipment_class,
        "catalogue_code": kind.catalogue_code,
        "managed_as": kind.managed_as,
        "finance_card_no": thing.finance_card_no,
    }


class ArrivalDeed(PlainDeed):
    """The receiver's side; it is carried out by `confirm_transfer`, not by an approval."""

    def check_reversible(self, session: Session, document: Document) -> None:
        raise CannotReverse(number=document.number, what=document.title)


@requires(Permission.ARRANGE)
def confirm_transfer(
    session: Session, by: Actor, *, school_id: str, document_id: str,
    place_id: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Confirm that what another school sent has arrived: from now on it is in this school's books.

    Raises:
        NotFound: there is no such arrival, or no such place.
        NotInThisState: it was confirmed or refused before.
    """
    school = own_school(by, school_id)
    arrival = _waiting_arrival(session, school, document_id)
    place = session.get(Place, (school, place_id or Sort.UNPLACED.value))
    if place is None or not place.is_standing:
        raise NotFound(what="place", key=place_id or "—")
    if place.retired_at is not None:
        raise IsRetired(what=place.path)
    origin = arrival.other_school or ""
    record(session, by, _approval(arrival, by), at=at, school_id=school)
    with carrying_out(session, by, origin) as acting:
        # Locked in the order of their numbers, so that two schools cannot wait for each other.
        for one in sorted((school, origin)):
            one_at_a_time(session, one)
        sent = document_of(session, origin, arrival.other_document or "")
        if sent.waits_for != RECEIVER:
            raise NotInThisState(number=sent.number, state=sent.state)
        for line in lines_of(session, arrival):
            thing = session.get_one(Thing, (origin, line.code))
            _leave(session, acting, sent, thing, line, at)
            _arrive(session, acting, arrival, thing, line, place.id, at)
        for document in (sent, arrival):
            documents.finish(session, acting, document, at)
    return arrival


def _waiting_arrival(session: Session, school: str, document_id: str) -> Document:
    arrival = document_of(session, school, document_id)
    is_arrival = arrival.type == DocumentType.ARRIVAL.value
    if not is_arrival or arrival.state != DocumentState.SUBMITTED.value:
        raise NotInThisState(number=arrival.number, state=arrival.state)
    return arrival


def _approval(arrival: Document, by: Actor) -> StepDecided:
    return StepDecided(arrival.id, 1, DocumentState.APPROVED.value, by.id)


def _leave(
    session: Session, by: Actor, sent: Document, thing: Thing, line: DocumentLine, at: datetime
) -> None:
    change = ThingTurned(
        thing.code, Status.IN_TRANSFER.value, Status.TRANSFERRED.value, line.quantity, sent.id
    )
    record(session, by, change, at=at, school_id=sent.school_id)
    post_line(
        session, by, document=sent, kind_id=thing.kind_id, quantity=-line.quantity,
        unit_price_cents=thing.unit_price_cents, source=thing.code, at=at,
    )  # fmt: skip


def _arrive(
    session: Session, by: Actor, arrival: Document, thing: Thing, line: DocumentLine,
    place_id: str, at: datetime,
) -> None:  # fmt: skip
    school = arrival.school_id
    kind = _kind_here(session, by, arrival, line, at)
    code = session.get_one(Code, thing.code)
    catalogue = kind.catalogue_code or ""
    change = ThingArrived(
        code=thing.code,
        kind_id=kind.id,
        managed_as=thing.managed_as,
        catalogue=catalogue,
        running=_next_running(session, school, catalogue),
        quantity=line.quantity,
        place=place_id,
        hop=code.hops + 1,
        origin=thing.school_id,
        document=arrival.id,
        keeper=keeper_of_place(session, school, place_id),
        described=(*((name, getattr(thing, name)) for name in KEPT), ("source", "transfer")),
    )
    record(session, by, change, at=at, school_id=school)
    post_line(
        session, by, document=arrival, kind_id=kind.id, quantity=line.quantity,
        unit_price_cents=thing.unit_price_cents, source=thing.code, at=at,
    )  # fmt: skip
    session.flush()


def _next_running(session: Session, school: str, catalogue: str) -> int:
    query = select(func.max(Thing.running)).where(
        Thing.school_id == school, Thing.catalogue == catalogue
    )
    return int(session.scalar(query) or 0) + 1


def _kind_here(
    session: Session, by: Actor, arrival: Document, line: DocumentLine, at: datetime
) -> Kind:
    """The receiver's kind of the same words, or a new one."""
    told = details_of(line)
    key = KindKey(
        str(told["subject"] or ""),
        str(told["catalogue_code"]) if told.get("catalogue_code") else None,
        str(told["name"]),
        str(told["specification"] or ""),
        str(told["unit"]),
    )
    managed_as = ManagedAs(str(told["managed_as"]))
    for found in kinds_like(session, arrival.school_id, [key]).values():
        if found.managed_as == managed_as.value and found.retired_at is None:
            return found
        # The school manages that kind otherwise, or gave it up: the name says it is another.
        key = replace(key, specification=f"{key.specification} ({managed_as.value})".strip())
    return define_kind(
        session, by, key, school_id=arrival.school_id,
        equipment_class=str(told.get("equipment_class") or ""), managed_as=managed_as, at=at,
    )  # fmt: skip


@requires(Permission.ARRANGE)
def refuse_transfer(
    session: Session, by: Actor, *, school_id: str, document_id: str, reason: str, at: datetime
) -> Document:
    """
    Refuse what another school sent: it goes back to the place from where it came.

    Raises:
        Missing: no reason is given.
        NotFound, NotInThisState: there is no arrival that waits.
    """
    school = own_school(by, school_id)
    if not reason.strip():
        raise Missing(field="reason")
    arrival = _waiting_arrival(session, school, document_id)
    said = reason.strip()[:400]
    decided = StepDecided(arrival.id, 1, DocumentState.RETURNED.value, by.id, reason=said)
    record(session, by, decided, at=at, school_id=school)
    with carrying_out(session, by, arrival.other_school or "") as acting:
        for one in sorted((school, arrival.other_school or "")):
            one_at_a_time(session, one)
        _bring_back(session, acting, arrival, said, at)
    return arrival


def _bring_back(session: Session, by: Actor, arrival: Document, reason: str, at: datetime) -> None:
    origin = arrival.other_school or ""
    sent = document_of(session, origin, arrival.other_document or "")
    if sent.waits_for != RECEIVER:
        raise NotInThisState(number=sent.number, state=sent.state)
    for line in lines_of(session, sent):
        change = ThingTurned(
            line.code or "", Status.IN_TRANSFER.value, Status.IN_USE.value, line.quantity, None,
            reason,
        )  # fmt: skip
        record(session, by, change, at=at, school_id=origin)
        session.flush()
        rejoin_batch(session, by, session.get_one(Thing, (origin, line.code)), at)
    record(session, by, DocumentRefused(sent.id, reason), at=at, school_id=origin)


TRANSFER_DEEDS = {
    DocumentType.TRANSFER.value: TransferDeed(),
    DocumentType.ARRIVAL.value: ArrivalDeed(),
}
