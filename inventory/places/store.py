"""This module is about SQL below the ORM: the names of all schools, which are no secret."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from inventory.base import table_of
from inventory.db import every_school
from inventory.places.models import School

SCHOOL = table_of(School)


@dataclass(frozen=True, slots=True)
class SchoolName:
    """A school that may be out of sight: its number and its name, and nothing else of it."""

    id: str
    name: str

    @property
    def title(self) -> str:
        return self.name


def school_names(engine: Engine) -> list[SchoolName]:
    """Return number and name of every school: a transfer names one that is out of sight."""
    with every_school(engine) as connection:
        rows = connection.execute(select(SCHOOL.c.id, SCHOOL.c.name).order_by(SCHOOL.c.id))
        return [SchoolName(*row) for row in rows]
