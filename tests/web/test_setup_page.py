"""The first page of an empty deployment: one form, the setup code, then signed in."""

import tomllib
from dataclasses import replace

import pytest

from inventory.app import create_app
from inventory.commands.database import run_migrations
from inventory.db import db, transact
from inventory.identity.models import Person
from inventory.places.models import School
from inventory.scope import OPERATOR
from inventory.staff.edge import FILE, new_setup_code
from inventory.web.context import CONFIG
from inventory.web.shell import limiter
from tests.conftest import Apart, config_for
from tests.web.page import Page
from tests.world import NOON, acting

ANSWERS = {
    "login": "Wang", "name": "王芳", "password": "a long password", "again": "a long password",
    "what": "school", "number": "3133990102", "school": "昌化初中", "stage": "初中",
    "url": "http://192.168.1.20:8000/", "language": "en",
}  # fmt: skip


@pytest.fixture
def empty(tmp_path):
    """An application on an empty, migrated database."""
    config = config_for(tmp_path / "data")
    (config.data / "tallycard.toml").write_text("# ours\nitem_price_yuan = 800\nlanguage = 'en'\n")
    app = create_app(config)
    app.test_client_class = Apart
    app.config["WTF_CSRF_ENABLED"] = False
    limiter.reset()
    with app.app_context():
        run_migrations()
        acting(OPERATOR)
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def data(empty, tmp_path):
    return tmp_path / "data"


@pytest.fixture
def code(data):
    return new_setup_code(config_for(data))


def test_every_page_leads_to_the_first_one(empty, look):
    client = empty.test_client()
    for path in ("/", "/things", "/sign-in", "/people", "/counts/x", "/20000000194"):
        assert client.get(path).location == "/setup", path
    for language in ("zh-CN", "en"):
        client.post("/language", data={"language": language})
        assert look(client, "/").lang == language
    assert client.get("/healthz").status_code == 200
    assert client.get("/api/v1/things").status_code == 401


def test_the_answers_make_a_school_with_its_administrator_who_is_signed_in(empty, data, code):
    client = empty.test_client()

    answer = client.post("/setup", data=ANSWERS | {"setup_code": f" {code.upper()} "})

    assert answer.location == "/"
    assert client.get("/").status_code == 200
    acting(OPERATOR)
    [person] = db.session.query(Person).all()
    assert (person.login, person.role, person.school_id) == ("wang", "administrator", "3133990102")
    assert db.session.query(School).one().name == "昌化初中"
    text = (data / "tallycard.toml").read_text()
    assert text.startswith("# ours\nitem_price_yuan = 800\n")
    assert tomllib.loads(text) == {
        "item_price_yuan": 800, "language": "en", "url": "http://192.168.1.20:8000"
    }  # fmt: skip
    assert not (data / FILE).exists()
    other = empty.test_client()
    assert other.get("/").location.startswith("/sign-in")
    assert other.get("/setup").location == "/"
    assert other.post("/setup", data=ANSWERS | {"setup_code": code}).status_code == 409


def test_the_server_answers_to_the_address_it_was_given_and_keeps_its_second_place(
    empty, code, tmp_path
):
    """At once, not only after it is started again."""
    usb = str(tmp_path / "usb")
    empty.extensions[CONFIG] = replace(empty.extensions[CONFIG], backup_to=usb)
    asked = {"base_url": "http://guizi.example.cn"}
    client = empty.test_client()
    assert client.get("/healthz", **asked).status_code == 400

    form = ANSWERS | {"setup_code": code, "url": "http://guizi.example.cn"}
    assert client.post("/setup", data=form).status_code == 302

    assert client.get("/healthz", **asked).status_code == 200
    assert client.get("/healthz", base_url="http://evil.example.cn").status_code == 400
    assert empty.extensions[CONFIG].backup_to == usb


def test_a_district_begins_without_a_school(empty, code):
    form = ANSWERS | {"setup_code": code, "what": "district", "number": "", "school": ""}

    assert empty.test_client().post("/setup", data=form).status_code == 302

    acting(OPERATOR)
    assert db.session.query(Person).one().school_id is None
    assert db.session.query(School).count() == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"setup_code": "wrong"}, 403),
        ({"setup_code": ""}, 403),
        ({"again": "another one"}, 422),
        ({"password": "short", "again": "short"}, 422),
        ({"number": "123"}, 422),
        ({"number": ""}, 422),
        ({"school": ""}, 422),
        ({"name": ""}, 422),
        ({"login": "wang fang"}, 422),
        ({"stage": "大学"}, 422),
        ({"url": "192.168.1.20"}, 422),
        ({"url": "https://a.example/path"}, 422),
        ({"url": 'http://a"b'}, 422),
        ({"language": "fr"}, 422),
        ({"what": "province"}, 422),
    ],
)
def test_a_refusal_keeps_the_answers_and_changes_nothing(empty, data, code, change, status):
    answer = empty.test_client().post("/setup", data=ANSWERS | {"setup_code": code} | change)

    assert answer.status_code == status
    page = answer.get_data(as_text=True)
    Page(page).check()
    for name, value in ANSWERS.items():
        if name not in {"password", "again", "what", "stage", "language"} and name not in change:
            assert f'value="{value}"' in page, name
    assert "a long password" not in page
    acting(OPERATOR)
    assert db.session.query(Person).count() == db.session.query(School).count() == 0
    assert (data / FILE).exists()


def test_without_a_code_file_nobody_sets_up_not_even_from_this_computer(empty):
    for given in ("", "None", "x"):
        answer = empty.test_client().post("/setup", data=ANSWERS | {"setup_code": given})
        assert answer.status_code == 403


def test_guesses_of_the_code_are_limited(empty, code):
    client = empty.test_client()

    answers = [client.post("/setup", data=ANSWERS | {"setup_code": "x"}) for _ in range(11)]

    assert answers[-1].status_code == 429


def test_the_code_is_for_its_owner_alone(data, code):
    assert (data / FILE).stat().st_mode & 0o777 == 0o600


def test_the_demonstration_is_not_set_up_over(empty, code):
    def add(session):
        session.add(Person(id="x" * 32, name="演", is_demonstration=True, created_at=NOON))

    transact(add)

    assert (
        empty.test_client().post("/setup", data=ANSWERS | {"setup_code": code}).status_code == 409
    )
