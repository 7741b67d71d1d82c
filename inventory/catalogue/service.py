"""This module is about entering kinds: the same name, specification and unit is one kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.changes import KindChanged, KindDefined, KindRestored, KindRetired
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.errors import Invalid, IsRetired, KindInUse, KindThere, Missing, NotFound, NotRetired
from inventory.journal.service import record
from inventory.scope import Actor, Permission, own_school, requires

Uses = Callable[[Session, str, list[str]], Mapping[str, int]]
"""How many things alive there are of each of some kinds; `register` knows, which stands above."""
LONGEST = {
    "name": 200, "specification": 400, "unit": 20, "subject_taught": 40, "equipment_class": 40,
    "catalogue_code": 20,
}  # fmt: skip
MOST_REQUIRED = 999_999


@dataclass(frozen=True, slots=True)
class KindKey:
    """
    What makes two things one kind in a school.

    Catalogue codes are unique inside one subject's catalogue only, so the code alone never
    decides it.
    """

    subject: str
    catalogue_code: str | None
    name: str
    specification: str
    unit: str


def kinds_like(session: Session, school_id: str, keys: Iterable[KindKey]) -> dict[KindKey, Kind]:
    """Return the kinds of a school that have these keys."""
    wanted = set(keys)
    query = select(Kind).where(
        Kind.school_id == school_id, Kind.name.in_(sorted({key.name for key in wanted}))
    )
    found = {key_of(kind): kind for kind in session.scalars(query)}
    return {key: kind for key, kind in found.items() if key in wanted}


def key_of(kind: Kind) -> KindKey:
    """Return the key of a kind."""
    return KindKey(kind.subject, kind.catalogue_code, kind.name, kind.specification, kind.unit)


@requires(Permission.ARRANGE)
def define_kind(
    session: Session,
    by: Actor,
    key: KindKey,
    *,
    school_id: str,
    equipment_class: str = "",
    managed_as: ManagedAs,
    required: int | None = None,
    at: datetime,
) -> Kind:
    """
    Enter a kind that the school does not have yet.

    Raises:
        KindThere: it has one of the same subject, code, name, specification and unit.
        Missing, Invalid: a value is not possible.
    """
    new = NewKind(key, managed_as, equipment_class, required)
    [kind] = define_kinds(session, by, [new], school_id=school_id, at=at)
    return kind


@dataclass(frozen=True, slots=True)
class NewKind:
    """A kind to be entered."""

    key: KindKey
    managed_as: ManagedAs
    equipment_class: str = ""
    required: int | None = None


@requires(Permission.ARRANGE)
def define_kinds(
    session: Session, by: Actor, new: Sequence[NewKind], *, school_id: str, at: datetime
) -> list[Kind]:
    """
    Enter kinds that the school does not have yet, with as few statements as one.

    Raises:
        KindThere: it has one of the same subject, code, name, specification and unit.
    """
    school = own_school(by, school_id)
    for found in kinds_like(session, school, [one.key for one in new]).values() if new else ():
        raise KindThere(name=found.title, id=found.id)
    ids = []
    for one in new:
        change = KindDefined(
            id=new_id(at),
            name=one.key.name,
            unit=one.key.unit,
            managed_as=one.managed_as.value,
            specification=one.key.specification,
            subject_taught=one.key.subject,
            equipment_class=one.equipment_class,
            catalogue_code=one.key.catalogue_code,
            required=one.required,
        )
        record(session, by, change, at=at, school_id=school)
        ids.append(change.id)
    session.flush()
    return [session.get_one(Kind, (school, kind_id)) for kind_id in ids]


def _check_key(session: Session, school_id: str, key: KindKey, *, but: str) -> None:
    found = kinds_like(session, school_id, [key]).get(key)
    if found is not None and found.id != but:
        raise KindThere(name=found.title, id=found.id)


def check_words(values: Mapping[str, object]) -> None:
    """
    Refuse what a kind cannot be called.

    Raises:
        Missing, Invalid: the name is empty, something is too long, or there is no such number.
    """
    if not values.get("name"):
        raise Missing(field="name")
    for name, longest in LONGEST.items():
        value = values.get(name)
        if value is not None and len(str(value)) > longest:
            raise Invalid(field=name, value=str(value)[:60])
    required = values.get("required")
    if required is not None and not 0 <= int(str(required)) <= MOST_REQUIRED:
        raise Invalid(field="required", value=required)


def kind_of(session: Session, school_id: str, kind_id: str, *, alive: bool = True) -> Kind:
    """
    Return a kind of a school.

    Raises:
        NotFound: there is none with this id.
        IsRetired: it was given up, and one in use is wanted.
    """
    kind = session.get(Kind, (school_id, kind_id))
    if kind is None:
        raise NotFound(what="kind", key=kind_id)
    if alive and kind.retired_at is not None:
        raise IsRetired(what=kind.title)
    return kind


@requires(Permission.ARRANGE)
def change_kind(
    session: Session, by: Actor, *, school_id: str, kind_id: str,
    values: Mapping[str, str | int | None], uses: Uses, at: datetime,
) -> Kind:  # fmt: skip
    """
    Describe a kind anew; what is not in `values` stays as it is.

    Raises:
        NotFound, IsRetired: there is no such kind in use.
        KindThere: another kind is called the same.
        KindInUse: how it is managed may change only while there is no thing of it.
        Missing, Invalid: a value is not possible.
    """
    school = own_school(by, school_id)
    kind = kind_of(session, school, kind_id)
    now = described(kind)
    wanted = now | dict(values)
    check_words(wanted)
    changed = {name: value for name, value in wanted.items() if value != now[name]}
    if "managed_as" in changed:
        if changed["managed_as"] not in set(ManagedAs):
            raise Invalid(field="managed_as", value=changed["managed_as"])
        _check_unused(session, kind, uses)
    key = replace(
        key_of(kind),
        subject=str(wanted["subject_taught"] or ""),
        catalogue_code=str(wanted["catalogue_code"]) if wanted["catalogue_code"] else None,
        name=str(wanted["name"]),
        specification=str(wanted["specification"] or ""),
        unit=str(wanted["unit"] or ""),
    )
    _check_key(session, school, key, but=kind.id)
    if changed:
        change = KindChanged(kind.id, tuple(sorted(changed.items())))
        record(session, by, change, at=at, school_id=school)
        session.flush()
    return kind


def described(kind: Kind) -> dict[str, str | int | None]:
    """Return what can be changed of a kind."""
    return {
        "name": kind.name,
        "specification": kind.specification,
        "unit": kind.unit,
        "subject_taught": kind.subject,
        "equipment_class": kind.equipment_class,
        "catalogue_code": kind.catalogue_code,
        "required": kind.required,
        "managed_as": kind.managed_as,
    }


def _check_unused(session: Session, kind: Kind, uses: Uses) -> None:
    if count := uses(session, kind.school_id, [kind.id]).get(kind.id, 0):
        raise KindInUse(count=count)


@requires(Permission.ARRANGE)
def retire_kind(
    session: Session, by: Actor, *, school_id: str, kind_id: str, uses: Uses, at: datetime
) -> None:
    """
    Give up a kind of which there is nothing.

    Raises:
        NotFound, IsRetired: there is no such kind in use.
        KindInUse: there are things of it.
    """
    school = own_school(by, school_id)
    kind = kind_of(session, school, kind_id)
    _check_unused(session, kind, uses)
    record(session, by, KindRetired(kind.id), at=at, school_id=school)
    session.flush()


@requires(Permission.ARRANGE)
def restore_kind(
    session: Session, by: Actor, *, school_id: str, kind_id: str, at: datetime
) -> None:
    """
    Use a kind again that was given up.

    Raises:
        NotFound: there is no such kind.
        NotRetired: it is in use.
    """
    school = own_school(by, school_id)
    kind = kind_of(session, school, kind_id, alive=False)
    if kind.retired_at is None:
        raise NotRetired(what=kind.title)
    record(session, by, KindRestored(kind.id), at=at, school_id=school)
    session.flush()
