"""This module is about the pages of photographs and files: in, out, removed and back."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, url_for

from inventory.db import db, transact, uploads_of
from inventory.errors import Missing, Refusal
from inventory.register import attachments_queries as queries
from inventory.register import attachments_service as service
from inventory.register.attachments_queries import AttachmentRow
from inventory.register.attachments_rules import (
    BINARY,
    JPEG,
    MOST_FILES,
    PDF,
    Prepared,
    prepared,
)
from inventory.register.queries import codes
from inventory.register.rules import code_in
from inventory.scope import Permission
from inventory.web.context import actor, found, now
from inventory.web.door import needs
from inventory.web.forms import form, way_back
from inventory.web.refusals import words

SHOWN_AS = {JPEG, PDF}
"""Types that are said; all else leaves as bytes that no browser opens."""
bp = Blueprint("attachments", __name__)


@bp.post("/attachments")
@needs(Permission.ARRANGE)
def create_attachments() -> Any:
    """Attach the files of a form to what bears a code; phones offer their camera."""
    by = actor()
    values = form(required=("subject",), optional=("back",))
    subject = code_in(values["subject"]) or values["subject"]
    row = codes(db.session(), [subject]).get(subject)
    school_id = found(row.school_id if row else None, "thing", subject)
    back = way_back(values["back"], f"/{subject}")
    name = ""
    ready: list[Prepared] = []
    try:
        # Drawn, and on the disk, before the turn to write is taken: nobody waits for it.
        for name, content in _sent():
            ready.append(prepared(content, name, uploads_of(db.session()).most_bytes))
        name = ""
        service.lay_down(db.session(), by, school_id=school_id, subject=subject, files=ready)
        transact(
            lambda session: [
                service.attach(
                    session, by, school_id=school_id, subject=subject, content=one, at=now()
                ).id
                for one in ready
            ]
        )
    except Refusal as refusal:
        return _again(school_id, subject, back, name, refusal)
    return redirect(back)


def _sent() -> Iterator[tuple[str, bytes]]:
    """
    The files of a form, one after the other, each by its name.

    Raises:
        Missing: there is none.
    """
    most = uploads_of(db.session()).most_bytes
    files = [one for one in request.files.getlist("file") if one.filename][:MOST_FILES]
    if not files:
        raise Missing(field="file")
    for one in files:
        yield one.filename or "", one.stream.read(most + 1)


def _again(school_id: str, subject: str, back: str, name: str, refusal: Refusal) -> Any:
    """The form once more, with what is attached, and what to do about what was refused."""
    page = render_template(
        "register/attaching.html", subject=subject, back=back, name=name[-60:],
        message=words(refusal), attached=queries.of(db.session(), school_id, subject),
    )  # fmt: skip
    return page, refusal.status


def _attachment(attachment_id: str) -> AttachmentRow:
    return found(queries.attachment(db.session(), attachment_id), "attachment", attachment_id)


@bp.get("/attachments/<attachment_id>")
@needs(Permission.SEE)
def show_attachment(attachment_id: str) -> Any:
    """A photograph as a picture; any file as a download."""
    return as_download(_attachment(attachment_id))


def as_download(row: AttachmentRow) -> Response:
    """The bytes of an attachment; what no browser shall open leaves as a download."""
    content = found(queries.content(db.session(), row), "attachment", row.id)
    answer = Response(content, mimetype=row.media_type if row.media_type in SHOWN_AS else BINARY)
    if not row.is_photo:
        name = quote(row.name)
        answer.headers["Content-Disposition"] = (
            f"attachment; filename=\"file.{row.name.rpartition('.')[2]}\"; filename*=UTF-8''{name}"
        )
    return answer


@bp.get("/attachments/<attachment_id>/thumbnail")
@needs(Permission.SEE)
def show_thumbnail(attachment_id: str) -> Any:
    """A photograph, small enough for a list."""
    row = _attachment(attachment_id)
    small = queries.content(db.session(), row, thumbnail=True) if row.is_photo else None
    return Response(found(small, "attachment", attachment_id), mimetype=JPEG)


@bp.post("/attachments/<attachment_id>/removal")
@needs(Permission.ARRANGE)
def create_removal(attachment_id: str) -> Any:
    """Take a photograph or file away."""
    by, row = actor(), _attachment(attachment_id)
    values = form(optional=("back",))
    transact(
        lambda session: (
            service.remove(session, by, school_id=row.school_id, attachment_id=row.id, at=now()).id
        )
    )
    bearer = codes(db.session(), [row.subject]).get(row.subject)
    if bearer is not None and bearer.bearer == "thing":
        return redirect(url_for("register.show_thing", code=row.subject, removed=row.id))
    return redirect(way_back(values["back"], f"/{row.subject}"))


@bp.post("/attachments/<attachment_id>/restoration")
@needs(Permission.ARRANGE)
def create_restoration(attachment_id: str) -> Any:
    """Bring back a photograph or file that was removed."""
    by, row = actor(), _attachment(attachment_id)
    values = form(optional=("back",))
    transact(
        lambda session: (
            service.restore(session, by, school_id=row.school_id, attachment_id=row.id, at=now()).id
        )
    )
    return redirect(way_back(values["back"], f"/{row.subject}"))
