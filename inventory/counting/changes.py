"""This module is about what can happen to counts, as the journal keeps it.

Sightings are no events: while a count is open they are many and may be undone. The event that
closes it carries their hash, so that they cannot be changed afterwards without being found out.
"""

from dataclasses import dataclass
from typing import ClassVar

from inventory.counting.models import Count
from inventory.journal.changes import Change, Occasion, Projector, State


@dataclass(frozen=True, slots=True)
class CountOpened(Change):
    """A count was opened; the hash is that of what it expects."""

    kind: ClassVar[str] = "count_opened"
    id: str
    name: str
    place: str
    expected: int
    expected_hash: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            Count(
                school_id=on.school,
                id=self.id,
                name=self.name,
                place_id=self.place,
                opened_at=on.at,
                opened_by=on.by,
                expected_hash=self.expected_hash,
                closed_at=None,
                closed_by=None,
                sightings_hash=None,
            )
        )


@dataclass(frozen=True, slots=True)
class CountClosed(Change):
    """A count was closed with these figures; the hash is that of its sightings."""

    kind: ClassVar[str] = "count_closed"
    id: str
    sightings: int
    sightings_hash: str
    figures: tuple[tuple[str, int], ...]

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        count = state.get(Count, on.school, self.id)
        count.closed_at = on.at
        count.closed_by = on.by
        count.sightings_hash = self.sightings_hash


PROJECTOR = Projector(changes=(CountOpened, CountClosed), tables=(Count,))
