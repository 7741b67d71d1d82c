"""This module is about starting a real, empty school or district: `tallycard setup`.

Each answer is an option; what is left out is asked for, by one small function a question, so that
it runs unattended as well.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from inventory.commands.edge import Form, application, as_json, emit, now, said
from inventory.errors import Refusal


@click.command()
@click.option("--login", help="Name with which the first administrator signs in.")
@click.option("--name", help="Their name, as it is shown.")
@click.option("--password", help="Their password, at least 8 characters.")
@click.option("--district", is_flag=True, help="A bureau, without a first school.")
@click.option("--school", "number", help="Ten-digit number of the school (学校标识码).")
@click.option("--school-name", help="Name of the school.")
@click.option("--stage", help="Stage of the school, such as 初中.")
@click.option("--url", help="Public address under which others reach the server.")
@click.option("--backup-to", help="Folder for nightly backups, on another disk or computer.")
@click.option("--language", type=click.Choice(["zh-CN", "en"]), help="Of those who chose none.")
@as_json
def setup(district: bool, json_: bool, **given: str | None) -> None:
    """
    Start a real, empty school or district: migrate, first administrator, school, address.

    What is not given is asked for. Refused when somebody can sign in already, and where the
    demonstration is.

    \b
    $ tallycard setup
    $ tallycard setup --login wang --name 王芳 --password … --school 3133990102 \\
        --school-name 昌化初中 --stage 初中 --url http://192.168.1.20:8000 --language zh-CN
    $ tallycard setup --district --login zhou --name 周敏 --password … --url http://tally.example.org
    """
    from inventory.commands.database import is_empty, is_migrated, run_migrations
    from inventory.errors import NotMigrated

    with application(form=Form.KNOWN) as app:
        if is_empty():
            run_migrations()
        if not is_migrated():
            raise NotMigrated(what="database", reason="")
        _set_up(app, district, json_, given)


def _set_up(app: Any, district: bool, json_: bool, given: dict[str, str | None]) -> None:
    from inventory.config import write_settings
    from inventory.db import db, transact
    from inventory.scope import OPERATOR
    from inventory.staff.edge import forget_setup_code
    from inventory.staff.service import refuse_when_set_up, set_up
    from inventory.web.context import CONFIG

    refuse_when_set_up(db.session())
    config = app.extensions[CONFIG]
    beginning = _ask(config, district, given)
    written = {"url": beginning.url, "language": beginning.language} | _further(config, given)
    person = transact(lambda session: set_up(session, OPERATOR, beginning, at=now()))
    write_settings(config.data, written)
    forget_setup_code(config)
    _say(config, beginning, person, "backup_to" in written or bool(config.backup_to), json_)


def _ask(config: Any, district: bool, given: dict[str, str | None]) -> Any:
    from inventory.staff.service import Beginning

    login, name, password = _administrator(given)
    number, school, stage = (None, "", "") if district else _school(given)
    return Beginning(
        login=login,
        name=name,
        password=password,
        school_id=number,
        school=school,
        stage=stage,
        url=_address(config, given),
        language=_language(config, given),
    )


def _answer(
    words: str, given: str | None, checked: Callable[[str], str], **options: Any
) -> str:  # fmt: skip
    """
    Return what was given, else ask until the answer is one.

    Raises:
        Refusal: what was given is none.
    """

    def looked_at(text: str) -> str:
        try:
            return checked(text)
        except Refusal as refusal:
            raise click.UsageError(said(refusal)) from refusal

    if given:
        return checked(given)
    answer: str = click.prompt(words, value_proc=looked_at, **options)
    return answer


def _administrator(given: dict[str, str | None]) -> tuple[str, str, str]:
    from flask_babel import gettext

    from inventory.identity.service import checked_login, checked_name, checked_password

    login = _answer(
        gettext("Account of the administrator"), given["login"], checked_login, default="admin"
    )
    name = _answer(gettext("Their name"), given["name"], checked_name, default=login)
    password = _answer(
        gettext("Their password (at least 8 characters)"), given["password"], checked_password,
        hide_input=True, confirmation_prompt=True,
    )  # fmt: skip
    return login, name, password


def _school(given: dict[str, str | None]) -> tuple[str, str, str]:
    from flask_babel import gettext

    from inventory.db import db
    from inventory.places.queries import schools
    from inventory.places.service import checked_number
    from inventory.staff.service import STAGES

    there = {one.id: one for one in schools(db.session())}
    default = next(iter(there), None)
    number = _answer(
        gettext("Number of the school, ten digits"), given["number"], checked_number,
        default=default,
    )  # fmt: skip
    if number in there:
        return number, there[number].name, there[number].stage
    school = given["school_name"] or click.prompt(gettext("Name of the school"))
    stage = given["stage"] or click.prompt(
        gettext("Stage"), type=click.Choice(STAGES), default=STAGES[1]
    )
    return number, school, stage


def _address(config: Any, given: dict[str, str | None]) -> str:
    from flask_babel import gettext

    from inventory.staff.service import checked_address

    words = gettext("Public address, under which phones and other computers reach this one")
    return _answer(words, given["url"], checked_address, default=config.url)


def _language(config: Any, given: dict[str, str | None]) -> str:
    from flask_babel import gettext

    chosen: str = given["language"] or click.prompt(
        gettext("Language"), type=click.Choice(["zh-CN", "en"]), default=config.language
    )
    return chosen


def _further(config: Any, given: dict[str, str | None]) -> dict[str, str]:
    """Further settings that are asked for and written: a function for each, gathered here."""
    folder = _backup_folder(config, given)
    return {"backup_to": folder} if folder else {}


def _backup_folder(config: Any, given: dict[str, str | None]) -> str:
    """
    Ask where nightly backups go: a USB disk, or another computer's folder; nothing means later.

    Raises:
        BadBackupFolder: the folder will not do.
    """
    from flask_babel import gettext

    from inventory.backups.place import examine
    from inventory.commands.backup import warn_of_same_disk

    def examined(text: str) -> str:
        if text:
            warn_of_same_disk(examine(config, Path(text)))
        return text

    folder = given["backup_to"]
    if folder is None and not sys.stdin.isatty():
        return ""
    words = gettext("Folder for nightly backups, on another disk (empty: later)")
    return _answer(words, folder, examined, default="", show_default=False)


def _next_steps(url: str, has_place: bool) -> list[tuple[str, str]]:
    """The commands that come next, each with what it is for."""
    from flask_babel import gettext

    from inventory.config import is_loopback

    is_own = is_loopback(urlsplit(url).hostname or "")
    steps = [
        ("tallycard run" + ("" if is_own else " --host 0.0.0.0"), gettext("start the server")),
        ("tallycard import FILE --dry-run", gettext("bring the ledger in")),
        ("tallycard labels --unprinted -o labels.pdf", gettext("print the labels")),
    ]
    if not has_place:
        steps.append(("tallycard backup --enable FOLDER", gettext("keep a copy")))
    return steps


def _say(config: Any, beginning: Any, person: Any, has_place: bool, json_: bool) -> None:
    from flask_babel import gettext

    from inventory.config import is_private

    steps = _next_steps(beginning.url, has_place)
    overruled = [name for name in ("TALLYCARD_URL", "TALLYCARD_LANGUAGE") if os.environ.get(name)]
    if json_:
        emit(
            {"login": person.login, "id": person.id, "school": beginning.school_id,
             "url": beginning.url, "language": beginning.language, "data": str(config.data),
             "address_is_private": is_private(beginning.url), "overruled_by": overruled,
             "next": [command for command, _ in steps]}
        )  # fmt: skip
        return
    click.echo(gettext("Set up. %(login)s can sign in.", login=person.login))
    if is_private(beginning.url):
        click.echo(
            gettext(
                "The address means this network only: labels with links are refused until "
                "TALLYCARD_URL_LASTS says that it stays."
            )
        )
    for name in overruled:
        click.echo(gettext("%(name)s in the environment overrules what was written.", name=name))
    click.echo(gettext("What to do next:"))
    for command, words in steps:
        click.echo(f"  {command:45} {words}")
