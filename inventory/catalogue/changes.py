"""This module is about what can happen to kinds, as the journal keeps it."""

from dataclasses import dataclass
from typing import ClassVar

from inventory.base import fingerprint
from inventory.catalogue.models import Kind, KindCode
from inventory.identity.rules import initials
from inventory.journal.changes import Change, Occasion, Projector, State


@dataclass(frozen=True, slots=True)
class KindDefined(Change):
    """A kind was entered into a school's catalogue."""

    kind: ClassVar[str] = "kind_defined"
    id: str
    name: str
    unit: str
    managed_as: str
    specification: str = ""
    subject_taught: str = ""
    equipment_class: str = ""
    catalogue_code: str | None = None
    required: int | None = None
    reference_price_cents: int | None = None
    life_years: int | None = None
    durability: str | None = None
    codes: tuple[tuple[str, str, str], ...] | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.add(
            Kind(
                school_id=on.school,
                id=self.id,
                subject=self.subject_taught,
                equipment_class=self.equipment_class,
                catalogue_code=self.catalogue_code,
                name=self.name,
                specification=self.specification,
                unit=self.unit,
                managed_as=self.managed_as,
                required=self.required,
                initials=initials(self.name)[:200],
                reference_price_cents=self.reference_price_cents,
                life_years=self.life_years,
                durability=self.durability,
            )
        )
        if self.codes:
            put_codes(state, on.school, self.id, self.codes)


FIELDS = {
    "name": "name",
    "specification": "specification",
    "unit": "unit",
    "subject_taught": "subject",
    "equipment_class": "equipment_class",
    "catalogue_code": "catalogue_code",
    "required": "required",
    "managed_as": "managed_as",
    "reference_price_cents": "reference_price_cents",
    "life_years": "life_years",
    "durability": "durability",
}
"""What can change of a kind, by its name in the journal and its column."""


@dataclass(frozen=True, slots=True)
class KindChanged(Change):
    """
    A kind was described anew; what is not in `set` stayed as it was.

    `was` says what it said before; `codes` are all of its catalogue codes, where they changed.
    """

    kind: ClassVar[str] = "kind_changed"
    id: str
    set: tuple[tuple[str, str | int | None], ...]
    was: tuple[tuple[str, str | int | None], ...] = ()
    codes: tuple[tuple[str, str, str], ...] | None = None

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        row = state.get(Kind, on.school, self.id)
        words = row.words
        for name, value in self.set:
            setattr(row, FIELDS[name], value)
        if self.codes is not None:
            put_codes(state, on.school, self.id, self.codes)
        row.initials = initials(row.name)[:200]
        if row.first_words is None and row.words != words:
            row.first_words = fingerprint(words)


@dataclass(frozen=True, slots=True)
class KindRetired(Change):
    """A kind of which there is nothing was given up."""

    kind: ClassVar[str] = "kind_retired"
    id: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Kind, on.school, self.id).retired_at = on.at


@dataclass(frozen=True, slots=True)
class KindRestored(Change):
    """A kind that was given up is used again."""

    kind: ClassVar[str] = "kind_restored"
    id: str

    @property
    def subject(self) -> str:
        return self.id

    def apply(self, state: State, on: Occasion) -> None:
        state.get(Kind, on.school, self.id).retired_at = None


def put_codes(
    state: State, school: str, kind_id: str, codes: tuple[tuple[str, str, str], ...]
) -> None:
    """Make these the catalogue codes of a kind, each as system, edition and code."""
    for ordinal, (system, edition, code) in enumerate(codes):
        row = state.find(KindCode, school, kind_id, ordinal)
        if row is None:
            state.add(
                KindCode(
                    school_id=school,
                    kind_id=kind_id,
                    ordinal=ordinal,
                    system=system,
                    edition=edition,
                    code=code,
                )
            )
        else:
            row.system, row.edition, row.code = system, edition, code
    beyond = len(codes)
    while row := state.find(KindCode, school, kind_id, beyond):
        state.remove(row)
        beyond += 1


PROJECTOR = Projector(
    changes=(KindDefined, KindChanged, KindRetired, KindRestored),
    tables=(Kind, KindCode),
    # How names are found by typing may change with a release; it is no part of the history.
    beside=frozenset({"kind.initials"}),
)
