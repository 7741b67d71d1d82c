"""The card on the door: stale since which change, checked, locked, read without an account."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import update

from inventory.app import PROJECTORS, create_app
from inventory.catalogue.models import Kind
from inventory.catalogue.service import change_kind
from inventory.db import db, transact
from inventory.ledger.merging_service import merge_kinds
from inventory.places import queries as places
from inventory.register import queries
from inventory.register.cards_queries import MOVING
from inventory.register.queries import uses_of_kinds
from inventory.register.rules import card_mark, card_version_in
from inventory.scanning.rules import Code, meanings
from inventory.scope import OPERATOR
from labels.raster import gray_pages
from tests.unit.services.test_by_hand import kind_named
from tests.web.test_document_pages import agrees
from tests.world import HOME, NOON, OTHER, acting


@pytest.fixture
def client(client_for):
    made = client_for("technician")
    made.post("/language", data={"language": "en"})
    return made


@pytest.fixture
def cabinet(sqlite_world):
    return sqlite_world.cabinets[f"{HOME}/01"]


def printed(client, cabinet):
    """The card as it is handed over, and what its small mark holds."""
    import zxingcpp

    pdf = client.post(f"/cabinets/{cabinet}/card").data
    page = next(gray_pages(pdf, 300))
    small = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.DataMatrix)
    large = zxingcpp.read_barcodes(page, formats=zxingcpp.BarcodeFormat.QRCode)
    assert [one.text for one in large] == [cabinet], "the large symbol is the code alone"
    return [one.text for one in small]


def test_an_old_card_says_that_it_is_old_and_since_when(client, look, cabinet, sqlite_world):
    """Scenario 4, from the door's side: the paper itself knows its version."""
    [first] = printed(client, cabinet)
    assert first == card_mark(cabinet, 1)
    found = client.get(f"/find?q={first}")
    assert look(client, found.location).text_has("The card that you scanned is right.")

    item = sqlite_world.items[f"{HOME}/01"][0]
    client.post(f"/things/{item}/move", data={"to": "科仪1-02-1"})
    page = look(client, client.get(f"/find?q={first}").location)
    assert page.text_has("out of date; the contents are version 2 now")
    assert page.text_has("technician老师 moved 1 from 科仪1-01-1 to 科仪1-02-1")

    [second] = printed(client, cabinet)
    assert second == card_mark(cabinet, 2)
    assert look(client, client.get(f"/find?q={first}").location).text_has("is version 1 and out of")
    again = look(client, client.get(f"/find?q={second}").location)
    assert again.text_has("The card that you scanned is right.")
    agrees()


def test_a_loan_makes_no_card_stale(client, cabinet, sqlite_world):
    printed(client, cabinet)
    item = sqlite_world.items[f"{HOME}/01"][0]
    client.post("/loans", data={"person": "王芳", "codes": item})
    acting(OPERATOR)
    place = places.place_by_code(db.session(), cabinet)
    assert not queries.card(db.session(), place).is_stale


def test_all_stale_cards_are_printed_in_one_file(client, look, cabinet, sqlite_world):
    other = sqlite_world.cabinets[f"{HOME}/02"]
    for one in (cabinet, other):
        printed(client, one)
    assert "/cards" not in look(client, "/cabinets").actions
    item = sqlite_world.items[f"{HOME}/01"][0]
    client.post(f"/things/{item}/move", data={"to": "科仪1-02-1"})
    assert "/cards" in look(client, "/cabinets").actions

    pdf = client.post("/cards", data={"school": HOME})
    assert pdf.mimetype == "application/pdf"
    assert len(list(gray_pages(pdf.data, 72))) == 2
    assert client.post("/cards", data={"school": HOME}).status_code == 422


def seen(client, cabinet):
    """What the forms of a cabinet's page carry: the hash of what is shown."""
    [one] = set(re.findall(r'name="contents" value="([0-9a-f]{64})"',
                           client.get(f"/cabinets/{cabinet}").text))  # fmt: skip
    return {"contents": one}


def test_a_check_carries_a_name_and_a_version(client, look, cabinet, sqlite_world):
    """Of what was on the page that somebody held beside the cabinet, not of what came after."""
    shown, address = seen(client, cabinet), f"/cabinets/{cabinet}/check"
    client.post(address, data={**shown, "is_right": "1"})
    assert client.post(address, data=shown).status_code == 422
    assert client.post(address, data={"is_right": "1"}).status_code == 422
    client.post(address, data={**shown, "note": "少一只烧杯"})
    page = look(client, f"/cabinets/{cabinet}")
    assert page.text_has("少一只烧杯")
    assert page.text_has("technician老师 · Version 1")
    agrees()

    item = sqlite_world.items[f"{HOME}/01"][0]
    client.post(f"/things/{item}/move", data={"to": "科仪1-02-1"})
    late = client.post(address, data={**shown, "is_right": "1"})
    assert late.status_code == 409
    assert "while you looked" in late.text
    assert client.post(address, data={**seen(client, cabinet), "is_right": "1"}).status_code == 302


def test_what_makes_a_card_stale_are_things_that_can_happen():
    assert set(MOVING) <= {one.kind for part in PROJECTORS for one in part.changes}


def test_a_card_is_old_since_a_kind_was_renamed_or_merged(client, look, cabinet):
    """What a card does not say makes it no older."""
    printed(client, cabinet)
    beakers, tubes = kind_named("烧杯 01").id, kind_named("试管 01").id

    def changed(**values):
        told = {"school_id": HOME, "kind_id": beakers, "uses": uses_of_kinds, "at": NOON}
        transact(lambda s: change_kind(s, OPERATOR, values=values, **told).id)

    acting(OPERATOR)
    changed(required=7)
    assert not look(client, f"/cabinets/{cabinet}").text_has("Out of date since")
    changed(name="高型烧杯")
    page = look(client, f"/cabinets/{cabinet}")
    assert page.text_has("Out of date since")
    assert page.text_has("烧杯 01 → 高型烧杯")

    printed(client, cabinet)
    acting(OPERATOR)
    transact(lambda s: merge_kinds(
        s, OPERATOR, school_id=HOME, kind_id=beakers, into=tubes, at=NOON).id)  # fmt: skip
    page = look(client, f"/cabinets/{cabinet}")
    assert page.text_has("Out of date since")
    assert page.text_has("merged “高型烧杯")
    assert f"/kinds/{tubes}" in page.text or f"/kinds/{tubes}" in str(page.links)


def test_nothing_goes_in_or_out_of_what_is_locked(client, look, cabinet, sqlite_world):
    item = sqlite_world.items[f"{HOME}/01"][0]
    client.post(f"/cabinets/{cabinet}/lock", data={"reason": "盘点中"})
    assert client.post(f"/cabinets/{cabinet}/lock", data={"reason": "x"}).status_code == 409
    for address, data in (
        (f"/things/{item}/move", {"to": "科仪1-02-1"}),
        ("/loans", {"person": "王芳", "codes": item}),
        ("/documents", {"type": "scrap", "codes": item, "reason": "坏", "submit": "1"}),
    ):
        answer = client.post(address, data=data)
        assert answer.status_code == 409, address
        assert "盘点中" in answer.text
    look(client, f"/cabinets/{cabinet}")
    client.post(f"/cabinets/{cabinet}/opening")
    assert client.post(f"/things/{item}/move", data={"to": "科仪1-02-1"}).status_code == 302
    agrees()


def test_without_an_account_a_card_shows_what_is_permitted(deployed_on_sqlite):
    config, world = deployed_on_sqlite
    code, item = world.cabinets[f"{OTHER}/01"], world.items[f"{OTHER}/01"][0]
    closed = create_app(config).test_client()
    assert closed.get(f"/cards/{code}").status_code == 404
    assert "/sign-in" in closed.get(f"/{code}").location

    app = create_app(replace(config, public_cards=True))
    client = app.test_client()
    answer = client.get(client.get(f"/{code}").location)
    assert answer.status_code == 200
    assert "烧杯 01" in answer.text
    for hidden in ("童喆", "510", "¥", "老师"):
        assert hidden not in answer.text
    with app.app_context():  # and what the school calls chemicals, whatever it calls them
        for equipment_class in ("药品试剂", "化学试剂", "危险化学品"):
            kinds = update(Kind).where(Kind.name == "烧杯 01", Kind.school_id == OTHER)
            acting(OPERATOR).execute(kinds.values(equipment_class=equipment_class))
            db.session.commit()
            assert "烧杯 01" not in client.get(f"/cards/{code}").text
    assert "/sign-in" in client.get(f"/{item}").location, "a thing needs an account"
    assert client.get(f"/cards/{item}").status_code == 404
    links = re.findall(r'href="(/[^"]*)"', answer.text)
    assert not [one for one in links if re.match(r"/(things|cabinets)/", one)]


@pytest.mark.parametrize("text", ["20000000194/3", "20000000194、3", "２０００００００１９４/３"])
def test_a_mark_is_understood_as_it_is_typed(text):
    assert card_version_in(text) == ("20000000194", 3)
    assert meanings(text)[0] == Code("20000000194")


@pytest.mark.parametrize("text", ["20000000195/3", "20000000194", "20000000194/", "x"])
def test_what_is_no_mark(text):
    assert card_version_in(text) is None
