"""This module is about reading people: who is signed in, and the names behind opaque ids."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from inventory.identity.models import Person


def person(session: Session, person_id: str) -> Person | None:
    """Return an active person by id, if in sight."""
    found = session.get(Person, person_id)
    return found if found is not None and found.is_active else None


def names(session: Session, ids: Iterable[str | None]) -> dict[str, str]:
    """Return the names of people by id; the ids of others stay unnamed."""
    wanted = sorted({person_id for person_id in ids if person_id})
    if not wanted:
        return {}
    query = select(Person.id, Person.name).where(Person.id.in_(wanted))
    return {row.id: row.name for row in session.execute(query)}


def anybody(session: Session) -> bool:
    """Whether there is anybody who can sign in."""
    query = select(Person.id).where(Person.login.is_not(None)).limit(1)
    return session.scalar(query) is not None
