"""Each class of published faults of products like this one, tried here, under its name.

The numbers are those of the advisories in which the class was seen; the products are others.
"""

import inspect
import io
import re
import sqlite3
import sys
import zipfile
from contextlib import closing

import pypdfium2
import pytest
import structlog
from sqlalchemy import select

import labels
from inventory.catalogue.models import Kind
from inventory.db import db, transact
from inventory.errors import NotAllowed
from inventory.identity.models import Person, Token
from inventory.identity.rules import GRANTS
from inventory.places.models import Place
from inventory.register.models import Thing
from inventory.scope import OPERATOR, Actor, Permission, Role
from inventory.web.context import CONFIG
from tests.house.test_layout import services
from tests.unit.services.test_import_service import SCALE, ledger
from tests.world import HOME, OTHER, acting

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
TEMPLATE = "{{7*7}} ${7*7} {0.__class__} %(code)s {% raw %}"


def page_of(client, path):
    answer = client.get(path, follow_redirects=True)
    assert answer.status_code in {200, 404}, f"{path}: {answer.status_code}"
    return answer.get_data(as_text=True)


def test_re_parenting_across_schools(client_for, sqlite_world):
    """CVE-2026-55516, -55472, -55478: the old owner was asked, the new one was not."""
    client, code = client_for("manager"), sqlite_world.items[f"{HOME}/01"][0]
    foreign = sqlite_world.cabinets[f"{OTHER}/01"]
    acting(OPERATOR)
    home = db.session.get(Thing, (HOME, code)).home_id

    assert client.post(f"/things/{code}/move", data={"to": foreign}).status_code == 404
    own = sqlite_world.cabinets[f"{HOME}/01"]
    assert client.post(f"/cabinets/{own}/move", data={"to": foreign}).status_code in {404, 422}

    acting(OPERATOR)
    db.session.rollback()
    assert db.session.get(Thing, (HOME, code)).home_id == home
    assert db.session.get(Place, (HOME, own)).parent_id != foreign


@pytest.mark.parametrize("field", ["school_id", "role", "is_active", "kind_id", "code", "id"])
def test_mass_assignment(api, client_for, sqlite_world, field):
    """CVE-2026-54329, CVE-2026-35476: owner and role came from the body."""
    code = sqlite_world.items[f"{HOME}/01"][0]

    program = api("manager")
    assert program.patch(f"/api/v1/things/{code}", json={field: OTHER}).status_code == 422
    page = client_for("manager")
    assert page.post(f"/things/{code}/description", data={field: OTHER}).status_code == 422


def test_a_token_in_somebody_elses_name(client_for, sqlite_world):
    """CVE-2026-35478: a token could be made for any user."""
    for login in ("technician", "manager", "teacher"):
        client = client_for(login)
        for other in ("admin", "stranger", "principal"):
            path = f"/people/{sqlite_world.people[other].id}/tokens"
            assert client.post(path, data={"name": "x", "see": "1"}).status_code in {403, 404}
    acting(OPERATOR)
    assert db.session.scalars(select(Token)).all() == []


def test_an_absent_field_wipes_nothing(api, client_for, sqlite_world):
    """CVE-2026-55843: what a request did not name was set to nothing."""
    code = sqlite_world.items[f"{HOME}/01"][0]
    program, path = api("manager"), f"/api/v1/things/{code}"
    full = {"note": "左脚垫已换", "voucher": "记202611-001", "finance_card_no": "TY2026-1",
            "purchased": "2026-11-01"}  # fmt: skip
    assert program.patch(path, json=full).status_code == 200

    for name in full:
        assert program.patch(path, json={name: full[name] + "0"[:0]}).status_code == 200
        shown = program.get(path).get_json()
        assert {key: shown[key] for key in full} == full
    client_for("manager").post(f"/things/{code}/description", data={"note": "新"})
    shown = program.get(path).get_json()
    assert {key: shown[key] for key in full} == full | {"note": "新"}


def test_secrets_are_never_shown_again(client_for, sqlite_world):
    """CVE-2026-48976: what another had hidden was handed out with its secrets."""
    token = sqlite_world.token("technician")
    client = client_for("admin")
    acting(OPERATOR)
    person = db.session.get(Person, sqlite_world.technician.id)
    kept = [person.password_hash, token, db.session.scalar(select(Token.secret_hash))]

    pages = [page_of(client, path) for path in ("/people", f"/people/{person.id}", "/me")]

    assert not [secret for secret in kept for page in pages if secret in page]


@pytest.mark.parametrize("role", list(Role))
def test_a_weaker_permission_on_a_second_way(sqlite_world, role):
    """CVE-2026-55460, -55476, -35479: one door asked, another did not. Services ask themselves."""
    actor = Actor("x" * 32, role, HOME, frozenset({HOME}), GRANTS[role])
    session = acting(actor)
    asked = 0
    for name, service in services():
        wanted = getattr(service, "permission", None)
        if wanted is None or actor.may(wanted):
            continue
        asked += 1
        with pytest.raises(NotAllowed):
            service(session, actor)
        assert inspect.unwrap(service) is not service, name
    assert asked > 0 or actor.permissions == frozenset(Permission)


FOR_MANY = {
    "exchange.service.plan", "identity.service.change_password", "identity.service.end_sign_in",
    "identity.service.end_sign_ins", "identity.service.hand_over", "identity.service.issue_token",
    "identity.service.revoke_token", "identity.service.set_pin",
    # Who may decide depends on the document, its step and who is away: the service asks.
    "ledger.documents_service.decide", "ledger.documents_service.advance",
    "register.cards_service.check_card",
}  # fmt: skip
"""What changes nothing, or what is one's own: other services ask for more than seeing."""


def test_no_service_asks_for_less_than_it_should():
    weak = {Permission.SEE, Permission.SCAN}
    found = {name for name, one in services() if getattr(one, "permission", None) in weak}

    assert found == {f"inventory.{name}" for name in FOR_MANY}


@pytest.fixture
def hostile(client_for, sqlite_world, tmp_path):
    """A school in which everything that has a name has a hostile one."""
    acting(OPERATOR)

    def rename(session):
        for row in session.query(Kind).filter_by(school_id=HOME):
            row.name, row.specification, row.unit = SCRIPT, TEMPLATE, "<b>"
        for row in session.query(Place).filter_by(school_id=HOME):
            if row.sort in {"room", "cabinet", "shelf"}:
                row.name = SCRIPT
        for row in session.query(Person).filter_by(school_id=HOME):
            row.name = SCRIPT[:60]
        for row in session.query(Thing).filter_by(school_id=HOME):
            row.note = row.voucher = SCRIPT

    transact(rename)
    client = client_for("manager")
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]
    count = client.post("/counts", data={"place": cabinet, "name": SCRIPT}).location
    client.post(f"{count}/scans", data={"payload": SCRIPT})
    row = [SCRIPT, SCRIPT, TEMPLATE, "<b>", "many", 520, "旧库-01-1", SCRIPT]
    content = ledger(tmp_path, SCALE, row, name="a.xlsx").read_bytes()
    staged = client.post(
        "/imports", data={"file": (io.BytesIO(content), f"{SCRIPT}.xlsx")},
        content_type="multipart/form-data",
    ).location  # fmt: skip
    return client, [count, staged, f"/cabinets/{cabinet}"]


def test_stored_cross_site_scripting(hostile, sqlite_world):
    """CVE-2026-62368, -63498: a name was put into a page as it was."""
    client, more = hostile
    item = sqlite_world.items[f"{HOME}/01"][0]
    acting(OPERATOR)
    kind = db.session.scalar(select(Kind.id).where(Kind.school_id == HOME))
    paths = ["/", "/things", "/cabinets", "/counts", "/imports", "/labels", "/agreement", "/kinds",
             f"/things/{item}", f"/things/{item}/change", f"/kinds/{kind}", "/me", "/rooms/new",
             "/things/new?q=script", f"/find?q={SCRIPT}", f"/things?q={SCRIPT}", *more]  # fmt: skip

    for path in paths:
        page = page_of(client, path)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", page), path
    assert "&lt;script&gt;" in page_of(client, "/things")


def test_server_side_template_injection(hostile, sqlite_world):
    """CVE-2026-27629, -35477: what somebody had typed was run as a template."""
    client, _ = hostile
    item = sqlite_world.items[f"{HOME}/01"][0]

    assert "{{7*7}}" in page_of(client, f"/things/{item}").replace("&#123;", "{")
    content = labels.LabelContent("200 000 001 94", "20000000194", TEMPLATE, (TEMPLATE,))
    pdf = pypdfium2.PdfDocument(labels.render_pdf([content], labels.stock("60x40")))
    text = pdf[0].get_textpage().get_text_range()
    assert "{{7*7}}" in text.replace("\r\n", " ")
    assert "49" not in text


@pytest.mark.parametrize(
    "query", ["order_by=note", "school_id=1", "filters[school_id]=1", "kind__name=x", "q[$ne]=1"]
)
def test_filter_injection(api, client_for, query):
    """CVE-2026-33530: a query's parameters became conditions of the database."""
    assert api("technician").get(f"/api/v1/things?{query}").status_code == 422
    assert client_for("technician").get(f"/things?{query}").status_code == 422


def test_a_cursor_of_another_school_leads_nowhere(api, sqlite_world):
    theirs = api("stranger").get("/api/v1/things?limit=1").get_json()["next"]

    answer = api("technician").get(f"/api/v1/things?cursor={theirs}").get_json()

    assert {thing["school"] for thing in answer["things"]} <= {HOME}


connections: list[object] = []
sys.addaudithook(
    lambda event, what: connections.append(what) if event == "socket.connect" else None
)


def test_requests_that_the_server_is_talked_into(client_for, sqlite_world, tmp_path):
    """CVE-2026-27600: an address that somebody typed was fetched. Nothing here fetches anything."""
    client, cabinet = client_for("manager"), sqlite_world.cabinets[f"{HOME}/01"]
    address = "http://127.0.0.1:9/x.png"
    client.post(f"/cabinets/{cabinet}/description", data={"name": f'<img src="{address}">'})
    before = len(connections)

    assert client.post(f"/cabinets/{cabinet}/card", data={}).status_code == 200
    labelled = client.post("/labels", data={"what": "places", "cabinet": cabinet, "stock": "60x40"})
    assert labelled.status_code == 200
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as book:
        entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{address}">]><x>&e;</x>'
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"):
            book.writestr(name, entity)
    answer = client.post(
        "/imports", data={"file": (io.BytesIO(content.getvalue()), "x.xlsx")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 422

    assert connections[before:] == []


@pytest.mark.parametrize(
    "path",
    ["/static/../config.py", "/static/%2e%2e/config.py", "/static/..%5cconfig.py",
     "/static/js/../../app.py", "/static/%2fetc/passwd"],
)  # fmt: skip
def test_path_traversal(client_for, path):
    """CVE-2026-55474, -55469: a name in an address or an upload chose a file of the server."""
    answer = client_for("technician").get(path, follow_redirects=True)

    assert answer.status_code in {404, 400}
    assert "root:" not in answer.get_data(as_text=True)


def test_path_traversal_in_the_name_of_an_upload(client_for, tmp_path, sqlite_config):
    content = ledger(tmp_path, SCALE).read_bytes()
    before = sorted(sqlite_config.data.parent.rglob("*"))

    answer = client_for("manager").post(
        "/imports", data={"file": (io.BytesIO(content), "../../../../tmp/evil.xlsx")},
        content_type="multipart/form-data",
    )  # fmt: skip

    assert answer.status_code == 302
    after = set(sqlite_config.data.parent.rglob("*")) - set(before)
    assert not [path for path in after if "evil" in path.name]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP"])
def test_a_rate_limit_that_a_header_resets(sqlite_app, sqlite_world, header):
    """CVE-2026-27981: who claimed another address had new tries."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    client = sqlite_app.test_client()

    statuses = [
        client.post(
            "/sign-in", data={"login": f"nobody{n}", "password": "wrong password"},
            headers={header: f"for=10.0.0.{n}" if header == "Forwarded" else f"10.0.0.{n}"},
        ).status_code
        for n in range(22)
    ]  # fmt: skip

    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_links_that_carry_a_foreign_host(client_for, sqlite_app):
    """CVE-2022-23064: a link in a message named the attacker's host."""
    client = client_for("technician")

    assert client.get("/handover", headers={"Host": "evil.example"}).status_code == 400
    sent = {"Host": "127.0.0.1:8000", "X-Forwarded-Host": "evil.example"}
    assert "evil.example" not in client.get("/handover", headers=sent).get_data(as_text=True)


def test_a_session_that_was_planted_before_signing_in(sqlite_app, sqlite_world):
    """Session fixation: what a browser carried before it signed in is worthless after."""
    client = sqlite_app.test_client()
    page = client.get("/sign-in").get_data(as_text=True)
    [token, *_] = re.findall(r'name="csrf_token" value="([^"]+)"', page)
    planted = client.get_cookie("tallycard").value
    form = {"login": "technician", "password": sqlite_world.password, "csrf_token": token}
    assert client.post("/sign-in", data=form).status_code == 302

    assert client.get_cookie("tallycard").value != planted
    other = sqlite_app.test_client()
    other.set_cookie("tallycard", planted)
    assert other.get("/things").status_code == 302
    # Whoever planted the cookie knows its forms' token.
    assert client.post("/theme", data={"theme": "dark", "csrf_token": token}).status_code == 400


def test_logs_tell_no_link_that_signs_a_phone_in(sqlite_app):
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    client = sqlite_app.test_client()
    for _ in range(11):  # the last is refused while the link may still be good
        client.post("/phone/the-secret-of-a-link")

    assert "too_many_attempts" in written.getvalue()
    assert "the-secret-of-a-link" not in written.getvalue()


def test_logs_tell_no_secret(sqlite_app, sqlite_world):
    """Whatever goes wrong, no password, token, cookie, PIN or form stands in the log."""
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    token = sqlite_world.token("technician")
    client = sqlite_app.test_client()
    secret = "a very secret password"
    client.post("/sign-in", data={"login": "technician", "password": secret})
    client.post("/sign-in", data={"login": "technician", "password": sqlite_world.password})
    cookie = client.get_cookie("tallycard").value
    client.post("/me/pin", data={"pin": "73915"})
    client.post("/me/password", data={"current": secret, "password": secret, "again": secret})
    client.get(f"/things/{SCRIPT}")
    headers = {"Authorization": f"Bearer {token}"}
    client.get("/api/v1/things/20000099983", headers=headers)
    client.post("/api/v1/scans", headers=headers, json={"payload": secret})
    with closing(sqlite3.connect(sqlite_app.extensions[CONFIG].database_file)) as broken:
        broken.execute("ALTER TABLE thing RENAME TO gone")
    assert client.get("/api/v1/things", headers=headers).status_code == 500

    log = written.getvalue()
    assert "unexpected" in log
    assert "not_found" in log
    for hidden in (secret, sqlite_world.password, token, cookie, "73915"):
        assert hidden not in log
