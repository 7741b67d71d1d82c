"""The short way of a scan: it answers as the long way does, and refuses nothing by itself."""

import json

import pytest

from inventory.db import db, transact
from inventory.errors import Busy
from inventory.identity.models import Token
from inventory.scanning.api import INTAKE
from inventory.scanning.express import LONGEST_BODY
from inventory.scanning.models import Scan
from inventory.scope import OPERATOR, Permission
from tests.world import HOME, NOON, acting

PATH = "/api/v1/scans"


def one(code="20000000194", seq=1, **more):
    return {"device": "d", "seq": seq, "at": "2026-11-23T04:00:00Z", "payload": code} | more


@pytest.fixture
def passed_on(sqlite_app):
    """The requests that went the long way, in the order in which they came."""
    seen = []
    sqlite_app.before_request_funcs[None].insert(0, lambda: seen.append(1))
    return seen


def test_what_is_in_order_meets_no_framework_and_is_answered_the_same(api, sqlite_world, passed_on):
    client, item = api("technician"), sqlite_world.items[f"{HOME}/01"][0]
    short = client.post(PATH, json=one(item, 1))
    assert passed_on == []

    # Spaces mean nothing in JSON, but so many of them are out of order here.
    padded = json.dumps(one(item, 2)) + " " * LONGEST_BODY
    long = client.post(PATH, data=padded, content_type="application/json")

    assert len(passed_on) == 1
    answers = [answer.get_json()["results"][0] for answer in (short, long)]
    assert [answer.pop("seq") for answer in answers] == [1, 2]
    assert answers[0] == answers[1]
    kept = ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Cache-Control")
    assert [short.headers[name] for name in kept] == [long.headers[name] for name in kept]


def test_a_token_that_was_revoked_writes_nothing_from_that_moment(api, sqlite_world):
    client = api("technician")
    assert client.post(PATH, json=one(seq=1)).status_code == 200

    acting(OPERATOR)
    transact(lambda session: [setattr(t, "revoked_at", NOON) for t in session.query(Token)])

    assert client.post(PATH, json=one(seq=2)).status_code == 401
    acting(OPERATOR)
    assert [row.seq for row in db.session().query(Scan)] == [1]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {"Authorization": ""}}, 401),
        ({"headers": {"Authorization": "Bearer tc_wrong"}}, 401),
        ({"headers": {"Authorization": "Basic dXNlcjpwYXNz"}}, 401),
        ({"headers": {"Host": "evil.example"}}, 400),
        ({"data": b"no json"}, 422),
        ({"data": b"[" * 100_000}, 422),
        ({"json": one() | {"school_id": HOME}}, 422),
        ({"json": one() | {"seq": -1}}, 422),
        ({"json": []}, 422),
        ({"data": b""}, 422),
    ],
)
def test_what_is_out_of_order_is_refused_by_the_long_way(
    api, sqlite_world, passed_on, change, status
):
    given = change if "data" in change else {"json": one()} | change
    answer = api("technician").post(PATH, **given)

    assert answer.status_code == status
    assert len(passed_on) == 1
    acting(OPERATOR)
    assert db.session().query(Scan).count() == 0


def test_a_token_without_the_scope_is_told_so(api, sqlite_world, passed_on):
    assert api("technician", Permission.SEE).post(PATH, json=one()).status_code == 403
    assert len(passed_on) == 1


def test_what_the_intake_says_is_said_once(api, sqlite_app, sqlite_world):
    class Busily:
        """An intake whose turn never comes."""

        asked = 0

        def submit(self, *_):
            self.asked += 1
            raise Busy(what="database", reason="busy")

    busily = sqlite_app.extensions[INTAKE] = Busily()
    sqlite_app.wsgi_app._intake = busily

    answer = api("technician").post(PATH, json=one())

    assert (answer.status_code, busily.asked) == (503, 1)
    assert answer.get_json()["code"] == "busy"
