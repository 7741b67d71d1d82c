"""Everyday sign-in through the pages: sessions, PINs, phones, one-time passwords, limits."""

import base64
import re
from dataclasses import replace
from datetime import datetime, timedelta

import numpy
import pytest
from sqlalchemy import event, select, update

import scanner
from inventory.app import create_app
from inventory.db import db, transact
from inventory.identity import service
from inventory.identity.models import Handover, Person, SignIn
from inventory.register.service import codes_for_people
from inventory.scope import OPERATOR
from inventory.web.context import CONFIG
from inventory.web.shell import limiter
from tests.conftest import Apart
from tests.web.page import Page
from tests.world import NOON, PASSWORD, acting


@pytest.fixture(autouse=True)
def _unlimited_before(sqlite_app):
    """Each test begins with all its attempts."""
    limiter.reset()


@pytest.fixture
def stranger_to(sqlite_app, sqlite_world):
    """A client that has not signed in, without the forms' tokens."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    return sqlite_app.test_client()


def text_of(answer):
    return answer.get_data(as_text=True)


def is_out(client):
    return client.get("/me").status_code == 302


def change(model, **values):
    acting(OPERATOR)
    transact(lambda session: session.execute(update(model).values(**values)))


def test_the_pages_of_an_account_keep_the_house_rules(client_for, look):
    client = client_for("technician")
    for language in ("zh-CN", "en"):
        client.post("/language", data={"language": language})
        for path in ("/me", "/me/password", "/handover", "/phone"):
            page = look(client, path)
            assert page.lang == language
            assert bool(re.search("[\u4e00-\u9fff]", page.title)) == (language == "zh-CN"), path


@pytest.mark.parametrize("role", ["admin", "officer", "auditor", "principal", "teacher"])
def test_everybody_has_an_account_page(client_for, look, role):
    look(client_for(role), "/me")


# --- sessions ------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "https://guizi.example.cn"])
def test_cookies_are_kept_from_scripts_other_sites_and_open_lines(sqlite_config, url):
    app = create_app(replace(sqlite_config, url=url))
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Apart
    client, is_secure = app.test_client(), url.startswith("https:")
    session = client.post(
        "/sign-in", base_url=url, data={"login": "technician", "password": PASSWORD}
    )
    device = client.post("/me/pin", base_url=url, data={"pin": "8264"})
    with app.app_context():
        db.engine.dispose()

    name = "__Host-tallycard" if is_secure else "tallycard"
    for answer, started in ((session, f"{name}="), (device, "tallycard_device=")):
        cookies = answer.headers.getlist("Set-Cookie")
        [cookie] = [one for one in cookies if one.startswith(started)]
        marks = set(cookie.split("; "))
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= marks, cookie
        assert ("Secure" in marks) is is_secure
        assert "Domain" not in cookie


def test_a_session_ends_where_it_is_ended(client_for):
    desk, phone = client_for("technician"), client_for("technician")
    [other] = re.findall(r"/sessions/([0-9a-f]{32})/ending", text_of(desk.get("/me")))

    assert desk.post(f"/sessions/{other}/ending").status_code == 302

    assert is_out(phone)
    assert not is_out(desk)


def test_somebody_elses_session_is_not_there(client_for):
    client_for("technician")
    acting(OPERATOR)
    sign_in = db.session.scalar(select(SignIn.id))

    assert client_for("teacher").post(f"/sessions/{sign_in}/ending").status_code == 404
    assert client_for("admin").post(f"/sessions/{sign_in}/ending").status_code == 302


def test_a_new_password_ends_all_other_sessions_and_not_this_one(client_for, sqlite_world):
    desk, phone = client_for("technician"), client_for("technician")
    values = {"current": sqlite_world.password, "password": "a new password", "again": ""}
    for more, status in (
        ({"again": "another one"}, 422),
        ({"current": "wrong", "again": "a new password"}, 401),
        ({"password": "short", "again": "short"}, 422),
        ({"password": sqlite_world.password, "again": sqlite_world.password}, 422),
    ):
        assert desk.post("/me/password", data=values | more).status_code == status, more

    assert desk.post("/me/password", data=values | {"again": "a new password"}).status_code == 302

    assert not is_out(desk)
    assert is_out(phone)


def test_signing_out_makes_the_cookie_worthless(client_for):
    client = client_for("technician")
    cookie = client.get_cookie("tallycard").value
    client.post("/sign-out")
    client.set_cookie("tallycard", cookie)

    assert is_out(client)


@pytest.mark.parametrize(
    ("ago", "seen_ago", "out"),
    [
        (timedelta(hours=1), timedelta(hours=1), False),
        (timedelta(hours=13), timedelta(hours=13), True),
        (timedelta(days=20), timedelta(minutes=1), False),
        (timedelta(days=31), timedelta(minutes=1), True),
    ],
)
def test_a_session_is_over_when_idle_or_old(client_for, ago, seen_ago, out):
    client = client_for("technician")
    now = datetime.now(NOON.tzinfo)
    change(SignIn, created_at=now - ago, seen_at=now - seen_ago)

    assert is_out(client) == out


def test_a_disabled_person_is_out_with_the_next_click(client_for, sqlite_world):
    client = client_for("technician")
    acting(OPERATOR)
    person_id = sqlite_world.technician.id
    transact(
        lambda session: service.disable_person(session, OPERATOR, person_id=person_id, at=NOON)
    )

    assert is_out(client)


def statements(client, path):
    """The statements that a page runs."""
    ran = []

    def note(connection, cursor, statement, *_):
        ran.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    client.get(path)
    event.remove(db.engine, "before_cursor_execute", note)
    return ran


def test_reading_a_page_asks_once_who_it_is_and_writes_nothing(client_for):
    client = client_for("technician")

    ran = statements(client, "/things")

    assert sum("sign_in" in one for one in ran) == 1
    assert not [one for one in ran if one.startswith(("INSERT", "UPDATE", "DELETE"))]
    change(SignIn, seen_at=datetime.now(NOON.tzinfo) - timedelta(minutes=6))
    first, second = statements(client, "/things"), statements(client, "/things")
    assert sum(one.startswith("UPDATE sign_in") for one in first) == 1
    assert not any(one.startswith("UPDATE") for one in second)


def test_reading_goes_on_where_nothing_can_be_written(client_for):
    """A disk that is full or read-only: that a session is in use is noted another time."""
    client = client_for("technician")
    change(SignIn, seen_at=datetime.now(NOON.tzinfo) - timedelta(hours=1))
    db.session.remove()

    def refuse_to_write(connection, *_):
        connection.execute("PRAGMA query_only = ON")

    event.listen(db.engine, "checkout", refuse_to_write)
    assert client.get("/things").status_code == 200
    db.session.remove()
    event.remove(db.engine, "checkout", refuse_to_write)
    db.engine.dispose()


# --- one-time passwords --------------------------------------------------------------------


def test_a_one_time_password_opens_nothing_but_the_page_for_a_new_one(
    stranger_to, sqlite_world, look
):
    change(Person, must_change=True)
    stranger_to.post("/sign-in", data={"login": "technician", "password": sqlite_world.password})

    for path in ("/", "/things", "/counts", "/me", "/handover", "/labels"):
        assert stranger_to.get(path).location == "/me/password", path
    assert stranger_to.post("/counts", data={"place": "x"}).status_code == 403
    look(stranger_to, "/me/password")
    new = {"password": "a new password", "again": "a new password"}
    assert stranger_to.post("/me/password", data=new).status_code == 302
    assert stranger_to.get("/things").status_code == 200


# --- PIN -----------------------------------------------------------------------------------


@pytest.fixture
def phone(client_for):
    """A device on which the technician has set the PIN 4711, locked."""
    client = client_for("technician")
    assert client.post("/me/pin", data={"pin": "4711"}).status_code == 302
    assert client.post("/lock").status_code == 302
    return client


def unlock(client, world, pin, login="technician"):
    return client.post("/unlocking", data={"person": world.people[login].id, "pin": pin})


def test_a_locked_device_shows_who_has_a_pin_and_opens_by_it(phone, sqlite_world, look):
    page = look(phone, "/sign-in")
    assert "technician老师" in page.words
    assert unlock(phone, sqlite_world, "0815").status_code == 401

    assert unlock(phone, sqlite_world, "4711").location == "/"

    assert phone.get("/things").status_code == 200
    cookie = phone.get_cookie("tallycard_device")
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_another_device_knows_nobody(phone, stranger_to, sqlite_world, look):
    assert "technician老师" not in look(stranger_to, "/sign-in").words
    assert unlock(stranger_to, sqlite_world, "4711").status_code == 401


def test_five_wrong_pins_and_only_the_password_is_left(phone, sqlite_world, look):
    for _ in range(5):
        unlock(phone, sqlite_world, "0815")

    assert unlock(phone, sqlite_world, "4711").status_code == 401
    assert "technician老师" not in look(phone, "/sign-in").words


def test_whoever_came_by_pin_sets_no_other_pin(phone, sqlite_world):
    unlock(phone, sqlite_world, "4711")

    answer = phone.post("/me/pin", data={"pin": "8264"})

    assert answer.status_code == 403


def test_whoever_came_by_pin_makes_no_token(phone, sqlite_world):
    """It would outlive the PIN, the device and the session."""
    unlock(phone, sqlite_world, "4711")

    answer = phone.post("/me/tokens", data={"name": "x", "see": "1"})

    assert answer.status_code == 403
    assert "tc_" not in text_of(answer)


def test_signing_out_forgets_the_pin_and_locking_does_not(phone, sqlite_world):
    unlock(phone, sqlite_world, "4711")
    phone.post("/sign-out")

    assert unlock(phone, sqlite_world, "4711").status_code == 401


def test_a_weak_pin_is_refused_on_the_page(client_for, look):
    client = client_for("technician")

    answer = client.post("/me/pin", data={"pin": "1234"})

    assert answer.status_code == 422
    Page(text_of(answer)).check()


def test_a_badge_picks_the_person_on_a_known_device_and_opens_nothing(
    phone, client_for, sqlite_world
):
    acting(OPERATOR)
    ids = [sqlite_world.technician.id]
    transact(lambda session: codes_for_people(session, OPERATOR, person_ids=ids, at=NOON))
    code = db.session.scalar(select(Person.code).where(Person.id == ids[0]))

    for text in (code, f"HTTPS://X.EXAMPLE/{code}", f"{code[:3]} {code[3:]}"):
        answer = phone.get("/sign-in", query_string={"q": text})
        assert re.search(rf'value="{ids[0]}" required checked', text_of(answer)), text
    assert is_out(phone)
    unknown = phone.get("/sign-in", query_string={"q": "20000000194"})
    assert "notice warn" in text_of(unknown)


def test_a_person_with_a_pin_who_is_disabled_is_gone_from_the_door(phone, sqlite_world, look):
    acting(OPERATOR)
    person_id = sqlite_world.technician.id
    transact(
        lambda session: service.disable_person(session, OPERATOR, person_id=person_id, at=NOON)
    )

    assert "technician老师" not in look(phone, "/sign-in").words
    assert unlock(phone, sqlite_world, "4711").status_code == 401


# --- handing over --------------------------------------------------------------------------


def offered(client):
    """Show a handover; return its link's path, its short code and the address of its state."""
    page = text_of(client.get("/handover"))
    [code] = re.findall(r'class="counted num">([0-9]{4}) ([0-9]{4})<', page)
    [state] = re.findall(r'hx-get="(/handover/[0-9a-f]+/state)"', page)
    assert "data:image/svg+xml;base64," in page
    return "".join(code), state


def link_of(client):
    """The link as the symbol holds it, read from the drawing; and the address of its state."""
    page = text_of(client.get("/handover"))
    [data] = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", page)
    svg = base64.b64decode(data).decode()
    [state] = re.findall(r'hx-get="(/handover/[0-9a-f]+/state)"', page)
    return _read(svg), state


def _read(svg):
    """Draw the path of squares that the symbol is, and decode it."""
    size = int(re.search(r'viewBox="0 0 ([0-9]+)', svg)[1])
    grid = numpy.full((size, size), 255, dtype=numpy.uint8)
    [path] = re.findall(r'<path d="([^"]+)"', svg) or re.findall(r' d="([^"]+)"', svg)
    for x, y, across in re.findall(r"M([0-9]+),([0-9]+)H([0-9]+)", path):
        grid[int(y) : int(y) + 1, int(x) : int(across)] = 0
    big = numpy.kron(grid, numpy.ones((6, 6), dtype=numpy.uint8))
    [reading] = scanner.decode(numpy.stack([big] * 3, axis=-1))
    return reading.text


def test_a_phone_is_signed_in_by_the_link_once_and_only_after_it_confirms(
    client_for, stranger_to, look
):
    desk = client_for("technician")
    link, state = link_of(desk)
    assert link.startswith("http://localhost/phone/")
    path = link.removeprefix("http://localhost")

    for _ in range(3):  # previews of the link
        look(stranger_to, path)
    assert is_out(stranger_to)
    assert "hx-get" in text_of(desk.get(state))
    assert stranger_to.post(path).status_code == 302

    assert stranger_to.get("/things").status_code == 200
    assert "hx-get" not in text_of(desk.get(state))
    assert not is_out(desk)
    assert stranger_to.post(path).status_code == 410
    look(stranger_to, path, 410)


def test_a_short_code_signs_in_once(client_for, stranger_to):
    code, _ = offered(client_for("technician"))

    assert stranger_to.post("/phone", data={"code": f"{code[:4]} {code[4:]}"}).location == "/"

    assert stranger_to.get("/things").status_code == 200
    assert stranger_to.post("/phone", data={"code": code}).status_code == 410


def test_a_code_that_is_over_or_unknown_is_refused(client_for, stranger_to):
    code, _ = offered(client_for("technician"))
    change(Handover, created_at=datetime.now(NOON.tzinfo) - timedelta(minutes=3))

    for text in (code, "00000000", "x"):
        assert stranger_to.post("/phone", data={"code": text}).status_code == 410
    assert stranger_to.post("/phone", data={"code": ""}).status_code == 422
    assert stranger_to.get("/phone/unknown").status_code == 410


def test_somebody_elses_offer_is_not_there(client_for):
    _, state = offered(client_for("technician"))

    assert client_for("teacher").get(state).status_code == 404


def test_the_link_takes_the_configured_address_when_others_reach_it(client_for, sqlite_app):
    config = sqlite_app.extensions[CONFIG]
    sqlite_app.extensions[CONFIG] = replace(config, url="https://tally.example.org/")

    link, _ = link_of(client_for("technician"))

    assert link.startswith("https://tally.example.org/phone/")


def test_a_session_that_came_by_pin_hands_over_no_more_than_it_is(phone, stranger_to, sqlite_world):
    unlock(phone, sqlite_world, "4711")
    code, _ = offered(phone)
    stranger_to.post("/phone", data={"code": code})

    assert stranger_to.post("/me/pin", data={"pin": "8264"}).status_code == 403


# --- limits and the demonstration ----------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "form", "most"),
    [
        ("/sign-in", {"login": "technician", "password": "wrong"}, 10),
        ("/unlocking", {"person": "x", "pin": "0815"}, 10),
        ("/phone", {"code": "12345678"}, 10),
        ("/phone/unknown", {}, 10),
    ],
)
def test_attempts_are_limited_whatever_a_client_says_of_its_address(stranger_to, path, form, most):
    answers = [
        stranger_to.post(path, data=form, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code
        for n in range(most + 1)
    ]

    assert answers[-1] == 429
    assert 429 not in answers[:most]


def test_an_address_is_limited_across_accounts_and_a_forged_header_changes_none(stranger_to):
    answers = [
        stranger_to.post(
            "/sign-in", data={"login": f"somebody{n}", "password": "wrong password"},
            headers={"X-Forwarded-For": f"192.0.2.{n}", "X-Real-IP": f"192.0.2.{n}"},
        ).status_code
        for n in range(21)
    ]  # fmt: skip

    assert answers == [401] * 20 + [429]


@pytest.mark.parametrize(
    ("headers", "address", "status"),
    [
        ({}, "127.0.0.1", 302),
        ({}, "::1", 302),
        ({}, "192.168.1.7", 403),
        ({"X-Forwarded-For": "127.0.0.1"}, "192.168.1.7", 403),
        ({"X-Forwarded-For": "192.168.1.7"}, "127.0.0.1", 403),
    ],
)
def test_the_demonstration_signs_in_on_this_computer_alone(
    stranger_to, sqlite_world, headers, address, status
):
    change(Person, is_demonstration=True)

    answer = stranger_to.post(
        "/sign-in", data={"login": "technician", "password": sqlite_world.password},
        headers=headers, environ_overrides={"REMOTE_ADDR": address},
    )  # fmt: skip

    assert answer.status_code == status
    if status == 302:  # nor does its cookie work elsewhere
        elsewhere = stranger_to.get("/me", environ_overrides={"REMOTE_ADDR": "192.168.1.7"})
        assert elsewhere.status_code == 302


def test_a_token_of_the_demonstration_is_refused_from_elsewhere(stranger_to, sqlite_world):
    secret = sqlite_world.token("technician")
    change(Person, is_demonstration=True)
    asked: dict = {"headers": {"Authorization": f"Bearer {secret}"}}
    scan = {"device": "d", "seq": 1, "at": "2026-11-25T00:00:00Z", "payload": "x"}

    assert stranger_to.get("/api/v1/things", **asked).status_code == 200
    assert stranger_to.post("/api/v1/scans", json=scan, **asked).status_code == 200
    asked["environ_overrides"] = {"REMOTE_ADDR": "192.168.1.7"}
    for answer in (
        stranger_to.get("/api/v1/things", **asked),
        stranger_to.post("/api/v1/scans", json=scan | {"seq": 2}, **asked),
    ):
        assert (answer.status_code, answer.json["code"]) == (403, "demonstration_stays_here")


# --- tokens --------------------------------------------------------------------------------


def test_a_token_is_shown_once_works_and_is_revoked(client_for, stranger_to):
    client = client_for("technician")

    page = text_of(client.post("/me/tokens", data={"name": "站", "see": "1", "scan": "1"}))
    [secret] = re.findall(r"tc_[\w-]+", page)
    headers = {"Authorization": f"Bearer {secret}"}
    assert stranger_to.get("/api/v1/things", headers=headers).status_code == 200
    again = text_of(client.get("/me"))
    assert secret not in again
    [token] = re.findall(r"/tokens/([0-9a-f]+)/revocation", again)
    assert client_for("teacher").post(f"/tokens/{token}/revocation").status_code == 404
    assert client.post(f"/tokens/{token}/revocation").status_code == 302
    assert stranger_to.get("/api/v1/things", headers=headers).status_code == 401


def test_forms_refuse_fields_that_they_do_not_have(client_for):
    client = client_for("technician")
    for path, form in (
        ("/me/pin", {"pin": "4711", "person": "x"}),
        ("/me/password", {"password": "x", "again": "x", "role": "administrator"}),
        ("/me/tokens", {"name": "x", "person": "x"}),
        ("/sign-in", {"login": "x", "password": "x", "role": "administrator"}),
    ):
        assert client.post(path, data=form).status_code == 422, path
