"""This module is about documents: written, handed in, approved, carried out, reversed, filed.

What a type of document does is its *deed*. Capabilities above bring theirs, `app` gathers them,
and the edges hand them in, so that a document never looks upward. Nothing happens to a ledger
before the last approval; what was done is taken back by a counter-document, never edited.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.rules import ManagedAs
from inventory.errors import (
    AlreadyDecided,
    AlreadyReversed,
    BadQuantity,
    EditedMeanwhile,
    InAnotherDocument,
    Invalid,
    IsAnArrival,
    Missing,
    NeedsPaper,
    NoReversalOf,
    NotAnApprover,
    NotFound,
    NothingInIt,
    NotInThisState,
    NotYourStep,
    OwnDocument,
    TooMany,
    TwiceInIt,
)
from inventory.identity.models import Person
from inventory.journal.rules import canonical
from inventory.journal.service import record
from inventory.ledger import bound_queries
from inventory.ledger.documents_changes import (
    LINE_FIELDS,
    Cell,
    DeputyEnded,
    DeputyNamed,
    DocumentAdvanced,
    DocumentCut,
    DocumentDrafted,
    DocumentExecuted,
    DocumentFiled,
    DocumentReversed,
    DocumentRevised,
    DocumentSubmitted,
    DocumentWithdrawn,
    LineData,
    StepDecided,
)
from inventory.ledger.models import Deputy, Document, DocumentLine, DocumentStep, details_of
from inventory.ledger.rules import (
    CHANGEABLE,
    DONE,
    DRAFTED,
    MOST_LINES,
    OPEN,
    PREFIX,
    Approver,
    DocumentState,
    DocumentType,
    chain_for,
)
from inventory.places.service import one_at_a_time
from inventory.register.attachments_rules import PHOTO
from inventory.register.models import Attachment, Thing
from inventory.register.rules import DATE, shown
from inventory.register.service import MOST_PIECES, code_for_document
from inventory.scope import Actor, Permission, carrying_out, own_school, requires

SLICE = 25
"""Pieces or lines that are carried out in one transaction: about 50 ms of the write lane."""
LONGEST = {"title": 200, "reason": 400, "voucher": 60}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document as somebody writes it. Price in cents."""

    code: str | None = None
    kind_id: str | None = None
    quantity: int = 1
    unit_price_cents: int | None = None
    place_id: str | None = None
    person_id: str | None = None
    note: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)

    def as_data(self) -> LineData:
        """The line as the journal keeps it."""
        details = canonical(dict(self.details)) if self.details else None
        note = (self.note or "").strip()[:400] or None
        return (
            self.code, self.kind_id, self.quantity, self.unit_price_cents, self.place_id,
            self.person_id, note, details,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as somebody writes it."""

    type: DocumentType
    lines: tuple[Line, ...]
    title: str = ""
    reason: str | None = None
    voucher: str | None = None
    due: str | None = None
    other_school: str | None = None
    other_document: str | None = None
    reverses: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    document_id: str | None = None
    """The document that is written anew, if it is not a new one."""


class Deed(Protocol):
    """What a type of document does."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        """Check what somebody wrote and add what the register knows: kinds, prices, a title."""

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        """Hold the things for this document when it is handed in."""

    def release(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        """Let go of what was held, when it comes back or is withdrawn."""

    def units(self, session: Session, document: Document) -> int:
        """Return in how many steps the document is carried out."""

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        """Do the steps from `start` up to `stop`; `by` may do all that is needed."""

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        """Do what is done once at the end; return whether the document is at its end now."""

    def comes_back(self, document: Document) -> bool:
        """Say whether its things were away and are being brought back."""

    def left_when_cut(self, session: Session, document: Document) -> tuple[tuple[int, int], ...]:
        """Return the numbers and quantities of the lines that were carried out so far."""

    def check_reversible(self, session: Session, document: Document) -> None:
        """Refuse to take back what is no longer as the document left it."""

    def take_back(
        self, session: Session, by: Actor, document: Document, counter: Document,
        start: int, stop: int, at: datetime,
    ) -> None:  # fmt: skip
        """Undo the steps from `start` up to `stop` of a document, by a counter-document."""


class PlainDeed:
    """What most deeds have in common: nothing is held, each line is one step."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        return draft

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        """Nothing is held."""

    def release(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        """Nothing was held."""

    def units(self, session: Session, document: Document) -> int:
        return len(lines_of(session, document))

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        for line in lines_of(session, document)[start:stop]:
            self.do(session, by, document, line, at)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        """Do one line."""
        raise NotImplementedError

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        return True

    def comes_back(self, document: Document) -> bool:
        return False

    def left_when_cut(self, session: Session, document: Document) -> tuple[tuple[int, int], ...]:
        lines = lines_of(session, document)[: document.done]
        return tuple((line.n, line.quantity) for line in lines)

    def check_reversible(self, session: Session, document: Document) -> None:
        raise NoReversalOf(type=document.type)

    def take_back(
        self, session: Session, by: Actor, document: Document, counter: Document,
        start: int, stop: int, at: datetime,
    ) -> None:  # fmt: skip
        for line in lines_of(session, document)[start:stop]:
            self.undo(session, by, document, counter, line, at)

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        """Undo one line."""
        raise NoReversalOf(type=document.type)


Deeds = Mapping[str, Deed]
Chains = Mapping[str, tuple[Approver, ...]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What documents need to know of the house: deeds of their types, chains of approval."""

    deeds: Deeds
    chains: Chains


def document_of(session: Session, school_id: str, document_id: str) -> Document:
    """
    Return a document of a school.

    Raises:
        NotFound: there is none under this code.
    """
    document = session.get(Document, (school_id, document_id))
    if document is None:
        raise NotFound(what="document", key=shown(document_id))
    return document


def lines_of(session: Session, document: Document) -> list[DocumentLine]:
    """Return the lines of a document in order."""
    query = select(DocumentLine).where(
        DocumentLine.school_id == document.school_id, DocumentLine.document_id == document.id
    )
    return list(session.scalars(query.order_by(DocumentLine.n)))


def _check_once_more(session: Session, by: Actor, document: Document, rules: Rules) -> None:
    """
    Look at all lines again, so that what cannot be done is refused before any of it is done.

    Since a document was written, its things may have been moved, lent, broken up or scrapped.
    """
    lines = tuple(
        Line(**{name: getattr(line, name) for name in LINE_FIELDS[:-1]}, details=details_of(line))
        for line in lines_of(session, document)
    )
    asked = ("title", "reason", "voucher", "due", "other_school", "other_document", "reverses")
    written = Draft(
        DocumentType(document.type), lines, details=details_of(document),
        document_id=document.id, **{name: getattr(document, name) for name in asked},
    )  # fmt: skip
    rules.deeds[document.type].complete(session, by, document.school_id, written)


def _refuse_arrival(document: Document) -> None:
    """What another school sent is confirmed or refused, and nothing else: it is under way."""
    if document.type == DocumentType.ARRIVAL.value:
        raise IsAnArrival(number=document.number)


def _check_revision(document: Document, revision: int | None) -> None:
    if revision is not None and revision != document.revision:
        raise EditedMeanwhile(what=document.number)


def _check_state(document: Document, *states: DocumentState) -> None:
    if DocumentState(document.state) not in states:
        raise NotInThisState(number=document.number, state=document.state)


# --- writing -------------------------------------------------------------------------------


@requires(Permission.ARRANGE)
def draft(
    session: Session, by: Actor, wanted: Draft, *, school_id: str, rules: Rules, today: date,
    once: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Begin a document, under a code and a number within school, year and type.

    Raises:
        NothingInIt, TwiceInIt, TooMany, BadQuantity, Missing, Invalid: it is not written well.
        InAnotherDocument: a thing is in another document that is not finished.
        AlreadyRecorded (at commit): the form was sent before.
    """
    if wanted.type not in DRAFTED:
        raise Invalid(field="type", value=wanted.type.value)
    return begin(
        session, by, wanted, school_id=school_id, rules=rules, today=today, once=once, at=at
    )


@requires(Permission.ARRANGE)
def begin(
    session: Session, by: Actor, wanted: Draft, *, school_id: str, rules: Rules, today: date,
    once: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """Begin a document of any type; those that come about by themselves begin here."""
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    wanted = _checked(wanted)
    if wanted.type.value not in BESIDE:
        refuse_busy(session, school, [one.code for one in wanted.lines if one.code])
    checked = rules.deeds[wanted.type.value].complete(session, by, school, wanted)
    code = code_for_document(session, by, school, at)
    change = DocumentDrafted(
        id=code,
        type=checked.type.value,
        number=next_number(session, school, checked.type, today.year),
        title=checked.title[: LONGEST["title"]],
        lines=tuple(one.as_data() for one in checked.lines),
        reason=checked.reason,
        voucher=checked.voucher,
        due=checked.due,
        other_school=checked.other_school,
        other_document=checked.other_document,
        reverses=checked.reverses,
        details=canonical(dict(checked.details)) if checked.details else None,
    )
    record(session, by, change, at=at, school_id=school, event_id=once)
    session.flush()
    return session.get_one(Document, (school, code))


def _checked(wanted: Draft) -> Draft:
    if not wanted.lines:
        raise NothingInIt
    if len(wanted.lines) > MOST_LINES:
        raise TooMany(count=len(wanted.lines), limit=MOST_LINES)
    seen: set[tuple[str, str]] = set()
    for n, line in enumerate(wanted.lines):
        if line.code is not None and (line.code, _part_of(wanted.type, line, n)) in seen:
            raise TwiceInIt(what=shown(line.code))
        seen.add((line.code or "", _part_of(wanted.type, line, n)))
        if not 1 <= line.quantity <= MOST_PIECES:
            raise BadQuantity(field="quantity", value=line.quantity)
    cleaned = replace(
        wanted,
        title=wanted.title.strip()[: LONGEST["title"]],
        reason=(wanted.reason or "").strip() or None,
        voucher=(wanted.voucher or "").strip() or None,
    )
    for name in ("reason", "voucher"):
        value = getattr(cleaned, name)
        if value is not None and len(value) > LONGEST[name]:
            raise Invalid(field=name, value=value[:60])
    if cleaned.due is not None and (len(cleaned.due) != 10 or not DATE.fullmatch(cleaned.due)):
        raise Invalid(field="due", value=cleaned.due[:60])
    return cleaned


def _part_of(type: DocumentType, line: Line, n: int) -> str:
    """Which part of its thing a line is about, where a document may name one several times."""
    if type is DocumentType.RETURN:
        return str(line.details.get("loan", ""))
    # A counter-document names what the other one does, line by line.
    return str(n) if type is DocumentType.REVERSAL else ""


BESIDE = frozenset({DocumentType.RETURN.value, DocumentType.HANDOVER.value})
"""Documents that nothing else has to wait for, nor they for it: loans, and who keeps what."""


def refuse_busy(session: Session, school: str, codes: Sequence[str], *, but: str = "") -> None:
    """
    Refuse single things, and places, that are in another document which is not finished.

    How much of a batch is promised is for the deeds to reckon.

    Raises:
        InAnotherDocument: one of the codes is.
    """
    found = session.execute(
        select(DocumentLine.code, Document.number)
        .join(
            Document,
            (Document.school_id == DocumentLine.school_id)
            & (Document.id == DocumentLine.document_id),
        )
        .where(
            DocumentLine.school_id == school,
            DocumentLine.code.in_(list(codes)),
            Document.state.in_([one.value for one in OPEN]),
            Document.type.not_in(BESIDE),
            Document.id != but,
            DocumentLine.code.not_in(_batches(school, codes)),
        )
        .limit(1)
    ).first()
    if found is not None:
        raise InAnotherDocument(what=shown(found[0] or ""), number=found[1])
    back = session.execute(bound_queries.being_taken_back(school, codes, but).limit(1)).first()
    if back is not None:
        raise InAnotherDocument(what=shown(back[0]), number=back[2])


def _batches(school: str, codes: Sequence[str]) -> Any:
    return select(Thing.code).where(
        Thing.school_id == school,
        Thing.code.in_(list(codes)),
        Thing.managed_as != ManagedAs.ITEM.value,
    )


def next_number(session: Session, school_id: str, type: DocumentType, year: int) -> str:
    """Return the next number of a document of a school: mark, year and a running number."""
    stem = f"{PREFIX[type]}-{year}-"
    count = session.scalar(
        select(func.count()).where(
            Document.school_id == school_id, Document.number.like(f"{stem}%")
        )
    )
    return f"{stem}{int(count or 0) + 1:04d}"


@requires(Permission.ARRANGE)
def revise(
    session: Session, by: Actor, wanted: Draft, *, school_id: str, document_id: str,
    revision: int | None, rules: Rules, at: datetime,
) -> Document:  # fmt: skip
    """
    Write a draft anew, or a document that came back.

    Raises:
        NotInThisState: it was handed in.
        EditedMeanwhile: somebody else changed it since it was read.
        NothingInIt, TwiceInIt, TooMany, BadQuantity, Missing, Invalid, InAnotherDocument: as
            for a new one.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _refuse_arrival(document)
    _check_state(document, *CHANGEABLE)
    _check_revision(document, revision)
    wanted = replace(
        wanted, type=DocumentType(document.type), reverses=document.reverses,
        document_id=document.id,
    )  # fmt: skip
    if document.type not in BESIDE:
        codes = [one.code for one in wanted.lines if one.code]
        refuse_busy(session, school, codes, but=document.id)
    wanted = _checked(wanted)
    checked = rules.deeds[document.type].complete(session, by, school, wanted)
    before = len(lines_of(session, document))
    names = ("title", "reason", "voucher", "due", "other_school")
    told: list[tuple[str, Cell]] = [
        (name, getattr(checked, name))
        for name in names
        if getattr(checked, name) != getattr(document, name)
    ]
    details = canonical(dict(checked.details)) if checked.details else None
    if details != document.details:
        told.append(("details", details))
    lines = tuple(one.as_data() for one in checked.lines)
    record(
        session, by, DocumentRevised(document.id, tuple(told), lines, before), at=at,
        school_id=school,
    )  # fmt: skip
    session.flush()
    return document


# --- handing in and deciding ---------------------------------------------------------------


@requires(Permission.ARRANGE)
def submit(
    session: Session, by: Actor, *, school_id: str, document_id: str, rules: Rules,
    revision: int | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Hand a document in; where nobody needs to approve it, begin to carry it out.

    Raises:
        NotInThisState: it was handed in before.
        EditedMeanwhile: somebody else changed it since it was read.
        (what its deed refuses)
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _refuse_arrival(document)
    _check_state(document, *CHANGEABLE)
    _check_revision(document, revision)
    lines = lines_of(session, document)
    if document.type not in BESIDE:
        refuse_busy(session, school, [one.code for one in lines if one.code], but=document.id)
    _check_once_more(session, by, document, rules)
    roles = chain_for(rules.chains.get(_asked_as(session, document), ()), _dearest(lines))
    record(session, by, DocumentSubmitted(document.id, roles), at=at, school_id=school)
    rules.deeds[document.type].hold(session, by, document, at)
    session.flush()
    if not roles:
        _advance(session, by, document, rules, at, is_checked=True)
    return document


def _asked_as(session: Session, document: Document) -> str:
    """Whose chain is asked: what takes back another document asks those who approved that."""
    if document.reverses is None:
        return document.type
    return document_of(session, document.school_id, document.reverses).type


def _dearest(lines: Sequence[DocumentLine]) -> int | None:
    """The unit price of the dearest line; None when one is not known."""
    prices = [one.unit_price_cents for one in lines]
    known = [one for one in prices if one is not None]
    return max(known) if known and len(known) == len(prices) else None


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says to a document that waits. On paper: who signed, and the photograph."""

    approves: bool
    reason: str | None = None
    signed_by: str | None = None
    attachment_id: str | None = None


@requires(Permission.SEE)
def decide(
    session: Session, by: Actor, decision: Decision, *, school_id: str, document_id: str,
    rules: Rules, today: date, revision: int | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Approve a document, or give it back with a reason; the last approval carries it out.

    With `signed_by` the decision was made with a pen: whoever enters it has the paper at hand.

    Raises:
        NotInThisState, AlreadyDecided: it does not wait for a decision.
        NotYourStep, OwnDocument, NotAnApprover: somebody else has to decide.
        Missing: it is given back without a reason.
        NeedsPaper: it was signed on paper and there is no photograph of it.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _refuse_arrival(document)
    if revision is not None and revision != document.revision:
        raise AlreadyDecided(number=document.number)
    _check_state(document, DocumentState.SUBMITTED)
    step = current_step(session, document)
    signer, deputy_of = _signer(session, by, document, step, decision, today)
    reason = (decision.reason or "").strip()[:400] or None
    if not decision.approves and reason is None:
        raise Missing(field="reason")
    outcome = DocumentState.APPROVED if decision.approves else DocumentState.RETURNED
    change = StepDecided(
        document.id, step.n, outcome.value, signer, deputy_of, decision.signed_by is not None,
        decision.attachment_id, reason,
    )  # fmt: skip
    record(session, by, change, at=at, school_id=school)
    session.flush()
    if not decision.approves:
        with carrying_out(session, by) as acting:
            rules.deeds[document.type].release(session, acting, document, at)
    elif document.state == DocumentState.APPROVED.value:
        _advance(session, by, document, rules, at)
    return document


def current_step(session: Session, document: Document) -> DocumentStep:
    """
    Return the approval that a document waits for.

    Raises:
        NotInThisState: it waits for none.
    """
    query = select(DocumentStep).where(
        DocumentStep.school_id == document.school_id,
        DocumentStep.document_id == document.id,
        DocumentStep.round == document.round,
        DocumentStep.outcome.is_(None),
    )
    step = session.scalar(query.order_by(DocumentStep.n).limit(1))
    if step is None:
        raise NotInThisState(number=document.number, state=document.state)
    return step


def _signer(
    session: Session, by: Actor, document: Document, step: DocumentStep, decision: Decision,
    today: date,
) -> tuple[str, str | None]:  # fmt: skip
    """Who decides, and for whom if as a deputy."""
    if decision.signed_by is not None:
        return _signer_on_paper(session, by, document, step, decision), None
    if document.created_by == by.id:
        raise OwnDocument(number=document.number)
    if by.may(Permission.APPROVE) and by.role is not None and by.role.value == step.role:
        return by.id, None
    for person_id in principals_of(session, by, today):
        person = session.get(Person, person_id)
        is_theirs = person is not None and person.role == step.role and person.is_active
        if person and is_theirs and person_id != document.created_by:
            return by.id, person_id
    raise NotYourStep(number=document.number, role=step.role)


def principals_of(session: Session, by: Actor, today: date) -> list[str]:
    """Return for whom somebody is the deputy on a day."""
    query = select(Deputy.person_id).where(
        Deputy.deputy_id == by.id,
        Deputy.first <= today.isoformat(),
        Deputy.last >= today.isoformat(),
        Deputy.ended_at.is_(None),
    )
    return list(session.scalars(query))


def _signer_on_paper(
    session: Session, by: Actor, document: Document, step: DocumentStep, decision: Decision
) -> str:
    if not by.may(Permission.ARRANGE):
        raise NotYourStep(number=document.number, role=step.role)
    person = session.get(Person, decision.signed_by)
    of_here = person is not None and person.school_id in {None, document.school_id}
    may_sign = of_here and person is not None and person.is_active and person.role == step.role
    if person is None or not may_sign:
        raise NotAnApprover(name=person.name if person else "—", role=step.role)
    if person.id == document.created_by:
        raise OwnDocument(number=document.number)
    paper = session.get(Attachment, (document.school_id, decision.attachment_id or ""))
    if paper is None or paper.subject != document.id or paper.removed_at is not None:
        raise NeedsPaper
    if paper.kind != PHOTO and paper.media_type != "application/pdf":
        raise NeedsPaper
    return person.id


@requires(Permission.ARRANGE)
def withdraw(
    session: Session, by: Actor, *, school_id: str, document_id: str, rules: Rules,
    reason: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Take a document back that has had no effect yet; its number stays used.

    Raises:
        NotInThisState: it was approved.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _refuse_arrival(document)
    was_held = document.state == DocumentState.SUBMITTED.value
    _check_state(document, *CHANGEABLE, DocumentState.SUBMITTED)
    change = DocumentWithdrawn(document.id, (reason or "").strip()[:400] or None)
    record(session, by, change, at=at, school_id=school)
    if was_held:
        rules.deeds[document.type].release(session, by, document, at)
    session.flush()
    return document


# --- carrying out --------------------------------------------------------------------------


@requires(Permission.SEE)
def advance(
    session: Session, by: Actor, *, school_id: str, document_id: str, rules: Rules, at: datetime
) -> bool:
    """
    Go on with a document that was approved; return whether there is more of it to be done.

    Whoever sees it may do this: that it is done was decided when it was approved.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    if document.state != DocumentState.APPROVED.value or document.waits_for is not None:
        return False
    return _advance(session, by, document, rules, at)


def _advance(
    session: Session, by: Actor, document: Document, rules: Rules, at: datetime,
    *, is_checked: bool = False,
) -> bool:  # fmt: skip
    """
    Do the next slice, the first after a look at all lines; return whether there is more.

    What comes back was looked at when it went: it is no longer as it was then.
    """
    deed = rules.deeds[document.type]
    with carrying_out(session, by) as acting:
        if document.done == 0 and not is_checked and not deed.comes_back(document):
            _check_once_more(session, acting, document, rules)
        units = deed.units(session, document)
        stop = min(units, document.done + SLICE)
        if stop > document.done:
            deed.carry_out(session, acting, document, document.done, stop, at)
        if stop < units:
            change = DocumentAdvanced(document.id, stop)
            record(session, acting, change, at=at, school_id=document.school_id)
            return True
        if deed.finish(session, acting, document, at):
            finish(session, acting, document, at)
    return False


@requires(Permission.ARRANGE)
def end_here(
    session: Session, by: Actor, *, school_id: str, document_id: str, reason: str, rules: Rules,
    at: datetime,
) -> Document:  # fmt: skip
    """
    End a document of which only a part can be carried out: the rest is struck, with a reason.

    Raises:
        Missing: no reason is given.
        IsAnArrival: what another school sent is taken over whole.
        NotInThisState: it is not one that was interrupted, or its things are coming back.
        NoReversalOf: a counter-document takes back all or nothing.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _refuse_arrival(document)
    said = reason.strip()[:400]
    if not said:
        raise Missing(field="reason")
    _check_state(document, DocumentState.APPROVED)
    deed = rules.deeds[document.type]
    if document.waits_for is not None or document.done == 0 or deed.comes_back(document):
        raise NotInThisState(number=document.number, state=document.state)
    if document.type == DocumentType.REVERSAL.value:
        raise NoReversalOf(type=document.type)
    with carrying_out(session, by) as acting:
        deed.release(session, acting, document, at)  # what was done is no longer held
    before = len(lines_of(session, document))
    cut = DocumentCut(document.id, deed.left_when_cut(session, document), before, said)
    record(session, by, cut, at=at, school_id=school)
    session.flush()
    with carrying_out(session, by) as acting:
        if deed.finish(session, acting, document, at):
            finish(session, acting, document, at)
    return document


def finish(session: Session, by: Actor, document: Document, at: datetime) -> None:
    """Note that all that a document says has been done."""
    record(session, by, DocumentExecuted(document.id), at=at, school_id=document.school_id)
    session.flush()


@requires(Permission.ARRANGE)
def file(
    session: Session, by: Actor, *, school_id: str, document_id: str, at: datetime
) -> Document:
    """
    Put a document that was carried out into the file.

    Raises:
        NotInThisState: it was not carried out, or is in the file.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    _check_state(document, DocumentState.EXECUTED)
    record(session, by, DocumentFiled(document.id), at=at, school_id=school)
    session.flush()
    return document


# --- reversal ------------------------------------------------------------------------------


@requires(Permission.ARRANGE)
def reverse(
    session: Session, by: Actor, *, school_id: str, document_id: str, reason: str, rules: Rules,
    today: date, once: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Hand in a counter-document (红冲); it asks the same approvals as the document asked.

    Raises:
        Missing: no reason is given.
        NotInThisState: the document was not carried out.
        AlreadyReversed: it was reversed, or a reversal of it waits.
        NoReversalOf: a document of this type is not reversed.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    if not reason.strip():
        raise Missing(field="reason")
    if document.type not in rules.deeds or document.type == DocumentType.REVERSAL.value:
        raise NoReversalOf(type=document.type)
    _check_state(document, *DONE)
    refuse_reversed(session, document)
    lines = tuple(
        Line(**{name: getattr(line, name) for name in LINE_FIELDS[:4]})
        for line in lines_of(session, document)
    )
    wanted = Draft(
        DocumentType.REVERSAL, lines, title=document.number, reason=reason, reverses=document.id
    )
    counter = begin(
        session, by, wanted, school_id=school, rules=rules, today=today, once=once, at=at
    )
    return submit(session, by, school_id=school, document_id=counter.id, rules=rules, at=at)


def refuse_reversed(session: Session, document: Document) -> None:
    """
    Refuse what was reversed, and what is about to be.

    Raises:
        AlreadyReversed: by which document.
    """
    query = select(Document.number).where(
        Document.school_id == document.school_id,
        Document.reverses == document.id,
        Document.state != DocumentState.WITHDRAWN.value,
    )
    number = session.scalar(query.limit(1))
    if document.reversed_by is not None or number is not None:
        raise AlreadyReversed(number=document.number, by=number or "—")


class ReversalDeed(PlainDeed):
    """Takes back another document as a whole."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds

    def _original(self, session: Session, document: Document) -> Document:
        return document_of(session, document.school_id, document.reverses or "")

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        original = document_of(session, school, draft.reverses or "")
        self._deeds[original.type].check_reversible(session, original)
        return draft

    def units(self, session: Session, document: Document) -> int:
        original = self._original(session, document)
        return self._deeds[original.type].units(session, original)

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        original = self._original(session, document)
        self._deeds[original.type].take_back(session, by, original, document, start, stop, at)

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        change = DocumentReversed(document.reverses or "", document.id)
        record(session, by, change, at=at, school_id=document.school_id)
        return True


# --- deputies ------------------------------------------------------------------------------


@requires(Permission.APPROVE)
def name_deputy(
    session: Session, by: Actor, *, deputy_id: str, first: date, last: date,
    person_id: str | None = None, at: datetime,
) -> Deputy:  # fmt: skip
    """
    Name who approves for oneself, or, as an administrator, for somebody else who is away.

    Raises:
        NotFound: there is no such person in sight.
        Invalid: the days are in the wrong order, or somebody stands for themselves.
    """
    person = session.get(Person, person_id or by.id)
    deputy = session.get(Person, deputy_id)
    if person is None or (person.id != by.id and not by.may(Permission.ADMINISTER)):
        raise NotFound(what="person", key=person_id or by.id)
    if deputy is None or not deputy.can_sign_in or deputy.school_id != person.school_id:
        raise NotFound(what="person", key=deputy_id)
    if deputy.id == person.id:
        raise Invalid(field="deputy", value=deputy.name)
    if last < first:
        raise Invalid(field="last", value=last.isoformat())
    change = DeputyNamed(new_id(at), person.id, deputy.id, first.isoformat(), last.isoformat())
    record(session, by, change, at=at, school_id=person.school_id)
    session.flush()
    return session.get_one(Deputy, change.id)


@requires(Permission.APPROVE)
def end_deputy(session: Session, by: Actor, *, deputy_row_id: str, at: datetime) -> None:
    """
    Let a deputy approve no longer.

    Raises:
        NotFound: there is no such deputy in sight.
    """
    row = session.get(Deputy, deputy_row_id)
    if row is None or (row.person_id != by.id and not by.may(Permission.ADMINISTER)):
        raise NotFound(what="deputy", key=deputy_row_id)
    if row.ended_at is None:
        change = DeputyEnded(row.id, row.person_id)
        record(session, by, change, at=at, school_id=row.school_id)
        session.flush()
