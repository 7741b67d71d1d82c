"""This module is about things in use: lent and returned, relocated, handed over, repaired, ended.

Each is a document with its deed. A loan moves no quantity: what is lent still belongs to its
place and stands on its card. What is scrapped or lost leaves when the document is approved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import Base, new_id
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.custody.changes import (
    OutcomeNoted,
    PartBrought,
    PartTaken,
    ReturnUndone,
    ThingLent,
    ThingReturned,
    ThingTurned,
)
from inventory.custody.models import Loan
from inventory.errors import (
    AlreadyOnLoan,
    BadQuantity,
    CannotReverse,
    IsRetired,
    Lent,
    Missing,
    MoreThanLent,
    NotAllHere,
    NotFound,
    NotInThisState,
    NotLentTo,
    NotOnLoan,
    SeveralBorrowers,
    TooMany,
    TwiceInIt,
    WrongStatus,
)
from inventory.identity.models import Person
from inventory.journal.rules import canonical
from inventory.journal.service import record
from inventory.ledger import documents_service as documents
from inventory.ledger.documents_changes import DocumentSent, LineBound
from inventory.ledger.documents_service import (
    Draft,
    Line,
    PlainDeed,
    Rules,
    document_of,
    lines_of,
)
from inventory.ledger.models import Document, DocumentLine, details_of
from inventory.ledger.rules import MOST_LINES, OPEN, DocumentType
from inventory.ledger.service import keeper_of_place, post_line
from inventory.places import service as places
from inventory.places.models import BOUNDARY, Place
from inventory.places.queries import within
from inventory.places.service import one_at_a_time, refuse_locked
from inventory.register import service as register
from inventory.register.changes import ThingDescribed, ThingMoved
from inventory.register.models import Code, Holding, Thing
from inventory.register.rules import EDGES, Status, shown
from inventory.scope import Actor, Permission, own_school, requires

REPAIR_RESULT = "repair"
"""What a repair document waits for: that the things come back, mended or not."""


# --- what is at hand -----------------------------------------------------------------------


def promised_of(session: Session, school_id: str, code: str, *, but: str | None = None) -> int:
    """Return how much of a batch is in documents that are not finished, but for one of them."""
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
            Document.id != (but or ""),
            Document.state.in_([one.value for one in OPEN]),
            Document.type.in_(_TAKING),
        )
    )
    return int(session.scalar(query) or 0)


_TAKING = [
    one.value
    for one in (
        DocumentType.SCRAP, DocumentType.LOSS, DocumentType.TRANSFER, DocumentType.RELOCATION,
    )
]  # fmt: skip
"""Documents that take away what they name: so much of a batch is promised to them."""


def at_home(session: Session, thing: Thing) -> int:
    holding = session.get(Holding, (thing.school_id, thing.code, thing.home_id))
    return holding.quantity if holding else 0


def is_item(thing: Thing) -> bool:
    return thing.managed_as == ManagedAs.ITEM.value


def _check_status(thing: Thing, *wanted: Status) -> None:
    if Status(thing.status) not in wanted:
        raise WrongStatus(what=thing.number, status=thing.status)


def _refuse_lent(session: Session, thing: Thing) -> None:
    query = select(Loan).where(
        Loan.school_id == thing.school_id, Loan.code == thing.code, Loan.closed_at.is_(None)
    )
    loan = session.scalars(query.limit(1)).one()
    person = session.get(Person, loan.person_id)
    raise AlreadyOnLoan(
        what=thing.number, borrower=person.name if person else "—",
        since=loan.lent_at.date().isoformat(),
    )  # fmt: skip


def look_ahead(session: Session, school: str, lines: Sequence[Line]) -> list[Base]:
    """
    Read the things of a document at once; whoever holds what is returned asks no more for each.

    Raises:
        Locked: one of them stands in a place that is locked.
    """
    codes = [line.code for line in lines if line.code]
    found = _read(session, school, codes, *(line.place_id for line in lines if line.place_id))
    homes = {one.home_id for one in found if isinstance(one, Thing)}
    refuse_locked(session, school, homes)
    return found


def _read(session: Session, school: str, codes: Sequence[str], *places: str) -> list[Base]:
    """Read things or places by their codes, with what is where of them, and more places."""
    spots = sorted({*codes, *places})
    return [
        *session.scalars(select(Thing).where(Thing.school_id == school, Thing.code.in_(codes))),
        *session.scalars(
            select(Holding).where(Holding.school_id == school, Holding.code.in_(codes))
        ),
        *session.scalars(select(Code).where(Code.code.in_(codes))),
        *session.scalars(select(Place).where(Place.school_id == school, Place.id.in_(spots))),
    ]


def with_what_is_known(
    session: Session, school: str, line: Line, *statuses: Status, but: str | None = None,
    whole: bool = False,
) -> tuple[Line, Thing]:  # fmt: skip
    """
    A line about a thing, with its kind and price, after a look at how much there is of it.

    Raises:
        NotFound, IsRetired, WrongStatus, AlreadyOnLoan, Lent, BadQuantity: it is not possible.
    """
    thing = register.thing_of(session, school, line.code or "")
    _check_status(thing, *statuses)
    has = at_home(session, thing)
    quantity = line.quantity
    if is_item(thing):
        if quantity != 1:
            raise BadQuantity(field="quantity", value=quantity)
        if thing.lent:
            _refuse_lent(session, thing)
    else:
        lent = thing.lent
        if whole and (quantity != has or lent):
            raise NotAllHere(number=thing.number)
        lent += promised_of(session, school, thing.code, but=but)
        if quantity > has - lent:
            raise Lent(what=thing.number, has=max(0, has - lent), lent=lent)
    details = {**line.details, "number": thing.number, "origin": thing.home_id}
    known = replace(
        line, kind_id=thing.kind_id, unit_price_cents=thing.unit_price_cents, details=details
    )
    return known, thing


def title_of(session: Session, school: str, lines: Sequence[Line]) -> str:
    """What a document is about, as it stands in lists: the first kind, and how many more."""
    kind = session.get(Kind, (school, lines[0].kind_id)) if lines[0].kind_id else None
    name = kind.title if kind else str(lines[0].details.get("number", ""))
    return name + (f" +{len(lines) - 1}" if len(lines) > 1 else "")


def _refuse_twice(lines: Sequence[Line]) -> None:
    codes = [line.code for line in lines]
    for n, code in enumerate(codes):
        if code in codes[:n]:
            raise TwiceInIt(what=shown(code or ""))


class WithThings(PlainDeed):
    """A deed whose lines are things: each slice reads at once what it is about."""

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        part = lines_of(session, document)[start:stop]
        _held = things_in(session, document.school_id, part)
        for line in part:
            self.do(session, by, document, line, at)

    def take_back(
        self, session: Session, by: Actor, document: Document, counter: Document,
        start: int, stop: int, at: datetime,
    ) -> None:  # fmt: skip
        part = lines_of(session, document)[start:stop]
        _held = things_in(session, document.school_id, part)
        for line in part:
            self.undo(session, by, document, counter, line, at)


def things_in(
    session: Session, school: str, lines: Sequence[DocumentLine], *more: str
) -> list[Base]:
    """
    Read at once what some lines are about; whoever holds it asks no more for each of them.

    With the things come their codes and quantities, and the places that those go from and to;
    `more` are places that they come to.
    """
    codes = [line.code for line in lines if line.code]
    of_things = select(Thing).where(Thing.school_id == school, Thing.code.in_(codes))
    things = session.scalars(of_things).all()
    holdings = select(Holding).where(Holding.school_id == school, Holding.code.in_(codes))
    spots = {thing.home_id for thing in things} | {line.place_id or "" for line in lines}
    spots |= {*more, *(sort.value for sort in BOUNDARY)}
    places_of = select(Place).where(Place.school_id == school, Place.id.in_(sorted(spots)))
    return [
        *things,
        *session.scalars(holdings),
        *session.scalars(select(Code).where(Code.code.in_(codes))),
        *session.scalars(places_of),
    ]


# --- loans ---------------------------------------------------------------------------------


class LoanDeed(WithThings):
    """So much of each thing goes into one person's hands."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        _refuse_twice(draft.lines)
        _held = look_ahead(session, school, draft.lines)
        lines = []
        for one in draft.lines:
            person = session.get(Person, one.person_id) if one.person_id else None
            if person is None or person.school_id != school:
                raise Missing(field="person")
            lines.append(with_what_is_known(session, school, one, Status.IN_USE)[0])
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        change = ThingLent(
            line.code or "", new_id(at), document.id, line.person_id or "", line.quantity,
            document.due,
        )  # fmt: skip
        record(session, by, change, at=at, school_id=document.school_id)

    def check_reversible(self, session: Session, document: Document) -> None:
        for loan in _loans_of(session, document):
            if loan.returned:
                raise CannotReverse(number=document.number, what=shown(loan.code))

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        for loan in _loans_of(session, document):
            if loan.code == line.code and loan.left:
                change = ThingReturned(loan.code, loan.id, counter.id, loan.left)
                record(session, by, change, at=at, school_id=document.school_id)


def _loans_of(session: Session, document: Document) -> list[Loan]:
    query = select(Loan).where(
        Loan.school_id == document.school_id, Loan.document_id == document.id
    )
    return list(session.scalars(query.order_by(Loan.id)))


class ReturnDeed(WithThings):
    """What was lent comes back, all or a part; each line names its loan."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        _held = _lent(session, school, [one.details for one in draft.lines])
        lines = []
        for one in draft.lines:
            loan = session.get(Loan, (school, str(one.details.get("loan", ""))))
            if loan is None or loan.closed_at is not None:
                raise NotOnLoan(what=shown(one.code or ""))
            if one.quantity > loan.left:
                raise MoreThanLent(what=shown(loan.code), has=loan.left, wanted=one.quantity)
            thing = session.get_one(Thing, (school, loan.code))
            details = {**one.details, "number": thing.number}
            lines.append(
                replace(
                    one, kind_id=thing.kind_id, unit_price_cents=thing.unit_price_cents,
                    person_id=loan.person_id, details=details,
                )
            )  # fmt: skip
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        part = lines_of(session, document)[start:stop]
        _held = _lent(session, document.school_id, [details_of(line) for line in part])
        super().carry_out(session, by, document, start, stop, at)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        loan_id = str(details_of(line)["loan"])
        loan = session.get_one(Loan, (document.school_id, loan_id))
        if line.quantity > loan.left:
            raise NotOnLoan(what=shown(line.code or ""))
        change = ThingReturned(line.code or "", loan_id, document.id, line.quantity, line.note)
        record(session, by, change, at=at, school_id=document.school_id)

    def check_reversible(self, session: Session, document: Document) -> None:
        back: dict[str, int] = {}
        lines = lines_of(session, document)
        _held = things_in(session, document.school_id, lines)
        for line in lines:
            thing = session.get_one(Thing, (document.school_id, line.code))
            back[thing.code] = back.get(thing.code, 0) + line.quantity
            if thing.retired_at or at_home(session, thing) < thing.lent + back[thing.code]:
                raise CannotReverse(number=document.number, what=thing.number)

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        loan_id = str(details_of(line)["loan"])
        change = ReturnUndone(line.code or "", loan_id, counter.id, line.quantity)
        record(session, by, change, at=at, school_id=document.school_id)


def _lent(session: Session, school: str, told: Sequence[Mapping[str, object]]) -> list[Base]:
    """Read the loans at once that lines name in what they tell, with their things."""
    ids = [str(one.get("loan", "")) for one in told]
    loans = session.scalars(select(Loan).where(Loan.school_id == school, Loan.id.in_(ids))).all()
    codes = [loan.code for loan in loans]
    things = select(Thing).where(Thing.school_id == school, Thing.code.in_(codes))
    return [*loans, *session.scalars(things)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A thing by its code, and how much of it; where it comes back, also which loan of it."""

    code: str
    quantity: int = 1
    loan: str | None = None


@requires(Permission.ARRANGE)
def lend(
    session: Session, by: Actor, wanted: Sequence[Wanted], *, school_id: str, person_id: str,
    due: str | None = None, reason: str | None = None, rules: Rules, today: date,
    once: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Lend things to a person, by one document.

    Raises:
        AlreadyOnLoan: one is lent; it says to whom and since when.
        Lent, BadQuantity, WrongStatus, InAnotherDocument, TwiceInIt, NothingInIt, NotFound,
        IsRetired, Missing, Invalid: it is not possible.
    """
    lines = tuple(Line(one.code, quantity=one.quantity, person_id=person_id) for one in wanted)
    draft = Draft(DocumentType.LOAN, lines, reason=reason, due=due)
    return _enter(session, by, draft, school_id, rules, today, once, at)


def _enter(
    session: Session, by: Actor, draft: Draft, school_id: str, rules: Rules, today: date,
    once: str | None, at: datetime,
) -> Document:  # fmt: skip
    """Begin a document and hand it in."""
    document = documents.begin(
        session, by, draft, school_id=school_id, rules=rules, today=today, once=once, at=at
    )
    return documents.submit(
        session, by, school_id=school_id, document_id=document.id, rules=rules, at=at
    )


@requires(Permission.ARRANGE)
def take_return(
    session: Session, by: Actor, wanted: Sequence[Wanted], *, school_id: str,
    person_id: str | None = None, notes: Mapping[str, str] | None = None, rules: Rules,
    today: date, once: str | None = None, at: datetime,
) -> Document:  # fmt: skip
    """
    Take back what is lent, by one document; of one borrower's loans the oldest first.

    Whose loan it is has to be clear: by a loan, by a person, or because only one has borrowed it
    or all of it comes back.

    Raises:
        NotOnLoan, NotLentTo: one is not lent, or not to that person.
        SeveralBorrowers: a part comes back and several have borrowed; it says who.
        MoreThanLent: it says how much is lent.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    lines: list[Line] = []
    out = _open_loans(session, school, [one.code for one in wanted])
    for one in wanted:
        loans = _loans_meant(session, out.get(one.code, []), one, person_id)
        lines.extend(_returned(session, one, loans, (notes or {}).get(one.code)))
    draft = Draft(DocumentType.RETURN, tuple(lines))
    return _enter(session, by, draft, school, rules, today, once, at)


def _open_loans(session: Session, school: str, codes: Sequence[str]) -> dict[str, list[Loan]]:
    """The loans of things that are not closed, the oldest first."""
    query = select(Loan).where(
        Loan.school_id == school, Loan.code.in_(codes), Loan.closed_at.is_(None)
    )
    found: dict[str, list[Loan]] = {}
    for loan in session.scalars(query.order_by(Loan.lent_at, Loan.id)):
        found.setdefault(loan.code, []).append(loan)
    return found


def _loans_meant(
    session: Session, loans: list[Loan], wanted: Wanted, person_id: str | None
) -> list[Loan]:
    if wanted.loan is not None:
        loans = [loan for loan in loans if loan.id == wanted.loan]
    if not loans:
        raise NotOnLoan(what=shown(wanted.code))
    if person_id is None or wanted.loan is not None:
        return loans
    theirs = [loan for loan in loans if loan.person_id == person_id]
    if not theirs:
        person = session.get(Person, person_id)
        raise NotLentTo(what=shown(wanted.code), person=person.name if person else "—")
    return theirs


def _returned(
    session: Session, wanted: Wanted, loans: Sequence[Loan], note: str | None
) -> list[Line]:
    left, out = wanted.quantity, sum(loan.left for loan in loans)
    if left > out:
        raise MoreThanLent(what=shown(wanted.code), has=out, wanted=left)
    if left < out and len({loan.person_id for loan in loans}) > 1:
        raise SeveralBorrowers(what=shown(wanted.code), borrowers=_borrowers(session, loans))
    lines = []
    for loan in loans:
        if part := min(left, loan.left):
            details = {"loan": loan.id}
            lines.append(Line(loan.code, quantity=part, note=note, details=details))
        left -= part
    return lines


def _borrowers(session: Session, loans: Sequence[Loan]) -> str:
    """Who has how much, as a refusal names them."""
    has: dict[str, int] = {}
    for loan in loans:
        has[loan.person_id] = has.get(loan.person_id, 0) + loan.left
    people = [(session.get(Person, person_id), count) for person_id, count in has.items()]
    return ", ".join(f"{person.name if person else '—'} {count}" for person, count in people)


# --- to another place, to another keeper ---------------------------------------------------


class RelocationDeed(WithThings):
    """Things, or cabinets with all that is in them, go to another place of the school."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        _held = look_ahead(session, school, draft.lines)
        lines = []
        for one in draft.lines:
            place = session.get(Place, (school, one.place_id)) if one.place_id else None
            if place is None or not place.is_standing:
                raise NotFound(what="place", key=one.place_id or "—")
            if place.retired_at is not None:
                raise IsRetired(what=place.path)
            if _is_place(session, one.code):
                lines.append(_moved_place(session, school, one))
                continue
            known, thing = with_what_is_known(
                session, school, one, *_MOVABLE, but=draft.document_id
            )
            if thing.home_id == place.id:
                raise WrongStatus(what=thing.number, status="there_already")
            lines.append(known)
        refuse_locked(session, school, {one.place_id or "" for one in lines})
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        lines = lines_of(session, document)
        held = things_in(session, document.school_id, lines)
        things = {one.home_id for one in held if isinstance(one, Thing)}
        moved = {line.code or "" for line in lines if _is_place(session, line.code)}
        there = {line.place_id or "" for line in lines}
        refuse_locked(session, document.school_id, things | moved | there)

    def carry_out(
        self, session: Session, by: Actor, document: Document, start: int, stop: int, at: datetime
    ) -> None:
        part = lines_of(session, document)[start:stop]
        held = things_in(session, document.school_id, part)
        homes = {one.home_id for one in held if isinstance(one, Thing)}
        there = {line.place_id or "" for line in part}
        refuse_locked(session, document.school_id, homes | there)
        super().carry_out(session, by, document, start, stop, at)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        school, code, to = document.school_id, line.code or "", line.place_id or ""
        if _is_place(session, code):
            places.move_place(session, by, school_id=school, code=code, to=to, at=at)
            return
        there = _move(session, by, school, line, to, document.id, at)
        if there.code != code:
            bound = LineBound(document.id, line.n, there.code)
            record(session, by, bound, at=at, school_id=school)

    def take_back(
        self, session: Session, by: Actor, document: Document, counter: Document,
        start: int, stop: int, at: datetime,
    ) -> None:  # fmt: skip
        part = lines_of(session, document)[start:stop]
        origins = {str(details_of(line)["origin"]) for line in part}
        refuse_locked(session, document.school_id, origins | {line.place_id or "" for line in part})
        super().take_back(session, by, document, counter, start, stop, at)

    def check_reversible(self, session: Session, document: Document) -> None:
        lines = lines_of(session, document)
        _held = things_in(session, document.school_id, lines)
        for line in lines:
            code = line.code or ""
            if _is_place(session, code):
                place = session.get_one(Place, (document.school_id, code))
                if place.parent_id != line.place_id or place.retired_at:
                    raise CannotReverse(number=document.number, what=place.path)
                continue
            thing = session.get_one(Thing, (document.school_id, code))
            is_there = thing.home_id == line.place_id and thing.retired_at is None
            if not is_there or at_home(session, thing) < line.quantity:
                raise CannotReverse(number=document.number, what=thing.number)

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        school, code = document.school_id, line.code or ""
        origin = str(details_of(line)["origin"])
        if _is_place(session, code):
            places.move_place(session, by, school_id=school, code=code, to=origin, at=at)
            return
        _move(session, by, school, line, origin, counter.id, at)


def _move(
    session: Session, by: Actor, school: str, line: DocumentLine, to: str, document: str,
    at: datetime,
) -> Thing:  # fmt: skip
    """Move what a line is about; a single thing joins nothing and is moved by one change."""
    thing = register.thing_of(session, school, line.code or "")
    if not is_item(thing):
        return register.move_thing(
            session, by, school_id=school, code=thing.code, to=to, quantity=line.quantity,
            document=document, at=at,
        )  # fmt: skip
    place = session.get_one(Place, (school, to))
    if place.retired_at is not None:
        raise IsRetired(what=place.path)
    if thing.home_id != to:
        moved = ThingMoved(thing.code, thing.home_id, to, 1, document)
        record(session, by, moved, at=at, school_id=school)
    return thing


_MOVABLE = (Status.IN_USE, Status.REPAIR_WANTED, Status.TO_SCRAP)


def _is_place(session: Session, code: str | None) -> bool:
    row = session.get(Code, code) if code else None
    return row is not None and row.bearer == "place"


def _moved_place(session: Session, school: str, line: Line) -> Line:
    place = places.place_of(session, school, line.code or "")
    if place.retired_at is not None:
        raise IsRetired(what=place.path)
    refuse_locked(session, school, {place.id})
    details = {**line.details, "number": place.path, "origin": place.parent_id}
    return replace(line, quantity=1, details=details)


def _kept_in(session: Session, place: Place) -> list[Thing]:
    """The things in a place that whoever keeps it keeps: they are handed over with it."""
    school = place.school_id
    spots = within(session, school, place.id)
    keeper = keeper_of_place(session, school, place.id)
    query = select(Thing).where(
        Thing.school_id == school,
        Thing.home_id.in_(spots),
        Thing.retired_at.is_(None),
        Thing.keeper_id == keeper if keeper else Thing.keeper_id.is_(None),
    )
    things = session.scalars(query.limit(MOST_LINES + 1)).all()
    return sorted(things, key=lambda one: (spots.index(one.home_id), one.catalogue, one.running))


def _to_keep(session: Session, line: Line, thing: Thing) -> Line:
    return replace(
        line, kind_id=thing.kind_id, unit_price_cents=thing.unit_price_cents,
        quantity=max(1, at_home(session, thing)),
        details={"number": thing.number, "before": thing.keeper_id},
    )  # fmt: skip


class HandoverDeed(WithThings):
    """Things, or places with all that their keeper keeps in them, get another keeper."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        _held = _read(session, school, [one.code for one in draft.lines if one.code])
        lines = []
        for one in draft.lines:
            person = session.get(Person, one.person_id) if one.person_id else None
            if person is None or person.school_id != school:
                raise Missing(field="keeper")
            if _is_place(session, one.code):
                place = places.place_of(session, school, one.code or "")
                details = {"number": place.path, "before": place.keeper_id}
                lines.append(replace(one, quantity=1, details=details))
                named = {line.code for line in (*draft.lines, *lines)}
                kept = _kept_in(session, place)
                lines.extend(
                    _to_keep(session, Line(thing.code, person_id=one.person_id), thing)
                    for thing in kept
                    if thing.code not in named
                )
                continue
            thing = register.thing_of(session, school, one.code or "")
            lines.append(_to_keep(session, one, thing))
        if len(lines) > MOST_LINES:
            raise TooMany(count=len(lines), limit=MOST_LINES)
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        _keep(session, by, document.school_id, line.code or "", line.person_id, at)

    def check_reversible(self, session: Session, document: Document) -> None:
        lines = lines_of(session, document)
        _held = things_in(session, document.school_id, lines)
        for line in lines:
            key = (document.school_id, line.code)
            row = session.get(Thing, key) or session.get_one(Place, key)
            if row.keeper_id != line.person_id or row.retired_at is not None:
                what = str(details_of(line).get("number"))
                raise CannotReverse(number=document.number, what=what)

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        before = details_of(line).get("before")
        keeper = str(before) if before else None
        _keep(session, by, document.school_id, line.code or "", keeper, at)


def _keep(
    session: Session, by: Actor, school: str, code: str, person_id: str | None, at: datetime
) -> None:
    if _is_place(session, code):
        values = {"keeper": person_id}
        places.change_place(session, by, school_id=school, code=code, values=values, at=at)
        return
    change = ThingDescribed(code, (("keeper", person_id),))
    record(session, by, change, at=at, school_id=school)


# --- the end of a thing --------------------------------------------------------------------


class EndDeed(WithThings):
    """What scrapping and loss have in common: held when handed in, gone when approved."""

    def __init__(self, held: Status, end: Status, *lawful: Status) -> None:
        self._held, self._end, self._lawful = held, end, (*lawful, held)

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        if not (draft.reason or "").strip():
            raise Missing(field="reason")
        _held = look_ahead(session, school, draft.lines)
        lines = []
        for one in draft.lines:
            known, thing = with_what_is_known(
                session, school, one, *self._lawful, but=draft.document_id
            )
            # Nothing else holds it, so this is what it is again when the document comes back.
            lines.append(replace(known, details={**known.details, "before": thing.status}))
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        refuse_locked_homes(session, document)
        _known = things_in(session, document.school_id, lines_of(session, document))
        for _, thing in _things(session, document):
            if is_item(thing) and thing.status != self._held.value:
                turn(session, by, thing, self._held, document, document.reason, at)

    def release(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        _known = things_in(session, document.school_id, lines_of(session, document))
        for line, thing in _things(session, document):
            before = _before(line)
            if is_item(thing) and thing.status == self._held.value != before.value:
                turn(session, by, thing, before, document, None, at)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        school = document.school_id
        thing = register.thing_of(session, school, line.code or "")
        has = at_home(session, thing)
        register.check_at_hand(thing, has, line.quantity)
        if is_item(thing) or (line.quantity == has and not thing.lent):
            if thing.status != self._held.value:
                turn(session, by, thing, self._held, document, document.reason, at)
            turn(session, by, thing, self._end, document, document.reason, at)
        else:
            change = PartTaken(
                thing.code, self._end.value, line.quantity, document.id, document.reason
            )
            record(session, by, change, at=at, school_id=school)
        _post(session, by, document, thing, line, -line.quantity, at)

    def check_reversible(self, session: Session, document: Document) -> None:
        for _, thing in _things(session, document):
            ended = thing.status == self._end.value and thing.document_id == document.id
            is_part = (
                not is_item(thing)
                and thing.retired_at is None
                and thing.status not in {Status.IN_REPAIR.value, Status.IN_TRANSFER.value}
            )
            if not (ended or is_part):
                raise CannotReverse(number=document.number, what=thing.number)
            home = session.get_one(Place, (document.school_id, thing.home_id))
            if home.retired_at is not None:
                raise CannotReverse(number=document.number, what=home.path)
            kind = session.get_one(Kind, (document.school_id, thing.kind_id))
            if kind.retired_at is not None:
                raise IsRetired(what=kind.title)
        refuse_locked_homes(session, document)

    def undo(
        self, session: Session, by: Actor, document: Document, counter: Document,
        line: DocumentLine, at: datetime,
    ) -> None:  # fmt: skip
        thing = session.get_one(Thing, (document.school_id, line.code))
        if thing.status == self._end.value:
            # What was taken before its end stays taken: only this document's part comes back.
            before = _before(line)
            change = ThingTurned(thing.code, thing.status, before.value, line.quantity, counter.id)
            record(session, by, change, at=at, school_id=document.school_id)
            session.flush()
            if before is Status.IN_USE:
                register.rejoin_batch(session, by, thing, at)
        else:
            brought = PartBrought(thing.code, self._end.value, line.quantity, counter.id)
            record(session, by, brought, at=at, school_id=document.school_id)
        _post(session, by, counter, thing, line, line.quantity, at)


def _before(line: DocumentLine) -> Status:
    """What a thing was when it was entered into a document that may end it."""
    return Status(str(details_of(line).get("before", Status.IN_USE.value)))


def refuse_locked_homes(session: Session, document: Document) -> None:
    """
    Refuse to hand in what stands in a place that was locked since the document was written.

    Raises:
        Locked: one of its things does.
    """
    homes = {thing.home_id for _, thing in _things(session, document)}
    refuse_locked(session, document.school_id, homes)


def _things(session: Session, document: Document) -> list[tuple[DocumentLine, Thing]]:
    """The lines of a document with their things."""
    lines = lines_of(session, document)
    codes = [line.code for line in lines if line.code]
    in_it = Thing.code.in_(codes)
    things = session.scalars(
        select(Thing).where(Thing.school_id == document.school_id, in_it)
    ).all()
    found = {thing.code: thing for thing in things}
    return [(line, found[line.code]) for line in lines if line.code in found]


def turn(
    session: Session, by: Actor, thing: Thing, status: Status, document: Document | None,
    reason: str | None, at: datetime,
) -> None:  # fmt: skip
    if status not in EDGES.get(Status(thing.status), frozenset()):
        raise WrongStatus(what=thing.number, status=thing.status)
    change = ThingTurned(
        thing.code, thing.status, status.value, at_home(session, thing),
        document.id if document else None,
        (reason or "")[:400] or None, document.number if document else None,
    )  # fmt: skip
    record(session, by, change, at=at, school_id=thing.school_id)


def _post(
    session: Session, by: Actor, document: Document, thing: Thing, line: DocumentLine,
    quantity: int, at: datetime,
) -> None:  # fmt: skip
    """Enter into the ledger what a line took or brought, under the kind that the thing is now."""
    post_line(
        session, by, document=document, kind_id=thing.kind_id, quantity=quantity,
        unit_price_cents=line.unit_price_cents, source=line.code, at=at,
    )  # fmt: skip


# --- repair --------------------------------------------------------------------------------


class RepairDeed(WithThings):
    """Things go to be repaired; the document ends when they come back, mended or not."""

    def complete(self, session: Session, by: Actor, school: str, draft: Draft) -> Draft:
        if not (draft.reason or "").strip():
            raise Missing(field="reason")
        _held = look_ahead(session, school, draft.lines)
        lines = [
            with_what_is_known(
                session, school, one, Status.IN_USE, Status.REPAIR_WANTED, whole=True
            )[0]
            for one in draft.lines
        ]
        title = draft.title or title_of(session, school, lines)
        return replace(draft, lines=tuple(lines), title=title)

    def hold(self, session: Session, by: Actor, document: Document, at: datetime) -> None:
        refuse_locked_homes(session, document)

    def do(
        self, session: Session, by: Actor, document: Document, line: DocumentLine, at: datetime
    ) -> None:
        thing = register.thing_of(session, document.school_id, line.code or "")
        beyond = _beyond(document)
        if beyond is not None:
            _end_repair_of(session, by, document, thing, is_beyond=line.code in beyond, at=at)
            return
        if thing.status == Status.IN_USE.value:
            turn(session, by, thing, Status.REPAIR_WANTED, document, document.reason, at)
        turn(session, by, thing, Status.IN_REPAIR, document, document.reason, at)

    def finish(self, session: Session, by: Actor, document: Document, at: datetime) -> bool:
        if _beyond(document) is not None:
            return True
        change = DocumentSent(document.id, REPAIR_RESULT)
        record(session, by, change, at=at, school_id=document.school_id)
        return False

    def comes_back(self, document: Document) -> bool:
        return _beyond(document) is not None


def _beyond(document: Document) -> Sequence[str] | None:
    """What could not be mended, once it is known; None while things are in repair."""
    found = details_of(document).get("beyond")
    return [str(one) for one in found] if isinstance(found, list) else None


def _end_repair_of(
    session: Session, by: Actor, document: Document, thing: Thing, *, is_beyond: bool,
    at: datetime,
) -> None:  # fmt: skip
    status = Status.TO_SCRAP if is_beyond else Status.IN_USE
    turn(session, by, thing, status, document, None, at)
    if status is Status.IN_USE:
        register.rejoin_batch(session, by, thing, at)


@requires(Permission.ARRANGE)
def end_repair(
    session: Session, by: Actor, *, school_id: str, document_id: str,
    beyond: Sequence[str] = (), at: datetime,
) -> Document:  # fmt: skip
    """
    Note that a repair is over; `beyond` are the codes of what could not be mended.

    The first slice of the things is in use again; the rest follows by `documents.advance`.

    Raises:
        NotFound: one of the codes is not in the document.
        NotInThisState: the document is no repair that is going on.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    document = document_of(session, school, document_id)
    if document.waits_for != REPAIR_RESULT:
        raise NotInThisState(number=document.number, state=document.state)
    codes = {line.code for line in lines_of(session, document)}
    for code in beyond:
        if code not in codes:
            raise NotFound(what="thing", key=shown(code))
    told = canonical({**details_of(document), "beyond": sorted(beyond)})
    record(session, by, OutcomeNoted(document.id, told), at=at, school_id=school)
    session.flush()
    documents.advance(
        session, by, school_id=school, document_id=document.id, rules=Rules(LIFE_DEEDS, {}), at=at
    )
    return document


@requires(Permission.ARRANGE)
def report_fault(
    session: Session, by: Actor, *, school_id: str, code: str, reason: str, at: datetime
) -> Thing:
    """
    Say that a thing is broken (待修); it stays where it is and is not lent.

    Raises:
        NotFound, IsRetired, WrongStatus, Missing, AlreadyOnLoan, InAnotherDocument: as they say.
    """
    return _turn_by_hand(session, by, school_id, code, Status.REPAIR_WANTED, reason, at)


@requires(Permission.ARRANGE)
def clear_fault(session: Session, by: Actor, *, school_id: str, code: str, at: datetime) -> Thing:
    """
    Say that a thing that was reported broken, or beyond repair, is in order.

    Raises:
        NotFound, IsRetired, WrongStatus, InAnotherDocument: as they say.
    """
    return _turn_by_hand(session, by, school_id, code, Status.IN_USE, None, at)


def _turn_by_hand(
    session: Session, by: Actor, school_id: str, code: str, status: Status, reason: str | None,
    at: datetime,
) -> Thing:  # fmt: skip
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    thing = register.thing_of(session, school, code)
    if status is Status.REPAIR_WANTED:
        _check_status(thing, Status.IN_USE)
    else:
        _check_status(thing, Status.REPAIR_WANTED, Status.TO_SCRAP)
    if status is Status.REPAIR_WANTED and not (reason or "").strip():
        raise Missing(field="reason")
    documents.refuse_busy(session, school, [code])
    turn(session, by, thing, status, None, reason, at)
    return thing


LIFE_DEEDS = {
    DocumentType.LOAN.value: LoanDeed(),
    DocumentType.RETURN.value: ReturnDeed(),
    DocumentType.RELOCATION.value: RelocationDeed(),
    DocumentType.HANDOVER.value: HandoverDeed(),
    DocumentType.REPAIR.value: RepairDeed(),
    DocumentType.SCRAP.value: EndDeed(
        Status.TO_SCRAP, Status.SCRAPPED, Status.IN_USE, Status.REPAIR_WANTED
    ),
    DocumentType.LOSS.value: EndDeed(Status.MISSING, Status.WRITTEN_OFF, Status.IN_USE),
}
"""What the documents of this capability do within a school."""
