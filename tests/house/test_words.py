"""Words: every refusal and every page in both languages, every command with help and an example."""

import re
from pathlib import Path

import click
import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from inventory.commands import COMMANDS, tallycard
from inventory.errors import every_refusal

ROOT = Path(__file__).resolve().parents[2]
CHINESE = ROOT / "inventory/translations/zh_Hans_CN/LC_MESSAGES"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def chinese():
    with (CHINESE / "messages.po").open("rb") as file:
        return read_po(file, locale="zh_Hans_CN")


def test_every_refusal_has_a_code_of_its_own_a_status_and_an_exit_code():
    refusals = every_refusal()

    assert len({one.code for one in refusals}) == len(refusals)
    for one in refusals:
        assert 400 <= one.status < 600
        assert one.exit_code in {1, 2, 3, 4, 5}


@pytest.mark.parametrize("refusal", every_refusal(), ids=lambda one: one.code)
def test_every_refusal_has_its_words_in_chinese(chinese, refusal):
    message = chinese.get(refusal.words)

    assert message is not None, "run `make translations` and translate the new words"
    assert message.string


def test_every_word_is_translated_and_keeps_its_placeholders(chinese):
    for message in chinese:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), f"not translated: {message.id!r}"
        assert not message.fuzzy, f"fuzzy: {message.id!r}"
        wanted = {name for text in ids for name in PLACEHOLDER.findall(text)}
        for text in strings:
            assert set(PLACEHOLDER.findall(text)) <= wanted, message.id


def test_the_compiled_words_are_those_of_the_source(chinese):
    with (CHINESE / "messages.mo").open("rb") as file:
        compiled = read_mo(file)

    for message in chinese:
        if message.id and isinstance(message.id, str):
            found = compiled.get(message.id)
            assert found is not None, f"run `make translations`: {message.id!r}"
            assert found.string == message.string


def test_the_collected_words_are_those_of_the_code(tmp_path):
    """New words in the code that nobody collected would stay English on a Chinese page."""
    from babel.messages.frontend import CommandLineInterface

    collected = tmp_path / "messages.pot"
    CommandLineInterface().run(
        ["pybabel", "-q", "extract", "-F", str(ROOT / "babel.cfg"), "-k", "N_", "-k", "_l",
         "-k", "spoken", "--no-location", "-o", str(collected), str(ROOT)]
    )  # fmt: skip
    with collected.open("rb") as file:
        now = {str(message.id) for message in read_po(file) if message.id}
    with (CHINESE / "messages.po").open("rb") as file:
        known = {str(message.id) for message in read_po(file) if message.id}

    assert now - known == set(), "run `make translations`"


def commands(group, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


EVERY = list(commands(tallycard))


@pytest.mark.parametrize(
    ("path", "command"), EVERY, ids=lambda one: " ".join(one) if isinstance(one, tuple) else ""
)
def test_every_command_has_help_with_an_example_and_stands_in_the_docs(path, command):
    assert command.help
    assert (
        f"$ tallycard {' '.join(path)}" in command.help
        or f"tallycard {' '.join(path)} " in command.help
    )
    assert f"tallycard {' '.join(path)}" in (ROOT / "docs/command-line.md").read_text("utf-8")


def test_every_command_is_found_by_its_name():
    assert {path[0] for path, _ in EVERY} == set(COMMANDS)


def test_the_readme_begins_with_what_it_is():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").split("\n")

    text = " ".join(lines[:8])
    assert lines[0] == "# Tallycard · 柜里有数"
    assert "count a shelf without a network" in text
    assert (
        "一物一码、一柜一卡：断网也能盘，差异说得清，签字有凭据，账、物、卡随时可证相符。" in text
    )


def test_the_documents_link_to_what_is_there():
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"
