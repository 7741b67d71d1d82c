"""This module is about the list of kinds as a file to keep."""

from collections.abc import Iterable

from flask_babel import gettext

from inventory.catalogue.queries import KindRow
from inventory.web.tables import Table
from inventory.web.words import FORMS, say


def kinds(rows: Iterable[KindRow]) -> Table:
    """Return a list of kinds for a spreadsheet."""
    columns = (
        (gettext("Subject"), 10), (gettext("Class"), 12), (gettext("Catalogue code"), 14),
        (gettext("Name"), 24), (gettext("Specification"), 24), (gettext("Unit"), 8),
        (gettext("Managed"), 10), (gettext("Required"), 10),
    )  # fmt: skip
    cells = (
        (
            row.subject, row.equipment_class, row.catalogue_code or "", row.name,
            row.specification, row.unit, say(FORMS, row.managed_as), row.required,
        )
        for row in rows
    )  # fmt: skip
    return Table(gettext("Kinds"), columns, cells)
