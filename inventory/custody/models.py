"""This module is about the table of loans."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import CODE_DIGITS, ID_LENGTH, Base, SchoolScoped, together


class Loan(SchoolScoped, Base):
    """So much of a thing in somebody's hands. It still belongs to its place, and to its card."""

    __tablename__ = "loan"
    __table_args__ = (
        together(["school_id", "code"], ["thing.school_id", "thing.code"]),
        together(["school_id", "document_id"], ["document.school_id", "document.id"]),
        together(["school_id", "person_id"], ["person.school_id", "person.id"]),
        Index("ix_loan_code", "school_id", "code", "closed_at"),
        Index("ix_loan_person", "school_id", "person_id", "closed_at"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    document_id: Mapped[str] = mapped_column(String(CODE_DIGITS))
    code: Mapped[str] = mapped_column(String(CODE_DIGITS))
    person_id: Mapped[str] = mapped_column(String(ID_LENGTH))
    quantity: Mapped[int]
    returned: Mapped[int] = mapped_column(default=0)
    lent_at: Mapped[datetime]
    due: Mapped[str | None] = mapped_column(String(10))
    closed_at: Mapped[datetime | None]

    @property
    def left(self) -> int:
        """How much of it has not come back."""
        return self.quantity - self.returned
