"""The chain of events: canonical form, and that any alteration is found and named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.journal.rules import GENESIS, Head, Link, breaks, canonical, link_hash

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
documents = st.dictionaries(st.text(), plain, max_size=5)


def chain(texts: list[str]) -> list[Link]:
    links, previous = [], GENESIS
    for seq, text in enumerate(texts, start=1):
        bare = Link(f"id{seq}", "3133990102", seq, "moved", "2", "p", "2026-11-23T04:00:00.000000Z",
                    canonical({"t": text}), "")  # fmt: skip
        previous = link_hash(previous, bare)
        links.append(sealed(bare, previous))
    return links


def sealed(link: Link, digest: str) -> Link:
    return Link(link.id, link.chain, link.seq, link.kind, link.subject, link.actor, link.at,
                link.data, digest)  # fmt: skip


@given(documents)
def test_canonical_json_does_not_depend_on_the_order_of_keys(document):
    backwards = dict(reversed(document.items()))

    assert canonical(document) == canonical(backwards)
    assert json.loads(canonical(document)) == document


def test_canonical_json_has_no_spaces_and_keeps_chinese():
    assert canonical({"名": "烧杯", "a": [1, None]}) == '{"a":[1,null],"名":"烧杯"}'


@pytest.mark.parametrize("value", [1.5, {"a": 0.1}, [1, 2.0]])
def test_floats_have_no_canonical_form(value):
    with pytest.raises(TypeError):
        canonical({"v": value})


@given(st.lists(st.text(), max_size=8))
def test_a_chain_is_whole(texts):
    links = chain(texts)
    head = Head("3133990102", len(links), links[-1].hash if links else GENESIS)

    assert list(breaks(links, head, head)) == []


@given(st.lists(st.text(), min_size=1, max_size=8), st.data())
def test_an_altered_event_is_named(texts, data):
    links = chain(texts)
    at = data.draw(st.integers(0, len(links) - 1))
    one = links[at]
    links[at] = Link(one.id, one.chain, one.seq, one.kind, one.subject, one.actor, one.at,
                     canonical({"t": "forged" + texts[at]}), one.hash)  # fmt: skip

    found = list(breaks(links, Head("3133990102", len(links), links[-1].hash)))

    assert [(one.event_id, one.reason) for one in found] == [(f"id{at + 1}", "altered")]


@given(st.lists(st.text(), min_size=2, max_size=8), st.data())
def test_a_taken_event_is_a_gap(texts, data):
    links = chain(texts)
    at = data.draw(st.integers(0, len(links) - 2))
    head = Head("3133990102", len(links), links[-1].hash)
    del links[at]

    assert "gap" in {one.reason for one in breaks(links, head)}


def test_a_shortened_chain_is_found_by_a_head_that_left_the_machine():
    links = chain(["a", "b", "c"])
    left = Head("3133990102", 3, links[-1].hash)
    rewritten = Head("3133990102", 2, links[1].hash)

    assert list(breaks(links[:2], rewritten)) == []
    assert [one.reason for one in breaks(links[:2], rewritten, left)] == ["shortened"]
    assert [one.reason for one in breaks(links[:2], left)] == ["shortened"]


def test_a_rewritten_chain_is_found_by_a_head_that_left_the_machine():
    old, new = chain(["a", "b", "c"]), chain(["a", "x", "c", "d"])
    left = Head("3133990102", 3, old[-1].hash)

    found = list(breaks(new, Head("3133990102", 4, new[-1].hash), left))

    assert [(one.seq, one.reason) for one in found] == [(3, "altered")]
