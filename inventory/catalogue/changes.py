"""This module is about what can happen to kinds, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.catalogue.models import Kind
from inventory.identity.rules import initials
from inventory.journal.changes import Change, Occasion, Projector, State


@dataclass(frozen=True, slots=True)
class KindDefined(Change):
    """A kind was entered into a school's catalogue."""

    kind: ClassVar[str] = "kind_defined"
    id: str
    name: str
    unit: str
    managed_as: str
    specification: str = ""
    subject_taught: str = ""
    equipment_class: str = ""
    catalogue_code: str | None = None
    required: int | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            Kind(
                school_id=on.school,
                id=self.id,
                subject=self.subject_taught,
                equipment_class=self.equipment_class,
                catalogue_code=self.catalogue_code,
                name=self.name,
                specification=self.specification,
                unit=self.unit,
                managed_as=self.managed_as,
                required=self.required,
                initials=initials(self.name)[:200],
            )
        )


PROJECTOR = Projector(
    changes=(KindDefined,),
    tables=(Kind,),
    # How names are found by typing may change with a release; it is no part of the history.
    beside=frozenset({"kind.initials"}),
)
