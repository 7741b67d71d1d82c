"""This module is about a print job at the edge: choose, render, read back, record, hand over."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app

from inventory.base import new_id
from inventory.config import Config
from inventory.db import db, transact
from inventory.errors import NotFound
from inventory.places import queries as places
from inventory.places.queries import PlaceRow
from inventory.printing import papers, service
from inventory.printing.service import Symbols
from inventory.register import queries
from inventory.register import service as register
from inventory.register.queries import ThingRow
from inventory.register.rules import code_in, shown
from inventory.scope import Actor
from inventory.web.context import CONFIG, now


@dataclass(frozen=True, slots=True)
class Printed:
    """A job that was read back and may be handed over."""

    content: bytes
    codes: tuple[str, ...]
    extension: str


def symbols(kind: str = "digits") -> Symbols:
    """Return what the symbols of this deployment's labels hold."""
    config: Config = current_app.extensions[CONFIG]
    return Symbols(kind, config.url, config.address_is_lasting)


def print_things(
    by: Actor, rows: Sequence[ThingRow], *, stock: str, skip: int = 0, format: str = "pdf",
    symbol: str = "digits",
) -> Printed:  # fmt: skip
    """Print the labels of things; nothing is recorded unless all were read back."""
    how = symbols(symbol)
    contents = [service.label_of_thing(row, how) for row in rows]
    schools = sorted({row.school_id for row in rows})
    return _print(
        by, contents, {one: [r.code for r in rows if r.school_id == one] for one in schools},
        stock, skip, format,
    )  # fmt: skip


def print_places(
    by: Actor, rows: Sequence[PlaceRow], *, stock: str, skip: int = 0, format: str = "pdf",
    symbol: str = "digits",
) -> Printed:  # fmt: skip
    """Print the labels of rooms, cabinets or shelves."""
    how = symbols(symbol)
    names = {school.id: school.name for school in places.schools(db.session())}
    contents = [service.label_of_place(row, names.get(row.school_id, ""), how) for row in rows]
    schools = sorted({row.school_id for row in rows})
    return _print(
        by, contents, {one: [r.id for r in rows if r.school_id == one] for one in schools},
        stock, skip, format,
    )  # fmt: skip


def print_blank(
    by: Actor, count: int, *, stock: str, skip: int = 0, format: str = "pdf",
    symbol: str = "digits",
) -> Printed:  # fmt: skip
    """Mint codes and print their blank labels, to be stuck on and claimed later."""
    how = symbols(symbol)
    codes = transact(lambda session: register.mint(session, by, count=count, at=now()))
    contents = [service.blank_label(code, how) for code in codes]
    return _print(by, contents, {None: codes}, stock, skip, format)


def _print(by, contents, codes, stock, skip, format) -> Printed:  # type: ignore[no-untyped-def]
    content = service.render(contents, stock=stock, skip=skip, format=format)
    job = new_id(now())
    for school_id, of_school in codes.items():
        transact(
            lambda session, school_id=school_id, of_school=of_school: register.note_labels_printed(
                session,
                by,
                job=job,
                stock=stock,
                codes=list(of_school),
                school_id=school_id,
                at=now(),
            )
        )
    extension = format if format == "pdf" or len(contents) == 1 else "zip"
    return Printed(content, tuple(code for one in codes.values() for code in one), extension)


def print_card(by: Actor, cabinet: PlaceRow) -> bytes:
    """Print a cabinet's card and record its version, so that it can be known as stale later."""
    card = queries.card(db.session(), cabinet)
    content = papers.hand_over(papers.card_document(card, symbols(), now()))
    transact(
        lambda session: register.note_card_printed(
            session,
            by,
            school_id=cabinet.school_id,
            cabinet_id=cabinet.id,
            contents=card.contents,
            at=now(),
        )
    )
    return content


def things_named(codes: Sequence[str]) -> list[ThingRow]:
    """
    Return the things under codes, in their order.

    Raises:
        NotFound: one of them is not in sight.
    """
    clean = [code_in(code) or code for code in codes]
    rows = queries.things_by_code(db.session(), clean)
    missing = set(clean) - {row.code for row in rows}
    if missing:
        code = sorted(missing)[0]
        raise NotFound(what="thing", key=shown(code) if len(code) == 11 else code)
    return rows
