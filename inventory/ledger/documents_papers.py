"""This module is about documents on paper: the form with its lines, to be signed and filed."""

from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext

from inventory.errors import N_
from inventory.ledger.documents_queries import DocumentRow, DocumentView, LineRow, StepRow
from inventory.ledger.rules import DocumentType
from inventory.printing.papers import Column, Document, Section, hand_over, page_words
from inventory.register.rules import shown
from inventory.web.filters import moment
from inventory.web.tables import Cell, Table
from inventory.web.words import DOCUMENT_STATES, DOCUMENT_TYPES, ROLES, say

SIGNED = {
    DocumentType.RECEIPT: (N_("Made by"), N_("Inspected by"), N_("Keeper")),
    DocumentType.LOAN: (N_("Handled by"), N_("Borrower")),
    DocumentType.RETURN: (N_("Handled by"), N_("Brought back by")),
    DocumentType.RELOCATION: (N_("Made by"), N_("Keeper")),
    DocumentType.HANDOVER: (N_("Handed over by"), N_("Taken over by"), N_("Handover witness")),
    DocumentType.TRANSFER: (N_("Made by"), N_("Handed over by"), N_("Received by")),
    DocumentType.ARRIVAL: (N_("Handed over by"), N_("Received by"), N_("Keeper")),
    DocumentType.REPAIR: (N_("Made by"), N_("Repaired by"), N_("Inspected by")),
    DocumentType.SCRAP: (N_("Made by"), N_("Keeper")),
    DocumentType.LOSS: (N_("Made by"), N_("Keeper")),
}
"""Who signs a form besides those who approve it."""
SEALED = frozenset(
    {
        DocumentType.HANDOVER, DocumentType.TRANSFER, DocumentType.ARRIVAL, DocumentType.SCRAP,
        DocumentType.LOSS,
    }
)  # fmt: skip
"""Forms that a school puts its official seal (公章) on."""


def form_pdf(view: DocumentView, at: datetime, *, other_school: str = "") -> bytes:
    """Return the form as a PDF; its symbol opens the live document, its cells are signed by pen."""
    row = view.row
    return hand_over(
        Document(
            title=str(gettext("%(type)s form", type=say(DOCUMENT_TYPES, row.type))),
            subtitle=f"{row.school} · {row.number}",
            facts=tuple(_facts(view, at, other_school)),
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


def _facts(view: DocumentView, at: datetime, other_school: str) -> list[tuple[str, str]]:
    row = view.row
    is_arrival = row.type == DocumentType.ARRIVAL.value
    facts = [
        (gettext("State"), say(DOCUMENT_STATES, row.state)),
        (gettext("Made by"), f"{view.created_by} · {moment(row.created_at)}"),
    ]
    if row.voucher:
        facts.append((gettext("Voucher"), row.voucher))
    if other_school:
        facts.append((gettext("From") if is_arrival else gettext("To"), other_school))
    if row.reverses:
        number = view.numbers.get(row.reverses, shown(row.reverses))
        facts.append((gettext("It takes back"), number))
    for name, words in (("purchased", gettext("Purchased")), ("supplier", gettext("Supplier"))):
        if view.details.get(name):
            facts.append((words, str(view.details[name])))
    if row.due:
        facts.append((gettext("Comes back on"), row.due))
    facts.append((gettext("Printed"), moment(at)))
    return facts


def _last_column(view: DocumentView) -> str:
    """What else a line says depends on the type: where it goes, whose it is, a note."""
    if any(line.place for line in view.lines):
        return str(gettext("To"))
    if any(line.person for line in view.lines):
        return str(gettext("Person"))
    return str(gettext("Note"))


def _cells(line: LineRow) -> tuple[str, ...]:
    return (
        str(line.n), line.number, f"{line.name} {line.specification}".strip(), line.unit,
        str(line.quantity), _yuan(line.unit_price_cents), _yuan(line.amount_cents),
        " · ".join(filter(None, (line.place, line.person, line.note))),
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
    roles = [
        say(ROLES, step.role)
        for step in view.steps
        if step.round == current and view.row.type != DocumentType.ARRIVAL.value
    ]
    type = DocumentType(view.row.type)
    signed = [str(gettext(one)) for one in SIGNED.get(type, (N_("Made by"), N_("Keeper")))]
    return [*signed, *roles, *([str(gettext("Official seal"))] if type in SEALED else [])]


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
