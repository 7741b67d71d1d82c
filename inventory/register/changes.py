"""This module is about what can happen to codes, things and cards, as the journal keeps it.

Each movement of a quantity is double entry: so much leaves one place and enters another, and
*outside* is a place, so that the sum over places never changes. The cabinet cards follow the
same movements in a table of their own, by kind; that they and the things agree is checked.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from inventory.catalogue.rules import ManagedAs
from inventory.journal.changes import Change, Occasion, Projector, State
from inventory.places.models import ALIVE, Place, Sort
from inventory.register import cards_changes
from inventory.register.attachments_changes import (
    AttachmentAdded,
    AttachmentRemoved,
    AttachmentRestored,
)
from inventory.register.bulk_changes import BulkBegun, note
from inventory.register.bulk_models import BulkChange, BulkItem
from inventory.register.models import (
    Attachment,
    Bearer,
    CabinetCard,
    CardCheck,
    CardLine,
    Code,
    CodeSeries,
    Holding,
    Tag,
    Thing,
)
from inventory.register.rules import FIRST_SERIAL, Status, code_of
from inventory.register.tags_changes import TagBound, TagUnbound

SERIES = 1


@dataclass(frozen=True, slots=True)
class CodesMinted(Change):
    """So many codes were minted, from this serial on."""

    kind: ClassVar[str] = "codes_minted"
    first: int
    count: int

    @property
    def subject(self) -> str:
        return str(self.first)

    def apply(self, state: State, on: Occasion) -> None:
        series = state.find(CodeSeries, SERIES)
        if series is None:
            series = CodeSeries(id=SERIES, next_serial=FIRST_SERIAL)
            state.add(series)
        if series.next_serial != self.first:
            raise LookupError(f"the series stands at {series.next_serial}, not at {self.first}")
        series.next_serial = self.first + self.count
        for serial in range(self.first, self.first + self.count):
            state.add(
                Code(
                    code=code_of(serial),
                    school_id=None,
                    bearer=None,
                    hops=0,
                    minted_at=on.at,
                    printed_at=None,
                    affixed_at=None,
                    retired_at=None,
                )
            )


@dataclass(frozen=True, slots=True)
class CodeClaimed(Change):
    """A code was given to a place or a document."""

    kind: ClassVar[str] = "code_claimed"
    code: str
    bearer: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        claim(state, self.code, self.bearer, on)


@dataclass(frozen=True, slots=True)
class LabelPrinted(Change):
    """A label was rendered, read back and handed over, as one of a job."""

    kind: ClassVar[str] = "label_printed"
    code: str
    job: str
    stock: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        # Several schools may print a label of one code, and their chains are read in any order.
        code = state.get(Code, self.code)
        code.printed_at = max(on.at, code.printed_at or on.at)


@dataclass(frozen=True, slots=True)
class ThingRegistered(Change):
    """A thing came under its code, from outside to its place."""

    kind: ClassVar[str] = "thing_registered"
    code: str
    kind_id: str
    managed_as: str
    catalogue: str
    running: int
    quantity: int
    place: str
    keeper: str | None = None
    unit_price_cents: int | None = None
    purchased: str | None = None
    voucher: str | None = None
    finance_card_no: str | None = None
    note: str | None = None
    document: str | None = None
    serial_no: str | None = None
    maker: str | None = None
    supplier: str | None = None
    invoice: str | None = None
    accepted: str | None = None
    source: str | None = None
    warranty_until: str | None = None
    condition: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        claim(state, self.code, Bearer.THING.value, on)
        thing = Thing(
            school_id=on.school,
            code=self.code,
            kind_id=self.kind_id,
            managed_as=self.managed_as,
            catalogue=self.catalogue,
            running=self.running,
            home_id=self.place,
            keeper_id=self.keeper,
            unit_price_cents=self.unit_price_cents,
            purchased=self.purchased,
            voucher=self.voucher,
            finance_card_no=self.finance_card_no,
            note=self.note,
            serial_no=self.serial_no,
            maker=self.maker,
            supplier=self.supplier,
            invoice=self.invoice,
            accepted=self.accepted,
            source=self.source,
            warranty_until=self.warranty_until,
            condition=self.condition,
            registered_at=on.at,
            status=Status.IN_USE.value,
            lent=0,
            document_id=self.document,
        )
        state.add(thing)
        place = state.get(Place, on.school, self.place)
        for place_id, quantity in ((Sort.OUTSIDE.value, -self.quantity), (place.id, self.quantity)):
            state.add(_holding(thing, place_id, quantity))  # a new thing has no others
        put_on_card(state, thing, place, self.quantity)


@dataclass(frozen=True, slots=True)
class BatchGrew(Change):
    """More of the same kind joined a batch in its place."""

    kind: ClassVar[str] = "batch_grew"
    code: str
    quantity: int
    document: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, Sort.OUTSIDE.value, thing.home_id, self.quantity)


@dataclass(frozen=True, slots=True)
class ThingMoved(Change):
    """A thing, or all of a batch, went from one place to another and belongs there now."""

    kind: ClassVar[str] = "thing_moved"
    code: str
    origin: str
    destination: str
    quantity: int
    document: str | None = None
    bulk: str | None = None
    """What was done to many things at once, of which this is one."""

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, self.origin, self.destination, self.quantity)
        note(state, on, self.bulk, self.code, thing.home_id, self.destination)
        thing.home_id = self.destination
        if thing.present_place_id == self.destination:
            thing.present_place_id = None


FIELDS = {
    "keeper": "keeper_id",
    "unit_price_cents": "unit_price_cents",
    "purchased": "purchased",
    "voucher": "voucher",
    "finance_card_no": "finance_card_no",
    "note": "note",
    "serial_no": "serial_no",
    "maker": "maker",
    "supplier": "supplier",
    "invoice": "invoice",
    "accepted": "accepted",
    "source": "source",
    "warranty_until": "warranty_until",
    "condition": "condition",
    "present_place": "present_place_id",
}
"""What can change of a thing's description, by its name in the journal and its column."""


@dataclass(frozen=True, slots=True)
class ThingDescribed(Change):
    """A thing was described anew; what is not in `set` stayed as it was. `was`: what it said."""

    kind: ClassVar[str] = "thing_described"
    code: str
    set: tuple[tuple[str, str | int | None], ...]
    was: tuple[tuple[str, str | int | None], ...] = ()
    bulk: str | None = None
    """What was done to many things at once, of which this is one."""

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        if place := dict(self.set).get("present_place"):
            state.get(Place, on.school, place)
        before = thing.keeper_id
        for name, value in self.set:
            setattr(thing, FIELDS[name], value)
        note(state, on, self.bulk, self.code, before, thing.keeper_id)


@dataclass(frozen=True, slots=True)
class BatchReduced(Change):
    """Some of a batch was never there, or was entered twice: it went outside by a document."""

    kind: ClassVar[str] = "batch_reduced"
    code: str
    quantity: int
    document: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, thing.home_id, Sort.OUTSIDE.value, self.quantity)


@dataclass(frozen=True, slots=True)
class BatchParted(Change):
    """A batch, or a part of it, went to another batch of its kind; what is empty is retired."""

    kind: ClassVar[str] = "batch_parted"
    code: str
    into: str
    quantity: int
    is_all: bool = False

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        move(state, thing, thing.home_id, Sort.OUTSIDE.value, self.quantity)
        if self.is_all:
            thing.retired_at = on.at
            thing.joined_into = self.into
            retire_code(state, self.code, on.at, on)


@dataclass(frozen=True, slots=True)
class BatchReceived(Change):
    """The other side of `BatchParted`: a batch grew by it, or began with it in its place."""

    kind: ClassVar[str] = "batch_received"
    code: str
    origin: str
    quantity: int
    place: str
    running: int | None = None
    """The running number of a batch that began so."""

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        if self.running is None:
            thing = state.get(Thing, on.school, self.code)
        else:
            thing = self._begin(state, on, self.running)
        move(state, thing, Sort.OUTSIDE.value, self.place, self.quantity)

    def _begin(self, state: State, on: Occasion, running: int) -> Thing:
        origin = state.get(Thing, on.school, self.origin)
        claim(state, self.code, Bearer.THING.value, on)
        thing = Thing(
            school_id=on.school,
            code=self.code,
            kind_id=origin.kind_id,
            managed_as=origin.managed_as,
            catalogue=origin.catalogue,
            running=running,
            home_id=self.place,
            keeper_id=origin.keeper_id,
            unit_price_cents=origin.unit_price_cents,
            purchased=origin.purchased,
            voucher=origin.voucher,
            finance_card_no=origin.finance_card_no,
            note=origin.note,
            maker=origin.maker,
            supplier=origin.supplier,
            invoice=origin.invoice,
            accepted=origin.accepted,
            source=origin.source,
            warranty_until=origin.warranty_until,
            condition=origin.condition,
            registered_at=on.at,
            status=origin.status,
            lent=0,
        )
        state.add(thing)
        return thing


@dataclass(frozen=True, slots=True)
class BatchBroken(Change):
    """
    Some of a batch became single things with codes of their own, in the same place.

    `items` are their codes and running numbers. Their history begins with the batch's.
    """

    kind: ClassVar[str] = "batch_broken"
    code: str
    items: tuple[tuple[str, int], ...]
    is_all: bool = False

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        batch = state.get(Thing, on.school, self.code)
        move(state, batch, batch.home_id, Sort.OUTSIDE.value, len(self.items))
        for code, running in self.items:
            claim(state, code, Bearer.THING.value, on)
            item = Thing(
                school_id=on.school,
                code=code,
                kind_id=batch.kind_id,
                managed_as=ManagedAs.ITEM.value,
                catalogue=batch.catalogue,
                running=running,
                home_id=batch.home_id,
                broken_from=batch.code,
                registered_at=on.at,
                **{name: getattr(batch, name) for name in INHERITED},
            )
            state.add(item)
            move(state, item, Sort.OUTSIDE.value, item.home_id, 1)
        if self.is_all:
            batch.retired_at = on.at
            retire_code(state, self.code, on.at, on)


INHERITED = (
    "keeper_id", "unit_price_cents", "purchased", "voucher", "note", "maker", "supplier",
    "invoice", "accepted", "source", "warranty_until", "condition", "present_place_id",
)  # fmt: skip
"""What single things have from the batch that they were; a finance card belongs to one."""


@dataclass(frozen=True, slots=True)
class ThingRetired(Change):
    """A thing that was entered wrongly went outside by a document; its code is never reused."""

    kind: ClassVar[str] = "thing_retired"
    code: str
    quantity: int
    document: str
    reason: str | None = None

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        if self.quantity:
            move(state, thing, thing.home_id, Sort.OUTSIDE.value, self.quantity)
        thing.retired_at = on.at
        thing.retired_quantity = self.quantity
        retire_code(state, self.code, on.at, on)


@dataclass(frozen=True, slots=True)
class ThingRestored(Change):
    """A thing that was retired by mistake came back to its place by a document."""

    kind: ClassVar[str] = "thing_restored"
    code: str
    quantity: int
    document: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        thing = state.get(Thing, on.school, self.code)
        if self.quantity:
            move(state, thing, Sort.OUTSIDE.value, thing.home_id, self.quantity)
        thing.retired_at = None
        thing.retired_quantity = None
        retire_code(state, self.code, None, on)


@dataclass(frozen=True, slots=True)
class CodeRetired(Change):
    """What bore a code was given up; the code is never reused."""

    kind: ClassVar[str] = "code_retired"
    code: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Code, self.code).retired_at = on.at


@dataclass(frozen=True, slots=True)
class CodeRestored(Change):
    """What bears a code is used again."""

    kind: ClassVar[str] = "code_restored"
    code: str

    @property
    def subject(self) -> str:
        return self.code

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Code, self.code).retired_at = None


@dataclass(frozen=True, slots=True)
class CardPrinted(Change):
    """A cabinet's card was printed with these contents."""

    kind: ClassVar[str] = "card_printed"
    cabinet: str
    version: int
    contents: str

    @property
    def subject(self) -> str:
        return self.cabinet

    def apply(self, state: State, on: Occasion) -> None:
        card = state.find(CabinetCard, on.school, self.cabinet)
        if card is None:
            card = CabinetCard(school_id=on.school, cabinet_id=self.cabinet)
            self._write(card, on)
            state.add(card)
        self._write(card, on)

    def _write(self, card: CabinetCard, on: Occasion) -> None:
        card.version = self.version
        card.printed_hash = self.contents
        card.printed_at = on.at
        card.printed_by = on.by


def claim(state: State, code: str, bearer: str, on: Occasion) -> None:
    """Give a code to what will bear it; a code is given once."""
    row = state.get(Code, code)
    if row.bearer is not None:
        raise LookupError(f"{code} is taken")
    row.bearer = bearer
    if not row.hops:  # else it went on to another school, whose chain was read before
        row.school_id = on.school_id


def retire_code(state: State, code: str, at: datetime | None, on: Occasion) -> None:
    """
    Say since when a code is retired, or that it is not.

    Only the school where it went last says so: what another one did with it came before, but
    its chain may be read after.
    """
    row = state.get(Code, code)
    if row.school_id == on.school_id:
        row.retired_at = at


def move(state: State, thing: Thing, origin: str, destination: str, quantity: int) -> None:
    """Double entry: take a quantity of a thing from one place and put it into another."""
    for place_id, difference in ((origin, -quantity), (destination, quantity)):
        place = state.get(Place, thing.school_id, place_id)
        _hold(state, thing, place, difference)
        if Sort(place.sort) in ALIVE:
            put_on_card(state, thing, place, difference)


def _hold(state: State, thing: Thing, place: Place, difference: int) -> None:
    holding = state.find(Holding, thing.school_id, thing.code, place.id)
    if holding is None:
        state.add(_holding(thing, place.id, difference))
        return
    holding.quantity += difference
    if holding.quantity == 0:
        state.remove(holding)


def _holding(thing: Thing, place_id: str, quantity: int) -> Holding:
    return Holding(school_id=thing.school_id, code=thing.code, place_id=place_id, quantity=quantity)


def put_on_card(state: State, thing: Thing, place: Place, difference: int) -> None:
    line = state.find(CardLine, thing.school_id, place.id, thing.kind_id)
    if line is None:
        state.add(
            CardLine(
                school_id=thing.school_id,
                place_id=place.id,
                kind_id=thing.kind_id,
                quantity=difference,
            )
        )
        return
    line.quantity += difference
    if line.quantity == 0:
        state.remove(line)


PROJECTOR = Projector(
    changes=(
        CodesMinted,
        CodeClaimed,
        LabelPrinted,
        ThingRegistered,
        BatchGrew,
        ThingMoved,
        ThingDescribed,
        BatchReduced,
        BatchParted,
        BatchReceived,
        ThingRetired,
        ThingRestored,
        CodeRetired,
        CodeRestored,
        CardPrinted,
        *cards_changes.CHANGES,
        BatchBroken,
        TagBound,
        TagUnbound,
        AttachmentAdded,
        AttachmentRemoved,
        AttachmentRestored,
        BulkBegun,
    ),
    tables=(
        CodeSeries,
        Code,
        Thing,
        Holding,
        CardLine,
        CabinetCard,
        CardCheck,
        Tag,
        Attachment,
        BulkChange,
        BulkItem,
    ),
    beside=frozenset({"code.affixed_at"}),
)
