"""This module is about people and tokens from the shell: `tallycard user`, `tallycard token`."""

from typing import Any

import click

from inventory.commands.edge import as_json, emit, now, with_application
from inventory.scope import Permission, Role

ROLES = [role.value for role in Role]
SCOPES = [permission.value for permission in Permission]


@click.group()
def user() -> None:
    """People who sign in: list, add, new password, disable, enable."""


@user.command("list")
@click.option("--school", "school_id", help="Only those of a school.")
@click.option("--all", "everybody", is_flag=True, help="Keepers without an account as well.")
@as_json
@with_application
def list_users(school_id: str | None, everybody: bool, json_: bool) -> None:
    """
    List people who have an account.

    \b
    $ tallycard user list
    $ tallycard user list --school 3133990102 --json
    """
    from inventory.db import db
    from inventory.identity.queries import people

    rows, _ = people(db.session(), school_id=school_id, size=1_000_000)
    for row in rows:
        if row.login is None and not everybody:
            continue
        if json_:
            emit(_as_json(row))
        else:
            state = "" if row.is_active else "disabled"
            click.echo(
                f"{row.login or '—':16} {row.role or '—':18} {row.school_id or '—':10} "
                f"{row.name} {state}".rstrip()
            )


def _as_json(row: Any) -> dict[str, Any]:
    return {
        "login": row.login, "id": row.id, "name": row.name, "role": row.role,
        "school": row.school_id, "is_active": row.is_active, "must_change": row.must_change,
        "is_demonstration": row.is_demonstration, "code": row.code,
    }  # fmt: skip


def person_named(login: str) -> Any:
    """
    Return the person who signs in with a name.

    Raises:
        NotFound: nobody does.
    """
    from inventory.db import db
    from inventory.errors import NotFound
    from inventory.identity.queries import person_by_login

    row = person_by_login(db.session(), login)
    if row is None:
        raise NotFound(what="person", key=login)
    return row


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


@user.command("password")
@click.argument("login")
@click.option("--password", default="", help="This one, instead of a one-time password.")
@as_json
@with_application
def reset_user_password(login: str, password: str, json_: bool) -> None:
    """
    Give LOGIN a new password and print it: a one-time one, to be changed at the next sign-in.

    Their sessions and PINs end.

    \b
    $ tallycard user password wang
    """
    from inventory.db import transact
    from inventory.identity.service import reset_password
    from inventory.scope import OPERATOR

    row = person_named(login)
    chosen = transact(
        lambda session: reset_password(
            session, OPERATOR, person_id=row.id, password=password, at=now()
        )
    )
    if json_:
        shown = {} if password else {"password": chosen}
        emit({"login": row.login, "id": row.id, "must_change": not password} | shown)
    else:
        click.echo(row.login if password else chosen)


@user.command("disable")
@click.argument("login")
@as_json
@with_application
def disable_user(login: str, json_: bool) -> None:
    """
    Let LOGIN no longer sign in; their sessions, PINs and tokens end.

    \b
    $ tallycard user disable wang
    """
    from inventory.db import transact
    from inventory.identity.service import disable_person
    from inventory.scope import OPERATOR

    row = person_named(login)
    transact(lambda session: disable_person(session, OPERATOR, person_id=row.id, at=now()))
    _say_state(row, False, json_)


@user.command("enable")
@click.argument("login")
@as_json
@with_application
def enable_user(login: str, json_: bool) -> None:
    """
    Let LOGIN sign in again, with the password they had; their tokens stay revoked.

    \b
    $ tallycard user enable wang
    """
    from inventory.db import transact
    from inventory.identity.service import enable_person
    from inventory.scope import OPERATOR

    row = person_named(login)
    transact(lambda session: enable_person(session, OPERATOR, person_id=row.id, at=now()))
    _say_state(row, True, json_)


def _say_state(row: Any, is_active: bool, json_: bool) -> None:
    if json_:
        emit({"login": row.login, "id": row.id, "is_active": is_active})
    else:
        click.echo(row.login)


@click.group()
def token() -> None:
    """Tokens that programs and stations carry: list, add, revoke."""


@token.command("list")
@click.option("--all", "everything", is_flag=True, help="Revoked ones as well.")
@as_json
@with_application
def list_tokens(everything: bool, json_: bool) -> None:
    """
    List tokens: whose they are and what they may do. Their secrets are kept nowhere.

    \b
    $ tallycard token list
    """
    from inventory.db import db
    from inventory.identity.queries import tokens

    for row in tokens(db.session()):
        if row.revoked_at and not everything:
            continue
        if json_:
            emit(
                {"id": row.id, "login": row.login, "name": row.name, "scopes": list(row.scopes),
                 "created_at": row.created_at.isoformat(),
                 "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None}
            )  # fmt: skip
        else:
            state = "revoked" if row.revoked_at else ""
            line = f"{row.id} {row.login or '—':16} {row.name} ({' '.join(row.scopes)}) {state}"
            click.echo(line.rstrip())


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

    made, secret = transact(
        lambda session: issue_token(
            session, OPERATOR, login=login, name=name,
            scopes=frozenset(Permission(scope) for scope in scopes), at=now(),
        )
    )  # fmt: skip
    if json_:
        emit({"token": secret, "id": made.id, "login": login, "scopes": list(scopes)})
    else:
        click.echo(secret)


@token.command("revoke")
@click.argument("token_id", metavar="ID")
@as_json
@with_application
def revoke_token(token_id: str, json_: bool) -> None:
    """
    Make the token with this ID worthless (`tallycard token list` tells the ids).

    \b
    $ tallycard token revoke 019ab1c2d3e47f8a9b0c1d2e3f4a5b6c
    """
    from inventory.db import transact
    from inventory.identity import service
    from inventory.scope import OPERATOR

    transact(lambda session: service.revoke_token(session, OPERATOR, token_id=token_id, at=now()))
    if json_:
        emit({"id": token_id, "revoked": True})
    else:
        click.echo(token_id)
