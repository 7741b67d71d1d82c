"""Which places a ledger needs: rooms first, then cabinets, then shelves, each named and kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """A place that the file needs, under the path of the one above it. `sort` as places have it."""

    path: str
    sort: str
    above: str | None
    short: str
    name: str
    keeper: str | None
    is_on_cover: bool = False
    """The cover names it, so it is set up although nothing may stand in it yet."""


def wanted_places(
    cover: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]
) -> list[Wanted]:
    """
    Return the places of a file's cover and of its records, in an order in which they can be made.

    Rooms are `{short, name, keeper, cabinets}`, records have a `place` `{room, cabinet, shelf}`.
    """
    known = {room["short"]: room for room in cover}
    stood = _Stood()
    for record in records:
        if record.get("place"):
            stood.add(record["place"], record)
    rooms: dict[str, Wanted] = {}
    for short in dict.fromkeys([*known, *stood.rooms]):
        room = known.get(short, {})
        name = room.get("name") or short
        rooms[short] = Wanted(short, "room", None, short, name, room.get("keeper"), short in known)
    on_cover = [(short, n) for short, room in known.items() for n in room["cabinets"]]
    cabinets = _cabinets(on_cover, stood, rooms)
    return [*rooms.values(), *cabinets, *(_shelf(*key) for key in sorted(stood.shelves))]


@dataclass(slots=True)
class _Stood:
    """Where the rows of a file stand: rooms in order, and what most rows of a cabinet are."""

    rooms: dict[str, None] = field(default_factory=dict)
    classes: dict[tuple[str, int], Counter[str]] = field(default_factory=dict)
    keepers: dict[tuple[str, int], Counter[str]] = field(default_factory=dict)
    shelves: set[tuple[str, int, int]] = field(default_factory=set)

    def add(self, place: Mapping[str, Any], record: Mapping[str, Any]) -> None:
        """Count one row."""
        self.rooms.setdefault(place["room"])
        if place["cabinet"] is None:
            return
        key = (place["room"], place["cabinet"])
        self.classes.setdefault(key, Counter())[record["equipment_class"] or ""] += 1
        self.keepers.setdefault(key, Counter())[record["keeper"] or ""] += 1
        if place["shelf"] is not None:
            self.shelves.add((*key, place["shelf"]))


def _shelf(room: str, cabinet: int, shelf: int) -> Wanted:
    above = f"{room}-{cabinet:02d}"
    return Wanted(f"{above}-{shelf}", "shelf", above, str(shelf), "", None)


def _cabinets(
    on_cover: list[tuple[str, int]], stood: _Stood, rooms: dict[str, Wanted]
) -> list[Wanted]:
    """Cabinets are named after what most of their rows are, and kept by whom keeps most of it."""
    order = {short: n for n, short in enumerate(rooms)}
    found = []
    for room, number in sorted(
        {*on_cover, *stood.classes}, key=lambda key: (order[key[0]], key[1])
    ):
        key = (room, number)
        found.append(
            Wanted(
                path=f"{room}-{number:02d}",
                sort="cabinet",
                above=room,
                short=f"{number:02d}",
                name=_commonest(stood.classes.get(key)) or "",
                keeper=_commonest(stood.keepers.get(key)) or rooms[room].keeper,
                is_on_cover=key in on_cover,
            )
        )
    return found


def _commonest(counted: Counter[str] | None) -> str | None:
    return counted.most_common(1)[0][0] if counted else None


def paths_to(place: Mapping[str, Any]) -> list[str]:
    """Return the paths of a record's place and of those above it, from the room down."""
    paths = [str(place["room"])]
    if place["cabinet"] is not None:
        paths.append(f"{paths[-1]}-{place['cabinet']:02d}")
        if place["shelf"] is not None:
            paths.append(f"{paths[-1]}-{place['shelf']}")
    return paths
