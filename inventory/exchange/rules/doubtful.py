"""
Doubtful places are those that a file without a list of rooms names once, far from all others.

A ledger that places eighty lines in 药品1, cabinets 1 to 5, and one in cabinet 88 or in 药品9, has
slipped there; whoever knows better can have the place set up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from inventory.exchange.rules.places import Location

_NUMBERED = re.compile(r"(?P<stem>.*\D)(?P<number>\d{1,3})")
_ENOUGH = 20
"""Lines that a room, or the rooms of one name, must have before one of them stands out."""
_ROOMS_APART, _CABINETS_APART = 3, 20


def doubtful(places: Iterable[Location]) -> frozenset[tuple[str, int | None]]:
    """The rooms (without cabinet) and cabinets that stand out, by room and cabinet."""
    rooms: Counter[str] = Counter()
    cabinets: dict[str, Counter[int]] = {}
    for place in places:
        rooms[place.room] += 1
        if place.cabinet is not None:
            cabinets.setdefault(place.room, Counter())[place.cabinet] += 1
    found: set[tuple[str, int | None]] = {(room, None) for room in _rooms(rooms)}
    for room, counted in cabinets.items():
        usual = max((number for number, lines in counted.items() if lines > 1), default=None)
        if usual is None or rooms[room] < _ENOUGH:
            continue
        found |= {
            (room, number)
            for number, lines in counted.items()
            if lines == 1 and number >= 2 * usual + _CABINETS_APART
        }
    return frozenset(found)


def _rooms(counted: Counter[str]) -> Iterable[str]:
    """Rooms named once whose number is far beyond those of the rooms of their name."""
    alike: dict[str, Counter[int]] = {}
    for room, lines in counted.items():
        if match := _NUMBERED.fullmatch(room):
            alike.setdefault(match["stem"], Counter())[int(match["number"])] += lines
    for stem, numbers in alike.items():
        usual = [number for number, lines in numbers.items() if lines > 1]
        if not usual or sum(numbers.values()) < _ENOUGH:
            continue
        for number, lines in numbers.items():
            if lines == 1 and number >= max(usual) + _ROOMS_APART:
                yield f"{stem}{number}"


def is_doubtful(place: Location, among: frozenset[tuple[str, int | None]]) -> bool:
    """Whether a place is one of those that stand out."""
    return (place.room, None) in among or (place.room, place.cabinet) in among
