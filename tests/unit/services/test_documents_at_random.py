"""
Documents at random: whatever two schools do, in whatever order, the books stay right.

After every step no balance is below zero, quantities over all places add up to nothing, the state
is what the journal derives, ledger = things = cards, and nobody sees a row of the other school.
"""

import os
from contextlib import contextmanager
from datetime import date

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from inventory.app import DEEDS, create_app
from inventory.base import Base, SchoolScoped
from inventory.commands.verifying import examine
from inventory.custody import service as custody
from inventory.custody import transfers_service as transfers
from inventory.custody.models import Loan
from inventory.custody.service import Wanted
from inventory.db import db, transact
from inventory.errors import Refusal
from inventory.ledger import documents_service as documents
from inventory.ledger import merging_service as merging
from inventory.ledger import service as ledger
from inventory.ledger.documents_service import Decision, Draft, Line, Rules
from inventory.ledger.models import Document, LedgerLine
from inventory.ledger.rules import DocumentType, chains
from inventory.places.models import Place, Sort
from inventory.register import parts_service as parts
from inventory.register import service as register
from inventory.register.models import Code, Holding, Thing
from inventory.scope import OPERATOR
from tests.conftest import config_for, run_sql, with_database
from tests.postgres import ROLE
from tests.world import HOME, NOON, OTHER, acting

EXAMPLES = int(os.environ.get("DOCUMENT_EXAMPLES", "3"))
STEPS = int(os.environ.get("DOCUMENT_STEPS", "18"))
PHASES = [one for one in Phase if one is not Phase.shrink or "DOCUMENT_SHRINK" in os.environ]
"""Making a failure shorter takes minutes: ask for it with DOCUMENT_SHRINK=1."""
RULES = Rules(DEEDS, chains("scrap: principal; loss: ; transfer: "))
TODAY = date(2026, 11, 23)
SCHOOLS = st.sampled_from([HOME, OTHER])
PICK = st.integers(min_value=0, max_value=10_000)
FEW = st.integers(min_value=1, max_value=9)


def pick(rows, n):
    """One of some rows, the same for the same number."""
    found = sorted(rows)
    return found[n % len(found)] if found else None


class Schools(RuleBasedStateMachine):
    """Two schools and what people do in them. A refusal is a lawful answer; it changes nothing."""

    def __init__(self, world):
        super().__init__()
        self.people = {HOME: world.people["manager"], OTHER: world.people["stranger"]}
        self.principal = world.people["principal"]
        self.voucher = 0

    def act(self, school, service, /, *args, **values):
        who = values.pop("who", None) or self.people[school]
        acting(who)
        values = {"school_id": school, "at": NOON} | values
        try:
            return transact(lambda s: getattr(service(s, who, *args, **values), "id", None))
        except Refusal:
            return None

    def rows(self, school, column, *conditions):
        acting(self.people[school])
        return db.session.scalars(select(column).where(*conditions)).all()

    def things(self, school):
        return self.rows(school, Thing.code, Thing.retired_at.is_(None))

    def spots(self, school):
        return self.rows(school, Place.id, Place.sort.in_(["shelf", "cabinet", "unplaced"]))

    def hand_in(self, school, type, lines, **values):
        common = {"rules": RULES, "school_id": school}
        made = self.act(
            school, documents.draft, Draft(DocumentType(type), tuple(lines), **values),
            today=TODAY, **common,
        )  # fmt: skip
        if made is not None:
            self.act(school, documents.submit, document_id=made, **common)
            while self.act(school, _advance, document_id=made, **common):
                pass

    @rule(school=SCHOOLS, n=PICK, q=FEW, type=st.sampled_from(["scrap", "loss"]))
    def end(self, school, n, q, type):
        code = pick(self.things(school), n)
        if code:
            self.hand_in(school, type, [Line(code, quantity=self.at_most(school, code, q))],
                         reason="坏")  # fmt: skip

    def at_most(self, school, code, q):
        acting(self.people[school])
        thing = db.session.get(Thing, (school, code))
        return 1 if thing is None or thing.managed_as == "item" else q

    @rule(school=SCHOOLS, n=PICK, q=FEW, m=PICK)
    def relocate(self, school, n, q, m):
        code, to = pick(self.things(school), n), pick(self.spots(school), m)
        if code and to:
            line = Line(code, quantity=self.at_most(school, code, q), place_id=to)
            self.hand_in(school, "relocation", [line])

    @rule(school=SCHOOLS, n=PICK, q=FEW, m=PICK)
    def move_by_hand(self, school, n, q, m):
        code, to = pick(self.things(school), n), pick(self.spots(school), m)
        if code and to:
            quantity = self.at_most(school, code, q)
            self.act(school, register.move_thing, code=code, to=to, quantity=quantity)

    @rule(school=SCHOOLS, n=PICK, q=FEW)
    def send(self, school, n, q):
        code = pick(self.things(school), n)
        if code:
            line = Line(code, quantity=self.at_most(school, code, q))
            other = OTHER if school == HOME else HOME
            self.hand_in(school, "transfer", [line], other_school=other)

    @rule(school=SCHOOLS, n=PICK, takes=st.booleans())
    def receive(self, school, n, takes):
        waiting = self.rows(
            school, Document.id, Document.type == "arrival", Document.state == "submitted"
        )
        document = pick(waiting, n)
        if document and takes:
            self.act(school, transfers.confirm_transfer, document_id=document)
        elif document:
            self.act(school, transfers.refuse_transfer, document_id=document, reason="不对")

    @rule(n=PICK, approves=st.booleans())
    def decide(self, n, approves):
        document = pick(self.rows(HOME, Document.id, Document.waits_for == "principal"), n)
        if document:
            self.act(
                HOME, documents.decide, Decision(approves, "理由"), document_id=document,
                rules=RULES, today=TODAY, who=self.principal,
            )  # fmt: skip
            while self.act(HOME, _advance, document_id=document, rules=RULES):
                pass

    @rule(school=SCHOOLS, n=PICK)
    def reverse(self, school, n):
        done = self.rows(school, Document.id, Document.state == "executed")
        document = pick(done, n)
        counter = self.act(
            school, documents.reverse, document_id=document, reason="错", rules=RULES, today=TODAY
        )
        while counter and self.act(school, _advance, document_id=counter, rules=RULES):
            pass

    @rule(school=SCHOOLS, n=PICK)
    def withdraw(self, school, n):
        document = pick(self.rows(school, Document.id, Document.state != "executed"), n)
        if document:
            self.act(school, documents.withdraw, document_id=document, rules=RULES)

    @rule(school=SCHOOLS, n=PICK, q=FEW)
    def lend(self, school, n, q):
        code = pick(self.things(school), n)
        people = self.rows(school, documents.Person.id, documents.Person.school_id == school)
        if code:
            wanted = [Wanted(code, self.at_most(school, code, q))]
            self.act(
                school, custody.lend, wanted, person_id=pick(people, n), rules=RULES, today=TODAY
            )

    @precondition(lambda self: self.rows(HOME, Loan.id) or self.rows(OTHER, Loan.id))
    @rule(school=SCHOOLS, n=PICK, q=FEW)
    def take_back(self, school, n, q):
        code = pick(self.rows(school, Loan.code, Loan.closed_at.is_(None)), n)
        if code:
            wanted = [Wanted(code, self.at_most(school, code, q))]
            self.act(school, custody.take_return, wanted, rules=RULES, today=TODAY)

    @rule(school=SCHOOLS, n=PICK, q=FEW, m=PICK)
    def receipt(self, school, n, q, m):
        self.voucher += 1
        kind = pick(set(self.rows(school, Thing.kind_id)), n)
        line = Line(kind_id=kind, quantity=q, unit_price_cents=100, place_id=pick(
            self.spots(school), m))  # fmt: skip
        self.hand_in(school, "receipt", [line], voucher=f"V{self.voucher}")

    @rule(school=SCHOOLS, n=PICK)
    def repair(self, school, n):
        code = pick(self.things(school), n)
        if code:
            self.hand_in(school, "repair", [Line(code)], reason="修")

    @rule(school=SCHOOLS, n=PICK, mended=st.booleans())
    def end_repair(self, school, n, mended):
        document = pick(self.rows(school, Document.id, Document.waits_for == "repair"), n)
        if document:
            codes = self.rows(school, documents.DocumentLine.code,
                              documents.DocumentLine.document_id == document)  # fmt: skip
            beyond = [] if mended else codes
            self.act(school, custody.end_repair, document_id=document, beyond=beyond)

    @rule(school=SCHOOLS, n=PICK)
    def retire_by_hand(self, school, n):
        code = pick(self.things(school), n)
        if code:
            self.act(school, ledger.retire_thing, code=code, reason="错")

    @rule(school=SCHOOLS, n=PICK, q=FEW)
    def break_batch(self, school, n, q):
        batch = pick(self.rows(school, Thing.code, Thing.managed_as == "batch"), n)
        if batch:
            self.act(school, parts.break_batch, code=batch, quantity=q)

    @rule(school=SCHOOLS, n=PICK, m=PICK)
    def merge_kinds(self, school, n, m):
        kinds = set(self.rows(school, Thing.kind_id, Thing.managed_as == "batch"))
        one, other = pick(kinds, n), pick(kinds, m)
        if one:
            self.act(school, merging.merge_kinds, kind_id=one, into=other)

    @invariant()
    def nothing_is_below_zero_and_all_adds_up(self):
        acting(OPERATOR)
        session = db.session()
        negative = session.execute(
            select(Holding.code, Holding.place_id, Holding.quantity)
            .join(Place, (Place.school_id == Holding.school_id) & (Place.id == Holding.place_id))
            .where(Holding.quantity < 0, Place.sort.not_in([Sort.OUTSIDE.value]))
        ).all()
        assert negative == []
        assert session.scalar(select(func.sum(Holding.quantity))) == 0
        below = session.execute(
            select(LedgerLine.kind_id)
            .group_by(LedgerLine.school_id, LedgerLine.kind_id)
            .having(func.sum(LedgerLine.quantity) < 0)
        ).all()
        assert below == []
        lent = session.execute(select(Loan.quantity, Loan.returned)).all()
        assert all(0 <= returned <= quantity for quantity, returned in lent)

    @invariant()
    def all_agrees_and_derives_again(self):
        acting(OPERATOR)
        for school in (HOME, OTHER, None):  # the last: all of them at once
            report = examine(True, (), school)
            wrong = {k: v for k, v in report.items() if v and k not in {"heads", "events", "rows"}}
            assert report["agrees"], str(wrong)[:3000]

    @invariant()
    def nobody_sees_the_other_school(self):
        for school, who in self.people.items():
            session = acting(who)
            for mapper in Base.registry.mappers:
                model = mapper.class_
                if issubclass(model, SchoolScoped):
                    seen = set(session.scalars(select(model.school_id).distinct()))
                    assert seen <= {school}, model
            alive = select(Thing.code).where(Thing.retired_at.is_(None))
            owners = set(session.scalars(select(Code.school_id).where(Code.code.in_(alive))))
            assert owners <= {school}


class _More:
    """That there is more to be done, as something with an id."""

    def __init__(self, more):
        self.id = more or None


def _advance(session, who, **values):
    return _More(documents.advance(session, who, **values))


@contextmanager
def deployment(config):
    app = create_app(config)
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def fresh(request, tmp_path):
    """Makes a fresh copy of the small world on an engine, as often as it is asked to."""
    made = []

    @contextmanager
    def on_sqlite():
        import shutil

        file, world = request.getfixturevalue("world_file")
        config = config_for(tmp_path / str(len(made)))
        made.append(config)
        shutil.copy(file, config.database_file)
        with deployment(config):
            yield world

    @contextmanager
    def on_postgres():
        uri = request.getfixturevalue("postgres_uri")
        template, world = request.getfixturevalue("world_database")
        name = f"random_{len(made)}"
        made.append(name)
        run_sql(uri, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLE}")
        with deployment(config_for(tmp_path / name, with_database(uri, name))):
            yield world
        run_sql(uri, f"DROP DATABASE {name} WITH (FORCE)")

    return on_sqlite if request.param == "sqlite" else on_postgres


def test_whatever_schools_do_their_books_stay_right(fresh):
    class Machine(Schools):
        def __init__(self):
            self.opened = fresh()
            super().__init__(self.opened.__enter__())

        def teardown(self):
            self.opened.__exit__(None, None, None)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck), print_blob=True, phases=PHASES,
        ),
    )  # fmt: skip
