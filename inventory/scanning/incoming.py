"""This module is about scans as they arrive: what a body may hold, before it is taken in."""

import json
from typing import Any

from inventory.api.edge import fields, instant
from inventory.errors import Invalid, Missing, TooMany
from inventory.scanning.service import MEDIA, MOST_SCANS, Incoming

LARGEST_SEQ = 2**63 - 1
LONGEST_READS = 4_000
REQUIRED = {"device": str, "seq": int, "at": str, "payload": str}
OPTIONAL = {"medium": str, "task": str, "place": str, "reads": object}


def listed(value: Any) -> list[Any]:
    """The scans of a body: `{"scans": […]}`, a list of them, or one alone."""
    if isinstance(value, dict) and "scans" in value:
        value = fields(value, required={"scans": list})["scans"]
    scans = [value] if isinstance(value, dict) else value
    if not isinstance(scans, list):
        raise Invalid(field="scans", value="no list")
    if not scans:
        raise Missing(field="scans")
    if len(scans) > MOST_SCANS:
        raise TooMany(field="scans", count=len(scans), limit=MOST_SCANS)
    return scans


def incoming(index: int, value: Any) -> Incoming:
    try:
        return _checked(fields(value, required=REQUIRED, optional=OPTIONAL, as_sent=("payload",)))
    except Invalid as refusal:
        refusal.data |= {"index": index}
        if isinstance(value, dict):
            refusal.data |= {name: value[name] for name in ("device", "seq") if name in value}
        raise


def _checked(scan: dict[str, Any]) -> Incoming:
    _between("device", scan["device"], 1, 64)
    _between("task", scan.get("task") or "", 0, 32)
    _between("place", scan.get("place") or "", 0, 32)
    medium = scan.get("medium") or "api"
    if medium not in MEDIA:
        raise Invalid(field="medium", value=medium[:60])
    if not 0 <= scan["seq"] <= LARGEST_SEQ:
        raise Invalid(field="seq", value=str(scan["seq"])[:60])
    return Incoming(
        device=scan["device"],
        seq=scan["seq"],
        at=instant(scan["at"], "at"),
        payload=_storable(scan["payload"]),
        medium=medium,
        task=scan.get("task") or None,
        place=scan.get("place") or None,
        reads=_reads(scan.get("reads")),
    )


def _reads(value: Any) -> str | None:
    """How often and how strongly a reader saw it: a number, or figures by name."""
    if value is None:
        return None
    text = json.dumps(value)
    if not isinstance(value, int | dict) or len(text) > LONGEST_READS:
        raise Invalid(field="reads", value=text[:60])
    return text


def _storable(text: str) -> str:
    """The text with what no database keeps (NUL, half a surrogate pair) visibly replaced."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _between(name: str, text: str, least: int, most: int) -> None:
    if not least <= len(text) <= most:
        raise Invalid(field=name, value=text[:60])
