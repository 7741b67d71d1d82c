"""This module is about keeping it: `tallycard backup` and `tallycard restore`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from inventory.commands.edge import Form, application, as_json, emit, now
from inventory.errors import Missing, NoSecondPlace


@click.command("backup")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="FILE|FOLDER")
@click.option("--enable", "folder", type=click.Path(path_type=Path, file_okay=False),
              help="Back up here every night: another disk or a mounted share.")  # fmt: skip
@click.option("--scheduled", is_flag=True,
              help="Back up to the second place and remove what need not stay.")  # fmt: skip
@as_json
def backup(target: Path | None, folder: Path | None, scheduled: bool, json_: bool) -> None:
    """
    Back up everything into one verified file, while the server runs.

    The file gets its name only after it was read again and found to be what the database is.

    \b
    $ tallycard backup /media/usb
    $ tallycard backup tallycard.zip --json
    $ tallycard backup --enable /media/usb/tallycard
    """
    if (target is not None) + (folder is not None) + scheduled != 1:
        raise Missing(field="FILE|FOLDER")
    with application(form=Form.KNOWN) as app:
        config = settings_of(app)
        if folder is not None:
            enable(config, folder.expanduser().absolute(), json_)
        elif target is not None:
            back_up(config, target.expanduser().absolute(), json_)
        else:
            back_up_as_scheduled(config, json_)


def settings_of(app: Any) -> Any:
    """Return the settings of an application."""
    from inventory.web.context import CONFIG

    return app.extensions[CONFIG]


def enable(config: Any, folder: Path, json_: bool = False) -> None:
    """Set the second place, and say what it will mean."""
    from flask_babel import gettext

    from inventory.backups import place

    found = place.enable(config, folder)
    if json_:
        emit({"folder": str(folder), "free": found.free, "same_disk": found.is_same_disk})
        return
    click.echo(
        gettext(
            "Backed up every night at %(at)s to %(folder)s (%(free)s MB free).",
            at=config.backup_at, folder=folder, free=found.free >> 20,
        )
    )  # fmt: skip
    warn_of_same_disk(found)


def warn_of_same_disk(found: Any) -> None:
    """Say that backups in this place would be lost with the data."""
    from flask_babel import gettext

    if found.is_same_disk:
        words = gettext(
            "Warning: this folder is on the same disk as the data. When that disk is lost, "
            "so are the backups. Choose a USB disk or another computer's folder."
        )
        click.echo(words, err=True)


def back_up(config: Any, target: Path, json_: bool = False) -> Any:
    """Make one backup into a file, or into a folder under a name of its own, and say so."""
    from inventory.backups import making, record, rules

    at = now()
    if target.is_dir():
        deployment = record.change(config.data).deployment
        target /= rules.name_of(deployment, at, ZoneInfo(config.time_zone))
    elif not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
    made = making.remembered(config, target, at)
    _say(made, json_, [])
    return made


def back_up_as_scheduled(config: Any, json_: bool = False) -> None:
    """
    Make the nightly backup and remove those that need not stay.

    Raises:
        NoSecondPlace: none is set.
        BadBackupFolder: the disk is not there, or full; it is remembered.
    """
    from inventory.backups import making, place, record, rules
    from inventory.errors import Refusal

    if not config.backup_to:
        raise NoSecondPlace(what="backup", reason="")
    at, folder = now(), Path(config.backup_to)
    try:
        _refuse_lost(folder, config)
        place.examine(config, folder)
    except Refusal as refusal:
        record.bad(config.data, at, refusal.code, refusal.data)
        raise
    deployment = record.change(config.data).deployment
    name = rules.name_of(deployment, at, ZoneInfo(config.time_zone))
    made = making.remembered(config, folder / name, at)
    keep = rules.Keep.parsed(config.backup_keep)
    removed = rules.superfluous(os.listdir(folder), deployment, keep)
    for old in removed:
        (folder / old).unlink(missing_ok=True)
    _say(made, json_, removed)


def _refuse_lost(folder: Path, config: Any) -> None:
    """A disk that is not plugged in leaves an empty mount point on the disk of the data."""
    from inventory.backups import place, record
    from inventory.errors import BadBackupFolder

    known = record.read(config.data)
    if not known.good_file or Path(known.good_file).parent != folder:
        return
    if not folder.is_dir() or (known.good_elsewhere and place.is_same_disk(config, folder)):
        raise BadBackupFolder(field="backup_to", folder=str(folder), reason="not_there", detail="")


def _say(made: Any, json_: bool, removed: list[str]) -> None:
    from flask_babel import gettext

    manifest = made.manifest
    if json_:
        emit(
            {"file": str(made.path), "bytes": made.size, "verified": True,
             "release": manifest.release, "migration": manifest.migration, "at": manifest.at,
             "counts": manifest.counts, "heads": manifest.heads, "removed": removed}
        )  # fmt: skip
        return
    click.echo(
        gettext(
            "%(file)s: %(size)s KB, verified. %(schools)s schools, %(things)s things, "
            "%(events)s events.",
            file=made.path, size=max(1, made.size >> 10), **_figures(manifest.counts),
        )
    )  # fmt: skip
    for head in manifest.heads:
        click.echo(f"{gettext('Head')} {head}")


def _figures(counts: dict[str, int]) -> dict[str, int]:
    return {
        "schools": counts.get("school", 0), "things": counts.get("thing", 0),
        "events": counts.get("event", 0),
    }  # fmt: skip


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False),
              help="Data folder to restore into, instead of TALLYCARD_DATA.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Put what is there aside, and the backup in its place.")
@as_json
def restore(source: Path, into: Path | None, yes: bool, json_: bool) -> None:
    """
    Bring a backup back, on this computer or another; it is checked before and after.

    \b
    $ tallycard restore tallycard.zip --into /srv/tallycard
    $ tallycard restore /media/usb/tallycard.zip --yes
    """
    from inventory.config import load

    environment = dict(os.environ)
    if into is not None:
        environment["TALLYCARD_DATA"] = str(into.expanduser().absolute())
    config = load(environment)
    with application(form=Form.ANY, config=config):
        report = bring_back(config, source.expanduser().absolute(), now(), overwrite=yes)
    if json_:
        emit(report)
        return
    with application(form=Form.KNOWN, config=load(environment)):
        _say_restored(report, into)


def bring_back(config: Any, source: Path, at: datetime, *, overwrite: bool) -> dict[str, Any]:
    """Restore, migrate up, verify again, and return what came of it."""
    from inventory.backups import restoring, store
    from inventory.commands.database import is_migrated, run_migrations
    from inventory.db import db, every_school
    from inventory.errors import BackupNotVerified
    from inventory.journal.rebuild import verify_chains

    db.session.remove()
    db.engine.dispose()  # connections to what is put aside
    done = restoring.restore(config, source, at, overwrite=overwrite)
    if not is_migrated():
        run_migrations()
    with every_school(db.engine) as connection:
        facts = store.facts(connection)
        verdict = verify_chains(connection, None)
    if verdict.broken or sorted(facts.heads) != sorted(done.manifest.heads):
        raise BackupNotVerified(reason="differs", detail="heads")
    return {
        "restored": str(source), "data": str(config.data), "made_at": done.manifest.at,
        "release": done.manifest.release, "migration": done.manifest.migration,
        "migrated_to": facts.migration, "aside": done.aside or None,
        "settings": done.settings, "uploads": done.uploads, **_figures(facts.counts),
        "heads": facts.heads,
    }  # fmt: skip


def _say_restored(report: dict[str, Any], into: Path | None) -> None:
    from flask_babel import gettext

    figures = {name: report[name] for name in ("schools", "things", "events")}
    click.echo(
        gettext(
            "Restored from %(restored)s (made %(made_at)s): %(schools)s schools, "
            "%(things)s things, %(events)s events.",
            restored=report["restored"], made_at=report["made_at"], **figures,
        )
    )  # fmt: skip
    for head in report["heads"]:
        click.echo(f"{gettext('Head')} {head}")
    if report["migrated_to"] != report["migration"]:
        click.echo(
            gettext(
                "Brought from form %(old)s to %(new)s.",
                old=report["migration"], new=report["migrated_to"],
            )
        )  # fmt: skip
    if report["aside"]:
        click.echo(gettext("What was there before is kept as %(aside)s.", aside=report["aside"]))
    click.echo(
        gettext(
            "Next: compare the heads with those that you kept elsewhere, run "
            "“tallycard verify --rebuild”, set the second place for backups with “tallycard "
            "backup --enable FOLDER”, and start the server. Everybody signs in again."
        )
    )
    if into is not None:
        click.echo(f"export TALLYCARD_DATA={report['data']}")
