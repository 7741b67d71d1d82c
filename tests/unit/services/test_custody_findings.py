"""Loans, transfers, repairs and ends where two things meet: two borrowers, two schools, a lock."""

from functools import partial

import pytest
from sqlalchemy import func, select

from inventory.catalogue.models import Kind
from inventory.catalogue.rules import ManagedAs
from inventory.catalogue.service import KindKey, define_kind
from inventory.custody import service as custody
from inventory.custody import transfers_service as transfers
from inventory.custody.models import Loan
from inventory.custody.service import Wanted
from inventory.db import db
from inventory.errors import (
    InAnotherDocument,
    Locked,
    MoreThanLent,
    NotFound,
    NotInThisState,
    NotLentTo,
    NotOnLoan,
    SameSchool,
    SeveralBorrowers,
    TooMany,
    TwiceInIt,
)
from inventory.ledger import documents_service as documents
from inventory.ledger import merging_service as merging
from inventory.ledger.documents_service import Draft, Line
from inventory.ledger.models import DocumentLine
from inventory.ledger.rules import DocumentType
from inventory.places.models import Place
from inventory.register import attachments_queries, tags_queries, tags_service
from inventory.register import service as register
from inventory.register.attachments_service import attach
from inventory.register.cards_service import lock_place, unlock_place
from inventory.register.models import Code, Thing
from inventory.register.tags_rules import Medium
from inventory.scope import OPERATOR
from tests.unit.services.test_attachments import photo
from tests.unit.services.test_by_hand import kind_named, shelf_of
from tests.unit.services.test_documents import (
    TODAY,
    act,
    agrees,
    decided,
    drafted,
    lent,
    pieces,
    received,
    row,
    rules,
    taken_back,
    thing,
)
from tests.world import HOME, OTHER, acting, minutes

NO_CHAIN = rules("scrap: principal")


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


def carried(who, code, school=HOME):
    """Go on until it is done; how many turns that took."""
    turns = 1
    while act(documents.advance, who, school_id=school, document_id=code, rules=rules()):
        turns += 1
    return turns


@pytest.fixture
def send(people):
    """Send lines from a school to another; the document that waits there."""

    def sent(lines, origin=HOME, to=OTHER):
        who = people["manager" if origin == HOME else "stranger"]
        wanted = Draft(DocumentType.TRANSFER, tuple(lines), other_school=to)
        here = {"school_id": origin, "rules": NO_CHAIN}
        code = act(documents.draft, who, wanted, today=TODAY, **here).id
        act(documents.submit, who, document_id=code, **here)
        carried(who, code, origin)
        acting(OPERATOR)
        return row(code, origin).other_document

    return sent


@pytest.fixture
def confirm(people):
    def confirmed(arrival, school=OTHER, **values):
        who = people["manager" if school == HOME else "stranger"]
        act(transfers.confirm_transfer, who, school_id=school, document_id=arrival, **values)
        carried(who, arrival, school)

    return confirmed


@pytest.fixture
def scrapped(people):
    def done(lines):
        code = drafted(people["manager"], "scrap", lines, reason="坏")
        decided(people["principal"], code)
        decided(people["officer"], code)
        return code

    return done


@pytest.fixture
def unscrapped(people):
    def done(code):
        counter = taken_back(people["manager"], code)
        decided(people["principal"], counter)
        decided(people["officer"], counter)
        return counter

    return done


def batches_in(kind, home):
    acting(OPERATOR)
    query = select(func.count()).where(
        Thing.kind_id == kind, Thing.home_id == home, Thing.retired_at.is_(None)
    )
    return db.session.scalar(query)


# --- between schools -----------------------------------------------------------------------


def test_chains_of_schools_are_derived_in_any_order(people, world, items, send, confirm):
    """There, bound, home and scrapped; and one the other way: `agrees` derives all at once."""
    theirs = world.items[f"{OTHER}/01"][0]
    confirm(send([Line(theirs)], OTHER, HOME), HOME)
    confirm(send([Line(items[0])]))
    bind = partial(act, tags_service.bind, medium=Medium.UID)
    bind(people["stranger"], school_id=OTHER, code=items[0], value="04A1B2C3")
    confirm(send([Line(items[0])], OTHER, HOME), HOME)
    code = drafted(people["manager"], "scrap", [Line(theirs), Line(items[0])], reason="坏")
    decided(people["principal"], code)
    decided(people["officer"], code)
    acting(OPERATOR)
    retired = select(func.count()).where(
        Code.code.in_([theirs, items[0]]), Code.school_id == HOME, Code.retired_at.is_not(None)
    )
    assert db.session.scalar(retired) == 2
    agrees()


def test_what_comes_home_is_described_anew(people, world, items, send, confirm):
    """Where it stood before, and which batch it was of, is no longer so."""
    shelf = shelf_of(world, "02", "2")
    act(
        register.describe_thing, people["manager"], code=items[0],
        values={"present_place": db.session.get(Place, (HOME, shelf)).path},
    )  # fmt: skip
    assert thing(items[0]).present_place_id == shelf
    confirm(send([Line(items[0])]))
    confirm(send([Line(items[0])], OTHER, HOME), HOME)
    acting(OPERATOR)
    assert (thing(items[0]).present_place_id, thing(items[0]).home_id) == (None, "unplaced")
    agrees()


def test_a_transfer_goes_to_a_school_that_there_is(people, items):
    draft = partial(drafted, people["manager"], "transfer", [Line(items[0])])
    with pytest.raises(NotFound):
        draft(other_school="9999999999")
    with pytest.raises(SameSchool):
        draft(other_school=HOME)


def test_carriers_and_photographs_go_along(people, items, send, confirm):
    """What is stuck on a thing means it where it is; what means something there stays free."""
    bind = partial(act, tags_service.bind)
    here = {"medium": Medium.UID, "value": "04A1B2C3"}
    bind(people["manager"], code=items[0], **here)
    bind(people["manager"], code=items[1], medium=Medium.UID, value="04FFFFFF")
    act(attach, people["manager"], subject=items[0], content=photo(), name="a.jpg")
    acting(people["stranger"])
    other = db.session.scalar(select(Thing.code).where(Thing.school_id == OTHER).limit(1))
    bind(people["stranger"], school_id=OTHER, code=other, medium=Medium.UID, value="04FFFFFF")

    def found(who, school):
        session = acting(people[who])
        return (
            [tag.value for code in items for tag in tags_queries.of(session, school, code)],
            len(attachments_queries.of(session, school, items[0])),
        )

    arrival = send([Line(items[0]), Line(items[1])])
    act(
        transfers.refuse_transfer, people["stranger"], school_id=OTHER, document_id=arrival,
        reason="少",
    )  # fmt: skip
    assert found("manager", HOME) == (["04A1B2C3", "04FFFFFF"], 1)
    acting(OPERATOR)
    refused = row(arrival, OTHER).other_document
    act(documents.withdraw, people["manager"], document_id=refused, rules=rules())
    confirm(send([Line(items[0]), Line(items[1])]))
    assert found("stranger", OTHER) == (["04A1B2C3"], 1)
    assert found("manager", HOME) == ([], 1)
    confirm(send([Line(items[0])], OTHER, HOME), HOME)
    assert found("manager", HOME) == (["04A1B2C3"], 1)  # the photograph was here before
    agrees()


def test_a_kind_that_the_receiver_manages_otherwise_is_found_the_next_time(people, send, confirm):
    key = KindKey("科学", "77001", "天平Z", "100g", "台")
    act(define_kind, people["stranger"], key, school_id=OTHER, managed_as=ManagedAs.BATCH)
    kind = act(define_kind, people["manager"], key, managed_as=ManagedAs.ITEM).id
    code = received(people, [Line(kind_id=kind, quantity=3)])
    made = db.session.scalars(select(Thing.code).where(Thing.document_id == code)).all()
    confirm(send([Line(made[0]), Line(made[1])]))
    confirm(send([Line(made[2])]))
    acting(OPERATOR)
    theirs = select(Kind.specification, func.count()).join(
        Thing, (Thing.school_id == Kind.school_id) & (Thing.kind_id == Kind.id)
    )
    query = theirs.where(Kind.school_id == OTHER, Kind.name == "天平Z")
    found = db.session.execute(query.group_by(Kind.id, Kind.specification)).all()
    assert found == [("100g (item)", 3)]
    agrees()


def test_a_batch_that_arrives_joins_the_one_that_is_there(people, beakers, send, confirm):
    confirm(send([Line(beakers, quantity=4)]))
    confirm(send([Line(beakers, quantity=5)]))
    acting(OPERATOR)
    rows = db.session.execute(
        select(Thing.code, Thing.kind_id).where(
            Thing.school_id == OTHER, Thing.home_id == "unplaced", Thing.retired_at.is_(None)
        )
    ).all()
    assert len(rows) == 1
    assert pieces(rows[0].kind_id, OTHER) >= 9
    agrees()


@pytest.fixture
def many(people):
    """Thirty things of a receipt: more than one slice."""
    code = received(people, [Line(kind_id=kind_named("电子天平 01").id, quantity=30)])
    carried(people["manager"], code)
    return db.session.scalars(
        select(Thing.code).where(Thing.document_id == code).order_by(Thing.code)
    ).all()


def test_a_long_transfer_is_taken_over_in_slices(people, many, send):
    arrival = send([Line(code) for code in many])
    receiver, here = people["stranger"], {"school_id": OTHER}
    act(transfers.confirm_transfer, receiver, document_id=arrival, **here)
    acting(OPERATOR)
    here_now = select(func.count()).where(Thing.school_id == OTHER, Thing.code.in_(many))
    assert db.session.scalar(here_now) == 25
    sent = row(arrival, OTHER).other_document
    assert row(sent).waits_for == "receiver"
    agrees()

    assert carried(receiver, arrival, OTHER) == 1
    acting(OPERATOR)
    assert (row(sent).state, row(arrival, OTHER).state) == ("executed", "executed")
    assert db.session.scalar(here_now) == 30
    agrees()


def test_a_long_transfer_comes_back_in_slices_and_is_sent_again(people, many, send, confirm):
    arrival = send([Line(code) for code in many])
    refuse = {"school_id": OTHER, "document_id": arrival}
    act(transfers.refuse_transfer, people["stranger"], reason="不要", **refuse)
    acting(OPERATOR)
    back = select(func.count()).where(Thing.code.in_(many), Thing.status == "in_use")
    sent = row(arrival, OTHER).other_document
    assert (db.session.scalar(back), row(sent).state) == (25, "approved")
    agrees()

    # The receiver's server stopped: the sender goes on.
    carried(people["manager"], sent)
    assert not act(transfers.carry_back, people["stranger"], **refuse)
    acting(OPERATOR)
    assert (db.session.scalar(back), row(sent).state) == (30, "returned")
    assert row(arrival, OTHER).state == "withdrawn"

    act(documents.submit, people["manager"], document_id=sent, rules=NO_CHAIN)
    carried(people["manager"], sent)
    acting(OPERATOR)
    again = row(sent).other_document
    assert again != arrival
    confirm(again)
    acting(OPERATOR)
    assert row(sent).state == "executed"
    # What was refused once and came later is free there.
    drafted_there = Draft(DocumentType.REPAIR, (Line(many[0]),), reason="修")
    act(
        documents.draft, people["stranger"], drafted_there, school_id=OTHER, rules=NO_CHAIN,
        today=TODAY,
    )  # fmt: skip
    agrees()


def test_a_part_that_comes_back_can_be_sent_again(people, beakers, send, confirm):
    arrival = send([Line(beakers, quantity=4)])
    act(
        transfers.refuse_transfer, people["stranger"], school_id=OTHER, document_id=arrival,
        reason="不要",
    )  # fmt: skip
    acting(OPERATOR)
    sent = row(arrival, OTHER).other_document
    line = db.session.scalar(select(DocumentLine).where(DocumentLine.document_id == sent))
    assert line.code == beakers
    act(documents.submit, people["manager"], document_id=sent, rules=NO_CHAIN)
    acting(OPERATOR)
    confirm(row(sent).other_document)
    acting(OPERATOR)
    assert pieces(thing(beakers).kind_id) == 20
    agrees()


# --- loans ---------------------------------------------------------------------------------


@pytest.fixture
def two_loans(people, beakers):
    """Three with the teacher, two with the technician, of one batch."""
    for login, count, minute in (("teacher", 3, 0), ("technician", 2, 1)):
        lent(people["manager"], [Wanted(beakers, count)], people[login], at=minutes(minute))


def back(people, *wanted, **values):
    return act(
        custody.take_return, people["manager"], list(wanted), rules=rules(), today=TODAY, **values
    ).id


def out(people):
    """How much of its loan each has."""
    names = {people[login].id: login for login in ("teacher", "technician")}
    db.session.rollback()
    return {names[loan.person_id]: loan.left for loan in db.session.scalars(select(Loan))}


def test_all_that_is_out_comes_back_and_is_taken_back(people, beakers, two_loans):
    code = back(people, Wanted(beakers, 5))
    assert out(people) == {"teacher": 0, "technician": 0}
    taken_back(people["manager"], code)
    assert out(people) == {"teacher": 3, "technician": 2}
    agrees()


def test_whose_loan_comes_back_is_never_guessed(people, beakers, two_loans):
    with pytest.raises(SeveralBorrowers) as refused:
        back(people, Wanted(beakers, 2))
    assert refused.value.data["borrowers"] == "teacher老师 3, technician老师 2"
    back(people, Wanted(beakers, 1), person_id=people["technician"].id)
    assert out(people) == {"teacher": 3, "technician": 1}
    with pytest.raises(MoreThanLent):
        back(people, Wanted(beakers, 2), person_id=people["technician"].id)
    with pytest.raises(NotLentTo):
        back(people, Wanted(beakers, 1), person_id=people["principal"].id)
    loan = db.session.scalar(select(Loan.id).where(Loan.quantity == 3))
    back(people, Wanted(beakers, 2, loan))
    assert out(people) == {"teacher": 1, "technician": 1}
    with pytest.raises(NotOnLoan):
        back(people, Wanted(beakers, 1, "f" * 32))
    with pytest.raises(TwiceInIt):
        back(people, Wanted(beakers, 1, loan), Wanted(beakers, 1, loan))
    other = db.session.scalar(select(Loan.id).where(Loan.quantity == 2))
    back(people, Wanted(beakers, 1, loan), Wanted(beakers, 1, other))
    assert out(people) == {"teacher": 0, "technician": 0}
    agrees()


def test_a_draft_does_not_keep_a_thing_from_coming_back(people, items):
    lent(people["manager"], [Wanted(items[0])], people["teacher"])
    keeper = people["technician"].id
    wanted = Draft(DocumentType.HANDOVER, (Line(items[0], person_id=keeper),))
    act(documents.draft, people["manager"], wanted, rules=rules(), today=TODAY)
    back(people, Wanted(items[0]))
    assert thing(items[0]).lent == 0
    # Nor does who keeps it keep it from anything else.
    drafted(people["manager"], "scrap", [Line(items[0])], reason="坏")
    with pytest.raises(InAnotherDocument):
        drafted(people["manager"], "repair", [Line(items[0])], reason="修")


# --- ends and repair -----------------------------------------------------------------------


def test_what_a_kind_became_is_what_a_reversal_brings_back(people, beakers, scrapped, unscrapped):
    code = scrapped([Line(beakers, quantity=2)])
    kind, other = kind_named("烧杯 01").id, kind_named("试管 01").id
    act(merging.merge_kinds, people["manager"], kind_id=kind, into=other)
    before = pieces(other)
    unscrapped(code)
    assert (pieces(kind), pieces(other)) == (None, before + 2)
    agrees()


def test_a_batch_that_is_brought_back_joins_the_one_that_is_there(
    people, beakers, scrapped, unscrapped
):
    code = scrapped([Line(beakers, quantity=24)])
    kind, home = thing(beakers).kind_id, thing(beakers).home_id
    received(people, [Line(kind_id=kind, quantity=6, place_id=home)])
    unscrapped(code)
    assert batches_in(kind, home) == 1
    assert pieces(kind) == 30
    agrees()


def test_what_is_beyond_repair_stays_so_until_somebody_says_otherwise(
    people, items, scrapped, unscrapped
):
    repair = drafted(people["manager"], "repair", [Line(one) for one in items[:2]], reason="修")
    with pytest.raises(NotFound):
        act(custody.end_repair, people["manager"], document_id=repair, beyond=[items[2]])
    act(custody.end_repair, people["manager"], document_id=repair, beyond=items[:2])
    code = drafted(people["manager"], "scrap", [Line(items[0])], reason="修不好")
    with pytest.raises(InAnotherDocument):
        act(custody.clear_fault, people["manager"], code=items[0])
    act(documents.withdraw, people["manager"], document_id=code, rules=rules())
    assert thing(items[0]).status == "to_scrap"
    unscrapped(scrapped([Line(items[0])]))
    assert (thing(items[0]).status, thing(items[0]).retired_at) == ("to_scrap", None)
    act(custody.clear_fault, people["manager"], code=items[1])
    assert thing(items[1]).status == "in_use"
    agrees()


def test_a_long_repair_ends_in_slices(people, many):
    code = drafted(people["manager"], "repair", [Line(one) for one in many], reason="修")
    carried(people["manager"], code)
    act(custody.end_repair, people["manager"], document_id=code, beyond=[many[0], many[29]])
    assert (row(code).state, row(code).done) == ("approved", 25)
    with pytest.raises(NotInThisState):  # five would stay away for ever
        act(documents.end_here, people["manager"], document_id=code, reason="够", rules=NO_CHAIN)
    carried(people["manager"], code)
    assert row(code).state == "executed"
    statuses = [thing(one).status for one in many]
    assert statuses == ["to_scrap", *["in_use"] * 28, "to_scrap"]
    agrees()


# --- places --------------------------------------------------------------------------------


def test_a_cabinet_is_handed_over_with_what_its_keeper_keeps_in_it(people, world, items):
    cabinet = world.cabinets[f"{HOME}/01"]
    old, new = thing(items[0]).keeper_id, people["teacher"].id
    place = db.session.get(Place, (HOME, cabinet))
    assert place.keeper_id == old
    other = people["technician"].id
    drafted(people["manager"], "handover", [Line(items[1], person_id=other)])
    code = drafted(
        people["manager"], "handover",
        [Line(cabinet, person_id=new), Line(items[2], person_id=new)],
    )  # fmt: skip
    count = db.session.scalar(select(func.count()).where(DocumentLine.document_id == code))
    assert [thing(one).keeper_id for one in items] == [new, other, new]
    assert db.session.get(Place, (HOME, cabinet)).keeper_id == new
    assert count == 1 + 2 + len(world.batches[f"{HOME}/01"])  # the cabinet, items, batches
    taken_back(people["manager"], code)
    assert [thing(one).keeper_id for one in items] == [old, other, old]
    agrees()


def test_a_cabinet_with_too_much_in_it_is_handed_over_in_parts(people, world):
    shelf, kind = shelf_of(world, "01", "1"), kind_named("电子天平 01").id
    code = received(people, [Line(kind_id=kind, quantity=300, place_id=shelf)])
    carried(people["manager"], code)
    line = Line(world.cabinets[f"{HOME}/01"], person_id=people["teacher"].id)
    with pytest.raises(TooMany):
        drafted(people["manager"], "handover", [line])


def test_nothing_is_entered_that_a_lock_forbids(people, world, items, send):
    """While there is a choice: when it is written, handed in, confirmed."""
    manager, cabinet = people["manager"], world.cabinets[f"{HOME}/01"]
    to = shelf_of(world, "02", "1")
    other = world.cabinets[f"{HOME}/02"]
    room = db.session.get(Place, (HOME, cabinet)).parent_id
    wanted = [
        Draft(DocumentType.SCRAP, (Line(items[0]),), reason="坏"),
        Draft(DocumentType.TRANSFER, (Line(items[1]),), other_school=OTHER),
        Draft(DocumentType.RELOCATION, (Line(items[2], place_id=to),)),
    ]
    draft = partial(act, documents.draft, manager, rules=NO_CHAIN, today=TODAY)
    written = [draft(one).id for one in wanted]
    arrival = send([Line(world.items[f"{OTHER}/01"][0])], OTHER, HOME)
    act(lock_place, manager, code=cabinet, reason="封存")
    for one in written:
        with pytest.raises(Locked):
            act(documents.submit, manager, document_id=one, rules=NO_CHAIN)
        assert row(one).state == "draft"
    for line in (
        Line(cabinet, place_id=room),
        Line(world.items[f"{HOME}/02"][0], place_id=cabinet),
    ):
        with pytest.raises(Locked):
            draft(Draft(DocumentType.RELOCATION, (line,)))
    with pytest.raises(Locked):
        act(transfers.confirm_transfer, manager, document_id=arrival, place_id=cabinet)
    act(unlock_place, manager, code=cabinet)
    act(lock_place, manager, code=other, reason="封存")
    with pytest.raises(Locked):
        act(documents.submit, manager, document_id=written[2], rules=NO_CHAIN)
    act(documents.submit, manager, document_id=written[0], rules=NO_CHAIN)
    assert thing(items[0]).status == "to_scrap"
