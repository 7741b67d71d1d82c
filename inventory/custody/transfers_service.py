"""This module is about transfers between schools (调拨): sent, under way, confirmed or refused.

The sender's document (调出) is carried out when it is approved: the things are *in transit* and
stay in the sender's books. Its last slice lays a document (调入) before the receiver. When the
receiver confirms it, it is carried out as well: each slice takes things out of one school's books
and puts them into the other's, in one transaction; after the last one both documents are at their
end. What is refused comes back in slices too. Codes, carriers and finance cards stay the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import Base
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind, kinds_like
from inventory.custody.belongings_service import pass_on
from inventory.custody.changes import OutcomeNoted, ThingArrived, ThingTurned
from inventory.custody.service import (
    at_home,
    is_item,
    look_ahead,
    refuse_locked_homes,
    things_in,
    title_of,
    turn,
    with_what_is_known,
)
from inventory.errors import (
    CannotReverse,
    IsRetired,
    KindThere,
    Missing,
    NotEnough,
    NotFound,
    NotInThisState,
    SameSchool,
)
from inventory.journal.changes import note_absent
from inventory.journal.rules import canonical
from inventory.journal.service import record
from inventory.ledger import documents_service as documents
from inventory.ledger.documents_changes import (
    DocumentDrafted,
    DocumentRefused,
    DocumentSent,
    DocumentSubmitted,
    DocumentWithdrawn,
    LineBound,
    StepDecided,
)
from inventory.ledger.documents_service import (
    SLICE,
    Deed,
    Draft,
    Line,
    PlainDeed,
    Rules,
    document_of,
    lines_of,
    next_number,
)
from inventory.ledger.models import Document, DocumentLine, details_of
from inventory.ledger.rules import RECEIVER, DocumentState, DocumentType
from inventory.ledger.service import keeper_of_place, post_line
from inventory.places.models import Place, School, Sort
from inventory.places.service import one_at_a_time, refuse_locked
from inventory.register.models import Code, Holding, Thing
from inventory.register.rules import Status
from inventory.register.service import (
    code_for_document,
    last_running,
    rejoin_batch,
    split_batch,
)
from inventory.scope import Actor, Permission, carrying_out, own_school, requires

RECEIVING_ROLE = "equipment_manager"
KEPT = (
    "unit_price_cents", "purchased", "voucher", "finance_card_no", "note", "serial_no", "maker",
    "supplier", "invoice", "accepted", "warranty_until", "condition",
)  # fmt: skip
"""What a thing takes with it to another school."""
KIND_WORDS = frozenset({
    "subject", "catalogue_code", "name", "specification", "unit", "managed_as", "equipment_class",
})  # fmt: skip
"""What the receiver's kind of a thing is found by, or made of."""
MOST_NAMES = 20


class TransferDeed(PlainDeed):
    """Sends things to another school; when that one refuses them, brings them back."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        if not draft.other_school:
            raise Missing(field="other_school")
        if draft.other_school == school:
            raise SameSchool
        with carrying_out(session, by, draft.other_school):  # a school sees only itself
            if session.get(School, draft.other_school) is None:
                raise NotFound(what="school", key=draft.other_school[:60])
        _held = look_ahead(session, school, draft.lines)
        lines = [
            with_what_is_known(session, school, one, Status.IN_USE, but=draft.document_id)[0]
            for one in draft.lines
        ]
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        refuse_locked_homes(session, document)

    def units(self, session: Session, document: Document) -> int:
        """Its lines; a long one is laid before the receiver in a slice of its own."""
        lines = len(lines_of(session, document))
        return lines if lines < SLICE else -(-lines // SLICE) * SLICE + 1

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        part = lines_of(session, document)[start:stop]
        _held = things_in(session, document.school_id, part)
        comes_back = _refused(document)
        for line in part:
            if comes_back is None:
                self.do(session, by, document, line, at)
            else:
                _bring_back(session, by, document, line, comes_back, at)

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
        school, comes_back = document.school_id, _refused(document)
        if comes_back is not None:
            refused = DocumentRefused(document.id, comes_back)
            record(session, by, refused, at=at, school_id=school)
            return False
        other = document.other_school or ""
        with carrying_out(session, by, other) as acting:
            if session.get(School, other) is None:
                raise NotFound(what="school", key=other)
            arrival = _lay_before(session, acting, document, at)
        change = DocumentSent(document.id, RECEIVER, arrival)
        record(session, by, change, at=at, school_id=school)
        return False

    def comes_back(self, document: Document) -> bool:
        return _refused(document) is not None

    def check_reversible(self, session: Session, document: Document) -> None:
        # What another school has is sent back by that school, with its own approval.
        raise CannotReverse(number=document.number, what=document.title)


def _refused(document: Document) -> str | None:
    """Why the receiver refused what was sent, while it comes back; else None."""
    details = details_of(document)
    # The mark is of one round: when the document is handed in again it says nothing.
    return str(details["said"]) if details.get("refused") == document.round else None


def _lay_before(session: Session, by: Actor, document: Document, at: datetime) -> str:
    """Write the other school's document, which waits for somebody there."""
    other = document.other_school or ""
    code = code_for_document(session, by, other, at)
    lines = lines_of(session, document)
    held = things_in(session, document.school_id, lines)
    kinds = {one.kind_id for one in held if isinstance(one, Thing)}
    _kinds = session.scalars(
        select(Kind).where(Kind.school_id == document.school_id, Kind.id.in_(sorted(kinds)))
    ).all()
    told = tuple(
        Line(line.code, quantity=line.quantity, unit_price_cents=line.unit_price_cents,
             details=_told(session, line)).as_data()
        for line in lines
    )  # fmt: skip
    number = next_number(session, other, DocumentType.ARRIVAL, at.year)
    change = DocumentDrafted(
        code, DocumentType.ARRIVAL.value, number,
        document.title, told, reason=document.reason, other_school=document.school_id,
        other_document=document.id, details=canonical({"number": document.number}),
    )  # fmt: skip
    record(session, by, change, at=at, school_id=other)
    record(session, by, DocumentSubmitted(code, (RECEIVING_ROLE,)), at=at, school_id=other)
    session.flush()
    return code


def _told(session: Session, line: DocumentLine) -> dict[str, object]:
    """What the receiver is told of a thing: its kind in words, for it has kinds of its own."""
    thing = session.get_one(Thing, (line.school_id, line.code))
    kind = session.get_one(Kind, (line.school_id, thing.kind_id))
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


# --- confirmed -----------------------------------------------------------------------------


@requires(Permission.ARRANGE)
def confirm_transfer(
    session: Session, by: Actor, *, school_id: str, document_id: str,
    place_id: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Confirm that what another school sent has arrived; the first slice of it is taken over.

    The rest is taken over as any approved document is carried out, by `documents.advance`.

    Raises:
        NotFound: there is no such arrival, or no such place.
        IsRetired, Locked: the place was given up, or is locked.
        NotInThisState: it was confirmed or refused before.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    arrival = _waiting_arrival(session, school, document_id)
    place = session.get(Place, (school, place_id or Sort.UNPLACED.value))
    if place is None or not place.is_standing:
        raise NotFound(what="place", key=place_id or "—")
    if place.retired_at is not None:
        raise IsRetired(what=place.path)
    refuse_locked(session, school, {place.id})
    record(session, by, _approval(arrival, by), at=at, school_id=school)
    told = canonical({**details_of(arrival), "place": place.id})
    record(session, by, OutcomeNoted(arrival.id, told), at=at, school_id=school)
    session.flush()
    documents.advance(session, by, school_id=school, document_id=arrival.id, rules=_rules(), at=at)
    return arrival


def _rules() -> Rules:
    return Rules(TRANSFER_DEEDS, {})


def _waiting_arrival(session: Session, school: str, document_id: str) -> Document:
    arrival = document_of(session, school, document_id)
    is_arrival = arrival.type == DocumentType.ARRIVAL.value
    if not is_arrival or arrival.state != DocumentState.SUBMITTED.value:
        raise NotInThisState(number=arrival.number, state=arrival.state)
    return arrival


def _approval(arrival: Document, by: Actor) -> StepDecided:
    return StepDecided(arrival.id, 1, DocumentState.APPROVED.value, by.id)


class ArrivalDeed(PlainDeed):
    """The receiver's side: what was confirmed leaves one school's books and enters the other's."""

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        origin = document.other_school or ""
        part = lines_of(session, document)[start:stop]
        with carrying_out(session, by, origin) as acting:
            # In the order of their numbers; two that have their own and want each other's are
            # told apart by PostgreSQL, and one of them is tried again.
            for one in sorted((document.school_id, origin)):
                one_at_a_time(session, one)
            sent = _sent(session, document)
            _held = things_in(session, origin, part)
            _here = _look_here(session, document, part)
            taking = _Taking(session, acting, document, at)
            for line in part:
                thing = session.get_one(Thing, (origin, line.code))
                _leave(session, acting, sent, thing, line, at)
                _arrive(taking, thing, line)
            codes = [line.code for line in part if line.code]
            pass_on(session, acting, codes, sent=sent, arrival=document, at=at)

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        with carrying_out(session, by, document.other_school or "") as acting:
            documents.finish(session, acting, _sent(session, document), at)
        return True

    def check_reversible(self, session: Session, document: Document) -> None:
        raise CannotReverse(number=document.number, what=document.title)


def _sent(session: Session, arrival: Document) -> Document:
    """
    Return the sender's document of an arrival that it waits for.

    Raises:
        NotInThisState: it waits for another one, or for none.
    """
    sent = document_of(session, arrival.other_school or "", arrival.other_document or "")
    if sent.waits_for != RECEIVER or sent.other_document != arrival.id:
        raise NotInThisState(number=sent.number, state=sent.state)
    return sent


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


def _look_here(session: Session, arrival: Document, lines: Sequence[DocumentLine]) -> list[Base]:
    """Read at once which of the things were here before, so that none is asked for by itself."""
    school, codes = arrival.school_id, [line.code for line in lines if line.code]
    place_id = _place_of(arrival)
    found = things_in(session, school, lines, place_id)
    note_absent(session, Thing, [(school, code) for code in codes], found)
    spots = [(school, code, spot) for code in codes for spot in (Sort.OUTSIDE.value, place_id)]
    note_absent(session, Holding, spots, found)
    return found


def _place_of(arrival: Document) -> str:
    """Where somebody said that the things of an arrival are put."""
    return str(details_of(arrival).get("place") or Sort.UNPLACED.value)


class _Taking:
    """What the things of one slice have in common where they arrive, asked once."""

    def __init__(self, session: Session, by: Actor, arrival: Document, at: datetime) -> None:
        self.session, self.by, self.arrival, self.at = session, by, arrival, at
        self.school = arrival.school_id
        self.place_id = _place_of(arrival)
        self.keeper = keeper_of_place(session, self.school, self.place_id)
        self._running: dict[str, int] = {}
        self._kinds: dict[str, Kind] = {}

    def running(self, catalogue: str) -> int:
        """Return the next running number under a catalogue code."""
        if catalogue not in self._running:
            self._running[catalogue] = last_running(self.session, self.school, catalogue)
        self._running[catalogue] += 1
        return self._running[catalogue]

    def kind(self, line: DocumentLine) -> Kind:
        """Return the receiver's kind of the same words, or a new one."""
        told = details_of(line)
        words = canonical({name: value for name, value in told.items() if name in KIND_WORDS})
        if words not in self._kinds:
            self._kinds[words] = _kind_here(self.session, self.by, self.school, told, self.at)
        return self._kinds[words]


def _arrive(taking: _Taking, thing: Thing, line: DocumentLine) -> None:
    session, by, school, at = taking.session, taking.by, taking.school, taking.at
    kind = taking.kind(line)
    code = session.get_one(Code, thing.code)
    catalogue = kind.catalogue_code or ""
    change = ThingArrived(
        code=thing.code,
        kind_id=kind.id,
        managed_as=thing.managed_as,
        catalogue=catalogue,
        running=taking.running(catalogue),
        quantity=line.quantity,
        place=taking.place_id,
        hop=code.hops + 1,
        origin=thing.school_id,
        document=taking.arrival.id,
        keeper=taking.keeper,
        described=(*((name, getattr(thing, name)) for name in KEPT), ("source", "transfer")),
    )
    record(session, by, change, at=at, school_id=school)
    post_line(
        session, by, document=taking.arrival, kind_id=kind.id, quantity=line.quantity,
        unit_price_cents=thing.unit_price_cents, source=thing.code, at=at,
    )  # fmt: skip
    if not is_item(thing):
        session.flush()
        rejoin_batch(session, by, session.get_one(Thing, (school, thing.code)), at)


def _kind_here(
    session: Session, by: Actor, school: str, told: Mapping[str, object], at: datetime
) -> Kind:
    key = KindKey(
        str(told["subject"] or ""),
        str(told["catalogue_code"]) if told.get("catalogue_code") else None,
        str(told["name"]),
        str(told["specification"] or ""),
        str(told["unit"]),
    )
    managed_as = ManagedAs(str(told["managed_as"]))
    # A school may manage that kind otherwise, or have given it up: then the name says that this
    # is another one, which may be there from an earlier transfer.
    for candidate in _names_for(key, managed_as):
        found = kinds_like(session, school, [candidate]).get(candidate)
        if found is None:
            return define_kind(
                session, by, candidate, school_id=school,
                equipment_class=str(told.get("equipment_class") or ""), managed_as=managed_as,
                at=at,
            )  # fmt: skip
        if found.managed_as == managed_as.value and found.retired_at is None:
            return found
    raise KindThere(name=key.name, id="")


def _names_for(key: KindKey, managed_as: ManagedAs) -> Iterator[KindKey]:
    yield key
    for n in range(1, MOST_NAMES):
        mark = managed_as.value if n == 1 else f"{managed_as.value} {n}"
        yield replace(key, specification=f"{key.specification} ({mark})".strip())


# --- refused -------------------------------------------------------------------------------


@requires(Permission.ARRANGE)
def refuse_transfer(
    session: Session, by: Actor, *, school_id: str, document_id: str, reason: str, at: datetime
) -> Document:
    """
    Refuse what another school sent: the first slice of it goes back to where it came from.

    The rest follows by `carry_back`; the sender can go on with it as well.

    Raises:
        Missing: no reason is given.
        NotFound, NotInThisState: there is no arrival that waits.
    """
    school = own_school(by, school_id)
    if not reason.strip():
        raise Missing(field="reason")
    one_at_a_time(session, school)
    arrival = _waiting_arrival(session, school, document_id)
    said = reason.strip()[:400]
    decided = StepDecided(arrival.id, 1, DocumentState.RETURNED.value, by.id, reason=said)
    record(session, by, decided, at=at, school_id=school)
    # It is at its end: what is sent again is laid before this school by another document.
    record(session, by, DocumentWithdrawn(arrival.id, said), at=at, school_id=school)
    with carrying_out(session, by, arrival.other_school or "") as acting:
        for one in sorted((school, arrival.other_school or "")):
            one_at_a_time(session, one)
        sent = _sent(session, arrival)
        told = canonical({**details_of(sent), "refused": sent.round, "said": said})
        record(session, acting, OutcomeNoted(sent.id, told), at=at, school_id=sent.school_id)
        session.flush()
        documents.advance(
            session, acting, school_id=sent.school_id, document_id=sent.id, rules=_rules(), at=at
        )
    return arrival


@requires(Permission.ARRANGE)
def carry_back(
    session: Session, by: Actor, *, school_id: str, document_id: str, at: datetime
) -> bool:
    """
    Go on bringing back what this school refused; return whether there is more of it.

    Raises:
        NotFound: there is no such arrival.
    """
    arrival = document_of(session, own_school(by, school_id), document_id)
    origin = arrival.other_school or ""
    with carrying_out(session, by, origin) as acting:
        sent = document_of(session, origin, arrival.other_document or "")
        if sent.other_document != arrival.id or _refused(sent) is None:
            return False
        return documents.advance(
            session, acting, school_id=origin, document_id=sent.id, rules=_rules(), at=at
        )


def _bring_back(
    session: Session, by: Actor, sent: Document, line: DocumentLine, reason: str, at: datetime
) -> None:
    school, code = sent.school_id, line.code or ""
    change = ThingTurned(
        code, Status.IN_TRANSFER.value, Status.IN_USE.value, line.quantity, None, reason
    )
    record(session, by, change, at=at, school_id=school)
    thing = session.get_one(Thing, (school, code))
    if is_item(thing):
        return
    session.flush()
    rejoin_batch(session, by, thing, at)
    if thing.joined_into is not None:
        # It can be handed in again: the line is about the batch that the part went back to.
        bound = LineBound(sent.id, line.n, thing.joined_into)
        record(session, by, bound, at=at, school_id=school)


TRANSFER_DEEDS: dict[str, Deed] = {
    DocumentType.TRANSFER.value: TransferDeed(),
    DocumentType.ARRIVAL.value: ArrivalDeed(),
}
