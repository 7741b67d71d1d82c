"""This module is about who acts and which schools they see: one place, and it fails closed.

An `Actor` is bound to a session; from then on every ORM statement of that session carries the
actor's schools, and a flush of a row outside them is refused. SQL below the ORM (`store.py`)
is out of this wall's reach and takes the schools as a required argument; the composite keys
`(school_id, …)` are the wall behind both, and on PostgreSQL row security is one more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, event, or_
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, with_loader_criteria

from inventory.base import SchoolOptional, SchoolScoped
from inventory.db import tell_schools
from inventory.errors import NotAllowed, NotFound

P = ParamSpec("P")
R = TypeVar("R")
ACTOR = "tallycard_actor"


class Permission(StrEnum):
    """What a person may do. Nothing is allowed that no permission names."""

    SEE = "see"
    SCAN = "scan"
    COUNT = "count"
    PRINT = "print"
    IMPORT = "import"
    ARRANGE = "arrange"
    APPROVE = "approve"
    ADMINISTER = "administer"


class Role(StrEnum):
    """The seven roles of the design."""

    ADMINISTRATOR = "administrator"
    BUREAU_OFFICER = "bureau_officer"
    AUDITOR = "auditor"
    PRINCIPAL = "principal"
    EQUIPMENT_MANAGER = "equipment_manager"
    TECHNICIAN = "technician"
    TEACHER = "teacher"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the person, their role, the schools they see and what they may do there."""

    id: str
    """Opaque id that the journal keeps; never a name."""
    role: Role | None
    school_id: str | None
    """The school that new rows belong to; None for the bureau's staff."""
    schools: frozenset[str] | None
    """The schools in sight; None means every school."""
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def sees(self, school_id: str | None) -> bool:
        return self.schools is None or (school_id is not None and school_id in self.schools)


NOBODY = Actor("nobody", None, None, frozenset(), frozenset())
"""Somebody who has not signed in: sees no school, may do nothing."""

OPERATOR = Actor("operator", Role.ADMINISTRATOR, None, None, frozenset(Permission))
"""Whoever runs commands on the computer that holds the database."""


class ScopeMissing(RuntimeError):
    """A statement was run before anybody said who acts: a mistake of ours, never shown as data."""


def bind(session: Session, actor: Actor) -> None:
    """Say who acts in this session. Rows of other schools leave the identity map."""
    if session.info.get(ACTOR) != actor:
        session.expunge_all()
    session.info[ACTOR] = actor
    if session.in_transaction():
        tell_schools(session.connection(), actor.schools)


CARRYING_OUT = frozenset({Permission.ARRANGE, Permission.PRINT, Permission.IMPORT})


@contextmanager
def carrying_out(session: Session, by: Actor, *schools: str) -> Iterator[Actor]:
    """
    Give the actor who does, for the length of a block, what an approved document says.

    Whoever approves last need not be allowed to arrange things; and what goes from one school to
    another is written in both, in one transaction. It is the same person in the journal. The
    block is the only way past the scope of a session, and what it read of the other school is
    forgotten at its end. That PostgreSQL goes on seeing those schools until the transaction ends
    is wanted: their events are chained at COMMIT.
    """
    seen = None if by.schools is None else by.schools | set(schools)
    wider = replace(by, schools=seen, permissions=by.permissions | CARRYING_OUT)
    session.flush()
    session.info[ACTOR] = wider
    tell_schools(session.connection(), seen)
    try:
        yield wider
        session.flush()
    finally:
        session.info[ACTOR] = by
        for row in list(session):
            if isinstance(row, SchoolScoped) and not by.sees(row.school_id):
                session.expunge(row)


@event.listens_for(Session, "after_begin")
def _tell_the_database(session: Session, _: SessionTransaction, connection: Connection) -> None:
    actor = session.info.get(ACTOR, NOBODY)
    tell_schools(connection, actor.schools)


def actor_of(session: Session) -> Actor:
    """Return who acts in this session."""
    actor = session.info.get(ACTOR)
    if not isinstance(actor, Actor):
        raise ScopeMissing("bind an actor to the session before using it")
    return actor


def requires(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[Session, Actor, P], R]], Callable[Concatenate[Session, Actor, P], R]
]:
    """
    Declare the permission that a service function needs; the session must be the actor's own.

    Raises (from the function it wraps):
        NotAllowed: the actor lacks the permission.
    """

    def declare(
        service: Callable[Concatenate[Session, Actor, P], R],
    ) -> Callable[Concatenate[Session, Actor, P], R]:
        @wraps(service)
        def guarded(session: Session, by: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if actor_of(session) != by:
                raise ScopeMissing("the session belongs to another actor")
            if not by.may(permission):
                raise NotAllowed(permission=permission.value)
            return service(session, by, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return declare


def own_school(by: Actor, school_id: str | None = None) -> str:
    """
    Return the school that an action falls to: the one named, else the actor's own.

    Raises:
        NotFound: the actor does not see that school, or sees several and named none.
    """
    school = school_id or by.school_id
    if school is None or not by.sees(school):
        raise NotFound(what="school", key=school or "—")
    return school


@event.listens_for(Session, "do_orm_execute")
def _put_scope_on_statement(state: ORMExecuteState) -> None:
    """Add the schools in sight to every ORM statement, joins and subqueries included."""
    if state.is_column_load or state.is_relationship_load:
        return
    actor = actor_of(state.session)
    if actor.schools is None:
        return
    schools = sorted(actor.schools)
    state.statement = state.statement.options(
        with_loader_criteria(
            SchoolScoped, lambda cls: cls.school_id.in_(schools), include_aliases=True
        ),
        with_loader_criteria(
            SchoolOptional,
            lambda cls: or_(cls.school_id.in_(schools), cls.school_id.is_(None)),
            include_aliases=True,
        ),
    )


@event.listens_for(Session, "before_flush")
def _refuse_foreign_rows(session: Session, *_: Any) -> None:
    actor = actor_of(session)
    for row in (*session.new, *session.dirty, *session.deleted):
        if not _may_write(actor, row):
            raise NotFound(what="school", key=str(row.school_id))


def _may_write(actor: Actor, row: object) -> bool:
    """Whether a row is of a school in sight, or of none: blank codes belong to everybody."""
    if isinstance(row, SchoolOptional) and row.school_id is None:
        return True
    return not isinstance(row, SchoolScoped | SchoolOptional) or actor.sees(row.school_id)
