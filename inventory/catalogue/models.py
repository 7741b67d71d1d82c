"""This module is about the table of kinds."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import ID_LENGTH, Base, SchoolScoped, fingerprint, together
from inventory.search.models import Searched
from inventory.search.rules import Doc, suffixes


class Kind(SchoolScoped, Searched, Base):
    """A kind of thing as a school keeps it: name, specification, unit, how it is managed."""

    __tablename__ = "kind"
    __table_args__ = (Index("ix_kind_catalogue_code", "school_id", "catalogue_code"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    subject: Mapped[str] = mapped_column(String(40))
    equipment_class: Mapped[str] = mapped_column(String(40))
    catalogue_code: Mapped[str | None] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    specification: Mapped[str] = mapped_column(String(400))
    unit: Mapped[str] = mapped_column(String(20))
    managed_as: Mapped[str] = mapped_column(String(10))
    required: Mapped[int | None]
    initials: Mapped[str] = mapped_column(String(200))
    retired_at: Mapped[datetime | None]
    first_words: Mapped[str | None] = mapped_column(String(64))
    """Fingerprint of what cards said of it first; kept from the first time that changes."""
    reference_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    """What one costs as a rule, for plans; what was paid stands with the things."""
    life_years: Mapped[int | None]
    durability: Mapped[str | None] = mapped_column(String(10))
    """`durable` or `low_value` where somebody decided it; None: the limits of the settings."""
    merged_into: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """The kind that it became."""

    searched_sort = "kind"
    searched_columns = frozenset({"name", "specification", "subject", "catalogue_code", "initials"})

    def searched(self) -> Iterable[Doc]:
        """Return what kinds, and the things of them, are found by."""
        words = (self.name, self.specification, self.subject)
        wholes = (self.catalogue_code, *suffixes(self.initials))
        yield Doc(self.searched_sort, self.id, words, wholes)

    @property
    def words(self) -> str:
        """What a printed card says of this kind."""
        return "\t".join((self.catalogue_code or "", self.name, self.specification, self.unit))

    @property
    def other_words(self) -> str | None:
        """What a card says of it now, where that is not what it said at first."""
        is_first = self.first_words in {None, fingerprint(self.words)}
        return None if is_first else self.words

    @property
    def title(self) -> str:
        """Name and specification as people say them."""
        return f"{self.name} {self.specification}".strip()


class KindCode(SchoolScoped, Base):
    """
    One of several catalogue codes of a kind, each as its system and edition write it.

    The first one leads and stands in `Kind.catalogue_code` as well. A kind of which nobody said
    more than its leading code has no rows here.
    """

    __tablename__ = "kind_code"
    __table_args__ = (
        together(["school_id", "kind_id"], ["kind.school_id", "kind.id"]),
        Index("ix_kind_code_code", "school_id", "code"),
    )

    kind_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    system: Mapped[str] = mapped_column(String(40))
    edition: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(20))
