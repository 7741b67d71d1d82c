"""This module is about what was done to many things at once, as the journal keeps it.

Each thing has its own event; those name the bulk change that they belong to.
"""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, State
from inventory.register.bulk_models import BulkChange, BulkItem


@dataclass(frozen=True, slots=True)
class BulkBegun(Change):
    """Somebody began to change many things at once, or to undo that."""

    kind: ClassVar[str] = "bulk_begun"
    id: str
    sort: str
    to: str | None = None
    of: str | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            BulkChange(
                school_id=on.school, id=self.id, sort=self.sort, to=self.to, of=self.of,
                at=on.at, by=on.by, undone_by=None,
            )
        )  # fmt: skip
        if self.of is not None:
            state.get(BulkChange, on.school, self.of).undone_by = self.id


def note(
    state: State, on: Occasion, bulk_id: str | None, code: str, before: str | None,
    after: str | None,
) -> None:  # fmt: skip
    """Remember what a thing was before a bulk change, if it is changed by one."""
    if bulk_id is not None:
        state.add(
            BulkItem(school_id=on.school, bulk_id=bulk_id, code=code, before=before, after=after)
        )
