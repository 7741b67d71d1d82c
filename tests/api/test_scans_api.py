"""POST /scans and GET /resolve: strict about their input, never losing a scan."""

import pytest

from inventory.scope import Permission
from tests.world import HOME, OTHER

AT = "2026-11-23T04:00:00Z"


def one(payload="x", seq=1, **more):
    return {"device": "d", "seq": seq, "at": AT, "payload": payload} | more


def post(client, body):
    return client.post("/api/v1/scans", json=body)


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: {"scans": [s]}])
def test_one_scan_a_list_or_an_object_are_taken(api, sqlite_world, wrap):
    answer = post(api(), wrap(one(sqlite_world.items[f"{HOME}/01"][0])))

    assert answer.status_code == 200
    [result] = answer.json["results"]
    assert (result["device"], result["seq"], result["outcome"]) == ("d", 1, "seen")
    assert result["target"]["number"] == "24001-01"


def test_a_scan_again_is_told_so_with_its_first_answer(api, sqlite_world):
    client, scan = api(), one(sqlite_world.items[f"{HOME}/01"][0])
    first = post(client, scan).json["results"][0]

    again = post(client, scan).json["results"][0]

    assert (again["outcome"], again["stored"]) == ("again", "seen")
    assert again["target"] == first["target"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scans": []}, 422, "missing"),
        ([], 422, "missing"),
        ("text", 422, "invalid"),
        (None, 422, "invalid"),
        ({"scans": [one()] * 1001}, 422, "too_many"),
        (one(colour="red"), 422, "unknown_field"),
        ({"scans": [one()], "extra": 1}, 422, "unknown_field"),
        ({"device": "d"}, 422, "missing"),
        (one(seq="1"), 422, "invalid"),
        (one(seq=True), 422, "invalid"),
        (one(seq=-1), 422, "invalid"),
        (one(seq=2**63), 422, "invalid"),
        (one(at="yesterday"), 422, "invalid"),
        (one(at="2026-11-23T04:00:00"), 422, "invalid"),
        (one(at="0001-01-01T00:00:00+14:00"), 422, "invalid"),
        (one(medium="smoke"), 422, "invalid"),
        (one() | {"device": ""}, 422, "invalid"),
        (one() | {"device": "d" * 65}, 422, "invalid"),
        (one() | {"device": "a\0b"}, 422, "invalid"),
        (one(task="t" * 33), 422, "invalid"),
        (one(payload=5), 422, "invalid"),
    ],
)
def test_what_is_not_a_scan_is_refused_and_named(api, body, status, code):
    answer = post(api(), body)

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert answer.mimetype == "application/problem+json"


def test_the_scan_at_fault_is_pointed_at(api):
    answer = post(api(), {"scans": [one(), one(seq=2), one(seq=3, medium="smoke")]})

    assert answer.json["errors"][0]["pointer"] == "#/scans/2/medium"


@pytest.mark.parametrize("raw", [b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(api, raw):
    answer = api().post("/api/v1/scans", data=raw, content_type="application/json")

    assert answer.status_code == 422


@pytest.mark.parametrize("payload", ["\0", "a\0b", "\ud800", "𬬭" * 300, "<script>"])
def test_every_payload_is_kept(api, payload):
    answer = post(api(), one(payload))

    assert answer.status_code == 200
    assert answer.json["results"][0]["outcome"] == "unknown"


def test_without_a_token_nothing_is_taken(sqlite_app, sqlite_world):
    client = sqlite_app.test_client()

    assert post(client, one()).status_code == 401
    for header in ("Bearer", "Bearer x", "Bearer tc_x", "Basic dTpw"):
        answer = client.post("/api/v1/scans", json=one(), headers={"Authorization": header})
        assert (answer.status_code, answer.json["code"]) == (401, "bad_token")


def test_a_token_does_what_its_scopes_say(api):
    assert post(api("technician", Permission.SEE), one()).status_code == 403
    assert api("technician", Permission.SCAN).get("/api/v1/things").status_code == 403


def test_a_pages_session_is_no_token(client_for):
    assert client_for("technician").get("/api/v1/things").status_code == 401


def test_resolving_tells_meanings_and_targets(api, sqlite_world):
    code = sqlite_world.items[f"{HOME}/01"][0]

    answer = api().get(f"/api/v1/resolve?q=https://x/{code}").json

    assert (answer["outcome"], answer["target"]["code"]) == ("seen", code)
    assert {"meaning": "code", "value": code} in answer["meanings"]


def test_an_ambiguous_number_shows_all_and_guesses_none(api):
    answer = api("auditor").get("/api/v1/resolve?q=24001-1").json

    assert (answer["outcome"], answer["target"], len(answer["targets"])) == ("ambiguous", None, 2)


def test_unknown_and_missing_parameters_are_refused(api):
    assert api().get("/api/v1/resolve").status_code == 422
    assert api().get("/api/v1/resolve?q=1&colour=red").json["code"] == "unknown_field"


def test_another_schools_code_resolves_to_nothing(api, sqlite_world):
    answer = api().get(f"/api/v1/resolve?q={sqlite_world.items[f'{OTHER}/01'][0]}").json

    assert (answer["outcome"], answer["targets"]) == ("unknown", [])
