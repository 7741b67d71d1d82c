"""One observation of one tag, exactly as a reader gave it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Medium(StrEnum):
    """What carried a payload to us: the technique, not the make of the device."""

    CAMERA = "camera"
    IMAGE = "image"
    WEDGE = "wedge"
    TYPED = "typed"
    NFC = "nfc"
    UHF = "uhf"


@dataclass(frozen=True, slots=True)
class Scan:
    """
    One observation of one tag; ``(device, seq)`` is its name for ever.

    Raises:
        ValueError: ``at`` has no time zone, or ``seq`` is below 1.
    """

    payload: str
    medium: Medium
    device: str
    seq: int
    at: datetime

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError("a scan's time needs a time zone")
        if self.seq < 1:
            raise ValueError(f"sequence numbers start at 1, not {self.seq}")
        object.__setattr__(self, "at", self.at.astimezone(UTC))

    def as_json(self) -> dict[str, str | int]:
        """Give the scan as JSON values; ``at`` is RFC 3339 in UTC with microseconds and Z."""
        return {
            "device": self.device,
            "seq": self.seq,
            "at": instant(self.at),
            "payload": self.payload,
            "medium": self.medium.value,
        }


def instant(at: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with microseconds and Z: its text sorts as time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
