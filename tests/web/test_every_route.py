"""Every route, page and API, with every role, with another school's ids, without signing in.

The routes are those of the application itself, so a new one is tried without a line here; when
it has an argument that is not known yet, the test says where to say what stands for it.
"""

import ast
import inspect
import textwrap
from dataclasses import dataclass
from io import BytesIO

import pytest
from PIL import Image
from structlog.testing import capture_logs

from inventory.app import DEEDS
from inventory.base import new_id, table_of
from inventory.counting.service import open_count
from inventory.db import db, transact
from inventory.exchange import service as exchange
from inventory.exchange.edge import stage
from inventory.identity.models import Person, SignIn, Token
from inventory.identity.service import begin_sign_in, issue_token
from inventory.journal.models import ChainHead
from inventory.ledger import documents_service as documents
from inventory.ledger.documents_service import Draft, Line, Rules
from inventory.ledger.models import Deputy
from inventory.ledger.rules import DocumentType
from inventory.places.queries import place_by_code
from inventory.register import bulk_service
from inventory.register.attachments_service import attach
from inventory.register.bulk_models import BulkSort
from inventory.register.models import Thing
from inventory.register.service import codes_for_people
from inventory.register.tags_rules import Medium
from inventory.register.tags_service import bind
from inventory.scope import OPERATOR, Permission
from inventory.web.door import EVERYBODY, SIGNED_IN
from tests.unit.services.test_import_service import ledger
from tests.world import HOME, NOON, OTHER, acting

ROLES = ("admin", "officer", "auditor", "manager", "technician", "principal", "teacher")
OF_HOME = ("manager", "technician", "principal", "teacher", "head")
"""People of one school; `head` is the school's own administrator."""
NOT_TRIED = {"static"}
OPEN_DOCUMENT = "openapi.spec"
ENDS_THE_SESSION = {
    "identity.create_sign_out", "identity.create_lock", "identity.set_password",
    "identity.end_other_sessions", "identity.create_sign_in", "identity.create_unlocking",
}  # fmt: skip
"""After these the client of the test would be somebody else."""
MADE_UP = {
    "deputy_id": "0" * 32,
    "code": "20000099983", "count_id": "20000099983", "kind_id": "0" * 32, "import_id": "0" * 32,
    "person_id": "0" * 32, "sign_in_id": "0" * 32, "token_id": "0" * 32, "handover_id": "0" * 32,
    "secret": "x" * 43, "attachment_id": "0" * 32, "tag_id": "0" * 32, "bulk_id": "0" * 32,
}  # fmt: skip
"""What names nothing; the last two are secrets, which nobody can name who was not told."""
SECRETS = {"handover_id", "secret"}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one route."""

    method: str
    rule: str
    endpoint: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"

    @property
    def is_api(self) -> bool:
        return self.rule.startswith("/api/")

    def path(self, values: dict[str, str]) -> str:
        path = self.rule.replace("<string:", "<")
        for name in self.arguments:
            path = path.replace(f"<{name}>", values[name])
        return path


def routes_of(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in NOT_TRIED:
            for method in sorted(set(rule.methods) - {"HEAD", "OPTIONS"}):
                yield Route(method, rule.rule, rule.endpoint, tuple(sorted(rule.arguments)))


@pytest.fixture
def routes(sqlite_app):
    return sorted(routes_of(sqlite_app), key=str)


def needs(app, route):
    return getattr(app.view_functions[route.endpoint], "needs", EVERYBODY)


@pytest.fixture
def of(sqlite_world, tmp_path):
    """What a route's arguments are in a school, by the first word of the route."""
    return {school: dict(_things_of(sqlite_world, school, tmp_path)) for school in (HOME, OTHER)}


def _things_of(world, school, tmp_path):
    acting(OPERATOR)
    cabinet = world.cabinets[f"{school}/01"]
    place = place_by_code(db.session(), cabinet)
    count = transact(lambda s: open_count(s, OPERATOR, place=place, at=NOON)).id
    person = transact(lambda s: _person(s, school))
    kind = db.session().query(Thing).filter_by(school_id=school).first().kind_id
    yield "things", {"code": world.items[f"{school}/01"][0]}
    yield "cabinets", {"code": cabinet}
    yield "cards", {"code": cabinet}
    yield "counts", {"count_id": count}
    yield "kinds", {"kind_id": kind}
    yield "books", {"kind_id": kind}
    yield "changes", {"bulk_id": transact(lambda s: _bulk_change(s, school, cabinet))}
    yield "imports", {"import_id": _import(tmp_path, school)}
    yield "people", {"person_id": person}
    yield "badges", {"code": transact(lambda s: _badge(s, person))}
    yield "sessions", {"sign_in_id": transact(lambda s: _session(s, person))}
    yield "tokens", {"token_id": transact(lambda s: _token(s, person))}
    yield "documents", {"code": transact(lambda s: _document(s, world, school))}
    yield "receipts", {"code": transact(lambda s: _receipt(s, school))}
    yield "deputies", {"deputy_id": transact(lambda s: _deputy(s, person))}
    yield "attachments", {"attachment_id": transact(lambda s: _attached(s, world, school))}
    yield "tags", {"tag_id": transact(lambda s: _bound(s, world, school))}
    yield "<code>", {"code": world.items[f"{school}/01"][0]}


def _person(session, school):
    made = Person(
        id=f"{school:0>32}", school_id=school, name=f"人{school}", login=f"p{school}",
        password_hash=session.query(Person).filter_by(login="technician").one().password_hash,
        role="technician", is_active=True, created_at=NOON,
    )  # fmt: skip
    session.add(made)
    return made.id


def _document(session, world, school):
    """A repair that is going on: a document that waits for nobody's approval."""
    rules = Rules(DEEDS, {})
    wanted = Draft(DocumentType.REPAIR, (Line(world.items[f"{school}/01"][1]),), reason="坏")
    common = {"school_id": school, "rules": rules, "at": NOON}
    made = documents.draft(session, OPERATOR, wanted, today=NOON.date(), **common)
    documents.submit(session, OPERATOR, document_id=made.id, **common)
    return made.id


def _receipt(session, school):
    """A receipt that is a draft, so that it can be written anew."""
    kind_id = session.query(Thing).filter_by(school_id=school).first().kind_id
    wanted = Draft(DocumentType.RECEIPT, (Line(kind_id=kind_id),), voucher="FP-0")
    common = {"school_id": school, "rules": Rules(DEEDS, {}), "at": NOON}
    return documents.draft(session, OPERATOR, wanted, today=NOON.date(), **common).id


def _deputy(session, person):
    made = Deputy(
        id=new_id(NOON), school_id=session.get(Person, person).school_id, person_id=person,
        deputy_id=person, first="2026-11-01", last="2026-11-30",
    )  # fmt: skip
    session.add(made)
    return made.id


def _bulk_change(session, school, cabinet):
    return bulk_service.begin(
        session, OPERATOR, sort=BulkSort.MOVE, to=cabinet, school_id=school, at=NOON
    )


def _badge(session, person):
    codes_for_people(session, OPERATOR, person_ids=[person], at=NOON)
    return session.get(Person, person).code


def _attached(session, world, school):
    picture = BytesIO()
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    return attach(
        session, OPERATOR, school_id=school, subject=world.items[f"{school}/01"][0],
        content=picture.getvalue(), at=NOON,
    ).id  # fmt: skip


def _bound(session, world, school):
    return bind(
        session, OPERATOR, school_id=school, code=world.items[f"{school}/01"][0],
        medium=Medium.UID, value="04A2B31C", at=NOON,
    ).id  # fmt: skip


def _session(session, person):
    begin_sign_in(session, person, address="", agent="", device_id=None, is_full=True, at=NOON)
    session.flush()
    return session.query(SignIn).filter_by(person_id=person).one().id


def _token(session, person):
    login = session.get(Person, person).login
    token, _ = issue_token(
        session, OPERATOR, login=login, name="t", scopes=frozenset(Permission), at=NOON
    )
    session.flush()
    return token.id


def _import(tmp_path, school):
    """A staged import that lacks nothing but somebody to confirm it."""
    file = ledger(tmp_path, ["02003", "试管夹", "", "个", 30, 2.5, "科仪1-01-1", ""])
    roster = exchange.read(file, file.name)
    plan = exchange.plan(db.session(), OPERATOR, roster, school_id=school, item_price_yuan=500)
    return stage(OPERATOR, plan, digest="d", at=NOON)


def arguments(route, known):
    """The values of a route's arguments in one school."""
    if not route.arguments:
        return {}
    word = route.rule.removeprefix("/api/v1").split("/")[1]
    if set(route.arguments) <= SECRETS:
        return MADE_UP
    assert word in known, f"{route}: say in _things_of what stands for {route.arguments}"
    return known[word]


def body_of(app, route, school, world):
    """A body that a view takes: each of its form's fields with something that could be there."""
    if route.method == "GET":
        return {}
    if route.is_api:
        return {"json": {}}
    fields = {}
    view = inspect.unwrap(app.view_functions[route.endpoint])
    for call in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(view)))):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "form":
            for part in call.keywords:
                names = eval(ast.unparse(part.value), vars(inspect.getmodule(view)))
                fields |= {name: _value(name, school, world) for name in names}
    return {"data": fields}


def _value(name, school, world):
    cabinet = world.cabinets[f"{school}/01"]
    code = world.items[f"{school}/01"][0]
    likely = {
        "place": cabinet, "cabinet": cabinet, "to": world.cabinets[f"{school}/02"], "code": code,
        "codes": code, "school": school, "quantity": "1", "direction": "up", "language": "en",
        "managed_as": "batch", "what": "things", "stock": "40x30", "reason": "typing error",
        "name": "名", "role": "teacher", "login": "somebody", "leave_open": "1", "unit": "个",
        "kind": "", "decision": "approve", "type": "scrap", "due": "2026-12-01",
        "first": "2026-12-01", "last": "2026-12-02", "voucher": "FP1", "submit": "1",
        "person": f"{school:0>32}", "short": "99", "payload": code,
    }  # fmt: skip
    return likely.get(name, "")


def send(client, app, route, values, school, world, **more):
    return client.open(
        route.path(values), method=route.method, **body_of(app, route, school, world), **more
    )


@pytest.fixture
def clients(client_for, sqlite_app, sqlite_world, head):
    """Somebody's clients, for pages and for the API, made once each."""
    made = {}

    def of_both(login):
        if login not in made:
            program = sqlite_app.test_client()
            token = sqlite_world.token(login)
            program.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
            made[login] = (client_for(login), program)
        return made[login]

    return lambda login, route: of_both(login)[route.is_api]


def test_every_route_says_whom_it_is_for(sqlite_app, routes):
    assert len(routes) > 80
    for route in routes:
        wanted = needs(sqlite_app, route)
        assert route.endpoint == OPEN_DOCUMENT or wanted in {EVERYBODY, SIGNED_IN, *Permission}


def test_who_has_not_signed_in_gets_nothing(sqlite_app, routes, of, sqlite_world):
    client = sqlite_app.test_client()
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    for route in routes:
        if needs(sqlite_app, route) == EVERYBODY:
            continue
        values = arguments(route, of[HOME])
        answer = send(client, sqlite_app, route, values, HOME, sqlite_world)
        door = answer.status_code == 302 and answer.location.startswith("/sign-in")
        assert answer.status_code == 401 or (route.method == "GET" and door), route


@pytest.mark.parametrize("login", [*ROLES, "head"])
def test_each_role_is_let_in_where_it_may_and_nowhere_else(
    sqlite_app, routes, of, clients, sqlite_world, login
):
    acting(OPERATOR)
    person = db.session().query(Person).filter_by(login=login).one_or_none()
    actor = sqlite_world.people[login] if login in sqlite_world.people else person.actor()
    for route in routes:
        wanted = needs(sqlite_app, route)
        if wanted == EVERYBODY or route.endpoint in ENDS_THE_SESSION:
            continue
        client, values = clients(login, route), arguments(route, of[HOME])
        answer = send(client, sqlite_app, route, values, HOME, sqlite_world)
        may = wanted == SIGNED_IN or actor.may(Permission(wanted))
        if not may:
            assert answer.status_code == 403, f"{route}: {answer.status_code}"
        else:
            assert answer.status_code not in {401, 500, 503}, f"{route}: {answer.status_code}"


@pytest.mark.parametrize("login", OF_HOME)
def test_what_is_another_schools_is_as_if_it_were_not(
    sqlite_app, routes, of, clients, sqlite_world, login
):
    """Every route with another school's id: refused as a made-up id is, logged, nothing changed."""
    before = _all_of(OTHER)
    for route in routes:
        if not route.arguments or set(route.arguments) <= SECRETS:
            continue
        client = clients(login, route)
        with capture_logs() as logs:
            foreign = send(
                client, sqlite_app, route, arguments(route, of[OTHER]), HOME, sqlite_world
            )
        nothing = send(client, sqlite_app, route, MADE_UP, HOME, sqlite_world)
        assert foreign.status_code == nothing.status_code, route
        assert foreign.status_code in {403, 404, 422}, f"{route}: {foreign.status_code}"
        if foreign.status_code == 404:
            assert {"refused", "not_found"} & {one["event"] for one in logs}, f"{route}: not logged"
    assert _all_of(OTHER) == before


@pytest.mark.parametrize("login", ["head", "manager"])
def test_nothing_that_a_form_names_reaches_another_school(
    sqlite_app, routes, of, clients, sqlite_world, login
):
    """Own things in the address, another school's place, kind, person or school in the form."""
    before = _all_of(OTHER)
    for route in routes:
        if route.method == "GET" or route.endpoint in ENDS_THE_SESSION:
            continue
        client, values = clients(login, route), arguments(route, of[HOME])
        answer = send(client, sqlite_app, route, values, OTHER, sqlite_world)
        assert answer.status_code < 500, route
        if answer.status_code == 200:
            assert "於潜中学".encode() not in answer.data, route
    assert _all_of(OTHER) == before


def _all_of(school):
    """Every row of a school, and the end of its chain."""
    from inventory.base import Base, SchoolOptional, SchoolScoped

    acting(OPERATOR)
    db.session.rollback()
    rows = {}
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if issubclass(model, SchoolScoped | SchoolOptional):
            table = table_of(model)
            query = table.select().where(table.c.school_id == school)
            rows[table.name] = sorted(map(repr, db.session().execute(query)))
    tokens = db.session().query(Token.id, Token.revoked_at).order_by(Token.id)
    mine = db.session().query(Person.id).filter_by(school_id=school)
    rows["token"] = [repr(row) for row in tokens.filter(Token.person_id.in_(mine))]
    ends = db.session().query(SignIn.id, SignIn.ended_at).filter(SignIn.person_id.in_(mine))
    rows["sign_in"] = sorted(map(repr, ends))
    rows["head"] = [repr(db.session().get(ChainHead, school).hash)]
    return rows


@pytest.mark.parametrize("login", ["technician", "head"])
def test_unknown_fields_and_parameters_are_refused_everywhere(
    sqlite_app, routes, of, clients, sqlite_world, login
):
    for route in routes:
        wanted = needs(sqlite_app, route)
        if route.endpoint in {"scanning.follow_link", OPEN_DOCUMENT} | ENDS_THE_SESSION:
            continue
        client, values = clients(login, route), arguments(route, of[HOME])
        more = client.open(f"{route.path(values)}?unheard_of=1", method=route.method)
        assert more.status_code in {422, 403, 404}, f"{route}: {more.status_code}"
        if route.method == "GET" or wanted in {EVERYBODY}:
            continue
        sent = {"json": {"unheard_of": 1}} if route.is_api else {"data": {"unheard_of": "1"}}
        answer = client.open(route.path(values), method=route.method, **sent)
        assert answer.status_code in {422, 403, 404, 409}, f"{route}: {answer.status_code}"


def test_the_changes_that_a_patch_does_not_name_are_not_made(clients, of, sqlite_world, routes):
    """A missing field in a PATCH changes nothing (the class of CVE-2026-55843)."""
    for route in routes:
        if route.method != "PATCH":
            continue
        client, values = clients("manager", route), arguments(route, of[HOME])
        before = client.get(route.path(values)).get_json()
        assert client.patch(route.path(values), json={}).status_code == 200, route
        after = client.get(route.path(values)).get_json()
        assert {k: v for k, v in after.items() if k != "history"} == {
            k: v for k, v in before.items() if k != "history"
        }, route
