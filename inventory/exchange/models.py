"""This module is about the tables of imports: staged rows, what each becomes, how far it is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, Text
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
    faults: Mapped[str] = mapped_column(Text)
    """What is wrong with the file, as JSON."""
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
    differs: Mapped[str] = mapped_column(String(200))
    """The names of the fields that differ from what was imported before, comma-separated."""
    made: Mapped[str | None] = mapped_column(Text)
    """What the row made (`Made`), as JSON; None for rows of release 0.1.0."""
