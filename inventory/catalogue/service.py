"""This module is about entering kinds: the same name, specification and unit is one kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.changes import KindDefined
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.journal.service import record
from inventory.scope import Actor, Permission, own_school, requires


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
    """Enter a kind that the school does not have yet."""
    school = own_school(by, school_id)
    change = KindDefined(
        id=new_id(at),
        name=key.name,
        unit=key.unit,
        managed_as=managed_as.value,
        specification=key.specification,
        subject_taught=key.subject,
        equipment_class=equipment_class,
        catalogue_code=key.catalogue_code,
        required=required,
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return session.get_one(Kind, (school, change.id))
