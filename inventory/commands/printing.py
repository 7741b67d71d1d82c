"""This module is about printing from the shell: `tallycard labels`, `tallycard cards`."""

from pathlib import Path
from typing import Any

import click

from inventory.commands.edge import NewFile, as_json, emit, now, with_application
from inventory.errors import Ambiguous, NotFound, NothingToPrint

FORMATS = ("pdf", "png")


@click.command()
@click.argument("texts", nargs=-1, metavar="[CODE...]")
@click.option("--cabinet", help="Everything in a cabinet, room or shelf: its code or path.")
@click.option("--blank", type=click.IntRange(1, 2_000), help="So many blank labels, new codes.")
@click.option("--unprinted", is_flag=True, help="All things whose label was never printed.")
@click.option("--places", is_flag=True, help="With --cabinet: labels of the place and its shelves.")
@click.option("--school", "school_id", help="Where --cabinet or --unprinted is to be looked for.")
@click.option("--stock", default="40x30", show_default=True, help="Label stock.")
@click.option("--skip", default=0, show_default=True, help="Labels already peeled off a sheet.")
@click.option("--symbol", type=click.Choice(["digits", "link"]), default="digits",
              show_default=True, help="What the symbol holds.")  # fmt: skip
@click.option("--format", "format_", type=click.Choice(FORMATS), default="pdf", show_default=True)
@click.option("-o", "--output", required=True, type=NewFile())
@as_json
@with_application
def labels(
    texts: tuple[str, ...],
    cabinet: str | None,
    blank: int | None,
    unprinted: bool,
    places: bool,
    school_id: str | None,
    stock: str,
    skip: int,
    symbol: str,
    format_: str,
    output: Path,
    json_: bool,
) -> None:
    """
    Print labels of things, read back before they are handed over.

    Printing again is a reprint: the code stays. CODE is a code or a readable number.

    \b
    $ tallycard labels --cabinet 科仪1-03 --stock 40x30 -o labels.pdf
    $ tallycard labels 24001-03 --stock a4-3x8 --skip 7 -o sheet.pdf
    $ tallycard labels --blank 24 --stock a4-3x8 -o blank.pdf
    """
    from inventory.printing import jobs
    from inventory.scope import OPERATOR

    order = jobs.Order(stock, skip, format_, symbol)
    if blank:
        printed = jobs.print_blank(OPERATOR, blank, order)
    elif places:
        printed = jobs.print_places(OPERATOR, _places(cabinet or "", school_id), order)
    else:
        rows = _things(texts, cabinet, unprinted, school_id)
        printed = jobs.print_things(OPERATOR, rows, order)
    output.write_bytes(printed.content)
    if json_:
        emit({"file": str(output), "labels": len(printed.codes), "codes": printed.codes})
    else:
        from flask_babel import gettext

        click.echo(
            gettext("%(n)s labels, read back: %(file)s", n=len(printed.codes), file=output.name)
        )


def _things(
    texts: tuple[str, ...], cabinet: str | None, unprinted: bool, school_id: str | None
) -> list[Any]:
    from inventory.commands.edge import one_school
    from inventory.db import db
    from inventory.printing.jobs import things_named
    from inventory.register import queries

    if cabinet:
        place = place_named(cabinet, school_id)
        return queries.things_in(db.session(), place.school_id, place.id)
    if unprinted:
        return queries.unprinted(db.session(), one_school(school_id))
    if not texts:
        raise NothingToPrint
    return things_named([code_of_thing(text, school_id) for text in texts])


def code_of_thing(text: str, school_id: str | None = None) -> str:
    """
    Return the code behind a code or a readable number.

    Raises:
        NotFound, Ambiguous: it points at nothing, or at things of several schools.
    """
    from inventory.db import db
    from inventory.scanning.service import resolve
    from inventory.scope import OPERATOR

    _, targets = resolve(db.session().connection(), OPERATOR, text)
    if school_id:
        targets = [one for one in targets if one.school_id == school_id]
    if len(targets) > 1:
        raise Ambiguous(key=text, schools=", ".join(sorted(str(one.school_id) for one in targets)))
    if not targets:
        raise NotFound(what="thing", key=text)
    return targets[0].code


def place_named(text: str, school_id: str | None) -> Any:
    """
    Return the one place that a code or path names.

    Raises:
        NotFound, Ambiguous: none, or several schools have one; then `--school` tells which.
    """
    from inventory.db import db
    from inventory.places.queries import find_place

    found = find_place(db.session(), text, school_id)
    if len(found) > 1:
        raise Ambiguous(key=text, schools=", ".join(sorted(one.school_id for one in found)))
    if not found:
        raise NotFound(what="place", key=text)
    return found[0]


def _places(text: str, school_id: str | None) -> list[Any]:
    from inventory.db import db
    from inventory.places.queries import place, within

    top = place_named(text, school_id)
    session = db.session()
    ids = within(session, top.school_id, top.id)
    return [found for one in ids if (found := place(session, top.school_id, one))]


@click.command()
@click.argument("texts", nargs=-1, metavar="[CABINET...]")
@click.option("--stale", is_flag=True, help="All cards that no longer tell the truth.")
@click.option("--school", "school_id", help="Where the cabinets are to be looked for.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path))
@as_json
@with_application
def cards(
    texts: tuple[str, ...], stale: bool, school_id: str | None, output: Path, json_: bool
) -> None:
    """
    Print cabinet cards: one PDF, or a folder of them for several cabinets.

    \b
    $ tallycard cards 科仪1-03 -o card.pdf
    $ tallycard cards --stale -o cards
    """
    from inventory.db import db
    from inventory.places.queries import cabinets
    from inventory.printing.jobs import print_card
    from inventory.register.queries import cabinet_rows
    from inventory.scope import OPERATOR

    chosen = [place_named(text, school_id) for text in texts]
    if stale:
        rows = cabinet_rows(db.session(), cabinets(db.session(), school_id))
        chosen += [row.place for row in rows if row.is_stale]
    if not chosen and not stale:
        raise NothingToPrint
    single = len(chosen) == 1 and output.suffix.lower() == ".pdf"
    (output.parent if single else output).mkdir(parents=True, exist_ok=True)
    for place in chosen:
        file = output if single else output / f"{place.school_id}-{place.path}.pdf"
        file.write_bytes(print_card(OPERATOR, place))
        if json_:
            emit({"file": str(file), "cabinet": place.id, "path": place.path, "at": now()})
        else:
            click.echo(f"{place.path}\t{file}")
