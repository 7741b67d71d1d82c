"""This module is about things, cabinets, their cards and histories as files to keep."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext
from markupsafe import Markup

from inventory.journal.queries import Entry
from inventory.places.queries import PlaceRow
from inventory.register.queries import CabinetRow, Card
from inventory.register.rules import shown
from inventory.register.tags_queries import Carrying
from inventory.web.filters import moment
from inventory.web.tables import Cell, Table, yuan
from inventory.web.words import CONDITIONS, FORMS, SORTS, SOURCES, STATES, say


def things(rows: Iterable[Carrying], facts: tuple[tuple[str, str], ...] = ()) -> Table:
    """
    Return a list of things for a spreadsheet, with all that is known of each.

    It comes in again as it is (`exchange.rules.own` knows these headings in both languages).
    """
    columns = (
        (gettext("School"), 18), (gettext("Number"), 14), (gettext("Code"), 14),
        (gettext("Name"), 24), (gettext("Specification"), 24), (gettext("Unit"), 8),
        (gettext("Quantity"), 10), (gettext("Managed"), 10), (gettext("Subject"), 10),
        (gettext("Place"), 16), (gettext("Keeper"), 10), (gettext("Unit price"), 12),
        (gettext("Purchased"), 12), (gettext("Voucher"), 16), (gettext("Finance card"), 16),
        (gettext("Tag"), 14), (gettext("Note"), 24), (gettext("Serial number"), 18),
        (gettext("Maker"), 18), (gettext("Supplier"), 18), (gettext("Invoice"), 14),
        (gettext("Accepted"), 12), (gettext("Source"), 10), (gettext("Warranty until"), 12),
        (gettext("Condition"), 10), (gettext("Old number"), 16), (gettext("RFID tag (EPC)"), 28),
    )  # fmt: skip
    return Table(gettext("Things"), columns, map(_thing, rows), facts)


def _thing(one: Carrying) -> tuple[Cell, ...]:
    row = one.thing
    return (
        row.school, row.number, row.code, row.name, row.specification, row.unit, row.quantity,
        say(FORMS, row.managed_as), row.subject, say(SORTS, row.place), row.keeper or "",
        yuan(row.unit_price_cents), row.purchased or "", row.voucher or "",
        row.finance_card_no or "", say(STATES, row.state), row.note or "", row.serial_no or "",
        row.maker or "", row.supplier or "", row.invoice or "", row.accepted or "",
        say(SOURCES, row.source or ""), row.warranty_until or "",
        say(CONDITIONS, row.condition or ""), "、".join(one.old_numbers), "、".join(one.epcs),
    )  # fmt: skip


def cabinets(school: str, rows: Iterable[CabinetRow]) -> Table:
    """Return the cabinets of a school for a spreadsheet."""
    columns = (
        (gettext("Room"), 18), (gettext("Cabinet"), 14), (gettext("Code"), 14),
        (gettext("Name"), 20), (gettext("Keeper"), 10), (gettext("Kinds"), 8),
        (gettext("Things"), 8), (gettext("Labels to print"), 12), (gettext("Version"), 10),
        (gettext("Cabinet card"), 14),
    )  # fmt: skip
    return Table(f"{gettext('Cabinets')} {school}", columns, map(_cabinet, rows))


def _cabinet(row: CabinetRow) -> tuple[Cell, ...]:
    if row.printed_version is None:
        card = gettext("No card yet")
    else:
        card = gettext("Card stale") if row.is_stale else gettext("In order")
    return (
        row.room, row.place.path, row.place.id, row.place.name, row.place.keeper or "", row.kinds,
        row.things, row.unprinted, row.printed_version, card,
    )  # fmt: skip


def card(one: Card) -> Table:
    """Return a cabinet's card for a spreadsheet: its contents as they are now, by shelf."""
    columns = (
        (gettext("Shelf"), 8), (gettext("Catalogue code"), 14), (gettext("Name"), 24),
        (gettext("Specification"), 24), (gettext("Unit"), 8), (gettext("Quantity"), 10),
    )  # fmt: skip
    rows = (
        (
            shelf.place.short if shelf.place.sort == "shelf" else "", row.catalogue_code or "",
            row.name, row.specification, row.unit, row.quantity,
        )
        for shelf in one.shelves
        for row in shelf.rows
    )  # fmt: skip
    facts = (
        (gettext("School"), one.school),
        (gettext("Code"), shown(one.cabinet.id)),
        (gettext("Keeper"), one.cabinet.keeper or "—"),
        (gettext("Version"), str(one.version)),
    )
    return Table(f"{gettext('Cabinet card')} {one.cabinet.title}", columns, rows, facts)


def history(
    title: str, entries: Iterable[Entry], people: Mapping[str, str], places: Mapping[str, PlaceRow]
) -> Table:
    """Return a history for a spreadsheet: each event as the sentence that its page says."""
    columns = (
        (gettext("Date"), 18), (gettext("By"), 14), (gettext("Event"), 60), (gettext("Hash"), 66),
    )  # fmt: skip
    return Table(title, columns, _told(entries, people, places))


def _told(
    entries: Iterable[Entry], people: Mapping[str, str], places: Mapping[str, PlaceRow]
) -> Iterator[tuple[Cell, ...]]:
    template: Any = current_app.jinja_env.get_template("register/_history.html")
    known = {"entries": (), "people": people, "places": places}
    sentence = template.make_module(known).sentence
    for entry in entries:
        who = people.get(entry.actor) or gettext("The server's operator")
        words = Markup(str(sentence(entry, who))).striptags()  # noqa: S704 - taken out of it
        yield moment(entry.at), who, words, entry.hash
