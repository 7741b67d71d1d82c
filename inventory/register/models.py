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
    text,
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
from inventory.register.rules import Number, Status
from inventory.search.models import Searched
from inventory.search.rules import Doc

RETIRED = "retired_at IS NOT NULL"


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
    hops: Mapped[int] = mapped_column(default=0)
    """How often it went to another school; the school of the last time is its own."""
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
        Index("ix_thing_serial_no", "school_id", "serial_no"),
        Index("ix_thing_finance_card_no", "school_id", "finance_card_no"),
        Index("ix_thing_broken_from", "school_id", "broken_from"),
        Index("ix_thing_status", "school_id", "status"),
        Index("ix_thing_keeper", "school_id", "keeper_id"),
        Index(
            "ix_thing_retired",
            "school_id",
            "retired_at",
            sqlite_where=text(RETIRED),
            postgresql_where=text(RETIRED),
        ),
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
    status: Mapped[str] = mapped_column(String(16), default=Status.IN_USE.value)
    """Where it is in its life; `retired_at` says that it is no longer alive in this school."""
    lent: Mapped[int] = mapped_column(default=0)
    """How much of it is in somebody's hands: it is in its place by the book, and not at hand."""
    document_id: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    """The document by which it came to its status."""
    document_number: Mapped[str | None] = mapped_column(String(20))
    """That document's number, which a scan of what was scrapped answers with."""
    retired_quantity: Mapped[int | None]
    """How much went outside when it was retired; None when it joined another batch."""
    serial_no: Mapped[str | None] = mapped_column(String(60))
    maker: Mapped[str | None] = mapped_column(String(100))
    supplier: Mapped[str | None] = mapped_column(String(100))
    invoice: Mapped[str | None] = mapped_column(String(60))
    accepted: Mapped[str | None] = mapped_column(String(10))
    """Date of acceptance (验收) as far as it is known."""
    source: Mapped[str | None] = mapped_column(String(10))
    """One of `rules.SOURCES`."""
    warranty_until: Mapped[str | None] = mapped_column(String(10))
    condition: Mapped[str | None] = mapped_column(String(10))
    """One of `rules.CONDITIONS`; None: nobody said."""
    present_place_id: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    """
    Where it stands now when that is not its home; it stays on its home's card.

    No composite key guards this and the two below: SQLite cannot add one to a table that others
    refer to. Their changes look the other row up in the school instead.
    """
    joined_into: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    """The batch that all of it went to: its own code, which is retired, leads there."""
    broken_from: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    """The batch that it was part of before it became a thing by itself."""

    searched_sort = "thing"
    searched_columns = frozenset({"finance_card_no", "serial_no", "voucher"})

    def searched(self) -> Iterable[Doc]:
        """
        Return what a thing is found by, beside its kind, its place and its keeper.

        Code and number are columns with an index. A voucher is of many things, so it is found
        by itself, and the things by it.
        """
        yield Doc(self.searched_sort, self.code, (), (self.finance_card_no, self.serial_no))
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
        Index("ix_card_line_kind", "school_id", "kind_id", "quantity"),
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


class CardCheck(SchoolScoped, Base):
    """Somebody compared a cabinet with its card and put their initials to it (核对)."""

    __tablename__ = "card_check"
    __table_args__ = (
        together(["school_id", "cabinet_id"], ["place.school_id", "place.id"]),
        Index("ix_card_check_cabinet", "school_id", "cabinet_id", "checked_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    cabinet_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    version: Mapped[int]
    contents: Mapped[str] = mapped_column(String(64))
    """Hash of what was there by the book when it was checked."""
    is_right: Mapped[bool]
    note: Mapped[str | None] = mapped_column(String(200))
    checked_at: Mapped[datetime]
    checked_by: Mapped[str] = mapped_column(String(ID_LENGTH))


class Tag(SchoolScoped, Base):
    """A carrier that was bound to a code: a tag, a card, somebody else's barcode, an old number."""

    __tablename__ = "tag"
    __table_args__ = (
        Index(
            "uq_tag_live",
            "school_id",
            "medium",
            "value",
            unique=True,
            sqlite_where=text("unbound_at IS NULL"),
            postgresql_where=text("unbound_at IS NULL"),
        ),
        Index("ix_tag_value", "value"),
        Index("ix_tag_code", "school_id", "code"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    medium: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(CODE_DIGITS), references("code.code"))
    bound_at: Mapped[datetime]
    bound_by: Mapped[str] = mapped_column(String(ID_LENGTH))
    unbound_at: Mapped[datetime | None]
    unbound_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    reason: Mapped[str | None] = mapped_column(String(200))
    """Why it was unbound."""


class Attachment(SchoolScoped, Base):
    """A photograph or file of whatever bears a code; the bytes lie by their hash on the disk."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index("ix_attachment_subject", "school_id", "subject"),
        Index("ix_attachment_sha256", "sha256"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    subject: Mapped[str] = mapped_column(String(CODE_DIGITS), references("code.code"))
    kind: Mapped[str] = mapped_column(String(10))
    """`photo` or `file`."""
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(String(ID_LENGTH))
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None] = mapped_column(String(ID_LENGTH))
