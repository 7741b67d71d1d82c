"""By hand through pages: rooms laid out, kinds and things entered, changed, moved and retired."""

import re

import pytest
from sqlalchemy import select

from inventory.catalogue.models import Kind
from inventory.db import db
from inventory.ledger.models import Document
from inventory.places import queries as places
from inventory.places.service import open_school
from inventory.register import queries
from inventory.register.models import Thing
from inventory.scope import OPERATOR
from tests.unit.services.test_import_service import CLAMP, ledger
from tests.web.test_import_pages import upload
from tests.world import HOME, NOON, OTHER, acting

ROOM = {"short": "物仪2", "name": "物理仪器室2", "first": "1", "last": "12", "shelves": "3"}
OTHERS = ("officer", "auditor", "principal", "teacher")


@pytest.fixture
def client(client_for):
    """The technician, in English."""
    made = client_for("technician")
    made.post("/language", data={"language": "en"})
    return made


def fresh():
    return acting(OPERATOR)


def place(path):
    fresh()
    [row] = places.find_place(db.session(), path, HOME)
    return row


def kind_id(name):
    return fresh().scalar(select(Kind.id).where(Kind.school_id == HOME, Kind.name == name))


# --- rooms ---------------------------------------------------------------------------------


def test_a_room_is_laid_out_and_its_labels_come_next(client, look):
    page = look(client, "/cabinets")
    assert "/rooms/new" in page.links
    look(client, "/rooms/new")

    answer = client.post("/rooms", data=ROOM | {"titles": "力学\n热学", "keeper": "王芳"})

    assert answer.status_code == 302
    page = look(client, answer.location)
    assert any("/labels?cabinet=" in one and "what=places" in one for one in page.links)
    assert len(places.standing(fresh(), HOME)) == 7 + 1 + 12 * 4
    assert place("物仪2-01").title == "物仪2-01 力学"


def test_a_preview_shows_the_numbers_and_writes_nothing(client):
    page = client.post("/rooms", data=ROOM | {"preview": "1"}).get_data(as_text=True)
    assert "物仪2-12" in page
    assert 'value="物理仪器室2"' in page
    live = client.post("/rooms/preview", data=ROOM).get_data(as_text=True)
    assert "12 cabinets" in live
    assert "<html" not in live
    assert places.find_place(fresh(), "物仪2", HOME) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"short": "科仪1"}, 409),
        ({"short": ""}, 422),
        ({"last": "0"}, 302),
        ({"last": "x"}, 422),
        ({"first": "9", "last": "3"}, 422),
        ({"last": "999"}, 422),
        ({"odd": "1"}, 422),
    ],
)
def test_a_room_that_cannot_be_keeps_its_form(client, change, status):
    answer = client.post("/rooms", data=ROOM | change)
    assert answer.status_code == status
    if status != 302 and "odd" not in change:
        assert 'value="物理仪器室2"' in answer.get_data(as_text=True)


def test_a_place_is_renamed_moved_ordered_retired_and_used_again(client, look):
    client.post("/rooms", data=ROOM | {"last": "2"})
    room, cabinet = place("物仪2"), place("物仪2-01")
    look(client, f"/cabinets/{room.id}/arrangement")
    look(client, f"/cabinets/{cabinet.id}/arrangement")

    client.post(f"/cabinets/{cabinet.id}/description", data={"name": "力学"})
    assert (place("物仪2-01").name, place("物仪2-01").short) == ("力学", "01")
    client.post(f"/cabinets/{room.id}/inside", data={"first": "5", "last": "6", "shelves": "1"})
    assert place("物仪2-06-1").sort == "shelf"
    client.post(f"/cabinets/{cabinet.id}/inside", data={"first": "4", "last": "4"})
    assert place("物仪2-01-4").sort == "shelf"
    client.post(f"/cabinets/{cabinet.id}/order", data={"direction": "down"})
    inside = places.inside(fresh(), HOME, room.id)
    assert [one.short for one in inside] == ["02", "01", "05", "06"]
    client.post(f"/cabinets/{place('物仪2-06').id}/move", data={"to": place("科仪1").id})
    assert place("科仪1-06").name == ""
    answer = client.post(f"/cabinets/{cabinet.id}/retirement", data={})
    page = look(client, answer.location)
    assert "was retired at" in page.words
    assert "Use it again" in page.words
    assert cabinet.id not in " ".join(look(client, "/cabinets").links)
    found = client.get(f"/find?q={cabinet.id}")
    assert found.location == f"/cabinets/{cabinet.id}"
    client.post(f"/cabinets/{cabinet.id}/restoration", data={})
    assert place("物仪2-01").id == cabinet.id


def test_a_place_with_things_is_not_retired_and_says_how_many(client, sqlite_world):
    code = sqlite_world.cabinets[f"{HOME}/01"]
    answer = client.post(f"/cabinets/{code}/retirement", data={})
    assert answer.status_code == 409
    assert "There are still 5 things" in answer.get_data(as_text=True)
    taken = client.post(f"/cabinets/{code}/description", data={"short": "02", "name": "新名"})
    assert taken.status_code == 409
    assert 'value="新名"' in taken.get_data(as_text=True)


def test_a_school_without_a_room_is_led_to_one(client_for, look):
    client = client_for("admin")
    client.post("/language", data={"language": "en"})
    fresh()
    open_school(db.session(), OPERATOR, number="1234567890", name="新学校", at=NOON)
    db.session.commit()
    page = look(client, "/cabinets?school=1234567890")
    assert {"/rooms/new?school=1234567890", "/imports/template.xlsx?school=1234567890"} <= set(
        page.links
    )
    answer = client.post("/rooms", data=ROOM | {"last": "1", "school": "1234567890"})
    assert answer.status_code == 302
    assert client.post("/rooms", data=ROOM).status_code == 404


# --- kinds ---------------------------------------------------------------------------------

KIND = {"name": "量筒", "specification": "100mL", "unit": "个", "subject_taught": "科学",
        "equipment_class": "玻璃仪器", "catalogue_code": "61009", "required": "24",
        "managed_as": "batch"}  # fmt: skip


def test_kinds_are_listed_found_entered_changed_and_retired(client, look):
    assert "烧杯 01" in look(client, "/kinds").words
    assert "试管 01" not in look(client, "/kinds?q=sb").words
    look(client, "/kinds/new")
    page = look(client, client.post("/kinds", data=KIND).location)
    assert "Entered." in page.words

    made = kind_id("量筒")
    client.post(f"/kinds/{made}", data={"required": ""})
    row = fresh().get(Kind, (HOME, made))
    assert (row.required, row.unit, row.catalogue_code) == (None, "个", "61009")
    again = client.post("/kinds", data=KIND)
    assert again.status_code == 409
    assert f"/kinds/{made}" in again.get_data(as_text=True)
    client.post(f"/kinds/{made}/retirement", data={})
    assert "量筒" in look(client, "/kinds?retired=1").words
    assert "量筒" not in look(client, "/kinds").words
    assert "This kind was retired" in look(client, f"/kinds/{made}").words
    client.post(f"/kinds/{made}/restoration", data={})
    assert "量筒" in look(client, "/kinds").words


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"required": "x"}, {"managed_as": "chemical"}, {"unit": "x" * 21}]
)
def test_a_kind_that_cannot_be_keeps_its_form(client, change):
    answer = client.post("/kinds", data=KIND | change)
    assert answer.status_code == 422
    assert 'value="61009"' in answer.get_data(as_text=True)


def test_a_kind_in_use_is_neither_retired_nor_managed_otherwise(client):
    beaker = kind_id("烧杯 01")
    assert client.post(f"/kinds/{beaker}/retirement", data={}).status_code == 409
    assert client.post(f"/kinds/{beaker}", data={"managed_as": "item"}).status_code == 409
    assert client.post(f"/kinds/{beaker}", data={"managed_as": "batch"}).status_code == 302


# --- things --------------------------------------------------------------------------------


def test_a_thing_is_entered_from_its_kind_found_by_initials(client, look):
    page = look(client, "/things/new?q=dztp")
    choices = [one for one in page.links if "/things/new?kind=" in one]
    assert choices
    assert "kind=" in client.get("/kinds/choices?q=dztp&place=科仪1-01").get_data(as_text=True)
    page = look(client, choices[0])
    once = next(one["value"] for one in re_inputs(client, choices[0]) if one["name"] == "once")

    form = {
        "kind": kind_id("电子天平 01"), "quantity": "3", "place": "科仪1-02-1", "keeper": "李四",
        "unit_price": "1,510.5", "purchased": "2026-11-20", "note": "捐赠", "once": once,
    }  # fmt: skip
    answer = client.post("/things", data=form)
    assert answer.status_code == 302
    page = look(client, answer.location)
    assert "电子天平 01" in page.words
    things = [one for one in queries.search(fresh(), "24001", school_id=HOME, size=99)[0]
              if one.note == "捐赠"]  # fmt: skip
    assert [(one.keeper, one.unit_price_cents, one.place) for one in things] == [
        ("李四", 151_050, "科仪1-02-1")
    ] * 3
    twice = client.post("/things", data=form)
    assert twice.status_code == 409


def re_inputs(client, address):
    text = client.get(address).get_data(as_text=True)
    return [
        dict(re.findall(r'(name|value)="([^"]*)"', one)) for one in re.findall("<input[^>]*>", text)
    ]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"quantity": "0"}, 422),
        ({"place": "没有"}, 404),
        ({"unit_price": "teuer"}, 422),
        ({"purchased": "gestern"}, 422),
        ({"codes": "20000000194"}, 409),
        ({"codes": "99999999942"}, 404),
        ({"once": "x"}, 422),
    ],
)
def test_a_thing_that_cannot_be_keeps_its_form(client, change, status):
    form = {"kind": kind_id("电子天平 01"), "quantity": "1", "place": "科仪1-02-1", "note": "捐赠"}
    answer = client.post("/things", data=form | change)
    assert answer.status_code == status
    assert 'value="捐赠"' in answer.get_data(as_text=True)


def test_more_of_a_batch_joins_and_many_are_listed(client, sqlite_world, look):
    form = {"kind": kind_id("烧杯 01"), "quantity": "6", "place": "科仪1-01-1"}
    page = look(client, client.post("/things", data=form).location)
    assert "joined the batch" in page.words
    form = {"kind": kind_id("电子天平 01"), "quantity": "45", "place": ""}
    page = look(client, client.post("/things", data=form).location)
    assert "48 things" in page.words
    assert (
        fresh().scalars(select(Document.type).where(Document.type == "receipt")).all()
        == ["receipt"] * 2
    )


def test_a_thing_is_described_moved_back_and_corrected(client, sqlite_world, look):
    batch = sqlite_world.batches[f"{HOME}/01"][0]
    look(client, f"/things/{batch}/change")
    client.post(f"/things/{batch}/description", data={"note": "缺口", "unit_price": "5"})
    client.post(f"/things/{batch}/description", data={"voucher": "记-1"})
    row = queries.thing(fresh(), batch)
    assert (row.note, row.unit_price_cents, row.voucher) == ("缺口", 500, "记-1")

    moved = client.post(f"/things/{batch}/move", data={"to": "科仪1-02-1", "quantity": "4"})
    page = look(client, moved.location)
    assert "Undo: back to 科仪1-01-1" in page.words
    part = moved.location.split("/")[-1].split("?")[0]
    client.post(f"/things/{part}/move", data={"to": "科仪1-01-1", "quantity": "4"})
    assert queries.thing(fresh(), batch).quantity == 24
    assert "retired" in look(client, f"/things/{part}").words

    client.post(f"/things/{batch}/quantity", data={"quantity": "20", "reason": "数错"})
    assert queries.thing(fresh(), batch).quantity == 20
    assert client.post(f"/things/{batch}/quantity", data={"quantity": "9"}).status_code == 422
    bad = client.post(f"/things/{batch}/move", data={"to": "没有"})
    assert (bad.status_code, 'value="没有"' in bad.get_data(as_text=True)) == (404, True)


def test_a_thing_entered_by_mistake_is_retired_and_restored(client, sqlite_world, look):
    item = sqlite_world.items[f"{HOME}/01"][0]
    refused = client.post(f"/things/{item}/retirement", data={"reason": ""})
    assert refused.status_code == 422
    page = look(client, client.post(f"/things/{item}/retirement", data={"reason": "重复"}).location)
    assert "Its code is never used again" in page.words
    assert "Reason: 重复" in page.words
    assert item in " ".join(look(client, "/things?retired=1").links)
    assert client.get(f"/find?q={item}").location == f"/things/{item}"
    assert client.get(f"/things/{item}/change").status_code == 200
    assert client.post("/labels", data={"what": "things", "codes": item}).status_code == 409
    page = look(client, client.post(f"/things/{item}/restoration", data={}).location)
    assert "In use again" in page.words
    assert "agree" in look(client, "/agreement").words


# --- imports -------------------------------------------------------------------------------


def test_an_import_is_undone_on_its_page(client, tmp_path, look):
    row = [*CLAMP[:6], "科仪1-02-1", "王芳"]
    address = upload(client, ledger(tmp_path, row).read_bytes()).location
    assert "Throw it away" in look(client, address).words
    for _ in range(4):
        client.post(f"{address}/application", data={})
    assert "Undo the import" in look(client, address).words
    assert "1 row is taken back" in look(client, f"{address}?undo=1").words
    for _ in range(4):
        client.post(f"{address}/undoing", data={})
    page = look(client, address)
    assert "This import was undone" in page.words
    assert queries.search(fresh(), "试管夹")[1] == 0
    assert "Undone" in look(client, "/imports").words


def test_what_is_in_the_way_is_listed_with_what_can_be_done(client, tmp_path, look):
    row = [*CLAMP[:6], "科仪1-02-1", "王芳"]
    address = upload(client, ledger(tmp_path, row).read_bytes()).location
    for _ in range(4):
        client.post(f"{address}/application", data={})
    [thing] = queries.search(fresh(), "试管夹")[0]
    client.post(f"/things/{thing.code}/move", data={"to": "科仪1-01-1"})
    page = look(client, client.post(f"{address}/undoing", data={}).location)
    assert "1 thing is in the way" in page.words
    assert "Move it back" in page.words


def test_places_are_created_only_when_chosen_and_a_file_is_thrown_away(client, tmp_path, look):
    row = [*CLAMP[:6], "旧库-01-1", ""]
    address = upload(client, ledger(tmp_path, row).read_bytes()).location
    assert "旧库-01-1" in look(client, address).words
    client.post(f"{address}/places", data={"set_up": "1"})
    assert "will be set up" in look(client, address).words
    client.post(f"{address}/places", data={})
    assert client.post(f"{address}/discarding", data={}).location == "/imports"
    assert client.get(address).status_code == 404


# --- who may, and whose it is --------------------------------------------------------------


def forms(world, school):
    """Every form of this part that names something of a school."""
    cabinet, item = world.cabinets[f"{school}/01"], world.items[f"{school}/01"][0]
    session = fresh()
    kind = session.scalar(select(Thing.kind_id).where(Thing.code == item))
    return [
        ("get", f"/cabinets/{cabinet}/arrangement", {}),
        ("post", f"/cabinets/{cabinet}/description", {"name": "x"}),
        ("post", f"/cabinets/{cabinet}/inside", {"first": "8", "last": "8"}),
        ("post", f"/cabinets/{cabinet}/order", {"direction": "up"}),
        ("post", f"/cabinets/{cabinet}/move", {"to": cabinet}),
        ("post", f"/cabinets/{cabinet}/retirement", {}),
        ("post", f"/cabinets/{cabinet}/restoration", {}),
        ("post", f"/kinds/{kind}", {"name": "x"}),
        ("post", f"/kinds/{kind}/retirement", {}),
        ("post", f"/kinds/{kind}/restoration", {}),
        ("post", "/things", {"kind": kind, "quantity": "1"}),
        ("get", f"/things/{item}/change", {}),
        ("post", f"/things/{item}/description", {"note": "x"}),
        ("post", f"/things/{item}/move", {"to": "科仪1-02-1"}),
        ("post", f"/things/{item}/retirement", {"reason": "x"}),
        ("post", f"/things/{item}/restoration", {}),
        ("post", f"/things/{item}/quantity", {"quantity": "1", "reason": "x"}),
    ]


def ask(client, method, address, form):
    return client.get(address) if method == "get" else client.post(address, data=form)


def test_nothing_of_another_school_is_there(client, sqlite_world):
    for method, address, form in forms(sqlite_world, OTHER):
        assert ask(client, method, address, form).status_code == 404, address
    kind = fresh().scalar(select(Kind.id).where(Kind.school_id == OTHER).limit(1))
    assert client.get(f"/kinds/{kind}").status_code == 404
    assert client.get(f"/things/new?kind={kind}").status_code == 404
    assert client.post("/rooms", data=ROOM | {"school": OTHER}).status_code in {302, 404}
    assert places.find_place(fresh(), "物仪2", OTHER) == []


@pytest.mark.parametrize("login", OTHERS)
def test_others_look_and_change_nothing(client_for, sqlite_world, look, login):
    client = client_for(login)
    look(client, "/kinds")
    for method, address, form in forms(sqlite_world, HOME):
        assert ask(client, method, address, form).status_code == 403, address
    for path in ("/rooms/new", "/kinds/new", "/things/new"):
        look(client, path, 403)
    assert client.post("/rooms", data=ROOM).status_code == 403
    assert client.post("/kinds", data=KIND).status_code == 403


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_new_pages_are_in_both_languages(client_for, sqlite_world, look, language):
    client = client_for("manager")
    client.post("/language", data={"language": language})
    for path in ("/kinds", "/kinds/new", "/things/new", "/rooms/new"):
        page = look(client, path)
        assert page.lang == language
        assert bool(re.search("[\u4e00-\u9fff]", page.title)) == (language == "zh-CN"), path
