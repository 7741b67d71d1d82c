"""This module is about entering kinds: the same name, specification and unit is one kind."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.catalogue.changes import KindDefined
from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.journal.service import record
from inventory.scope import Actor, Permission, own_school, requires


@requires(Permission.ARRANGE)
def kind_like(
    session: Session,
    by: Actor,
    *,
    school_id: str,
    name: str,
    unit: str,
    specification: str = "",
    subject: str = "",
    equipment_class: str = "",
    catalogue_code: str | None = None,
    managed_as: ManagedAs,
    required: int | None = None,
    at: datetime,
) -> Kind:
    """
    Return the kind with exactly this subject, code, name, specification and unit; enter it if new.

    Catalogue codes are unique inside one subject's catalogue only, so the code alone never
    decides that two kinds are one.
    """
    school = own_school(by, school_id)
    found = session.scalar(
        select(Kind).where(
            Kind.school_id == school,
            Kind.subject == subject,
            Kind.catalogue_code == catalogue_code,
            Kind.name == name,
            Kind.specification == specification,
            Kind.unit == unit,
        )
    )
    if found is not None:
        return found
    change = KindDefined(
        id=new_id(at),
        name=name,
        unit=unit,
        managed_as=managed_as.value,
        specification=specification,
        subject_taught=subject,
        equipment_class=equipment_class,
        catalogue_code=catalogue_code,
        required=required,
    )
    record(session, by, change, at=at, school_id=school)
    session.flush()  # things refer to the kind
    return session.get_one(Kind, (school, change.id))
