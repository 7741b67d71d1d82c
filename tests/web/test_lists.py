"""Ledgers, lists and bulk actions through their pages, in both languages, and as files."""

import csv
import io

import pytest
from openpyxl import load_workbook

from inventory.db import db, transact
from inventory.ledger.rules import DocumentType
from inventory.ledger.service import correct_quantity, post_document, post_line
from inventory.register import queries
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.world import HOME, OTHER, acting, minutes

FILES = (
    "/things?q=天平", "/kinds?q=天平", f"/cabinets?school={HOME}", "/counts",
    "/books/general?period=2026", "/books/detail", "/books/low-value?period=2026-2027-1",
)  # fmt: skip


def rows_of(answer):
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("path", FILES)
def test_a_list_is_a_file_with_the_filters_of_its_page(client_for, path):
    client = client_for("manager")
    sign = "&" if "?" in path else "?"

    as_csv = client.get(f"{path}{sign}format=csv")
    as_xlsx = client.get(f"{path}{sign}format=xlsx")

    assert (as_csv.status_code, as_xlsx.status_code) == (200, 200)
    assert as_csv.content_type == "text/csv; charset=utf-8"
    sheet = load_workbook(io.BytesIO(as_xlsx.get_data())).active
    assert len(rows_of(as_csv)) > (0 if path in {"/counts", FILES[-1]} else 1)
    assert sheet.max_row >= len(rows_of(as_csv))
    assert client.get(f"{path}{sign}format=exe").status_code == 422


def test_a_file_of_things_holds_what_the_page_finds(client_for):
    client = client_for("technician")

    rows = rows_of(client.get("/things?q=天平&format=csv"))

    assert len(rows) == 7
    assert {row[3] for row in rows[1:]} == {"电子天平 01", "电子天平 02"}


def test_people_are_a_file_for_administrators_alone(client_for):
    assert len(rows_of(client_for("admin").get("/people?format=csv"))) > 5
    assert client_for("manager").get("/people?format=csv").status_code == 403


def test_a_card_and_a_history_are_files(client_for, sqlite_world):
    client = client_for("technician")
    cabinet, code = sqlite_world.cabinets[f"{HOME}/01"], sqlite_world.items[f"{HOME}/01"][0]

    assert len(rows_of(client.get(f"/cabinets/{cabinet}/contents?format=csv"))) == 4
    told = rows_of(client.get(f"/things/{code}/history?format=csv"))
    assert "科仪1-01-1" in told[1][2]
    assert client.get(f"/cabinets/{cabinet}/history").status_code == 200
    foreign = sqlite_world.items[f"{OTHER}/01"][0]
    assert client.get(f"/things/{foreign}/history").status_code == 404


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "总账"), ("en", "General ledger")])
def test_the_ledgers_are_pages_in_both_languages(client_for, look, language, word):
    client = client_for("auditor")
    headers = {"Accept-Language": language}

    chosen = look(client, "/books", headers=headers)
    page = look(client, f"/books/general?school={HOME}&period=2026", headers=headers)

    assert word in chosen.text
    assert word in page.text
    assert "电子天平 01" in page.text
    assert look(client, f"/books/low-value?school={HOME}&period=2020", headers=headers)


def test_an_account_tells_each_line_with_its_document_and_balance(client_for, look, sqlite_world):
    code = sqlite_world.batches[f"{HOME}/01"][0]
    kind = queries.thing(acting(OPERATOR), code).kind_id
    transact(lambda s: correct_quantity(
        s, OPERATOR, school_id=HOME, code=code, quantity=20, reason="数错", at=minutes(1)
    ).id)  # fmt: skip
    client = client_for("principal")

    page = look(client, f"/books/kinds/{kind}?period=2026")
    rows = rows_of(client.get(f"/books/kinds/{kind}?period=2026&format=csv"))

    assert "GZ-2026-0001" in page.text or "更正" in page.text or "数错" in page.text
    assert [row[-2] for row in rows[1:]] == ["0", "24", "20"]
    assert client.get(f"/books/kinds/{kind}?period=2026&format=pdf").data.startswith(b"%PDF")
    assert client.get(f"/books/kinds/{kind}?since=2026-05-02&until=2026-05-01").status_code == 422


def test_a_list_keeps_its_filters_and_orders(client_for, look):
    page = look(
        client_for("manager"), "/things?q=天平&sort=place&size=25&subject=科学&label=minted"
    )

    assert "电子天平 01" in page.text
    assert "电子天平 02" in page.text


def chosen(client, codes, **more):
    return client.post("/changes", data={"codes": codes, "query": "q=天平", **more})


def test_chosen_things_are_moved_and_the_move_is_undone(client_for, sqlite_world):
    client, codes = client_for("manager"), sqlite_world.items[f"{HOME}/01"]

    answer = chosen(client, codes, act="move", to="科仪1-02-2")
    assert answer.status_code == 200
    assert {queries.thing(acting(OPERATOR), code).place for code in codes} == {"科仪1-02-2"}

    bulk = answer.get_data(as_text=True).split("/changes/")[1].split("/undo")[0]
    again = client.post(f"/changes/{bulk}/undo")
    assert again.status_code == 200
    assert {queries.thing(acting(OPERATOR), code).place for code in codes} == {"科仪1-01-1"}
    assert client.post(f"/changes/{bulk}/undo").status_code == 409


def test_a_form_that_is_sent_again_goes_on_where_it_was_cut_off(client_for, sqlite_world):
    """And one that says something else meanwhile only shows what was done."""
    client, codes = client_for("manager"), sqlite_world.items[f"{HOME}/01"]
    once = "a" * 32
    assert chosen(client, codes[:1], act="move", to="科仪1-02-2", once=once).status_code == 200

    other = chosen(client, codes, act="move", to="科仪1-02-1", once=once)
    assert other.location.endswith(f"/changes/{once}")
    assert chosen(client, codes, act="move", to="科仪1-02-2", once=once).status_code == 200

    assert {queries.thing(acting(OPERATOR), code).place for code in codes} == {"科仪1-02-2"}
    page = client.post(f"/changes/{once}/undo").get_data(as_text=True)
    assert "3" in page
    assert {queries.thing(acting(OPERATOR), code).place for code in codes} == {"科仪1-01-1"}
    assert "/undo" not in client.get(f"/changes/{once}").get_data(as_text=True)


def test_what_an_undoing_left_out_is_undone_when_nothing_stands_in_its_way(
    client_for, sqlite_world
):
    client, codes = client_for("manager"), sqlite_world.items[f"{HOME}/01"]
    answer = chosen(client, codes, act="move", to="科仪1-02-2")
    bulk = answer.get_data(as_text=True).split("/changes/")[1].split("/undo")[0]
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]
    client.post(f"/cabinets/{cabinet}/lock", data={"reason": "封存"})

    assert client.post(f"/changes/{bulk}/undo").status_code == 200
    assert "/undo" in client.get(f"/changes/{bulk}").get_data(as_text=True)
    client.post(f"/cabinets/{cabinet}/opening")
    assert client.post(f"/changes/{bulk}/undo").status_code == 200

    assert {queries.thing(acting(OPERATOR), code).place for code in codes} == {"科仪1-01-1"}


def test_all_that_a_list_finds_is_given_to_a_keeper(client_for):
    client = client_for("manager")

    answer = chosen(client, [], act="keeper", keeper="应淼", all="1", query="q=天平")

    assert answer.status_code == 200
    rows, _ = queries.search(acting(OPERATOR), "天平", school_id=HOME)
    assert {row.keeper for row in rows} == {"应淼"}


def test_bulk_actions_that_cannot_be_say_so(client_for, sqlite_world):
    codes = sqlite_world.items[f"{HOME}/01"]
    foreign = sqlite_world.items[f"{OTHER}/01"]

    assert chosen(client_for("manager"), [], act="move", to="科仪1-02-2").status_code == 422
    assert chosen(client_for("manager"), codes, act="move", to="没有").status_code == 404
    assert chosen(client_for("manager"), codes, act="move", to="").status_code == 422
    assert chosen(client_for("manager"), foreign, act="move", to="科仪1-02-2").status_code == 404
    assert chosen(client_for("teacher"), codes, act="move", to="科仪1-02-2").status_code == 403
    assert chosen(client_for("teacher"), codes, act="csv").status_code == 200
    labels = chosen(client_for("manager"), codes, act="labels")
    assert labels.location.startswith("/labels?codes=")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 17), ("/things", 12), ("/things?q=天平 童喆 科仪", 14),
        (f"/cabinets?school={HOME}", 13),
        ("/kinds?q=天平", 8), ("/books/general", 8), ("/books/low-value", 8), ("/agreement", 14),
        ("/books/detail", 8), ("/documents", 9), ("/documents?waiting=1", 10),
        ("/documents?q=GZ", 9), ("/loans", 7), ("/attainment", 12), ("/find?q=天平", 15),
    ],
)  # fmt: skip
def test_a_page_asks_a_small_number_of_questions(client_for, path, most):
    client = client_for("manager")
    client.get(path)

    with asked_of(db.engine) as asked:
        assert client.get(path).status_code == 200

    assert asked.statements <= most, asked.statements


def test_a_page_of_one_asks_no_more_for_more_of_it(client_for, sqlite_world):
    client = client_for("technician")
    code, cabinet = sqlite_world.items[f"{HOME}/01"][0], sqlite_world.cabinets[f"{HOME}/01"]
    kind = queries.thing(acting(OPERATOR), code).kind_id

    for path, most in (
        (f"/things/{code}", 14), (f"/things/{code}/history", 8), (f"/cabinets/{cabinet}", 32),
        (f"/books/kinds/{kind}", 10),
    ):  # fmt: skip
        client.get(path)
        with asked_of(db.engine) as asked:
            assert client.get(path).status_code == 200
        assert asked.statements <= most, (path, asked.statements)


def test_a_difference_comes_with_what_to_do_and_where(client_for, look, sqlite_world):
    client = client_for("auditor")
    assert "=" in look(client, "/agreement").text
    code = sqlite_world.items[f"{HOME}/01"][0]
    kind = queries.thing(acting(OPERATOR), code).kind_id

    def post(session):
        document = post_document(
            session,
            OPERATOR,
            type=DocumentType.RECEIPT,
            title="购入",
            school_id=HOME,
            at=minutes(2),
        )
        post_line(session, OPERATOR, document=document, kind_id=kind, quantity=2, at=minutes(2))

    transact(post)

    page = look(client, "/agreement", headers={"Accept-Language": "en"})
    assert any("has more than there is" in text for text in page.text)
    assert f"/books/kinds/{kind}" in page.links
    assert f"/things?kind={kind}" in page.links
    elsewhere = look(client, f"/agreement?school={OTHER}")
    assert f"/books/kinds/{kind}" not in elsewhere.links
