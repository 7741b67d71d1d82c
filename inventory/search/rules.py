"""This module is about the one tokenizer: which terms a text is found by, and what a search asks.

Chinese has no spaces: a run of its characters is kept as overlapping pairs (显微镜: 显微, 微镜) and
its last character alone, so that each character begins a term. Letters and digits are kept as
words in lower case. A search asks for pairs as they are, for single characters and words as the
beginning of a term.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_TERM = 40
MOST_TERMS = 600
"""Terms of one row at most: a specification of 400 characters has fewer."""
LONGEST_SEARCH = 200
MOST_WORDS = 8
LAST = "\U0010ffff"
"""Sorts after whatever a term may go on with."""
CJK = r"\u2e80-\u303f\u3040-\u30ff\u31c0-\u31ef\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
RUN = re.compile(rf"(?P<cjk>[{CJK}]+)|(?P<plain>[0-9a-z]+)|(?P<other>(?:(?![{CJK}0-9a-z_])\w)+)")


def folded(text: str) -> str:
    """Return a text as it is compared: half width, lower case, compatible forms as one."""
    return unicodedata.normalize("NFKC", text).lower()


@dataclass(frozen=True, slots=True)
class Doc:
    """What one row is found by: the words of some texts, and the beginning of whole ones."""

    sort: str
    key: str
    words: tuple[str | None, ...] = ()
    wholes: tuple[str | None, ...] = ()

    def terms(self) -> set[str]:
        """Return the terms that it is found by."""
        found: dict[str, None] = {}
        for text in self.wholes:
            if whole := joined(text or ""):
                found[whole[:LONGEST_TERM]] = None
        for text in self.words:
            found.update(dict.fromkeys(_terms(text or "")))
        return set(list(found)[:MOST_TERMS])


def joined(text: str) -> str:
    """Return a whole text as one term: without its spaces."""
    return "".join(folded(text).split())


def suffixes(text: str) -> tuple[str, ...]:
    """Return all endings of a text, so that what begins inside it is found as well."""
    return tuple(text[n:] for n in range(min(len(text), LONGEST_TERM)))


def _terms(text: str) -> Iterator[str]:
    for match in RUN.finditer(folded(text)):
        run = match[0]
        if match["cjk"]:
            yield from (run[n : n + 2] for n in range(len(run)))
        else:
            yield run[:LONGEST_TERM]


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a search: as a whole, and what it asks for of the terms of a row."""

    text: str
    pairs: tuple[str, ...]
    beginnings: tuple[str, ...]

    def finds(self, terms: Iterable[str]) -> bool:
        """Whether it finds a row with these terms; what the database is asked, in Python."""
        own = set(terms)
        if any(term.startswith(self.text) for term in own):
            return True
        return (
            bool(self.pairs or self.beginnings)
            and own.issuperset(self.pairs)
            and all(any(term.startswith(one) for term in own) for one in self.beginnings)
        )


def searched(text: str) -> list[Word]:
    """Return the first words of a search."""
    return [word(one) for one in folded(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]]


def word(text: str) -> Word:
    """Return one word of a search."""
    pairs: dict[str, None] = {}
    beginnings: dict[str, None] = {}
    for match in RUN.finditer(folded(text)):
        run = match[0]
        if match["cjk"] and len(run) > 1:
            pairs.update({run[n : n + 2]: None for n in range(len(run) - 1)})
        else:
            beginnings[run[:LONGEST_TERM]] = None
    if pairs:  # 博科777型: a single character begins too many terms to be worth asking for
        beginnings = {one: None for one in beginnings if not re.fullmatch(f"[{CJK}]", one)}
    return Word(joined(text)[:LONGEST_TERM], tuple(pairs), tuple(beginnings))
