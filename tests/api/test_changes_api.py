"""PATCH: what is there is changed, what is not stays, null clears, what is unknown is refused."""

import pytest

from inventory.ledger.service import retire_thing
from inventory.places import queries as places
from inventory.register import queries
from inventory.register.service import retire_place
from inventory.scope import OPERATOR, Permission
from tests.unit.services.test_by_hand import act, lay_out
from tests.world import HOME, OTHER, acting


@pytest.fixture
def item(sqlite_world):
    return sqlite_world.items[f"{HOME}/01"][0]


@pytest.fixture
def cabinet(sqlite_world):
    return sqlite_world.cabinets[f"{HOME}/01"]


def test_a_missing_field_changes_nothing(api, item):
    client, address = api(), f"/api/v1/things/{item}"
    first = client.patch(address, json={"note": "划痕", "unit_price": "510.50", "keeper": "李四"})
    assert first.status_code == 200
    assert (first.json["note"], first.json["unit_price"]) == ("划痕", "510.50")

    second = client.patch(address, json={"voucher": "记-3"})
    assert {name: second.json[name] for name in ("note", "unit_price", "keeper", "voucher")} == {
        "note": "划痕", "unit_price": "510.50", "keeper": "李四", "voucher": "记-3",
    }  # fmt: skip
    assert client.patch(address, json={}).json["note"] == "划痕"
    cleared = client.patch(address, json={"note": None, "unit_price": None, "keeper": None}).json
    assert (cleared["note"], cleared["unit_price"], cleared["voucher"]) == (None, None, "记-3")
    assert cleared["keeper"] is None
    changed = client.get(address).json["history"][0]
    assert (changed["kind"], changed["data"]["set"]) == (
        "thing_described", [["keeper", None], ["note", None], ["unit_price_cents", None]],
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        {"quantity": 3}, {"name": "x"}, {"note": 3}, {"note": "x" * 401}, {"purchased": "2024-13"},
        {"unit_price": "-1"}, {"unit_price": 5}, {"voucher": "x" * 61}, {"note": "\0"}, [], "x",
    ],
)  # fmt: skip
def test_what_a_thing_cannot_be(api, item, body):
    answer = api().patch(f"/api/v1/things/{item}", json=body)
    assert answer.status_code == 422
    assert answer.mimetype == "application/problem+json"


def test_a_place_changes_what_is_sent(api, cabinet):
    client, address = api(), f"/api/v1/cabinets/{cabinet}"
    before = client.get(address).json
    after = client.patch(address, json={"name": "力学"}).json
    assert (after["name"], after["path"], after["keeper"]) == (
        "力学", before["path"], before["keeper"],
    )  # fmt: skip
    assert client.patch(address, json={"short": "09"}).json["path"] == "科仪1-09"
    assert client.patch(address, json={"keeper": None}).json["keeper"] is None
    assert client.patch(address, json={"short": "02"}).status_code == 409


@pytest.mark.parametrize(
    "body",
    [{"short": None}, {"name": None}, {"short": ""}, {"short": "x" * 21}, {"path": "x"},
     {"name": "x" * 61}, {"keeper": "x" * 61}],
)  # fmt: skip
def test_what_a_place_cannot_be(api, cabinet, body):
    assert api().patch(f"/api/v1/cabinets/{cabinet}", json=body).status_code == 422


def test_who_may_not_and_whose_it_is(api, sqlite_world, item, cabinet):
    for client in (api("teacher"), api("technician", Permission.SEE)):
        assert client.patch(f"/api/v1/things/{item}", json={"note": "x"}).status_code == 403
        assert client.patch(f"/api/v1/cabinets/{cabinet}", json={"name": "x"}).status_code == 403
    client = api()
    foreign = sqlite_world.items[f"{OTHER}/01"][0], sqlite_world.cabinets[f"{OTHER}/01"]
    assert client.patch(f"/api/v1/things/{foreign[0]}", json={"note": "x"}).status_code == 404
    assert client.patch(f"/api/v1/cabinets/{foreign[1]}", json={"name": "x"}).status_code == 404
    assert client.patch("/api/v1/cabinets/outside", json={"name": "x"}).status_code == 404


def test_what_is_retired_says_so_and_is_in_no_list(api, item, sqlite_world):
    acting(OPERATOR)
    act(retire_thing, code=item, reason="x")
    lay_out([places_of_the_test()])
    [place] = places.find_place(acting(OPERATOR), "空室", HOME)
    act(retire_place, code=place.id)
    client = api()

    assert client.get(f"/api/v1/things/{item}").json["retired"] is True
    assert client.patch(f"/api/v1/things/{item}", json={"note": "x"}).status_code == 409
    codes = [one["code"] for one in client.get("/api/v1/things?limit=500").json["things"]]
    assert item not in codes
    assert client.get(f"/api/v1/resolve?q={item}").json["target"]["retired"] is True
    assert client.get(f"/api/v1/resolve?q={place.id}").json["target"]["retired"] is True
    assert "retired" not in client.get(f"/api/v1/resolve?q={codes[0]}").json["target"]
    assert client.get(f"/api/v1/cabinets/{place.id}").json["retired"] is True
    assert queries.thing(acting(OPERATOR), item).retired_quantity == 1


def places_of_the_test():
    from inventory.places.rules import Planned

    return Planned("空室", None, "room", "空室")


def test_a_retired_things_label_in_a_count_is_told(api, item, sqlite_world):
    acting(OPERATOR)
    act(retire_thing, code=item, reason="x")
    client = api()
    count = client.post("/api/v1/counts", json={"place": "科仪1-01"}).json["id"]
    scan = {"device": "d", "seq": 1, "at": "2026-11-23T12:00:00+08:00", "payload": item,
            "task": count}  # fmt: skip
    [answer] = client.post("/api/v1/scans", json={"scans": [scan]}).json["results"]
    assert answer["task"]["outcome"] == "retired"
