"""On a phone: a room with twelve cabinets, then a thing in it; with scripts and without."""

import pytest

from inventory.places.queries import find_place, standing
from inventory.register.queries import search
from inventory.scope import OPERATOR
from tests.browser.conftest import PHONE
from tests.browser.test_counting import fits
from tests.world import HOME, acting


@pytest.fixture
def page(request, visit, chromium, served, sqlite_world):
    """A signed-in phone; without scripts it signs in by itself, for `visit` waits for them."""
    if request.param:
        yield visit(size=PHONE)
        return
    context = chromium.new_context(
        base_url=served, viewport=PHONE, locale="zh-CN", java_script_enabled=False
    )
    made = context.new_page()
    made.goto("/sign-in")
    made.locator("input[name=login]").fill("technician")
    made.locator("input[name=password]").fill(sqlite_world.password)
    made.locator("form[action='/sign-in'] button[type=submit]").click()
    made.wait_for_url(f"{served}/")
    yield made
    context.close()


@pytest.mark.parametrize(
    ("page", "scripts"), [(True, True), (False, False)], indirect=["page"],
    ids=["with scripts", "without"],
)  # fmt: skip
def test_a_room_with_twelve_cabinets_and_a_thing_in_it(page, scripts):
    page.goto("/cabinets")
    page.locator("a[href='/rooms/new']").click()
    page.wait_for_url("**/rooms/new")
    if scripts:
        fits(page)
    page.locator("#short").fill("物仪2")
    page.locator("#name").fill("物理仪器室2")
    page.locator("#last").fill("12")
    if scripts:
        page.locator("#planned").get_by_text("物仪2-12").wait_for()
    else:
        page.locator("button[name=preview]").click()
        assert "物仪2-12" in page.locator("#planned").inner_text()
    page.locator("form[action='/rooms'] button[type=submit]").first.click()
    page.locator("a[href*='what=places']").wait_for()
    room = find_place(acting(OPERATOR), "物仪2", HOME)[0]
    assert page.url.endswith(f"/cabinets/{room.id}?said=laid_out")
    assert len([one for one in standing(acting(OPERATOR), HOME) if one.path[:3] == "物仪2"]) == 61

    page.goto("/things")
    page.locator("a[href='/things/new']").first.click()
    page.wait_for_url("**/things/new")  # and for its scripts
    words = page.locator("#kind-words")
    if scripts:
        words.press_sequentially("dztp")
    else:
        words.fill("dztp")
        words.press("Enter")
    page.locator("#choices a", has_text="电子天平 01").click()
    page.locator("#place").fill("物仪2-03-1")
    page.locator("#note").fill("捐赠")
    if scripts:
        fits(page)
    page.locator("form[action='/things'] button[type=submit]").click()
    page.locator("[role=status]").wait_for()

    [thing] = [one for one in search(acting(OPERATOR), "24001", size=99)[0] if one.note]
    assert (thing.place, thing.quantity) == ("物仪2-03-1", 1)
    assert thing.code in page.url
