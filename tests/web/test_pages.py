"""Every page, in both languages, for every role, and from another school's account."""

import re
import time

import pytest
from structlog.testing import capture_logs

from inventory.counting.service import open_count
from inventory.db import db, transact
from inventory.places.queries import place_by_code
from inventory.register.rules import code_of
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, acting

PLAIN = ("/", "/things", "/cabinets", "/counts", "/imports", "/labels", "/agreement")
ROLES = ("admin", "officer", "auditor", "manager", "technician", "principal", "teacher")
MAY_NOT = {
    "/imports": {"officer", "auditor", "principal", "teacher"},
    "/labels": {"officer", "auditor", "principal", "teacher"},
}


def count_in(world, school):
    acting(OPERATOR)
    place = place_by_code(db.session(), world.cabinets[f"{school}/01"])
    return transact(lambda session: open_count(session, OPERATOR, place=place, at=NOON)).id


def addresses(world, school):
    """The pages that name something of a school."""
    count = count_in(world, school)
    return [
        f"/things/{world.items[f'{school}/01'][0]}",
        f"/cabinets/{world.cabinets[f'{school}/01']}",
        f"/counts/{count}",
        f"/counts/{count}/progress",
        f"/counts/{count}/result.pdf",
        f"/counts/{count}/result.xlsx",
        f"/{world.items[f'{school}/01'][0]}",
        f"/{count}",
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_keeps_the_house_rules_in_both_languages(
    client_for, sqlite_world, look, language
):
    paths = [*PLAIN, *addresses(sqlite_world, HOME)[:3], "/find?q=烧杯", "/find?q=20000000195"]
    client = client_for("technician")
    client.post("/language", data={"language": language})
    for path in paths:
        page = look(client, path)
        assert page.lang == language, path
        assert bool(re.search("[\u4e00-\u9fff]", page.title)) == (language == "zh-CN") or (
            path.startswith(("/things/", "/cabinets/", "/counts/"))
        ), f"{path}: {page.title}"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_what_it_may_and_is_told_otherwise(client_for, look, role):
    client = client_for(role)
    for path in PLAIN:
        look(client, path, 403 if role in MAY_NOT.get(path, ()) else 200)


def test_what_is_another_schools_is_not_there(client_for, sqlite_world):
    foreign, own = addresses(sqlite_world, OTHER), addresses(sqlite_world, HOME)
    client = client_for("technician")

    for path in foreign:
        assert client.get(path).status_code == 404, path
    for path in own:
        assert client.get(path, follow_redirects=True).status_code == 200, path


def posts(world, school):
    """Every form that names something of a school."""
    count, cabinet = count_in(world, school), world.cabinets[f"{school}/01"]
    item, batch = world.items[f"{school}/01"][0], world.batches[f"{school}/01"][0]
    return [
        ("/counts", {"place": cabinet}),
        (f"/counts/{count}/quantities", {"code": batch, "quantity": "3"}),
        (f"/counts/{count}/undoing", {}),
        (f"/counts/{count}/closing", {"leave_open": "1"}),
        (f"/cabinets/{cabinet}/card", {}),
        ("/labels", {"what": "things", "codes": item}),
        ("/labels", {"what": "cabinet", "cabinet": cabinet}),
        ("/labels", {"what": "places", "cabinet": cabinet}),
    ]


def test_who_asks_for_what_is_another_schools_stands_in_the_log(client_for, sqlite_world):
    foreign = sqlite_world.items[f"{OTHER}/01"][0]
    client = client_for("technician")
    with capture_logs() as logs:
        client.get(f"/things/{foreign}")

    [miss] = [one for one in logs if one["event"] == "not_found"]
    assert (miss["what"], miss["key"]) == ("thing", foreign)
    assert miss["actor"] == sqlite_world.technician.id


def test_nothing_of_another_school_is_changed_by_a_form(client_for, sqlite_world):
    foreign, own = posts(sqlite_world, OTHER), posts(sqlite_world, HOME)
    client = client_for("technician")

    for path, form in foreign:
        assert client.post(path, data=form).status_code == 404, path
    for path, form in own:
        assert client.post(path, data=form).status_code in {200, 302}, path


def test_who_has_not_signed_in_is_sent_to_the_door_and_back(sqlite_app, sqlite_world):
    client = sqlite_app.test_client()
    path = f"/things/{sqlite_world.items[f'{HOME}/01'][0]}"

    door = client.get(path)
    assert (door.status_code, door.location) == (302, f"/sign-in?next={path}")
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    answer = client.post(
        "/sign-in", data={"login": " Technician ", "password": sqlite_world.password, "next": path}
    )
    assert answer.location == path


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_the_way_back_never_leaves_this_server(client_for, target):
    answer = client_for("technician").post("/language", data={"language": "en", "next": target})

    assert answer.location == "/"


def test_a_wrong_password_keeps_the_name_and_does_not_say_what_was_wrong(
    sqlite_app, sqlite_world, look
):
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    client = sqlite_app.test_client()

    answers = [
        client.post("/sign-in", data={"login": login, "password": "wrong password"})
        for login in ("technician", "nobody-at-all", "station")
    ]

    assert {answer.status_code for answer in answers} == {401}
    pages = [answer.get_data(as_text=True) for answer in answers]
    assert 'value="technician"' in pages[0]
    assert "nobody-at-all" in pages[1]


def test_a_form_without_its_token_is_refused(sqlite_app, sqlite_world):
    client = sqlite_app.test_client()

    for path in ("/sign-in", "/language", "/theme", "/counts", "/imports", "/labels", "/sign-out"):
        assert client.post(path, data={}).status_code == 400, path


def test_unknown_fields_are_refused(client_for):
    client = client_for("technician")

    assert client.post("/counts", data={"place": "x", "school_id": OTHER}).status_code == 422


def test_pages_carry_the_headers_that_keep_them_safe(client_for):
    headers = client_for("technician").get("/").headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_every_script_of_a_page_carries_the_nonce_of_its_answer_alone(client_for):
    client = client_for("technician")
    nonces = set()
    for path in PLAIN:
        answer = client.get(path)
        [nonce] = re.findall(r"'nonce-([\w-]{20,})'", answer.headers["Content-Security-Policy"])
        scripts = re.findall(r"<script[^>]*>", answer.get_data(as_text=True))
        assert scripts
        assert all(f'nonce="{nonce}"' in one for one in scripts), path
        nonces.add(nonce)

    assert len(nonces) == len(PLAIN)


def test_a_scan_box_opens_what_the_text_points_at(client_for, sqlite_world):
    client, item = client_for("technician"), sqlite_world.items[f"{HOME}/01"][0]
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]

    for text, path in (
        (item, f"/things/{item}"),
        (f"https://x.example/{item}", f"/things/{item}"),
        ("24001-1", f"/things/{item}"),
        (cabinet, f"/cabinets/{cabinet}"),
        ("科仪1-01", f"/cabinets/{cabinet}"),
    ):
        assert client.get("/find", query_string={"q": text}).location == path, text


@pytest.mark.parametrize("path", ["/find", "/things", "/kinds", "/api/v1/things"])
def test_a_search_for_thousands_of_words_is_answered_at_once(client_for, api, path):
    """It kept a processor busy for ten seconds, and ended in an error."""
    client = api() if path.startswith("/api/") else client_for("technician")
    begun = time.monotonic()

    answer = client.get(path, query_string={"q": "x y " * 5000})

    assert answer.status_code == 200
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "text", ["20000000195", code_of(999_999_999), "6901234567892", "<script>", "\x00", "x" * 2000]
)
def test_an_unknown_text_is_named_and_never_an_error(client_for, look, text):
    client = client_for("technician")

    answer = client.get("/find", query_string={"q": text})

    assert answer.status_code in {200, 404}
    assert "<script>" not in answer.get_data(as_text=True).replace("<script src", "")


def test_the_history_of_a_thing_is_told_in_sentences(client_for, sqlite_world, look):
    item = sqlite_world.items[f"{HOME}/01"][0]
    client = client_for("technician")
    for language, word in (("en", "科仪1-01-1"), ("zh-CN", "科仪1-01-1")):
        client.post("/language", data={"language": language})
        page = look(client, f"/things/{item}")
        assert word in page.words
        assert "thing_registered" not in page.words


def test_pages_that_are_not_there_say_so(client_for, look):
    client = client_for("technician")
    for path in ("/nothing-here", "/things/20000000195", "/cabinets/x", "/counts/x", "/imports/x"):
        look(client, path, 404)
