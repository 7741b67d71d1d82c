"""This module is about what can happen to photographs and files, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, State
from inventory.register.models import Attachment, Code


@dataclass(frozen=True, slots=True)
class AttachmentAdded(Change):
    """A photograph or file was added to what bears a code; the journal keeps its hash."""

    kind: ClassVar[str] = "attachment_added"
    id: str
    code: str
    sort: str
    name: str
    media_type: str
    size: int
    sha256: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Code, self.code)  # by now it may be another school's; the service looked
        state.add(
            Attachment(
                school_id=on.school,
                id=self.id,
                subject=self.code,
                kind=self.sort,
                name=self.name,
                media_type=self.media_type,
                size=self.size,
                sha256=self.sha256,
                added_at=on.at,
                added_by=on.by,
                removed_at=None,
                removed_by=None,
            )
        )


@dataclass(frozen=True, slots=True)
class AttachmentRemoved(Change):
    """A photograph or file was taken away; that it was there stays known."""

    kind: ClassVar[str] = "attachment_removed"
    id: str
    code: str
    sort: str
    name: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        row = state.get(Attachment, on.school, self.id)
        row.removed_at = on.at
        row.removed_by = on.by


@dataclass(frozen=True, slots=True)
class AttachmentRestored(Change):
    """A photograph or file that was taken away is there again."""

    kind: ClassVar[str] = "attachment_restored"
    id: str
    code: str
    sort: str
    name: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        row = state.get(Attachment, on.school, self.id)
        row.removed_at = None
        row.removed_by = None
