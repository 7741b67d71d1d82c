"""This module is about loans as a file to keep."""

from collections.abc import Iterable

from flask_babel import gettext

from inventory.custody.queries import LoanRow
from inventory.web.filters import day
from inventory.web.tables import Cell, Table


def loans_table(rows: Iterable[LoanRow]) -> Table:
    """Return what is lent for a spreadsheet."""
    columns = (
        (gettext("School"), 18), (gettext("Number"), 14), (gettext("Code"), 14),
        (gettext("Name"), 24), (gettext("Specification"), 24), (gettext("Quantity"), 10),
        (gettext("Unit"), 8), (gettext("Person"), 12), (gettext("Since"), 12),
        (gettext("Comes back on"), 12), (gettext("Document"), 16), (gettext("Place"), 16),
    )  # fmt: skip
    return Table(gettext("Loans"), columns, map(_loan, rows))


def _loan(row: LoanRow) -> tuple[Cell, ...]:
    return (
        row.school, row.number, row.code, row.name, row.specification, row.left, row.unit,
        row.person, day(row.lent_at), row.due or "", row.document, row.place,
    )  # fmt: skip
