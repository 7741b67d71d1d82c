"""This module is about importing spreadsheets from the shell: `tallycard import`."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import NewFile, application, as_json, emit, now


@click.command("import")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--school", "school_id", help="Ten-digit number, when the file names no school.")
@click.option("--school-name", help="Name of a school that is not entered yet.")
@click.option(
    "--map",
    "maps",
    metavar="COLUMN=FIELD",
    multiple=True,
    help="What a column holds; kept for the next time. COLUMN=- passes it over.",
)
@click.option("--create-places", is_flag=True, help="Set up places that the school lacks.")
@click.option("--undo", "undo_id", metavar="ID", help="Take back an import as a whole.")
@click.option("--template", type=NewFile(), help="Write one to fill in.")
@as_json
def import_file(
    file: Path | None,
    dry_run: bool,
    school_id: str | None,
    school_name: str | None,
    maps: tuple[str, ...],
    create_places: bool,
    undo_id: str | None,
    template: Path | None,
    json_: bool,
) -> None:
    """
    Import a school's ledger (.xlsx, .xls, .csv, a system's HTML) or a list of Snipe-IT's assets.

    What the columns hold is learned from their headers and from what stands in them, and said.
    FIELD is one of: serial code name spec unit equipment_class required quantity unit_price
    amount purchase_date location keeper voucher finance_card serial_no maker supplier invoice
    accepted source warranty_until condition old_number epc note.

    Importing a file again creates nothing twice and shows what differs. Rows with errors are
    left out and named; everything else goes in. An import can be undone as a whole by the id
    that --json gives, unless its things were moved or counted since.

    \b
    $ tallycard import 仪器总账.xlsx --dry-run
    $ tallycard import 仪器总账.xlsx --json > result.json
    $ tallycard import 老账.xls --map "年月=purchase_date" --map "B=-" --dry-run
    $ tallycard import --undo 019a… --json
    $ tallycard import --template 登记表.xlsx
    """
    if sum(one is not None for one in (file, undo_id, template)) != 1:
        raise click.UsageError("Name a FILE, or --undo ID, or --template FILE.")
    with application():
        if undo_id is not None:
            _undo(undo_id, json_)
        elif template is not None:
            _write_template(template, school_id)
        elif file is not None:
            _import(file, dry_run, school_id, school_name, _choices(maps), create_places, json_)


def _undo(import_id: str, json_: bool) -> None:
    """Take an import back slice by slice; what is in the way is named."""
    from flask_babel import gettext

    from inventory.db import db, transact
    from inventory.errors import ImportInUse
    from inventory.exchange import queries, service
    from inventory.scope import OPERATOR

    try:
        while transact(
            lambda session: service.undo_slice(session, OPERATOR, import_id=import_id, at=now())
        ):
            pass
    except ImportInUse:
        head = queries.head(db.session(), import_id)
        for one in queries.obstacles(db.session(), head) if head else []:
            told = {"code": one.code, "name": one.name, "reason": one.reason, "where": one.where}
            if json_:
                emit({"in_the_way": told})
            else:
                click.echo(f"{one.code} {one.name}: {_why(one.reason)} {one.where}".strip())
        raise
    if json_:
        emit({"import": import_id, "undone": True})
    else:
        click.echo(gettext("The import is undone."))


def _why(reason: str) -> str:
    from inventory.web.words import OBSTACLES, say

    return say(OBSTACLES, reason)


def _write_template(path: Path, school_id: str | None) -> None:
    from flask_babel import gettext

    from inventory.db import db
    from inventory.exchange.papers import template

    path.write_bytes(template(db.session(), school_id))
    click.echo(gettext("Written: %(file)s", file=path.name))


def _choices(maps: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """What --map says, for all headers of the file."""
    from inventory.exchange.rules.headers import tidy_label
    from inventory.web.words import COLUMN_FIELDS

    told: dict[str, str] = {}
    for one in maps:
        column, sign, field = one.rpartition("=")
        field = "" if field == "-" else field
        if not sign or not column or (field and field not in COLUMN_FIELDS):
            raise click.BadParameter(
                f"{one!r} is not COLUMN=FIELD; fields are {', '.join(COLUMN_FIELDS)}.",
                param_hint="--map",
            )
        if field and field in told.values():
            raise click.BadParameter(f"Two columns cannot both be {field}.", param_hint="--map")
        told[tidy_label(column)] = field
    return {"": told} if told else {}


def _import(
    file: Path,
    dry_run: bool,
    school_id: str | None,
    school_name: str | None,
    choices: dict[str, dict[str, str]],
    create_places: bool,
    json_: bool,
) -> None:
    from inventory.db import db
    from inventory.exchange import service
    from inventory.exchange.edge import read
    from inventory.scope import OPERATOR
    from inventory.web.context import settings

    roster = read(file, file.name, school_id, choices)
    price = settings().item_price_yuan
    if not dry_run:
        _enter_school(roster, school_id, school_name)
    number = school_id or service.school_named(db.session(), roster.school_id, roster.school)
    number = number or roster.school_id
    plan = service.plan(
        db.session(), OPERATOR, roster, school_id=number or _unnamed(dry_run), item_price_yuan=price
    )
    told: dict[str, Any] = {"columns": [one.as_json() for one in roster.headers]}
    if not dry_run:
        told["import"] = _carry_out(plan, file, choices, create_places)
    if json_:
        for part in plan.json_parts(**told):
            sys.stdout.write(part)
        sys.stdout.write("\n")
        sys.stdout.flush()
    else:
        _show(plan, told["columns"], dry_run)


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


def _carry_out(
    plan: Any, file: Path, choices: dict[str, dict[str, str]], create_places: bool
) -> str:
    """Stage the plan and apply it slice by slice; a scan never waits for a whole import."""
    from flask_babel import gettext

    from inventory.db import transact
    from inventory.exchange import service
    from inventory.exchange.columns_service import choose_columns
    from inventory.exchange.edge import Applying, stage
    from inventory.scope import OPERATOR

    if choices:
        told = {one.header.fingerprint: choices[""] for one in plan.roster.headers}
        transact(
            lambda session: choose_columns(
                session, OPERATOR, school_id=plan.school_id, choices=told, at=now()
            )
        )
    with file.open("rb") as opened:
        digest = service.digest_of(opened)
    progress = _Progress()
    job = stage(
        OPERATOR, plan, digest=digest, at=now(),
        progress=lambda done, total: progress.say(gettext("Rows read:"), done, total),
    )  # fmt: skip
    if create_places:
        transact(
            lambda session: service.choose_places(session, OPERATOR, import_id=job, set_up=True)
        )
    applying, total = Applying(OPERATOR, job), 0
    while left := applying.slice(now()):
        total = max(total, left)
        progress.say(gettext("Rows imported:"), total - left, total)
    progress.end()
    return job


class _Progress:
    """A line that is written over itself, for whoever watches a terminal; else nothing."""

    def __init__(self) -> None:
        self._is_watched = sys.stderr.isatty()
        self._said_at = 0.0

    def say(self, what: str, done: int, total: int) -> None:
        """Say how far it is, a few times a second."""
        if self._is_watched and time.monotonic() - self._said_at > EVERY_S:
            self._said_at = time.monotonic()
            sys.stderr.write(f"\r{what} {done:,} / {total:,}\x1b[K")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave a clean line behind."""
        if self._said_at:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


EVERY_S = 0.25


def _show(plan: Any, columns: list[dict[str, Any]], dry_run: bool) -> None:
    from flask_babel import gettext

    from inventory.web.words import FAULTS, say

    for line in dict.fromkeys(map(_columns_line, columns)):
        click.echo(line)
    for fault in plan.roster.faults:
        click.echo(
            f"{fault.severity.value:8} {fault.sheet} {fault.row} {fault.column}: "
            f"{say(FAULTS, fault.code.value)}" + (f" “{fault.raw}”" if fault.raw else "")
        )
    for row in plan.rows:
        if row.differs:
            click.echo(
                f"{'differs':8} {row.record.sheet} {row.record.row} {row.record.name}: "
                + ", ".join(row.differs)
            )
    click.echo(
        gettext(
            "%(rows)s rows: %(new)s new, %(same)s imported before, %(differs)s differ; "
            "%(items)s single things and %(batches)s batches, %(labels)s labels; "
            "%(errors)s errors, %(warnings)s warnings.",
            **plan.summary(),
        )
    )
    if dry_run:
        click.echo(gettext("This was a dry run: nothing was written."))


def _columns_line(one: dict[str, Any]) -> str:
    """What the columns of a sheet hold; * is learned from the content, - is passed over."""
    told = (
        f"{column['label'] or column['column']}={column['field'] or '-'}"
        + ("*" if column["source"] == "content" else "")
        for column in one["columns"]
    )
    return f"{'columns':8} {', '.join(told)}"
