"""
Places are where things stand: a room, or room, cabinet and shelf, written 物仪1-03-2.

A register knows the school's rooms by short and by full name, and the cabinets in each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from inventory.exchange.rules.faults import FaultCode
from inventory.exchange.rules.text import folded, trimmed

_DASHES = re.compile(r"\s*[-‐‑‒–—―−－ー~～_]+\s*")
_NUMERAL = r"\d{1,3}|[一二三四五六七八九十]{1,3}"
_BY_DASHES = re.compile(
    r"(?P<room>.+?)\s*[-/.]\s*(?P<cabinet>\d{1,3})\s*[-/.]\s*(?P<shelf>\d{1,2})"
)
_BY_ONE_DASH = re.compile(r"(?P<room>.+)-(?P<cabinet>\d{1,3})")
_BY_WORDS = re.compile(
    rf"(?P<room>.*?)[\s,，、-]*第?(?P<cabinet>{_NUMERAL})\s*[号#]?\s*(?:仪器|橱|药品)?[柜橱]"
    rf"(?:[\s,，、-]*第?(?P<shelf>{_NUMERAL})\s*[层格]?)?"
)
_ROOMLESS = re.compile(
    rf"(?:第?(?:{_NUMERAL})?\s*[号#]?[柜橱])?\s*(?:第?(?:{_NUMERAL})\s*[层格])?"
    r"|\d{1,2}(?:-\d{1,3}){0,2}"
)
_CANONICAL = re.compile(r"(?P<room>.+)-\d{2,3}-\d{1,2}")
_LAST_NUMBER = re.compile(r"\d+$")
_SORTS_OF_PLACE = (
    "仪器室 实验室 准备室 器材室 药品室 教具室 危化品室 保管室 库房 仓库 办公室 教室 室 "
    "柜 橱 仪器柜 柜子 架子 货架 药品柜"
)
_GENERIC = frozenset(_SORTS_OF_PLACE.split())
_DIGITS = {digit: value for value, digit in enumerate("一二三四五六七八九", start=1)}


@dataclass(frozen=True, slots=True)
class Location:
    """A place as the ledger means it; without a cabinet a thing stands free in its room."""

    room: str
    cabinet: int | None = None
    shelf: int | None = None

    def __str__(self) -> str:
        cabinet = "" if self.cabinet is None else f"-{self.cabinet:02d}"
        return self.room + cabinet + ("" if self.shelf is None else f"-{self.shelf}")


class Room(NamedTuple):
    """A room by its short name; `cabinets` by number, None when nobody said which there are."""

    short: str
    name: str = ""
    cabinets: frozenset[int] | None = None
    keeper: str | None = None


class _Candidate(NamedTuple):
    room: str
    cabinet: int | None
    shelf: int | None


class Placing(NamedTuple):
    """Where a text points; `fault` is None when it was written as it should be."""

    location: Location | None
    fault: FaultCode | None = None


@dataclass(frozen=True)
class Register:
    """
    The rooms and cabinets of a school.

    A `complete` one refuses what it does not know. One that was only gathered from the places
    in a file is not complete: it serves to find short names for full ones and refuses nothing.
    """

    rooms: tuple[Room, ...]
    complete: bool = True

    @cached_property
    def _by_name(self) -> dict[str, Room]:
        named = {_compact(room.name): room for room in self.rooms if room.name}
        return named | {_compact(room.short): room for room in self.rooms}

    def find(self, text: str) -> Room | None:
        """The room of a short or full name, however it is spaced."""
        return self._by_name.get(_compact(text))

    def abbreviation(self, name: str) -> Room | None:
        """
        The only room whose short name abbreviates this full name.

        Where all rooms are known, only one that nobody gave a full name can have this one.
        """
        fitting = [
            room
            for room in self.rooms
            if _abbreviates(room.short, _compact(name))
            and not (self.complete and room.name not in ("", room.short))
        ]
        return fitting[0] if len(fitting) == 1 else None

    def is_vague(self, text: str) -> bool:
        """Whether a text names a sort of room and not one: 仪器室, 物理仪器室 without number."""
        text = _compact(text)
        return text in _GENERIC or any(ending.endswith(text) for ending in self._unnumbered)

    @cached_property
    def _unnumbered(self) -> frozenset[str]:
        names = [name for room in self.rooms for name in (room.short, room.name)]
        return frozenset(_LAST_NUMBER.sub("", name) for name in names if _LAST_NUMBER.search(name))


def place(text: str, register: Register | None) -> Placing:
    """Read a place; without a register every room that has a name of its own is believed."""
    text = trimmed(text)
    plain = _DASHES.sub("-", folded(text))
    candidates = tuple(_candidates(plain))
    known = register or Register((), complete=False)
    for candidate in candidates:
        if room := known.find(candidate.room):
            return _in_room(text, room, candidate, known)
    if _ROOMLESS.fullmatch(plain) or known.is_vague(candidates[-1].room):
        return Placing(None, FaultCode.LOCATION_INCOMPLETE)
    if known.complete:
        nameless = known.abbreviation(candidates[-1].room)
        if nameless:
            return _in_room(text, nameless, candidates[-1], known)
        return Placing(None, FaultCode.LOCATION_UNKNOWN)
    return _believed(text, candidates[-1], known)


def gathered_register(texts: Iterable[str]) -> Register:
    """The short names that a file itself uses in well-written places."""
    matches = (_CANONICAL.fullmatch(trimmed(text)) for text in texts)
    shorts = dict.fromkeys(match["room"] for match in matches if match)
    return Register(tuple(Room(short) for short in shorts), complete=False)


def _in_room(text: str, room: Room, candidate: _Candidate, register: Register) -> Placing:
    if (
        register.complete
        and candidate.cabinet is not None
        and room.cabinets is not None
        and candidate.cabinet not in room.cabinets
    ):
        return Placing(None, FaultCode.LOCATION_UNKNOWN)
    return _placed(text, Location(room.short, candidate.cabinet, candidate.shelf))


def _believed(text: str, candidate: _Candidate, register: Register) -> Placing:
    room = register.abbreviation(candidate.room)
    name = room.short if room else candidate.room
    return _placed(text, Location(name, candidate.cabinet, candidate.shelf))


def _placed(text: str, location: Location) -> Placing:
    if location.cabinet is not None and location.shelf is None:
        return Placing(location, FaultCode.LOCATION_INCOMPLETE)
    return Placing(location, None if str(location) == text else FaultCode.LOCATION_FORMAT)


def _candidates(text: str) -> Iterator[_Candidate]:
    """The ways to divide a text, the plain room first and the likeliest division last."""
    yield _Candidate(text, None, None)
    if match := _BY_ONE_DASH.fullmatch(text):
        yield _divided(match)
    if match := _BY_WORDS.fullmatch(text):
        yield from _moved(match)
        yield _divided(match)
    if match := _BY_DASHES.fullmatch(text):
        yield _divided(match)


def _moved(match: re.Match[str]) -> Iterator[_Candidate]:
    """Divisions of 仪器室13号柜 that give the first digits to the room's name."""
    digits = match["cabinet"]
    for cut in range(1, len(digits) if digits.isdigit() and digits.isascii() else 1):
        yield _Candidate(match["room"] + digits[:cut], int(digits[cut:]), _shelf(match))


def _divided(match: re.Match[str]) -> _Candidate:
    return _Candidate(match["room"].strip(), _number(match["cabinet"]), _shelf(match))


def _shelf(match: re.Match[str]) -> int | None:
    shelf = match.groupdict().get("shelf")
    return _number(shelf) if shelf else None


def _number(text: str) -> int:
    """A number up to 99 in Chinese or any in digits."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)


def _compact(text: str) -> str:
    return "".join(folded(text).split())


def _abbreviates(short: str, name: str) -> bool:
    """Whether a short name's signs stand in a full name in order, with the same number."""
    if len(name) <= len(short) or _LAST_NUMBER.findall(short) != _LAST_NUMBER.findall(name):
        return False
    rest = iter(name)
    return all(sign in rest for sign in short)
