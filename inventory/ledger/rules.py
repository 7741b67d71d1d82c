"""This module is about documents: their types and states, who approves what, and in which order."""

import re
from dataclasses import dataclass
from enum import StrEnum

from inventory.errors import Invalid

MOST_LINES = 300
"""Lines of one document; what is longer is two documents."""


class DocumentType(StrEnum):
    """The voucher behind a change."""

    OPENING = "opening"
    RECEIPT = "receipt"
    CORRECTION = "correction"
    """Something was entered wrongly (更正); it is no scrapping and no loss."""
    REVERSAL = "reversal"
    """Takes back another document as a whole (红冲)."""
    LOAN = "loan"
    RETURN = "return"
    RELOCATION = "relocation"
    """Things, or a cabinet with all that is in it, go to another place of the school (移库)."""
    HANDOVER = "handover"
    """Things get another keeper (移交)."""
    TRANSFER = "transfer"
    """Things leave for another school (调出)."""
    ARRIVAL = "arrival"
    """Things of another school arrive (调入): the other side of a transfer."""
    REPAIR = "repair"
    SCRAP = "scrap"
    LOSS = "loss"


PREFIX = {
    DocumentType.OPENING: "QC",
    DocumentType.RECEIPT: "RK",
    DocumentType.CORRECTION: "GZ",
    DocumentType.REVERSAL: "HC",
    DocumentType.LOAN: "JY",
    DocumentType.RETURN: "GH",
    DocumentType.RELOCATION: "YK",
    DocumentType.HANDOVER: "YJ",
    DocumentType.TRANSFER: "DC",
    DocumentType.ARRIVAL: "DR",
    DocumentType.REPAIR: "WX",
    DocumentType.SCRAP: "BF",
    DocumentType.LOSS: "DS",
}
"""Marks of the documents' numbers: 期初, 入库, 更正, 红冲, 借用, 归还, 移库, 移交, 调出, 调入, …"""
DRAFTED = frozenset(
    {
        DocumentType.RECEIPT, DocumentType.RELOCATION, DocumentType.HANDOVER,
        DocumentType.TRANSFER, DocumentType.REPAIR, DocumentType.SCRAP, DocumentType.LOSS,
    }
)  # fmt: skip
"""Types that a person fills in and submits; the others come about with what they record."""


class DocumentState(StrEnum):
    """How far a document has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    """Approved and not finished: a transfer that is under way, a repair that is being made."""
    EXECUTED = "executed"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


OPEN = frozenset(
    {
        DocumentState.DRAFT, DocumentState.SUBMITTED, DocumentState.RETURNED,
        DocumentState.APPROVED,
    }
)  # fmt: skip
"""States in which a document is still to come to an end; what is in one is in no other."""
CHANGEABLE = frozenset({DocumentState.DRAFT, DocumentState.RETURNED})
DONE = frozenset({DocumentState.EXECUTED, DocumentState.FILED})

RECEIVER = "receiver"
"""Who a transfer waits for when it is under way: nobody's role, but the other school."""


@dataclass(frozen=True, slots=True)
class Approver:
    """One step of a chain: a role, and the unit price in yuan from which it is asked."""

    role: str
    from_yuan: int = 0


STEP = re.compile(r"(?P<role>[a-z_]+)(?:\s*>=\s*(?P<yuan>[0-9]{1,9}))?")
APPROVING_ROLES = frozenset({"administrator", "bureau_officer", "principal", "equipment_manager"})


def chains(text: str) -> dict[str, tuple[Approver, ...]]:
    """
    Return the chains of approval that a setting writes, by type of document.

    It is written like `scrap: principal, bureau_officer >= 500; transfer: principal`: the
    principal approves every scrapping, and the bureau as well from 500 yuan for a single piece.

    Raises:
        Invalid: it is not written like that.
    """
    found: dict[str, tuple[Approver, ...]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        type, colon, steps = (one.strip() for one in part.partition(":"))
        if not colon or type not in set(DRAFTED) or type in found:
            raise Invalid(field="approvals", value=part[:60])
        found[type] = tuple(_approver(one.strip()) for one in steps.split(",") if one.strip())
    return found


def _approver(text: str) -> Approver:
    match = STEP.fullmatch(text)
    if match is None or match["role"] not in APPROVING_ROLES:
        raise Invalid(field="approvals", value=text[:60])
    return Approver(match["role"], int(match["yuan"] or 0))


def chain_for(chain: tuple[Approver, ...], dearest_cents: int | None) -> tuple[str, ...]:
    """
    Return the roles that approve a document, in order.

    What counts is the unit price of the dearest piece (500 元以上逐级上报); a price that nobody
    knows asks everybody.
    """
    return tuple(
        one.role for one in chain if dearest_cents is None or dearest_cents >= one.from_yuan * 100
    )
