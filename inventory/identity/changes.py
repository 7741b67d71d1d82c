"""This module is about what happens to people and tokens, as the journal keeps it.

These events only record: names, passwords and the rows themselves live beside the journal, where
they may be corrected and erased, so `apply` changes nothing and nothing is compared.
"""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, Projector, State


@dataclass(frozen=True, slots=True)
class _OfPerson(Change):
    """Something that happened to a person, by their opaque id."""

    person: str

    @property
    def subject(self) -> str:
        return self.person

    def apply(self, state: State, on: Occasion) -> None:
        """Record only."""


@dataclass(frozen=True, slots=True)
class PersonAdded(_OfPerson):
    """Somebody may sign in from now on."""

    kind: ClassVar[str] = "person_added"
    role: str


@dataclass(frozen=True, slots=True)
class RoleChanged(_OfPerson):
    """A person may do other things from now on."""

    kind: ClassVar[str] = "role_changed"
    role: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class PersonDisabled(_OfPerson):
    """A person may no longer sign in; their sessions and tokens ended."""

    kind: ClassVar[str] = "person_disabled"


@dataclass(frozen=True, slots=True)
class PersonEnabled(_OfPerson):
    """A person may sign in again."""

    kind: ClassVar[str] = "person_enabled"


@dataclass(frozen=True, slots=True)
class PasswordReset(_OfPerson):
    """Somebody else gave a person a new password."""

    kind: ClassVar[str] = "password_reset"


@dataclass(frozen=True, slots=True)
class PasswordChanged(_OfPerson):
    """A person chose another password."""

    kind: ClassVar[str] = "password_changed"


@dataclass(frozen=True, slots=True)
class BadgeGiven(_OfPerson):
    """A person got a code of the series for their badge."""

    kind: ClassVar[str] = "badge_given"
    code: str


@dataclass(frozen=True, slots=True)
class TokenIssued(_OfPerson):
    """A program may act as a person within these scopes."""

    kind: ClassVar[str] = "token_issued"
    token: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenRevoked(_OfPerson):
    """A token is worth nothing any more."""

    kind: ClassVar[str] = "token_revoked"
    token: str


PROJECTOR = Projector(
    changes=(
        PersonAdded,
        RoleChanged,
        PersonDisabled,
        PersonEnabled,
        PasswordReset,
        PasswordChanged,
        BadgeGiven,
        TokenIssued,
        TokenRevoked,
    ),
    tables=(),
)
