"""A paper with a table: cabinet card, count result, voucher. All words are the caller's."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Literal, TypeAlias

from labels.drawing import Page
from labels.errors import InvalidDocument
from labels.paper import Paper
from labels.pdf import write_pages
from labels.table import TableColumn, TableSection
from labels.text import clean

Facts: TypeAlias = tuple[tuple[str, str], ...]
PageWords: TypeAlias = tuple[str, str, str] | Callable[[int, int], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table; without a width in mm it takes what its texts need."""

    title: str
    width_mm: float | None = None
    align: Literal["left", "center", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under a heading, with a note at its right end; the heading may begin a page."""

    heading: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    begins_page: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """
    What one paper says, from the top down.

    `symbol` is the payload of the QR symbol at the top right, none when empty; `mark` that of a
    small Data Matrix beside it, which says more exactly which paper this is.
    `page_words` are the words around page and number of pages, such as
    `("第 ", " 页 共 ", " 页")`, or a function of the two.
    """

    title: str
    subtitle: str = ""
    facts: Facts = ()
    symbol: str = ""
    symbol_caption: str = ""
    mark: str = ""
    mark_caption: str = ""
    columns: tuple[Column, ...] = ()
    sections: tuple[Section, ...] = ()
    summary: Facts = ()
    notes: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    footer: str = ""
    page_words: PageWords = ("", " / ", "")
    landscape: bool = False


def render_document(document: Document, *, created_at: datetime | None = None) -> bytes:
    """
    Give the document as a PDF of A4 pages.

    Raises:
        LabelError: as `write_document`.
    """
    file = io.BytesIO()
    write_document(document, file, created_at=created_at)
    return file.getvalue()


def write_document(
    document: Document, file: BinaryIO, *, created_at: datetime | None = None
) -> None:
    """
    Write the document as a PDF of A4 pages, nothing when it is refused.

    Raises:
        InvalidDocument: a row has not as many cells as there are columns.
        CannotEncode, ControlCharacter, MissingGlyph: something in it cannot be printed.
        LabelTooSmall: the columns are wider than the page.
        Unavailable: the font is not there.
    """
    write_pages(document_pages(document), file, clean(document.title), created_at)


def document_pages(document: Document) -> list[Page]:
    """
    Draw the document's pages, for a writer.

    Raises:
        LabelError: as `write_document`.
    """
    return _paper(document).pages()


def _paper(document: Document) -> Paper:
    _check_rows(document)
    return Paper(
        title=clean(document.title),
        subtitle=clean(document.subtitle),
        facts=_pairs(document.facts),
        symbol=document.symbol,
        symbol_caption=clean(document.symbol_caption),
        mark=(document.mark, clean(document.mark_caption)),
        columns=tuple(
            TableColumn(clean(column.title), column.width_mm, column.align)
            for column in document.columns
        ),
        sections=tuple(map(_section, document.sections)),
        summary=_pairs(document.summary),
        notes=_texts(document.notes),
        signatures=_texts(document.signatures),
        footer=clean(document.footer),
        page_words=_page_words(document.page_words),
        landscape=document.landscape,
    )


def _check_rows(document: Document) -> None:
    columns = len(document.columns)
    for section in document.sections:
        for number, row in enumerate(section.rows, start=1):
            if len(row) != columns:
                where = f"row {number} of section {section.heading!r}"
                raise InvalidDocument(f"{where} has {len(row)} cells for {columns} columns")


def _section(section: Section) -> TableSection:
    rows = tuple(map(_texts, section.rows))
    return TableSection(clean(section.heading), rows, clean(section.note), section.begins_page)


def _pairs(facts: Facts) -> Facts:
    return tuple((clean(label), clean(value)) for label, value in facts)


def _texts(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(clean, texts))


def _page_words(words: PageWords) -> Callable[[int, int], str]:
    if callable(words):
        return lambda page, pages: clean(words(page, pages))
    prefix, middle, suffix = words
    return lambda page, pages: clean(f"{prefix}{page}{middle}{pages}{suffix}")
