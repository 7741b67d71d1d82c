"""This module is about the table of terms, and what a row must say to be found."""

from collections.abc import Iterable

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from inventory.base import Base, SchoolScoped
from inventory.search.rules import LONGEST_TERM, Doc

KEY_LENGTH = 60
SORT_LENGTH = 10


class SearchTerm(SchoolScoped, Base):
    """
    A term by which a row is found. Derived and no part of the history.

    Terms are compared byte by byte on both engines, so that a beginning is a range of the key.
    """

    __tablename__ = "search_term"
    __table_args__ = (
        Index("ix_search_term_key", "school_id", "sort", "key"),
        {"sqlite_with_rowid": False},
    )

    sort: Mapped[str] = mapped_column(String(SORT_LENGTH), primary_key=True)
    term: Mapped[str] = mapped_column(
        String(LONGEST_TERM).with_variant(String(LONGEST_TERM, collation="C"), "postgresql"),
        primary_key=True,
    )
    key: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)


class Searched:
    """
    A row that is found by words.

    `searched_columns` are those on which that depends, so that other changes cost nothing.
    """

    searched_columns: frozenset[str] = frozenset()
    searched_sort: str = ""
    """The sort of its own doc."""

    def searched(self) -> Iterable[Doc]:
        """Return what the row is found by; several docs where it makes others found as well."""
        raise NotImplementedError
