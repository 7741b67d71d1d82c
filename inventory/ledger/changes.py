"""This module is about what can happen in the ledger, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, Projector, State
from inventory.ledger import documents_changes
from inventory.ledger.merging_changes import KindMerged
from inventory.ledger.models import Deputy, Document, DocumentLine, DocumentStep, LedgerLine
from inventory.ledger.rules import DocumentState


@dataclass(frozen=True, slots=True)
class DocumentPosted(Change):
    """A document took effect."""

    kind: ClassVar[str] = "document_posted"
    id: str
    type: str
    number: str
    title: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            Document(
                school_id=on.school,
                id=self.id,
                type=self.type,
                number=self.number,
                title=self.title,
                state=DocumentState.EXECUTED.value,
                created_at=on.at,
                created_by=on.by,
                executed_at=on.at,
                executed_by=on.by,
                round=0,
                done=0,
                revision=0,
            )
        )


@dataclass(frozen=True, slots=True)
class LinePosted(Change):
    """A line was entered into the ledger."""

    kind: ClassVar[str] = "line_posted"
    id: str
    document: str
    kind_id: str
    quantity: int
    unit_price_cents: int | None = None
    on: str | None = None
    voucher: str | None = None
    source_key: str | None = None
    source: str | None = None

    @property
    def subject(self) -> str:
        return self.kind_id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            LedgerLine(
                school_id=on.school,
                id=self.id,
                document_id=self.document,
                kind_id=self.kind_id,
                quantity=self.quantity,
                unit_price_cents=self.unit_price_cents,
                on=self.on,
                voucher=self.voucher,
                source_key=self.source_key,
                source=self.source,
            )
        )


PROJECTOR = Projector(
    changes=(DocumentPosted, LinePosted, KindMerged, *documents_changes.CHANGES),
    tables=(Document, DocumentLine, DocumentStep, Deputy, LedgerLine),
)
