"""A column of text: a bold title and lines under it, shrunk and in the end cut to a room."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from labels.drawing import Text
from labels.fonts import ASCENT_EM, MM_PER_PT, face
from labels.text import FLOOR_PT, LEADING, Fitted, cut, limited, one_line_pt, words_pt

TITLE_LINES = 2
TITLE_FLOOR = 0.65
"""The title is what people look for: it shrinks to this part of its size and no further."""
AFTER_EM = 0.15
"""Extra space after each text, in its sizes, so that broken lines read as one."""
STEPS = 12
CALM_STEPS = 4
"""A text gives up this many steps of its size where that saves it a row."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes in points at which the title and the lines are set."""

    title_pt: float
    text_pt: float

    def smaller(self) -> Iterator["Sizes"]:
        """Yield these sizes and smaller ones, down to the floor of each."""
        floor = self.floor()
        for step in range(STEPS + 1):
            part = step / STEPS
            yield Sizes(
                self.title_pt + (floor.title_pt - self.title_pt) * part,
                self.text_pt + (floor.text_pt - self.text_pt) * part,
            )

    def floor(self) -> "Sizes":
        """Give the smallest sizes."""
        return Sizes(max(FLOOR_PT, self.title_pt * TITLE_FLOOR), FLOOR_PT)


@dataclass(frozen=True, slots=True)
class _Part:
    fitted: Fitted
    bold: bool = False

    @property
    def height_mm(self) -> float:
        after_mm = AFTER_EM * self.fitted.size_pt * MM_PER_PT if self.fitted.lines else 0
        return self.fitted.height_mm + after_mm


@dataclass(frozen=True, slots=True)
class _Try:
    """The texts set at one step of the sizes."""

    step: int
    parts: tuple[_Part, ...]

    @property
    def is_whole(self) -> bool:
        return all(part.fitted.is_whole for part in self.parts)

    @property
    def broken(self) -> int:
        """Count the texts with a word broken."""
        return sum(not part.fitted.keeps_words for part in self.parts)

    @property
    def rows(self) -> int:
        return sum(len(part.fitted.lines) for part in self.parts)

    @property
    def height_mm(self) -> float:
        return _height_mm(self.parts)


@dataclass(frozen=True, slots=True)
class Column:
    """Texts set under each other; `is_natural` when the full sizes had room."""

    parts: tuple[_Part, ...]
    is_natural: bool

    def texts(self, left_mm: float, top_mm: float) -> Iterator[Text]:
        """Yield the lines with their places."""
        for part in self.parts:
            size_pt = part.fitted.size_pt
            for row, line in enumerate(part.fitted.lines):
                baseline_mm = top_mm + (row * LEADING + ASCENT_EM) * size_pt * MM_PER_PT
                yield Text(left_mm, baseline_mm, size_pt, line, bold=part.bold)
            top_mm += part.height_mm


def column(
    title: str, lines: Sequence[str], sizes: Sizes, width_mm: float, height_mm: float
) -> Column:
    """
    Set clean text into a room, as large as it fits.

    The sizes shrink together, the lines to 6 pt and the title to 65 %; then an
    ellipsis says that something was left out.
    """
    whole: list[_Try] = []
    for attempt in _tries(title, lines, sizes, width_mm, height_mm):
        if attempt.is_whole and attempt.height_mm <= height_mm:
            whole.append(attempt)
            if _is_enough(whole):
                break
    if not whole:
        return Column(_cut(title, lines, sizes.floor(), width_mm, height_mm), is_natural=False)
    fewest = min(attempt.broken for attempt in whole)
    best = [attempt for attempt in whole if attempt.broken == fewest]
    calm = min(best[:CALM_STEPS], key=lambda attempt: attempt.rows)
    return Column(calm.parts, is_natural=best[0].step == 0)


def _tries(
    title: str, lines: Sequence[str], sizes: Sizes, width_mm: float, height_mm: float
) -> Iterator[_Try]:
    """Set everything at the sizes and then at smaller ones."""
    most = int(height_mm / (FLOOR_PT * LEADING * MM_PER_PT)) + 1
    for step, size in enumerate(sizes.smaller()):
        parts = (*_title(title, width_mm, size, sizes), *_lines(lines, width_mm, size, most))
        yield _Try(step, parts)


def _is_enough(whole: Sequence[_Try]) -> bool:
    """Tell that smaller sizes would not look better: no row or word is broken any more."""
    last = whole[-1]
    if last.rows == len(last.parts) and not last.broken:
        return True
    return sum(not attempt.broken for attempt in whole) >= CALM_STEPS


def _height_mm(parts: Sequence[_Part]) -> float:
    return sum(part.height_mm for part in parts)


def _title(title: str, width_mm: float, size: Sizes, sizes: Sizes) -> Iterator[_Part]:
    """
    Set the title on one line, smaller if need be, before it takes two.

    It goes below its own floor only for a word that would be broken.
    """
    if not title:
        return
    font = face(bold=True)
    size_pt = one_line_pt(title, font, width_mm, size.title_pt)
    if size_pt >= sizes.floor().title_pt:
        yield _Part(Fitted(size_pt, (title,)), bold=True)
    else:
        size_pt = words_pt(title, font, width_mm, size.title_pt)
        yield _Part(limited(title, font, size_pt, width_mm, TITLE_LINES), bold=True)


def _lines(lines: Sequence[str], width_mm: float, size: Sizes, most: int) -> Iterator[_Part]:
    font = face(bold=False)
    for line in lines:
        yield _Part(limited(line, font, size.text_pt, width_mm, most))


def _cut(
    title: str, lines: Sequence[str], floor: Sizes, width_mm: float, height_mm: float
) -> tuple[_Part, ...]:
    """Set everything at the floor, a row for each line before any has a second."""
    head = _cut_title(title, floor, width_mm, height_mm)
    shares = _shares(lines, width_mm, height_mm - _height_mm(head))
    body = [
        _Part(limited(line, face(bold=False), FLOOR_PT, width_mm, share))
        for line, share in zip(lines, shares, strict=True)
        if share
    ]
    parts = (*head, *body)
    return parts if len(body) == len(lines) else _with_ellipsis(parts, width_mm)


def _cut_title(title: str, floor: Sizes, width_mm: float, height_mm: float) -> tuple[_Part, ...]:
    if not title:
        return ()
    rows = int((height_mm / MM_PER_PT / floor.title_pt - AFTER_EM) / LEADING)
    most = max(0, min(TITLE_LINES, rows))
    return (_Part(limited(title, face(bold=True), floor.title_pt, width_mm, most), bold=True),)


def _shares(lines: Sequence[str], width_mm: float, height_mm: float) -> list[int]:
    """Share the room out in rows: one to each line from the top, then more from the top."""
    room_pt = height_mm / MM_PER_PT / FLOOR_PT
    texts = min(len(lines), max(0, int(room_pt / (LEADING + AFTER_EM))))
    left = max(0, int((room_pt - texts * AFTER_EM) / LEADING)) - texts
    shares = [int(index < texts) for index in range(len(lines))]
    for index in range(texts):
        wanted = limited(lines[index], face(bold=False), FLOOR_PT, width_mm, left + 1)
        more = min(left, len(wanted.lines) - 1)
        shares[index] += more
        left -= more
    return shares


def _with_ellipsis(parts: tuple[_Part, ...], width_mm: float) -> tuple[_Part, ...]:
    """Say in the last row that whole lines are missing after it."""
    if not parts or not parts[-1].fitted.is_whole:
        return parts
    last = parts[-1]
    *before, row = last.fitted.lines
    row = cut(row, face(bold=last.bold), last.fitted.size_pt, width_mm)
    fitted = replace(last.fitted, lines=(*before, row), is_whole=False)
    return (*parts[:-1], replace(last, fitted=fitted))
