"""This module is about reading documents: lists, one with its lines and approvals, who waits."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.identity.models import Person
from inventory.ledger.models import Deputy, Document, DocumentLine, DocumentStep, details_of
from inventory.ledger.rules import RECEIVER, DocumentState, DocumentType
from inventory.places.models import Place, School
from inventory.scope import Actor, Permission

PAGE = 50
LINES_SHOWN = 500


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in a list."""

    school_id: str
    school: str
    id: str
    type: str
    number: str
    title: str
    state: str
    waits_for: str | None
    created_at: datetime
    created_by: str
    executed_at: datetime | None
    voucher: str | None
    reason: str | None
    due: str | None
    other_school: str | None
    other_document: str | None
    reverses: str | None
    reversed_by: str | None
    done: int
    revision: int

    @property
    def is_changeable(self) -> bool:
        return self.state in {DocumentState.DRAFT.value, DocumentState.RETURNED.value}

    @property
    def is_done(self) -> bool:
        return self.state in {DocumentState.EXECUTED.value, DocumentState.FILED.value}

    @property
    def waits_for_receiver(self) -> bool:
        """Whether somebody of this school has to confirm what another school sent."""
        return (
            self.type == DocumentType.ARRIVAL.value and self.state == DocumentState.SUBMITTED.value
        )

    @property
    def is_under_way(self) -> bool:
        return self.state == DocumentState.APPROVED.value and self.waits_for == RECEIVER

    @property
    def can_end_here(self) -> bool:
        """Whether the rest can be struck; what takes back or takes over does all or nothing."""
        is_whole = self.type in {DocumentType.REVERSAL.value, DocumentType.ARRIVAL.value}
        return self.is_unfinished and self.done > 0 and not is_whole

    @property
    def is_unfinished(self) -> bool:
        """Whether it was approved and its carrying out was interrupted."""
        return self.state == DocumentState.APPROVED.value and self.waits_for is None


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line of a document for display."""

    n: int
    code: str | None
    kind_id: str | None
    number: str
    name: str
    specification: str
    unit: str
    quantity: int
    unit_price_cents: int | None
    place_id: str | None
    place: str | None
    person: str | None
    note: str | None
    details: dict[str, object]

    @property
    def amount_cents(self) -> int | None:
        return None if self.unit_price_cents is None else self.unit_price_cents * self.quantity


@dataclass(frozen=True, slots=True)
class StepRow:
    """An approval for display, with names."""

    round: int
    n: int
    role: str
    outcome: str | None
    signed_by: str | None
    entered_by: str | None
    deputy_of: str | None
    on_paper: bool
    attachment_id: str | None
    reason: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with all that stands on it."""

    row: DocumentRow
    details: dict[str, object]
    created_by: str
    lines: tuple[LineRow, ...]
    steps: tuple[StepRow, ...]
    numbers: dict[str, str]
    """Numbers of the documents of the same school that it refers to, by id."""

    @property
    def total_cents(self) -> int | None:
        """What it is worth altogether; None when a price is not known."""
        amounts = [line.amount_cents for line in self.lines]
        known = [one for one in amounts if one is not None]
        return sum(known) if len(known) == len(amounts) else None

    @property
    def pieces(self) -> int:
        return sum(line.quantity for line in self.lines)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of documents shows."""

    type: str = ""
    state: str = ""
    text: str = ""
    school_id: str = ""
    waiting: bool = False
    before: str = ""
    """A document's code: those that were begun before it."""


def _row(document: Document, school: str) -> DocumentRow:
    names = [name for name in DocumentRow.__slots__ if name != "school"]
    return DocumentRow(school=school, **{name: getattr(document, name) for name in names})


def documents(
    session: Session, by: Actor, wanted: Filter, *, today: date, page: int = 1, size: int = PAGE
) -> tuple[list[DocumentRow], int]:
    """Return one page of documents, the latest first, and how many there are."""
    conditions = _conditions(session, by, wanted, today)
    query = (
        select(Document, School.name)
        .join(School, School.id == Document.school_id)
        .where(*conditions)
        .order_by(Document.created_at.desc(), Document.number.desc())
    )
    count = session.scalar(select(func.count()).select_from(Document).where(*conditions))
    rows = session.execute(query.limit(size).offset((page - 1) * size))
    return [_row(document, school) for document, school in rows], int(count or 0)


def every(
    session: Session, by: Actor, wanted: Filter, *, today: date, part: int = 500
) -> Iterator[DocumentRow]:
    """Yield all documents of a list, the latest first, a part at a time."""
    rows = latest(session, by, wanted, today=today, limit=part)
    while rows:
        yield from rows
        after = replace(wanted, before=rows[-1].id)
        rows = latest(session, by, after, today=today, limit=part)


def latest(
    session: Session, by: Actor, wanted: Filter, *, today: date, limit: int
) -> list[DocumentRow]:
    """Return documents by code, the latest first: codes are minted in order."""
    query = (
        select(Document, School.name)
        .join(School, School.id == Document.school_id)
        .where(*_conditions(session, by, wanted, today))
        .order_by(Document.id.desc())
        .limit(limit)
    )
    return [_row(document, school) for document, school in session.execute(query)]


def _conditions(
    session: Session, by: Actor, wanted: Filter, today: date
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.type:
        found.append(Document.type == wanted.type)
    if wanted.state:
        found.append(Document.state == wanted.state)
    if wanted.school_id:
        found.append(Document.school_id == wanted.school_id)
    if text := wanted.text.strip()[:60]:
        plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found.append(
            or_(
                Document.number.ilike(f"%{plain}%", escape="\\"),
                Document.title.ilike(f"%{plain}%", escape="\\"),
                Document.voucher.ilike(f"%{plain}%", escape="\\"),
                Document.id == plain,
            )
        )
    if wanted.before:
        found.append(Document.id < wanted.before)
    if wanted.waiting:
        found.append(_waits_for(session, by, today))
    return found


def _waits_for(session: Session, by: Actor, today: date) -> ColumnElement[bool]:
    """What somebody has to do something about: decide, confirm, or write anew."""
    roles = set()
    if by.may(Permission.APPROVE) and by.role is not None:
        roles.add(by.role.value)
    roles.update(_deputed_roles(session, by, today))
    asked = and_(
        Document.state == DocumentState.SUBMITTED.value,
        Document.waits_for.in_(sorted(roles)),
        Document.created_by != by.id,
        Document.type != DocumentType.ARRIVAL.value,
    )
    mine = and_(
        Document.created_by == by.id,
        or_(
            Document.state.in_([DocumentState.RETURNED.value, DocumentState.DRAFT.value]),
            and_(Document.state == DocumentState.APPROVED.value, Document.waits_for.is_(None)),
        ),
    )
    if not by.may(Permission.ARRANGE) or by.school_id is None:
        return or_(asked, mine)
    arrivals = and_(
        Document.type == DocumentType.ARRIVAL.value,
        Document.state == DocumentState.SUBMITTED.value,
    )
    return or_(asked, mine, arrivals)


def _deputed_roles(session: Session, by: Actor, today: date) -> set[str]:
    query = (
        select(Person.role)
        .join(Deputy, Deputy.person_id == Person.id)
        .where(
            Deputy.deputy_id == by.id,
            Deputy.first <= today.isoformat(),
            Deputy.last >= today.isoformat(),
            Deputy.ended_at.is_(None),
        )
    )
    return {role for role in session.scalars(query) if role}


def waiting(session: Session, by: Actor, *, today: date) -> int:
    """Return how many documents wait for somebody."""
    query = select(func.count()).select_from(Document).where(_waits_for(session, by, today))
    return int(session.scalar(query) or 0)


def document(session: Session, document_id: str) -> DocumentView | None:
    """Return the document under a code in the schools in sight, with its lines and approvals."""
    found = session.execute(
        select(Document, School.name)
        .join(School, School.id == Document.school_id)
        .where(Document.id == document_id)
    ).first()
    if found is None:
        return None
    row = _row(found[0], found[1])
    steps = _steps(session, row)
    people = _names(session, {row.created_by, *(one for step in steps for one in _people(step))})
    related = {one for one in (row.reverses, row.reversed_by) if one}
    return DocumentView(
        row=row,
        details=details_of(found[0]),
        created_by=people.get(row.created_by, "—"),
        lines=tuple(_lines(session, row)),
        steps=tuple(_step_row(step, people) for step in steps),
        numbers=_numbers(session, row.school_id, related),
    )


def _people(step: DocumentStep) -> tuple[str, ...]:
    return tuple(filter(None, (step.signed_by, step.entered_by, step.deputy_of)))


def _steps(session: Session, row: DocumentRow) -> list[DocumentStep]:
    query = select(DocumentStep).where(
        DocumentStep.school_id == row.school_id, DocumentStep.document_id == row.id
    )
    return list(session.scalars(query.order_by(DocumentStep.round, DocumentStep.n)))


def _step_row(step: DocumentStep, people: dict[str, str]) -> StepRow:
    return StepRow(
        step.round,
        step.n,
        step.role,
        step.outcome,
        people.get(step.signed_by or ""),
        people.get(step.entered_by or ""),
        people.get(step.deputy_of or ""),
        step.on_paper,
        step.attachment_id,
        step.reason,
        step.decided_at,
    )


def _names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    query = select(Person.id, Person.name).where(Person.id.in_(sorted(ids)))
    return {row[0]: row[1] for row in session.execute(query)}


def _numbers(session: Session, school_id: str, ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    query = select(Document.id, Document.number).where(
        Document.school_id == school_id, Document.id.in_(sorted(ids))
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _lines(session: Session, row: DocumentRow) -> list[LineRow]:
    query = (
        select(DocumentLine, Kind, Place.path, Person.name)
        .outerjoin(
            Kind, and_(Kind.school_id == DocumentLine.school_id, Kind.id == DocumentLine.kind_id)
        )
        .outerjoin(
            Place,
            and_(Place.school_id == DocumentLine.school_id, Place.id == DocumentLine.place_id),
        )
        .outerjoin(Person, Person.id == DocumentLine.person_id)
        .where(DocumentLine.school_id == row.school_id, DocumentLine.document_id == row.id)
        .order_by(DocumentLine.n)
        .limit(LINES_SHOWN)
    )
    return [_line_row(*found) for found in session.execute(query)]


def _line_row(
    line: DocumentLine, kind: Kind | None, place: str | None, person: str | None
) -> LineRow:
    details = details_of(line)
    return LineRow(
        n=line.n,
        code=line.code,
        kind_id=line.kind_id,
        number=str(details.get("number") or (kind.catalogue_code if kind else "") or ""),
        name=kind.name if kind else str(details.get("name") or details.get("number") or ""),
        specification=kind.specification if kind else str(details.get("specification") or ""),
        unit=kind.unit if kind else str(details.get("unit") or ""),
        quantity=line.quantity,
        unit_price_cents=line.unit_price_cents,
        place_id=line.place_id,
        place=place,
        person=person,
        note=line.note,
        details=details,
    )


@dataclass(frozen=True, slots=True)
class DeputyRow:
    """Who approves for whom, and when."""

    id: str
    person: str
    deputy: str
    first: str
    last: str
    is_mine: bool


def deputies(session: Session, by: Actor, *, today: date) -> list[DeputyRow]:
    """Return the deputies that are named and whose last day has not passed."""
    query = select(Deputy).where(Deputy.ended_at.is_(None), Deputy.last >= today.isoformat())
    rows = list(session.scalars(query.order_by(Deputy.first, Deputy.id)))
    people = _names(session, {one for row in rows for one in (row.person_id, row.deputy_id)})
    return [
        DeputyRow(
            row.id, people.get(row.person_id, "—"), people.get(row.deputy_id, "—"), row.first,
            row.last, row.person_id == by.id,
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody, or a school, in a choice."""

    id: str
    name: str

    @property
    def title(self) -> str:
        return self.name


def people_of(session: Session, school_id: str | None) -> list[Named]:
    """Return the people of a school who can be lent to, or be keepers."""
    query = select(Person.id, Person.name).where(
        Person.school_id == school_id if school_id else Person.school_id.is_(None),
        Person.is_active.is_(True),
    )
    return [Named(*row) for row in session.execute(query.order_by(Person.initials, Person.name))]


def sign_ins(session: Session, school_id: str | None) -> list[Named]:
    """Return the people of a school, or of the bureau, who can sign in."""
    query = select(Person.id, Person.name).where(
        Person.school_id == school_id if school_id else Person.school_id.is_(None),
        Person.is_active.is_(True),
        Person.password_hash.is_not(None),
    )
    return [Named(*row) for row in session.execute(query.order_by(Person.name))]


def signers(session: Session, school_id: str, role: str) -> list[Named]:
    """Return who may sign a step of a role: people of the school, or of the bureau."""
    query = select(Person.id, Person.name).where(
        or_(Person.school_id == school_id, Person.school_id.is_(None)),
        Person.role == role,
        Person.is_active.is_(True),
    )
    return [Named(*row) for row in session.execute(query.order_by(Person.name))]


def documents_of(session: Session, school_id: str, code: str, limit: int = 20) -> list[DocumentRow]:
    """Return the documents in which a thing or a place stands, the latest first."""
    query = (
        select(Document, School.name)
        .join(School, School.id == Document.school_id)
        .join(
            DocumentLine,
            and_(
                DocumentLine.school_id == Document.school_id,
                DocumentLine.document_id == Document.id,
            ),
        )
        .where(Document.school_id == school_id, DocumentLine.code == code)
        .order_by(Document.created_at.desc())
        .limit(limit)
    )
    return [_row(document, school) for document, school in session.execute(query)]
