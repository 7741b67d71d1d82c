"""The rules of the house for templates: one look at each, without a request."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from inventory.app import template_folder
from inventory.web import words

TEMPLATES = template_folder()
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
STATIC = TEMPLATES.parent / "inventory" / "static"
TABLES = {name for name in vars(words) if name.isupper()}
FORM = re.compile(r"<form\b(?P<tag>[^>]*(?:\{%.*?%\}[^>]*)*)>(?P<body>.*?)</form>", re.DOTALL)
FORBIDDEN = {
    "style attribute (use a class)": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.IGNORECASE),
    "event attribute (use a module)": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "<style> (use tallycard.css)": re.compile(r"<style\b", re.IGNORECASE),
    "<script> without src (use a module)": re.compile(r"<script\b(?![^>]*\ssrc=)", re.IGNORECASE),
    "hx-on (use a module)": re.compile(r"\bhx-on\b"),
    "js: expression": re.compile(r"=\s*[\"']js(?:on)?:"),
    "|safe": re.compile(r"\|\s*safe\b"),
    "address of another server": re.compile(r"(?:src|href|action)=[\"'](?:https?:)?//"),
}


PARSER = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)


@cache
def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


@cache
def tree(name: str) -> nodes.Template:
    return PARSER.parse(source(name))


def imported(parsed: nodes.Template) -> Iterator[str]:
    for statement in parsed.find_all(nodes.FromImport):
        for one in statement.names:
            yield one[1] if isinstance(one, tuple) else one


def used(parsed: nodes.Template) -> set[str]:
    return {name.name for name in parsed.find_all(nodes.Name) if name.ctx == "load"}


def test_the_application_understands_every_template(sqlite_app):
    for name in NAMES:
        sqlite_app.jinja_env.get_template(name)


def test_there_are_templates_for_every_page_that_is_rendered():
    python = (TEMPLATES.parent / "inventory").rglob("*.py")
    wanted = {
        name
        for path in python
        for name in re.findall(r'"([a-z_/]+\.html)"', path.read_text(encoding="utf-8"))
    }
    assert wanted <= set(NAMES), "write the template, or correct the name"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_uses_what_it_imports(name):
    parsed = tree(name)
    unused = set(imported(parsed)) - used(parsed)
    assert not unused, f"remove {unused} from the imports of {name}"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_template_imports_or_includes_is_there(name):
    parsed = tree(name)
    for kind in (nodes.FromImport, nodes.Include, nodes.Extends):
        for statement in parsed.find_all(kind):
            if isinstance(statement.template, nodes.Const):
                assert statement.template.value in NAMES
    for statement in parsed.find_all(nodes.FromImport):
        macros = {macro.name for macro in tree(statement.template.value).find_all(nodes.Macro)}
        asked = {one[0] if isinstance(one, tuple) else one for one in statement.names}
        assert asked <= macros, f"{name} asks {statement.template.value} for {asked - macros}"


def test_every_macro_is_used():
    used_somewhere = set()
    for name in NAMES:
        used_somewhere |= used(tree(name))
    macros = {
        macro.name: name for name in NAMES for macro in tree(name).find_all(nodes.Macro)
    }  # fmt: skip
    assert not {one: where for one, where in macros.items() if one not in used_somewhere}


@pytest.mark.parametrize("name", NAMES)
def test_a_template_keeps_the_content_security_policy(name):
    found = {
        what: match[0] for what, sign in FORBIDDEN.items() if (match := sign.search(source(name)))
    }
    assert not found, f"{name}: {found}"


@pytest.mark.parametrize("name", NAMES)
def test_a_form_that_posts_proves_that_it_is_ours(name):
    for form in FORM.finditer(source(name)):
        if 'method="post"' in form["tag"]:
            assert "csrf()" in form["body"], f"{name}: write {{{{ csrf() }}}} into the form"
            assert "action=" in form["tag"], f"{name}: a form says where it goes"


@pytest.mark.parametrize("name", NAMES)
def test_stored_values_are_said_from_a_table_that_exists(name):
    for call in tree(name).find_all(nodes.Filter):
        if call.name == "words" and call.args and isinstance(call.args[0], nodes.Const):
            assert call.args[0].value in TABLES


@pytest.mark.parametrize("name", NAMES)
def test_every_icon_is_in_the_sprite(name):
    sprite = set(re.findall(r'<symbol id="([a-z]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    calls = [
        call.args[0].value
        for call in tree(name).find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "icon"
        and isinstance(call.args[0], nodes.Const)
    ]  # fmt: skip
    assert set(calls) <= sprite


def test_every_state_has_an_icon_in_the_sprite():
    sprite = (STATIC / "icons.svg").read_text("utf-8")
    assert not [state for state, (_, icon) in words.TONES.items() if f'id="{icon}"' not in sprite]


def test_a_page_has_its_title_from_the_block_that_is_its_heading():
    for name in NAMES:
        text = source(name)
        if "{% extends" in text:
            assert "{% block title %}" in text, f"{name}: every page has a title"
            own_heading = "<h1" in text and 'extends "scan.html"' not in text
            assert not own_heading, f"{name}: the shell has the h1"


def test_the_style_sheet_stays_small():
    assert (STATIC / "tallycard.css").stat().st_size <= 30_000


def test_no_module_of_the_browser_makes_code_from_text():
    for path in sorted(Path(STATIC / "js").glob("*.js")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function|document\.write|https?://", text), path.name
