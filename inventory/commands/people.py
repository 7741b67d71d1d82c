"""This module is about people and tokens from the shell: `tallycard user`, `tallycard token`."""

import click

from inventory.commands.edge import as_json, emit, now, with_application
from inventory.scope import Permission, Role

ROLES = [role.value for role in Role]
SCOPES = [permission.value for permission in Permission]


@click.group()
def user() -> None:
    """People who sign in: add them."""


@user.command("add")
@click.argument("login")
@click.option("--name", required=True, help="Their name, as it is shown.")
@click.option("--role", required=True, type=click.Choice(ROLES))
@click.option("--school", "school_id", help="Their school; none means the bureau.")
@click.password_option(help="Asked for when left out.")
@as_json
@with_application
def add_user(
    login: str, name: str, role: str, school_id: str | None, password: str, json_: bool
) -> None:
    """
    Add somebody who signs in as LOGIN.

    \b
    $ tallycard user add wang --name 王芳 --role technician --school 3133990102
    """
    from inventory.db import db, transact
    from inventory.errors import NotFound
    from inventory.identity.service import add_person
    from inventory.places.queries import school
    from inventory.scope import OPERATOR

    if school_id and school(db.session(), school_id) is None:
        raise NotFound(what="school", key=school_id)
    person = transact(
        lambda session: add_person(
            session, OPERATOR, name=name, login=login, password=password, role=Role(role),
            school_id=school_id, at=now(),
        )
    )  # fmt: skip
    if json_:
        emit({"login": person.login, "id": person.id, "role": role, "school": school_id})
    else:
        click.echo(person.login)


@click.group()
def token() -> None:
    """Tokens that programs and stations carry: make them."""


@token.command("add")
@click.argument("login")
@click.option("--name", default="station", show_default=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES),
              default=("see", "scan", "count"), show_default=True)  # fmt: skip
@as_json
@with_application
def add_token(login: str, name: str, scopes: tuple[str, ...], json_: bool) -> None:
    """
    Make a token with which a program acts as LOGIN, and print it: it is shown once.

    \b
    $ tallycard token add wang --scope scan --scope count
    """
    from inventory.db import transact
    from inventory.identity.service import issue_token
    from inventory.scope import OPERATOR

    _, secret = transact(
        lambda session: issue_token(
            session, OPERATOR, login=login, name=name,
            scopes=frozenset(Permission(scope) for scope in scopes), at=now(),
        )
    )  # fmt: skip
    if json_:
        emit({"token": secret, "login": login, "scopes": list(scopes)})
    else:
        click.echo(secret)
