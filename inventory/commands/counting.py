"""This module is about stock counts from the shell: `tallycard count …`."""

import sys
from collections.abc import Iterable
from typing import Any

import click

from inventory.commands.edge import as_json, emit, now, with_application
from inventory.errors import BadQuantity, NotFound


@click.group()
def count() -> None:
    """Stock counts: open, add, quantity, undo, status, close."""


@count.command("open")
@click.argument("place_text", metavar="PLACE", required=False)
@click.option("--cabinet", help="The same as PLACE.")
@click.option("--name", default="", help="What to call it; the place's name if left out.")
@click.option("--school", "school_id", help="Where PLACE is to be looked for.")
@as_json
@with_application
def open_(
    place_text: str | None, cabinet: str | None, name: str, school_id: str | None, json_: bool
) -> None:
    """
    Open a count of PLACE (a code, or a path such as 科仪1-03) and print its id.

    \b
    $ tallycard count open 科仪1-03
    """
    from inventory.commands.printing import place_named
    from inventory.counting.service import open_count
    from inventory.db import transact
    from inventory.scope import OPERATOR

    text = place_text or cabinet
    if not text:
        raise click.UsageError("PLACE is missing.")
    place = place_named(text, school_id)
    made = transact(lambda session: open_count(session, OPERATOR, place=place, name=name, at=now()))
    if json_:
        emit(_status(made.id))
    else:
        click.echo(made.id)


@count.command()
@click.argument("count_id", metavar="ID")
@click.argument("payloads", nargs=-1)
@as_json
@with_application
def add(count_id: str, payloads: tuple[str, ...], json_: bool) -> int:
    """
    Add sightings: PAYLOADS, or with “-” one a line from standard input.

    The exit code is 1 when one of them was unknown.

    \b
    $ tallycard count add 20000000194 "200 000 005 83"
    $ cat dump.txt | tallycard count add 20000000194 -
    """
    from inventory.base import new_id
    from inventory.scanning.api import submit
    from inventory.scanning.service import Incoming
    from inventory.scope import OPERATOR

    _found(count_id)
    device, all_known, seq = f"shell-{new_id(now())}", True, 0
    for part in _in_batches(_lines(payloads), 500):
        scans = tuple(
            Incoming(device, seq + n, now(), text, "api", count_id) for n, text in enumerate(part)
        )
        seq += len(scans)
        for text, answer in zip(part, submit(OPERATOR, now(), scans), strict=True):
            task = answer["task"]["outcome"]
            all_known = all_known and answer["outcome"] != "unknown"
            if json_:
                emit({"payload": text, **answer})
            else:
                click.echo(f"{task}\t{text}\t{_named(answer['target'])}")
    return 0 if all_known else 1


def _lines(payloads: tuple[str, ...]) -> Iterable[str]:
    for payload in payloads or ("-",):
        if payload != "-":
            yield payload
            continue
        for line in sys.stdin:
            if line.strip():
                yield line.strip()


def _in_batches(lines: Iterable[str], size: int) -> Iterable[list[str]]:
    part: list[str] = []
    for line in lines:
        part.append(line)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _named(target: dict[str, Any] | None) -> str:
    if target is None:
        return "—"
    return " ".join(target[name] for name in ("number", "name", "place") if target.get(name))


@count.command()
@click.argument("count_id", metavar="ID")
@click.argument("text", metavar="CODE|-")
@click.argument("number", required=False, type=int)
@click.option("--all-there", is_flag=True, help="Say that all of the batch are there.")
@as_json
@with_application
def quantity(count_id: str, text: str, number: int | None, all_there: bool, json_: bool) -> None:
    """
    Enter how many of the batch CODE there are; with “-”, lines “CODE NUMBER” or “CODE all”.

    \b
    $ tallycard count quantity 20000000194 20000000583 24
    $ tallycard count quantity 20000000194 24001-03 --all-there
    $ tallycard count quantity 20000000194 - < quantities.txt
    """
    if text != "-":
        if (number is None) != all_there:
            raise BadQuantity(field="quantity", value=number)
        entries = [(text, number)]
    else:
        entries = [_entry(line) for line in sys.stdin if line.strip()]
    for code_text, counted in entries:
        _enter(count_id, code_text, counted)
    figures = _status(count_id)
    if json_:
        emit(figures)
    else:
        _show_figures(figures)


def _entry(line: str) -> tuple[str, int | None]:
    """A line of standard input: a code or number, then a quantity or the word `all`."""
    code_text, _, said = line.strip().rpartition(" ")
    if not code_text or not (said == "all" or said.isdecimal()):
        raise BadQuantity(field="quantity", value=line.strip()[:60])
    return code_text.strip(), None if said == "all" else int(said)


def _enter(count_id: str, text: str, counted: int | None) -> None:
    from inventory.commands.printing import code_of_thing
    from inventory.counting.service import enter_quantity
    from inventory.db import transact
    from inventory.scope import OPERATOR

    code = code_of_thing(text, _found(count_id).school_id)
    transact(
        lambda session: enter_quantity(
            session,
            OPERATOR,
            count_id=count_id,
            code=code,
            quantity=counted,
            all_there=counted is None,
            at=now(),
        )
    )


@count.command()
@click.argument("count_id", metavar="ID")
@click.argument("text", metavar="[CODE]", required=False)
@as_json
@with_application
def undo(count_id: str, text: str | None, json_: bool) -> None:
    """
    Undo the operator's last sighting, or the last of CODE.

    \b
    $ tallycard count undo 20000000194
    """
    from inventory.commands.printing import code_of_thing
    from inventory.counting.service import undo_last
    from inventory.db import transact
    from inventory.scope import OPERATOR

    code = code_of_thing(text, _found(count_id).school_id) if text else ""
    undone = transact(
        lambda session: undo_last(session, OPERATOR, count_id=count_id, code=code, at=now())
    )
    if json_:
        emit({"undone": undone})
    else:
        click.echo(undone)


@count.command()
@click.argument("count_id", metavar="ID")
@click.option("--open", "only_open", is_flag=True,
              help="Print only the codes of batches whose quantity is open.")  # fmt: skip
@as_json
@with_application
def status(count_id: str, only_open: bool, json_: bool) -> None:
    """
    Show the result of a count as it stands.

    \b
    $ tallycard count status 20000000194 --json
    """
    if not only_open:
        _show(count_id, json_)
        return
    for line in _status(count_id)["lines"]:
        if line["result"] == "open":
            click.echo(line["code"])


@count.command()
@click.argument("count_id", metavar="ID")
@click.option("--leave-open", is_flag=True, help="Although quantities of batches are open.")
@as_json
@with_application
def close(count_id: str, leave_open: bool, json_: bool) -> None:
    """
    Close a count: its figures are final.

    \b
    $ tallycard count close 20000000194
    """
    from inventory.counting.service import close_count
    from inventory.db import transact
    from inventory.scope import OPERATOR

    transact(
        lambda session: close_count(
            session, OPERATOR, count_id=count_id, leave_open=leave_open, at=now()
        )
    )
    _show(count_id, json_)


def _found(count_id: str) -> Any:
    from inventory.counting import queries
    from inventory.db import db

    found = queries.get(db.session(), count_id)
    if found is None:
        raise NotFound(what="count", key=count_id)
    return found


def _status(count_id: str) -> dict[str, Any]:
    from inventory.counting.api import count_json

    return count_json(_found(count_id))


def _show(count_id: str, json_: bool) -> None:
    from inventory.web.words import RESULTS, say

    result = _status(count_id)
    if json_:
        emit(result)
        return
    for line in result["lines"]:
        counted = "?" if line["counted"] is None else line["counted"]
        click.echo(
            f"{say(RESULTS, line['result'])}\t{line['number'] or line['payload'] or ''}\t"
            f"{line['name']} {line['specification']}\t{counted}/{line['expected']}\t{line['place']}"
        )
    _show_figures(result)


def _show_figures(result: dict[str, Any]) -> None:
    from inventory.web.words import RESULTS, say

    figures = result["figures"].items()
    click.echo(" · ".join(f"{say(RESULTS, name)} {n}" for name, n in figures if n))
