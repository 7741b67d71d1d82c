"""This module is about binding carriers to codes, and unbinding them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.errors import (
    Invalid,
    IsRetired,
    Missing,
    NotAllowed,
    NotFound,
    NotUnbound,
    Refusal,
    TagIsCode,
    TagTaken,
    TagThere,
)
from inventory.journal.service import record
from inventory.places.service import one_at_a_time
from inventory.register import tags_queries
from inventory.register.models import Bearer, Code, Tag
from inventory.register.rules import code_in, shown
from inventory.register.tags_changes import TagBound, TagUnbound
from inventory.register.tags_rules import LONGEST_REASON, Medium, value_of
from inventory.scope import Actor, Permission, own_school, requires


@requires(Permission.ARRANGE)
def bind(
    session: Session, by: Actor, *, school_id: str, code: str, medium: Medium, value: str,
    beside: bool = False, at: datetime,
) -> Tag:  # fmt: skip
    """
    Bind a carrier to the thing, place or person that bears a code.

    One of a sort is enough for each; `beside` says that another one stays bound as well.

    Raises:
        NotFound: nothing of the school bears the code.
        IsRetired: it was given up.
        TagTaken: the carrier means something already; it says what.
        TagThere: it has a carrier of this sort.
        TagIsCode: the value is one of our own codes.
        Missing, Invalid: no such carrier reads so.
        NotAllowed: people's cards are bound by an administrator.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    kept = value_of(medium, value)
    _check_bearer(session, by, school, code)
    own = code_in(kept)
    if own is not None and session.get(Code, own) is not None:
        raise TagIsCode(value=kept)
    live = select(Tag).where(Tag.school_id == school, Tag.unbound_at.is_(None))
    taken = session.scalars(live.where(Tag.value == kept)).all()
    for one in taken:
        if one.code == code and one.medium == medium.value:
            return one
    if taken:
        raise _taken(session, school, taken[0])
    has = session.scalar(live.where(Tag.code == code, Tag.medium == medium.value).limit(1))
    if has is not None and not beside:
        raise TagThere(value=has.value, id=has.id)
    change = TagBound(new_id(at), code, medium.value, kept)
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return session.get_one(Tag, (school, change.id))


def _check_bearer(session: Session, by: Actor, school: str, code: str) -> None:
    row = session.get(Code, code)
    bearers = {Bearer.THING.value, Bearer.PLACE.value, Bearer.PERSON.value}
    if row is None or row.school_id != school or row.bearer not in bearers:
        raise NotFound(what="thing", key=shown(code) if len(code) == 11 else code[:60])
    if row.retired_at is not None:
        raise IsRetired(what=shown(code))
    if row.bearer == Bearer.PERSON.value and not by.may(Permission.ADMINISTER):
        raise NotAllowed(permission=Permission.ADMINISTER.value)


def _taken(session: Session, school: str, tag: Tag) -> TagTaken:
    title = tags_queries.title_of(session, school, tag.code)
    return TagTaken(value=tag.value, title=title, code=tag.code, code_shown=shown(tag.code))


@requires(Permission.ARRANGE)
def unbind(
    session: Session, by: Actor, *, school_id: str, tag_id: str, reason: str, at: datetime
) -> Tag:
    """
    Take a carrier away from what it means, with a reason.

    Raises:
        NotFound, NotUnbound: there is no such carrier, or it is not bound any more.
        Missing, Invalid: no reason is given, or a very long one.
        NotAllowed: people's cards are an administrator's.
    """
    school = own_school(by, school_id)
    one_at_a_time(session, school)
    tag = session.get(Tag, (school, tag_id))
    if tag is None:
        raise NotFound(what="tag", key=tag_id[:60])
    if tag.unbound_at is not None:
        raise NotUnbound
    if not reason.strip():
        raise Missing(field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(field="reason", value=reason[:60])
    bearer = session.get_one(Code, tag.code).bearer
    if bearer == Bearer.PERSON.value and not by.may(Permission.ADMINISTER):
        raise NotAllowed(permission=Permission.ADMINISTER.value)
    change = TagUnbound(tag.id, tag.code, tag.medium, tag.value, reason.strip())
    record(session, by, change, at=at, school_id=school)
    session.flush()
    return tag


@dataclass(frozen=True, slots=True)
class ToBind:
    """One row of a column of carriers: which code, and the value that stands beside it."""

    code: str
    medium: Medium
    value: str
    beside: bool = False
    """Whether another one of the sort may stay bound as well."""


@requires(Permission.ARRANGE)
def bind_many(
    session: Session, by: Actor, wanted: Sequence[ToBind], *, school_id: str, at: datetime
) -> list[Refusal | None]:
    """
    Bind a column of carriers; return for each row None, or why it was not bound.

    One row's refusal does not keep the others from being bound; what is bound so already is.
    """
    answers: list[Refusal | None] = []
    for one in wanted:
        try:
            bind(
                session, by, school_id=school_id, code=one.code, medium=one.medium,
                value=one.value, beside=one.beside, at=at,
            )  # fmt: skip
        except (NotFound, IsRetired, TagTaken, TagThere, TagIsCode, Invalid) as refusal:
            answers.append(refusal)
        else:
            answers.append(None)
    return answers
