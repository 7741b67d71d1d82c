"""From the desk to a phone without typing a password, and back in by PIN, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import examine
from tests.browser.test_counting import fits


@pytest.fixture
def phone(chromium, served):
    """A phone that nobody has signed in on."""
    context = chromium.new_context(
        base_url=served, viewport=PHONE, locale="zh-CN", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def handed_over(desk, phone):
    """Show a code at the desk and type it on the phone."""
    desk.goto("/handover")
    code = desk.locator(".counted").inner_text()
    phone.goto("/sign-in")
    phone.locator("a[href='/phone']").click()
    phone.locator("input[name=code]").fill(code)
    phone.locator("form[action='/phone'] button[type=submit]").click()
    phone.wait_for_url("**/")


def test_a_phone_takes_over_the_session_and_the_desk_learns_of_it(visit, phone, served):
    desk = visit(size=DESK)
    desk.goto("/handover")
    state = desk.locator("#handover-state")
    expect(state).to_contain_text("等待")

    handed_over(desk, phone)

    fits(phone)
    expect(state).to_contain_text("已登录", timeout=15_000)
    phone.goto("/things")
    expect(phone.locator("h1")).to_be_visible()


def test_the_link_asks_before_it_signs_in(visit, phone, sqlite_app, sqlite_world):
    from datetime import UTC, datetime

    from inventory.db import transact
    from inventory.identity.service import hand_over
    from tests.world import acting

    by = sqlite_world.technician
    acting(by)
    at = datetime.now(UTC)
    _, secret, _ = transact(lambda session: hand_over(session, by, is_full=True, at=at))

    phone.goto(f"/phone/{secret}")
    expect(phone.locator("main")).to_contain_text("technician老师")
    examine(phone)
    fits(phone)
    phone.locator("main form button[type=submit]").click()

    phone.wait_for_url("**/")
    phone.goto(f"/phone/{secret}")
    expect(phone.locator("main")).to_contain_text("已被使用")


def test_a_shared_phone_is_locked_and_opened_by_pin(visit, phone, sqlite_world):
    handed_over(visit(size=DESK), phone)
    phone.goto("/me")
    phone.locator("form[action='/me/pin'] input[name=pin]").fill("4711")
    phone.locator("form[action='/me/pin'] button").click()
    phone.wait_for_load_state()
    phone.locator("details.menu summary").click()
    phone.locator("details.menu form[action='/lock'] button").click()
    phone.wait_for_url("**/sign-in")
    examine(phone)
    fits(phone)

    pin = phone.locator("input[name=pin]")
    expect(pin).to_be_focused()
    pin.fill("0815")
    pin.press("Enter")
    expect(phone.locator("[role=alert]")).to_contain_text("PIN")
    phone.locator("input[name=pin]").fill("4711")
    phone.locator("input[name=pin]").press("Enter")

    phone.wait_for_url(re.compile(r"/$"))
    phone.goto("/things")
    expect(phone.locator("h1")).to_be_visible()
