"""Reconciling: the result is a function of what was expected and what was seen, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from inventory.counting.rules import (
    Expected,
    Result,
    Said,
    Sighting,
    reconcile,
    sightings_hash,
)

ITEM, OTHER_ITEM, BATCH, STRAY = "item1", "item2", "batch", "stray"


def expected(code: str, quantity: int = 1) -> Expected:
    return Expected(code, code, code, "", "个", code == BATCH, quantity, "p", "科仪1-01-1")


def saw(
    order: int, code: str | None, said: Said = Said.SEEN, quantity: int | None = None,
    payload: str = "?",
) -> Sighting:  # fmt: skip
    return Sighting(order, code, payload, said, quantity, "p", "anna", f"d/{order}")


BOOK = [expected(ITEM), expected(OTHER_ITEM), expected(BATCH, 24)]


def result_of(sightings, code):
    [line] = [one for one in reconcile(BOOK, sightings).lines if (one.code or one.payload) == code]
    return line.result, line.counted


def test_what_nobody_saw_is_missing():
    assert result_of([], ITEM) == (Result.MISSING, 0)
    assert result_of([], BATCH) == (Result.MISSING, 0)


def test_a_label_seen_is_an_item_but_not_a_quantity():
    assert result_of([saw(1, ITEM)], ITEM) == (Result.MATCH, 1)
    assert result_of([saw(1, BATCH)], BATCH) == (Result.OPEN, None)


def test_a_number_decides_a_batch_and_the_last_word_counts():
    too_few = [saw(1, BATCH), saw(2, BATCH, Said.COUNTED, 20)]

    assert result_of(too_few, BATCH) == (Result.SHORT, 20)
    assert result_of([*too_few, saw(3, BATCH, Said.COUNTED, 30)], BATCH) == (Result.SURPLUS, 30)
    assert result_of([*too_few, saw(3, BATCH, Said.ALL_THERE)], BATCH) == (Result.MATCH, 24)


def test_none_of_a_batch_is_short_not_missing():
    assert result_of([saw(1, BATCH, Said.COUNTED, 0)], BATCH) == (Result.SHORT, 0)


def test_a_thing_of_another_place_is_misplaced_and_says_where_it_belongs():
    elsewhere = Expected(STRAY, "24001-09", "天平", "", "台", False, 1, "q", "科仪1-02-1")

    [line] = reconcile(BOOK, [saw(1, STRAY)], [elsewhere]).of(Result.MISPLACED)

    assert (line.place, line.number, line.is_expected) == ("科仪1-02-1", "24001-09", False)


def test_unknown_payloads_are_kept_once_each():
    seen = [saw(1, None, payload="x"), saw(2, None, payload="x"), saw(3, None, payload="y")]

    assert [line.payload for line in reconcile(BOOK, seen).of(Result.UNKNOWN)] == ["x", "y"]


codes = st.sampled_from([ITEM, OTHER_ITEM, BATCH, STRAY, None])
sightings = st.lists(
    st.tuples(codes, st.sampled_from(list(Said)), st.integers(0, 50)), max_size=12
).map(
    lambda drawn: [
        saw(n, code, said if code == BATCH else Said.SEEN, q if said is Said.COUNTED else None)
        for n, (code, said, q) in enumerate(drawn, start=1)
    ]
)


@given(sightings, st.randoms(use_true_random=False))
def test_the_order_in_which_sightings_are_read_makes_no_difference(seen, chance):
    mixed = list(seen)
    chance.shuffle(mixed)

    assert reconcile(BOOK, mixed) == reconcile(BOOK, seen)
    assert sightings_hash(mixed) == sightings_hash(seen)


@given(sightings)
def test_scanning_everything_again_changes_nothing(seen):
    again = [saw(100 + n, ITEM) for n in range(3)] if any(s.code == ITEM for s in seen) else []

    def short(outcome):
        return {(line.code or line.payload): (line.result, line.counted) for line in outcome.lines}

    assert short(reconcile(BOOK, [*seen, *again])) == short(reconcile(BOOK, seen))


@given(sightings)
def test_every_expected_line_has_exactly_one_result(seen):
    outcome = reconcile(BOOK, seen)

    assert [line.code for line in outcome.lines if line.is_expected] == [one.code for one in BOOK]
    assert outcome.expected == len(BOOK)
    assert sum(outcome.figures.values()) == len(outcome.lines)
