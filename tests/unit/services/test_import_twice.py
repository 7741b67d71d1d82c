"""Importing any of the sample rosters a second time changes nothing."""

import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.exchange import edge, queries, service
from inventory.journal.models import Event
from inventory.ledger.models import Document, LedgerLine
from inventory.places.models import Place
from inventory.places.service import open_school
from inventory.register.models import CardLine, Holding, Thing
from inventory.scope import OPERATOR
from tests.world import NOON

ROSTERS = Path(__file__).parents[2] / "data/rosters"
FILES = {
    file["file"]: truth["school_id"]
    for path in sorted(ROSTERS.glob("*-expected.json"))
    for truth in [json.loads(path.read_text("utf-8"))]
    for file in truth["files"]
}
SMALLEST = "锦城小学-科学-系统导出.xls"
TABLES = (Event, Document, LedgerLine, Place, Thing, Holding, CardLine)


def bring_in(file, school):
    """Read, plan, stage, carry out; in large slices, for nobody scans meanwhile."""
    path = ROSTERS / file
    roster = edge.read(path, file, school)
    plan = service.plan(db.session(), OPERATOR, roster, school_id=school, item_price_yuan=500)
    job = edge.stage(OPERATOR, plan, digest=file, at=NOON)
    transact(lambda s: service.choose_places(s, OPERATOR, import_id=job, set_up=True))
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON, most=400)):
        pass
    return queries.head(db.session(), job)


def everything():
    return {
        table.__name__: db.session.scalar(select(func.count()).select_from(table))
        for table in TABLES
    } | {
        "pieces": db.session.scalar(select(func.sum(LedgerLine.quantity))),
        "last": db.session.scalar(select(func.max(Event.seq))),
    }


def twice(file):
    school = FILES[file]
    if not service.school_is_known(db.session(), school):
        transact(lambda s: open_school(s, OPERATOR, number=school, name=file[:4], at=NOON))
    first = bring_in(file, school)
    assert first.done > 100
    before = everything()

    again = bring_in(file, school)

    assert again.done == 0
    assert again.statuses == {"same": first.done}
    assert everything() == before


@pytest.mark.parametrize("file", [file for file in FILES if file != SMALLEST])
def test_a_roster_that_comes_again_changes_nothing(sqlite_world, file):
    twice(file)


def test_neither_does_it_on_the_other_engine(world):
    twice(SMALLEST)
    assert examine(True, (), None)["agrees"]
