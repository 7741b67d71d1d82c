"""This module is about what can happen to tags, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, State
from inventory.register.models import Code, Tag


@dataclass(frozen=True, slots=True)
class TagBound(Change):
    """A carrier was bound to what bears a code: from now on it means that."""

    kind: ClassVar[str] = "tag_bound"
    id: str
    code: str
    medium: str
    value: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Code, self.code)  # by now it may be another school's; the service looked
        state.add(
            Tag(
                school_id=on.school,
                id=self.id,
                medium=self.medium,
                value=self.value,
                code=self.code,
                bound_at=on.at,
                bound_by=on.by,
                unbound_at=None,
                unbound_by=None,
                reason=None,
            )
        )


@dataclass(frozen=True, slots=True)
class TagUnbound(Change):
    """A carrier means nothing any more; it may be bound again, to this or to something else."""

    kind: ClassVar[str] = "tag_unbound"
    id: str
    code: str
    medium: str
    value: str
    reason: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        tag = state.get(Tag, on.school, self.id)
        tag.unbound_at = on.at
        tag.unbound_by = on.by
        tag.reason = self.reason
