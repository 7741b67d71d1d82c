"""Days of a school, in both languages and a real browser: found by a scanner, moved."""

import pytest
from playwright.sync_api import expect

from inventory.commands.verifying import examine as verify
from inventory.db import transact
from inventory.register.service import mint
from inventory.scope import OPERATOR
from tests.browser.test_counting import burst
from tests.unit.services.test_by_hand import kind_named
from tests.world import HOME, NOON, acting

WORDS = {
    "zh-CN": {
        "stale": "柜卡已过期", "register": "登记这个物品", "nothing": "校验码",
        "agrees": "账物卡相符", "moved": "移到",
    },
    "en": {
        "stale": "Card stale", "register": "Register the thing", "nothing": "check digits",
        "agrees": "Ledger, things and cards agree", "moved": "moved",
    },
}  # fmt: skip
LANGUAGES = pytest.mark.parametrize("language", ["zh-CN", "en"])


@LANGUAGES
def test_a_technician_finds_a_thing_by_its_label(visit, sqlite_world, language):
    """Scenario 1."""
    page = visit(language=language)
    item = sqlite_world.items[f"{HOME}/01"][0]
    for to in ("科仪1-02-1", "科仪1-02-2", "科仪1-01-1"):
        page.goto(f"/things/{item}/change")
        page.locator("form[action$='/move'] [name=to]").fill(to)
        page.locator("form[action$='/move'] button[type=submit]").click()
        page.wait_for_url("**said=moved**")
    page.goto("/")
    burst(page, item)
    page.wait_for_url(f"**/things/{item}")
    shown = page.locator("main").inner_text()
    for words in ("电子天平 01", "24001-01", "科仪1-01-1", "童喆"):
        assert words in shown
    moves = page.locator(".history li", has_text=WORDS[language]["moved"])
    expect(moves).to_have_count(3)

    # A code that nothing bears is said to be so, with what to do about it; never a fault.
    acting(OPERATOR)
    [blank] = transact(lambda session: mint(session, OPERATOR, count=1, at=NOON))
    page.goto("/")
    burst(page, blank)
    page.locator("a", has_text=WORDS[language]["register"]).click()
    page.wait_for_load_state()  # what is typed before its script is there is found by a press
    page.locator("#kind-words").fill("dztp01")
    page.locator("#choices a", has_text="电子天平 01").first.click()
    page.locator("[name=place]").fill("科仪1-01-2")
    page.locator("form[action='/things'] button[type=submit]").click()
    page.wait_for_url(f"**/things/{blank}**")

    page.goto("/")
    burst(page, blank[:-1] + str((int(blank[-1]) + 1) % 10))
    expect(page.locator("main a", has_text=WORDS[language]["register"])).to_be_visible()
    assert WORDS[language]["nothing"] in page.locator("main").inner_text()


@LANGUAGES
def test_what_moves_makes_both_cards_stale_and_a_print_makes_them_right(
    visit, sqlite_world, language
):
    """Scenario 4: three kinds from one cabinet to the other."""
    page = visit(language=language)
    one, other = (sqlite_world.cabinets[f"{HOME}/{n}"] for n in ("01", "02"))
    card = page.locator("form[action$='/card'] button")
    for cabinet in (one, other):
        page.goto(f"/cabinets/{cabinet}")
        with page.expect_download():
            card.click()
    moved = [sqlite_world.items[f"{HOME}/01"][0], *sqlite_world.batches[f"{HOME}/01"]]
    for code in moved:
        page.goto(f"/things/{code}/change")
        page.locator("form[action$='/move'] [name=to]").fill("科仪1-02-1")
        page.locator("form[action$='/move'] button[type=submit]").click()
        page.wait_for_url("**said=moved**")
    page.goto("/cabinets")
    expect(page.locator(".tile", has_text=WORDS[language]["stale"])).to_have_count(2)
    with page.expect_download():
        page.locator("form[action='/cards'] button").click()
    page.goto("/cabinets")
    expect(page.locator(".tile", has_text=WORDS[language]["stale"])).to_have_count(0)
    page.goto("/agreement")
    assert WORDS[language]["agrees"] in page.locator("main").inner_text()
    acting(OPERATOR)
    assert verify(True, (), HOME)["agrees"]
    assert kind_named("电子天平 01")
