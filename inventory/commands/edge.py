"""This module is about the edge of the command line: the application, words, JSON, exit codes."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from functools import cache, wraps
from gettext import NullTranslations, translation
from pathlib import Path
from typing import Any, TypeVar

import click

from inventory.errors import Missing, Refusal, Unavailable

T = TypeVar("T")
BAD_INPUT = 2


def run_command(group: click.Group, arguments: list[str]) -> int:
    """Run and return the exit code; only what nobody foresaw shows a trace."""
    try:
        result = group.main(arguments, prog_name="tallycard", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.Abort:
        click.echo("", err=True)
        return BAD_INPUT
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except Refusal as refusal:
        click.echo(said(refusal), err=True)
        return refusal.exit_code
    except BrokenPipeError:
        return 0
    except OSError as error:
        fault = _refusal_for(error)
        click.echo(said(fault), err=True)
        return fault.exit_code
    return result if isinstance(result, int) else 0


def _refusal_for(error: OSError) -> Refusal:
    """The refusal for what the system did not let us do; what nobody foresaw shows its trace."""
    from inventory.web.faults import refusal_for

    refusal = refusal_for(error)
    if refusal is None:
        raise error
    return refusal


def said(refusal: Refusal) -> str:
    """Return the sentence for a refusal in the language of the terminal."""
    from flask import has_app_context

    if not has_app_context():
        return str(refusal)
    from inventory.web.refusals import words

    return words(refusal)


def terminal_language() -> str:
    """Return the language of the terminal: Chinese where its locale is, else English."""
    for name in ("TALLYCARD_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh_Hans_CN" if value.lower().startswith("zh") else "en"
    return "en"


class NewFile(click.Path):
    """A file to be written; whether it can be is asked before anything is done for it."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Refuse a file whose folder is not there or not ours to write in."""
        path = super().convert(value, param, ctx)
        folder = Path(os.fsdecode(path)).parent
        if not folder.is_dir():
            self.fail(f"Folder '{folder}' does not exist.", param, ctx)
        if not os.access(folder, os.W_OK):
            self.fail(f"Folder '{folder}' is not writable.", param, ctx)
        return path


class Form(Enum):
    """What form the database must have for a command."""

    NEWEST = "newest"
    KNOWN = "known"
    """Of this release or older, or not there yet."""
    ANY = "any"


def spoken(words: str, **data: object) -> str:
    """Say something in the language of the terminal, also where there is no application."""
    return _words(terminal_language()).gettext(words) % data


@cache
def _words(language: str) -> NullTranslations:
    folder = Path(__file__).resolve().parent.parent / "translations"
    return translation("messages", str(folder), [language], fallback=True)


@contextmanager
def application(*, form: Form = Form.NEWEST, config: Any = None) -> Iterator[Any]:
    """
    Give an application whose session acts as the operator of this computer.

    Raises:
        NotMigrated: the database is not at this release's form.
        NewerDatabase: it has a form that this release does not know.
        Unavailable: the database cannot be reached.
    """
    from flask_babel import force_locale

    from inventory.app import create_app
    from inventory.commands.database import refuse_unknown_form
    from inventory.db import db
    from inventory.scope import OPERATOR, bind

    app = create_app(config)
    with app.app_context(), force_locale(terminal_language()):
        try:
            with _words_for_faults():
                if form is not Form.ANY:
                    refuse_unknown_form(must_be_newest=form is Form.NEWEST)
                bind(db.session(), OPERATOR)
                yield app
        except Refusal as refusal:
            # Said here, while the application knows the words.
            click.echo(said(refusal), err=True)
            raise click.exceptions.Exit(refusal.exit_code) from refusal
        finally:
            db.session.remove()


@contextmanager
def _words_for_faults() -> Iterator[None]:
    """Turn what the disk or the database refuses into the refusal that says so."""
    from sqlalchemy.exc import DBAPIError

    from inventory.web.faults import refusal_for

    try:
        yield
    except (DBAPIError, OSError) as error:
        refusal = refusal_for(error)
        if refusal is None and isinstance(error, DBAPIError):
            reason = str(error.orig).strip().splitlines()[0]
            refusal = Unavailable(what="database", reason=reason)
        if refusal is None:
            raise
        raise refusal from error


def now() -> datetime:
    """Return the time; commands are edges and may read the clock."""
    return datetime.now(UTC)


def emit(value: dict[str, Any]) -> None:
    """Print one object a line as JSON in UTF-8."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def as_json(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command the option `--json`."""
    return click.option("--json", "json_", is_flag=True, help="Print one JSON object a line.")(
        command
    )


def with_application(command: Callable[..., T]) -> Callable[..., T]:
    """Run a command inside the application, as the operator of this computer."""

    @wraps(command)
    def inside(*args: Any, **kwargs: Any) -> T:
        with application():
            return command(*args, **kwargs)

    return inside


def one_school(school_id: str | None) -> str:
    """
    Return the school that was named, or the only one there is.

    Raises:
        Missing: there are several, and none was named.
    """
    from inventory.db import db
    from inventory.places.queries import schools

    if school_id:
        return school_id
    there = schools(db.session())
    if len(there) != 1:
        raise Missing(field="--school")
    return there[0].id
