"""This module is about what belongs to a thing and goes with it to another school.

A carrier that is stuck on it means it there as well, and its photographs are seen there. The
sender keeps in its history what was bound and attached; its carriers are free again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.journal.service import record
from inventory.ledger.models import Document
from inventory.register.attachments_changes import AttachmentAdded
from inventory.register.models import Attachment, Tag
from inventory.register.tags_changes import TagBound, TagUnbound
from inventory.scope import Actor, Permission, requires


@requires(Permission.ARRANGE)
def pass_on(
    session: Session, by: Actor, codes: Sequence[str], *, sent: Document, arrival: Document,
    at: datetime,
) -> None:  # fmt: skip
    """Let what belongs to some things go from the sender to the receiver with them."""
    _pass_on_tags(session, by, codes, sent, arrival, at)
    _pass_on_attachments(session, by, codes, sent, arrival, at)


def _pass_on_tags(
    session: Session, by: Actor, codes: Sequence[str], sent: Document, arrival: Document,
    at: datetime,
) -> None:  # fmt: skip
    """Unbind carriers at the sender and bind them at the receiver, where they mean nothing yet."""
    origin, school = sent.school_id, arrival.school_id
    live = select(Tag).where(Tag.unbound_at.is_(None))
    tags = session.scalars(
        live.where(Tag.school_id == origin, Tag.code.in_(codes)).order_by(Tag.id)
    ).all()
    if not tags:
        return
    values = [tag.value for tag in tags]
    taken = {
        tag.value
        for tag in session.scalars(live.where(Tag.school_id == school, Tag.value.in_(values)))
    }
    for tag in tags:
        unbound = TagUnbound(tag.id, tag.code, tag.medium, tag.value, sent.number)
        record(session, by, unbound, at=at, school_id=origin)
        if tag.value not in taken:
            bound = TagBound(new_id(at), tag.code, tag.medium, tag.value)
            record(session, by, bound, at=at, school_id=school)


def _pass_on_attachments(
    session: Session, by: Actor, codes: Sequence[str], sent: Document, arrival: Document,
    at: datetime,
) -> None:  # fmt: skip
    """Show the photographs and files at the receiver; their bytes lie once, under their hash."""
    live = select(Attachment).where(
        Attachment.subject.in_(codes), Attachment.removed_at.is_(None)
    ).order_by(Attachment.id)  # fmt: skip
    found = session.scalars(live.where(Attachment.school_id == sent.school_id)).all()
    if not found:
        return
    here = {
        (one.subject, one.sha256)
        for one in session.scalars(live.where(Attachment.school_id == arrival.school_id))
    }
    for one in found:
        if (one.subject, one.sha256) not in here:
            added = AttachmentAdded(
                new_id(at), one.subject, one.kind, one.name, one.media_type, one.size, one.sha256
            )
            record(session, by, added, at=at, school_id=arrival.school_id)
