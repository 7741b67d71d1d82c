"""This module is about what can happen to a cabinet card beside being printed."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, State
from inventory.register.models import CardCheck


@dataclass(frozen=True, slots=True)
class CardChecked(Change):
    """Somebody compared a cabinet with its card."""

    kind: ClassVar[str] = "card_checked"
    cabinet: str
    id: str
    version: int
    contents: str
    is_right: bool
    note: str | None = None

    @property
    def subject(self) -> str:
        return self.cabinet

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            CardCheck(
                school_id=on.school,
                id=self.id,
                cabinet_id=self.cabinet,
                version=self.version,
                contents=self.contents,
                is_right=self.is_right,
                note=self.note,
                checked_at=on.at,
                checked_by=on.by,
            )
        )


CHANGES: tuple[type[Change], ...] = (CardChecked,)
