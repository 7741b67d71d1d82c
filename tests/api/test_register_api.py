"""Things, cabinets, labels and counts for programs."""

import base64
from io import BytesIO

import pypdfium2
import pytest

import scanner
from inventory.register.rules import card_mark, code_of
from tests.world import HOME, OTHER

UNKNOWN = code_of(999_999_999)


def read_pages(pdf, dpi=200):
    """The codes on each page of a PDF, as another reader sees them."""
    document = pypdfium2.PdfDocument(BytesIO(pdf))
    try:
        return [
            sorted(
                reading.text
                for reading in scanner.decode(page.render(scale=dpi / 72).to_numpy()[..., :3])
            )
            for page in document
        ]
    finally:
        document.close()


def test_lists_page_by_cursor_without_gaps_or_repeats(api):
    client, seen, cursor = api(), [], ""
    for _ in range(10):
        answer = client.get(f"/api/v1/things?limit=3{cursor}").json
        seen += [thing["code"] for thing in answer["things"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"

    assert len(seen) == len(set(seen)) == 10


def cursor_of(text):
    return "cursor=" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=" + "1" * 5000, "cursor=!!!", "cursor=e30", "page=2",
     cursor_of("[" * 40_000), cursor_of('["\\u0000", "x"]'), cursor_of('["\\ud800", "x"]')],
    ids=lambda query: query[:20],
)  # fmt: skip
def test_odd_parameters_are_refused(api, query):
    assert api().get(f"/api/v1/things?{query}").status_code == 422


def test_a_thing_tells_its_place_and_history(api, sqlite_world):
    code = sqlite_world.items[f"{HOME}/01"][0]

    thing = api().get(f"/api/v1/things/{code}").json

    assert (thing["place"], thing["unit_price"], thing["state"]) == ("科仪1-01-1", None, "minted")
    assert [event["kind"] for event in thing["history"]] == ["thing_registered"]


def test_a_cabinet_tells_its_card(api, sqlite_world):
    cabinet = api().get(f"/api/v1/cabinets/{sqlite_world.cabinets[f'{HOME}/01']}").json

    assert (cabinet["kinds"], cabinet["pieces"], cabinet["is_stale"]) == (3, 327, False)
    assert len(cabinet["things"]) == 5


def test_a_card_can_be_read_back(api, sqlite_world):
    code = sqlite_world.cabinets[f"{HOME}/01"]

    answer = api().get(f"/api/v1/cabinets/{code}/card.pdf")

    assert answer.mimetype == "application/pdf"
    [found] = read_pages(answer.data)
    assert sorted(found) == [code, card_mark(code, 1)], "the code, and which card this is"


def test_labels_can_be_read_back(api, sqlite_world):
    codes = sqlite_world.items[f"{HOME}/01"]

    answer = api().post("/api/v1/labels", json={"codes": codes, "stock": "40x30"})

    assert answer.status_code == 200
    assert read_pages(answer.data) == [[code] for code in codes]


def test_labels_of_a_cabinet_on_a_sheet_that_was_begun(api, sqlite_world):
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]

    answer = api().post("/api/v1/labels", json={"cabinet": cabinet, "stock": "a4-3x8", "skip": 22})

    assert [len(page) for page in read_pages(answer.data)] == [2, 3]


def test_blank_labels_are_new_codes(api):
    first = api().post("/api/v1/labels", json={"blank": 2})
    second = api().post("/api/v1/labels", json={"blank": 2})

    pages = read_pages(first.data) + read_pages(second.data)
    assert len({code for [code] in pages}) == 4


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "nothing_to_print"),
        ({"codes": []}, "nothing_to_print"),
        ({"codes": [UNKNOWN]}, "not_found"),
        ({"codes": [5]}, "invalid"),
        ({"codes": ["x"] * 2001}, "too_many"),
        ({"blank": 0}, "bad_quantity"),
        ({"blank": 5000}, "too_many"),
        ({"blank": 1, "stock": "papyrus"}, "unknown_stock"),
        ({"blank": 1, "format": "gif"}, "invalid"),
        ({"blank": 1, "symbol": "rune"}, "invalid"),
        ({"blank": 1, "symbol": "link"}, "address_will_not_last"),
        ({"blank": 1, "skip": 3}, "invalid"),
        ({"blank": 1, "colour": "red"}, "unknown_field"),
    ],
)
def test_what_cannot_be_printed_is_refused(api, body, code):
    assert api().post("/api/v1/labels", json=body).json["code"] == code


def test_a_count_from_opening_to_closing(api, sqlite_world):
    client = api()
    count = client.post("/api/v1/counts", json={"place": "科仪1-01"})
    assert count.status_code == 201
    count_id = count.json["id"]
    codes = sqlite_world.items[f"{HOME}/01"] + sqlite_world.batches[f"{HOME}/01"]
    scans = [
        {"device": "d", "seq": n, "at": "2026-11-23T04:00:00Z", "payload": code, "task": count_id}
        for n, code in enumerate(codes)
    ]
    results = client.post("/api/v1/scans", json={"scans": scans}).json["results"]
    assert [one["task"]["outcome"] for one in results] == ["match"] * 3 + ["open"] * 2
    beakers, tubes = sqlite_world.batches[f"{HOME}/01"]
    sightings = f"/api/v1/counts/{count_id}/sightings"
    client.post(sightings, json={"code": beakers, "quantity": 24})
    assert client.post(f"/api/v1/counts/{count_id}/closing", json={}).status_code == 409
    client.post(sightings, json={"code": tubes, "all_there": True})

    closed = client.post(f"/api/v1/counts/{count_id}/closing", json={})

    assert (closed.json["is_open"], closed.json["figures"]["match"]) == (False, 5)
    late = client.post(sightings, json={"code": tubes, "quantity": 1})
    assert (late.status_code, late.json["code"]) == (409, "count_closed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"place": "nowhere"}, 404),
        ({"place": 5}, 422),
        ({"place": "科仪1-01", "blind": True}, 422),
    ],
)
def test_a_count_that_cannot_be_opened(api, body, status):
    assert api().post("/api/v1/counts", json=body).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {"code": "x"},
        {"code": "x", "quantity": -1},
        {"code": "x", "quantity": 1.5},
        {"code": "x", "quantity": 1, "all_there": True},
        {"quantity": 1},
        {"code": "x", "quantity": True},
    ],
)
def test_a_sighting_that_says_nothing_possible(api, sqlite_world, body):
    client = api()
    count_id = client.post("/api/v1/counts", json={"place": "科仪1-01"}).json["id"]
    if "code" in body:
        body = body | {"code": sqlite_world.batches[f"{HOME}/01"][0]}

    assert client.post(f"/api/v1/counts/{count_id}/sightings", json=body).status_code == 422


def addresses(world, school):
    """Every address of the API that names something of a school."""
    return [
        ("get", f"/api/v1/things/{world.items[f'{school}/01'][0]}", None),
        ("get", f"/api/v1/cabinets/{world.cabinets[f'{school}/01']}", None),
        ("get", f"/api/v1/cabinets/{world.cabinets[f'{school}/01']}/card.pdf", None),
        ("post", "/api/v1/labels", {"codes": world.items[f"{school}/01"]}),
        ("post", "/api/v1/labels", {"cabinet": world.cabinets[f"{school}/01"]}),
        ("post", "/api/v1/counts", {"place": world.cabinets[f"{school}/01"]}),
    ]


def test_what_is_another_schools_does_not_exist(api, sqlite_world):
    client = api()
    for method, address, body in addresses(sqlite_world, OTHER):
        foreign = getattr(client, method)(address, json=body) if body else client.get(address)
        assert foreign.status_code == 404, address
    for method, address, body in addresses(sqlite_world, HOME):
        own = getattr(client, method)(address, json=body) if body else client.get(address)
        assert own.status_code in {200, 201}, address


def test_another_schools_count_does_not_exist(api, sqlite_world):
    count_id = api("stranger").post("/api/v1/counts", json={"place": "科仪1-01"}).json["id"]
    client, batch = api(), sqlite_world.batches[f"{OTHER}/01"][0]

    assert client.get(f"/api/v1/counts/{count_id}").status_code == 404
    assert client.post(f"/api/v1/counts/{count_id}/closing", json={}).status_code == 404
    sighting = {"code": batch, "quantity": 1}
    answer = client.post(f"/api/v1/counts/{count_id}/sightings", json=sighting)
    assert answer.status_code == 404


def test_the_document_describes_every_address(sqlite_app, api):
    document = sqlite_app.test_client().get("/api/v1/openapi.json").json

    assert document["openapi"] == "3.1.0"
    described = {(path, method) for path, ops in document["paths"].items() for method in ops}
    rules = {
        (rule.rule.replace("<string:", "{").replace(">", "}"), method.lower())
        for rule in sqlite_app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and "openapi" not in rule.rule
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == rules


def test_errors_of_the_api_are_problems(api):
    for answer in (api().get("/api/v1/nothing"), api().delete("/api/v1/things")):
        assert answer.status_code in {404, 405}
        assert answer.mimetype == "application/problem+json"


def test_photographs_and_files_are_attached_listed_and_fetched(api, sqlite_world):
    client, code = api(), sqlite_world.items[f"{HOME}/01"][0]
    address = f"/api/v1/things/{code}/attachments"

    made = client.post(f"{address}?name=发票.pdf", data=b"%PDF-1.7 x")
    again = client.post(address, data=b"%PDF-1.7 x")

    assert (made.status_code, again.json["id"]) == (201, made.json["id"])
    assert (made.json["kind"], made.json["name"], made.json["thing"]) == ("file", "发票.pdf", code)
    assert [one["id"] for one in client.get(address).json["attachments"]] == [made.json["id"]]
    answer = client.get(f"/api/v1/attachments/{made.json['id']}")
    assert answer.data == b"%PDF-1.7 x"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert client.post(address, data=b"<svg>").status_code == 422
    assert client.post(address).status_code == 422
    assert client.post(address, json={"name": "x"}).status_code == 422
    other = sqlite_world.items[f"{OTHER}/01"][0]
    assert client.post(f"/api/v1/things/{other}/attachments", data=b"x").status_code == 404
    assert client.get(f"/api/v1/things/{other}/attachments").status_code == 404
    assert api("teacher").post(address, data=b"x").status_code == 403
