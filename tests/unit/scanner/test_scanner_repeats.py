"""A label that stays in view is one scan."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.repeats import Repeats

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


def test_a_label_held_for_long_is_one_scan():
    repeats = Repeats(2.0)

    fresh = [repeats.fresh(["a"], after(tenth / 10)) for tenth in range(100)]

    assert fresh == [["a"]] + [[]] * 99


def test_a_label_that_comes_back_is_a_scan_again():
    repeats = Repeats(2.0)

    assert repeats.fresh(["a"], after(0)) == ["a"]
    assert repeats.fresh(["a"], after(1.999)) == []
    assert repeats.fresh(["a"], after(3.999)) == ["a"]


def test_one_picture_gives_a_payload_once_and_keeps_the_order():
    assert Repeats().fresh(["b", "a", "b", "c"], NOON) == ["b", "a", "c"]


def test_stills_count_each_for_itself():
    repeats = Repeats(None)

    assert repeats.fresh(["a", "a"], NOON) == ["a"]
    assert repeats.fresh(["a"], NOON) == ["a"]


def test_a_clock_set_back_does_not_hide_labels_for_an_hour():
    repeats = Repeats(2.0)
    repeats.fresh(["a"], after(3600))

    assert repeats.fresh(["a"], after(0)) == ["a"]


def test_a_negative_window_cannot_be():
    with pytest.raises(ValueError, match="window"):
        Repeats(-1)


frames = st.lists(
    st.tuples(st.floats(0, 3), st.lists(st.sampled_from("abc"), max_size=4)), max_size=40
)


@given(frames, st.sampled_from([0.0, 0.5, 2.0]))
def test_fresh_is_what_no_picture_of_the_window_showed(steps, window_s):
    repeats = Repeats(window_s)
    shown, at_s = [], 0.0

    for step_s, payloads in steps:
        at_s += step_s
        at = after(at_s)
        recent = {p for seen, ps in shown if at - seen < timedelta(seconds=window_s) for p in ps}
        expected = [p for p in dict.fromkeys(payloads) if p not in recent]

        assert repeats.fresh(payloads, at) == expected
        shown.append((at, payloads))
