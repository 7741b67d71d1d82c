"""This module is about documents on paper: the form with its lines, to be signed and filed."""

from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext

from inventory.ledger.documents_queries import DocumentRow, DocumentView, LineRow, StepRow
from inventory.printing.papers import Column, Document, Section, hand_over, page_words
from inventory.register.rules import shown
from inventory.web.filters import moment
from inventory.web.tables import Cell, Table
from inventory.web.words import DOCUMENT_STATES, DOCUMENT_TYPES, ROLES, say


def form_pdf(view: DocumentView, at: datetime) -> bytes:
    """Return the form as a PDF; its symbol opens the live document, its cells are signed by pen."""
    row = view.row
    return hand_over(
        Document(
            title=str(gettext("%(type)s form", type=say(DOCUMENT_TYPES, row.type))),
            subtitle=f"{row.school} · {row.number}",
            facts=tuple(_facts(view, at)),
            symbol=row.id,
            symbol_caption=shown(row.id),
            columns=(
                Column(gettext("No."), 10, "right"),
                Column(gettext("Number"), 26),
                Column(gettext("Name and specification")),
                Column(gettext("Unit"), 12, "center"),
                Column(gettext("Quantity"), 16, "right"),
                Column(gettext("Unit price"), 20, "right"),
                Column(gettext("Amount"), 22, "right"),
                Column(_last_column(view), 34),
            ),
            sections=(Section("", tuple(_cells(line) for line in view.lines)),),
            summary=tuple(_summary(view)),
            notes=tuple(_notes(view)),
            signatures=tuple(_signatures(view)),
            footer=f"{row.school} · {row.number} · {shown(row.id)}",
            page_words=page_words(),
        )
    )


def _facts(view: DocumentView, at: datetime) -> list[tuple[str, str]]:
    row = view.row
    facts = [
        (gettext("State"), say(DOCUMENT_STATES, row.state)),
        (gettext("Made by"), f"{view.created_by} · {moment(row.created_at)}"),
    ]
    if row.voucher:
        facts.append((gettext("Voucher"), row.voucher))
    if row.due:
        facts.append((gettext("Comes back on"), row.due))
    facts.append((gettext("Printed"), moment(at)))
    return facts


def _last_column(view: DocumentView) -> str:
    """What else a line says depends on the type: where it goes, whose it is, or a note."""
    if any(line.place for line in view.lines):
        return str(gettext("To"))
    if any(line.person for line in view.lines):
        return str(gettext("Person"))
    return str(gettext("Note"))


def _cells(line: LineRow) -> tuple[str, ...]:
    return (
        str(line.n), line.number, f"{line.name} {line.specification}".strip(), line.unit,
        str(line.quantity), _yuan(line.unit_price_cents), _yuan(line.amount_cents),
        line.place or line.person or line.note or "",
    )  # fmt: skip


def _yuan(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100:,}.{cents % 100:02d}"


def _summary(view: DocumentView) -> list[tuple[str, str]]:
    total = view.total_cents
    figures = [
        (gettext("Number of lines"), str(len(view.lines))),
        (gettext("Pieces"), str(view.pieces)),
        (gettext("Total in yuan"), _yuan(total) if total is not None else "—"),
    ]
    return [(str(name), value) for name, value in figures]


def _notes(view: DocumentView) -> list[str]:
    reason = gettext("Reason: %(reason)s", reason=view.row.reason)
    notes = [str(reason)] if view.row.reason else []
    current = max((step.round for step in view.steps), default=0)
    notes.extend(_decided(step) for step in view.steps if step.round == current and step.outcome)
    return notes


def _decided(step: StepRow) -> str:
    outcome = gettext("approved") if step.outcome == "approved" else gettext("gave it back")
    words = f"{say(ROLES, step.role)} {step.signed_by}: {outcome} · {moment(step.decided_at)}"
    if step.deputy_of:
        words += " · " + gettext("for %(name)s", name=step.deputy_of)
    if step.on_paper:
        words += " · " + gettext("On paper, entered by %(name)s", name=step.entered_by)
    return words + (f" · {step.reason}" if step.reason else "")


def _signatures(view: DocumentView) -> list[str]:
    current = max((step.round for step in view.steps), default=0)
    roles = [say(ROLES, step.role) for step in view.steps if step.round == current]
    return [str(gettext("Made by")), str(gettext("Received by")), *roles]


def list_table(rows: Iterable[DocumentRow]) -> Table:
    """Return a list of documents for a spreadsheet."""
    columns = (
        (gettext("School"), 18), (gettext("Document"), 16), (gettext("Code"), 14),
        (gettext("Document type"), 12), (gettext("Title"), 30), (gettext("State"), 12),
        (gettext("Begun"), 18), (gettext("Carried out"), 18), (gettext("Voucher"), 16),
        (gettext("Reason"), 30),
    )  # fmt: skip
    return Table(gettext("Documents"), columns, map(_listed, rows))


def _listed(row: DocumentRow) -> tuple[Cell, ...]:
    return (
        row.school, row.number, row.id, say(DOCUMENT_TYPES, row.type), row.title,
        say(DOCUMENT_STATES, row.state), moment(row.created_at), moment(row.executed_at),
        row.voucher or "", row.reason or "",
    )  # fmt: skip
