"""Stocks: their names, their slots, their numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels import InvalidSkip, InvalidStock, UnknownStock, all_stocks, stock, stock_from

ROLL = {
    "kind": "roll",
    "width_mm": 40,
    "height_mm": 30,
    "margin_mm": 1,
    "code": "under",
    "title_pt": 12,
    "text_pt": 8,
    "code_pt": 9,
}
SHEET = {**ROLL, "kind": "sheet", "page_width_mm": 210, "page_height_mm": 297}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("40x30", "40x30"),
        ("40×30", "40x30"),
        ("40*30", "40x30"),
        ("40 X 30 mm", "40x30"),
        ("A4-3x8", "a4-3x8"),
        ("a4 3×8", "a4-3x8"),
        ("3x8", "a4-3x8"),
    ],
)
def test_a_stock_answers_to_every_spelling(spelling, name):
    assert stock(spelling).name == name


def test_an_unknown_stock_names_the_choices():
    with pytest.raises(UnknownStock, match="40x30, 50x30, 60x40, a4-3x8") as refused:
        stock("30x20")

    assert refused.value.choices == tuple(all_stocks())


def test_labels_fill_a_sheet_row_by_row():
    slots = list(stock("a4-3x8").slots(25))

    assert slots[:4] == [(0, 0, 0.5), (0, 70, 0.5), (0, 140, 0.5), (0, 0, 37.5)]
    assert slots[23:] == [(0, 140, 259.5), (1, 0, 0.5)]


def test_gaps_lie_between_the_labels_and_margins_before_them():
    gaps = {"columns": 2, "rows": 2, "left_mm": 5, "top_mm": 6, "gap_x_mm": 2, "gap_y_mm": 3}

    slots = list(stock_from("gaps", {**SHEET, **gaps}).slots(4))

    assert slots == [(0, 5, 6), (0, 47, 6), (0, 5, 39), (0, 47, 39)]


def test_each_label_on_a_roll_is_a_page():
    assert list(stock("40x30").slots(3)) == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]


grids = st.builds(
    lambda columns, rows, gap: stock_from(
        "grid",
        {
            **SHEET,
            "columns": columns,
            "rows": rows,
            "gap_x_mm": gap,
            "gap_y_mm": gap,
            "width_mm": 30,
            "height_mm": 20,
        },
    ),
    st.integers(1, 6),
    st.integers(1, 12),
    st.floats(0, 4),
)


@given(grids, st.integers(0, 200), st.integers(0, 200))
def test_every_label_gets_its_own_slot_on_the_page(grid, count, skip):
    slots = list(grid.slots(count, skip))

    assert len(set(slots)) == count
    assert slots == list(grid.slots(count + skip))[skip:]
    for _, x_mm, y_mm in slots:
        assert 0 <= x_mm <= 210 - 30 + 0.001
        assert 0 <= y_mm <= 297 - 20 + 0.001


@given(grids)
def test_labels_never_overlap(grid):
    slots = list(grid.slots(grid.labels_per_page))
    for index, one in enumerate(slots):
        for other in slots[index + 1 :]:
            apart = max(abs(one.x_mm - other.x_mm) / 30, abs(one.y_mm - other.y_mm) / 20)
            assert apart >= 1 - 1e-9


@pytest.mark.parametrize(("name", "skip"), [("40x30", 1), ("a4-3x8", -1)])
def test_what_cannot_be_skipped_is_refused_at_once(name, skip):
    with pytest.raises(InvalidSkip) as refused:
        stock(name).slots(1, skip)

    assert refused.value.skip == skip


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({**ROLL, "kind": "pile"}, "kind"),
        ({**ROLL, "code": "over"}, "code"),
        ({**ROLL, "width_mm": 0}, "more than 0"),
        ({**ROLL, "columns": 2}, "one label a page"),
        ({**ROLL, "margin_mm": -1}, "negative"),
        ({**ROLL, "text_pt": 5.5}, "no type is smaller than 6 pt"),
        ({**ROLL, "width_mm": "40"}, "str"),
        ({**SHEET, "columns": 6}, "overruns the page by 30.00 mm"),
        ({**ROLL, "colour": "red"}, "colour"),
        ({"kind": "roll"}, "width_mm"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(table, reason):
    with pytest.raises(InvalidStock, match=reason):
        stock_from("odd", table)
