"""What the documents say of the screen is what stands on it."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "inventory/translations/zh_Hans_CN/LC_MESSAGES/messages.po"
PAIR = re.compile(r"\*{1,2}([A-Z][^*]{1,60}?)\*{1,2}\s*\(([^()]*[\u4e00-\u9fff][^()]*)\)")
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def plain(words: str) -> str:
    """A text as a document names it: n for a number, no line breaks, no full stop."""
    return " ".join(re.sub(r"%\(\w+\)s", "n", words).split()).rstrip(".。")


@pytest.fixture(scope="module")
def chinese() -> dict[str, set[str]]:
    """What stands in Chinese for each English text of the pages."""
    found: dict[str, set[str]] = {}
    with WORDS.open("rb") as file:
        for message in read_po(file):
            forms = [message.id] if isinstance(message.id, str) else list(message.id)
            said = [message.string] if isinstance(message.string, str) else list(message.string)
            for form in forms:
                found.setdefault(plain(form), set()).add(plain(said[0]))
    return found


def _begins(said: str, word: str) -> bool:
    """A document may explain after the word: (数量待填: somebody saw the label)."""
    return said == word or said.startswith((f"{word}:", f"{word},"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_words_of_the_screen_are_those_of_the_pages(document, chinese):
    pairs = PAIR.findall(document.read_text())

    strange = [
        (english, said)
        for english, said in ((plain(one), plain(other)) for one, other in pairs)
        if not any(_begins(said, word) for word in chinese.get(english, ()))
    ]

    assert not strange
