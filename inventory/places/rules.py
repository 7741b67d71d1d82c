"""This module is about laying out a room: which cabinets and shelves a few numbers mean."""

from dataclasses import dataclass

from inventory.errors import Invalid, TooMany

MOST_PLACES = 300
"""Places that one form sets up: 40 cabinets with six shelves each, and more."""
MOST_SHELVES = 30
LAST_NUMBER = 999


@dataclass(frozen=True, slots=True)
class Planned:
    """A place that is to be set up: its path, and the path of the place above it."""

    path: str
    above: str | None
    sort: str
    short: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Cabinets from one number to another, each with so many shelves and perhaps a title."""

    first: int
    last: int
    shelves: int = 0
    titles: tuple[str, ...] = ()


def room(short: str, name: str, series: Series) -> list[Planned]:
    """
    Return the room and all that stands in it, each after what is above it.

    Raises:
        Invalid, TooMany: the numbers are not possible.
    """
    inside = cabinets(short, series) if series.last else []
    return _few([Planned(short, None, "room", short, name), *inside])


def cabinets(above: str, series: Series) -> list[Planned]:
    """
    Return cabinets with their shelves for a room.

    Raises:
        Invalid, TooMany: the numbers are not possible.
    """
    if not 1 <= series.first <= LAST_NUMBER:
        raise Invalid(field="first", value=series.first)
    if not series.first <= series.last <= LAST_NUMBER:
        raise Invalid(field="last", value=series.last)
    planned: list[Planned] = []
    for index, number in enumerate(range(series.first, series.last + 1)):
        short = f"{number:02d}"
        path = f"{above}-{short}"
        title = series.titles[index] if index < len(series.titles) else ""
        planned.append(Planned(path, above, "cabinet", short, title))
        planned.extend(shelves(path, 1, series.shelves))
    return _few(planned)


def shelves(above: str, first: int, last: int) -> list[Planned]:
    """
    Return shelves for a cabinet.

    Raises:
        Invalid: the numbers are not possible.
    """
    if not 0 <= last <= MOST_SHELVES or first < 1:
        raise Invalid(field="shelves", value=last)
    return [
        Planned(f"{above}-{number}", above, "shelf", str(number))
        for number in range(first, last + 1)
    ]


def _few(planned: list[Planned]) -> list[Planned]:
    if len(planned) > MOST_PLACES:
        raise TooMany(count=len(planned), limit=MOST_PLACES)
    return planned
