"""This module is about the database's form: `tallycard db upgrade`."""

from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import application

VERSIONS = "alembic_version"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@click.group("db")
def db_group() -> None:
    """The database: bring it to the form that this release needs."""


@db_group.command("upgrade")
def upgrade() -> None:
    """
    Run the migrations that are still to run.

    \b
    $ tallycard db upgrade
    """
    with application(migrated=False):
        run_migrations()


def run_migrations() -> None:
    """Bring the database of the current application to the newest form."""
    from flask import current_app
    from flask_migrate import Migrate
    from flask_migrate import upgrade as to_newest

    Migrate(current_app, db_of_app(), directory=str(MIGRATIONS))
    to_newest()


def newest_revision() -> str:
    """Return the newest migration by the names of the steps, without loading any of them."""
    return max(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def is_empty() -> bool:
    """Whether there is nothing at all in the database, not even a migration."""
    from sqlalchemy import inspect

    return not inspect(db_of_app().engine).get_table_names()


def is_migrated() -> bool:
    """Whether the database stands at the newest migration."""
    from sqlalchemy import column, inspect, select, table

    with db_of_app().engine.connect() as connection:
        if not inspect(connection).has_table(VERSIONS):
            return False
        found = connection.scalar(select(column("version_num")).select_from(table(VERSIONS)))
    return bool(found == newest_revision())


def db_of_app() -> Any:
    """Return the database of the application; imported late, for it is heavy."""
    from inventory.db import db

    return db
