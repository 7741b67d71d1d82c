"""People on pages: list, add, edit, out and in again, badges; and what is another school's."""

import re
from contextlib import ExitStack
from threading import Thread

import pytest
from flask import current_app
from sqlalchemy import select

from inventory.db import LANE, db, transact
from inventory.identity import service
from inventory.identity.models import Person, SignIn, Token
from inventory.register.service import codes_for_people
from inventory.scope import OPERATOR, Permission, Role
from tests.api.test_register_api import read_pages
from tests.web.page import Page
from tests.world import HOME, NOON, OTHER, acting

PASSWORD = "a long password"


@pytest.fixture
def local(client_for, sqlite_world):
    """A client of an administrator of the home school."""
    acting(OPERATOR)
    transact(
        lambda session: service.add_person(
            session, OPERATOR, name="校管理员", login="local", password=PASSWORD,
            role=Role.ADMINISTRATOR, school_id=HOME, at=NOON,
        )
    )  # fmt: skip
    return client_for("local")


def person_of(login):
    acting(OPERATOR)
    return db.session.scalar(select(Person).where(Person.login == login))


def text_of(answer):
    return answer.get_data(as_text=True)


def shown_password(answer):
    [password] = re.findall(r'class="code break">([a-z0-9]{12})<', text_of(answer))
    return password


def test_the_pages_of_people_keep_the_house_rules_in_both_languages(local, sqlite_world, look):
    person = sqlite_world.technician.id
    for language in ("zh-CN", "en"):
        local.post("/language", data={"language": language})
        for path in ("/people", "/people?q=nobody", "/people/new", f"/people/{person}"):
            assert look(local, path).lang == language


@pytest.mark.parametrize(
    "role", ["officer", "auditor", "manager", "technician", "principal", "teacher"]
)
def test_who_is_no_administrator_manages_nobody(client_for, sqlite_world, look, role):
    client, person = client_for(role), sqlite_world.technician.id
    for path in ("/people", "/people/new"):
        look(client, path, 403)
    for path, form in posts(person, ""):
        assert client.post(path, data=form).status_code == 403, path


def posts(person, sign_in):
    """Every form about a person."""
    return [
        (f"/people/{person}", {"name": "x", "role": "teacher", "language": ""}),
        (f"/people/{person}/disabling", {}),
        (f"/people/{person}/enabling", {}),
        (f"/people/{person}/password", {}),
        (f"/people/{person}/sessions/ending", {}),
        (f"/people/{person}/tokens", {"name": "x", "see": "1"}),
        ("/people/badges", {"person": person, "stock": "60x40"}),
    ]


def test_what_is_another_schools_is_not_there(local, client_for, sqlite_world, look):
    client_for("stranger")
    for login in ("stranger", "officer"):
        person = sqlite_world.people[login].id
        acting(OPERATOR)
        ids = [person]
        transact(lambda session, ids=ids: codes_for_people(
            session, OPERATOR, person_ids=ids, at=NOON
        ))  # fmt: skip
        code = person_of(login).code
        for path in (f"/people/{person}", f"/badges/{code}", f"/people?q={login}"):
            answer = local.get(path, follow_redirects=True)
            assert answer.status_code == 404 or f"{login}老师" not in text_of(answer), path
        for path, form in posts(person, ""):
            assert local.post(path, data=form).status_code == 404, path
    assert local.get(f"/{person_of('stranger').code}").status_code == 404
    acting(OPERATOR)
    sign_in = db.session.scalar(select(SignIn.id).join(Person, Person.id == SignIn.person_id)
                                .where(Person.login == "stranger"))  # fmt: skip
    assert local.post(f"/sessions/{sign_in}/ending").status_code == 404
    assert local.post("/people", data={
        "name": "x", "login": "x", "role": "teacher", "school": OTHER
    }).status_code == 404  # fmt: skip


def test_somebody_new_gets_a_one_time_password_and_chooses_their_own(local, sqlite_app, look):
    answer = local.post("/people", data={"name": "王芳", "login": "Wang", "role": "teacher"})
    Page(text_of(answer)).check()
    password = shown_password(answer)

    client = sqlite_app.test_client()
    assert client.post("/sign-in", data={"login": "wang", "password": password}).status_code == 302
    assert client.get("/").location == "/me/password"
    assert person_of("wang").school_id == HOME
    assert password not in text_of(local.get(f"/people/{person_of('wang').id}"))


def test_nobody_who_writes_waits_for_a_password_to_be_hashed(local):
    """It takes a tenth of a second and more, and others may be signing in just then."""
    local.post("/people", data={"name": "王芳", "login": "wang", "role": "teacher"})
    person = person_of("wang").id
    for path, form in (
        ("/people", {"name": "李雷", "login": "li", "role": "teacher"}),
        (f"/people/{person}/password", {}),
    ):
        with ExitStack() as others:
            for _ in range(2):
                others.enter_context(service._one_at_a_time)
            asking = Thread(target=local.post, args=(path,), kwargs={"data": form})
            asking.start()
            asking.join(0.5)
            assert current_app.extensions[LANE]._lock.acquire(1), path
            current_app.extensions[LANE]._lock.release()
        asking.join()
    assert person_of("li").must_change


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"login": "technician"}, 409),
        ({"name": ""}, 422),
        ({"login": "a b"}, 422),
        ({"login": ""}, 422),
        ({"role": "king"}, 422),
        ({"name": "x" * 61}, 422),
        ({"password": "mine"}, 422),
    ],
)
def test_a_refusal_keeps_what_was_filled_in(local, form, status):
    answer = local.post("/people", data={"name": "王芳", "login": "wang", "role": "teacher"} | form)

    assert answer.status_code == status
    page = text_of(answer)
    Page(page).check()
    if "name" not in form and "password" not in form:
        assert 'value="王芳"' in page


@pytest.mark.parametrize("wrong", ["name", "login"])
def test_the_field_that_a_refusal_names_is_marked(local, wrong):
    form = {"name": "王芳", "login": "wang", "role": "teacher"} | {wrong: ""}

    page = Page(text_of(local.post("/people", data=form)))

    marked = {one["name"]: one for one in page.inputs if one.get("aria-invalid") == "true"}
    assert list(marked) == [wrong]
    assert marked[wrong]["aria-describedby"].split()[0] == "refusal"
    assert "refusal" in page.ids


def test_a_keeper_by_name_only_stays_one_when_the_name_is_corrected(local, look):
    acting(OPERATOR)
    keeper = transact(
        lambda session: service.keepers_named(session, OPERATOR, ["王方"], HOME, NOON)["王方"]
    )
    form = {"name": "王芳", "role": "", "language": ""}

    assert local.post(f"/people/{keeper}", data=form).status_code == 302

    assert "仅作保管人" in look(local, f"/people/{keeper}").words
    row = db.session.get(Person, keeper)
    assert (row.name, row.role) == ("王芳", None)
    technician = person_of("technician").id
    assert local.post(f"/people/{technician}", data=form).status_code == 422


def test_name_role_and_language_are_changed(local, sqlite_world, look):
    person = sqlite_world.people["teacher"].id
    form = {"name": "欧阳若曦", "role": "technician", "language": "en"}

    assert local.post(f"/people/{person}", data=form).status_code == 302

    assert "欧阳若曦" in look(local, "/people?q=oyrx").words
    row = person_of("teacher")
    assert (row.role, row.language) == ("technician", "en")
    assert local.post(f"/people/{person}", data=form | {"school": OTHER}).status_code == 422
    assert local.post(f"/people/{person}", data=form | {"language": "fr"}).status_code == 422


def test_an_administrator_gives_a_new_password_and_puts_people_out_and_in(
    local, client_for, sqlite_app, sqlite_world
):
    person, client = sqlite_world.technician.id, client_for("technician")

    password = shown_password(local.post(f"/people/{person}/password"))

    assert client.get("/").status_code == 302
    again = sqlite_app.test_client()
    form = {"login": "technician", "password": password}
    assert again.post("/sign-in", data=form).status_code == 302
    local.post(f"/people/{person}/disabling")
    assert again.post("/sign-in", data=form).status_code == 401
    local.post(f"/people/{person}/enabling")
    assert again.post("/sign-in", data=form).status_code == 302


def test_nobody_puts_themselves_out(local):
    person = person_of("local").id

    assert local.post(f"/people/{person}/disabling").status_code == 409
    assert local.post(f"/people/{person}/password").status_code == 409


def test_a_token_for_somebody_is_shown_once(local, sqlite_world):
    person = sqlite_world.technician.id

    page = text_of(local.post(f"/people/{person}/tokens", data={"name": "站", "scan": "1"}))

    [secret] = re.findall(r"tc_[\w-]+", page)
    assert secret not in text_of(local.get(f"/people/{person}"))
    acting(OPERATOR)
    token = db.session.scalar(select(Token))
    assert (token.person_id, token.scopes) == (person, Permission.SCAN.value)


def test_badges_are_labels_that_are_read_back_and_found(
    local, client_for, sqlite_app, sqlite_world
):
    people = [sqlite_world.people[one].id for one in ("teacher", "technician")]

    answer = local.post("/people/badges", data={"person": people, "stock": "60x40"})

    codes = [person_of(one).code for one in ("teacher", "technician")]
    assert read_pages(answer.data) == [[code] for code in codes]
    again = local.post(
        "/people/badges", data={"person": people[:1], "stock": "a4-3x8", "skip": "3"}
    )
    assert read_pages(again.data) == [codes[:1]]
    teacher = client_for("technician")
    found = teacher.get("/find", query_string={"q": codes[0]})
    assert found.location == f"/badges/{codes[0]}"
    page = teacher.get(found.location, follow_redirects=True)
    assert "teacher老师" in text_of(page)
    assert client_for("stranger").get(f"/badges/{codes[0]}").status_code == 404
    asked = {"Authorization": f"Bearer {sqlite_world.token('technician')}"}
    target = sqlite_app.test_client().get(f"/api/v1/resolve?q={codes[0]}", headers=asked).json
    assert (target["target"]["type"], target["target"]["name"]) == ("person", "teacher老师")
    asked = {"Authorization": f"Bearer {sqlite_world.token('stranger')}"}
    nothing = sqlite_app.test_client().get(f"/api/v1/resolve?q={codes[0]}", headers=asked).json
    assert nothing["target"] is None


@pytest.mark.parametrize(
    ("form", "status"),
    [({}, 422), ({"stock": "papyrus"}, 422), ({"symbol": "link"}, 422), ({"colour": "red"}, 422)],
)
def test_an_order_for_badges_that_cannot_be_is_refused_before_a_code_is_given(
    local, sqlite_world, form, status
):
    person = {"person": sqlite_world.technician.id} if form else {}

    answer = local.post("/people/badges", data=person | form)

    assert answer.status_code in {status, 409}
    assert person_of("technician").code is None


def test_every_one_of_several_values_of_a_field_is_looked_at(local):
    people = {"person": [person_of("technician").id, "\0"], "stock": "60x40"}

    assert local.post("/people/badges", data=people).status_code == 422


def test_people_are_searched_for_by_forms_and_programs(client_for, sqlite_app, sqlite_world, look):
    acting(OPERATOR)
    person_of("teacher").name = "王芳"
    db.session.commit()
    client = client_for("technician")

    fragment = text_of(client.get("/people/search?q=wf"))
    assert "王芳" in fragment
    assert "<html" not in fragment
    assert "王芳" not in text_of(client_for("stranger").get("/people/search?q=wf"))
    for login, names in (("technician", ["王芳"]), ("stranger", [])):
        asked = {"Authorization": f"Bearer {sqlite_world.token(login)}"}
        answer = sqlite_app.test_client().get("/api/v1/people?q=wf", headers=asked)
        assert [one["name"] for one in answer.json["people"]] == names
    asked = {"Authorization": f"Bearer {sqlite_world.token('technician', Permission.SCAN)}"}
    assert sqlite_app.test_client().get("/api/v1/people?q=x", headers=asked).status_code == 403
