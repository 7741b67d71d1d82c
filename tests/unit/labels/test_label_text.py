"""Text: what may be printed and where lines end."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from labels import ControlCharacter, MissingGlyph
from labels.fonts import face
from labels.text import clean, cut, limited, one_line_pt, wrapped

FONT = face(bold=False)
printable = st.text("数字演示电表，。（）《》℃Ω abcXYZ-0123456789.", max_size=80).map(clean)
widths_mm = st.floats(5, 60)


def lines_of(text: str, width_mm: float) -> list[str]:
    return list(wrapped(text, FONT, 8, width_mm))


@pytest.mark.parametrize("text", ["℃ Ω Ⅱ ① ² μ ½ ф", "㸆𬬭硇鿔䶮", "㎡㎜±≥∠△·—…×"])
def test_what_schools_write_has_glyphs(text):
    assert clean(text) == text


@pytest.mark.parametrize(("character", "name"), [("😀", "U+1F600"), ("ع", "U+0639")])
def test_a_missing_glyph_is_named(character, name):
    with pytest.raises(MissingGlyph, match=f"{character}.*{name.replace('+', '.')}") as refused:
        clean(f"烧杯{character}")

    assert (refused.value.character, refused.value.text) == (character, f"烧杯{character}")


def test_a_code_point_that_is_no_character_is_a_missing_glyph():
    with pytest.raises(MissingGlyph, match=r"U\+D800"):
        clean("\ud800")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\x9b"])
def test_control_characters_are_refused(character):
    with pytest.raises(ControlCharacter) as refused:
        clean(f"a{character}b")

    assert refused.value.character == character


def test_white_space_becomes_one_space_and_invisible_characters_nothing():
    assert clean(" a\r\n\tb\u3000c\u2009d\u200b\ufeffe ") == "a b c de"


def test_decomposed_letters_are_composed():
    assert clean("e\u0301") == "é"


def test_latin_breaks_at_spaces_and_chinese_anywhere():
    assert lines_of("Digital demonstration meter", 20) == ["Digital", "demonstration", "meter"]
    assert lines_of("数字演示电表", 12) == ["数字演示", "电表"]


def test_a_space_late_in_the_line_is_the_better_place_to_break_chinese():
    assert lines_of("物理室 3柜2层", 15) == ["物理室", "3柜2层"]


def test_closing_signs_stay_with_their_word():
    assert lines_of("数字演，示", 9) == ["数字", "演，示"]


@given(printable, widths_mm)
def test_no_line_is_wider_than_the_room_and_nothing_is_lost(text, width_mm):
    lines = lines_of(text, width_mm)

    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for line in lines:
        assert FONT.width_mm(line, 8) <= width_mm + 1e-3


@example("（0 ℃", 5.0, 2)
@given(printable, widths_mm, st.integers(0, 4))
def test_text_that_is_cut_says_so(text, width_mm, most):
    fitted = limited(text, FONT, 8, width_mm, most)

    assert len(fitted.lines) <= most
    assert all(FONT.width_mm(line, 8) <= width_mm + 1e-3 for line in fitted.lines)
    assert fitted.is_whole == (len(lines_of(text, width_mm)) <= most)
    if fitted.lines and not fitted.is_whole:
        assert fitted.lines[-1].endswith("…")


def test_where_not_even_an_ellipsis_fits_nothing_is_printed():
    assert cut("abc", FONT, 8, 0.5) == ""


@settings(max_examples=50)
@given(printable.filter(bool), widths_mm)
def test_the_size_for_one_line_fits_and_a_step_more_would_not(text, width_mm):
    size_pt = one_line_pt(text, FONT, width_mm, 40)

    assert FONT.width_mm(text, size_pt) <= width_mm + 1e-3
    assert size_pt == 40 or FONT.width_mm(text, size_pt + 0.25) > width_mm
