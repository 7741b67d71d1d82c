"""This module is about the database's form: `tallycard db upgrade`."""

import click

from inventory.commands.edge import application


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
    from flask_migrate import upgrade as to_newest

    to_newest()
