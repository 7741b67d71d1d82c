"""Taking scans in: what they mean here, once each, with the answer they were given first."""

import json

import pytest
from sqlalchemy import func, select

from inventory.db import db, transact
from inventory.register.models import Code, CodeState
from inventory.register.rules import code_of
from inventory.register.service import mint, note_labels_printed
from inventory.scanning.api import submit
from inventory.scanning.models import Scan
from inventory.scanning.service import Incoming
from inventory.scope import OPERATOR
from tests.world import HOME, NOON, OTHER, minutes


def scan(payload, seq=1, device="d", **more):
    return Incoming(device, seq, NOON, payload, **({"medium": "wedge"} | more))


def send(by, *scans, at=NOON):
    return submit(by, at, scans)


def stored():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Scan))


def test_a_code_is_seen_with_its_target(world):
    code = world.items[f"{HOME}/01"][0]

    [answer] = send(world.technician, scan(f"https://anywhere/{code}"))

    assert answer["outcome"] == "seen"
    assert answer["target"]["code"] == code
    assert answer["target"]["place"] == "科仪1-01-1"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("20000000195", "wrong_check"),
        (code_of(999_999_999), "no_such_code"),
        ("6901234567892", "not_bound"),
        ("", "empty"),
        ("x" * 5000, "too_long"),
        ("' OR 1=1 --", "not_bound"),
        ("𠮷㸆𬬭", "not_bound"),
    ],
)
def test_what_is_unknown_is_kept_and_named(world, payload, reason):
    [answer] = send(world.technician, scan(payload))

    assert (answer["outcome"], answer["reason"]) == ("unknown", reason)
    assert stored() == 1


def test_another_schools_code_is_unknown(world):
    [answer] = send(world.technician, scan(world.items[f"{OTHER}/01"][0]))

    assert (answer["outcome"], answer["target"]) == ("unknown", None)


def test_a_number_points_at_the_thing_of_ones_own_school(world):
    [answer] = send(world.technician, scan("24001-2"))
    [of_bureau] = send(world.people["auditor"], scan("24001-2"))

    assert answer["target"]["school"] == HOME
    assert (of_bureau["outcome"], of_bureau["reason"]) == ("unknown", "ambiguous")


def test_a_scan_that_comes_again_is_answered_as_the_first_time(world):
    code = world.items[f"{HOME}/01"][0]
    [first] = send(world.technician, scan(code))
    [second] = send(world.technician, scan("something else", seq=1))

    assert second["outcome"] == "again"
    assert (second["stored"], second["target"]) == (first["outcome"], first["target"])
    assert stored() == 1


def test_a_repeat_inside_one_batch_is_a_repeat(world):
    code = world.items[f"{HOME}/01"][0]

    answers = send(world.technician, scan(code), scan(code), scan(code, seq=2))

    assert [answer["outcome"] for answer in answers] == ["seen", "again", "seen"]
    assert stored() == 2


def test_the_same_device_name_in_another_school_is_another_device(world):
    code = world.items[f"{HOME}/01"][0]
    send(world.technician, scan(code))

    [answer] = send(world.people["stranger"], scan(code))

    assert answer["outcome"] == "unknown"
    assert stored() == 2


def test_a_thousand_scans_are_one_batch(world):
    codes = world.items[f"{HOME}/01"]
    scans = [scan(codes[n % 3], seq=n) for n in range(1000)]

    assert {answer["outcome"] for answer in send(world.technician, *scans)} == {"seen"}
    assert {answer["outcome"] for answer in send(world.technician, *scans)} == {"again"}
    assert stored() == 1000


def test_a_cabinet_and_a_blank_label_are_seen(world):
    [blank] = transact(lambda session: mint(session, OPERATOR, count=1, at=NOON))

    answers = send(world.technician, scan(world.cabinets[f"{HOME}/01"]), scan(blank, seq=2))

    assert [answer["target"]["type"] for answer in answers] == ["cabinet", "blank"]


@pytest.mark.parametrize(
    ("medium", "state"), [("camera", CodeState.AFFIXED), ("typed", CodeState.PRINTED)]
)
def test_a_printed_label_that_is_scanned_is_affixed(world, medium, state):
    code = world.items[f"{HOME}/01"][0]
    transact(
        lambda session: note_labels_printed(
            session, OPERATOR, job="j", stock="s", codes=[code], school_id=HOME, at=NOON
        )
    )
    send(world.technician, scan(code, medium=medium), at=minutes(1))
    db.session.rollback()

    assert db.session.get(Code, code).state is state


def test_a_task_that_nobody_knows_is_said_and_the_scan_is_kept(world):
    [answer] = send(world.technician, scan(world.items[f"{HOME}/01"][0], task="x"))

    assert answer["outcome"] == "seen"
    assert answer["task"] == {"id": "x", "outcome": "no_such_task"}


def test_the_stored_answer_is_what_was_said(world):
    [answer] = send(world.technician, scan(world.items[f"{HOME}/01"][0]))
    row = db.session.scalar(select(Scan))

    assert json.loads(row.answer) == {k: v for k, v in answer.items() if k not in {"device", "seq"}}
    assert (row.at, row.received_at, row.person_id) == (NOON, NOON, world.technician.id)


def test_a_batch_of_readable_numbers_is_taken(world):
    scans = [scan(f"24001-{n}", seq=n) for n in range(1, 1001)]

    answers = send(world.technician, *scans)

    assert [answer["outcome"] for answer in answers[:7]] == ["seen"] * 6 + ["unknown"]
