"""This module is about the database's form: `tallycard db upgrade`."""

from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import Form, application, as_json, emit, now
from inventory.errors import NewerDatabase, NotMigrated, Refusal, UpgradeFailed, UpgradeNeedsBackup
from inventory.migrations import FOLDER as MIGRATIONS
from inventory.migrations import known
from inventory.migrations import newest as newest_revision

BACKUPS = "backups"
"""Folder beside the data for the backup before an upgrade, when no second place is set."""


@click.group("db")
def db_group() -> None:
    """The database: bring it to the form that this release needs."""


@db_group.command("upgrade")
@click.option("--without-backup", is_flag=True, help="Migrate data without backing it up first.")
def upgrade(without_backup: bool) -> None:
    """
    Run the migrations that are still to run; data is backed up and verified first.

    \b
    $ tallycard db upgrade
    """
    from inventory.commands.backup import settings_of
    from inventory.db import only_server

    with application(form=Form.KNOWN) as app:
        if not is_migrated():
            with only_server(settings_of(app)):  # a running one would misread the new form
                bring_up(without_backup)


@db_group.command("reindex")
@as_json
def reindex(json_: bool) -> None:
    """
    Write the terms by which things, kinds, places and people are found again.

    They follow every change by themselves; this is for after a repair by hand.

    \b
    $ tallycard db reindex
    """
    from flask_babel import gettext

    from inventory.commands.backup import settings_of
    from inventory.db import only_server

    with application() as app, only_server(settings_of(app)):
        rows = write_terms_again()
        if json_:
            emit({"rows": rows})
        else:
            click.echo(gettext("%(rows)s rows can be found again.", rows=rows))


def write_terms_again() -> int:
    """Write all terms of the search again, a slice at a time; return how many rows were read."""
    from functools import partial

    from inventory.db import transact
    from inventory.places.queries import schools
    from inventory.search import service

    rows = 0
    numbers = [school.id for school in schools(db_of_app().session())]
    for number in numbers:
        transact(partial(service.forget, school_id=number))
        for model in service.searched_models():
            after: str | None = ""
            while after is not None:
                count, after = transact(
                    partial(service.write_again, model=model, school_id=number, after=after)
                )
                rows += count
    return rows


def bring_up(without_backup: bool = False) -> None:
    """
    Back up what there is, then migrate.

    Raises:
        UpgradeNeedsBackup: it could not be backed up; nothing was changed.
        UpgradeFailed: a migration failed; the database is as it was.
    """
    from flask_babel import gettext

    file = None if without_backup else _backed_up()
    if file is not None:
        click.echo(gettext("Backed up and verified first: %(file)s", file=file))
    try:
        run_migrations()
        write_terms_again()
    except Refusal:
        raise
    except Exception as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise UpgradeFailed(what="database", reason=reason, file=file or "—") from error


def _backed_up() -> Path | None:
    """The backup before the upgrade; None where there is nothing to lose."""
    from flask import current_app

    from inventory.backups import making, place, store
    from inventory.db import every_school
    from inventory.web.context import CONFIG

    with every_school(db_of_app().engine) as connection:
        if not store.holds_data(connection):
            return None
        form = store.revision(connection) or "0000"
    config = current_app.extensions[CONFIG]
    try:
        folder = config.data / BACKUPS
        if config.backup_to:
            folder = place.examine(config, Path(config.backup_to)).folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"tallycard-before-upgrade-from-{form}-{now():%Y%m%d-%H%M%S}.zip"
        return making.make(config, folder / name, now()).path
    except (Refusal, OSError) as error:
        from inventory.web.refusals import words

        reason = words(error) if isinstance(error, Refusal) else str(error)
        raise UpgradeNeedsBackup(what="database", reason=reason) from error


def run_migrations() -> None:
    """Bring the database of the current application to the newest form."""
    from flask import current_app
    from flask_migrate import Migrate
    from flask_migrate import upgrade as to_newest

    from inventory import __version__
    from inventory.backups import record
    from inventory.web.context import CONFIG

    Migrate(current_app, db_of_app(), directory=str(MIGRATIONS))
    to_newest()
    data = current_app.extensions[CONFIG].data
    record.change(data, migrated_by=__version__, migrated_to=newest_revision())


def revision() -> str | None:
    """Return the migration at which the database of the current application stands."""
    from inventory.backups import store
    from inventory.db import every_school

    with every_school(db_of_app().engine) as connection:
        return store.revision(connection)


def is_empty() -> bool:
    """Whether there is nothing at all in the database, not even a migration."""
    from sqlalchemy import inspect

    return not inspect(db_of_app().engine).get_table_names()


def is_migrated() -> bool:
    """Whether the database stands at the newest migration."""
    return revision() == newest_revision()


def refuse_unknown_form(*, must_be_newest: bool) -> None:
    """
    Refuse a database whose form this release cannot use.

    Raises:
        NewerDatabase: a newer release migrated it.
        NotMigrated: it is not up to date.
    """
    from flask import current_app
    from flask_babel import gettext

    from inventory import __version__
    from inventory.backups import record
    from inventory.web.context import CONFIG

    found = revision()
    if found is not None and found not in known():
        wrote = record.read(current_app.extensions[CONFIG].data)
        release = wrote.migrated_by if wrote.migrated_to == found else ""
        raise NewerDatabase(
            what="database", migration=found, own=__version__,
            release=release or gettext("of a later date"),
        )  # fmt: skip
    if must_be_newest and found != newest_revision():
        raise NotMigrated(what="database", reason="")


def db_of_app() -> Any:
    """Return the database of the application; imported late, for it is heavy."""
    from inventory.db import db

    return db
