"""This module is about papers with words: the cabinet card and what its cells are called."""

from datetime import datetime

from flask_babel import gettext

from inventory.printing.service import Symbols, hand_over
from inventory.register.queries import Card, CardRow, ShelfCard
from inventory.register.rules import card_mark, shown
from inventory.web.filters import moment
from labels import Column, Document, Section

__all__ = ["Column", "Document", "Section", "card_document", "hand_over", "page_words"]


def page_words() -> tuple[str, str, str]:
    """Return the words around the number of a page and how many there are."""
    one, two, three = gettext("Page |of|").split("|")
    return one, two, three


def card_document(card: Card, symbols: Symbols, at: datetime) -> Document:
    """Return a cabinet's card (存橱卡): its contents by shelf, with cells to initial checks in."""
    cabinet = card.cabinet
    facts = [
        (gettext("Keeper"), cabinet.keeper or "—"),
        (gettext("Version"), f"{card.version} · {moment(at)}"),
        (gettext("Kinds"), str(card.kinds)),
        (gettext("Pieces"), str(card.pieces)),
    ]
    return Document(
        title=cabinet.title,
        subtitle=f"{card.school} · {gettext('Cabinet card')}",
        facts=tuple(facts),
        symbol=symbols.of(cabinet.id),
        symbol_caption=shown(cabinet.id),
        mark=card_mark(cabinet.id, card.version),
        mark_caption=f"{gettext('Version')} {card.version}",
        columns=(
            Column(gettext("No."), 10, "right"),
            Column(gettext("Catalogue code"), 22),
            Column(gettext("Name")),
            Column(gettext("Specification")),
            Column(gettext("Unit"), 12, "center"),
            Column(gettext("Quantity"), 16, "right"),
            Column(gettext("Note"), 28),
        ),
        sections=tuple(_numbered(card)),
        notes=(gettext("Scan the code for the contents as they are now."),),
        signatures=tuple(f"{gettext('Checked')} {n}" for n in range(1, 5)),
        footer=f"{card.school} · {cabinet.path} · {gettext('Version')} {card.version}",
        page_words=page_words(),
    )


def _numbered(card: Card) -> list[Section]:
    sections: list[Section] = []
    number = 0
    for shelf in card.shelves:
        if not shelf.rows:
            continue
        rows = []
        for row in shelf.rows:
            number += 1
            rows.append(_cells(number, row))
        sections.append(Section(_heading(shelf), tuple(rows)))
    return sections


def _heading(shelf: ShelfCard) -> str:
    if shelf.place.sort == "shelf":
        return str(gettext("Shelf %(short)s", short=shelf.place.short))
    return str(gettext("Without a shelf"))


def _cells(number: int, row: CardRow) -> tuple[str, ...]:
    return (
        str(number), row.catalogue_code or "", row.name, row.specification, row.unit,
        str(row.quantity), "",
    )  # fmt: skip
