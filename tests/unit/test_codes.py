"""Codes and readable numbers: made, checked, written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.register.rules import Number, code_in, code_of, is_code, shown

serials = st.integers(200_000_000, 999_999_999)
FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")


def test_the_first_code_is_the_one_of_the_design():
    assert code_of(200_000_001) == "20000000194"
    assert shown("20000000194") == "200 000 001 94"


@given(serials)
def test_a_code_is_right_and_its_check_is_02_to_98(serial):
    code = code_of(serial)

    assert is_code(code)
    assert 2 <= int(code[9:]) <= 98


@given(serials, st.integers(0, 10), st.integers(1, 9))
def test_every_single_wrong_digit_is_caught(serial, place, shift):
    code = code_of(serial)
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]

    assert not is_code(wrong)


@given(serials, st.integers(0, 9))
def test_every_swap_of_neighbours_is_caught(serial, place):
    code = code_of(serial)
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert swapped == code or not is_code(swapped)


@pytest.mark.parametrize("serial", range(200_000_000, 200_000_097))
def test_the_aliases_00_01_and_99_are_refused(serial):
    assert not any(is_code(f"{serial}{check}") for check in ("00", "01", "99"))


@given(serials, st.sampled_from(["", " ", "-", "  ", "—"]), st.booleans())
def test_a_code_survives_however_a_person_writes_it(serial, joiner, full_width):
    code = code_of(serial)
    written = joiner.join((code[:3], code[3:6], code[6:9], code[9:]))

    assert code_in(written.translate(FULL_WIDTH) if full_width else written) == code


@pytest.mark.parametrize("serial", [0, 199_999_999, 1_000_000_000])
def test_a_serial_of_another_length_is_refused(serial):
    with pytest.raises(ValueError, match="serial"):
        code_of(serial)


@given(st.integers(1, 99_999), st.integers(1, 999), st.integers(1, 5))
def test_a_number_is_found_with_and_without_padding(catalogue, running, width):
    number = Number(f"{catalogue:05d}", running)

    assert Number.parse(f"{catalogue:05d}-{running:0{width}d}") == number
    assert Number.parse(str(number).translate(FULL_WIDTH)) == number


@pytest.mark.parametrize("text", ["24001", "24001-", "-3", "24001-0", "A-B", "24001-3-4", ""])
def test_what_is_no_number_is_none(text):
    assert Number.parse(text) is None


def test_a_number_without_a_catalogue_code_is_written_with_a_zero():
    assert str(Number("", 7)) == "0-07"
    assert Number.parse("0-7") == Number("", 7)
