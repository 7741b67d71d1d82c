"""This module is about the tables of codes, things, where they are, and cabinet cards."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import (
    CODE_DIGITS,
    ID_LENGTH,
    Base,
    SchoolOptional,
    SchoolScoped,
    references,
    together,
)
from inventory.register.rules import Number
from inventory.search.models import Searched
from inventory.search.rules import Doc


class Bearer(StrEnum):
    """What carries a code."""

    THING = "thing"
    PLACE = "place"
    DOCUMENT = "document"
    PERSON = "person"


class CodeState(StrEnum):
    """How far a code has come."""

    MINTED = "minted"
    PRINTED = "printed"
    AFFIXED = "affixed"
    RETIRED = "retired"


class CodeSeries(Base):
    """The one series from which every code of this deployment is minted, in order."""

    __tablename__ = "code_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    next_serial: Mapped[int] = mapped_column(Integer)


class Code(SchoolOptional, Base):
    """A code, one for life. `affixed_at` is a trace of scans: seen after it was printed."""

    __tablename__ = "code"

    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    bearer: Mapped[str | None] = mapped_column(String(10))
    minted_at: Mapped[datetime]
    printed_at: Mapped[datetime | None]
    affixed_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]

    @property
    def state(self) -> CodeState:
        if self.retired_at:
            return CodeState.RETIRED
        if self.affixed_at:
            return CodeState.AFFIXED
        return CodeState.PRINTED if self.printed_at else CodeState.MINTED


class Thing(SchoolScoped, Searched, Base):
    """Whatever bears a code: a single item, or a batch of one kind in one place."""

    __tablename__ = "thing"
    __table_args__ = (
        together(["school_id", "kind_id"], ["kind.school_id", "kind.id"]),
        together(["school_id", "home_id"], ["place.school_id", "place.id"]),
        together(["school_id", "keeper_id"], ["person.school_id", "person.id"]),
        UniqueConstraint("school_id", "catalogue", "running"),
        Index("ix_thing_code", "code"),
        Index("ix_thing_home", "school_id", "home_id"),
        Index("ix_thing_kind", "school_id", "kind_id"),
        Index("ix_thing_keeper", "school_id", "keeper_id"),
        Index("ix_thing_retired", "school_id", "retired_at"),
        Index("ix_thing_newest", "school_id", "registered_at"),
        Index("ix_thing_voucher", "school_id", "voucher"),
    )

    code: Mapped[str] = mapped_column(
        String(CODE_DIGITS), references("code.code"), primary_key=True
    )
    kind_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    managed_as: Mapped[str] = mapped_column(String(10))
    catalogue: Mapped[str] = mapped_column(String(20))
    running: Mapped[int]
    home_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    keeper_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    unit_price_cents: Mapped[int | None] = mapped_column(BigInteger)
    purchased: Mapped[str | None] = mapped_column(String(10))
    """Date of purchase as far as it is known: 2019-03-14, or 2019-03."""
    voucher: Mapped[str | None] = mapped_column(String(60))
    finance_card_no: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(String(400))
    registered_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    retired_quantity: Mapped[int | None]
    """How much went outside when it was retired; None when it joined another batch."""

    searched_sort = "thing"
    searched_columns = frozenset({"finance_card_no", "voucher"})

    def searched(self) -> Iterable[Doc]:
        """
        Return what a thing is found by, beside its kind, its place and its keeper.

        Code and number are columns with an index. A voucher is of many things, so it is found
        by itself, and the things by it.
        """
        yield Doc(self.searched_sort, self.code, (), (self.finance_card_no,))
        if self.voucher:
            yield Doc("voucher", self.voucher, (self.voucher,), (self.voucher,))

    @property
    def number(self) -> str:
        return str(Number(self.catalogue, self.running))


class Holding(SchoolScoped, Base):
    """How much of a thing is in a place. Over all places, boundaries included, the sum is zero."""

    __tablename__ = "holding"
    __table_args__ = (
        together(["school_id", "code"], ["thing.school_id", "thing.code"]),
        together(["school_id", "place_id"], ["place.school_id", "place.id"]),
        Index("ix_holding_place", "school_id", "place_id"),
    )

    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    place_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    quantity: Mapped[int]


class CardLine(SchoolScoped, Base):
    """What the current card of a place says: so much of a kind on a shelf or in a room."""

    __tablename__ = "card_line"
    __table_args__ = (
        together(["school_id", "place_id"], ["place.school_id", "place.id"]),
        together(["school_id", "kind_id"], ["kind.school_id", "kind.id"]),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
    )

    place_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    kind_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    quantity: Mapped[int]


class CabinetCard(SchoolScoped, Base):
    """The last printed card of a cabinet; stale when the contents no longer have its hash."""

    __tablename__ = "cabinet_card"
    __table_args__ = (together(["school_id", "cabinet_id"], ["place.school_id", "place.id"]),)

    cabinet_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    version: Mapped[int]
    printed_hash: Mapped[str] = mapped_column(String(64))
    printed_at: Mapped[datetime]
    printed_by: Mapped[str] = mapped_column(String(ID_LENGTH))
