"""Addresses that people have kept go on working, and no page leads to one that does not."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest

from inventory.counting.service import open_count
from inventory.db import db, transact
from inventory.places.queries import place_by_code
from inventory.scope import OPERATOR
from tests.web.page import Page
from tests.world import HOME, NOON, acting

RELEASED = Path(__file__).parents[1] / "data"
NOT_FOLLOWED = re.compile(r"/sign-out|/static/|\.pdf$|\.xlsx$|/handover")
MOST_PAGES = 400


@pytest.mark.parametrize("list_", sorted(path.name for path in RELEASED.glob("routes-*.txt")))
def test_no_address_of_a_release_is_gone(sqlite_app, list_):
    """Who removes one leaves a redirect in its place, and the address in the list."""
    now = {
        f"{method} {rule.rule}"
        for rule in sqlite_app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    released = (RELEASED / list_).read_text(encoding="utf-8").split("\n")

    assert [one for one in released if one and one not in now] == []


class Links(HTMLParser):
    """The addresses that a page leads to: of links, and of parts that are fetched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.found.add(values["href"])
        if values.get("hx-get"):
            self.found.add(values["hx-get"])


@pytest.mark.parametrize("login", ["head", "technician", "teacher", "auditor"])
def test_no_page_leads_to_an_address_that_is_refused(client_for, sqlite_world, login, head):
    """Whoever clicks through everything meets neither a dead end nor a closed door."""
    acting(OPERATOR)
    place = place_by_code(db.session(), sqlite_world.cabinets[f"{HOME}/01"])
    transact(lambda session: open_count(session, OPERATOR, place=place, at=NOON))
    client = client_for(login)
    seen, waiting = set(), [("/", "the beginning")]
    while waiting and len(seen) < MOST_PAGES:
        path, source = waiting.pop()
        if path in seen or NOT_FOLLOWED.search(path.split("?")[0]):
            continue
        seen.add(path)
        answer = client.get(path, follow_redirects=True)
        assert answer.status_code in {200, 204}, f"{source} → {path}: {answer.status_code}"
        if answer.mimetype != "text/html":
            continue
        html = answer.get_data(as_text=True)
        if "<html" in html:
            Page(html).check()  # the house rules, on each page that there is
        for link in Links(html).found:
            target = urldefrag(link)[0]
            if target and not urlsplit(target).netloc:
                joined = target if target.startswith("/") else path.split("?")[0] + target
                waiting.append((joined, path))
    assert len(seen) > 15
