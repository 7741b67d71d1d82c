"""This module is about what can happen to schools and places, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.base import fingerprint
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


FIELDS = {
    "short": "short",
    "name": "name",
    "keeper": "keeper_id",
    "ordinal": "ordinal",
    "parent": "parent_id",
}
"""What can change of a place, by its name in the journal and its column."""


@dataclass(frozen=True, slots=True)
class PlaceChanged(Change):
    """A place was renamed, given to a keeper, reordered or moved; paths inside it follow."""

    kind: ClassVar[str] = "place_changed"
    code: str
    set: tuple[tuple[str, str | int | None], ...]
    inside: tuple[str, ...] = ()
    """What stands inside it, each after what is above it."""

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        rows = [state.get(Place, on.school, code) for code in (self.code, *self.inside)]
        before = [row.words for row in rows]
        for name, value in self.set:
            setattr(rows[0], FIELDS[name], value)
        for row in rows:
            if row.retired_at is None:
                row.path = path_of(state, row)
        for row, words in zip(rows, before, strict=True):
            if row.first_words is None and row.words != words:
                row.first_words = fingerprint(words)


@dataclass(frozen=True, slots=True)
class PlacesRetired(Change):
    """A place in which nothing is was given up, with the empty ones inside it."""

    kind: ClassVar[str] = "places_retired"
    codes: tuple[str, ...]

    @property
    def subject(self) -> str:
        return self.codes[0]

    def apply(self, state: State, on: Occasion) -> None:
        for code in self.codes:
            place = state.get(Place, on.school, code)
            place.retired_at = on.at
            # Its number is free for another; with its code the path stays one of its own.
            place.path = f"{place.path[:45]} ({code})"


@dataclass(frozen=True, slots=True)
class PlacesRestored(Change):
    """A place that was given up is used again, with those that went with it."""

    kind: ClassVar[str] = "places_restored"
    codes: tuple[str, ...]
    """Each after what is above it."""

    @property
    def subject(self) -> str:
        return self.codes[0]

    def apply(self, state: State, on: Occasion) -> None:
        for code in self.codes:
            place = state.get(Place, on.school, code)
            place.retired_at = None
            place.path = path_of(state, place)


def path_of(state: State, place: Place) -> str:
    """Return the path of a place: that of the place above it, and its own short name."""
    if place.parent_id is None:
        return place.short
    return f"{state.get(Place, place.school_id, place.parent_id).path}-{place.short}"


@dataclass(frozen=True, slots=True)
class PlaceLocked(Change):
    """A place was locked: nothing goes in or out."""

    kind: ClassVar[str] = "place_locked"
    code: str
    reason: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        place = state.get(Place, on.school, self.code)
        place.locked_at = on.at
        place.lock_reason = self.reason


@dataclass(frozen=True, slots=True)
class PlaceUnlocked(Change):
    """A place was opened again."""

    kind: ClassVar[str] = "place_unlocked"
    code: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        place = state.get(Place, on.school, self.code)
        place.locked_at = None
        place.lock_reason = None


PROJECTOR = Projector(
    changes=(
        SchoolOpened,
        PlaceMade,
        PlaceChanged,
        PlacesRetired,
        PlacesRestored,
        PlaceLocked,
        PlaceUnlocked,
    ),
    tables=(School, Place),
)
