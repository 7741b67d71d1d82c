"""Importing through pages: upload, dry run, choices, confirm, refusals that keep the form."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from inventory.app import create_app
from inventory.db import db
from inventory.register.queries import search
from inventory.scope import OPERATOR
from tests.conftest import Apart
from tests.unit.services.test_import_service import ledger
from tests.world import OTHER, PASSWORD, acting

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
