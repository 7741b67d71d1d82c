"""
This module is about the numbers that single things of a file bear: serial numbers, old numbers
and tags. They are handed out in the order of the things, and what is known already is told by row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.errors import Refusal
from inventory.exchange.queries import locked_paths
from inventory.exchange.rules import Fault, FaultCode, Record, Severity
from inventory.exchange.rules.beside import split
from inventory.exchange.rules.headers import COLUMNS
from inventory.register.models import Tag, Thing
from inventory.register.rules import code_in
from inventory.register.tags_rules import Medium, value_of
from inventory.register.tags_service import ToBind, bind_many, unbind
from inventory.scope import Actor, Permission, requires

CARRIERS = {"old_number": Medium.NUMBER, "epc": Medium.EPC}
"""The columns of a file whose values are bound as tags, and as which."""
LEFT_OVER = {"serial_no": "出厂编号", "old_number": "原编号"}
"""What stands in the note before numbers that could be given to no single thing."""
LONGEST_NOTE = 400
SerialKey = tuple[str, str, str]
"""A serial number with the name and the specification of its kind."""


@dataclass(slots=True)
class Known:
    """What the register and the rows before have already, asked for so many rows at a time."""

    session: Session
    school_id: str
    faults: list[Fault] = field(default_factory=list)
    _tags: dict[str, str] = field(default_factory=dict)
    """Values of carriers met so far, with the row of the file, empty for the register's."""
    _serials: set[SerialKey] = field(default_factory=set)
    _locked: frozenset[str] | None = None

    def ask(self, records: Iterable[Record]) -> None:
        """Ask the register for the numbers of some rows at once."""
        values: set[str] = set()
        serials: set[str] = set()
        for record in records:
            for name, medium in CARRIERS.items():
                values.update(value_of(medium, one) for one in split(getattr(record, name) or ""))
            serials.update(split(record.serial_no or ""))
        self._tags.update(dict.fromkeys(bound(self.session, self.school_id, values), ""))
        self._serials |= serials_there(self.session, self.school_id, serials)

    def check(self, record: Record, form: ManagedAs) -> None:
        """Tell what of a new row's numbers cannot be given to its things."""
        if record.serial_no:
            self._check_serials(record)
        for name, medium in CARRIERS.items():
            if getattr(record, name):
                self._check_carriers(record, name, medium, form)

    def _check_serials(self, record: Record) -> None:
        for one in split(record.serial_no or ""):
            key = (one, record.name, record.spec or "")
            if key in self._serials:
                self.tell(record, "serial_no", FaultCode.SERIAL_DOUBLE, one)
            self._serials.add(key)

    def _check_carriers(self, record: Record, name: str, medium: Medium, form: ManagedAs) -> None:
        numbers = split(getattr(record, name))
        alone = len(numbers) == 1 and record.quantity > 1
        if alone and form is ManagedAs.ITEM:
            self.tell(record, name, FaultCode.NUMBER_COUNT, numbers[0])
        for one in numbers:
            value = value_of(medium, one)
            if value in self._tags:
                self.tell(record, name, FaultCode.TAG_DOUBLE, one)
            self._tags.setdefault(value, f"{record.sheet} {record.row}")

    def is_locked(self, record: Record) -> bool:
        """Whether a row's place is locked, or stands in one that is; then it is told."""
        if record.location is None or not self.school_id:
            return False
        if self._locked is None:
            self._locked = locked_paths(self.session, self.school_id)
        if str(record.location) not in self._locked:
            return False
        self.tell(record, "location", FaultCode.LOCATION_LOCKED, str(record.location), "error")
        return True

    def tell(
        self, record: Record, name: str, code: FaultCode, raw: str, severity: str = "warning"
    ) -> None:
        """Add a fault of a row."""
        told = Fault(record.sheet, record.row, COLUMNS[name], code, Severity(severity), raw)
        self.faults.append(told)


def bound(session: Session, school_id: str, values: Iterable[str]) -> dict[str, str]:
    """Return which of some values of carriers mean something in a school, with the tags' ids."""
    wanted = sorted(set(values))
    if not wanted or not school_id:
        return {}
    query = select(Tag.value, Tag.id).where(
        Tag.school_id == school_id, Tag.value.in_(wanted), Tag.unbound_at.is_(None)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def serials_there(session: Session, school_id: str, serials: Iterable[str]) -> set[SerialKey]:
    """Return which of some serial numbers things of a school have, each with its kind's name."""
    wanted = sorted(set(serials))
    if not wanted or not school_id:
        return set()
    query = (
        select(Thing.serial_no, Kind.name, Kind.specification)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .where(
            Thing.school_id == school_id,
            Thing.serial_no.in_(wanted),
            Thing.retired_at.is_(None),
        )
    )
    return {(str(row[0]), row[1], row[2]) for row in session.execute(query)}


# --- handing out ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Share:
    """What the things of one row get: each its serial number, its carriers, and all one note."""

    serials: tuple[str | None, ...]
    carriers: Mapping[str, tuple[str, ...]]
    note: str | None


def shared_out(record: Mapping[str, Any], form: ManagedAs, taken: set[SerialKey]) -> Share:
    """
    Give a row's numbers to its things in order, where there is one for each.

    What cannot be given so, because there are more or fewer, or because the things are one batch,
    or because another thing has it, stays in the note.
    """
    is_item = form is ManagedAs.ITEM
    quantity = record["quantity"]
    left: dict[str, list[str]] = {}
    serials = split(record.get("serial_no") or "")
    given: tuple[str | None, ...] = ()
    if is_item and len(serials) == quantity:
        given = tuple(_unless_taken(one, record, taken, left) for one in serials)
    elif serials:
        left["serial_no"] = list(serials)
    carriers: dict[str, tuple[str, ...]] = {}
    for name in CARRIERS:
        numbers = split(record.get(name) or "")
        if numbers and len(numbers) == (quantity if is_item else 1):
            carriers[name] = numbers
        elif numbers and name in LEFT_OVER:
            left[name] = list(numbers)
    told = [f"{LEFT_OVER[name]}: {'、'.join(numbers)}" for name, numbers in left.items()]
    note = "; ".join(filter(None, (record["note"], *told)))[:LONGEST_NOTE] or None
    return Share(given or (None,) * quantity, carriers, note if told else record["note"])


def _unless_taken(
    serial: str, record: Mapping[str, Any], taken: set[SerialKey], left: dict[str, list[str]]
) -> str | None:
    key = (serial, record["name"], record["spec"] or "")
    if key in taken:
        left.setdefault("serial_no", []).append(serial)
        return None
    taken.add(key)
    return serial


def to_bind(share: Share, codes: Sequence[str]) -> Iterator[tuple[str, ToBind]]:
    """What is bound to the things of a row, each with the column that it stood in."""
    for name, numbers in share.carriers.items():
        for code, number in zip(codes, numbers, strict=False):
            yield name, ToBind(code, CARRIERS[name], number, beside=True)


@dataclass(frozen=True, slots=True)
class Bound:
    """What became of one carrier: the tag that it is now, or why it could not be bound."""

    column: str
    value: str
    tag: str | None
    refusal: Refusal | None


@requires(Permission.IMPORT)
def bind_all(
    session: Session, by: Actor, wanted: Sequence[tuple[str, ToBind]], *, school_id: str,
    at: datetime,
) -> list[Bound]:  # fmt: skip
    """Bind what some rows bring, and say what became of each."""
    values = [value_of(one.medium, one.value) for _, one in wanted]
    before = bound(session, school_id, values)
    answers = bind_many(session, by, [one for _, one in wanted], school_id=school_id, at=at)
    now = bound(session, school_id, values)
    return [
        # One that was there before is not this import's to take away again.
        Bound(name, one.value, None if refusal or value in before else now.get(value), refusal)
        for (name, one), value, refusal in zip(wanted, values, answers, strict=True)
    ]


def left_on_retired(session: Session, school_id: str, codes: Iterable[str]) -> list[str]:
    """Return the tags that are bound to those of some things that are retired."""
    query = (
        select(Tag.id)
        .join(Thing, and_(Thing.school_id == Tag.school_id, Thing.code == Tag.code))
        .where(
            Tag.school_id == school_id,
            Tag.code.in_(sorted(codes)),
            Tag.unbound_at.is_(None),
            Thing.retired_at.is_not(None),
        )
    )
    return list(session.scalars(query.order_by(Tag.id)))


@requires(Permission.IMPORT)
def unbind_all(
    session: Session, by: Actor, tags: Iterable[str], *, school_id: str, reason: str, at: datetime
) -> None:
    """Take those of some carriers away that are still bound."""
    for tag_id in tags:
        tag = session.get(Tag, (school_id, tag_id))
        if tag is not None and tag.unbound_at is None:
            unbind(session, by, school_id=school_id, tag_id=tag_id, reason=reason, at=at)


def own_things(session: Session, school_id: str, records: Sequence[Record]) -> set[str]:
    """
    Return which lines of our own list are things of this very school, as `Record.thing` has them.

    Another deployment counts its codes from the same start, so number and name must agree too.
    """
    told = {record.thing: record for record in records if record.thing}
    codes = {code: line for line in told if (code := code_in(line.split(" ")[0]))}
    if not codes or not school_id:
        return set()
    query = (
        select(Thing, Kind.name)
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .where(Thing.school_id == school_id, Thing.code.in_(sorted(codes)))
    )
    return {
        codes[thing.code]
        for thing, name in session.execute(query)
        if codes[thing.code] == f"{thing.code} {thing.number}"
        or told[codes[thing.code]].name == name
    }
