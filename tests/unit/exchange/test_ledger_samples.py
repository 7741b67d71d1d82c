"""The sample schools' ledgers are read without missing or inventing anything."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache

import pytest
from small_ledgers import ROSTERS

from inventory.exchange.rules import Register, Room, read_roster
from inventory.exchange.workbook import open_workbook

TRUTHS = {
    file["file"]: (truth, file)
    for path in sorted(ROSTERS.glob("*-expected.json"))
    for truth in [json.loads(path.read_text(encoding="utf-8"))]
    for file in truth["files"]
}


@cache
def register_of(school):
    cards = json.loads((ROSTERS / f"{school}-柜卡.json").read_text(encoding="utf-8"))
    return Register(tuple(map(room_of, cards["rooms"])))


def room_of(card):
    numbers = {int(cabinet["cabinet"].rsplit("-", 1)[1]) for cabinet in card["cabinets"]}
    return Room(card["room"], card["name"], frozenset(numbers), card["keeper"])


@cache
def read(file, *, with_register=False):
    book = open_workbook(ROSTERS / file)
    has_cover = book.sheets[0].name == "封面"
    given = None if has_cover and not with_register else register_of(TRUTHS[file][0]["school"])
    return read_roster(book, register=given)


def fault_places(faults):
    return sorted(
        (fault["sheet"], fault["row"], fault["code"], fault["severity"])
        + ((fault["column"],) if fault["column"] != "*" else ())
        for fault in faults
    )


def as_compared(record, fields):
    numbers = ("unit_price", "amount")
    return {
        field: Decimal(record[field]) if field in numbers and record[field] else record[field]
        for field in fields
    }


@pytest.mark.parametrize("file", TRUTHS)
def test_every_planted_fault_is_found_and_no_other(file):
    assert fault_places(read(file).as_json()["faults"]) == fault_places(TRUTHS[file][1]["faults"])


@pytest.mark.parametrize("file", TRUTHS)
def test_every_record_equals_the_true_one(file):
    truth = TRUTHS[file][1]
    found = read(file).as_json()

    assert [as_compared(r, truth["records"][0]) for r in found["records"]] == [
        as_compared(r, truth["records"][0]) for r in truth["records"]
    ]
    assert (found["data_rows"], found["clean_records"]) == (
        truth["data_rows"],
        truth["clean_records"],
    )


@pytest.mark.parametrize("file", [file for file in TRUTHS if "总账" in file])
def test_warnings_say_what_was_there_and_what_it_became(file):
    def told(faults):
        return {
            (f["sheet"], f["row"], f["column"]): (f["raw"], f.get("repaired", "none"))
            for f in faults
        }

    assert told(read(file).as_json()["faults"]) == told(TRUTHS[file][1]["faults"])


@pytest.mark.parametrize("file", [file for file in TRUTHS if "总账" in file])
def test_the_cover_tells_the_school_and_its_rooms(file):
    truth, roster = TRUTHS[file][0], read(file)

    assert (roster.school, roster.school_id, roster.stage) == (
        truth["school"],
        truth["school_id"],
        truth["stage"],
    )
    assert set(roster.rooms) == set(register_of(truth["school"]).rooms)


@pytest.mark.parametrize("file", [file for file in TRUTHS if "总账" not in file])
def test_a_file_without_cover_still_names_the_school(file):
    assert read(file).school == TRUTHS[file][0]["school"]


@pytest.mark.parametrize("file", [file for file in TRUTHS if "总账" not in file])
def test_without_any_register_no_place_is_unknown_and_short_names_are_found(file):
    truth = TRUTHS[file][1]
    roster = read_roster(open_workbook(ROSTERS / file))

    expected = [f for f in fault_places(truth["faults"]) if "location_unknown" not in f]
    assert fault_places(roster.as_json()["faults"]) == expected
    places = {record.row: str(record.location or "") for record in roster.records}
    assert {r["row"]: r["location"] or "" for r in truth["records"]}.items() <= places.items()


def test_classes_are_kept_from_the_headings():
    classes = dict.fromkeys(r.equipment_class for r in read("锦城小学-仪器总账.xlsx").records)
    assert list(classes)[:4] == ["通用仪器", "计量仪器", "专用仪器", "模型"]
    assert None not in classes
