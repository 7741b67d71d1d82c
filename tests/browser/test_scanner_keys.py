"""A handheld scanner on any page: its bursts are recognised, people's typing is left alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_counting import burst
from tests.world import HOME


@pytest.fixture
def item(sqlite_world):
    return sqlite_world.items[f"{HOME}/01"][0]


def opened(page: Page, item: str) -> None:
    page.wait_for_url(f"**/things/{item}")


@pytest.mark.parametrize("path", ["/", "/things", "/cabinets", "/counts", "/labels", "/imports"])
def test_a_burst_opens_the_thing_from_every_page(visit, item, path):
    page = visit()
    page.goto(path)

    burst(page, item)

    opened(page, item)


def test_a_burst_opens_the_cabinet(visit, sqlite_world):
    page = visit()
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]

    burst(page, cabinet)

    page.wait_for_url(f"**/cabinets/{cabinet}")


def test_a_link_in_the_symbol_opens_it_too(visit, item):
    page = visit()

    burst(page, f"https://e.example/{item}")

    opened(page, item)


def test_a_burst_into_a_field_leaves_the_fields_text_alone(visit, item):
    page = visit()
    page.goto("/labels")
    page.evaluate("() => addEventListener('scan', (event) => event.stopPropagation(), true)")
    page.locator("input[name=what][value=blank]").check(force=True)
    field = page.locator("input[name=blank]")
    field.fill("3")

    burst(page, item)
    page.wait_for_timeout(100)

    assert field.input_value() == "3"
    assert page.url.endswith("/labels")


def test_a_person_who_types_is_no_scanner(visit, item):
    page = visit()
    page.goto("/things")
    box = page.locator("input[name=q]:visible").first
    box.focus()

    page.keyboard.type(item[:6], delay=120)

    expect(box).to_have_value(item[:6])
    assert page.url.endswith("/things")


def test_a_stutter_does_not_cut_a_code_in_two(visit, item):
    page = visit()
    page.locator("h1").click()

    page.keyboard.type(item[:6], delay=8)
    page.wait_for_timeout(200)
    page.keyboard.type(item[6:], delay=8)
    page.keyboard.press("Enter")

    opened(page, item)


def test_a_chinese_input_method_hides_no_code(visit, item):
    """While an input method composes, the browser reports “Process”; the key's place is asked."""
    page = visit()
    page.evaluate(
        """(code) => {
            const press = (key, place) => document.dispatchEvent(new KeyboardEvent('keydown', {
                key, code: place, bubbles: true, cancelable: true }));
            [...code].forEach((digit) => press('Process', `Digit${digit}`));
            press('Process', 'Enter');
        }""",
        item,
    )

    opened(page, item)


def test_an_unknown_burst_is_named_on_a_page_of_its_own(visit):
    page = visit(language="en")

    burst(page, "20000000195")

    page.wait_for_url("**/find?q=20000000195")
    expect(page.locator("main")).to_contain_text("check digits are wrong")
