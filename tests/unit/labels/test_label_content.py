"""Labels from JSON lines."""

import pytest

from labels import InvalidContent, LabelContent, read_contents

GOOD = '{"code": "1", "symbol": "2", "title": "电表", "lines": ["a", "b"]}'


def test_a_line_becomes_a_label():
    assert list(read_contents([GOOD.encode()])) == [LabelContent("1", "2", "电表", ("a", "b"))]


def test_empty_lines_and_a_byte_order_mark_are_passed_over():
    lines = [b"\xef\xbb\xbf" + GOOD.encode(), b"\n", GOOD.encode()]
    assert len(list(read_contents(lines))) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not UTF-8"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "not a JSON object"),
        (GOOD.replace('"code": "1", ', "").encode(), "missing field 'code'"),
        (GOOD.replace('"code"', '"size": "1", "code"').encode(), "unknown field 'size'"),
        (GOOD.replace('"2"', "2").encode(), "'symbol' is not a text"),
        (GOOD.replace('["a", "b"]', '"a"').encode(), "'lines' is not a list"),
        (GOOD.replace('"b"]', "null]").encode(), "'lines' is not a text"),
    ],
)
def test_a_bad_line_is_refused_with_its_number(line, reason):
    with pytest.raises(InvalidContent) as refused:
        list(read_contents([GOOD.encode(), b"", line]))

    assert (refused.value.line, refused.value.reason) == (3, reason)


def test_a_label_of_nothing_but_its_code_is_blank():
    assert LabelContent("1", "2", "", ("",)).is_blank
    assert not LabelContent("1", "2", "", ("", "x")).is_blank
