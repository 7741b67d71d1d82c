"""This module is about importing spreadsheets from the shell: `tallycard import`."""

from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import application, as_json, emit, now


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--school", "school_id", help="Ten-digit number, when the file names no school.")
@click.option("--school-name", help="Name of a school that is not entered yet.")
@as_json
def import_file(
    file: Path, dry_run: bool, school_id: str | None, school_name: str | None, json_: bool
) -> None:
    """
    Import a school's ledger: .xlsx, .xls or .csv with Chinese or English headers.

    Importing a file again creates nothing twice and shows what differs. Rows with errors are
    left out and named; everything else goes in.

    \b
    $ tallycard import 仪器总账.xlsx --dry-run
    $ tallycard import 仪器总账.xlsx --json > result.json
    """
    with application():
        _import(file, dry_run, school_id, school_name, json_)


def _import(
    file: Path, dry_run: bool, school_id: str | None, school_name: str | None, json_: bool
) -> None:
    from inventory.db import db
    from inventory.exchange import service
    from inventory.scope import OPERATOR
    from inventory.web.context import settings

    known = service.known_rooms(db.session(), school_id)
    roster = service.read(file, file.name, known)
    price = settings().item_price_yuan
    if not dry_run:
        _enter_school(roster, school_id, school_name)
    number = school_id or roster.school_id
    plan = service.plan(
        db.session(), OPERATOR, roster, school_id=number or _unnamed(dry_run), item_price_yuan=price
    )
    result = plan.as_json()
    if not dry_run:
        result["import"] = _carry_out(plan, file)
    if json_:
        emit(result)
    else:
        _show(result, dry_run)


def _unnamed(dry_run: bool) -> str | None:
    """A dry run of a file that names no school needs none: nothing is looked up under it."""
    return "" if dry_run else None


def _enter_school(roster: Any, school_id: str | None, school_name: str | None) -> None:
    """Enter the school that the file names when it is not there yet."""
    from inventory.db import transact
    from inventory.exchange.service import school_is_known
    from inventory.places.service import open_school
    from inventory.scope import OPERATOR

    number, name = school_id or roster.school_id, school_name or roster.school
    if not number or not name:
        return

    def enter(session: Any) -> None:
        if not school_is_known(session, number):
            open_school(
                session, OPERATOR, number=number, name=name, stage=roster.stage or "", at=now()
            )

    transact(enter)


def _carry_out(plan: Any, file: Path) -> str:
    """Stage the plan and apply it slice by slice; a scan never waits for a whole import."""
    from inventory.db import transact
    from inventory.exchange import service
    from inventory.scope import OPERATOR

    digest = service.digest_of(file.read_bytes())
    job = transact(lambda session: service.stage(session, OPERATOR, plan, digest=digest, at=now()))
    while transact(
        lambda session: service.apply_slice(session, OPERATOR, import_id=job.id, at=now())
    ):
        pass
    return str(job.id)


def _show(result: dict[str, Any], dry_run: bool) -> None:
    from flask_babel import gettext

    from inventory.web.words import FAULTS, say

    figures = result["summary"]
    for fault in result["faults"]:
        click.echo(
            f"{fault['severity']:8} {fault['sheet']} {fault['row']} {fault['column']}: "
            f"{say(FAULTS, fault['code'])}" + (f" “{fault['raw']}”" if fault["raw"] else "")
        )
    for row in result["records"]:
        if row["differs"]:
            click.echo(
                f"{'differs':8} {row['sheet']} {row['row']} {row['name']}: "
                + ", ".join(row["differs"])
            )
    click.echo(
        gettext(
            "%(rows)s rows: %(new)s new, %(same)s imported before, %(differs)s differ; "
            "%(items)s single things and %(batches)s batches, %(labels)s labels; "
            "%(errors)s errors, %(warnings)s warnings.",
            **figures,
        )
    )
    if dry_run:
        click.echo(gettext("This was a dry run: nothing was written."))
