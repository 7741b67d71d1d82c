"""This module is about the proof: `tallycard verify`."""

from typing import Any

import click

from inventory.commands.edge import as_json, emit, with_application
from inventory.errors import Invalid


@click.command("verify")
@click.option("--rebuild", is_flag=True, help="Derive the state from the journal and compare.")
@click.option(
    "--since",
    "heads",
    multiple=True,
    metavar="HEAD",
    help="A head that left this computer earlier (chain:number:hash); repeatable.",
)
@click.option("--school", "school_id", help="Verify one school only.")
@as_json
@with_application
def verify(rebuild: bool, heads: tuple[str, ...], school_id: str | None, json_: bool) -> int:
    """
    Prove that ledger = thing = card, and that the history was not rewritten.

    The exit code is 1 and every difference is named when they do not agree. Nothing is written.

    \b
    $ tallycard verify --rebuild
    $ tallycard verify --since 3133990102:1860:9f2c…
    """
    report = examine(rebuild, heads, school_id)
    if json_:
        emit(report)
    else:
        _show(report)
    return 0 if report["agrees"] else 1


def examine(rebuild: bool, heads: tuple[str, ...], school_id: str | None) -> dict[str, Any]:
    """Return everything that verifying found, for programs."""
    from inventory.app import PROJECTORS
    from inventory.counting.queries import altered
    from inventory.db import db
    from inventory.errors import NotFound
    from inventory.journal.rebuild import rebuild as derive
    from inventory.journal.rebuild import verify_chains
    from inventory.ledger.books_pages import limit
    from inventory.ledger.books_queries import unbalanced
    from inventory.ledger.queries import agreement
    from inventory.places.queries import school
    from inventory.places.queries import schools as every_school

    session = db.session()
    if school_id and school(session, school_id) is None:
        raise NotFound(what="school", key=school_id)
    schools = frozenset({school_id}) if school_id else None
    verdict = verify_chains(session.connection(), schools, [_head(text) for text in heads])
    if rebuild:
        derive(session, PROJECTORS, schools, verdict)
    three = agreement(session, schools)
    counts = altered(session, schools)
    known = [one.id for one in every_school(session) if schools is None or one.id in schools]
    books = unbalanced(session, limit(), known)
    return {
        "agrees": verdict.agrees and three.holds and not counts and not books,
        "events": verdict.events,
        "rows": verdict.rows if rebuild else None,
        "heads": [f"{one.chain}:{one.seq}:{one.hash}" for one in verdict.heads],
        "broken": [
            {"chain": one.chain, "seq": one.seq, "event": one.event_id, "reason": one.reason}
            for one in verdict.broken
        ],
        "unreplayable": [
            {"chain": link.chain, "seq": link.seq, "event": link.id, "reason": reason}
            for link, reason in verdict.unreplayable
        ],
        "differences": [
            {"table": one.table, "key": one.key, "column": one.column, "stored": one.stored,
             "derived": one.derived}
            for one in verdict.differences
        ],
        "agreement": {
            "kinds": three.kinds, "ledger": three.ledger, "things": three.things,
            "cards": three.cards,
            "disagreements": [
                {"school": one.school_id, "kind": one.kind_id, "name": one.name,
                 "ledger": one.ledger, "things": one.things, "cards": one.cards}
                for one in three.disagreements
            ],
        },
        "books": [
            {"school": one.school_id, "books": one.books.quantity, "books_cents": one.books.cents,
             "lines": one.lines.quantity, "lines_cents": one.lines.cents}
            for one in books
        ],
        "altered_counts": [
            {"school": one.school_id, "count": one.count_id, "what": one.what} for one in counts
        ],
    }  # fmt: skip


def _head(text: str) -> Any:
    from inventory.journal.rules import Head

    chain, _, rest = text.partition(":")
    seq, _, digest = rest.partition(":")
    if not (chain and seq.isdigit() and len(digest) == 64):
        raise Invalid(field="--since", value=text[:100])
    return Head(chain, int(seq), digest)


def _show(report: dict[str, Any]) -> None:
    from flask_babel import gettext

    for one in report["broken"]:
        click.echo(
            gettext("Chain %(chain)s breaks at event %(seq)s (%(event)s): %(reason)s", **one)
        )
    for one in report["unreplayable"]:
        click.echo(
            gettext(
                "Event %(seq)s of chain %(chain)s (%(event)s) cannot be replayed: %(reason)s",
                **one,
            )
        )
    for one in report["differences"]:
        click.echo(
            gettext(
                "%(table)s %(key)s, %(column)s: stored %(stored)s, by the journal %(derived)s",
                **one,
            )
        )
    three = report["agreement"]
    for one in three["disagreements"]:
        click.echo(
            gettext(
                "%(school)s %(name)s: ledger %(ledger)s, things %(things)s, cards %(cards)s",
                **one,
            )
        )
    for one in report["books"]:
        click.echo(
            gettext(
                "%(school)s: General and Low-value ledger have %(books)s, the lines %(lines)s",
                **one,
            )
        )
    for one in report["altered_counts"]:
        click.echo(gettext("Count %(count)s of %(school)s was altered: %(what)s", **one))
    click.echo(
        gettext(
            "%(events)s events; ledger %(ledger)s = things %(things)s = cards %(cards)s.",
            events=report["events"], ledger=three["ledger"], things=three["things"],
            cards=three["cards"],
        )
        if report["agrees"]
        else gettext("It does not agree.")
    )  # fmt: skip
    for head in report["heads"]:
        click.echo(f"{gettext('Head')} {head}")
