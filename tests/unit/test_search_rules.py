"""The tokenizer: what a text is found by, against a second opinion that knows no terms."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.search.rules import Doc, folded, searched, suffixes

TEXTS = st.text(alphabet="显微镜天平体视型式0123ab Ａ１-．·", max_size=14)
CJK = "显微镜天平体视型式"


def found_by_eye(text, query):
    """Whether every word of a query is in a text, said without terms: the reference."""
    return all(_word_by_eye(folded(text), one) for one in folded(query).split())


def _word_by_eye(text, word):
    runs = re.findall(f"[{CJK}]+|[0-9a-z]+", word)
    long = [run for run in runs if run[0] in CJK and len(run) > 1]
    if long:
        runs = [run for run in runs if not (run[0] in CJK and len(run) == 1)]
    return bool(runs) and all(_run_by_eye(text, run) for run in runs)


def _run_by_eye(text, run):
    if run[0] not in CJK:
        return re.search(rf"(?<![0-9a-z]){run}", text) is not None
    if len(run) == 1:
        return run in text
    return all(run[n : n + 2] in text for n in range(len(run) - 1))


@given(TEXTS, TEXTS)
def test_words_find_what_a_reader_would(text, query):
    terms = Doc("kind", "1", (text,)).terms()

    assert all(one.finds(terms) for one in searched(query)) == found_by_eye(text, query)


@pytest.mark.parametrize(
    ("text", "query", "is_found"),
    [
        ("体视显微镜", "显微", True), ("体视显微镜", "显微镜", True), ("体视显微镜", "镜", True),
        ("体视显微镜", "视", True), ("体视显微镜", "镜显", False),
        ("托盘天平 200g", "天平 200", True),
        ("J2117", "j21", True), ("J2117", "2117", False), ("博科777型", "博科777型", True),
        ("５Ｎ 测力计", "5n", True), ("Ф15mm", "15mm", True), ("", "天平", False),
        ("𠮷野家", "𠮷野", True), ("100mL ℃ Ω ①", "ω", True),
    ],
)  # fmt: skip
def test_words_of_instruments(text, query, is_found):
    terms = Doc("kind", "1", (text,)).terms()

    assert all(one.finds(terms) for one in searched(query)) is is_found


def test_a_whole_is_found_by_how_it_begins_and_initials_by_what_they_hold():
    terms = Doc("kind", "1", (), ("科仪1-03-2", *suffixes("szdztp"))).terms()

    assert all(word.finds(terms) for text in ("科仪1-03", "tp", "dztp") for word in searched(text))
    assert not any(word.finds(terms) for text in ("仪1", "szt") for word in searched(text))


def test_a_search_is_bounded():
    assert len(searched("a " * 5_000)) == 8
    assert len(Doc("kind", "1", ("天平仪器" * 5_000,)).terms()) <= 600
