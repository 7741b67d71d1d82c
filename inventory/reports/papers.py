"""This module is about attainment and gaps as a spreadsheet: the lines of the page, all of them."""

from collections.abc import Iterator

from flask_babel import gettext

from inventory.reports.queries import Line
from inventory.reports.rules import Figures, percent
from inventory.reports.store import Like, Offer
from inventory.web.downloads import spreadsheet


def attainment_xlsx(
    facts: list[tuple[str, str]],
    found: list[Line],
    sums: Figures,
    offers: dict[tuple[str, Like], list[Offer]],
) -> bytes:
    """Return the lines with their figures, and the sums below them."""
    columns = [
        (gettext("School"), 20), (gettext("Subject"), 12), (gettext("Class"), 14),
        (gettext("Catalogue code"), 14), (gettext("Name"), 24), (gettext("Specification"), 24),
        (gettext("Unit"), 8), (gettext("Required"), 10), (gettext("Usable"), 10),
        (gettext("Attainment"), 12), (gettext("Gap"), 10), (gettext("To spare"), 10),
        (gettext("Unit price"), 12), (gettext("Need in yuan"), 14), (gettext("Gap in yuan"), 14),
        (gettext("To spare in yuan"), 14), (gettext("Idle in other schools"), 36),
    ]  # fmt: skip
    title = str(gettext("Attainment and gaps"))
    head = [*facts, ()]
    return spreadsheet(title, head, columns, _rows(found, offers), [_sums(sums)])


def _rows(
    found: list[Line], offers: dict[tuple[str, Like], list[Offer]]
) -> Iterator[tuple[object, ...]]:
    for line in found:
        elsewhere = offers.get((line.school_id, line.like), []) if line.gap else []
        yield (
            line.school, line.subject, line.equipment_class, line.code or "", line.name,
            line.specification, line.unit, line.required, line.usable, percent(line.attainment),
            line.gap, line.surplus, _yuan(line.unit_price_cents), _yuan(line.required_cents),
            _yuan(line.gap_cents), _yuan(line.surplus_cents),
            "; ".join(f"{offer.school} {offer.surplus}" for offer in elsewhere),
        )  # fmt: skip


def _sums(sums: Figures) -> tuple[object, ...]:
    return (
        gettext("Sum"), *[""] * 6, sums.required, sums.usable, percent(sums.attainment), sums.gap,
        sums.surplus, "", _yuan(sums.required_cents), _yuan(sums.gap_cents),
        _yuan(sums.surplus_cents),
    )  # fmt: skip


def _yuan(cents: int | None) -> object:
    """A number that adds up; a dash where the price is not known."""
    return "—" if cents is None else cents / 100
