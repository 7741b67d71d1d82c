"""This module is about entering kinds: the same name, specification and unit is one kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.changes import KindChanged, KindDefined, KindRestored, KindRetired
from inventory.catalogue.models import Kind, KindCode
from inventory.catalogue.rules import (
    DURABILITIES,
    CatalogueCode,
    ManagedAs,
    checked_codes,
    kept_in_step,
)
from inventory.errors import (
    ChangedMeanwhile,
    Invalid,
    IsRetired,
    KindInUse,
    KindThere,
    Missing,
    NotFound,
    NotRetired,
    WasMerged,
)
from inventory.journal.queries import since
from inventory.journal.service import record
from inventory.scope import Actor, Permission, own_school, requires

Uses = Callable[[Session, str, list[str]], Mapping[str, int]]
"""How many things alive there are of each of some kinds; `register` knows, which stands above."""
LONGEST = {
    "name": 200, "specification": 400, "unit": 20, "subject_taught": 40, "equipment_class": 40,
    "catalogue_code": 20,
}  # fmt: skip
MOST_REQUIRED = 999_999
MOST_YEARS = 100
DEAREST_CENTS = 10**11
MOST = {
    "required": MOST_REQUIRED, "life_years": MOST_YEARS, "reference_price_cents": DEAREST_CENTS,
}  # fmt: skip


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
    """Return the kinds of a school that have these keys; a merged one is what it became."""
    wanted = set(keys)
    query = select(Kind).where(
        Kind.school_id == school_id, Kind.name.in_(sorted({key.name for key in wanted}))
    )
    found = {key_of(kind): kind for kind in session.scalars(query)}
    return {
        key: kind_now(session, kind) if kind.merged_into else kind
        for key, kind in found.items()
        if key in wanted
    }


def kind_now(session: Session, kind: Kind) -> Kind:
    """Return what a kind is now: itself, or the one that it was merged into."""
    while kind.merged_into is not None:
        kind = session.get_one(Kind, (kind.school_id, kind.merged_into))
    return kind


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
    reference_price_cents: int | None = None,
    life_years: int | None = None,
    durability: str | None = None,
    codes: Sequence[CatalogueCode] = (),
    at: datetime,
) -> Kind:
    """
    Enter a kind that the school does not have yet.

    Raises:
        KindThere: it has one of the same subject, code, name, specification and unit.
        Missing, Invalid: a value is not possible.
    """
    new = NewKind(
        key, managed_as, equipment_class, required, reference_price_cents, life_years, durability,
        tuple(codes),
    )  # fmt: skip
    [kind] = define_kinds(session, by, [new], school_id=school_id, at=at)
    return kind


@dataclass(frozen=True, slots=True)
class NewKind:
    """A kind to be entered."""

    key: KindKey
    managed_as: ManagedAs
    equipment_class: str = ""
    required: int | None = None
    reference_price_cents: int | None = None
    life_years: int | None = None
    durability: str | None = None
    codes: tuple[CatalogueCode, ...] = ()
    """All of its catalogue codes, the leading one first; none where that one says it all."""


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
            reference_price_cents=one.reference_price_cents,
            life_years=one.life_years,
            durability=one.durability,
            codes=_as_kept(one.codes) if one.codes else None,
        )
        record(session, by, change, at=at, school_id=school)
        ids.append(change.id)
    session.flush()
    return [session.get_one(Kind, (school, kind_id)) for kind_id in ids]


def _as_kept(codes: Iterable[CatalogueCode]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.system, one.edition, one.code) for one in codes)


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
    for name, most in MOST.items():
        value = values.get(name)
        if value is not None and not 0 <= int(str(value)) <= most:
            raise Invalid(field=name, value=value)
    durability = values.get("durability")
    if durability is not None and durability not in DURABILITIES:
        raise Invalid(field="durability", value=str(durability)[:60])


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
    codes: Sequence[CatalogueCode] | None = None, loaded: str | None = None,
) -> Kind:  # fmt: skip
    """
    Describe a kind anew; what is not in `values` stays as it is.

    `codes` are all of its catalogue codes, the leading one first; without them the first one
    follows `values`. `loaded` is the event after which whoever changes it saw it last.

    Raises:
        NotFound, IsRetired: there is no such kind in use.
        KindThere: another kind is called the same.
        KindInUse: how it is managed may change only while there is no thing of it.
        ChangedMeanwhile: somebody else described it after `loaded`.
        Missing, Invalid: a value is not possible.
    """
    school = own_school(by, school_id)
    kind = kind_of(session, school, kind_id)
    if loaded and since(session, school, kind.id, loaded, DESCRIBING):
        raise ChangedMeanwhile(what=kind.title)
    now = described(kind)
    wanted = now | dict(values)
    before = codes_of(session, kind)
    after = _codes_wanted(before, wanted, codes)
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
    if changed or after != before:
        change = KindChanged(
            kind.id, tuple(sorted(changed.items())),
            tuple(sorted((name, now[name]) for name in changed)),
            None if after == before else _as_kept(after),
        )  # fmt: skip
        record(session, by, change, at=at, school_id=school)
        session.flush()
    return kind


DESCRIBING = ("kind_changed",)
"""Events that describe a kind."""


def codes_of(session: Session, kind: Kind) -> tuple[CatalogueCode, ...]:
    """Return the codes of a kind as somebody gave them, the leading one first."""
    query = select(KindCode).where(
        KindCode.school_id == kind.school_id, KindCode.kind_id == kind.id
    )
    rows = session.scalars(query.order_by(KindCode.ordinal))
    return tuple(CatalogueCode(row.system, row.edition, row.code) for row in rows)


def _codes_wanted(
    before: tuple[CatalogueCode, ...], wanted: dict[str, str | int | None],
    codes: Sequence[CatalogueCode] | None,
) -> tuple[CatalogueCode, ...]:  # fmt: skip
    """The codes that a kind is to have; the leading one is written into `wanted` as well."""
    leading = str(wanted["catalogue_code"]) if wanted["catalogue_code"] else None
    after = kept_in_step(before, leading) if codes is None else checked_codes(codes)
    if after:
        wanted["catalogue_code"] = after[0].code
    elif codes is not None and before:
        wanted["catalogue_code"] = None
    is_plain = len(after) == 1 and not (after[0].system or after[0].edition)
    return () if is_plain else after


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
        "reference_price_cents": kind.reference_price_cents,
        "life_years": kind.life_years,
        "durability": kind.durability,
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
        WasMerged: it is another kind now.
    """
    school = own_school(by, school_id)
    kind = kind_of(session, school, kind_id, alive=False)
    if kind.retired_at is None:
        raise NotRetired(what=kind.title)
    if kind.merged_into is not None:
        raise WasMerged(what=kind.title)
    record(session, by, KindRestored(kind.id), at=at, school_id=school)
    session.flush()
