"""
This module is about two kinds that are one: what moves when they are merged, in one change.

It stands in the ledger, which alone knows all that a kind has: things, lines, cards.
"""

from dataclasses import dataclass
from typing import ClassVar

from inventory.catalogue.changes import put_codes
from inventory.catalogue.models import Kind
from inventory.journal.changes import Change, Occasion, State
from inventory.ledger.models import LedgerLine
from inventory.places.models import Place, Sort
from inventory.register.changes import move, retire_code
from inventory.register.models import CardLine, Thing


@dataclass(frozen=True, slots=True)
class KindMerged(Change):
    """
    A kind became another one, with its things, ledger lines, cards and required quantity.

    `joined` are its batches in places where the other kind has one: code, the code that stays
    and how much. `codes` are the kept kind's catalogue codes afterwards, where there are several.
    """

    kind: ClassVar[str] = "kind_merged"
    id: str
    merged: str
    things: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    joined: tuple[tuple[str, str, int], ...] = ()
    required: int | None = None
    codes: tuple[tuple[str, str, str], ...] | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        kept = state.get(Kind, on.school, self.id)
        gone = state.get(Kind, on.school, self.merged)
        for place_id in self.places:
            self._move_card_line(state, on.school, place_id)
        for code in self.things:
            state.get(Thing, on.school, code).kind_id = kept.id
        for line_id in self.lines:
            state.get(LedgerLine, on.school, line_id).kind_id = kept.id
        for code, into, quantity in self.joined:
            self._join(state, on, code, into, quantity)
        if self.codes is not None:
            put_codes(state, on.school, kept.id, self.codes)
        kept.required, gone.required = self.required, None
        gone.merged_into = kept.id
        gone.retired_at = on.at

    def _move_card_line(self, state: State, school: str, place_id: str) -> None:
        line = state.get(CardLine, school, place_id, self.merged)
        other = state.find(CardLine, school, place_id, self.id)
        if other is None:
            other = CardLine(school_id=school, place_id=place_id, kind_id=self.id, quantity=0)
            other.quantity = line.quantity
            state.add(other)
        else:
            other.quantity += line.quantity
        state.remove(line)

    def _join(self, state: State, on: Occasion, code: str, into: str, quantity: int) -> None:
        thing, there = state.get(Thing, on.school, code), state.get(Thing, on.school, into)
        if quantity:
            move(state, thing, thing.home_id, Sort.OUTSIDE.value, quantity)
            move(state, there, Sort.OUTSIDE.value, there.home_id, quantity)
        state.get(Place, on.school, there.home_id)
        thing.retired_at = on.at
        thing.joined_into = into
        retire_code(state, code, on.at, on)
