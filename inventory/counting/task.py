"""This module is about counting by scanning: the task that intake offers its scans to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from inventory.counting import store
from inventory.counting.rules import Said
from inventory.scanning.service import Taken
from inventory.scope import Permission


class CountTask:
    """Writes a sighting with each scan whose task is an open count in sight."""

    def take(self, connection: Connection, taken: Sequence[Taken]) -> None:
        """Answer every scan that names a count; a closed one keeps the scan and no sighting."""
        if not taken:
            return
        counts = store.counts(connection, [one.scan.task for one in taken if one.scan.task])
        by_count: dict[str, list[Taken]] = {}
        for one in taken:
            count = counts.get(one.scan.task or "")
            if count is None or not one.by.sees(count[0]):
                continue
            # A number may point at a thing in several schools; the count says which is meant.
            one.targets = [t for t in one.targets if t.school_id == count[0]] or one.targets
            if not one.by.may(Permission.COUNT):
                one.task_answer = {"id": one.scan.task, "outcome": "not_allowed"}
            elif not count[2]:
                one.task_answer = {"id": one.scan.task, "outcome": "closed"}
            else:
                by_count.setdefault(one.scan.task or "", []).append(one)
        for count_id, scans in by_count.items():
            school_id, place_id, _ = counts[count_id]
            _sight(connection, school_id, count_id, place_id, scans)


def _sight(
    connection: Connection, school_id: str, count_id: str, place_id: str, scans: list[Taken]
) -> None:
    codes = [one.target.code for one in scans if _is_thing(one, school_id) and one.target]
    strays = [one.scan.payload for one in scans if not _is_thing(one, school_id)]
    expected = store.expected(connection, school_id, count_id, codes)
    seen = store.seen(connection, school_id, count_id, codes, strays)
    number = store.last_number(connection, school_id, count_id)
    rows: list[dict[str, Any]] = []
    for one in scans:
        outcome = _outcome(one, school_id, expected, seen)
        one.task_answer = {"id": count_id, "outcome": outcome}
        if outcome == "misplaced" and one.target is not None:
            one.task_answer["belongs_in"] = one.target.place
        if outcome in {"place", "not_a_thing", "retired"}:
            continue
        number += 1
        seen.add(_mark(one, school_id))
        rows.append(_row(one, school_id, count_id, place_id, number))
    store.keep(connection, rows)


def _is_thing(one: Taken, school_id: str) -> bool:
    return (
        one.target is not None and one.target.type == "thing" and one.target.school_id == school_id
    )


def _mark(one: Taken, school_id: str) -> str:
    """What a sighting is known by when it comes again: the thing's code, else what was read."""
    return one.target.code if one.target and _is_thing(one, school_id) else one.scan.payload


def _outcome(one: Taken, school_id: str, expected: dict[str, bool], seen: set[str]) -> str:
    """What the sighting is, in one word: the one that the page shows and sounds."""
    target = one.target
    if target is None:
        return "again" if _mark(one, school_id) in seen else "unknown"
    if target.type in {"room", "cabinet", "shelf"}:
        return "place"
    if not _is_thing(one, school_id):
        if target.type != "thing":
            return "not_a_thing"
        return "again" if _mark(one, school_id) in seen else "other_school"
    if target.code in seen:
        return "again"
    if target.code not in expected:
        if target.is_retired:
            return "retired"
        return "misplaced"
    return "open" if expected[target.code] else "match"


def _row(one: Taken, school_id: str, count_id: str, place_id: str, number: int) -> dict[str, Any]:
    target = one.target if _is_thing(one, school_id) else None
    return {
        "school_id": school_id,
        "count_id": count_id,
        "owner": one.owner,
        "device": one.scan.device,
        "seq": one.scan.seq,
        "number": number,
        "code": target.code if target else None,
        "payload": one.scan.payload[:1000],
        "said": Said.SEEN.value,
        "quantity": None,
        "place_id": place_id,
        "person_id": one.by.id,
        "at": one.scan.at,
        "received_at": one.received_at,
        "undone_at": None,
        "undone_by": None,
    }
