"""Identity is about recognising a kind and a purchase line when the same ledger comes again."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from inventory.exchange.rules.records import Record

COMPARED = (
    "required",
    "quantity",
    "unit_price",
    "purchase_date",
    "location",
    "keeper",
    "note",
    "serial_no",
    "maker",
    "supplier",
    "invoice",
    "accepted",
    "source",
    "warranty_until",
    "condition",
    "old_number",
    "epc",
)
"""The fields in which a line that comes again may differ from what was imported."""

_LINE_FORMAT = 1


class KindKey(NamedTuple):
    """What makes two lines the same kind: codes are unique only within a subject."""

    subject: str
    code: str | None
    name: str
    spec: str | None
    unit: str | None


def kind_key(record: Record) -> KindKey:
    """The kind that a record belongs to."""
    return KindKey(
        record.subject or record.sheet, record.code, record.name, record.spec, record.unit
    )


def line_key(record: Record, ordinal: int) -> str:
    """
    A line's identity over imports, as SHA-256 in hex.

    What may be corrected later (number, price, date, place, keeper) is no part of it; lines
    that agree in all the rest are told apart by `ordinal`, their order in the file from 0.
    """
    parts = [_LINE_FORMAT, *kind_key(record), record.voucher, record.finance_card, ordinal]
    canonical = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def with_line_keys(records: Iterable[Record]) -> Iterator[tuple[str, Record]]:
    """Each record with its key, counting equal ones in the order of the file."""
    counted: Counter[str] = Counter()
    for record in records:
        alike = line_key(record, 0)
        yield line_key(record, counted[alike]), record
        counted[alike] += 1


def differences(old: Record, new: Record) -> tuple[str, ...]:
    """The names of the fields whose values differ, in a fixed order."""
    return tuple(name for name in COMPARED if getattr(old, name) != getattr(new, name))
