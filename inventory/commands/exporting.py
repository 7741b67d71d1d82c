"""This module is about spreadsheets out: `tallycard export`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import click

from inventory.commands.edge import NewFile, with_application
from inventory.errors import Invalid, Missing, NotFound

WHAT = ("things", "kinds", "ledger", "cards", "history")
FORMATS = ("csv", "xlsx", "json")


@click.command("export")
@click.argument("what", type=click.Choice(WHAT))
@click.argument("keys", nargs=-1)
@click.option("--school", "school_id", help="One school; needed where there are several.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option("--period", default="", help="For the ledger: 2026, 2026-2027, 2026-2027-1, or days.")
@click.option("--find", "text", default="", help="For things and kinds: only what this finds.")
@click.option("-o", "--output", "file", type=NewFile(), help="Where to; else standard output.")
@with_application
def export(
    what: str, keys: tuple[str, ...], school_id: str | None, format_: str, period: str, text: str,
    file: Path | None,
) -> None:  # fmt: skip
    """
    Write things, kinds, the ledger, cabinet cards or histories as a file.

    Cards and histories need the codes of cabinets or things; JSON is one object a line.

    \b
    $ tallycard export things --school 3133990102 --format xlsx -o things.xlsx
    $ tallycard export ledger --school 3133990102 --period 2026 -o ledger.csv
    $ tallycard export history 20000000194 --format json
    """
    from flask import current_app

    if what in {"cards", "history"} and not keys:
        raise Missing(field="keys")
    if format_ == "xlsx" and file is None:
        raise Missing(field="output")
    with current_app.test_request_context():  # whose words and zone the tables are written in
        _say_who_acts()
        table = _table(what, keys, school_id, period, text)
        if file is None:
            _write(table, format_, sys.stdout.buffer)
            return
        with file.open("wb") as opened:
            _write(table, format_, opened)


def _say_who_acts() -> None:
    from inventory.scope import OPERATOR
    from inventory.web.context import act_as

    act_as(OPERATOR)


def _write(table: Any, format_: str, file: IO[bytes]) -> None:
    from inventory.web import tables

    if format_ == "json":
        file.writelines(_json_lines(table))
    else:
        tables.write(table, format_, file)
    file.flush()


def _json_lines(table: Any) -> Iterator[bytes]:
    names = [heading for heading, _ in table.columns]
    for row in table.rows:
        values = (value if isinstance(value, int | str | None) else str(value) for value in row)
        line = dict(zip(names, values, strict=True))
        yield f"{json.dumps(line, ensure_ascii=False)}\n".encode()


def _table(what: str, keys: tuple[str, ...], school_id: str | None, period: str, text: str) -> Any:
    from inventory.catalogue import kinds_papers
    from inventory.catalogue import queries as catalogue
    from inventory.db import db
    from inventory.register import lists_papers, queries
    from inventory.register import tags_queries as tags
    from inventory.register.search_queries import Wanted

    session = db.session()
    if school_id:
        _school(school_id)
    if what == "things":
        wanted = Wanted(text, school_id or "")
        return lists_papers.things(tags.carrying(session, queries.every(session, wanted)))
    if what == "kinds":
        return kinds_papers.kinds(catalogue.every(session, text, school_id=school_id))
    if what == "ledger":
        return _ledger(_school(school_id), period)
    return _chained([_of_key(what, key) for key in keys])


def _school(school_id: str | None) -> Any:
    """
    Return the school that is named, or the only one.

    Raises:
        NotFound, Missing: there is no such school, or there are several and none is named.
    """
    from inventory.db import db
    from inventory.places import queries as places

    schools = places.schools(db.session())
    found = [one for one in schools if school_id in {None, one.id}]
    if school_id and not found:
        raise NotFound(what="school", key=school_id)
    if len(found) != 1:
        raise Missing(field="school")
    return found[0]


def _ledger(school: Any, period: str) -> Any:
    """All accounts of a school with their lines, durable kinds and those of low value."""
    from inventory.db import db
    from inventory.ledger import books_papers as papers
    from inventory.ledger import books_queries as queries
    from inventory.ledger.books_pages import limit, span_of
    from inventory.ledger.books_rules import Book
    from inventory.ledger.books_rules import period as named
    from inventory.web.context import now, time_zone

    session = db.session()
    one = named(period or str(now().astimezone(time_zone()).year))
    wanted, span = queries.Wanted(school.id, limit()), span_of(one)
    accounts = papers.accounts(
        queries.every_turnover(session, span, wanted),
        queries.every_movement(session, span, wanted),
    )
    paper = papers.Paper(school.name, one, "", now())
    return papers.detail_table(paper, Book.DETAIL, accounts)


def _of_key(what: str, key: str) -> Any:
    from inventory.db import db
    from inventory.places import queries as places
    from inventory.register import lists_papers, queries
    from inventory.register.lists_pages import history_table
    from inventory.register.rules import code_in

    session, code = db.session(), code_in(key) or key
    place = places.place_by_code(session, code)
    if what == "cards":
        if place is None:
            raise NotFound(what="place", key=key)
        return lists_papers.card(queries.card(session, place))
    if place is not None:
        return history_table(place.school_id, place.id, place.path)
    thing = queries.thing(session, code)
    if thing is None:
        raise NotFound(what="thing", key=key)
    return history_table(thing.school_id, thing.code, thing.number)


def _chained(each: list[Any]) -> Any:
    """One table of several of the same kind, each row with what it is of."""
    from flask_babel import gettext

    from inventory.web.tables import Table

    if len({table.columns for table in each}) != 1:
        raise Invalid(field="keys", value="—")
    if len(each) == 1:
        return each[0]
    columns = ((gettext("Of"), 20), *each[0].columns)
    rows = ((table.title, *row) for table in each for row in table.rows)
    return Table(each[0].title, columns, rows)
