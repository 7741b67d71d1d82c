"""The counting page: scans as JSON, quantities, undo, progress, closing, papers."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from inventory.register.rules import shown
from tests.api.test_register_api import read_pages
from tests.web.page import Page
from tests.web.test_pages import count_in
from tests.world import HOME, OTHER

AT = "2026-11-23T04:00:00Z"


@pytest.fixture
def count(client_for, sqlite_world):
    """An open count, and a client of the technician."""
    count_id = count_in(sqlite_world, HOME)
    return client_for("technician"), f"/counts/{count_id}"


def scan(client, address, *payloads, device="phone", start=1):
    scans = [
        {
            "device": device, "seq": start + n, "at": AT, "payload": text,
            "medium": "wedge", "task": address.rsplit("/", 1)[1],
        }
        for n, text in enumerate(payloads)
    ]  # fmt: skip
    return client.post(f"{address}/scans", json={"scans": scans})


def test_scans_are_answered_with_outcome_card_and_progress(count, sqlite_world):
    client, address = count
    items, batches = sqlite_world.items[f"{HOME}/01"], sqlite_world.batches[f"{HOME}/01"]
    other = sqlite_world.items[f"{HOME}/02"][0]

    answer = scan(client, address, items[0], items[0], other, "690123", batches[0]).json

    outcomes = [one["outcome"] for one in answer["results"]]
    assert outcomes == ["match", "again", "misplaced", "unknown", "open"]
    assert all("<" in one["html"] for one in answer["results"])
    assert answer["progress"]
    assert answer["version"]


def test_a_batch_asks_for_a_number_and_does_not_tell_the_books(count, sqlite_world):
    client, address = count
    batch = sqlite_world.batches[f"{HOME}/01"][0]

    [result] = scan(client, address, batch).json["results"]

    assert 'name="quantity"' in result["html"]
    card = Page(result["html"])
    assert "24" not in card.words.replace(shown(batch), "")
    assert {field.get("value", "") for field in card.inputs} == {""}


def test_the_page_of_another_school_takes_no_scans(count, sqlite_world, client_for):
    address = count[1]

    assert scan(client_for("stranger"), address, "x").status_code == 404


def test_a_scan_cannot_be_slipped_into_another_count(count, sqlite_world):
    client, address = count
    foreign = count_in(sqlite_world, OTHER)

    payload = sqlite_world.items[f"{OTHER}/01"][0]
    scan_of_another = {"device": "p", "seq": 1, "at": AT, "payload": payload, "task": foreign}
    [result] = client.post(f"{address}/scans", json=scan_of_another).json["results"]

    assert result["outcome"] in {"no_such_task", "unknown"}


def test_quantities_undo_and_progress(count, sqlite_world):
    client, address = count
    item, batch = sqlite_world.items[f"{HOME}/01"][0], sqlite_world.batches[f"{HOME}/01"][0]
    scan(client, address, item, batch)
    first = client.get(f"{address}/progress")
    assert (
        client.get(
            f"{address}/progress", query_string={"version": first.headers["ETag"].strip('"')}
        ).status_code
        == 204
    )

    done = client.post(f"{address}/quantities", data={"code": batch, "quantity": "２４"},
                       headers={"HX-Request": "true"})  # fmt: skip
    assert done.status_code == 200
    assert client.post(f"{address}/undoing", data={}).status_code == 302
    assert client.get(f"{address}/progress").headers["ETag"] != first.headers["ETag"]
    for quantity in ("-1", "1.5", "many", "", "9" * 12):
        bad = client.post(f"{address}/quantities", data={"code": batch, "quantity": quantity})
        assert bad.status_code == 422, quantity


def test_closing_names_what_is_open_and_the_result_is_on_paper(count, sqlite_world, look):
    client, address = count
    scan(client, address, *sqlite_world.items[f"{HOME}/01"], *sqlite_world.batches[f"{HOME}/01"])

    refused = client.post(f"{address}/closing", data={})
    assert refused.status_code == 409
    assert client.post(f"{address}/closing", data={"leave_open": "1"}).status_code == 302
    look(client, address)

    pdf = client.get(f"{address}/result.pdf")
    assert read_pages(pdf.data) == [[address.rsplit("/", 1)[1]]]
    sheet = load_workbook(BytesIO(client.get(f"{address}/result.xlsx").data)).active
    cells = {str(cell.value) for row in sheet for cell in row if cell.value is not None}
    assert sqlite_world.items[f"{HOME}/01"][0] in cells
    assert "24001-01" in cells


def test_a_count_that_is_open_is_gone_on_with(client_for, sqlite_world):
    client, cabinet = client_for("technician"), sqlite_world.cabinets[f"{HOME}/01"]

    first = client.post("/counts", data={"place": cabinet}).location
    second = client.post("/counts", data={"place": cabinet}).location

    assert first == second


def test_a_formula_in_a_name_is_text_in_the_sheet(count, sqlite_world):
    client, address = count
    scan(client, address, "=1+1", "+SUM(A1)", "@x", "-2")

    sheet = load_workbook(BytesIO(client.get(f"{address}/result.xlsx").data)).active
    cells = [
        cell for row in sheet for cell in row if cell.value in {"=1+1", "+SUM(A1)", "@x", "-2"}
    ]
    assert len(cells) >= 4
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells), "whoever edits it there keeps a text"
