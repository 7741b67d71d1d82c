"""This module is about attaching photographs and files to what bears a code, and removing them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.db import uploads_of
from inventory.errors import NotFound, NotRetired, TooManyFiles
from inventory.journal.service import record
from inventory.places.service import one_at_a_time
from inventory.register import attachments_store as store
from inventory.register.attachments_changes import (
    AttachmentAdded,
    AttachmentRemoved,
    AttachmentRestored,
)
from inventory.register.attachments_rules import MOST_FILES, Prepared, prepared
from inventory.register.models import Attachment, Code
from inventory.scope import Actor, Permission, own_school, requires


@requires(Permission.ARRANGE)
def lay_down(
    session: Session, by: Actor, *, school_id: str, subject: str, files: Sequence[Prepared]
) -> None:
    """
    Put the bytes of files onto the disk, before the turn to write that attaches them is taken.

    A disk takes its time over each, and nobody shall wait for it. It is asked first whether they
    may be attached, so that what is refused leaves nothing; should that change in the moment
    between, bytes are left that no row names, which do no harm.

    Raises:
        NotFound, TooManyFiles: see `attach`.
    """
    school = own_school(by, school_id)
    _bearer(session, school, subject)
    there = set(session.scalars(_attached(school, subject).with_only_columns(Attachment.sha256)))
    if len(there | {one.sha256 for one in files}) > MOST_FILES:
        raise TooManyFiles(limit=MOST_FILES)
    folder = uploads_of(session).folder
    for one in files:
        store.keep(folder, one.sha256, one.content, one.thumbnail)


def _bearer(session: Session, school: str, subject: str) -> None:
    bearer = session.get(Code, subject)
    if bearer is None or bearer.school_id != school or bearer.bearer is None:
        raise NotFound(what="thing", key=subject[:60])


def _attached(school: str, subject: str) -> Any:
    return select(Attachment).where(
        Attachment.school_id == school, Attachment.subject == subject,
        Attachment.removed_at.is_(None),
    )  # fmt: skip


@requires(Permission.ARRANGE)
def attach(
    session: Session, by: Actor, *, school_id: str, subject: str, content: bytes | Prepared,
    name: str = "", at: datetime,
) -> Attachment:  # fmt: skip
    """
    Attach a photograph or file to the thing, place or document that bears a code.

    The bytes are on the disk for good before the transaction commits. A large photograph takes
    a while to be drawn anew, and a disk to take it: an edge prepares it, and lays it down, before
    it takes its turn to write.

    Raises:
        NotFound: nothing of the school bears the code.
        Missing, FileTooLarge, TooManyPixels, WrongFile, DamagedPhoto: see `rules.prepared`.
        TooManyFiles: there are as many as there may be.
    """
    school = own_school(by, school_id)
    uploads = uploads_of(session)
    if not isinstance(content, Prepared):
        content = prepared(content, name, uploads.most_bytes)
    one_at_a_time(session, school)
    _bearer(session, school, subject)
    there = _attached(school, subject)
    digest = content.sha256
    same: Attachment | None = session.scalar(there.where(Attachment.sha256 == digest).limit(1))
    if same is not None:
        return same
    if int(session.scalar(select(func.count()).select_from(there.subquery())) or 0) >= MOST_FILES:
        raise TooManyFiles(limit=MOST_FILES)
    store.keep(uploads.folder, digest, content.content, content.thumbnail)
    change = AttachmentAdded(
        new_id(at), subject, content.sort, content.name, content.media_type,
        len(content.content), digest,
    )  # fmt: skip
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return session.get_one(Attachment, (school, change.id))


def _attachment(session: Session, school: str, attachment_id: str) -> Attachment:
    row = session.get(Attachment, (school, attachment_id))
    if row is None:
        raise NotFound(what="attachment", key=attachment_id[:60])
    return row


@requires(Permission.ARRANGE)
def remove(
    session: Session, by: Actor, *, school_id: str, attachment_id: str, at: datetime
) -> Attachment:
    """
    Take a photograph or file away; who did stays known, and it can be brought back.

    Raises:
        NotFound: there is none, or it was removed before.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    row = _attachment(session, school, attachment_id)
    if row.removed_at is not None:
        raise NotFound(what="attachment", key=attachment_id[:60])
    change = AttachmentRemoved(row.id, row.subject, row.kind, row.name)
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return row


@requires(Permission.ARRANGE)
def restore(
    session: Session, by: Actor, *, school_id: str, attachment_id: str, at: datetime
) -> Attachment:
    """
    Bring back a photograph or file that was removed.

    Raises:
        NotFound: there is none.
        NotRetired: it is there.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    row = _attachment(session, school, attachment_id)
    if row.removed_at is None:
        raise NotRetired(what=row.name)
    change = AttachmentRestored(row.id, row.subject, row.kind, row.name)
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return row
