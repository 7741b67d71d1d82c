"""This module is about what can happen to a thing in use, as the journal keeps it.

Each edge of a thing's life is one event. Quantities move in the same event, double entry: to
*scrapped*, to *lost*, into *in transit* and from there to *outside*.
"""

from dataclasses import dataclass
from typing import ClassVar

from inventory.custody.models import Loan
from inventory.journal.changes import Change, Occasion, Projector, State
from inventory.ledger.models import Document
from inventory.ledger.rules import DocumentState
from inventory.places.models import Sort
from inventory.register.changes import move, retire_code
from inventory.register.models import Code, Thing
from inventory.register.rules import ENDED, Status

BOUNDARY_OF = {
    Status.SCRAPPED: Sort.SCRAPPED.value,
    Status.WRITTEN_OFF: Sort.LOST.value,
    Status.IN_TRANSFER: Sort.IN_TRANSIT.value,
    Status.TRANSFERRED: Sort.OUTSIDE.value,
}
"""Where the quantity of a thing goes when it comes to a status; else it is at its home."""


@dataclass(frozen=True, slots=True)
class ThingTurned(Change):
    """A thing came from one status of its life to another, with all of it."""

    kind: ClassVar[str] = "thing_turned"
    code: str
    origin: str
    status: str
    quantity: int
    document: str | None = None
    reason: str | None = None
    number: str | None = None
    """The document's number."""

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        if thing.status != self.origin:
            raise LookupError(f"{self.code} is {thing.status}, not {self.origin}")
        came, goes = (
            BOUNDARY_OF.get(Status(one), thing.home_id) for one in (self.origin, self.status)
        )
        if came != goes and self.quantity:
            move(state, thing, came, goes, self.quantity)
        thing.status = self.status
        thing.document_id = self.document
        thing.document_number = self.number
        ends = Status(self.status) in ENDED
        thing.retired_at = on.at if ends else None
        if Status(self.status) is not Status.TRANSFERRED:
            # The code of what another school has now is alive there.
            retire_code(state, self.code, thing.retired_at, on)


@dataclass(frozen=True, slots=True)
class PartTaken(Change):
    """A part of a batch was scrapped or written off; the batch goes on with the rest."""

    kind: ClassVar[str] = "part_taken"
    code: str
    status: str
    quantity: int
    document: str
    reason: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, thing.home_id, BOUNDARY_OF[Status(self.status)], self.quantity)


@dataclass(frozen=True, slots=True)
class PartBrought(Change):
    """A counter-document brought back what was taken of a batch."""

    kind: ClassVar[str] = "part_brought"
    code: str
    status: str
    quantity: int
    document: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, BOUNDARY_OF[Status(self.status)], thing.home_id, self.quantity)


@dataclass(frozen=True, slots=True)
class ThingArrived(Change):
    """A thing of another school came under the code that it has had all along."""

    kind: ClassVar[str] = "thing_arrived"
    code: str
    kind_id: str
    managed_as: str
    catalogue: str
    running: int
    quantity: int
    place: str
    hop: int
    """How often it has gone from one school to another: its school is that of the last time."""
    origin: str
    document: str
    keeper: str | None = None
    described: tuple[tuple[str, str | int | None], ...] = ()

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        code = state.get(Code, self.code)
        if self.hop > code.hops:
            code.hops = self.hop
            code.school_id = on.school
            code.retired_at = None
        thing = state.find(Thing, on.school, self.code)
        if thing is None:
            thing = Thing(school_id=on.school, code=self.code)
            self._describe(thing, on)
            state.add(thing)
        else:  # it was here before
            self._describe(thing, on)
        move(state, thing, Sort.OUTSIDE.value, self.place, self.quantity)

    def _describe(self, thing: Thing, on: Occasion) -> None:
        thing.kind_id = self.kind_id
        thing.managed_as = self.managed_as
        thing.catalogue = self.catalogue
        thing.running = self.running
        thing.home_id = self.place
        thing.keeper_id = self.keeper
        thing.registered_at = on.at
        thing.status = Status.IN_USE.value
        thing.lent = 0
        thing.document_id = self.document
        thing.document_number = None
        thing.retired_at = None
        thing.retired_quantity = None
        thing.present_place_id = None
        thing.joined_into = None
        thing.broken_from = None
        for name, value in self.described:
            setattr(thing, name, value)


@dataclass(frozen=True, slots=True)
class ThingLent(Change):
    """So much of a thing went into somebody's hands, by a document."""

    kind: ClassVar[str] = "thing_lent"
    code: str
    id: str
    document: str
    person: str
    quantity: int
    due: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Thing, on.school, self.code).lent += self.quantity
        state.add(
            Loan(
                school_id=on.school,
                id=self.id,
                document_id=self.document,
                code=self.code,
                person_id=self.person,
                quantity=self.quantity,
                returned=0,
                lent_at=on.at,
                due=self.due,
            )
        )


@dataclass(frozen=True, slots=True)
class ThingReturned(Change):
    """So much of a loan came back."""

    kind: ClassVar[str] = "thing_returned"
    code: str
    id: str
    document: str
    quantity: int
    condition: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        loan = state.get(Loan, on.school, self.id)
        loan.returned += self.quantity
        if loan.left < 0:
            raise LookupError(f"more of loan {self.id} came back than was lent")
        loan.closed_at = on.at if loan.left == 0 else None
        state.get(Thing, on.school, self.code).lent -= self.quantity


@dataclass(frozen=True, slots=True)
class ReturnUndone(Change):
    """A counter-document says that a return was entered wrongly: it is lent as before."""

    kind: ClassVar[str] = "return_undone"
    code: str
    id: str
    document: str
    quantity: int

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        loan = state.get(Loan, on.school, self.id)
        loan.returned -= self.quantity
        loan.closed_at = None
        state.get(Thing, on.school, self.code).lent += self.quantity


@dataclass(frozen=True, slots=True)
class OutcomeNoted(Change):
    """What a document waited for is known: it goes on from its first line, as `details` say."""

    kind: ClassVar[str] = "outcome_noted"
    id: str
    details: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        document = state.get(Document, on.school, self.id)
        if document.state != DocumentState.APPROVED.value:
            raise LookupError(f"document {self.id} is {document.state}")
        document.waits_for = None
        document.done = 0
        document.details = self.details
        document.revision += 1


PROJECTOR = Projector(
    changes=(
        ThingTurned,
        PartTaken,
        PartBrought,
        ThingArrived,
        ThingLent,
        ThingReturned,
        ReturnUndone,
        OutcomeNoted,
    ),
    tables=(Loan,),
)
