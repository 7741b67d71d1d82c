"""This module is about who sent a request: a page's person, or the bearer of a token."""

from flask import Request, session
from flask_login import LoginManager, UserMixin, current_user

from inventory.db import db
from inventory.errors import BadToken, NotSignedIn
from inventory.identity import queries, service
from inventory.identity.models import Person
from inventory.scope import NOBODY, OPERATOR, Actor, bind

logins = LoginManager()
logins.session_protection = "strong"


class SignedIn(UserMixin):  # type: ignore[misc]
    """A person who has signed in, as the session remembers them."""

    def __init__(self, person: Person) -> None:
        self.id = person.id
        self.name = person.name
        self.person_actor = person.actor()


@logins.user_loader  # type: ignore[untyped-decorator]
def _load(person_id: str) -> SignedIn | None:
    """Look the person up with everybody in sight; the session of the request is bound after."""
    bind(db.session(), OPERATOR)
    person = queries.person(db.session(), person_id)
    return SignedIn(person) if person and person.login else None


def page_actor() -> Actor:
    """Return who sent a page's request; nobody when they have not signed in."""
    if not current_user.is_authenticated:
        return NOBODY
    session["name"] = current_user.name
    actor: Actor = current_user.person_actor
    return actor


def token_actor(request: Request) -> Actor:
    """
    Return whom a request's bearer token speaks for (RFC 6750, section 2.1).

    Raises:
        NotSignedIn: there is no token.
        BadToken: it is not valid.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise NotSignedIn
    if scheme.lower() != "bearer" or not secret:
        raise BadToken
    return service.actor_by_token(db.engine, secret.strip())
