"""This module is about the result of a count on paper and as a spreadsheet."""

from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext

from inventory.counting.queries import CountRow
from inventory.counting.rules import Line, Outcome
from inventory.printing.papers import Column, Document, Section, hand_over, page_words
from inventory.register.rules import shown
from inventory.web.downloads import spreadsheet
from inventory.web.filters import moment
from inventory.web.tables import Table
from inventory.web.words import RESULTS, say

ORDER = ("missing", "short", "surplus", "misplaced", "unknown", "open", "match")


def result_pdf(row: CountRow, outcome: Outcome, at: datetime) -> bytes:
    """Return the result with cells to sign in, read back before it is handed over."""
    return hand_over(
        Document(
            title=row.name,
            subtitle=f"{row.school} · {gettext('Stock count')}",
            facts=tuple(_facts(row, at)),
            symbol=row.id,
            symbol_caption=shown(row.id),
            columns=(
                Column(gettext("No."), 10, "right"),
                Column(gettext("Number"), 26),
                Column(gettext("Name")),
                Column(gettext("Specification")),
                Column(gettext("Unit"), 12, "center"),
                Column(gettext("Book"), 14, "right"),
                Column(gettext("Counted"), 14, "right"),
                Column(gettext("Difference"), 16, "right"),
                Column(gettext("Place"), 24),
            ),
            sections=tuple(_sections(outcome)),
            summary=tuple(_figures(outcome)),
            signatures=(
                gettext("Counted by"), gettext("Witness"), gettext("Keeper"),
                gettext("Responsible"),
            ),
            footer=_footer(row),
            page_words=page_words(),
        )
    )  # fmt: skip


def _footer(row: CountRow) -> str:
    """School, name, and the hash that the journal sealed the sightings with."""
    return f"{row.school} · {row.name} · {row.sightings_hash or gettext('not closed')}"[:110]


def _facts(row: CountRow, at: datetime) -> list[tuple[str, str]]:
    closed = moment(row.closed_at) if row.closed_at else gettext("not closed")
    return [
        (gettext("Place"), row.place),
        (gettext("Opened"), f"{moment(row.opened_at)} · {row.opened_by}"),
        (gettext("Closed"), f"{closed} · {row.closed_by}" if row.closed_by else closed),
        (gettext("Printed"), moment(at)),
    ]


def _figures(outcome: Outcome) -> list[tuple[str, str]]:
    figures = outcome.figures
    return [
        (say(RESULTS, name), str(figures[result]))
        for name in ORDER
        for result in figures
        if result.value == name and (figures[result] or name in {"missing", "match"})
    ]


def _sections(outcome: Outcome) -> list[Section]:
    sections = []
    for name in ORDER:
        lines = [line for line in outcome.lines if line.result.value == name]
        if lines:
            rows = tuple(_cells(n, line) for n, line in enumerate(lines, start=1))
            sections.append(Section(say(RESULTS, name), rows, str(len(lines))))
    return sections


def _cells(number: int, line: Line) -> tuple[str, ...]:
    counted = "" if line.counted is None else str(line.counted)
    difference = "" if line.counted is None else f"{line.difference:+d}" if line.difference else "0"
    return (
        str(number), line.number, line.name or line.payload, line.specification, line.unit,
        str(line.expected) if line.is_expected else "", counted, difference, line.place,
    )  # fmt: skip


def result_xlsx(row: CountRow, outcome: Outcome, at: datetime) -> bytes:
    """Return the result as a spreadsheet: every line with its figures."""
    columns = [
        (gettext("Result"), 14), (gettext("Number"), 16), (gettext("Code"), 16),
        (gettext("Name"), 28), (gettext("Specification"), 28), (gettext("Unit"), 8),
        (gettext("Book"), 10), (gettext("Counted"), 10), (gettext("Difference"), 10),
        (gettext("Place"), 18), (gettext("Payload"), 24),
    ]  # fmt: skip
    ranked = sorted(outcome.lines, key=lambda line: ORDER.index(line.result.value))
    rows = [
        (
            say(RESULTS, line.result.value), line.number, line.code or "", line.name,
            line.specification, line.unit, line.expected if line.is_expected else None,
            line.counted, None if line.counted is None else line.difference, line.place,
            line.payload,
        )
        for line in ranked
    ]  # fmt: skip
    foot = [(), *((name, value) for name, value in _figures(outcome))]
    return spreadsheet(row.name, [(row.school,), *_facts(row, at), ()], columns, rows, foot)


def counts_table(rows: Iterable[CountRow]) -> Table:
    """Return the list of counts for a spreadsheet."""
    columns = (
        (gettext("School"), 18), (gettext("Count"), 30), (gettext("Code"), 14),
        (gettext("Place"), 20), (gettext("Opened"), 18), (gettext("Opened by"), 12),
        (gettext("Closed"), 18), (gettext("Closed by"), 12), (gettext("Expected"), 10),
    )  # fmt: skip
    cells = (
        (
            row.school, row.name, row.id, row.place, moment(row.opened_at), row.opened_by,
            moment(row.closed_at), row.closed_by or "", row.expected,
        )
        for row in rows
    )  # fmt: skip
    return Table(gettext("Counts"), columns, cells)
