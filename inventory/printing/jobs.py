"""This module is about a print job at the edge: choose, render, read back, record, hand over."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from flask import current_app
from sqlalchemy.orm import Session

from inventory.base import new_id
from inventory.config import Config
from inventory.db import db, transact
from inventory.errors import IsRetired, NotFound, NothingToPrint, TooMany
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
from labels import LabelContent, joined

MOST_CARDS = 200
"""Cards printed as one file."""


@dataclass(frozen=True, slots=True)
class Order:
    """How labels are to be printed. `skip` labels of a sheet are gone already."""

    stock: str = "40x30"
    skip: int = 0
    format: str = "pdf"
    symbol: str = "digits"


@dataclass(frozen=True, slots=True)
class Printed:
    """A job that was read back and may be handed over."""

    content: bytes
    codes: tuple[str, ...]
    extension: str


@dataclass(frozen=True, slots=True)
class Badge:
    """What a person's badge says, in the words of whoever prints it."""

    code: str
    school_id: str | None
    name: str
    role: str
    school: str


def symbols(kind: str = "digits") -> Symbols:
    """Return what the symbols of this deployment's labels hold."""
    config: Config = current_app.extensions[CONFIG]
    return Symbols(kind, config.url, config.address_is_lasting)


def print_things(by: Actor, rows: Sequence[ThingRow], order: Order) -> Printed:
    """Print the labels of things; nothing is recorded unless all were read back."""
    how = symbols(order.symbol)
    contents = [service.label_of_thing(row, how) for row in rows]
    return _print(by, contents, [(row.school_id, row.code) for row in rows], order)


def print_places(by: Actor, rows: Sequence[PlaceRow], order: Order) -> Printed:
    """Print the labels of rooms, cabinets or shelves."""
    how = symbols(order.symbol)
    names = {school.id: school.name for school in places.schools(db.session())}
    contents = [service.label_of_place(row, names.get(row.school_id, ""), how) for row in rows]
    return _print(by, contents, [(row.school_id, row.id) for row in rows], order)


def print_badges(by: Actor, rows: Sequence[Badge], order: Order) -> Printed:
    """Print the badges of people, read back like all labels."""
    how = symbols(order.symbol)
    contents = [
        service.label_of_person(row.code, row.name, (row.role, row.school), how) for row in rows
    ]
    return _print(by, contents, [(row.school_id, row.code) for row in rows], order)


def check(count: int, order: Order) -> None:
    """
    Look whether an order can be carried out, before codes are given for it.

    Raises:
        TooMany, UnknownStock, Invalid, AddressWillNotLast: it cannot.
    """
    service.check_order(count, order.stock, order.skip)
    symbols(order.symbol).of("")


def print_blank(by: Actor, count: int, order: Order) -> Printed:
    """Mint codes and print their blank labels, to be stuck on and claimed later."""
    how = symbols(order.symbol)
    service.check_order(count, order.stock, order.skip)  # before codes are used up for nothing
    codes = transact(lambda session: register.mint(session, by, count=count, at=now()))
    contents = [service.blank_label(code, how) for code in codes]
    return _print(by, contents, [(None, code) for code in codes], order)


def _print(
    by: Actor,
    contents: Sequence[LabelContent],
    bearers: Sequence[tuple[str | None, str]],
    order: Order,
) -> Printed:
    content = service.render(contents, stock=order.stock, skip=order.skip, format=order.format)
    job = new_id(now())
    for school_id in dict.fromkeys(school_id for school_id, _ in bearers):
        codes = [code for owner, code in bearers if owner == school_id]
        transact(partial(_note, by=by, job=job, stock=order.stock, codes=codes, school=school_id))
    extension = order.format if order.format == "pdf" or len(contents) == 1 else "zip"
    return Printed(content, tuple(code for _, code in bearers), extension)


def _note(
    session: Session, *, by: Actor, job: str, stock: str, codes: list[str], school: str | None
) -> None:
    register.note_labels_printed(
        session, by, job=job, stock=stock, codes=codes, school_id=school, at=now()
    )


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


def print_cards(by: Actor, cabinets: Sequence[PlaceRow]) -> bytes:
    """
    Print several cards as one file, each recorded as it is handed over.

    Raises:
        NothingToPrint: there are none.
        TooMany: more than `MOST_CARDS`.
    """
    if not cabinets:
        raise NothingToPrint
    if len(cabinets) > MOST_CARDS:
        raise TooMany(count=len(cabinets), limit=MOST_CARDS)
    return joined([print_card(by, cabinet) for cabinet in cabinets])


def things_named(codes: Sequence[str]) -> list[ThingRow]:
    """
    Return the things under codes, in their order.

    Raises:
        NotFound: one of them is not in sight.
        IsRetired: one of them was retired; its label would be worthless.
    """
    clean = [code_in(code) or code for code in codes]
    rows = queries.things_by_code(db.session(), clean)
    missing = set(clean) - {row.code for row in rows}
    if missing:
        code = sorted(missing)[0]
        raise NotFound(what="thing", key=shown(code) if len(code) == 11 else code)
    for row in rows:
        if row.retired_at is not None:
            raise IsRetired(what=row.number)
    return rows
