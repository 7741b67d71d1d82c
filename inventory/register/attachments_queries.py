"""This module is about reading photographs and files of what bears a code."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.db import uploads_of
from inventory.register import attachments_store as store
from inventory.register.attachments_rules import PHOTO
from inventory.register.models import Attachment


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """A photograph or file for display."""

    id: str
    school_id: str
    subject: str
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    added_at: datetime
    added_by: str
    is_removed: bool

    @property
    def is_photo(self) -> bool:
        return self.kind == PHOTO


def of(session: Session, school_id: str, subject: str) -> list[AttachmentRow]:
    """Return what is attached to a code, photographs first, in the order in which it came."""
    query = select(Attachment).where(
        Attachment.school_id == school_id, Attachment.subject == subject,
        Attachment.removed_at.is_(None),
    )  # fmt: skip
    rows = [_row(one) for one in session.scalars(query.order_by(Attachment.id))]
    return sorted(rows, key=lambda row: not row.is_photo)


def attachment(session: Session, attachment_id: str) -> AttachmentRow | None:
    """Return an attachment of the schools in sight, removed or not."""
    row = session.scalar(select(Attachment).where(Attachment.id == attachment_id))
    return _row(row) if row else None


def content(session: Session, row: AttachmentRow, *, thumbnail: bool = False) -> bytes | None:
    """Return the bytes of an attachment; None when they are not on the disk."""
    return store.read(uploads_of(session).folder, row.sha256, thumbnail=thumbnail)


def _row(one: Attachment) -> AttachmentRow:
    return AttachmentRow(
        one.id, one.school_id, one.subject, one.kind, one.name, one.media_type, one.size,
        one.sha256, one.added_at, one.added_by, one.removed_at is not None,
    )  # fmt: skip
