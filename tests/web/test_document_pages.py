"""Documents through pages: received, scrapped, transferred, lent; in both languages."""

import re

import pytest
from sqlalchemy import select

from inventory.app import DEEDS
from inventory.commands.verifying import examine
from inventory.custody.models import Loan
from inventory.db import db, transact
from inventory.ledger import documents_service as documents
from inventory.ledger.documents_service import SLICE, Draft, Line, Rules
from inventory.ledger.models import Document
from inventory.ledger.rules import DocumentType
from inventory.register import queries
from inventory.register.models import Thing
from inventory.scope import OPERATOR
from tests.unit.services.test_by_hand import kind_named
from tests.world import HOME, NOON, OTHER, acting

WORDS = {
    "en": {
        "used": "was entered before", "lent": "is lent to", "own": "somebody else has to approve",
        "dead": "Scrapped", "many": "24 things", "wrong": "There is no such thing",
    },
    "zh-CN": {
        "used": "已经登记过", "lent": "借给了", "own": "须由别人审批", "dead": "报废",
        "many": "24", "wrong": "没有",
    },
}  # fmt: skip


@pytest.fixture(params=["zh-CN", "en"])
def speaks(request):
    return request.param


@pytest.fixture
def client_of(client_for, speaks):
    """Somebody's client in the language of the test."""

    def made(login):
        client = client_for(login)
        client.post("/language", data={"language": speaks})
        return client

    return made


@pytest.fixture
def say(speaks):
    return WORDS[speaks].__getitem__


def agrees():
    acting(OPERATOR)
    for school in (HOME, OTHER, None):  # the last: all of them at once
        report = examine(True, (), school)
        assert report["agrees"], report
    acting(OPERATOR)


def latest(type, school=HOME):
    acting(OPERATOR)
    query = select(Document).where(Document.type == type, Document.school_id == school)
    return db.session.scalar(query.order_by(Document.id.desc()).limit(1))


def sent(client, address, status=302, **data):
    answer = client.post(address, data=data)
    assert answer.status_code == status, re.sub(r"<[^>]+>|\s+", " ", answer.text)[:2000]
    return answer


def test_an_invoice_becomes_things_and_labels(client_of, look, say, sqlite_world):
    """Scenario 10."""
    client = client_of("manager")
    look(client, "/receipts/new")
    data = {
        "voucher": "FP-77", "purchased": "2026-11-01", "supplier": "某某教学仪器厂", "rows": "1",
        "kind_1": "电子天平 01", "quantity_1": "24", "unit_price_1": "350.00",
        "place_1": "科仪1-01-1", "serials_1": "A1\nA2", "once": "a" * 32,
    }  # fmt: skip
    answer = sent(client, "/receipts", **data)
    page = look(client, answer.location)
    document = latest("receipt")
    assert document.number == "RK-2026-0001"
    assert f"/labels?document={document.id}" in page.links
    labels = client.get(f"/labels?document={document.id}").text
    assert labels.count("20000") >= 24
    acting(OPERATOR)
    kind = kind_named("电子天平 01").id
    rows, total = queries.search(db.session(), kind_id=kind, school_id=HOME)
    assert total == 27
    assert {row.unit_price_cents for row in rows if row.document_id} == {35_000}

    refused = sent(client, "/receipts", 409, **data | {"once": "b" * 32})
    assert say("used") in refused.text
    assert 'value="FP-77"' in refused.text, "the form keeps its fields"
    agrees()


def test_another_kind_is_asked_for_without_losing_what_was_typed(client_of, look):
    client = client_of("manager")
    answer = client.post(
        "/receipts", data={"voucher": "FP-1", "rows": "1", "more": "1", "kind_1": "天平"}
    )
    assert 'name="kind_2"' in answer.text
    assert 'value="FP-1"' in answer.text


def test_a_kind_that_is_not_clear_is_not_guessed(client_of, sqlite_world):
    client = client_of("manager")
    kinds = {"voucher": "FP-1", "rows": "1", "kind_1": "电子天平", "quantity_1": "1"}
    assert sent(client, "/receipts", 409, **kinds).status_code == 409
    nothing = sent(client, "/receipts", 404, **kinds | {"kind_1": "离心机"})
    assert "离心机" in nothing.text


def test_scrapping_goes_through_its_chain(client_of, look, say, sqlite_world):
    """Scenario 11, with a dear thing: principal, then bureau; until then it is countable."""
    code = sqlite_world.items[f"{HOME}/01"][0]
    manager, principal, officer = (client_of(one) for one in ("manager", "principal", "officer"))
    look(manager, f"/documents/new?type=scrap&codes={code}")
    sent(manager, "/documents", 422, type="scrap", codes=code, submit="1")
    answer = sent(manager, "/documents", type="scrap", codes=code, reason="主板坏", submit="1")
    document = latest("scrap").id
    page = look(manager, answer.location)
    assert f"/documents/{document}/decision" not in page.actions
    look(manager, f"/things/{code}")

    assert look(principal, "/documents?waiting=1").text_has("BF-2026-0001")
    assert f"/documents/{document}/decision" in look(principal, f"/documents/{document}").actions
    sent(principal, f"/documents/{document}/decision", decision="approve")
    assert not look(principal, "/documents?waiting=1").text_has("BF-2026-0001")
    acting(OPERATOR)
    assert queries.thing(db.session(), code).status == "to_scrap"

    sent(officer, f"/documents/{document}/decision", 422, decision="return")
    sent(officer, f"/documents/{document}/decision", decision="approve")
    gone = look(manager, f"/things/{code}")
    assert gone.text_has(say("dead"))
    assert gone.text_has("BF-2026-0001")
    found = manager.get(f"/find?q={code}")
    assert found.location.endswith(f"/things/{code}")
    pdf = manager.get(f"/documents/{document}/form.pdf")
    assert pdf.data.startswith(b"%PDF")
    agrees()


def test_nobody_approves_their_own(client_of, say, sqlite_world):
    manager = client_of("manager")
    code = sqlite_world.items[f"{HOME}/01"][0]
    sent(manager, "/documents", type="scrap", codes=code, reason="坏", submit="1")
    refused = sent(manager, f"/documents/{latest('scrap').id}/decision", 403, decision="approve")
    assert say("own") in refused.text


def test_a_transfer_is_confirmed_by_the_other_school(client_of, look, sqlite_world):
    """Scenario 12."""
    codes = sqlite_world.items[f"{HOME}/01"]
    manager, principal, stranger = (
        client_of(one) for one in ("manager", "principal", "stranger")
    )  # fmt: skip
    listed = "\n".join(codes)
    sent(manager, "/documents", type="transfer", codes=listed, other_school=OTHER, submit="1")
    document = latest("transfer").id
    sent(principal, f"/documents/{document}/decision", decision="approve")
    look(manager, f"/documents/{document}")
    arrival = latest("arrival", OTHER).id
    assert manager.get(f"/documents/{arrival}").status_code == 404
    assert look(stranger, "/documents?waiting=1").text_has("DR-2026-0001")
    look(stranger, f"/documents/{arrival}")
    sent(stranger, f"/documents/{arrival}/confirmation", to="科仪1-02")
    look(stranger, f"/things/{codes[0]}")
    acting(OPERATOR)
    query = select(Thing.school_id).where(Thing.code == codes[0], Thing.retired_at.is_(None))
    assert db.session.scalars(query).all() == [OTHER]
    agrees()


def test_a_loan_names_its_borrower_and_comes_back(client_of, look, say, sqlite_world):
    client = client_of("technician")
    item, beakers = sqlite_world.items[f"{HOME}/01"][0], sqlite_world.batches[f"{HOME}/01"][0]
    look(client, f"/loans/new?codes={item}")
    answer = sent(
        client, "/loans", person="teacher老师", codes=f"24001-01\n{beakers} x 5",
        due="2026-12-01", reason="分组实验",
    )  # fmt: skip
    look(client, answer.location)
    page = look(client, f"/things/{item}")
    assert page.text_has("teacher老师")
    refused = sent(client, "/loans", 409, person="王芳", codes=item)
    assert say("lent") in refused.text
    assert "teacher老师" in refused.text
    look(client, "/loans")
    sent(client, "/returns", codes=f"{item}\n{beakers} × 2")
    acting(OPERATOR)
    assert sorted(loan.left for loan in db.session.scalars(select(Loan))) == [0, 3]

    sent(client, "/loans", person="王芳", codes=f"{beakers} x 4")
    refused = sent(client, "/returns", 409, codes=f"{beakers} x 2")
    assert "teacher老师 3" in refused.text
    assert "王芳 4" in refused.text
    assert f"{beakers} x 2" in refused.text, "the form keeps what was typed"
    sent(client, "/returns", 404, codes=beakers, person="没有这个人")
    sent(client, "/returns", codes=f"{beakers} x 2", person="王芳")
    look(client, f"/things/{beakers}")
    page = client.get(f"/things/{beakers}")
    assert page.text.count('name="loan"') == 2, "each loan comes back by itself"
    acting(OPERATOR)
    hers = db.session.scalar(select(Loan.id).where(Loan.quantity == 4))
    sent(client, "/returns", codes=f"{beakers} x 2", loan=hers)
    acting(OPERATOR)
    assert sorted(loan.left for loan in db.session.scalars(select(Loan))) == [0, 0, 3]
    agrees()


def test_a_draft_shows_what_another_saved_meanwhile(client_of, look, sqlite_world):
    first, second = client_of("manager"), client_of("technician")
    one, two, three = sqlite_world.items[f"{HOME}/01"]
    sent(first, "/documents", type="scrap", codes=one, reason="一", submit="0")
    document = latest("scrap")
    code, revision = document.id, str(document.revision)
    look(first, f"/documents/{code}/change")
    change = {"revision": revision, "submit": "0"}
    sent(second, f"/documents/{code}/revision", codes=two, reason="二", **change)
    refused = sent(first, f"/documents/{code}/revision", 409, codes=three, reason="三", **change)
    assert "二" in refused.text, "what the other saved"
    assert "三" in refused.text, "what I typed"


def test_a_wrong_line_keeps_the_form(client_of, say):
    client = client_of("manager")
    refused = sent(
        client, "/documents", 404, type="scrap", codes="24001-99", reason="坏了很久", submit="1"
    )
    assert "坏了很久" in refused.text
    assert "24001-99" in refused.text


def test_a_cabinet_is_relocated_and_its_card_is_stale(client_of, look, sqlite_world):
    """A cabinet moves with its contents in one document and keeps its code."""
    client = client_of("manager")
    cabinet = sqlite_world.cabinets[f"{HOME}/01"]
    client.post("/rooms", data={"short": "科仪9", "name": "新室", "last": "0"})
    client.post(f"/cabinets/{cabinet}/card")
    sent(client, "/documents", type="relocation", codes=cabinet, to="科仪9", submit="1")
    page = look(client, f"/cabinets/{cabinet}")
    assert page.text_has("科仪9-01")
    agrees()


def test_a_deputy_is_named_and_ended(client_of, look, sqlite_world):
    client = client_of("principal")
    look(client, "/deputies")
    technician = sqlite_world.people["technician"].id
    sent(client, "/deputies", 422, deputy=technician, first="2026-13-01", last="2026-12-02")
    sent(client, "/deputies", deputy=technician, first="2026-01-01", last="2099-12-02")
    page = look(client, "/deputies")
    assert page.text_has("technician老师")
    [end] = [one for one in page.actions if one.endswith("/end")]
    sent(client, end)
    assert not [one for one in look(client, "/deputies").actions if one.endswith("/end")]


def photograph():
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (640, 480), "white").save(file, "JPEG")
    return BytesIO(file.getvalue()), "签字.jpg"


def test_an_approval_on_paper_says_who_signed_and_who_entered_it(client_of, look, sqlite_world):
    manager = client_of("manager")
    code = sqlite_world.items[f"{HOME}/01"][0]
    sent(manager, "/documents", type="transfer", codes=code, other_school=OTHER, submit="1")
    document = latest("transfer").id
    page = look(manager, f"/documents/{document}")
    assert f"/documents/{document}/paper" in page.actions
    signer = sqlite_world.people["principal"].id
    data = {"decision": "approve", "signed_by": signer}
    sent(manager, f"/documents/{document}/paper", 422, **data)
    wrong = data | {"signed_by": sqlite_world.people["teacher"].id, "file": photograph()}
    sent(manager, f"/documents/{document}/paper", 409, **wrong)
    sent(manager, f"/documents/{document}/paper", **data, file=photograph())

    page = look(manager, f"/documents/{document}")
    assert page.text_has("principal老师")
    assert page.text_has("manager老师")
    [photo] = {one for one in page.links if re.fullmatch(r"/attachments/\w+", one)}
    assert manager.get(photo).mimetype == "image/jpeg"
    agrees()


def test_serial_numbers_are_taken_in_order(client_of, sqlite_world):
    client = client_of("manager")
    data = {
        "voucher": "FP-9", "rows": "1", "kind_1": "电子天平 01", "quantity_1": "3",
        "serials_1": "SN-1\nSN-2", "once": "c" * 32, "supplier": "某厂",
    }  # fmt: skip
    sent(client, "/receipts", **data)
    acting(OPERATOR)
    made = db.session.execute(
        select(Thing.serial_no, Thing.supplier, Thing.source)
        .where(Thing.document_id == latest("receipt").id)
        .order_by(Thing.code)
    ).all()
    assert [tuple(one) for one in made] == [
        ("SN-1", "某厂", "purchase"), ("SN-2", "某厂", "purchase"), (None, "某厂", "purchase"),
    ]  # fmt: skip
    again = data | {"voucher": "FP-10", "once": "d" * 32}
    assert "SN-1" in sent(client, "/receipts", 409, **again).text


def begun(world, quantity, submit=False):
    """A receipt as a program writes it: a draft, or handed in and interrupted after a slice."""
    kind_id = kind_named("电子天平 01").id
    manager = world.people["manager"]
    acting(manager)
    line = Line(kind_id=kind_id, quantity=quantity, unit_price_cents=35_050,
                details={"serials": ["SN-1"]})  # fmt: skip
    wanted = Draft(
        DocumentType.RECEIPT, (line,), voucher="FP-12", details={"purchased": "2026-09-01"}
    )
    common = {"school_id": HOME, "rules": Rules(DEEDS, {}), "at": NOON}

    def write(session):
        code = documents.draft(session, manager, wanted, today=NOON.date(), **common).id
        if submit:
            documents.submit(session, manager, document_id=code, **common)
        return code

    return transact(write)


RECEIPT = {"voucher", "purchased", "supplier", "kind_1", "quantity_1", "unit_price_1", "place_1"}


def test_a_receipt_that_came_back_is_corrected(client_of, look, sqlite_world):
    code = begun(sqlite_world, 2)
    client = client_of("manager")
    assert f"/receipts/{code}/change" in look(client, f"/documents/{code}").links
    page = look(client, f"/receipts/{code}/change")
    values = {one["name"]: one.get("value", "") for one in page.inputs if "name" in one}
    values = {name: value for name, value in values.items() if name in RECEIPT}
    values |= {"rows": "1", "serials_1": "SN-1", "revision": "0"}
    assert (values["voucher"], values["unit_price_1"]) == ("FP-12", "350.50")
    assert "SN-1" in page.words
    assert values["purchased"] == "2026-09-01"

    kept = sent(client, f"/receipts/{code}/revision", 409, **values | {"revision": "9"})
    assert 'value="FP-12"' in kept.text
    sent(client, f"/receipts/{code}/revision", **values | {"quantity_1": "3"})
    assert (latest("receipt").id, latest("receipt").state) == (code, "executed")
    query = select(Thing.serial_no).where(Thing.document_id == code).order_by(Thing.code)
    assert list(db.session.scalars(query)) == ["SN-1", None, None]
    sent(client, f"/receipts/{code}/revision", 409, **values | {"revision": ""})
    agrees()


def test_a_document_that_cannot_go_on_is_ended_with_a_reason(client_of, look, sqlite_world):
    code = begun(sqlite_world, SLICE + 3, submit=True)
    client = client_of("manager")
    assert look(client, f"/documents/{code}").text_has(str(SLICE + 3))
    sent(client, f"/documents/{code}/end", 422)
    sent(client, f"/documents/{code}/end", reason="货架没装好")

    page = look(client, f"/documents/{code}")
    assert latest("receipt").state == "executed"
    assert page.text_has("货架没装好")
    agrees()


def test_a_scan_of_what_was_scrapped_says_so_with_the_document(client_of, api, sqlite_world):
    code = sqlite_world.items[f"{HOME}/01"][0]
    client, principal, officer = (client_of(one) for one in ("manager", "principal", "officer"))
    sent(client, "/documents", type="scrap", codes=code, reason="坏", submit="1")
    document = latest("scrap").id
    for one in (principal, officer):
        sent(one, f"/documents/{document}/decision", decision="approve")
    answer = api().get(f"/api/v1/resolve?q={code}").json["target"]
    assert (answer["status"], answer["document"]) == ("scrapped", "BF-2026-0001")


def test_what_went_to_another_school_is_still_known_here(client_of, look, sqlite_world):
    code = sqlite_world.items[f"{HOME}/01"][0]
    manager, principal, stranger, officer = (
        client_of(one) for one in ("manager", "principal", "stranger", "officer")
    )  # fmt: skip
    sent(manager, "/documents", type="transfer", codes=code, other_school=OTHER, submit="1")
    sent(principal, f"/documents/{latest('transfer').id}/decision", decision="approve")
    sent(stranger, f"/documents/{latest('arrival', OTHER).id}/confirmation")
    assert look(manager, f"/things/{code}").text_has("DC-2026-0001")
    assert look(officer, f"/things/{code}").text_has("於潜中学")


def test_documents_and_loans_are_files_with_the_filters_of_the_page(client_of, sqlite_world):
    one, two = sqlite_world.items[f"{HOME}/01"][:2]
    client = client_of("manager")
    sent(client, "/documents", type="scrap", codes=one, reason="=1+1", submit="1")
    sent(client, "/loans", person="teacher老师", codes=two)
    every = client.get("/documents?format=csv").get_data(as_text=True)
    assert "BF-2026-0001" in every
    assert "JY-2026-0001" in every
    assert ",=1+1" not in every
    only = client.get("/documents?type=scrap&format=csv").get_data(as_text=True)
    assert "JY-2026-0001" not in only
    assert "teacher老师" in client.get("/loans?format=csv").get_data(as_text=True)
    assert client.get("/loans?format=xlsx").data[:2] == b"PK"
    assert client.get("/loans?format=doc").status_code == 422
