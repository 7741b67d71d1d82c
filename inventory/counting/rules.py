"""This module is about reconciling: from what was expected and what was seen to the result.

It is a pure function of the two, so that the result can be computed again at any time and is
the same in any order of sightings. Not read is not missing and a label seen is not a quantity
counted: a batch stays open until a number is entered or “all there” is said.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What came out for one line of a count."""

    MATCH = "match"
    OPEN = "open"
    SHORT = "short"
    SURPLUS = "surplus"
    MISSING = "missing"
    MISPLACED = "misplaced"
    UNKNOWN = "unknown"


class Said(StrEnum):
    """What a sighting says: the label was seen, so many were counted, or all are there."""

    SEEN = "seen"
    COUNTED = "counted"
    ALL_THERE = "all_there"


@dataclass(frozen=True, slots=True)
class Expected:
    """One thing and where it should be, here or elsewhere. Quantity in the kind's unit."""

    code: str
    number: str
    name: str
    specification: str
    unit: str
    is_batch: bool
    quantity: int
    place_id: str
    place: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One sighting that was not undone; `order` is when the server took it in, first to last."""

    order: int
    code: str | None
    payload: str
    said: Said
    quantity: int | None
    place_id: str | None
    by: str
    key: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result. `counted` is None while nobody has said how many there are."""

    result: Result
    code: str | None
    number: str
    name: str
    specification: str
    unit: str
    is_batch: bool
    expected: int
    counted: int | None
    place_id: str
    place: str
    payload: str
    seen_by: tuple[str, ...]
    last_order: int
    is_expected: bool

    @property
    def title(self) -> str:
        return f"{self.name} {self.specification}".strip()

    @property
    def difference(self) -> int:
        """Counted less expected; zero while it is open."""
        return 0 if self.counted is None else self.counted - self.expected


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a count: its lines and how many there are of each result."""

    lines: tuple[Line, ...]

    def of(self, result: Result) -> list[Line]:
        return [line for line in self.lines if line.result is result]

    @property
    def figures(self) -> dict[Result, int]:
        figures = dict.fromkeys(Result, 0)
        for line in self.lines:
            figures[line.result] += 1
        return figures

    @property
    def expected(self) -> int:
        """How many lines were expected."""
        return sum(1 for line in self.lines if line.is_expected)

    @property
    def done(self) -> int:
        """How many of the expected lines need no more work."""
        settled = {Result.MATCH, Result.SHORT, Result.SURPLUS}
        return sum(1 for line in self.lines if line.is_expected and line.result in settled)


def reconcile(
    expected: Sequence[Expected],
    sightings: Iterable[Sighting],
    elsewhere: Sequence[Expected] = (),
) -> Outcome:
    """Return the result of a count; order and repeats of sightings make no difference to it."""
    by_code: dict[str, list[Sighting]] = {}
    strays: dict[str, list[Sighting]] = {}
    for sighting in sorted(sightings, key=lambda one: one.order):
        bucket = by_code if sighting.code else strays
        bucket.setdefault(sighting.code or sighting.payload, []).append(sighting)
    lines = [_expected_line(one, by_code.pop(one.code, [])) for one in expected]
    known = {one.code: one for one in elsewhere}
    for code, seen in by_code.items():
        lines.append(_misplaced_line(known.get(code), code, seen))
    lines.extend(_unknown_line(payload, seen) for payload, seen in strays.items())
    return Outcome(tuple(lines))


def _expected_line(one: Expected, seen: list[Sighting]) -> Line:
    counted = _counted(one, seen)
    return Line(
        result=_result(one, seen, counted),
        code=one.code,
        number=one.number,
        name=one.name,
        specification=one.specification,
        unit=one.unit,
        is_batch=one.is_batch,
        expected=one.quantity,
        counted=counted,
        place_id=one.place_id,
        place=one.place,
        payload="",
        seen_by=_people(seen),
        last_order=seen[-1].order if seen else 0,
        is_expected=True,
    )


def _counted(one: Expected, seen: list[Sighting]) -> int | None:
    """How many there are, as far as somebody said so; the last word counts."""
    if not seen:
        return 0
    if not one.is_batch:
        return 1
    said = [sighting for sighting in seen if sighting.said is not Said.SEEN]
    if not said:
        return None
    return one.quantity if said[-1].said is Said.ALL_THERE else said[-1].quantity


def _result(one: Expected, seen: list[Sighting], counted: int | None) -> Result:
    if not seen:
        return Result.MISSING
    if counted is None:
        return Result.OPEN
    if counted == one.quantity:
        return Result.MATCH
    return Result.SHORT if counted < one.quantity else Result.SURPLUS


def _misplaced_line(one: Expected | None, code: str, seen: list[Sighting]) -> Line:
    return Line(
        result=Result.MISPLACED,
        code=code,
        number=one.number if one else "",
        name=one.name if one else "",
        specification=one.specification if one else "",
        unit=one.unit if one else "",
        is_batch=bool(one and one.is_batch),
        expected=0,
        counted=_counted_elsewhere(one, seen),
        place_id=one.place_id if one else "",
        place=one.place if one else "",
        payload="",
        seen_by=_people(seen),
        last_order=seen[-1].order,
        is_expected=False,
    )


def _counted_elsewhere(one: Expected | None, seen: list[Sighting]) -> int | None:
    """How many of a thing that belongs elsewhere are here, as far as somebody said so."""
    return _counted(one, seen) if one is not None else 1


def _unknown_line(payload: str, seen: list[Sighting]) -> Line:
    return Line(
        result=Result.UNKNOWN,
        code=None,
        number="",
        name="",
        specification="",
        unit="",
        is_batch=False,
        expected=0,
        counted=1,
        place_id="",
        place="",
        payload=payload,
        seen_by=_people(seen),
        last_order=seen[-1].order,
        is_expected=False,
    )


def _people(seen: list[Sighting]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sighting.by for sighting in seen))


def sightings_hash(sightings: Iterable[Sighting]) -> str:
    """Return the SHA-256 over a count's sightings in their order, in hexadecimal."""
    rows = [
        [
            one.order,
            one.key,
            one.code,
            one.payload,
            one.said.value,
            one.quantity,
            one.place_id,
            one.by,
        ]
        for one in sorted(sightings, key=lambda one: one.order)
    ]
    return _hash(rows)


def expected_hash(expected: Iterable[Expected]) -> str:
    """Return the SHA-256 over what a count expected, in hexadecimal."""
    ordered = sorted(expected, key=lambda one: one.code)
    rows = [
        [one.code, one.name, one.unit, one.is_batch, one.quantity, one.place_id] for one in ordered
    ]
    return _hash(rows)


def _hash(rows: Sequence[Sequence[object]]) -> str:
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
