"""Importing a ledger: staged, chosen, carried out in slices, and never twice."""

import json
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from inventory.catalogue.rules import ManagedAs
from inventory.commands.verifying import examine
from inventory.db import db, transact
from inventory.errors import (
    AlreadyApplied,
    BadSpreadsheet,
    ImportCutOff,
    NoSchoolNamed,
    NotFound,
    OtherSchoolsFile,
)
from inventory.exchange import edge, queries, service
from inventory.places.queries import cabinets, find_place
from inventory.places.service import open_school
from inventory.register.models import Thing
from inventory.register.queries import search, things_in
from inventory.scope import OPERATOR
from tests.statements import asked_of
from tests.world import HOME, NOON, OTHER, acting

SCHOOL = "2133990103"
ROSTER = Path(__file__).parents[2] / "data/rosters/锦城小学-仪器总账.xlsx"
HEADER = ["仪器编号", "仪器名称", "规格型号", "单位", "实有数量", "单价", "存放地点", "保管人"]


def ledger(tmp_path, *rows, name="账.xlsx", header=HEADER):
    book = Workbook()
    sheet = book.active
    sheet.title = "科学"
    sheet.append(header)
    for row in rows:
        sheet.append(row)
    path = tmp_path / name
    book.save(path)
    return path


def plan(path, school=HOME):
    roster = service.read(path, path.name)
    return service.plan(db.session(), OPERATOR, roster, school_id=school, item_price_yuan=500)


def stage(path, school=HOME):
    planned = plan(path, school)
    return edge.stage(OPERATOR, planned, digest="x", at=NOON)


def carry_out(import_id):
    turns = 0
    while transact(lambda s: service.apply_slice(s, OPERATOR, import_id=import_id, at=NOON)):
        turns += 1
    return turns


def bring_in(path, school=HOME):
    import_id = stage(path, school)
    carry_out(import_id)
    return queries.head(db.session(), import_id)


SCALE = ["11003", "电子秤", "1kg", "台", 2, 520, "新室-01-1", "王芳"]
CLAMP = ["02003", "试管夹", "木质", "个", 30, 2.5, "新室-01-1", "王芳"]


def test_dear_things_become_items_and_cheap_ones_a_batch(world, tmp_path):
    planned = plan(ledger(tmp_path, SCALE, CLAMP))

    assert [row.managed_as for row in planned.rows] == [ManagedAs.ITEM, ManagedAs.BATCH]
    summary = planned.summary()
    assert (summary["items"], summary["batches"], summary["labels"]) == (2, 1, 3)


def test_an_import_makes_rooms_things_ledger_lines_and_one_document(world, tmp_path):
    head = bring_in(ledger(tmp_path, SCALE, CLAMP))

    [cabinet] = find_place(db.session(), "新室-01")
    things = things_in(db.session(), HOME, cabinet.id)
    assert sorted((row.name, row.quantity) for row in things) == [
        ("电子秤", 1), ("电子秤", 1), ("试管夹", 30),
    ]  # fmt: skip
    assert {row.keeper for row in things} == {"王芳"}
    assert head.is_applied
    assert head.document_id
    report = examine(True, (), None)
    assert report["agrees"], report


def test_lines_of_one_kind_in_one_place_are_one_batch(world, tmp_path):
    more = [*CLAMP[:4], 12, 2.6, *CLAMP[6:]]
    bring_in(ledger(tmp_path, CLAMP, more))

    [row] = search(db.session(), "试管夹")[0]
    assert row.quantity == 42
    bring_in(ledger(tmp_path, [*CLAMP[:4], 8, 2.7, *CLAMP[6:]], CLAMP, more, name="2.xlsx"))
    assert examine(True, (), None)["agrees"]


def test_importing_again_creates_nothing_and_shows_what_differs(world, tmp_path):
    bring_in(ledger(tmp_path, SCALE, CLAMP))
    before = db.session.scalar(select(func.count()).select_from(Thing))
    changed = plan(ledger(tmp_path, SCALE, [*CLAMP[:4], 31, *CLAMP[5:]], name="2.xlsx"))

    assert [(row.status.value, row.differs) for row in changed.rows] == [
        ("same", ()), ("differs", ("quantity",)),
    ]  # fmt: skip
    bring_in(ledger(tmp_path, SCALE, CLAMP, name="3.xlsx"))
    assert db.session.scalar(select(func.count()).select_from(Thing)) == before


def test_two_staged_copies_of_one_file_are_carried_out_once(world, tmp_path):
    first, second = stage(ledger(tmp_path, SCALE)), stage(ledger(tmp_path, SCALE))
    carry_out(first)
    carry_out(second)

    assert search(db.session(), "电子秤")[1] == 2
    assert queries.head(db.session(), second).statuses == {"same": 1}


def test_an_import_that_was_cut_off_goes_on_where_it_stopped(world, tmp_path):
    rows = [
        ["64007", f"试管 {n}", "", "支", 5, 1, f"新室-01-{n % 3}", "王芳"] for n in range(1, 100)
    ]
    import_id = stage(ledger(tmp_path, *rows))
    while not queries.head(db.session(), import_id).done:
        transact(lambda s: service.apply_slice(s, OPERATOR, import_id=import_id, at=NOON))
    head = queries.head(db.session(), import_id)
    assert 0 < head.done < 99
    assert examine(True, (), None)["agrees"]

    carry_out(import_id)

    assert queries.head(db.session(), import_id).done == 99
    assert examine(True, (), None)["agreement"]["ledger"] == 2 * 2 * 327 + 99 * 5


def test_a_row_or_a_class_can_be_switched_before_it_is_carried_out(world, tmp_path):
    import_id = stage(ledger(tmp_path, SCALE, CLAMP))

    def choose(form, **which):
        return transact(
            lambda s: service.choose(s, OPERATOR, import_id=import_id, managed_as=form, **which)
        )

    assert choose(ManagedAs.BATCH, rows=[0]) == 1
    assert choose(ManagedAs.ITEM, equipment_class="") == 2
    carry_out(import_id)
    assert search(db.session(), "试管夹")[1] == 30
    with pytest.raises(AlreadyApplied):
        choose(ManagedAs.BATCH, rows=[0])


def test_what_has_no_place_is_listed_as_not_placed(world, tmp_path):
    bring_in(ledger(tmp_path, [*CLAMP[:6], None, None]))

    [row] = search(db.session(), "试管夹")[0]
    assert row.place_sort == "unplaced"
    assert examine(True, (), None)["agrees"]


def test_a_real_roster_goes_in_whole(world):
    """One of the three sample ledgers; the others are tried by the reader's own tests."""
    transact(lambda s: open_school(s, OPERATOR, number=SCHOOL, name="锦城小学", at=NOON))
    expected = json.loads(ROSTER.with_name("锦城小学-expected.json").read_text("utf-8"))
    truth = next(one for one in expected["files"] if one["file"] == ROSTER.name)

    head = bring_in(ROSTER, SCHOOL)

    assert head.done == truth["clean_records"]
    report = examine(True, (), SCHOOL)
    assert report["agrees"], report
    pieces = sum(record["quantity"] for record in truth["records"])
    assert report["agreement"]["things"] == pieces
    cards = json.loads(ROSTER.with_name("锦城小学-柜卡.json").read_text("utf-8"))
    rooms = {room["room"]: len(room["cabinets"]) for room in cards["rooms"]}
    assert len(cabinets(db.session(), SCHOOL)) == sum(rooms.values())


def test_the_file_of_another_school_is_refused(world):
    roster = service.read(ROSTER, ROSTER.name)

    with pytest.raises(OtherSchoolsFile):
        service.plan(db.session(), OPERATOR, roster, school_id=HOME, item_price_yuan=500)
    session = acting(world.technician)
    with pytest.raises(OtherSchoolsFile):
        service.plan(session, world.technician, roster, school_id=None, item_price_yuan=500)


def test_a_file_without_a_school_needs_one_to_be_named(world, tmp_path):
    roster = service.read(ledger(tmp_path, SCALE), "x.xlsx")

    with pytest.raises(NoSchoolNamed):
        service.plan(db.session(), OPERATOR, roster, school_id=None, item_price_yuan=500)
    session = acting(world.technician)
    with pytest.raises(NotFound):
        service.plan(session, world.technician, roster, school_id=OTHER, item_price_yuan=500)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not_a_spreadsheet"),
        (b"PK\x03\x04" + b"x" * 90, "damaged"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_the_reason(world, content, reason):
    with pytest.raises(BadSpreadsheet) as refused:
        service.read(content, "x.xlsx")

    assert refused.value.data["reason"] in {reason, "not_a_spreadsheet"}


def test_two_imports_of_one_file_side_by_side_make_everything_once(world, tmp_path):
    first, second = stage(ledger(tmp_path, SCALE, CLAMP)), stage(ledger(tmp_path, SCALE, CLAMP))
    for _ in range(8):
        for import_id in (first, second):
            transact(lambda s, i=import_id: service.apply_slice(s, OPERATOR, import_id=i, at=NOON))

    assert search(db.session(), "电子秤")[1] == 2
    assert queries.head(db.session(), first).is_applied
    assert queries.head(db.session(), second).is_applied
    assert examine(True, (), None)["agrees"]


def test_a_file_whose_staging_was_cut_off_is_not_carried_out(world, tmp_path):
    planned = plan(ledger(tmp_path, SCALE, CLAMP))
    job = transact(lambda s: service.stage(s, OPERATOR, planned, digest="x", at=NOON)).id

    with pytest.raises(ImportCutOff):
        carry_out(job)

    assert queries.head(db.session(), job).confirmed_at is None


def test_a_slice_of_a_long_file_asks_as_little_as_one_of_a_short_file(world, tmp_path):
    """Whatever a slice looks at, it looks at the next rows, never at the whole file."""

    def read_by_a_slice(rows):
        lines = [["64007", f"试管 {n}", "", "支", 5, 1, "科仪1-01-1", "王芳"] for n in range(rows)]
        job = stage(ledger(tmp_path, *lines, name=f"{rows}.xlsx"))
        transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON))
        with asked_of(db.engine) as seen:
            transact(lambda s: service.apply_slice(s, OPERATOR, import_id=job, at=NOON))
        return seen.statements, seen.objects

    short, long = read_by_a_slice(100), read_by_a_slice(900)

    assert long[0] <= short[0] + 2
    assert long[1] <= short[1] * 1.5
