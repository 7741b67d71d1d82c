"""The drawing of a label: nothing outside, nothing over the symbol, nothing too small."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels import LabelContent, LabelTooSmall, all_stocks, label_drawing, stock
from labels.drawing import Area, Drawing, PlacedSymbol, Text

HAIR_MM = 0.001
NAMES = list(all_stocks())


def parts(drawing: Drawing) -> tuple[PlacedSymbol, list[Text]]:
    symbol, *texts = drawing.items
    assert isinstance(symbol, PlacedSymbol)
    return symbol, [text for text in texts if isinstance(text, Text)]


def shrunk(area: Area) -> Area:
    left, top, right, bottom = area
    return Area(left + HAIR_MM, top + HAIR_MM, right - HAIR_MM, bottom - HAIR_MM)


texts = st.text("数字演示电表，（℃Ω W i-0123456789", max_size=60)
contents = st.builds(
    LabelContent,
    code=st.from_regex(r"\A[0-9]{3}( [0-9]{2,3}){0,3}\Z"),
    symbol=st.sampled_from(["20000000194", "HTTPS://KC.EXAMPLE.EDU.CN/20000000194", "x" * 40]),
    title=texts,
    lines=st.lists(texts, max_size=12).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(contents, st.sampled_from(NAMES))
def test_nothing_leaves_the_label_or_touches_anything_else(content, name):
    drawing = label_drawing(content, stock(name))
    symbol, texts = parts(drawing)
    margin_mm = stock(name).margin_mm
    inner = Area(margin_mm, margin_mm, drawing.width_mm - margin_mm, drawing.height_mm - margin_mm)

    assert drawing.area.holds(shrunk(symbol.area_with_quiet_zone))
    for text in texts:
        assert inner.holds(shrunk(text.area)), text
        assert not shrunk(text.area).overlaps(symbol.area_with_quiet_zone), text
        assert text.size_pt >= 6
    for one, other in combinations(texts, 2):
        assert not shrunk(one.area).overlaps(other.area), (one, other)


@pytest.mark.parametrize(
    ("name", "least_side_mm"), [("40x30", 15), ("50x30", 18), ("60x40", 22), ("a4-3x8", 26)]
)
def test_symbols_are_as_large_as_is_reasonable(meter, name, least_side_mm):
    symbol, _ = parts(label_drawing(meter, stock(name)))

    assert symbol.side_mm >= least_side_mm
    assert symbol.module_mm >= 0.5
    assert symbol.module_mm / 0.125 == int(symbol.module_mm / 0.125)


@pytest.mark.parametrize("name", NAMES)
def test_a_usual_label_is_printed_whole(meter, name):
    _, texts = parts(label_drawing(meter, stock(name)))

    printed = "".join(text.text for text in texts).replace(" ", "")
    for text in (meter.code, meter.title, *meter.lines):
        assert text.replace(" ", "") in printed
    assert [text.text for text in texts if text.bold] == [meter.title]


@pytest.mark.parametrize("name", NAMES)
def test_a_title_of_a_thousand_characters_is_cut_with_an_ellipsis(meter, name):
    _, texts = parts(label_drawing(replace(meter, title="电" * 1000), stock(name)))

    title = [text.text for text in texts if text.bold]
    assert len(title) == 2
    assert title[-1].endswith("…")
    assert any(text.text.startswith("数字") for text in texts)


def test_lines_that_are_left_out_are_hinted_at(meter):
    _, texts = parts(label_drawing(replace(meter, lines=("行",) * 40), stock("40x30")))

    assert texts[-1].text == "行…"


def test_the_code_is_never_cut(meter):
    with pytest.raises(LabelTooSmall) as refused:
        label_drawing(replace(meter, code="2" * 60), stock("40x30"))

    assert refused.value.needs_mm > refused.value.has_mm


def test_a_symbol_with_modules_too_fine_to_print_is_refused(meter):
    with pytest.raises(LabelTooSmall) as refused:
        label_drawing(replace(meter, symbol="x" * 200), stock("40x30"))

    assert refused.value.has_mm < refused.value.needs_mm


def test_a_short_text_begins_and_ends_level_with_the_symbol(meter):
    symbol, (code, title) = parts(label_drawing(replace(meter, lines=()), stock("a4-3x8")))

    assert code.baseline_mm == pytest.approx(symbol.area.bottom_mm)
    assert title.baseline_mm - 0.733 * title.size_pt / 72 * 25.4 == pytest.approx(symbol.y_mm)


@pytest.mark.parametrize("name", NAMES)
def test_a_blank_label_has_symbol_and_code_in_the_middle(name):
    drawing = label_drawing(LabelContent("200 000 001 94", "20000000194"), stock(name))
    symbol, (code,) = parts(drawing)

    for area in (symbol.area, code.area):
        assert (area.left_mm + area.right_mm) / 2 == pytest.approx(drawing.width_mm / 2, abs=0.13)
    assert code.text == "200 000 001 94"


def test_a_label_may_go_without_a_code():
    drawing = label_drawing(LabelContent("", "1", "电表"), stock("40x30"))

    assert [text.text for text in parts(drawing)[1]] == ["电表"]


def test_words_are_kept_whole_where_shrinking_allows_it(meter):
    label = replace(meter, title="MICROSCOPES", lines=("spectrometer",))
    _, texts = parts(label_drawing(label, stock("40x30")))

    assert {text.text for text in texts} == {meter.code, "MICROSCOPES", "spectrometer"}
