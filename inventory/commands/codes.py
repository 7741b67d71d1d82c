"""This module is about codes and what a text means: `tallycard codes`, `tallycard resolve`."""

import click

from inventory.commands.edge import application, as_json, emit, now, with_application


@click.group()
def codes() -> None:
    """Codes: mint new ones, check given ones."""


@codes.command()
@click.argument("count", type=click.IntRange(1, 100_000))
@as_json
@with_application
def mint(count: int, json_: bool) -> None:
    """
    Mint COUNT new codes and print them, in order.

    \b
    $ tallycard codes mint 24
    """
    from inventory.db import transact
    from inventory.register.rules import shown
    from inventory.register.service import mint as mint_codes
    from inventory.scope import OPERATOR

    for code in transact(lambda session: mint_codes(session, OPERATOR, count=count, at=now())):
        if json_:
            emit({"code": code, "code_shown": shown(code), "state": "minted"})
        else:
            click.echo(shown(code))


@codes.command()
@click.argument("texts", nargs=-1, required=True, metavar="CODE...")
@as_json
@with_application
def check(texts: tuple[str, ...], json_: bool) -> int:
    """
    Say which codes are right and what they point at; exit code 1 when one is wrong.

    \b
    $ tallycard codes check 20000000194 "200 000 002 92"
    """
    from flask_babel import gettext

    from inventory.db import db
    from inventory.register.queries import codes as look_up
    from inventory.register.rules import code_in
    from inventory.scanning.store import by_code

    right = {text: code_in(text) for text in texts}
    minted = look_up(db.session(), [code for code in right.values() if code])
    targets = by_code(db.session().connection(), minted, None)
    for text, code in right.items():
        target = targets.get(code or "")
        answer = {
            "text": text,
            "right": code is not None,
            "code": code,
            "state": minted[code].state.value if code in minted else None,
            "target": target.as_json() if target else None,
        }
        if json_:
            emit(answer)
        elif code is None:
            click.echo(f"{text}\t{gettext('wrong')}")
        else:
            click.echo(f"{text}\t{gettext('right')}\t{_described(target)}")
    return 0 if all(right.values()) else 1


@click.command()
@click.argument("texts", nargs=-1, required=True, metavar="TEXT...")
@as_json
def resolve(texts: tuple[str, ...], json_: bool) -> int:
    """
    Say what scanned texts mean and point at; exit code 1 when one points at nothing.

    \b
    $ tallycard resolve "HTTPS://EXAMPLE.ORG/20000000194" 24001-3
    """
    from inventory.db import db
    from inventory.scanning.service import resolution_json
    from inventory.scanning.service import resolve as look_up
    from inventory.scope import OPERATOR

    all_seen = True
    with application():
        for text in texts:
            candidates, targets = look_up(db.session().connection(), OPERATOR, text)
            all_seen = all_seen and bool(targets)
            answer = resolution_json(text, candidates, targets)
            if json_:
                emit(answer)
                continue
            means = ", ".join(f"{one['meaning']} {one['value']}" for one in answer["meanings"])
            click.echo(f"{text}\t{means}\t{'; '.join(map(_described, targets)) or '—'}")
    return 0 if all_seen else 1


def _described(target) -> str:  # type: ignore[no-untyped-def]
    if target is None:
        return "—"
    parts = (target.type, target.number, target.name, target.specification, target.place)
    return " ".join(filter(None, parts))
