"""This module is about what can happen to schools and places, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, Projector, State
from inventory.places.models import BOUNDARY, Place, School


@dataclass(frozen=True, slots=True)
class SchoolOpened(Change):
    """A school was entered, with the boundary places that its moves need."""

    kind: ClassVar[str] = "school_opened"
    number: str
    name: str
    stage: str = ""

    @property
    def subject(self) -> str:
        return self.number

    def apply(self, state: State, on: Occasion) -> None:
        state.add(School(id=self.number, name=self.name, stage=self.stage))
        for ordinal, sort in enumerate(BOUNDARY):
            state.add(
                Place(
                    school_id=self.number,
                    id=sort.value,
                    parent_id=None,
                    sort=sort.value,
                    short=sort.value,
                    name=sort.value,
                    path=sort.value,
                    ordinal=ordinal,
                    keeper_id=None,
                )
            )


@dataclass(frozen=True, slots=True)
class PlaceMade(Change):
    """A room, cabinet or shelf was set up under its code."""

    kind: ClassVar[str] = "place_made"
    code: str
    sort: str
    short: str
    name: str
    ordinal: int
    parent: str | None = None
    keeper: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        above = state.get(Place, on.school, self.parent) if self.parent else None
        state.add(
            Place(
                school_id=on.school,
                id=self.code,
                parent_id=self.parent,
                sort=self.sort,
                short=self.short,
                name=self.name,
                path=f"{above.path}-{self.short}" if above else self.short,
                ordinal=self.ordinal,
                keeper_id=self.keeper,
            )
        )


PROJECTOR = Projector(changes=(SchoolOpened, PlaceMade), tables=(School, Place))
