"""The column of text: it stays in its room and shrinks before it cuts."""

from hypothesis import given, settings
from hypothesis import strategies as st

from labels.column import Column, Sizes, column
from labels.drawing import Text

SIZES = Sizes(title_pt=12, text_pt=8)
texts = st.text("数字演示电表，℃ Wi-019", min_size=1, max_size=60).map(str.strip).filter(bool)


def set_in(column: Column) -> list[Text]:
    return list(column.texts(0, 0))


@settings(max_examples=200, deadline=None)
@given(texts | st.just(""), st.lists(texts, max_size=9), st.floats(8, 40), st.floats(1, 30))
def test_the_column_stays_in_its_room(title, lines, width_mm, height_mm):
    for text in set_in(column(title, lines, SIZES, width_mm, height_mm)):
        assert text.area.top_mm >= -0.001
        assert text.area.right_mm <= width_mm + 0.001
        assert text.area.bottom_mm <= height_mm + 0.001


def test_with_room_enough_nothing_is_shrunk():
    natural = column("24001-03", ["电表"], SIZES, 30, 20)

    assert natural.is_natural
    assert [text.size_pt for text in set_in(natural)] == [12, 8]


def test_text_shrinks_before_it_is_cut():
    shrunk = column("24001-03", ["电表", "0.5级", "物理室"], SIZES, 30, 14)

    assert not shrunk.is_natural
    assert [text.text for text in set_in(shrunk)] == ["24001-03", "电表", "0.5级", "物理室"]
    assert 6 <= set_in(shrunk)[1].size_pt < 8


def test_a_little_size_is_given_for_a_row_less():
    saved = column("24001-03", ["物理仪器室一三柜"], SIZES, 22, 30)

    (_, line) = set_in(saved)
    assert 7 < line.size_pt < 8
    assert saved.is_natural


def test_at_the_floor_each_line_has_a_row_before_one_has_two():
    cut = column("", ["电" * 40, "磁" * 40, "光"], SIZES, 20, 12)

    rows = [text.text for text in set_in(cut)]
    assert [row[0] for row in rows] == ["电", "电", "磁", "光"]
    assert [row.endswith("…") for row in rows] == [False, True, True, False]
    assert {text.size_pt for text in set_in(cut)} == {6}


def test_the_title_keeps_two_thirds_of_its_size():
    cut = column("24001-03", ["行"] * 30, SIZES, 30, 12)

    title, *_ = set_in(cut)
    assert (title.text, title.size_pt) == ("24001-03", 12 * 0.65)


def test_much_size_is_given_for_a_word_that_stays_whole():
    (line,) = set_in(column("", ["spectrometer"], Sizes(12, 12), 14, 30))

    assert line.text == "spectrometer"
    assert line.size_pt < 7
