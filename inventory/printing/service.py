"""This module is about labels: what stands on them, rendered and read back by another reader.

Rendering takes no transaction; that labels were printed is recorded when they passed.
"""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO

import labels
from inventory.errors import (
    AddressWillNotLast,
    Invalid,
    NothingToPrint,
    ReadBackFailed,
    Refusal,
    TooMany,
    Unavailable,
    UnknownStock,
    UnprintableText,
)
from inventory.places.queries import PlaceRow
from inventory.register.queries import ThingRow
from inventory.register.rules import shown
from labels import Document, LabelContent

MOST_LABELS = 2_000
READ_BACK_DPI = 203
"""Resolution of the coarsest printers in use, dots per inch."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """What the symbols of a job hold: the digits alone, or a link for any phone."""

    kind: str
    url: str
    url_is_lasting: bool

    def of(self, code: str) -> str:
        """
        Return the payload for a code.

        Raises:
            AddressWillNotLast: links are asked for and the address means this machine only.
            Invalid: there is no such kind of symbol.
        """
        if self.kind == "digits":
            return code
        if self.kind != "link":
            raise Invalid(field="symbol", value=self.kind)
        if not self.url_is_lasting:
            raise AddressWillNotLast(address=self.url)
        # Upper case keeps the symbol in alphanumeric mode and so a version smaller.
        return f"{self.url.rstrip('/')}/{code}".upper()


def label_of_thing(row: ThingRow, symbols: Symbols) -> LabelContent:
    """Return what stands on a thing's label."""
    lines = (row.name, row.specification, _where(row))
    return LabelContent(
        shown(row.code), symbols.of(row.code), row.number, tuple(filter(None, lines))
    )


def _where(row: ThingRow) -> str:
    return "" if row.place_sort == "unplaced" else row.place


def label_of_place(row: PlaceRow, school: str, symbols: Symbols) -> LabelContent:
    """Return what stands on the label of a room, a cabinet or a shelf."""
    lines = tuple(filter(None, (row.name if row.name != row.path else "", school)))
    return LabelContent(shown(row.id), symbols.of(row.id), row.path, lines)


def label_of_person(code: str, name: str, lines: Sequence[str], symbols: Symbols) -> LabelContent:
    """Return what stands on a badge: the name, what the person is, and where."""
    return LabelContent(shown(code), symbols.of(code), name, tuple(filter(None, lines)))


def blank_label(code: str, symbols: Symbols) -> LabelContent:
    """Return what stands on a label that will be stuck on something later."""
    return LabelContent(shown(code), symbols.of(code))


def stock_names() -> list[str]:
    """Return the names of the label stocks there are."""
    return list(labels.all_stocks())


def render(
    contents: Sequence[LabelContent],
    *,
    stock: str,
    skip: int = 0,
    format: str = "pdf",
    title: str = "",
) -> bytes:
    """
    Return labels as a PDF, or as PNG pictures, after every symbol was read back.

    Raises:
        NothingToPrint, TooMany, UnknownStock, UnprintableText, Invalid: the request is wrong.
        ReadBackFailed: a label could not be read; none is handed over.
    """
    if not contents:
        raise NothingToPrint
    if len(contents) > MOST_LABELS:
        raise TooMany(count=len(contents), limit=MOST_LABELS)
    with _Translated():
        sort = labels.stock(stock)
        pdf = labels.render_pdf(contents, sort, skip=skip, title=title)
        labels.read_back(pdf, [content.symbol for content in contents], dpi=READ_BACK_DPI)
        return pdf if format == "pdf" else _pictures(pdf, format)


def check_order(count: int, stock: str, skip: int) -> None:
    """
    Refuse what cannot be printed before anything is made for it.

    Raises:
        TooMany, UnknownStock, Invalid: the request is wrong.
    """
    if count > MOST_LABELS:
        raise TooMany(count=count, limit=MOST_LABELS)
    with _Translated():
        labels.stock(stock).check_skip(skip)


def _pictures(pdf: bytes, format: str) -> bytes:
    """All pages as PNG: a single picture, or several in a zip archive."""
    if format != "png":
        raise Invalid(field="format", value=format)
    pages = list(labels.png_pages(pdf, dpi=300))
    if len(pages) == 1:
        return pages[0]
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for number, page in enumerate(pages, start=1):
            file.writestr(f"{number:04d}.png", page)
    return archive.getvalue()


def hand_over(document: Document) -> bytes:
    """
    Return a paper as PDF after its symbol was read back.

    Raises:
        UnprintableText: it has a character that no font has.
        ReadBackFailed: the symbol cannot be read; the paper is not handed over.
    """
    with _Translated():
        pdf = labels.render_document(document)
        if document.symbol:
            labels.read_back(pdf, [document.symbol], dpi=READ_BACK_DPI)
        if document.mark:
            labels.read_back_mark(pdf, document.mark, dpi=READ_BACK_DPI)
        return pdf


class _Translated:
    """Turns the label engine's errors into refusals of the product, at the seam."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, labels.LabelError):
            raise _refusal(error) from error


def _refusal(error: labels.LabelError) -> Refusal:
    match error:
        case labels.UnknownStock():
            return UnknownStock(value=error.name, allowed=", ".join(error.choices))
        case labels.MissingGlyph() | labels.ControlCharacter():
            point = f"U+{ord(error.character):04X}"
            sign = error.character if error.character.isprintable() else ""
            return UnprintableText(text=error.text[:60], character=f"{sign} {point}".strip())
        case labels.ReadBackFailed():
            return ReadBackFailed(codes=", ".join([*error.missing, *error.unexpected][:10]))
        case labels.InvalidSkip():
            return Invalid(field="skip", value=error.skip)
        case labels.Unavailable():
            return Unavailable(what="labels", reason=str(error))
        case _:
            return Invalid(field="label", value=str(error))


def in_walking_order(rows: Iterable[ThingRow]) -> list[ThingRow]:
    """Return things sorted by place, so that their labels are stuck on in one walk."""
    return sorted(rows, key=lambda row: (row.place, row.number))
