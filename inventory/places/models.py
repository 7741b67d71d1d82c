"""This module is about the tables of schools and places."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import ID_LENGTH, SCHOOL_DIGITS, Base, SchoolScoped, fingerprint, together
from inventory.search.models import Searched
from inventory.search.rules import Doc


class Sort(StrEnum):
    """What a place is. The boundary places are accounts: they keep the sum of moves constant."""

    ROOM = "room"
    CABINET = "cabinet"
    SHELF = "shelf"
    UNPLACED = "unplaced"
    OUTSIDE = "outside"
    IN_TRANSIT = "in_transit"
    LOST = "lost"
    CONSUMED = "consumed"
    SCRAPPED = "scrapped"


STANDING = frozenset({Sort.ROOM, Sort.CABINET, Sort.SHELF, Sort.UNPLACED})
"""Places where a thing is alive. `unplaced` is for what was imported without a place."""
ALIVE = STANDING | {Sort.IN_TRANSIT}
"""Places whose things the ledger has: what is on its way to another school still belongs here."""
BOUNDARY = tuple(sort for sort in Sort if sort not in {Sort.ROOM, Sort.CABINET, Sort.SHELF})
"""Places that every school has from its first day; their id is their sort."""


class School(Base):
    """A school, by its ten-digit number (学校标识码), which stays when the name changes."""

    __tablename__ = "school"

    id: Mapped[str] = mapped_column(String(SCHOOL_DIGITS), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    stage: Mapped[str] = mapped_column(String(20), default="")


class Place(SchoolScoped, Searched, Base):
    """A room, a cabinet in it, a shelf in that; its id is its code, or the sort of a boundary."""

    __tablename__ = "place"
    __table_args__ = (
        together(["school_id", "parent_id"], ["place.school_id", "place.id"]),
        together(["school_id", "keeper_id"], ["person.school_id", "person.id"]),
        UniqueConstraint("school_id", "path"),
        Index("ix_place_parent", "school_id", "parent_id"),
        Index("ix_place_keeper", "school_id", "keeper_id"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    sort: Mapped[str] = mapped_column(String(10))
    short: Mapped[str] = mapped_column(String(20))
    """What the path is made of: 科仪1, 03, 2."""
    name: Mapped[str] = mapped_column(String(60))
    """What people call it: 科学仪器室1, 计量仪器."""
    path: Mapped[str] = mapped_column(String(60))
    """Room–cabinet–shelf as written on labels: 科仪1-03-2."""
    ordinal: Mapped[int] = mapped_column(default=0)
    """Order among its siblings, from the top or from the door."""
    keeper_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    retired_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    """Nothing goes in or out while it is locked."""
    lock_reason: Mapped[str | None] = mapped_column(String(200))
    first_words: Mapped[str | None] = mapped_column(String(64))
    """Fingerprint of what cards said of it first; kept from the first time that changes."""

    searched_sort = "place"
    searched_columns = frozenset({"name", "path"})

    def searched(self) -> Iterable[Doc]:
        """Return what rooms, cabinets and shelves are found by: name and path."""
        if Sort(self.sort) not in BOUNDARY:
            yield Doc(self.searched_sort, self.id, (self.name,), (self.path,))

    @property
    def words(self) -> str:
        """What a printed card says of this place."""
        if self.sort == Sort.SHELF.value:
            return f"{self.short}\t{self.ordinal}"
        return f"{self.path}\t{self.name}\t{self.keeper_id or ''}"

    @property
    def other_words(self) -> str | None:
        """What a card says of it now, where that is not what it said at first."""
        is_first = self.first_words in {None, fingerprint(self.words)}
        return None if is_first else self.words

    @property
    def is_standing(self) -> bool:
        return Sort(self.sort) in STANDING
