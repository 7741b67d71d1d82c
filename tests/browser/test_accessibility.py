"""axe on every page template: nothing may be found, in both languages and both schemes."""

import threading
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from werkzeug.serving import make_server

from inventory.app import create_app
from inventory.backups import record
from inventory.commands.database import run_migrations
from inventory.db import db
from inventory.register.queries import thing
from inventory.scope import OPERATOR
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_counting import burst, fits
from tests.conftest import config_for
from tests.unit.services.test_import_service import ledger
from tests.web.test_pages import count_in
from tests.world import HOME, acting

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [("zh-CN", "light", PHONE), ("en", "dark", DESK)]
AXE = Axe()


def examine(page) -> None:
    # To name only what is wrong, and not all that is right, takes half the time.
    asked = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = AXE.run(page, options=asked)
    violations = found.response["violations"]
    told = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"][:3]])
        for one in violations
    ]
    assert told == [], page.url


def kind_of(item):
    """The id of the kind of a thing."""
    return thing(acting(OPERATOR), item).kind_id


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_every_page_is_accessible(visit, sqlite_world, tmp_path, language, scheme, size):
    page = visit(language=language, scheme=scheme, size=size)
    cabinet, item = sqlite_world.cabinets[f"{HOME}/01"], sqlite_world.items[f"{HOME}/01"][0]
    kind = kind_of(item)
    paths = [
        "/", "/things", f"/things/{item}", "/cabinets", f"/cabinets/{cabinet}", "/labels",
        f"/labels?cabinet={cabinet}", "/counts", "/imports", "/agreement", "/find?q=烧杯",
        "/find?q=20000000195", "/nothing-here", "/rooms/new", "/kinds", f"/kinds/{kind}",
        "/kinds/new", "/things/new?q=sb", f"/things/new?kind={kind}", f"/things/{item}/change",
        f"/cabinets/{cabinet}/arrangement",
        "/me", "/me/password", "/handover", "/phone", "/things?retired=1", "/things?q=zzzz",
        "/kinds?q=zzzz", "/kinds?retired=1", "/things/new", "/people", "/things?unknown=1",
        f"/tags/new?code={item}", f"/placing?place={cabinet}", "/placing", "/unplaced",
        f"/kinds/{kind}/merging",
    ]  # fmt: skip
    for path in paths:
        page.goto(path)
        examine(page)
        if size is PHONE:
            fits(page)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_documents_ledgers_and_loans_are_accessible(visit, sqlite_world, language, scheme, size):
    """Scrapped, approved and lent in a real browser; every page of it is looked at."""
    one, two = sqlite_world.items[f"{HOME}/01"][:2]
    page = visit("manager", language=language, scheme=scheme, size=size)
    page.goto(f"/documents/new?type=scrap&codes={one}")
    page.locator("[name=reason]").fill("物镜霉变")
    page.locator("button[name=submit][value='1']").click()
    page.wait_for_url("**/documents/2*")
    document = page.url.partition("?")[0]
    page.goto(f"/loans/new?codes={two}")
    page.locator("[name=person]").fill("王芳")
    page.locator("[name=due]").fill("2026-01-01")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/documents/2*")
    kind = kind_of(one)
    paths = [
        document, "/documents", "/documents?waiting=1", "/documents/new?type=transfer",
        "/receipts/new", "/loans", "/returns/new", f"/things/{two}", f"/things/{one}",
        "/deputies", "/books/general", "/books/detail", "/books/low-value",
        f"/books/kinds/{kind}", "/attainment",
    ]  # fmt: skip
    for path in paths:
        page.goto(path)
        examine(page)
        if size is PHONE:
            fits(page)
    principal = visit("principal", language=language, scheme=scheme, size=size)
    principal.goto(document)
    examine(principal)
    principal.locator("button[name=decision][value=approve]").click()
    principal.wait_for_url("**said=approved_so_far")
    examine(principal)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_the_warning_of_a_missing_backup_is_accessible(
    visit, sqlite_config, sqlite_world, language, scheme, size
):
    page = visit(language=language, scheme=scheme, size=size)
    about = {"field": "", "folder": "/media/usb/tallycard", "reason": "not_there", "detail": ""}
    record.bad(sqlite_config.data, datetime.now(UTC), "bad_backup_folder", about)
    page.goto("/")
    assert page.locator(".notice.bad").count() == 1
    examine(page)
    fits(page)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_the_pages_of_people_are_accessible(visit, sqlite_world, language, scheme, size):
    page = visit("admin", language=language, scheme=scheme, size=size)
    person = sqlite_world.technician.id
    for path in ("/people", "/people?q=nobody", "/people/new", f"/people/{person}", "/me"):
        page.goto(path)
        examine(page)
        if size is PHONE:
            fits(page)
    page.goto("/people/new")
    page.locator("input[name=name]").fill("王芳")
    page.locator("input[name=login]").fill("wang")
    page.locator("select[name=school]").select_option(HOME)
    page.locator("form[action='/people'] button[type=submit]").click()
    page.locator(".code.break").wait_for()
    examine(page)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_refused_forms_and_a_retired_thing_are_accessible(
    visit, sqlite_world, language, scheme, size
):
    page = visit(language=language, scheme=scheme, size=size)
    page.goto("/me/password")
    for name in ("current", "password", "again"):
        page.locator(f"input[name={name}]").fill("not the present one")
    page.locator("form[action='/me/password'] button[type=submit]").click()
    page.locator("input[name=current][aria-invalid=true]").wait_for()
    examine(page)
    page.goto("/rooms/new")
    page.locator("#short").fill("物仪3")
    page.locator("#first").fill("0")
    page.locator("button[name=preview]").click()
    page.locator("#first[aria-invalid=true]").wait_for()
    examine(page)
    page.goto(f"/things/{sqlite_world.items[f'{HOME}/01'][0]}/change")
    page.locator("form[action$='/retirement'] input[name=reason]").fill("登记重复")
    page.locator("form[action$='/retirement'] button[type=submit]").click()
    page.locator("form[action$='/restoration']").wait_for()
    examine(page)
    if size is PHONE:
        fits(page)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_the_first_page_is_accessible(chromium, tmp_path, language, scheme, size):
    app = create_app(config_for(tmp_path / "empty"))
    with app.app_context():
        run_migrations()
        db.session.remove()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context(viewport=size, locale=language, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    assert page.url.endswith("/setup")
    examine(page)
    if size is PHONE:
        fits(page)
    context.close()
    server.shutdown()


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_counting_and_its_result_are_accessible(visit, sqlite_world, language, scheme, size):
    address = f"/counts/{count_in(sqlite_world, HOME)}"
    page = visit(language=language, scheme=scheme, size=size)
    page.goto(address)
    examine(page)
    burst(page, sqlite_world.batches[f"{HOME}/01"][0])
    page.locator("#quantity").wait_for()
    examine(page)
    page.locator("[data-dialog=closing]").click()
    examine(page)
    page.locator("dialog form[action$='/closing'] button[type=submit]").last.click()
    page.locator("a[href$='result.pdf']").wait_for()
    examine(page)


@pytest.mark.parametrize(("language", "scheme", "size"), LOOKS)
def test_an_import_and_the_door_are_accessible(visit, tmp_path, language, scheme, size):
    page = visit(language=language, scheme=scheme, size=size)
    rows = [
        ["11003", "电子秤", "1kg", "台", 2, 520, "科仪1-01-1", "王芳"],
        ["02003", "试管夹", "木质", "个", "若干", 2.5, "科仪1-02-1", "王芳"],
    ]
    page.goto("/imports")
    page.locator("input[type=file]").set_input_files(ledger(tmp_path, *rows))
    page.locator("form[action='/imports'] button[type=submit]").click()
    page.wait_for_url("**/imports/*")
    examine(page)
    if size is PHONE:
        fits(page)
    page.context.clear_cookies()
    page.goto("/sign-in")
    examine(page)
