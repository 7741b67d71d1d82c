"""Codes are read from drawn scenes, by each decoder, at their places."""

import sys

import numpy as np
import pytest
import scanner_scenes as scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from scanner_scenes import blurred, dimmed, noisy, qr, rotated, tilted, with_margin, written

from scanner import DriverMissing, Format, Reading, decode, decoders
from scanner.decode import is_same_symbol, merge
from scanner.zbar import mended

CODE = "20000000194"
CODES = [f"2{i:08d}00" for i in range(60)]
CHINESE = st.text(
    st.integers(0x4E00, 0x9FA5).map(chr) | st.sampled_from("24001-03（）℃ΩⅡ①²μ㎡"), min_size=1
)


def texts(image, **options):
    return [reading.text for reading in decode(image, **options)]


def centre(reading):
    xs, ys = zip(*reading.corners, strict=True)
    return sum(xs) / 4, sum(ys) / 4


def turns_clockwise(corners):
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) > 0


@pytest.mark.parametrize("degrees", [0, 17, 45, 90, 133, 180, 270])
def test_a_turned_label_is_read_where_it_lies(degrees):
    image = rotated(qr(CODE), degrees)

    [reading] = decode(image)

    assert (reading.text, reading.format, reading.decoder) == (CODE, Format.QR, "zxing")
    assert centre(reading) == pytest.approx((image.shape[1] / 2, image.shape[0] / 2), abs=4)
    assert turns_clockwise(reading.corners)


@pytest.mark.parametrize("decoder", ["auto", "zxing", "pyzbar"])
def test_corners_run_clockwise_from_the_top_left(decoder):
    image = with_margin(qr(CODE, module_px=5, border=4), 30)
    near, far = 30 + 4 * 5, 30 + (4 + 21) * 5

    [reading] = decode(image, decoder=decoder)

    expected = [(near, near), (far, near), (far, far), (near, far)]
    for corner, place in zip(reading.corners, expected, strict=True):
        assert corner == pytest.approx(place, abs=4)


def test_corners_of_an_enlarged_pass_are_in_pixels_of_the_picture_given():
    image = with_margin(blurred(qr(CODE, module_px=6), 3.5), 40)

    assert texts(image, decoder="zxing") == []
    [reading] = decode(image)

    assert centre(reading) == pytest.approx((image.shape[1] / 2, image.shape[0] / 2), abs=5)
    assert reading.corners[2][0] - reading.corners[0][0] == pytest.approx(21 * 6, abs=12)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(tilted(with_margin(qr(CODE, module_px=6), 40)), id="from the side"),
        pytest.param(blurred(qr(CODE), 2.0), id="out of focus"),
        pytest.param(noisy(qr(CODE), 40), id="noisy"),
        pytest.param(noisy(dimmed(qr(CODE), 0.1), 2), id="dark"),
        pytest.param(255 - with_margin(qr(CODE), 30), id="light on dark"),
        pytest.param(qr(CODE, border=1), id="narrow quiet zone"),
    ],
)
def test_a_label_in_a_bad_picture_is_read(image):
    assert texts(image) == [CODE]


@pytest.mark.parametrize("decoder", ["auto", "zxing"])
def test_all_of_sixty_labels_are_read_at_their_places(decoder):
    wall = scenes.wall(CODES, columns=10)

    readings = decode(wall.image, decoder=decoder)

    assert sorted(reading.text for reading in readings) == CODES
    for reading in readings:
        assert centre(reading) == pytest.approx(wall.centres[reading.text], abs=5)


def test_reading_goes_on_after_the_first_finds():
    """The first step reads about half of this wall; a chain that stops at a find loses the rest."""
    wall = scenes.wall(CODES[:30], columns=6, module_px=2)
    dim = noisy(dimmed(blurred(wall.image, 0.8), 0.3), 2, seed=3)

    first_step, all_steps = texts(dim, decoder="zxing"), texts(dim)

    assert 5 <= len(first_step) <= 25
    assert sorted(all_steps) == CODES[:30]


def test_the_second_reader_adds_what_the_first_missed():
    wall = scenes.wall(CODES[:30], columns=6, module_px=3)
    dark = noisy(dimmed(blurred(wall.image, 0.5), 0.05), 2, seed=3)

    readings = decode(dark)

    by = [reading.decoder for reading in readings]
    assert by.count("pyzbar") >= 5
    assert by.count("zxing") >= 5
    assert len({reading.text for reading in readings}) == len(readings)


def test_a_spent_budget_leaves_the_further_steps_out():
    soft = blurred(qr(CODE, module_px=6), 3.5)

    assert texts(soft) == [CODE]
    assert texts(soft, budget_ms=0) == []
    assert texts(qr(CODE), budget_ms=0) == [CODE]


def test_the_same_text_at_two_places_is_two_readings():
    label = qr(CODE)

    readings = decode(np.hstack([label, label]))

    assert [reading.text for reading in readings] == [CODE, CODE]


@pytest.mark.parametrize("decoder", ["auto", "zxing", "pyzbar"])
@settings(deadline=None, max_examples=60)
@given(text=CHINESE)
def test_utf8_without_a_charset_mark_is_read_right(decoder, text):
    assert texts(qr(text), decoder=decoder) == [text]


# zbar gives the first back in Big5, and the others are UTF-8 of something else if Big5 is undone.
@pytest.mark.parametrize("text", ["什", "A-缀", "24001-03 托盘天平", "霄肱", "鼢一", "琚"])
def test_pyzbar_gives_the_text_and_not_its_charset_guess(text):
    assert texts(qr(text), decoder="pyzbar") == [text]


def test_pyzbar_gives_each_label_its_own_text():
    wall = scenes.wall(["柜卡", "20000000194", "什", "砝码盒 é"], columns=2, module_px=4)

    readings = decode(wall.image, decoder="pyzbar")

    assert {reading.text for reading in readings} == set(wall.centres)
    for reading in readings:
        assert centre(reading) == pytest.approx(wall.centres[reading.text], abs=5)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("ç ç", "ç ç"),
        ("Ã©", "é"),
        ("隞\x80", "什"),
        ("柜卡", "柜卡"),
        ("20000000194", "20000000194"),
    ],
)
def test_an_old_libzbars_guess_is_undone_where_it_can_be(told, meant):
    assert mended(told) == meant


@pytest.mark.parametrize("decoder", ["auto", "zxing"])
def test_a_data_matrix_is_read(decoder):
    [reading] = decode(written(CODE, "DataMatrix"), decoder=decoder)

    assert (reading.text, reading.format) == (CODE, Format.DATA_MATRIX)


@pytest.mark.parametrize("decoder", ["auto", "zxing", "pyzbar"])
def test_a_linear_code_is_read_once(decoder):
    image = np.repeat(written(CODE, "Code128"), 2, axis=0)

    [reading] = decode(image, decoder=decoder)

    assert (reading.text, reading.format) == (CODE, Format.CODE_128)
    assert turns_clockwise(reading.corners)


def test_only_the_formats_asked_for_are_read():
    image = with_margin(written(CODE, "DataMatrix"), 10)

    assert texts(image, formats=["qr", "code128"]) == []
    assert texts(image, formats=["dm"]) == [CODE]
    assert texts(image, formats=[]) == []


@pytest.mark.parametrize("kind", ["MicroQRCode", "EAN13"])
def test_other_symbologies_are_not_taken_for_ours(kind):
    payload = {"MicroQRCode": "39604", "EAN13": "6901234567892"}[kind]

    assert texts(written(payload, kind)) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 50, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((1, 100_000), 255, np.uint8),
        np.zeros((100_000, 1), np.uint8),
        np.full((300, 300), 128, np.uint8),
        np.random.default_rng(5).integers(0, 256, (200, 300), np.uint8),
    ],
    ids=lambda image: str(image.shape),
)
@pytest.mark.parametrize("decoder", ["auto", "zxing", "pyzbar"])
def test_there_is_nothing_in_nothing(image, decoder):
    assert decode(image, decoder=decoder) == []


@pytest.mark.parametrize("decoder", ["zxing", "pyzbar"])
@pytest.mark.parametrize(
    "image",
    [
        # zbar reads an empty Code 128 at one point of this very picture.
        pytest.param(noisy(qr("20000000005", module_px=6), 90, seed=5), id="noise"),
        pytest.param(qr(""), id="a symbol of nothing"),
    ],
)
def test_an_empty_text_is_no_reading(image, decoder):
    assert texts(image, decoder=decoder) == []


@pytest.mark.parametrize(
    "view",
    [
        lambda label: np.dstack([label] * 3),
        lambda label: np.dstack([label] * 3)[:, :, ::-1],
        lambda label: np.rot90(label, 2),
        lambda label: np.repeat(label, 2, axis=1)[:, ::2],
        lambda label: np.frombuffer(label.tobytes(), np.uint8).reshape(label.shape),
    ],
    ids=["colour", "turned colours", "turned", "strided", "read-only"],
)
@pytest.mark.parametrize("decoder", ["zxing", "pyzbar"])
def test_arrays_of_each_layout_are_read(view, decoder):
    assert texts(view(qr(CODE)), decoder=decoder) == [CODE]


@pytest.mark.parametrize(
    "image",
    [np.zeros((9, 9)), np.zeros((9, 9, 4), np.uint8), np.zeros(9, np.uint8)],
    ids=["float", "four channels", "one dimension"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError, match="a picture"):
        decode(image)


@pytest.mark.parametrize("wrong", [{"decoder": "magic"}, {"formats": ["aztec"]}])
def test_unknown_words_are_refused(wrong):
    with pytest.raises(ValueError, match=r"magic|aztec"):
        decode(qr(CODE), **wrong)


class TestWithoutALibrary:
    def test_auto_goes_on_without_pyzbar(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyzbar", None)

        assert decoders() == {"zxing": True, "pyzbar": False}
        assert texts(qr(CODE)) == [CODE]
        assert texts(np.full((50, 50), 255, np.uint8)) == []

    def test_auto_goes_on_without_zxing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "zxingcpp", None)

        [reading] = decode(qr(CODE))

        assert (reading.text, reading.decoder) == (CODE, "pyzbar")

    @pytest.mark.parametrize(
        ("module", "decoder", "driver"),
        [("pyzbar", "pyzbar", "pyzbar"), ("zxingcpp", "zxing", "zxing-cpp")],
    )
    def test_asking_for_it_says_what_to_install(self, monkeypatch, module, decoder, driver):
        monkeypatch.setitem(sys.modules, module, None)

        with pytest.raises(DriverMissing, match="pip install") as caught:
            decode(qr(CODE), decoder=decoder)

        assert caught.value.driver == driver

    def test_nothing_at_all_is_refused(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyzbar", None)
        monkeypatch.setitem(sys.modules, "zxingcpp", None)

        with pytest.raises(DriverMissing):
            decode(qr(CODE))


def square(left, top, size):
    right, bottom = left + size, top + size
    return (left, top), (right, top), (right, bottom), (left, bottom)


def reading(text, place, *, kind=Format.QR, decoder="zxing"):
    return Reading(text, kind, place, decoder)


class TestMerging:
    def test_the_earlier_text_stays(self):
        first = reading("柜卡", square(10, 10, 100))
        second = reading("譟懷錐", square(12, 9, 99), decoder="pyzbar")

        assert merge([first], [second]) == [first]

    def test_a_symbol_inside_a_symbol_is_its_own(self):
        outer, inner = reading("outer", square(0, 0, 200)), reading("inner", square(80, 80, 40))

        assert merge([outer], [inner]) == [outer, inner]

    def test_neighbours_are_their_own(self):
        left, right = reading("a", square(0, 0, 100)), reading("b", square(101, 0, 100))

        assert merge([left], [right]) == [left, right]

    def test_a_linear_code_outlined_as_a_line_is_the_same(self):
        line = reading("1", ((0, 50), (200, 50), (200, 50), (0, 50)), kind=Format.CODE_128)
        box = reading("1", ((0, 0), (200, 0), (200, 99), (0, 99)), kind=Format.CODE_128)

        assert is_same_symbol(line, box)

    def test_another_symbology_at_the_same_place_is_its_own(self):
        place = square(0, 0, 50)

        assert not is_same_symbol(reading("1", place), reading("1", place, kind=Format.CODE_128))
