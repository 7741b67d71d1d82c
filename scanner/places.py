"""Where a symbol lies in a picture: four corners, and whether two of them are one place."""

from collections.abc import Iterable, Sequence
from math import atan2

Point = tuple[int, int]
Corners = tuple[Point, Point, Point, Point]
Box = tuple[int, int, int, int]

# Readers outline the same symbol a little differently, and a linear symbol sometimes as one line.
SLACK_PX = 3


def clockwise(points: Iterable[Point]) -> Corners:
    """
    Order four corners clockwise as seen in the picture, from the one nearest its top left.

    Raises:
        ValueError: not exactly four points.
    """
    four = list(points)
    if len(four) != 4:
        raise ValueError(f"four corners are needed, not {len(four)}")
    x0 = sum(x for x, _ in four) / 4
    y0 = sum(y for _, y in four) / 4
    # Picture coordinates have y downwards, so that growing angles turn clockwise.
    ring = sorted(four, key=lambda p: atan2(p[1] - y0, p[0] - x0))
    first = min(range(4), key=lambda i: (sum(ring[i]), ring[i][1]))
    a, b, c, d = ring[first:] + ring[:first]
    return a, b, c, d


def bounds(points: Sequence[Point]) -> Box:
    """Give left, top, right and bottom in pixels, widened by the slack between readers."""
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    return min(xs) - SLACK_PX, min(ys) - SLACK_PX, max(xs) + SLACK_PX, max(ys) + SLACK_PX


def shared_area(one: Box, other: Box) -> int:
    """Give the pixels that two boxes have in common."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)


def area(box: Box) -> int:
    """Give the pixels of a box."""
    return (box[2] - box[0]) * (box[3] - box[1])
