"""Documents: written, approved by those who may, carried out, reversed; and all agrees after it."""

from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import func, select

from inventory.commands.verifying import examine
from inventory.custody import service as custody
from inventory.custody import transfers_service as transfers
from inventory.custody.models import Loan
from inventory.custody.service import LIFE_DEEDS, Wanted
from inventory.custody.transfers_service import TRANSFER_DEEDS
from inventory.db import db, transact, uploads_of
from inventory.errors import (
    AlreadyDecided,
    AlreadyOnLoan,
    AlreadyReversed,
    CannotReverse,
    EditedMeanwhile,
    InAnotherDocument,
    IsRetired,
    Lent,
    Missing,
    NeedsPaper,
    NotAnApprover,
    NotFound,
    NothingInIt,
    NotInThisState,
    NotYourStep,
    OwnDocument,
    TwiceInIt,
    VoucherUsed,
    WithoutUnit,
    WrongStatus,
)
from inventory.identity.models import Person
from inventory.ledger import documents_service as documents
from inventory.ledger import merging_service as merging
from inventory.ledger.documents_service import Decision, Draft, Line, ReversalDeed, Rules
from inventory.ledger.models import Document, LedgerLine
from inventory.ledger.receipts_service import ReceiptDeed
from inventory.ledger.rules import DocumentType, chains
from inventory.places.models import Place, Sort
from inventory.register import queries
from inventory.register.attachments_rules import prepared
from inventory.register.attachments_service import attach
from inventory.register.models import CardLine, Holding, Thing
from tests.unit.services.test_by_hand import kind_named, shelf_of
from tests.world import HOME, NOON, OTHER, acting, minutes

TODAY = date(2026, 11, 23)
CHAINS = "scrap: principal, bureau_officer >= 500; loss: principal; transfer: principal"


def rules(text=CHAINS):
    deeds = {**LIFE_DEEDS, **TRANSFER_DEEDS, DocumentType.RECEIPT.value: ReceiptDeed()}
    deeds[DocumentType.REVERSAL.value] = ReversalDeed(deeds)
    return Rules(deeds, chains(text))


def act(service, who, /, *args, **values):
    """One use case in one transaction, as somebody, in their school."""
    values = {"school_id": HOME, "at": NOON} | values
    acting(who)
    return transact(lambda session: service(session, who, *args, **values))


def drafted(who, type, lines, **values):
    """A document written and handed in; its code."""
    wanted = Draft(DocumentType(type), tuple(lines), **values)
    document = act(documents.draft, who, wanted, rules=rules(), today=TODAY)
    return act(documents.submit, who, document_id=document.id, rules=rules()).id


def decided(who, code, approves=True, reason=None, **values):
    decision = Decision(approves, reason, **values)
    return act(documents.decide, who, decision, document_id=code, rules=rules(), today=TODAY)


def taken_back(who, code, reason="弄错"):
    """The counter-document that was handed in."""
    return act(
        documents.reverse, who, document_id=code, reason=reason, rules=rules(), today=TODAY
    ).id


def row(code, school=HOME):
    db.session.rollback()
    return db.session.get(Document, (school, code))


def thing(code, school=HOME):
    db.session.rollback()
    return db.session.get(Thing, (school, code))


def agrees(*schools):
    from inventory.scope import OPERATOR

    acting(OPERATOR)
    for school in schools or (HOME, OTHER, None):  # the last: all of them at once
        report = examine(True, (), school)
        assert report["agrees"], report
    db.session.rollback()
    total = db.session.scalar(select(func.sum(Holding.quantity)))
    assert total == 0
    return report


def pieces(kind_id, school=HOME):
    """What the ledger says of a kind."""
    query = select(func.sum(LedgerLine.quantity)).where(
        LedgerLine.school_id == school, LedgerLine.kind_id == kind_id
    )
    return db.session.scalar(query)


@pytest.fixture
def people(world):
    return world.people


@pytest.fixture
def items(world):
    return world.items[f"{HOME}/01"]


@pytest.fixture
def beakers(world):
    """A batch of 24."""
    return world.batches[f"{HOME}/01"][0]


def test_a_document_is_numbered_within_school_year_and_type(people, items):
    first = row(drafted(people["manager"], "scrap", [Line(items[0])], reason="坏"))
    second = row(drafted(people["manager"], "scrap", [Line(items[1])], reason="坏"))

    assert (first.number, second.number) == ("BF-2026-0001", "BF-2026-0002")
    assert first.state == "submitted"


def test_scrapping_goes_up_to_the_bureau_from_the_limit_on(people, items):
    """Scenario 11: one of 499 yuan ends with the principal, one of 501 goes to the bureau."""
    from inventory.register import service as register

    for code, price in ((items[0], 49_900), (items[1], 50_100)):
        act(
            register.describe_thing, people["manager"], code=code,
            values={"unit_price_cents": price},
        )  # fmt: skip
    cheap = drafted(people["manager"], "scrap", [Line(items[0])], reason="镜片碎")
    dear = drafted(people["manager"], "scrap", [Line(items[1])], reason="主板坏")
    assert {thing(code).status for code in items[:2]} == {"to_scrap"}
    assert thing(items[0]).retired_at is None
    agrees()

    assert decided(people["principal"], cheap).state == "executed"
    assert decided(people["principal"], dear).state == "submitted"
    assert (thing(items[0]).status, thing(items[1]).status) == ("scrapped", "to_scrap")
    assert decided(people["officer"], dear).state == "executed"
    assert thing(items[1]).status == "scrapped"
    assert pieces(thing(items[0]).kind_id) == 1
    agrees()


def test_what_comes_back_is_as_it_was_and_can_be_handed_in_again(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    with pytest.raises(Missing):
        decided(people["principal"], code, approves=False)
    decided(people["principal"], code, approves=False, reason="可以修")
    assert (row(code).state, thing(items[0]).status) == ("returned", "in_use")

    again = Draft(DocumentType.SCRAP, (Line(items[1]),), reason="真的坏")
    revision = row(code).revision
    act(
        documents.revise, people["manager"], again, document_id=code, revision=revision,
        rules=rules(),
    )  # fmt: skip
    with pytest.raises(EditedMeanwhile):
        act(
            documents.revise, people["manager"], again, document_id=code, revision=revision,
            rules=rules(),
        )  # fmt: skip
    act(documents.submit, people["manager"], document_id=code, rules=rules())
    assert (thing(items[0]).status, thing(items[1]).status) == ("in_use", "to_scrap")
    act(documents.withdraw, people["manager"], document_id=code, rules=rules())
    assert (row(code).state, thing(items[1]).status) == ("withdrawn", "in_use")
    agrees()


def test_only_whom_it_waits_for_decides_and_nobody_on_their_own(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    for login in ("teacher", "technician", "officer", "auditor", "admin"):
        with pytest.raises(NotYourStep):
            decided(people[login], code)
    with pytest.raises(OwnDocument):
        decided(people["manager"], code)
    with pytest.raises(NotFound):
        decided(people["stranger"], code)


def test_two_approvals_at_once_are_one(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    seen = row(code).revision
    decided(people["principal"], code)
    with pytest.raises(AlreadyDecided):
        act(
            documents.decide, people["officer"], Decision(True), document_id=code, rules=rules(),
            today=TODAY, revision=seen,
        )  # fmt: skip


def test_a_deputy_decides_for_whom_is_away_and_only_then(people, items):
    principal, technician = people["principal"], people["technician"]
    acting(principal)
    named = transact(
        lambda s: (
            documents.name_deputy(
                s, principal, deputy_id=technician.id, first=TODAY, last=TODAY, at=NOON
            ).id
        )
    )
    code = drafted(people["manager"], "transfer", [Line(items[0])], other_school=OTHER)
    late = Decision(True)
    with pytest.raises(NotYourStep):
        act(
            documents.decide, technician, late, document_id=code, rules=rules(),
            today=date(2026, 11, 24),
        )  # fmt: skip
    assert decided(technician, code).state == "approved"
    step = db.session.scalar(select(documents.DocumentStep))
    assert (step.signed_by, step.deputy_of) == (technician.id, principal.id)

    acting(principal)
    transact(lambda s: documents.end_deputy(s, principal, deputy_row_id=named, at=NOON))
    other = drafted(people["manager"], "scrap", [Line(items[1])], reason="坏")
    with pytest.raises(NotYourStep):
        decided(technician, other)
    agrees()


def photographed(who, code):
    """A photograph of the paper of a document; its id."""
    content = BytesIO()
    Image.new("RGB", (8, 8), "white").save(content, "PNG")
    ready = prepared(content.getvalue(), "签字.png", uploads_of(db.session()).most_bytes)
    return act(attach, who, subject=code, content=ready).id


def test_a_paper_says_who_signed_and_who_entered_it(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    signed = people["principal"].id
    with pytest.raises(NeedsPaper):
        decided(people["manager"], code, signed_by=signed)
    with pytest.raises(NeedsPaper):
        decided(people["manager"], code, signed_by=signed, attachment_id="f" * 32)
    ready = prepared("没有签字".encode(), "签字.txt", uploads_of(db.session()).most_bytes)
    words = act(attach, people["manager"], subject=code, content=ready).id
    with pytest.raises(NeedsPaper):
        decided(people["manager"], code, signed_by=signed, attachment_id=words)
    photo = photographed(people["manager"], code)
    db.session.get(Person, signed).is_active = False
    db.session.commit()
    with pytest.raises(NotAnApprover):
        decided(people["manager"], code, signed_by=signed, attachment_id=photo)
    db.session.get(Person, signed).is_active = True
    db.session.commit()
    decided(people["manager"], code, signed_by=signed, attachment_id=photo)

    step = db.session.scalar(select(documents.DocumentStep).order_by(documents.DocumentStep.n))
    assert (step.signed_by, step.entered_by) == (signed, people["manager"].id)
    assert step.on_paper


def test_what_is_in_one_document_is_in_no_other(people, items):
    manager = people["manager"]
    drafted(manager, "scrap", [Line(items[0])], reason="坏")
    with pytest.raises(InAnotherDocument):
        drafted(manager, "transfer", [Line(items[0])], other_school=OTHER)
    with pytest.raises(TwiceInIt):
        drafted(manager, "scrap", [Line(items[1]), Line(items[1])], reason="坏")
    with pytest.raises(NothingInIt):
        drafted(manager, "scrap", [], reason="坏")
    with pytest.raises(Missing):
        drafted(manager, "scrap", [Line(items[1])])


def test_a_part_of_a_batch_is_scrapped_and_brought_back(people, beakers):
    code = drafted(people["manager"], "scrap", [Line(beakers, quantity=5)], reason="碎")
    kind = thing(beakers).kind_id
    assert pieces(kind) == 24
    with pytest.raises(Lent):
        drafted(people["manager"], "scrap", [Line(beakers, quantity=20)], reason="碎")
    decided(people["principal"], code)
    decided(people["officer"], code)
    assert pieces(kind) == 19
    agrees()

    counter = taken_back(people["manager"], code, "数错")
    assert row(counter).state == "submitted"
    with pytest.raises(AlreadyReversed):
        taken_back(people["manager"], code, "再来")
    decided(people["principal"], counter)
    decided(people["officer"], counter)
    assert (pieces(kind), row(code).reversed_by) == (24, counter)
    with pytest.raises(NotInThisState):
        decided(people["officer"], counter)
    agrees()


def test_a_scrapped_thing_is_dead_until_its_document_is_reversed(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    decided(people["principal"], code)
    decided(people["officer"], code)
    with pytest.raises(IsRetired):
        drafted(people["manager"], "transfer", [Line(items[0])], other_school=OTHER)

    counter = taken_back(people["manager"], code, "弄错")
    decided(people["principal"], counter)
    decided(people["officer"], counter)
    assert (thing(items[0]).status, thing(items[0]).retired_at) == ("in_use", None)
    agrees()


def lent(who, wanted, borrower, **values):
    return act(
        custody.lend, who, wanted, person_id=borrower.id, rules=rules(), today=TODAY, **values
    )


def test_what_is_lent_is_lent_once_and_stays_on_the_card(people, items, beakers):
    acting(people["technician"])
    before = db.session.scalars(select(CardLine.quantity).order_by(CardLine.kind_id)).all()
    wanted = [Wanted(items[0]), Wanted(beakers, 10)]
    document = lent(people["technician"], wanted, people["teacher"], due="2026-12-01")
    assert document.number == "JY-2026-0001"
    assert db.session.scalars(select(CardLine.quantity).order_by(CardLine.kind_id)).all() == before
    with pytest.raises(AlreadyOnLoan) as refused:
        lent(people["technician"], [Wanted(items[0])], people["principal"])
    assert refused.value.data["borrower"] == "teacher老师"
    with pytest.raises(Lent):
        lent(people["technician"], [Wanted(beakers, 15)], people["teacher"])
    with pytest.raises(AlreadyOnLoan):
        drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")

    back = act(
        custody.take_return, people["technician"], [Wanted(items[0]), Wanted(beakers, 4)],
        rules=rules(), today=TODAY,
    ).id  # fmt: skip
    left = [loan.left for loan in db.session.scalars(select(Loan).order_by(Loan.quantity))]
    assert (row(back).state, left) == ("executed", [0, 6])
    agrees()

    counter = taken_back(people["technician"], back, "没还")
    db.session.rollback()
    left = [loan.left for loan in db.session.scalars(select(Loan).order_by(Loan.quantity))]
    assert (row(counter).type, left) == ("reversal", [1, 10])
    agrees()


def test_a_transfer_leaves_neither_book_until_it_is_confirmed(people, items, beakers, world):
    """Scenario 12."""
    kind, batch_kind = thing(items[0]).kind_id, thing(beakers).kind_id
    lines = [Line(code) for code in items] + [Line(beakers, quantity=4)]
    code = drafted(people["manager"], "transfer", lines, other_school=OTHER)
    decided(people["principal"], code)
    assert (row(code).state, row(code).waits_for) == ("approved", "receiver")
    assert (pieces(kind), pieces(batch_kind)) == (3, 24)
    assert {thing(one).status for one in items} == {"in_transfer"}
    agrees()

    acting(people["stranger"])
    arrival = db.session.scalar(select(Document).where(Document.type == "arrival"))
    assert (arrival.school_id, arrival.number) == (OTHER, "DR-2026-0001")
    confirm = {"school_id": OTHER, "document_id": arrival.id}
    act(transfers.confirm_transfer, people["stranger"], **confirm)
    with pytest.raises(NotInThisState):
        act(transfers.confirm_transfer, people["stranger"], **confirm)

    acting(people["stranger"])
    row_here = queries.thing(db.session(), items[0])
    assert (row_here.school_id, row_here.quantity) == (OTHER, 1)
    assert db.session.get(Thing, (HOME, items[0])) is None  # out of scope
    acting(people["manager"])
    assert (pieces(kind), pieces(batch_kind), row(code).state) == (0, 20, "executed")
    assert thing(items[0]).status == "transferred"
    with pytest.raises(IsRetired):
        drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    agrees()


def test_a_thing_comes_home_again(people, items):
    """There and back: the code is where it went last, in whatever order the chains are read."""
    code = drafted(people["manager"], "transfer", [Line(items[0])], other_school=OTHER)
    decided(people["principal"], code)
    acting(people["stranger"])
    arrival = db.session.scalar(select(Document.id).where(Document.type == "arrival"))
    act(transfers.confirm_transfer, people["stranger"], school_id=OTHER, document_id=arrival)

    wanted = Draft(DocumentType.TRANSFER, (Line(items[0]),), other_school=HOME)
    here = {"school_id": OTHER, "rules": rules("")}
    back = act(documents.draft, people["stranger"], wanted, today=TODAY, **here)
    act(documents.submit, people["stranger"], document_id=back.id, **here)
    acting(people["technician"])
    arrival = db.session.scalar(
        select(Document.id).where(Document.type == "arrival", Document.state == "submitted")
    )
    act(transfers.confirm_transfer, people["technician"], document_id=arrival)

    assert (thing(items[0]).status, thing(items[0]).retired_at) == ("in_use", None)
    assert queries.thing(db.session(), items[0]).place_sort == "unplaced"
    agrees()


def test_what_the_receiver_refuses_comes_back(people, items, beakers):
    lines = [Line(items[0]), Line(beakers, quantity=4)]
    code = drafted(people["manager"], "transfer", lines, other_school=OTHER)
    decided(people["principal"], code)
    acting(people["stranger"])
    arrival = db.session.scalar(select(Document.id).where(Document.type == "arrival"))
    with pytest.raises(Missing):
        act(
            transfers.refuse_transfer, people["stranger"], school_id=OTHER, document_id=arrival,
            reason=" ",
        )  # fmt: skip
    act(
        transfers.refuse_transfer, people["stranger"], school_id=OTHER, document_id=arrival,
        reason="少了一台",
    )  # fmt: skip

    acting(people["manager"])
    assert (row(code).state, thing(items[0]).status) == ("returned", "in_use")
    assert queries.thing(db.session(), beakers).quantity == 24
    agrees()


def test_a_cabinet_is_relocated_with_its_contents_and_back(people, world, items):
    from inventory.register.service import NewPlace, set_up_places
    from inventory.scope import OPERATOR

    [room] = act(set_up_places, OPERATOR, [NewPlace(Sort.ROOM, "科仪2", "仪器室2")])
    cabinet = world.cabinets[f"{HOME}/01"]
    code = drafted(people["manager"], "relocation", [Line(cabinet, place_id=room.id)])
    assert row(code).state == "executed"
    assert db.session.get(Place, (HOME, cabinet)).path == "科仪2-01"

    taken_back(people["manager"], code, "放不下")
    db.session.rollback()
    assert db.session.get(Place, (HOME, cabinet)).path == "科仪1-01"
    agrees()


def test_parts_of_batches_are_relocated_and_back(people, world, items, beakers):
    to = shelf_of(world, "02", "1")
    lines = [Line(items[0], place_id=to), Line(beakers, quantity=7, place_id=to)]
    code = drafted(people["manager"], "relocation", lines)
    assert queries.thing(db.session(), beakers).quantity == 17
    taken_back(people["manager"], code, "错")
    assert queries.thing(db.session(), beakers).quantity == 24
    agrees()


def test_things_get_another_keeper_by_a_document(people, items):
    teacher = people["teacher"].id
    code = drafted(people["manager"], "handover", [Line(items[0], person_id=teacher)])
    assert thing(items[0]).keeper_id == teacher
    taken_back(people["manager"], code, "错")
    assert thing(items[0]).keeper_id != teacher
    agrees()


def test_a_repair_ends_with_the_things_mended_or_to_be_scrapped(people, items):
    act(custody.report_fault, people["technician"], code=items[0], reason="不亮")
    assert thing(items[0]).status == "repair_wanted"
    with pytest.raises(WrongStatus):
        lent(people["technician"], [Wanted(items[0])], people["teacher"])
    lines = [Line(items[0]), Line(items[1])]
    code = drafted(people["manager"], "repair", lines, reason="送修")
    assert {thing(one).status for one in items[:2]} == {"in_repair"}
    act(custody.end_repair, people["manager"], document_id=code, beyond=[items[1]])
    assert [thing(one).status for one in items[:2]] == ["in_use", "to_scrap"]
    assert row(code).state == "executed"
    scrap = drafted(people["manager"], "scrap", [Line(items[1])], reason="修不好")
    decided(people["principal"], scrap, approves=False, reason="再看看")
    assert thing(items[1]).status == "to_scrap"  # still beyond repair
    agrees()


def test_what_is_lost_is_written_off_or_found(people, items):
    code = drafted(people["manager"], "loss", [Line(items[0])], reason="找不到")
    assert thing(items[0]).status == "missing"
    act(documents.withdraw, people["manager"], document_id=code, rules=rules())
    assert thing(items[0]).status == "in_use"
    code = drafted(people["manager"], "loss", [Line(items[0])], reason="找不到")
    decided(people["principal"], code)
    assert (thing(items[0]).status, row(code).state) == ("written_off", "executed")
    agrees()


def received(people, lines, voucher="FP-2026-001", **values):
    return drafted(people["manager"], "receipt", lines, voucher=voucher, **values)


def test_a_receipt_makes_things_in_one_press_and_is_taken_back(people, world):
    """Scenario 10: 24 balances at 350.00, one voucher, and the voucher only once."""
    kind = kind_named("电子天平 01")
    shelf = shelf_of(world, "01", "1")
    kind_id = kind.id
    code = received(people, [Line(kind_id=kind_id, quantity=24, unit_price_cents=35_000,
                                  place_id=shelf)])  # fmt: skip
    made = db.session.scalars(select(Thing).where(Thing.document_id == code)).all()
    assert len(made) == 24
    assert len({one.number for one in made}) == 24
    assert pieces(kind_id) == 27
    with pytest.raises(VoucherUsed):
        received(people, [Line(kind_id=kind_id, quantity=1)])
    agrees()

    taken_back(people["manager"], code, "退货")
    assert pieces(kind_id) == 3
    received(people, [Line(kind_id=kind_id, quantity=1)])
    agrees()


def test_a_long_receipt_is_carried_out_in_slices(people, world):
    kind = kind_named("电子天平 01")
    code = received(people, [Line(kind_id=kind.id, quantity=100, unit_price_cents=35_000)])
    assert row(code).state == "approved"
    left = True
    while left:
        left = act(documents.advance, people["manager"], document_id=code, rules=rules())
    assert row(code).state == "executed"
    agrees()
    counter = taken_back(people["manager"], code, "退货")
    while act(documents.advance, people["manager"], document_id=counter, rules=rules()):
        pass
    assert row(counter).state == "executed"
    agrees()


def test_what_a_receipt_brought_and_was_used_is_not_taken_back(people, world, items):
    kind = kind_named("电子天平 01")
    code = received(people, [Line(kind_id=kind.id, quantity=2)])
    made = db.session.scalars(select(Thing.code).where(Thing.document_id == code)).all()
    act(custody.report_fault, people["manager"], code=made[0], reason="坏")
    with pytest.raises(CannotReverse):
        taken_back(people["manager"], code, "退货")


def test_a_batch_of_a_receipt_joins_the_one_that_is_there(people, world, beakers):
    kind = kind_named("烧杯 01")
    shelf = thing(beakers).home_id
    code = received(people, [Line(kind_id=kind.id, quantity=6, place_id=shelf)])
    assert queries.thing(db.session(), beakers).quantity == 30
    taken_back(people["manager"], code, "退货")
    assert queries.thing(db.session(), beakers).quantity == 24
    agrees()


def test_a_quantity_without_a_unit_means_nothing(people, world):
    from inventory.catalogue.rules import ManagedAs
    from inventory.catalogue.service import KindKey, define_kind

    key = KindKey("科学", None, "无单位", "", "")
    kind = act(define_kind, people["manager"], key, managed_as=ManagedAs.BATCH)
    with pytest.raises(WithoutUnit):
        received(people, [Line(kind_id=kind.id, quantity=5)])


def test_a_document_goes_into_the_file_once(people, items):
    to = thing(items[1]).home_id
    code = drafted(people["manager"], "handover", [Line(items[0], person_id=people["teacher"].id)])
    assert to
    assert act(documents.file, people["manager"], document_id=code).state == "filed"
    with pytest.raises(NotInThisState):
        act(documents.file, people["manager"], document_id=code)


def test_the_moment_of_a_document_is_the_edges(people, items):
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    assert row(code).created_at == NOON
    assert datetime(2026, 11, 23, 4, 1, tzinfo=UTC) == minutes(1)


def test_a_kind_is_not_merged_while_a_document_names_it_and_a_receipt_goes_back_after(
    people, world
):
    kind, other = (kind_named(one).id for one in ("烧杯 01", "试管 01"))
    batch = world.batches[f"{HOME}/01"][0]
    code = received(people, [Line(kind_id=kind, quantity=6)])
    scrap = drafted(people["manager"], "scrap", [Line(batch, quantity=2)], reason="碎")
    merge = {"kind_id": kind, "into": other}
    with pytest.raises(InAnotherDocument):
        act(merging.merge_kinds, people["manager"], **merge)
    decided(people["principal"], scrap, approves=False, reason="再看")
    act(documents.withdraw, people["manager"], document_id=scrap, rules=rules())
    act(merging.merge_kinds, people["manager"], **merge)

    before = pieces(other)
    taken_back(people["manager"], code, "退货")
    assert pieces(other) == before - 6
    agrees()
