"""This module is about the table of kinds."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import ID_LENGTH, Base, SchoolScoped


class Kind(SchoolScoped, Base):
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

    @property
    def title(self) -> str:
        """Name and specification as people say them."""
        return f"{self.name} {self.specification}".strip()
