"""This module is about merging two kinds that are one, with all that they have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import CatalogueCode
from inventory.catalogue.service import codes_of, kind_of
from inventory.errors import (
    InAnotherDocument,
    ManagedDifferently,
    NotAllHere,
    SameKind,
    UnitsDiffer,
)
from inventory.journal.service import record
from inventory.ledger.merging_changes import KindMerged
from inventory.ledger.models import Document, DocumentLine, LedgerLine
from inventory.ledger.rules import OPEN
from inventory.places.service import one_at_a_time
from inventory.register import service as register
from inventory.register.models import CardLine, Thing
from inventory.scope import Actor, Permission, own_school, requires


@dataclass(frozen=True, slots=True)
class Joining:
    """A batch that would join the one of the other kind in its place."""

    code: str
    into: str
    place: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Merging:
    """What would move from one kind to the other; nothing has happened yet."""

    kept: Kind
    merged: Kind
    things: tuple[str, ...]
    lines: tuple[str, ...]
    places: tuple[str, ...]
    joined: tuple[Joining, ...]
    required: int | None


@requires(Permission.ARRANGE)
def plan_merging(
    session: Session, by: Actor, *, school_id: str, kind_id: str, into: str
) -> Merging:
    """
    Say what would move if a kind became another one.

    Raises:
        NotFound, IsRetired: one of them is not there, or was given up.
        SameKind, UnitsDiffer, ManagedDifferently: they cannot be one.
        InAnotherDocument: a document that is not finished names the kind.
        NotAllHere: some of a batch that would join another one is not at its place.
        SerialThere: a thing of each has the same serial number.
    """
    school = own_school(by, school_id)
    merged, kept = kind_of(session, school, kind_id), kind_of(session, school, into)
    if merged.id == kept.id:
        raise SameKind(field="into", what=kept.title)
    if merged.unit != kept.unit:
        raise UnitsDiffer(unit=merged.unit or "—", other=kept.unit or "—")
    if merged.managed_as != kept.managed_as:
        raise ManagedDifferently
    _refuse_open(session, school, merged)
    of_kind = Thing.kind_id == merged.id
    things = session.scalars(
        select(Thing).where(Thing.school_id == school, of_kind).order_by(Thing.code)
    ).all()
    _check_serials(session, kept, things)
    lines = session.scalars(
        select(LedgerLine.id)
        .where(LedgerLine.school_id == school, LedgerLine.kind_id == merged.id)
        .order_by(LedgerLine.id)
    ).all()
    places = session.scalars(
        select(CardLine.place_id)
        .where(CardLine.school_id == school, CardLine.kind_id == merged.id)
        .order_by(CardLine.place_id)
    ).all()
    needs = [one.required for one in (kept, merged) if one.required is not None]
    return Merging(
        kept, merged, tuple(one.code for one in things), tuple(lines), tuple(places),
        _joining(session, school, merged, kept), sum(needs) if needs else None,
    )  # fmt: skip


def _refuse_open(session: Session, school: str, merged: Kind) -> None:
    """A document that names the kind has to come to its end first."""
    query = (
        select(Document.number)
        .join(
            DocumentLine,
            (DocumentLine.school_id == Document.school_id)
            & (DocumentLine.document_id == Document.id),
        )
        .where(
            Document.school_id == school,
            DocumentLine.kind_id == merged.id,
            Document.state.in_([one.value for one in OPEN]),
        )
    )
    number = session.scalar(query.limit(1))
    if number is not None:
        raise InAnotherDocument(what=merged.title, number=number)


def _check_serials(session: Session, kept: Kind, things: Sequence[Thing]) -> None:
    for one in things:
        if one.serial_no and one.retired_at is None:
            register.check_doubles(session, one.school_id, kept.id, serial_no=one.serial_no)


def _joining(session: Session, school: str, merged: Kind, kept: Kind) -> tuple[Joining, ...]:
    """One batch of a kind in one place: those of the merged kind join the ones that are there."""
    batches = register.batches_of(session, school, [merged.id, kept.id])
    found = []
    for (kind_id, place), batch in sorted(batches.items()):
        there = batches.get((kept.id, place))
        if kind_id == merged.id and there is not None:
            if batch.lent or register.is_elsewhere(session, batch):
                raise NotAllHere(number=batch.number)
            quantity = register.at_home(session, batch)
            found.append(Joining(batch.code, there.code, place, quantity))
    return tuple(found)


@requires(Permission.ARRANGE)
def merge_kinds(
    session: Session, by: Actor, *, school_id: str, kind_id: str, into: str, at: datetime
) -> Kind:
    """
    Let a kind become another one: things, lines, cards and need move by one change.

    It cannot be undone, for afterwards nobody knows which of them was which.

    Raises:
        see `plan_merging`.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    plan = plan_merging(session, by, school_id=school, kind_id=kind_id, into=into)
    codes = _codes(session, plan)
    held = _look_ahead(session, plan)
    change = KindMerged(
        plan.kept.id, plan.merged.id, plan.things, plan.lines, plan.places,
        tuple((one.code, one.into, one.quantity) for one in plan.joined), plan.required,
        tuple((one.system, one.edition, one.code) for one in codes) if codes else None,
    )  # fmt: skip
    record(session, by, change, at=at, school_id=school)
    session.flush()
    del held
    return plan.kept


def _look_ahead(session: Session, plan: Merging) -> list[object]:
    """Read at once what the change asks for one by one; the session keeps what is held."""
    school = plan.kept.school_id
    ids = [plan.kept.id, plan.merged.id]
    lines = select(LedgerLine).where(
        LedgerLine.school_id == school, LedgerLine.kind_id == plan.merged.id
    )
    things = select(Thing).where(Thing.school_id == school, Thing.kind_id.in_(ids))
    cards = select(CardLine).where(CardLine.school_id == school, CardLine.kind_id.in_(ids))
    return [*session.scalars(lines), *session.scalars(things), *session.scalars(cards)]


def _codes(session: Session, plan: Merging) -> tuple[CatalogueCode, ...]:
    """The kept kind's codes and behind them the other's, where that makes several."""
    found: list[CatalogueCode] = []
    for kind in (plan.kept, plan.merged):
        own = codes_of(session, kind)
        if not own and kind.catalogue_code:
            own = (CatalogueCode("", "", kind.catalogue_code),)
        found.extend(own)
    different = tuple(dict.fromkeys(found))
    leads = bool(different) and different[0].code == plan.kept.catalogue_code
    return different if leads and len(different) > 1 else ()
