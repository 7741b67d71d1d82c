"""The pages of things and kinds in full: fields, what another changed, files, tags, merging."""

from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from inventory.catalogue.models import Kind
from inventory.db import db, transact
from inventory.journal.queries import latest
from inventory.ledger import service as ledger
from inventory.ledger.service import Entry
from inventory.places import queries as places
from inventory.register import queries, service
from inventory.register.models import Attachment, Code, Tag, Thing
from inventory.register.service import DESCRIBING
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, acting


@pytest.fixture
def client(client_for):
    return client_for("manager")


@pytest.fixture
def code(sqlite_world):
    return sqlite_world.items[f"{HOME}/01"][0]


def text(answer):
    return answer.get_data(as_text=True)


def kind_named(name):
    acting(OPERATOR)
    return db.session.scalar(select(Kind).where(Kind.school_id == HOME, Kind.name == name))


def minted(n=1):
    acting(OPERATOR)
    return transact(lambda s: service.mint(s, OPERATOR, count=n, at=NOON))


def english(client):
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


FULL = {
    "serial_no": "SN-7", "maker": "上海天平仪器厂", "supplier": "县装备中心", "invoice": "03517777",
    "accepted": "2024-09-10", "source": "donation", "warranty_until": "2027-09",
    "condition": "damaged", "present_place": "科仪1-02", "note": "左脚垫",
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Donated", "Damaged", "Warranty until")), ("zh-CN", ("捐赠", "损坏", "保修至"))],
)
def test_everything_of_a_thing_is_entered_and_shown_in_both_languages(
    client, code, language, words
):
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    answer = client.post(f"/things/{code}/description", data=FULL, follow_redirects=True)
    page = text(answer)
    assert answer.status_code == 200
    for word in (*words, "SN-7", "上海天平仪器厂", "03517777", "科仪1-02"):
        assert word in page
    assert 'value="SN-7"' in text(client.get(f"/things/{code}/change"))


def test_what_another_changed_is_shown_beside_what_was_typed_and_can_be_saved_again(
    client_for, client, code
):
    acting(OPERATOR)
    opened = latest(db.session(), HOME, code, DESCRIBING)
    other = client_for("technician")
    other.post(f"/things/{code}/description", data={"note": "theirs", "version": opened})

    mine = {"note": "mine", "maker": "我的厂", "version": opened}
    answer = english(client).post(f"/things/{code}/description", data=mine)

    page = text(answer)
    assert answer.status_code == 409
    assert "technician老师" in page
    assert "<b>theirs</b>" in page
    assert 'value="mine"' in page
    assert 'value="我的厂"' in page
    acting(OPERATOR)
    now = latest(db.session(), HOME, code, DESCRIBING)
    assert f'name="version" value="{now}"' in page
    again = client.post(f"/things/{code}/description", data=mine | {"version": now})
    assert again.status_code == 302
    acting(OPERATOR)
    assert queries.thing(db.session(), code).note == "mine"


def test_a_serial_number_of_another_thing_is_refused_with_its_name(client, sqlite_world):
    first, second, _ = sqlite_world.items[f"{HOME}/01"]
    client.post(f"/things/{first}/description", data={"serial_no": "SN-1"})
    answer = english(client).post(f"/things/{second}/description", data={"serial_no": "SN-1"})
    assert answer.status_code == 409
    assert "24001-01" in text(answer)
    assert 'value="SN-1"' in text(answer)


def picture():
    file = BytesIO()
    Image.new("RGB", (50, 40), "red").save(file, "PNG")
    file.seek(0)
    return file


def attach(client, code, *files):
    data = {"subject": code, "back": f"/things/{code}", "file": list(files)}
    return client.post("/attachments", data=data, content_type="multipart/form-data")


def test_photographs_and_files_are_attached_shown_removed_and_brought_back(client, code):
    answer = attach(client, code, (picture(), "a.png"), (BytesIO(b"%PDF-1.7 x"), "发票.pdf"))
    assert answer.location == f"/things/{code}"
    acting(OPERATOR)
    photo, file = db.session.scalars(select(Attachment).order_by(Attachment.kind.desc()))
    page = text(client.get(f"/things/{code}"))
    assert f"/attachments/{photo.id}/thumbnail" in page
    assert "发票.pdf" in page
    small = client.get(f"/attachments/{photo.id}/thumbnail")
    assert small.mimetype == "image/jpeg"
    out = client.get(f"/attachments/{file.id}")
    assert out.headers["Content-Disposition"].startswith("attachment;")
    assert out.headers["X-Content-Type-Options"] == "nosniff"
    assert out.data == b"%PDF-1.7 x"

    gone = client.post(f"/attachments/{file.id}/removal", data={"back": f"/things/{code}"})
    page = text(client.get(gone.location))
    assert f"/attachments/{file.id}/restoration" in page
    client.post(f"/attachments/{file.id}/restoration", data={"back": f"/things/{code}"})
    assert f"/attachments/{file.id}/removal" in text(client.get(f"/things/{code}"))


def test_what_is_refused_leaves_the_form_and_says_of_which_file_and_what_to_do(client, code):
    attach(client, code, (picture(), "a.png"))
    odd = (BytesIO(b"MZ\x90\x00"), "驱动.exe")

    answer = attach(english(client), code, (BytesIO(b"%PDF-1.7 x"), "b.pdf"), odd)

    page = text(answer)
    assert answer.status_code == 422
    assert "驱动.exe: This file cannot be attached: take a photograph" in page
    assert 'action="/attachments"' in page
    assert f'href="/things/{code}"' in page
    assert "/thumbnail" in page, "what is attached already is there"
    acting(OPERATOR)
    assert len(db.session.scalars(select(Attachment)).all()) == 1
    assert attach(client, code, (BytesIO(b""), "")).status_code == 422


def test_what_a_browser_might_run_is_neither_taken_nor_given_as_such(client, code):
    page = BytesIO(b"<html><script>alert(1)</script>")
    assert attach(client, code, (page, "a.pdf")).status_code == 422
    attach(client, code, (BytesIO(b"alert(1)"), "a.html"))
    acting(OPERATOR)
    row = db.session.scalar(select(Attachment))
    out = client.get(f"/attachments/{row.id}")
    assert (row.name, out.mimetype) == ("a.txt", "application/octet-stream")
    assert attach(client, code).status_code == 422


def test_another_schools_attachment_is_not_found(client_for, client, code):
    attach(client, code, (picture(), "a.png"))
    acting(OPERATOR)
    row = db.session.scalar(select(Attachment))
    stranger = client_for("stranger")
    for path in ("", "/thumbnail"):
        assert stranger.get(f"/attachments/{row.id}{path}").status_code == 404
    assert attach(stranger, code, (picture(), "a.png")).status_code == 404


@pytest.mark.parametrize("turned", [False, True])
def test_a_carrier_is_bound_by_two_scans_in_either_order_and_then_opens_the_thing(
    client, code, turned
):
    one, other = (code, "04:a2:b3:1c") if not turned else ("04:a2:b3:1c", code)
    answer = client.post("/tags", data={"one": one, "other": other})
    assert answer.location == f"/things/{code}?said=bound"
    assert client.get("/find?q=04A2B31C").location == f"/things/{code}"
    page = text(client.get(f"/things/{code}"))
    assert "04A2B31C" in page
    acting(OPERATOR)
    tag = db.session.scalar(select(Tag))
    assert english(client).post(f"/tags/{tag.id}/unbinding").status_code == 422
    assert client.post(f"/tags/{tag.id}/unbinding", data={"reason": "torn"}).status_code == 302
    assert "torn" in text(client.get(f"/things/{code}"))
    assert client.get("/find?q=04A2B31C").status_code == 200


def test_a_double_says_what_it_is_bound_to_and_a_second_one_needs_a_word(client, sqlite_world):
    first, second, _ = sqlite_world.items[f"{HOME}/01"]
    client.post("/tags", data={"one": first, "other": "04A2B31C"})
    answer = english(client).post("/tags", data={"one": second, "other": "04A2B31C"})
    assert answer.status_code == 409
    assert "24001-01 电子天平 01" in text(answer)
    answer = client.post("/tags", data={"one": first, "other": "04A2B3FF"})
    assert 'name="beside"' in text(answer)
    answer = client.post("/tags", data={"one": first, "other": "04A2B3FF", "beside": "1"})
    assert answer.status_code == 302
    assert client.post("/tags", data={"one": "x", "other": "y"}).status_code == 422


def test_a_kind_is_described_in_full_and_tells_its_history(client):
    kind = kind_named("烧杯 01")
    data = {
        "catalogue_code": "61001", "system": "JY/T 0386", "edition": "2004",
        "further_codes": "A0334, GB/T 14885, 2022", "reference_price": "3.50", "life_years": "8",
        "durability": "low_value", "equipment_class": "玻璃", "name": "大烧杯",
    }  # fmt: skip
    answer = english(client).post(f"/kinds/{kind.id}", data=data, follow_redirects=True)
    page = text(answer)
    assert answer.status_code == 200
    further, leading = "A0334, GB/T 14885, 2022", 'value="JY/T 0386"'
    for word in ('value="3.50"', further, leading, "烧杯 01 → 大烧杯"):
        assert word in page
    stale = client.post(f"/kinds/{kind.id}", data={"name": "小烧杯", "version": "0"})
    assert stale.status_code == 409
    assert 'value="小烧杯"' in text(stale)


def test_two_kinds_are_merged_after_a_look_at_what_moves(client):
    gone, kept = kind_named("烧杯 02").id, kind_named("烧杯 01").id
    page = text(english(client).get(f"/kinds/{gone}/merging?into={kept}"))
    assert "This cannot be undone" in page
    before = client.post(f"/kinds/{gone}/merging", data={"into": kept})
    assert before.status_code == 200
    assert kind_named("烧杯 02").merged_into is None
    answer = client.post(f"/kinds/{gone}/merging", data={"into": kept, "sure": "1"})
    assert answer.location == f"/kinds/{kept}?said=merged"
    assert "merged “烧杯 02" in text(client.get(answer.location))
    assert f'href="/kinds/{kept}"' in text(client.get(f"/kinds/{gone}"))


def test_a_batch_becomes_single_things_with_its_history(client, sqlite_world):
    batch = sqlite_world.batches[f"{HOME}/01"][0]
    answer = client.post(f"/things/{batch}/items", data={"quantity": "2"})
    assert answer.location == f"/things/{batch}?said=broken"
    acting(OPERATOR)
    item = db.session.scalar(select(Thing).where(Thing.broken_from == batch))
    page = text(english(client).get(f"/things/{item.code}"))
    assert "made 2 single things of it" in page
    assert "registered a batch of 24" in page
    assert client.post(f"/things/{batch}/items", data={"quantity": "99"}).status_code == 409


@pytest.fixture
def shelf(sqlite_world):
    acting(OPERATOR)
    inside = places.inside(db.session(), HOME, sqlite_world.cabinets[f"{HOME}/02"])
    return inside[0].id


def enter(name, n):
    kind = kind_named(name)
    return transact(
        lambda s: (
            ledger.enter_things(
                s, OPERATOR, Entry(kind.id, n, "unplaced"), school_id=HOME, at=NOON
            ).codes
        )
    )


def test_first_placing_goes_on_line_by_line(client, shelf):
    enter("烧杯 01", 40)
    enter("烧杯 02", 5)
    [label] = minted()
    english(client)
    assert "2 kinds" in text(client.get("/"))
    assert "烧杯 01" in text(client.get("/unplaced"))
    step = text(client.post("/placing", data={"place": shelf, "label": label}))
    assert f'value="{label}"' in step
    step = text(client.post("/placing", data={"place": shelf, "label": label, "words": "sb"}))
    assert "Which one?" in step
    step = text(client.post("/placing", data={"place": shelf, "label": label, "words": "烧杯 01"}))
    assert 'value="40"' in step
    kind = kind_named("烧杯 01").id
    data = {"place": shelf, "label": label, "kind": kind, "quantity": "15", "words": ""}
    answer = client.post("/placing", data=data)
    assert answer.status_code == 302
    page = text(client.get(answer.location))
    assert "烧杯 01" in page
    acting(OPERATOR)
    assert queries.thing(db.session(), label).quantity == 15

    undone = client.post("/placing/undoing", data={"code": label, "quantity": "15", "place": shelf})
    assert undone.status_code == 302
    acting(OPERATOR)
    assert db.session.get(Code, label).retired_at is not None


def test_a_single_thing_is_placed_by_its_own_label_and_a_blank_one_is_refused(client, shelf):
    [own, _] = enter("电子天平 01", 2)
    answer = client.post("/placing", data={"place": shelf, "label": own})
    assert answer.status_code == 302
    acting(OPERATOR)
    assert queries.thing(db.session(), own).place_id == shelf
    [label] = minted()
    kind = kind_named("电子天平 01").id
    data = {"place": shelf, "label": label, "kind": kind, "quantity": "1"}
    assert client.post("/placing", data=data).status_code == 409
    answer = client.post("/placing", data=data | {"label": ""})
    assert answer.status_code == 302
    assert text(client.get("/unplaced"))
    assert client.get("/placing?place=nowhere").status_code == 404


def test_what_is_not_said_of_another_school_stays_unsaid(client_for, sqlite_world):
    enter("烧杯 01", 40)
    stranger = client_for("stranger")
    assert "烧杯 01" not in text(stranger.get("/unplaced"))
    foreign = sqlite_world.cabinets[f"{HOME}/01"]
    assert stranger.get(f"/placing?place={foreign}").status_code == 404
    assert stranger.post("/tags", data={"one": foreign, "other": "04A2B31C"}).status_code == 422
    assert OTHER != HOME


def test_the_bureau_chooses_a_school_and_its_home_page_looks_through_none(client_for):
    enter("烧杯 01", 40)
    admin = english(client_for("admin"))
    assert "Never placed" not in text(admin.get("/"))
    assert "Choose a school" in text(admin.get("/unplaced"))
    assert "烧杯 01" in text(admin.get(f"/unplaced?school={HOME}"))
