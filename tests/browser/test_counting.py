"""From home over the cabinet to a finished count, on a phone, with a scanner that types."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.web.test_pages import count_in
from tests.world import HOME, OTHER

WORDS = {
    "zh-CN": {"match": "相符", "open": "数量待填", "misplaced": "位置不符", "unknown": "未知"},
    "en": {
        "match": "Match", "open": "Quantity open", "misplaced": "Misplaced", "unknown": "Unknown",
    },
}  # fmt: skip


def burst(page: Page, text: str, gap_ms: int = 8) -> None:
    """Type as a handheld scanner does, Enter at the end, once the page listens."""
    page.locator("html[data-scanner=on]").wait_for(state="attached")
    page.keyboard.type(text, delay=gap_ms)
    page.keyboard.press("Enter")


def said(page: Page, word: str) -> None:
    expect(page.locator("#hit")).to_contain_text(word)


def fits(page: Page) -> None:
    """Nothing sticks out of the phone's screen."""
    beyond = page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1
                && getComputedStyle(one).position !== 'absolute' && one.checkVisibility()
                && !one.closest('thead'))
            .map((one) => one.outerHTML.slice(0, 80))"""
    )
    assert beyond == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_home_cabinet_count_on_a_phone(visit, sqlite_world, language):
    words = WORDS[language]
    page = visit(language=language, size=PHONE)
    fits(page)
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]
    page.locator(f"main a[href='/cabinets/{cabinet}']").first.click()
    expect(page.locator("h1")).to_contain_text("科仪1-01")
    fits(page)
    page.locator("form[action='/counts'] button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("科仪1-01")

    items, [beakers, tubes] = sqlite_world.items[f"{HOME}/01"], sqlite_world.batches[f"{HOME}/01"]
    for code in items:
        burst(page, code)
        said(page, words["match"])
    burst(page, sqlite_world.items[f"{HOME}/02"][0])
    said(page, words["misplaced"])
    burst(page, "6901234567892")
    said(page, words["unknown"])
    burst(page, beakers)
    said(page, words["open"])
    quantity = page.locator("#quantity")
    expect(quantity).to_have_value("")
    fits(page)
    quantity.fill("20")
    quantity.press("Enter")
    expect(page.locator("#hit")).to_contain_text("20")
    burst(page, tubes)
    said(page, words["open"])
    page.locator("#hit button[name=all_there]").click()
    expect(page.locator("#hit")).to_contain_text("300")

    page.locator("[data-dialog=closing]").click()
    page.locator("dialog form[action$='/closing'] button[type=submit]").last.click()
    page.wait_for_load_state()
    expect(page.locator("a[href$='result.pdf']")).to_be_visible()
    fits(page)


@pytest.fixture
def counting(visit, sqlite_world):
    """A page on an open count."""
    address = f"/counts/{count_in(sqlite_world, HOME)}"
    page = visit()
    page.goto(address)
    return page


def test_a_colleagues_scan_moves_the_progress(counting, visit, sqlite_world):
    before = counting.locator("#meter").inner_text()
    colleague = visit("manager")
    colleague.goto(counting.url)

    burst(colleague, sqlite_world.items[f"{HOME}/01"][0])
    said(colleague, WORDS["zh-CN"]["match"])

    expect(counting.locator("#meter")).not_to_have_text(before, timeout=15_000)


def test_undo_takes_the_last_sighting_back(counting, sqlite_world):
    before = counting.locator("#meter").inner_text()
    burst(counting, sqlite_world.items[f"{HOME}/01"][0])
    said(counting, WORDS["zh-CN"]["match"])

    counting.locator("#hit form.undo button").click()

    expect(counting.locator("#meter")).to_have_text(re.compile(re.escape(before.split("\n")[0])))


def test_scans_made_without_a_network_arrive_once(counting, sqlite_world):
    items = sqlite_world.items[f"{HOME}/01"]
    burst(counting, sqlite_world.batches[f"{HOME}/01"][0])
    expect(counting.locator("#quantity")).to_be_visible()

    counting.context.set_offline(True)
    for code in items:
        burst(counting, code)
    expect(counting.locator("#waiting")).to_be_visible()
    # The batch's pad is gone: a number typed now would be given to the wrong thing.
    expect(counting.locator("#hit[data-said=kept]")).to_contain_text(items[-1])
    expect(counting.locator("#quantity")).to_have_count(0)

    counting.context.set_offline(False)

    expect(counting.locator("#waiting")).to_be_hidden(timeout=40_000)
    counting.reload()
    shown = counting.locator("#meter").inner_text()
    assert "3" in shown


def test_a_typed_code_and_a_pasted_list_count_too(counting, sqlite_world):
    first, second, third = sqlite_world.items[f"{HOME}/01"]
    counting.locator("#payload").press_sequentially(first, delay=120)
    counting.locator("#payload").press("Enter")
    said(counting, WORDS["zh-CN"]["match"])

    counting.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData('text', text);
            document.getElementById('payload').dispatchEvent(
                new ClipboardEvent('paste', {
                    clipboardData: data, bubbles: true, cancelable: true,
                }));
        }""",
        f"{second}\n{third}\n",
    )

    expect(counting.locator("#meter")).to_contain_text("3")


def test_the_count_of_another_school_is_not_there(visit, sqlite_world):
    foreign = count_in(sqlite_world, OTHER)

    page = visit()
    answer = page.goto(f"/counts/{foreign}")

    assert answer.status == 404
