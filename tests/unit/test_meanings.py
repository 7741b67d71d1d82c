"""What a scanned text can mean: a pure function, tried with everything a scanner may send."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.register.rules import Number, code_of
from inventory.scanning.rules import Code, Epc, Foreign, Uid, Unreadable, meanings

codes = st.integers(200_000_000, 999_999_999).map(code_of)
hosts = st.text(string.ascii_letters + string.digits + ".-", min_size=1, max_size=30)
CODE = "20000000194"


@given(
    codes, hosts, st.sampled_from(["http", "https", "HTTPS"]), st.sampled_from(["", "/", "?a=1"])
)
def test_a_link_of_any_host_and_case_means_its_code(code, host, scheme, rest):
    assert meanings(f"{scheme}://{host}/{code}{rest}")[0] == Code(code)


@given(codes, st.sampled_from(["：／／．．／", "://../", ":、、。、", "//"]))
def test_letters_swallowed_by_an_input_method_leave_the_code(code, remains):
    assert meanings(remains + code)[0] == Code(code)


@given(codes, st.sampled_from([" ", "-", "\t", "\x1d", "\x02"]))
def test_spaces_dashes_and_a_readers_control_characters_do_not_matter(code, sign):
    assert meanings(sign + code[:5] + sign + code[5:] + sign)[0] == Code(code)


@given(st.text(max_size=1200))
def test_every_text_means_something_and_nothing_raises(text):
    assert meanings(text)


@given(codes, st.integers(0, 10), st.integers(1, 9))
def test_a_misread_digit_is_named_and_never_another_code(code, place, shift):
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]

    found = meanings(wrong)

    assert Unreadable("wrong_check") in found
    assert not any(isinstance(meaning, Code) for meaning in found)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("24001-3", Number("24001", 3)),
        ("２４００１—０３", Number("24001", 3)),
        ("3034257BF7194E4000001A85", Epc("3034257BF7194E4000001A85")),
        ("urn:epc:id:giai:0614141.12345400", Epc("urn:epc:id:giai:0614141.12345400")),
        ("04:A3:1B:22", Uid("04A31B22")),
        ("04a31b22c35e80", Uid("04A31B22C35E80")),
        ("6901234567892", Foreign("6901234567892")),
        ("", Unreadable("empty")),
        ("\x00\x01", Unreadable("not_text")),
        ("x" * 1001, Unreadable("too_long")),
    ],
)
def test_the_other_meanings(text, meaning):
    assert meanings(text)[0] == meaning


def test_an_ambiguous_text_keeps_all_its_meanings():
    found = meanings(f"ABC {CODE}")

    assert Code(CODE) in found
    assert any(isinstance(meaning, Foreign) for meaning in found)


def test_a_longer_number_is_not_cut_into_a_code():
    assert not any(isinstance(meaning, Code) for meaning in meanings("9" + CODE))
    assert not any(isinstance(meaning, Code) for meaning in meanings("1." + CODE))
