"""People from their first day to their last: passwords, sessions, PINs, phones, badges, journal."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from inventory.app import PROJECTORS
from inventory.db import db, transact
from inventory.errors import (
    BadToken,
    DemonstrationStaysHere,
    HandoverGone,
    HoldsDemonstration,
    NotAllowed,
    NotFound,
    NotYourself,
    SchoolNeeded,
    WeakPin,
    WrongPassword,
)
from inventory.identity import queries, service
from inventory.identity.models import Person, Pin, SignIn, Token
from inventory.identity.rules import MOST_TRIES
from inventory.journal.models import Event
from inventory.journal.rebuild import Verdict, rebuild
from inventory.places.service import open_school
from inventory.register.models import Code
from inventory.register.service import codes_for_people
from inventory.scanning.service import resolve
from inventory.scope import OPERATOR, Permission, Role
from tests.world import HOME, NOON, OTHER, acting, minutes


def do(by, use, /, **values):
    """Run one use case as somebody and commit it."""
    acting(by)
    return transact(lambda session: use(session, by, at=values.pop("at", NOON), **values))


def signed_in(world, login, **more):
    acting(OPERATOR)
    values = {"address": "127.0.0.1", "agent": "test", "at": NOON} | more
    return transact(
        lambda session: service.begin_sign_in(session, world.people[login].id, **values)
    )


def session_of(secret):
    acting(OPERATOR)
    return queries.sign_in(db.session(), secret)


def kinds(person_id):
    acting(OPERATOR)
    query = select(Event).where(Event.subject == person_id).order_by(Event.chain, Event.seq)
    return [event.kind for event in db.session.scalars(query)]


@pytest.fixture
def local(world):
    """An administrator of the home school alone."""
    person = do(
        OPERATOR, service.add_person, name="校管理员", login="local", password="long enough",
        role=Role.ADMINISTRATOR, school_id=HOME,
    )  # fmt: skip
    return person.actor()


def test_whoever_is_disabled_is_out_everywhere_at_once(world):
    secret, token = signed_in(world, "technician"), world.token("technician")
    device = known_device(world, "technician")
    person_id = world.technician.id
    do(world.technician, service.hand_over, is_full=True)

    do(OPERATOR, service.disable_person, person_id=person_id)

    assert session_of(secret) is None
    assert queries.people_on(db.session(), device) == []
    assert db.session.scalar(select(Pin)) is None
    with pytest.raises(BadToken):
        service.actor_by_token(db.engine, token)
    with pytest.raises(WrongPassword):
        service.sign_in(db.session(), "technician", world.password)
    do(OPERATOR, service.enable_person, person_id=person_id)
    assert service.sign_in(db.session(), "technician", world.password).id == person_id
    with pytest.raises(BadToken):
        service.actor_by_token(db.engine, token)
    assert kinds(person_id) == [
        "token_issued", "person_disabled", "token_revoked", "person_enabled"
    ]  # fmt: skip


def test_a_one_time_password_must_be_changed_and_ends_what_was_open(world):
    secret = signed_in(world, "technician")

    given = do(OPERATOR, service.reset_password, person_id=world.technician.id)

    assert session_of(secret) is None
    person = service.sign_in(db.session(), "technician", given)
    assert person.must_change
    kept, other = signed_in(world, "technician"), signed_in(world, "technician")
    hashed = service.hash_password("another long one")
    keep = session_of(kept)[0].id
    do(world.technician, service.change_password, password_hash=hashed, keep=keep)
    assert session_of(kept)
    assert session_of(other) is None
    assert not service.sign_in(db.session(), "technician", "another long one").must_change
    with pytest.raises(WrongPassword):
        service.sign_in(db.session(), "technician", given)
    assert kinds(world.technician.id) == ["password_reset", "password_changed"]


def test_the_journal_says_who_may_do_what_and_holds_no_name_and_no_secret(world):
    person = do(
        OPERATOR, service.add_person, name="王小芳", login="wangxf", password="wang secret 8",
        role=Role.TEACHER, school_id=HOME,
    )  # fmt: skip
    do(
        OPERATOR, service.edit_person, person_id=person.id, name="王大芳", role=Role.TECHNICIAN,
        language="en",
    )  # fmt: skip
    given = do(OPERATOR, service.reset_password, person_id=person.id)
    token, secret = do(
        OPERATOR,
        service.issue_token,
        login="wangxf",
        name="站",
        scopes=frozenset({Permission.SCAN}),
    )
    do(OPERATOR, service.revoke_token, token_id=token.id)

    events = list(db.session.scalars(select(Event).where(Event.subject == person.id)))
    assert [event.kind for event in events] == [
        "person_added", "role_changed", "password_reset", "token_issued", "token_revoked"
    ]  # fmt: skip
    assert {event.chain for event in events} == {HOME}
    told = json.loads(events[1].data)
    assert (told["was"], told["role"]) == ("teacher", "technician")
    text = " ".join(event.data for event in events)
    for word in ("芳", "wang", "secret", given, secret, "站"):
        assert word not in text
    verdict = rebuild(db.session(), PROJECTORS, None, Verdict())
    assert verdict.agrees, (verdict.differences, verdict.unreplayable)


def test_a_schools_administrator_changes_nobody_of_another_school_or_the_bureau(world, local):
    for login in ("stranger", "officer"):
        person_id = world.people[login].id
        for use, more in (
            (service.edit_person, {"name": "x", "role": Role.TEACHER, "language": ""}),
            (service.disable_person, {}),
            (service.enable_person, {}),
            (service.reset_password, {}),
            (service.end_sign_ins, {"keep": None}),
        ):
            with pytest.raises(NotFound):
                do(local, use, person_id=person_id, **more)
        token = do(
            OPERATOR, service.issue_token, login=login, name="x", scopes=frozenset(Permission)
        )[0].id
        with pytest.raises(NotFound):
            do(local, service.revoke_token, token_id=token)
        sign_in = session_of(signed_in(world, login))[0].id
        with pytest.raises(NotFound):
            do(local, service.end_sign_in, sign_in_id=sign_in)
    rows, total = queries.people(acting(local))
    assert total == len(rows)
    assert {row.school_id for row in rows} == {HOME}


def test_who_is_no_administrator_changes_nobody_but_themselves(world):
    teacher, other = world.people["teacher"], world.people["technician"]
    for use, more in (
        (service.disable_person, {}),
        (service.reset_password, {}),
        (service.edit_person, {"name": "x", "role": Role.ADMINISTRATOR, "language": ""}),
    ):
        with pytest.raises(NotAllowed):
            do(teacher, use, person_id=other.id, **more)
    sign_in = session_of(signed_in(world, "technician"))[0].id
    with pytest.raises(NotFound):
        do(teacher, service.end_sign_in, sign_in_id=sign_in)


def test_an_administrator_does_not_lock_themselves_out(world, local):
    with pytest.raises(NotYourself):
        do(local, service.disable_person, person_id=local.id)
    with pytest.raises(NotYourself):
        do(local, service.edit_person, person_id=local.id, name="x", role=Role.TEACHER, language="")
    with pytest.raises(NotYourself):
        do(local, service.reset_password, person_id=local.id)


def test_a_role_of_a_school_is_nothing_for_the_bureau(world):
    person_id = world.people["officer"].id
    with pytest.raises(SchoolNeeded):
        do(
            OPERATOR, service.edit_person, person_id=person_id, name="x", role=Role.TEACHER,
            language="",
        )  # fmt: skip


# --- sessions ------------------------------------------------------------------------------


def test_a_session_ends_alone_with_all_others_or_by_an_administrator(world, local):
    first, second, third = (signed_in(world, "technician") for _ in range(3))
    ids = [session_of(one)[0].id for one in (first, second, third)]

    do(world.technician, service.end_sign_in, sign_in_id=ids[1])
    assert session_of(second) is None
    do(world.technician, service.end_sign_ins, person_id=world.technician.id, keep=ids[0])
    assert session_of(first)
    assert session_of(third) is None
    do(local, service.end_sign_in, sign_in_id=ids[0])
    assert session_of(first) is None


def test_only_the_hash_of_a_session_is_kept_and_old_ones_are_cleared_away(world):
    secret = signed_in(world, "technician")
    signed_in(world, "technician", at=NOON + timedelta(days=120))

    rows = list(db.session.scalars(select(SignIn)))
    assert len(rows) == 1
    assert secret not in (rows[0].secret_hash, rows[0].id)


# --- PINs ----------------------------------------------------------------------------------


def known_device(world, login, pin="4711"):
    acting(OPERATOR)
    device, _ = transact(lambda session: service.remember_device(session, agent="phone", at=NOON))
    do(world.people[login], service.set_pin, device_id=device, pin_hash=service.hash_pin(pin))
    return device


def attempt(device, person_id, pin):
    acting(OPERATOR)
    kept = transact(lambda session: service.take_try(session, device, person_id))
    right = service.is_right(kept, pin)
    transact(lambda session: service.settle_try(session, device, person_id, was_right=right))
    return right


def test_five_wrong_pins_take_the_pin_away_and_a_right_one_begins_anew(world):
    device, person = known_device(world, "technician"), world.technician.id
    for _ in range(MOST_TRIES - 1):
        assert not attempt(device, person, "0000")
    assert attempt(device, person, "4711")
    for _ in range(MOST_TRIES):
        assert not attempt(device, person, "0000")

    acting(OPERATOR)
    assert queries.people_on(db.session(), device) == []
    assert not attempt(device, person, "4711")


def test_tries_that_were_begun_together_are_all_counted(world):
    device, person = known_device(world, "technician"), world.technician.id
    acting(OPERATOR)
    taken = [
        transact(lambda session: service.take_try(session, device, person))
        for _ in range(MOST_TRIES + 3)
    ]

    assert sum(one is not None for one in taken) == MOST_TRIES


def test_a_pin_is_of_one_device_and_one_person(world):
    device = known_device(world, "technician")

    assert not attempt(device, world.people["teacher"].id, "4711")
    assert not attempt("0" * 32, world.technician.id, "4711")


@pytest.mark.parametrize(
    "pin", ["123", "123456789", "12a4", "0000", "1234", "9876", "7890", "1212", "123123", "1987",
            "2580", "１２３４", ""],
)  # fmt: skip
def test_pins_that_anybody_would_try_are_refused(pin):
    with pytest.raises(WeakPin):
        service.hash_pin(pin)


# --- handing a session over ----------------------------------------------------------------


def redeemed(at=NOON, **which):
    acting(OPERATOR)
    return transact(lambda session: service.redeem(session, at=at, **which))


@pytest.mark.parametrize("way", ["secret", "code"])
def test_a_session_is_handed_over_once(world, way):
    _, secret, code = do(world.technician, service.hand_over, is_full=True)
    which = {"secret": secret} if way == "secret" else {"code": code}

    person, is_full = redeemed(**which)

    assert (person.id, is_full) == (world.technician.id, True)
    for again in ({"secret": secret}, {"code": code}, {"secret": "x"}, {"code": "x"}, {"code": ""}):
        with pytest.raises(HandoverGone):
            redeemed(**again)


def test_a_handover_is_over_after_two_minutes_or_when_another_is_shown(world):
    _, secret, _ = do(world.technician, service.hand_over, is_full=True)
    with pytest.raises(HandoverGone):
        redeemed(secret=secret, at=minutes(2.1))
    _, first, _ = do(world.technician, service.hand_over, is_full=True)
    _, second, _ = do(world.technician, service.hand_over, is_full=False)
    with pytest.raises(HandoverGone):
        redeemed(secret=first)
    assert redeemed(secret=second)[1] is False


# --- the demonstration ---------------------------------------------------------------------


def test_a_token_of_the_demonstration_works_on_this_computer_alone(world):
    secret = world.token("technician")
    transact(lambda session: mark(session, world.technician.id))

    assert service.actor_by_token(db.engine, secret, is_local=True)
    with pytest.raises(DemonstrationStaysHere):
        service.actor_by_token(db.engine, secret, is_local=False)


def mark(session, person_id):
    session.get(Person, person_id).is_demonstration = True


def test_nothing_real_enters_the_demonstration(world):
    acting(OPERATOR)
    transact(lambda session: mark(session, world.technician.id))

    with pytest.raises(HoldsDemonstration):
        do(
            OPERATOR, service.add_person, name="x", login="x", password="long enough",
            role=Role.AUDITOR, school_id=None,
        )  # fmt: skip
    with pytest.raises(HoldsDemonstration):
        do(OPERATOR, open_school, number="3133990199", name="新学校")


# --- badges and names ----------------------------------------------------------------------


def test_a_badge_has_a_code_of_the_series_and_resolves_in_its_school_alone(world, local):
    person_id = world.people["teacher"].id
    do(local, codes_for_people, person_ids=[person_id])
    code = queries.person_row(db.session(), person_id).code
    do(local, codes_for_people, person_ids=[person_id])
    assert queries.person_row(db.session(), person_id).code == code
    assert (db.session.get(Code, code).bearer, db.session.get(Code, code).school_id) == (
        "person", HOME,
    )  # fmt: skip

    for login, seen in (("technician", 1), ("admin", 1), ("stranger", 0)):
        by = world.people[login]
        _, targets = resolve(acting(by).connection(), by, code)
        assert [one.type for one in targets] == ["person"] * seen, login
        assert [one.name for one in targets] == ["teacher老师"] * seen
    acting(OPERATOR)
    assert rebuild(db.session(), PROJECTORS, None, Verdict()).agrees


def test_no_badge_is_made_for_somebody_elses_people(world, local):
    with pytest.raises(NotFound):
        do(local, codes_for_people, person_ids=[world.people["stranger"].id])
    acting(OPERATOR)
    assert db.session.scalar(select(Person).where(Person.code.is_not(None))) is None


def test_people_are_found_by_initials_which_follow_their_name(world):
    session = acting(OPERATOR)
    person = session.scalar(select(Person).where(Person.login == "teacher"))
    person.name = "欧阳若曦"
    session.commit()

    found, total = queries.people(acting(world.technician), "oyrx")
    assert ([one.name for one in found], total) == (["欧阳若曦"], 1)
    assert queries.people(acting(world.technician), "阳若")[1] == 1
    assert queries.people(acting(world.technician), "%")[1] == 0
    assert queries.people(acting(world.people["stranger"]), "oyrx") == ([], 0)


def test_a_token_is_listed_without_its_secret_and_only_to_its_administrator(world, local):
    secret = world.token("technician")

    rows = queries.tokens(acting(OPERATOR))

    assert [row.login for row in rows] == ["technician"]
    assert secret not in repr(rows)
    token_id = db.session.scalar(select(Token.id))
    other = replace(local, id="x" * 32, schools=frozenset({OTHER}), school_id=OTHER)
    with pytest.raises(NotFound):
        do(other, service.revoke_token, token_id=token_id)
    do(local, service.revoke_token, token_id=token_id)
