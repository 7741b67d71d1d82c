"""This module is about what can happen to a document, from the first line to the file."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.journal.changes import Change, Occasion, State
from inventory.ledger.models import Deputy, Document, DocumentLine, DocumentStep
from inventory.ledger.rules import DocumentState, DocumentType

Cell = str | int | None
LineData = tuple[Cell, ...]
"""A line as the journal keeps it: the values of `LINE_FIELDS`, in order."""
LINE_FIELDS = (
    "code", "kind_id", "quantity", "unit_price_cents", "place_id", "person_id", "note", "details",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DocumentDrafted(Change):
    """A document was begun under its code and number."""

    kind: ClassVar[str] = "document_drafted"
    id: str
    type: str
    number: str
    title: str
    lines: tuple[LineData, ...]
    reason: str | None = None
    voucher: str | None = None
    due: str | None = None
    other_school: str | None = None
    other_document: str | None = None
    reverses: str | None = None
    details: str | None = None

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
                state=DocumentState.DRAFT.value,
                created_at=on.at,
                created_by=on.by,
                round=0,
                done=0,
                revision=0,
                reason=self.reason,
                voucher=self.voucher,
                due=self.due,
                other_school=self.other_school,
                other_document=self.other_document,
                reverses=self.reverses,
                details=self.details,
            )
        )
        add_lines(state, on.school, self.id, self.lines)


def add_lines(state: State, school: str, document: str, lines: tuple[LineData, ...]) -> None:
    for n, line in enumerate(lines, start=1):
        row = DocumentLine(school_id=school, document_id=document, n=n)
        _fill(row, line)
        state.add(row)


def _fill(row: DocumentLine, line: LineData) -> None:
    for name, value in zip(LINE_FIELDS, line, strict=True):
        setattr(row, name, value)


FIELDS = {
    "title": "title",
    "reason": "reason",
    "voucher": "voucher",
    "due": "due",
    "other_school": "other_school",
    "details": "details",
}
"""What can change of a draft, by its name in the journal and its column."""


@dataclass(frozen=True, slots=True)
class DocumentRevised(Change):
    """A draft was written anew; its lines replace those that were there."""

    kind: ClassVar[str] = "document_revised"
    id: str
    set: tuple[tuple[str, Cell], ...]
    lines: tuple[LineData, ...]
    before: int
    """How many lines there were."""

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.DRAFT, DocumentState.RETURNED)
        for name, value in self.set:
            setattr(document, FIELDS[name], value)
        lines = dict(enumerate(self.lines, start=1))
        for n in range(1, max(self.before, len(lines)) + 1):
            self._put(state, on.school, n, lines.get(n))

    def _put(self, state: State, school: str, n: int, line: LineData | None) -> None:
        row = state.find(DocumentLine, school, self.id, n)
        if line is None:
            if row is not None:
                state.remove(row)
            return
        if row is None:
            row = DocumentLine(school_id=school, document_id=self.id, n=n)
            _fill(row, line)
            state.add(row)
        else:
            _fill(row, line)


def _at(state: State, on: Occasion, id: str, *states: DocumentState) -> Document:
    """The document, which has to be in one of some states: a rule of the history itself."""
    document = state.get(Document, on.school, id)
    if DocumentState(document.state) not in states:
        raise LookupError(f"document {id} is {document.state}")
    document.revision += 1
    return document


@dataclass(frozen=True, slots=True)
class DocumentSubmitted(Change):
    """A document was handed in; so many approvals are needed, in this order."""

    kind: ClassVar[str] = "document_submitted"
    id: str
    roles: tuple[str, ...]

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.DRAFT, DocumentState.RETURNED)
        document.round += 1
        document.submitted_at = on.at
        document.state = (DocumentState.SUBMITTED if self.roles else DocumentState.APPROVED).value
        document.waits_for = self.roles[0] if self.roles else None
        for n, role in enumerate(self.roles, start=1):
            state.add(
                DocumentStep(
                    school_id=on.school, document_id=self.id, round=document.round, n=n, role=role,
                    on_paper=False,
                )
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class StepDecided(Change):
    """One approval was given or refused; `signed_by` decided, the actor entered it."""

    kind: ClassVar[str] = "step_decided"
    id: str
    n: int
    outcome: str
    signed_by: str
    deputy_of: str | None = None
    on_paper: bool = False
    attachment: str | None = None
    reason: str | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.SUBMITTED)
        step = state.get(DocumentStep, on.school, self.id, document.round, self.n)
        if step.outcome is not None:
            raise LookupError(f"step {self.n} of {self.id} was decided before")
        step.outcome = self.outcome
        step.signed_by = self.signed_by
        step.entered_by = on.by
        step.deputy_of = self.deputy_of
        step.on_paper = self.on_paper
        step.attachment_id = self.attachment
        step.reason = self.reason
        step.decided_at = on.at
        following = state.find(DocumentStep, on.school, self.id, document.round, self.n + 1)
        document.waits_for = None
        if self.outcome == DocumentState.RETURNED.value:
            document.state = DocumentState.RETURNED.value
        elif following is None:
            document.state = DocumentState.APPROVED.value
        else:
            document.waits_for = following.role


@dataclass(frozen=True, slots=True)
class DocumentWithdrawn(Change):
    """Whoever made it took it back before it had any effect."""

    kind: ClassVar[str] = "document_withdrawn"
    id: str
    reason: str | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(
            state, on, self.id, DocumentState.DRAFT, DocumentState.SUBMITTED,
            DocumentState.RETURNED,
        )  # fmt: skip
        document.state = DocumentState.WITHDRAWN.value
        document.waits_for = None


@dataclass(frozen=True, slots=True)
class DocumentAdvanced(Change):
    """So much of an approved document has been carried out."""

    kind: ClassVar[str] = "document_advanced"
    id: str
    done: int

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        _at(state, on, self.id, DocumentState.APPROVED).done = self.done


@dataclass(frozen=True, slots=True)
class DocumentCut(Change):
    """What could not be carried out was struck from an approved document."""

    kind: ClassVar[str] = "document_cut"
    id: str
    left: tuple[tuple[int, int], ...]
    """The numbers of the lines that were carried out, and how much of each."""
    before: int
    """How many lines there were."""
    reason: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        _at(state, on, self.id, DocumentState.APPROVED)
        left = dict(self.left)
        for n in range(1, self.before + 1):
            line = state.get(DocumentLine, on.school, self.id, n)
            if n in left:
                line.quantity = left[n]
            else:
                state.remove(line)


@dataclass(frozen=True, slots=True)
class LineBound(Change):
    """A line that named a kind, or a part of a batch, became a thing of its own."""

    kind: ClassVar[str] = "line_bound"
    id: str
    n: int
    code: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        _at(state, on, self.id, DocumentState.APPROVED)
        state.get(DocumentLine, on.school, self.id, self.n).code = self.code


@dataclass(frozen=True, slots=True)
class DocumentSent(Change):
    """What a transfer is about is under way; the other school has to confirm it."""

    kind: ClassVar[str] = "document_sent"
    id: str
    waits_for: str
    other_document: str | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.APPROVED)
        document.waits_for = self.waits_for
        if self.other_document is not None:
            document.other_document = self.other_document


@dataclass(frozen=True, slots=True)
class DocumentExecuted(Change):
    """All that a document says has been done."""

    kind: ClassVar[str] = "document_executed"
    id: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.APPROVED)
        document.state = DocumentState.EXECUTED.value
        document.waits_for = None
        document.executed_at = on.at
        document.executed_by = on.by


@dataclass(frozen=True, slots=True)
class DocumentRefused(Change):
    """The other school did not take what a transfer brought; it comes back."""

    kind: ClassVar[str] = "document_refused"
    id: str
    reason: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.APPROVED)
        document.state = DocumentState.RETURNED.value
        document.waits_for = None
        document.done = 0


@dataclass(frozen=True, slots=True)
class DocumentFiled(Change):
    """A document that was carried out went into the file."""

    kind: ClassVar[str] = "document_filed"
    id: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.EXECUTED)
        document.state = DocumentState.FILED.value
        document.filed_at = on.at


@dataclass(frozen=True, slots=True)
class DocumentReversed(Change):
    """Another document took back all that this one did."""

    kind: ClassVar[str] = "document_reversed"
    id: str
    reversal: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = _at(state, on, self.id, DocumentState.EXECUTED, DocumentState.FILED)
        if document.reversed_by is not None or document.type == DocumentType.REVERSAL.value:
            raise LookupError(f"document {self.id} cannot be reversed")
        document.reversed_by = self.reversal


@dataclass(frozen=True, slots=True)
class DeputyNamed(Change):
    """Somebody approves for somebody else, from one day to another."""

    kind: ClassVar[str] = "deputy_named"
    id: str
    person: str
    deputy: str
    first: str
    last: str

    @property
    def subject(self) -> str:
        return self.person

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            Deputy(
                id=self.id, school_id=on.school_id, person_id=self.person, deputy_id=self.deputy,
                first=self.first, last=self.last,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeputyEnded(Change):
    """A deputy approves no longer, before the last day."""

    kind: ClassVar[str] = "deputy_ended"
    id: str
    person: str

    @property
    def subject(self) -> str:
        return self.person

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Deputy, self.id).ended_at = on.at


CHANGES: tuple[type[Change], ...] = (
    DocumentDrafted,
    DocumentRevised,
    DocumentSubmitted,
    StepDecided,
    DocumentWithdrawn,
    DocumentAdvanced,
    DocumentCut,
    LineBound,
    DocumentSent,
    DocumentExecuted,
    DocumentRefused,
    DocumentFiled,
    DocumentReversed,
    DeputyNamed,
    DeputyEnded,
)
