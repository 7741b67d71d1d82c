"""Corners have one order, whatever order a library gives them in."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.places import area, bounds, clockwise, shared_area

SQUARE = ((0, 0), (10, 0), (10, 10), (0, 10))


@pytest.mark.parametrize("given_order", list(permutations(SQUARE)))
def test_any_order_becomes_clockwise_from_the_top_left(given_order):
    assert clockwise(given_order) == SQUARE


def test_a_diamond_begins_at_its_top():
    assert clockwise([(10, 20), (0, 10), (20, 10), (10, 0)])[0] == (10, 0)


def test_three_corners_are_refused():
    with pytest.raises(ValueError, match="four corners"):
        clockwise(SQUARE[:3])


points = st.tuples(st.integers(0, 500), st.integers(0, 500))
boxes = st.lists(points, min_size=4, max_size=4).map(bounds)


@given(boxes, boxes)
def test_shared_area_is_symmetric_and_within_both(one, other):
    shared = shared_area(one, other)

    assert shared == shared_area(other, one)
    assert 0 <= shared <= min(area(one), area(other))
    assert shared_area(one, one) == area(one)
