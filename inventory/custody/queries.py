"""This module is about reading loans: what is out, with whom, since when and until when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.custody.models import Loan
from inventory.identity.models import Person
from inventory.ledger.models import Document
from inventory.places.models import Place, School
from inventory.register.models import Thing

PAGE = 100


@dataclass(frozen=True, slots=True)
class LoanRow:
    """A loan for display; `left` is what has not come back."""

    school_id: str
    school: str
    id: str
    code: str
    number: str
    name: str
    specification: str
    unit: str
    place: str
    left: int
    quantity: int
    person_id: str
    person: str
    lent_at: datetime
    due: str | None
    document_id: str
    document: str
    is_overdue: bool


def loans(
    session: Session, *, today: date, school_id: str | None = None, code: str | None = None,
    person_id: str | None = None, overdue: bool = False, page: int = 1, size: int = PAGE,
) -> tuple[list[LoanRow], int]:  # fmt: skip
    """Return one page of what is lent, the longest overdue first, and how many there are."""
    conditions: list[ColumnElement[bool]] = [Loan.closed_at.is_(None)]
    if school_id:
        conditions.append(Loan.school_id == school_id)
    if code:
        conditions.append(Loan.code == code)
    if person_id:
        conditions.append(Loan.person_id == person_id)
    if overdue:
        conditions.append(Loan.due < today.isoformat())
    count = session.scalar(select(func.count()).select_from(Loan).where(*conditions))
    query = _rows().where(*conditions).order_by(func.coalesce(Loan.due, "9"), Loan.lent_at, Loan.id)
    found = session.execute(query.limit(size).offset((page - 1) * size))
    return [_row(today, *row) for row in found], int(count or 0)


def latest(session: Session, *, today: date, before: str = "", limit: int = PAGE) -> list[LoanRow]:
    """Return what is lent, the latest first, from behind a loan's id on."""
    query = _rows().where(Loan.closed_at.is_(None))
    if before:
        query = query.where(Loan.id < before)
    found = session.execute(query.order_by(Loan.id.desc()).limit(limit))
    return [_row(today, *row) for row in found]


def person_named(session: Session, school_id: str, name: str) -> str | None:
    """Return the id of somebody of a school by name; of two, the one who has borrowed most."""
    open_loan = and_(
        Loan.school_id == Person.school_id, Loan.person_id == Person.id, Loan.closed_at.is_(None)
    )
    query = (
        select(Person.id)
        .outerjoin(Loan, open_loan)
        .where(Person.school_id == school_id, Person.name == name)
        .group_by(Person.id)
        .order_by(func.count(Loan.id).desc(), Person.id)
    )
    return session.scalar(query.limit(1))


def _rows() -> Select:  # type: ignore[type-arg]
    return (
        select(Loan, Thing, Kind, Place.path, Person.name, Document.number, School.name)
        .join(Thing, and_(Thing.school_id == Loan.school_id, Thing.code == Loan.code))
        .join(Kind, and_(Kind.school_id == Loan.school_id, Kind.id == Thing.kind_id))
        .join(Place, and_(Place.school_id == Loan.school_id, Place.id == Thing.home_id))
        .join(Person, Person.id == Loan.person_id)
        .join(
            Document,
            and_(Document.school_id == Loan.school_id, Document.id == Loan.document_id),
        )
        .join(School, School.id == Loan.school_id)
    )


def _row(
    today: date, loan: Loan, thing: Thing, kind: Kind, place: str, person: str, document: str,
    school: str,
) -> LoanRow:  # fmt: skip
    return LoanRow(
        school_id=loan.school_id,
        school=school,
        id=loan.id,
        code=loan.code,
        number=thing.number,
        name=kind.name,
        specification=kind.specification,
        unit=kind.unit,
        place=place,
        left=loan.left,
        quantity=loan.quantity,
        person_id=loan.person_id,
        person=person,
        lent_at=loan.lent_at,
        due=loan.due,
        document_id=loan.document_id,
        document=document,
        is_overdue=loan.due is not None and loan.due < today.isoformat(),
    )


def every_loan(session: Session, *, today: date, overdue: bool = False) -> Iterator[LoanRow]:
    """Yield all that is lent, a page at a time."""
    page = 1
    while rows := loans(session, today=today, overdue=overdue, page=page, size=500)[0]:
        yield from rows
        page += 1
