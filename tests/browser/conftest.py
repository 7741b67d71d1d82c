"""A real Chromium on real pages of a served application; nothing may leave its origin."""

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from tests.world import World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests carry their mark, run in one worker, and say when there is no Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def served(sqlite_app: APIFlask, sqlite_world: World) -> Iterator[str]:
    """The address of the application with the small world, on a free port of loopback."""
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def visit(chromium: Browser, served: str, sqlite_world: World) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody who has signed in; errors and foreign requests fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def visiting(
        login: str = "technician", *, language: str = "zh-CN", size: dict[str, int] = PHONE,
        scheme: str = "light",
    ) -> Page:  # fmt: skip
        options: dict[str, Any] = {"viewport": size, "locale": language, "color_scheme": scheme}
        context = chromium.new_context(base_url=served, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("console", lambda said: _note(faults, said))
        page.on("request", lambda request: _stay(faults, served, request.url))
        page.goto("/sign-in")
        page.locator("input[name=login]").fill(login)
        page.locator("input[name=password]").fill(sqlite_world.password)
        page.locator("form[action='/sign-in'] button[type=submit]").click()
        page.wait_for_url(f"{served}/")
        return page

    yield visiting
    for context in contexts:
        context.close()
    assert not faults


def _note(faults: list[str], said: Any) -> None:
    if said.type == "error" and "Failed to load resource" not in said.text:
        faults.append(f"console: {said.text}")


def _stay(faults: list[str], served: str, url: str) -> None:
    if not url.startswith((served, "data:", "blob:")):
        faults.append(f"a request left the origin: {url}")
