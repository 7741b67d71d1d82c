"""This module is about SQL below the ORM for scans: the hot path, scope as a required argument."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, and_, func, literal, null, or_, select, text, update

from inventory.base import table_of
from inventory.catalogue.models import Kind
from inventory.db import Insert, Statement, among
from inventory.identity.models import Person
from inventory.places.models import Place
from inventory.register.models import Code, Holding, Tag, Thing
from inventory.register.rules import Number, Status, shown
from inventory.scanning.models import Scan

CODE = table_of(Code)
SCAN = table_of(Scan)
TAG = table_of(Tag)
MOST_NUMBERS = 200
"""Readable numbers in one statement: SQLite limits how deep a condition may be."""
Key = tuple[str, str, int]
"""Owner, device and sequence number of a scan."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a code or number points at. `type`: thing, room, …, document, person or blank."""

    type: str
    code: str
    school_id: str | None
    number: str = ""
    name: str = ""
    specification: str = ""
    unit: str = ""
    place: str = ""
    place_id: str = ""
    managed_as: str = ""
    quantity: int = 0
    to_affix: bool = False
    is_retired: bool = False
    joined_into: str = ""
    """The batch that all of it went to; whoever scans its old label means that one."""
    status: str = ""
    document: str = ""
    """Number of the document by which a thing came to its status: what it was scrapped by."""

    def as_json(self) -> dict[str, Any]:
        """The target for programs; what is empty is left out."""
        values = {
            "type": self.type,
            "code": self.code,
            "code_shown": shown(self.code),
            "school": self.school_id,
            "number": self.number,
            "name": self.name,
            "specification": self.specification,
            "place": self.place,
            "managed_as": self.managed_as,
            "retired": self.is_retired,
            "status": "" if self.status == "in_use" else self.status,
            "document": self.document,
        }
        return {name: value for name, value in values.items() if value}


def _targets() -> Any:
    return (
        select(
            Code.code, Code.school_id, Code.bearer, Code.printed_at, Code.affixed_at,
            Thing.catalogue, Thing.running, Thing.managed_as,
            Kind.name, Kind.specification, Kind.unit,
            Place.id, Place.path, Place.name, Place.sort,
            Holding.quantity, Code.retired_at, Thing.joined_into,
            Thing.status, Thing.document_number,
        )
        .select_from(Code)
        .outerjoin(Thing, and_(Thing.school_id == Code.school_id, Thing.code == Code.code))
        .outerjoin(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .outerjoin(
            Place,
            and_(
                Place.school_id == Code.school_id,
                Place.id == func.coalesce(Thing.home_id, Code.code),
            ),
        )
        .outerjoin(
            Holding,
            and_(
                Holding.school_id == Thing.school_id,
                Holding.code == Thing.code,
                Holding.place_id == Thing.home_id,
            ),
        )
    )  # fmt: skip


BY_CODE = Statement(lambda engine: _targets().where(among(CODE.c.code, "codes", engine)))


def by_code(
    connection: Connection, codes: Iterable[str], schools: frozenset[str] | None
) -> dict[str, Target]:
    """Return what the codes point at; those of schools out of scope are left out."""
    rows = BY_CODE(connection, {"codes": sorted(set(codes))})
    return {row[0]: _target(row) for row in rows if in_scope(row[1], schools)}


def passed_on(
    connection: Connection, codes: Sequence[str], schools: frozenset[str] | None
) -> list[Target]:
    """Return the things with some codes that schools in sight sent to another school for good."""
    if not codes or schools is None:
        return []
    nothing = null()
    query = (
        select(
            Thing.code, Thing.school_id, literal("thing"), nothing, nothing,
            Thing.catalogue, Thing.running, Thing.managed_as,
            Kind.name, Kind.specification, Kind.unit, nothing, nothing, nothing, nothing,
            literal(0), Thing.retired_at, nothing, Thing.status, Thing.document_number,
        )
        .join(Kind, and_(Kind.school_id == Thing.school_id, Kind.id == Thing.kind_id))
        .where(
            Thing.code.in_(codes),
            Thing.school_id.in_(sorted(schools)),
            Thing.status == Status.TRANSFERRED.value,
        )
        .order_by(Thing.school_id)
    )  # fmt: skip
    return [_target(row) for row in connection.execute(query)]


MOST_JOINS = 8
"""So many batches may have joined one after the other for the first one's label to lead on."""


def joined(
    connection: Connection, found: dict[str, Target], schools: frozenset[str] | None
) -> dict[str, Target]:
    """Return the targets with the batch that is there now for each that joined another one."""
    for _ in range(MOST_JOINS):
        gone = {one.joined_into for one in found.values() if one.joined_into}
        if not gone:
            break
        there = by_code(connection, gone, schools)
        now = {code: replace(one, to_affix=False) for code, one in there.items()}
        found = {code: now.get(one.joined_into, one) for code, one in found.items()}
    return found


BY_TAG = Statement(
    lambda engine: (
        _targets()
        .add_columns(Tag.value)
        .join(Tag, and_(Tag.school_id == Code.school_id, Tag.code == Code.code))
        .where(among(TAG.c.value, "values", engine), Tag.unbound_at.is_(None))
        .order_by(Code.code)
    )
)


def by_tag(
    connection: Connection, values: Iterable[str], schools: frozenset[str] | None
) -> dict[str, list[Target]]:
    """Return what the carriers with these values are bound to: one thing a school and sort."""
    found: dict[str, list[Target]] = {}
    for row in BY_TAG(connection, {"values": sorted(set(values))}):
        if in_scope(row[1], schools):
            # That a carrier was read does not show that the printed label is on the thing.
            target = replace(_target(row[:-1]), to_affix=False)
            found.setdefault(row[-1], []).append(target)
    return found


def by_number(
    connection: Connection, numbers: Iterable[Number], schools: frozenset[str] | None
) -> dict[Number, list[Target]]:
    """Return what the readable numbers point at: one thing a school."""
    wanted = sorted(set(numbers))
    found: dict[Number, list[Target]] = {}
    for start in range(0, len(wanted), MOST_NUMBERS):
        part = wanted[start : start + MOST_NUMBERS]
        either = or_(
            *(and_(Thing.catalogue == one.catalogue, Thing.running == one.running) for one in part)
        )
        for row in connection.execute(_targets().where(either).order_by(Code.code)):
            if in_scope(row[1], schools):
                found.setdefault(Number(row[5], row[6]), []).append(_target(row))
    return found


def in_scope(school_id: str | None, schools: frozenset[str] | None) -> bool:
    """Whether a row of this school may be seen; blank codes belong to everybody."""
    return school_id is None or schools is None or school_id in schools


def _target(row: Any) -> Target:
    (code, school, bearer, printed, affixed, catalogue, running, managed_as, name, spec, unit,
     place_id, path, place_name, sort, quantity, retired, joined_into, status,
     document) = row  # fmt: skip
    to_affix = printed is not None and affixed is None
    is_retired = retired is not None
    if bearer == "thing":
        number = str(Number(catalogue, running))
        return Target(
            "thing", code, school, number, name, spec, unit, path, place_id, managed_as,
            quantity or 0, to_affix, is_retired, joined_into or "", status, document or "",
        )  # fmt: skip
    if bearer == "place":
        return Target(
            sort, code, school, "", place_name, place=path, place_id=place_id, to_affix=to_affix,
            is_retired=is_retired,
        )  # fmt: skip
    return Target(bearer or "blank", code, school, to_affix=to_affix)


def person_name(connection: Connection, code: str, schools: frozenset[str] | None) -> str:
    """Return the name of the person whose badge has a code, in scope; stored scans have none."""
    query = select(Person.name, Person.school_id).where(Person.code == code)
    row = connection.execute(query).first()
    return row[0] if row is not None and in_scope(row[1], schools) else ""


def lock_devices(connection: Connection, devices: Iterable[tuple[str, str]]) -> None:
    """
    Let batches of one device come in one after the other.

    SQLite's write lane does it already. On PostgreSQL two overlapping batches would each find
    the scans new; the locks are taken in one order, so that they cannot block each other.
    """
    if connection.dialect.name != "postgresql":
        return
    for owner, device in sorted(set(devices)):
        connection.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"{owner}/{device}"},
        )


def _answers(engine: str) -> TextClause:
    if engine == "postgresql":
        return text(
            """
            SELECT scan.owner, scan.device, scan.seq, scan.answer
            FROM jsonb_array_elements(CAST(:keys AS jsonb)) AS wanted (key)
            JOIN scan ON scan.owner = key ->> 0 AND scan.device = key ->> 1
                     AND scan.seq = CAST(key ->> 2 AS bigint)
            """
        )
    return text(
        """
        SELECT scan.owner, scan.device, scan.seq, scan.answer
        FROM json_each(:keys) AS wanted
        CROSS JOIN scan ON scan.owner = json_extract(wanted.value, '$[0]')
                       AND scan.device = json_extract(wanted.value, '$[1]')
                       AND scan.seq = json_extract(wanted.value, '$[2]')
        """
    )


ANSWERS = Statement(_answers)
INSERT = Insert(SCAN)


def answers(connection: Connection, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
    """Return the stored answers of the scans that are there already, by owner, device, sequence."""
    rows = ANSWERS(connection, {"keys": list(keys)})
    return {(row[0], row[1], row[2]): json.loads(row[3]) for row in rows}


def keep(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert new scans; each row names its owner."""
    INSERT(connection, rows)


def note_affixed(connection: Connection, codes: Iterable[str], at: datetime) -> None:
    """Note that printed labels were seen for the first time; the codes come from a scoped look."""
    wanted = sorted(set(codes))
    if wanted:
        connection.execute(
            update(Code)
            .where(Code.code.in_(wanted), Code.printed_at.is_not(None), Code.affixed_at.is_(None))
            .values(affixed_at=at)
        )
