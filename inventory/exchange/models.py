"""This module is about the tables of imports: staged rows, what each becomes, how far it is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import CODE_DIGITS, ID_LENGTH, Base, SchoolScoped, together


class RowStatus(StrEnum):
    """What importing a row would do, or did."""

    NEW = "new"
    SAME = "same"
    DIFFERS = "differs"
    DONE = "done"
    UNDONE = "undone"
    NO_PLACE = "no_place"
    """Left out because the school has no such place; it may be set up when somebody says so."""
    LOCKED = "locked"
    """Left out because its place is locked: it comes in with the same file once it is open."""


class Import(SchoolScoped, Base):
    """A spreadsheet that was read and staged; nothing of it is in the register until applied."""

    __tablename__ = "import"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    file: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    staged_at: Mapped[datetime]
    staged_by: Mapped[str] = mapped_column(String(ID_LENGTH))
    rooms: Mapped[str] = mapped_column(Text)
    """The rooms and cabinets that the file names, as JSON."""
    places: Mapped[str | None] = mapped_column(Text)
    """The places that the file needs (`Wanted`), as a JSON list; None until they were found out."""
    rows_total: Mapped[int | None]
    """How many rows it has once all are staged; None for imports of release 0.1.0."""
    headers: Mapped[str | None] = mapped_column(Text)
    """What the columns of each sheet hold and how that is known, as JSON; None before 0.2."""
    document_id: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    confirmed_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    made: Mapped[str | None] = mapped_column(Text)
    """The codes of the places that it set up, as a JSON list."""
    undo_document_id: Mapped[str | None] = mapped_column(String(CODE_DIGITS))
    undo_begun_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]


class ImportRow(SchoolScoped, Base):
    """One row of a staged spreadsheet."""

    __tablename__ = "import_row"
    __table_args__ = (
        together(["school_id", "import_id"], ["import.school_id", "import.id"]),
        Index("ix_import_row_key", "school_id", "line_key"),
        Index("ix_import_row_status", "school_id", "import_id", "status"),
    )

    import_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    line_key: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[str] = mapped_column(String(60))
    row: Mapped[int]
    record: Mapped[str] = mapped_column(Text)
    managed_as: Mapped[str] = mapped_column(String(10))
    status: Mapped[str] = mapped_column(String(10))
    quantity: Mapped[int]
    equipment_class: Mapped[str] = mapped_column(String(40))
    location: Mapped[str] = mapped_column(String(200))
    lot: Mapped[str] = mapped_column(String(64))
    """Fingerprint of kind and place: rows of one lot become one batch."""
    differs: Mapped[str] = mapped_column(String(200))
    """The names of the fields that differ from what was imported before, comma-separated."""
    made: Mapped[str | None] = mapped_column(Text)
    """What the row made (`Made`), as JSON; None for rows of release 0.1.0."""


class ImportFault(SchoolScoped, Base):
    """Something that was wrong with a row of a staged spreadsheet."""

    __tablename__ = "import_fault"
    __table_args__ = (
        together(["school_id", "import_id"], ["import.school_id", "import.id"]),
        Index("ix_import_fault_code", "school_id", "import_id", "severity", "code", "n"),
        Index("ix_import_fault_row", "school_id", "import_id", "sheet", "row"),
    )

    import_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    sheet: Mapped[str] = mapped_column(String(60))
    row: Mapped[int]
    field: Mapped[str] = mapped_column(String(40))
    """The column's name as faults speak of it, "*" for the whole row."""
    code: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(10))
    raw: Mapped[str | None] = mapped_column(Text)
    repaired: Mapped[str | None] = mapped_column(Text)


class ImportPart(SchoolScoped, Base):
    """A part of a file that was read, kept so that it can be read in another way."""

    __tablename__ = "import_part"
    __table_args__ = (together(["school_id", "import_id"], ["import.school_id", "import.id"]),)

    import_id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ColumnChoice(SchoolScoped, Base):
    """What a school said that the columns under a header hold, for the next time."""

    __tablename__ = "column_choice"

    fingerprint: Mapped[str] = mapped_column(String(64), primary_key=True)
    columns: Mapped[str] = mapped_column(Text)
    """Field by the words over the column, as JSON; an empty one is passed over."""
    chosen_at: Mapped[datetime]
    chosen_by: Mapped[str] = mapped_column(String(ID_LENGTH))
