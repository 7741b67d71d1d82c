"""Importing through pages: upload, dry run, choices, confirm, refusals that keep the form."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from inventory.app import create_app
from inventory.db import db, transact
from inventory.exchange import service as exchange
from inventory.exchange.models import ImportPart, ImportRow
from inventory.exchange.queries import FIRST_FAULTS
from inventory.register.queries import search
from inventory.scope import OPERATOR
from tests.conftest import Apart
from tests.statements import asked_of
from tests.unit.services.test_import_service import HEADER, ledger
from tests.world import HOME, OTHER, PASSWORD, acting

SCALE = ["11003", "电子秤", "1kg", "台", 2, 520, "科仪1-01-1", "王芳"]
CLAMP = ["02003", "试管夹", "木质", "个", 30, 2.5, "科仪1-02-1", "王芳"]
ROSTERS = Path(__file__).parents[1] / "data/rosters"


def upload(client, content, name="账.xlsx", **more):
    return client.post(
        "/imports", data={"file": (BytesIO(content), name)} | more,
        content_type="multipart/form-data",
    )  # fmt: skip


def test_from_upload_to_things(client_for, tmp_path, look):
    client = client_for("technician")
    staged = upload(client, ledger(tmp_path, SCALE, CLAMP).read_bytes())
    assert staged.status_code == 302
    page = look(client, staged.location)
    assert "试管夹" in page.words
    acting(OPERATOR)
    assert search(db.session(), "试管夹")[1] == 0

    client.post(f"{staged.location}/choices", data={"managed_as": "batch", "row": "0"})
    for _ in range(5):
        client.post(f"{staged.location}/application", data={})
    look(client, staged.location)

    acting(OPERATOR)
    db.session.rollback()
    assert search(db.session(), "试管夹")[1] == 1
    assert search(db.session(), "电子秤")[0][0].quantity == 2


def test_faults_are_shown_with_sheet_row_column_and_reason(client_for, tmp_path, look):
    client = client_for("technician")
    client.post("/language", data={"language": "en"})
    bad = [*CLAMP[:4], "若干", *CLAMP[5:]]
    staged = upload(client, ledger(tmp_path, SCALE, bad).read_bytes())

    page = look(client, staged.location)

    assert "the quantity is not a number" in page.words
    assert "若干" in page.words


ODD = ["某列", "器材", "规格", "计量", "实有数量", "每个", "摆放", "谁管"]
KINDS = [
    [f"{11000 + n}", f"仪器{chr(0x4E00 + n)}", f"{n}号", "个", n + 2, 2.5, f"科仪1-01-{n % 3 + 1}",
     ["王芳", "陈明"][n % 2]] for n in range(12)
]  # fmt: skip


def odd(tmp_path, header=ODD):
    return ledger(tmp_path, *KINDS, name="odd.xlsx", header=header).read_bytes()


def columns_of(client, address, look):
    """What the page says that each column holds, by the column's letter."""
    look(client, address)
    html = client.get(address).get_data(as_text=True)
    chosen = re.findall(r'<select name="1-([A-Z])"(.*?)</select>', html, re.DOTALL)
    return {
        column: (re.findall(r'value="(\w*)" selected', options) or [""])[0]
        for column, options in chosen
    }


def test_what_columns_hold_is_shown_said_otherwise_and_kept(client_for, tmp_path, look):
    client = client_for("technician")
    staged = upload(client, odd(tmp_path)).location
    told = columns_of(client, staged, look)
    assert (told["A"], told["B"], told["E"], told["G"]) == ("code", "name", "quantity", "location")

    told |= {"C": "note", "F": "", "H": ""}
    said = {f"1-{column}": field for column, field in told.items()}
    again = client.post(f"{staged}/columns", data=said)

    assert client.get(staged).status_code == 404  # the new reading stands in its place
    assert columns_of(client, again.location, look) == told
    assert columns_of(client, upload(client, odd(tmp_path)).location, look) == told
    acting(OPERATOR)
    row = db.session.scalars(select(ImportRow).order_by(ImportRow.n).limit(1)).one()
    assert '"note": "0号"' in row.record
    assert '"unit_price": null' in row.record


def test_two_columns_cannot_hold_the_same_and_nothing_else_is_a_field(client_for, tmp_path):
    client = client_for("technician")
    staged = upload(client, odd(tmp_path)).location

    for said in ({"1-A": "name", "1-B": "name"}, {"1-A": "price"}):
        answer = client.post(f"{staged}/columns", data=said)
        assert answer.status_code == 422
        assert "<select" in answer.get_data(as_text=True)
    assert client.get(staged).status_code == 200
    theirs = client_for("stranger")
    assert theirs.post(f"{staged}/columns", data={}).status_code == 404


def test_what_one_school_said_counts_for_no_other(client_for, tmp_path, look):
    client = client_for("technician")
    staged = upload(client, odd(tmp_path)).location
    client.post(f"{staged}/columns", data={"1-C": ""})

    theirs = client_for("stranger")
    assert columns_of(theirs, upload(theirs, odd(tmp_path)).location, look)["C"] == "spec"


def test_the_file_is_let_go_when_its_import_is_confirmed(client_for, tmp_path):
    client = client_for("technician")
    staged = upload(client, odd(tmp_path)).location
    acting(OPERATOR)
    assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 1

    for _ in range(5):
        client.post(f"{staged}/application", data={})

    acting(OPERATOR)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(ImportPart)) == 0
    assert client.post(f"{staged}/columns", data={}).status_code == 409


def test_how_far_a_long_file_is_read_is_shown(client_for, tmp_path, look):
    client = client_for("technician")
    client.post("/language", data={"language": "en"})
    assert "A large file takes a while" in look(client, "/imports").words
    file = ledger(tmp_path, *KINDS)
    session = acting(OPERATOR)
    roster = exchange.read(file, "long.xlsx")
    plan = exchange.plan(session, OPERATOR, roster, school_id=HOME, item_price_yuan=500)
    job = transact(lambda s: exchange.stage(s, OPERATOR, plan, digest="x", at=datetime.now(UTC)).id)

    assert "long.xlsx: 0 of 12 rows are read" in client.get("/imports/progress").text
    assert "long.xlsx" not in client_for("stranger").get("/imports/progress").text
    acting(OPERATOR)
    transact(lambda s: exchange.stage_slice(s, OPERATOR, plan, import_id=job, start=0))
    assert "long.xlsx" not in client.get("/imports/progress").text


def test_many_faults_are_shown_a_page_at_a_time(client_for, tmp_path, look):
    bad = [[f"{n}x", *row[1:]] for n, row in enumerate(KINDS * 20)]
    client = client_for("technician")
    content = ledger(tmp_path, *bad, header=HEADER).read_bytes()
    staged = upload(client, content).location

    look(client, staged)
    assert client.get(staged).get_data(as_text=True).count("x</td>") <= 2 * FIRST_FAULTS
    listed = look(client, f"{staged}?fault=code_format&page=2")
    assert "100x" in listed.words
    assert " 99x" not in listed.words


def test_a_long_import_asks_for_no_more_than_a_short_one(client_for, tmp_path):
    client = client_for("technician")

    def asked(rows):
        content = ledger(tmp_path, *rows, name=f"{len(rows)}.xlsx").read_bytes()
        staged = upload(client, content).location
        with asked_of(db.engine) as seen:
            assert client.get(staged).status_code == 200
        return seen

    few, many = asked(KINDS[:6]), asked(KINDS * 60)
    assert many.statements == few.statements
    assert many.objects <= few.objects + 300


def test_a_room_that_the_school_does_not_have_is_named(client_for, tmp_path, look):
    client = client_for("technician")
    client.post("/language", data={"language": "en"})
    staged = upload(client, ledger(tmp_path, SCALE, [*CLAMP[:6], "旧库-01-1", ""]).read_bytes())

    assert "the school has no such room or cabinet" in look(client, staged.location).words


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"\x89PNG" + bytes(range(256)), "x.xlsx", 422),
        (b"", "x.xlsx", 422),
        (b"PK\x03\x04" + b"\0" * 100, "x.xlsx", 422),
    ],
)
def test_what_is_no_ledger_is_refused_on_the_form(client_for, content, name, status):
    answer = upload(client_for("technician"), content, name)

    assert answer.status_code == status
    assert "<form" in answer.get_data(as_text=True)


def test_no_file_another_schools_file_and_somebody_elses_import(client_for, tmp_path):
    client, content = client_for("technician"), ledger(tmp_path, SCALE).read_bytes()

    assert client.post("/imports", data={}).status_code == 422
    roster = (ROSTERS / "锦城小学-仪器总账.xlsx").read_bytes()
    assert upload(client, roster, "r.xlsx").status_code == 422
    theirs = upload(client_for("stranger"), content).location
    assert client.get(theirs).status_code == 404
    assert client.post(f"{theirs}/application", data={}).status_code == 404
    assert (
        client.post(f"{theirs}/choices", data={"managed_as": "item", "row": "0"}).status_code == 404
    )
    assert upload(client, content, school=OTHER).status_code in {302, 404}


def test_a_file_that_is_larger_than_the_settings_allow_is_refused(sqlite_config):
    app = create_app(replace(sqlite_config, upload_megabytes=1))
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Apart
    client = app.test_client()
    client.post("/sign-in", data={"login": "technician", "password": PASSWORD})

    kind = "multipart/form-data; boundary=x"
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.xlsx"\r\n\r\n'
    large = client.post("/imports", data=head + b"x" * 2**20 + b"\r\n--x--\r\n", content_type=kind)
    assert large.status_code == 413
    assert upload(client, b"x" * 1000).status_code != 413
    with app.app_context():
        db.engine.dispose()


def test_the_list_of_imports_is_a_file_with_its_filters(client_for, tmp_path, look):
    client = client_for("manager")
    upload(client, ledger(tmp_path, CLAMP).read_bytes())
    staged = upload(client, ledger(tmp_path, SCALE).read_bytes(), "二.xlsx").location
    for _ in range(3):
        client.post(f"{staged}/application", data={})

    def rows(query):
        text = client.get(f"/imports?format=csv{query}").get_data().decode("utf-8-sig")
        return [row.split(",") for row in text.splitlines()]

    assert sorted(row[1] for row in rows("")[1:]) == ["二.xlsx", "账.xlsx"]
    assert [row[-1] for row in rows("&state=applied")[1:]] == [staged.rpartition("/")[2]]
    assert rows("&state=undone")[1:] == []
    assert len(rows(f"&school={HOME}")) == 3
    assert client.get("/imports?format=xlsx").status_code == 200
    assert client.get("/imports?state=x").status_code == 422
    page = look(client, "/imports?state=staged")
    assert "账.xlsx" in page.text
    assert "二.xlsx" not in page.text


def test_rows_that_stay_out_for_their_place_are_counted_among_all(client_for, tmp_path, look):
    client = client_for("technician")
    nowhere = [*CLAMP[:6], "无此室-09-1", *CLAMP[7:]]
    page = look(client, upload(client, ledger(tmp_path, SCALE, nowhere).read_bytes()).location)
    assert ("全部 2" in page.words, "没有该地点 1" in page.words) == (True, True)
