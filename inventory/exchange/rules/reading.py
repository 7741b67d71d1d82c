"""A reading is one cell's meaning and what was found on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from inventory.exchange.rules.faults import FaultCode, Finding, Severity, error

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A value, None when unknown, with its findings in the order they were met."""

    value: T | None
    findings: tuple[Finding, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether the whole row must stay out because of this cell."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def unreadable(code: FaultCode) -> Reading[Any]:
    """The reading of a cell that keeps its row out."""
    return Reading(None, (error(code),))
