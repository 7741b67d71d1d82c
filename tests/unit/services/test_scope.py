"""One place sets the scope of a session, and it fails closed."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from inventory.counting import queries as counting
from inventory.counting.service import open_count
from inventory.db import db, transact
from inventory.errors import NotAllowed, NotFound
from inventory.exchange import queries as exchange
from inventory.identity.models import Person
from inventory.places import queries as places
from inventory.places.models import Place
from inventory.register import queries as register
from inventory.register.models import Thing
from inventory.register.service import mint, move_thing
from inventory.scope import ACTOR, NOBODY, ScopeMissing
from tests.world import HOME, NOON, OTHER, acting


def test_without_an_actor_nothing_is_read(world):
    db.session().info.pop(ACTOR)

    with pytest.raises(ScopeMissing):
        db.session.scalars(select(Thing))


def test_nobody_sees_nothing(world):
    session = acting(NOBODY)

    assert list(session.scalars(select(Thing))) == []
    assert places.schools(session) == []


def statements(foreign):
    return [
        select(Thing),
        select(Thing.code),
        select(Thing).where(Thing.code == foreign),
        select(Thing).join(Place, (Place.school_id == Thing.school_id)),
        select(Place).where(select(Thing.code).where(Thing.school_id == OTHER).exists()),
    ]


def test_statements_see_the_actors_school_alone(world):
    foreign = world.items[f"{OTHER}/01"][0]
    session = acting(world.technician)

    assert session.get(Thing, (OTHER, foreign)) is None
    assert session.scalar(select(func.count()).select_from(Thing)) == 10
    for statement in statements(foreign):
        for row in session.scalars(statement):
            assert getattr(row, "school_id", HOME) == HOME
            assert row != foreign


def test_another_schools_rows_leave_the_session_with_their_actor(world):
    foreign = world.items[f"{OTHER}/01"][0]
    assert db.session.get(Thing, (OTHER, foreign)) is not None

    assert acting(world.technician).get(Thing, (OTHER, foreign)) is None


def test_a_bulk_update_does_not_reach_another_school(world):
    session = acting(world.technician)

    changed = session.execute(update(Thing).where(Thing.school_id == OTHER).values(note="x"))

    assert changed.rowcount == 0


def test_a_row_of_another_school_is_not_written(world):
    session = acting(world.technician)
    session.add(Place(school_id=OTHER, id="x", sort="room", short="x", name="x", path="x"))

    with pytest.raises(NotFound):
        session.flush()


def test_nobody_is_written_into_another_school(world):
    """People and codes may be of no school; where they are of one, it is in sight."""
    session = acting(world.technician)
    session.add(Person(id="x", school_id=OTHER, name="x", created_at=NOON))

    with pytest.raises(NotFound):
        session.flush()


def test_the_database_refuses_to_attach_across_schools(world):
    """The wall behind the scope: the composite keys (the class of CVE-2026-55516)."""
    code, foreign = world.items[f"{HOME}/01"][0], world.cabinets[f"{OTHER}/01"]
    db.session.get(Thing, (HOME, code)).home_id = foreign

    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_services_and_queries_do_not_find_another_school(world):
    foreign, cabinet = world.items[f"{OTHER}/01"][0], world.cabinets[f"{OTHER}/01"]
    session = acting(world.technician)

    assert register.thing(session, foreign) is None
    assert register.things_by_code(session, [foreign]) == []
    assert places.place_by_code(session, cabinet) is None
    assert {row.school_id for row in register.search(session)[0]} == {HOME}
    assert counting.rows(session) == []
    assert list(exchange.imports(session)) == []
    with pytest.raises(NotFound):
        move_thing(session, world.technician, school_id=OTHER, code=foreign, to=cabinet, at=NOON)
    with pytest.raises(NotFound):
        move_thing(
            session, world.technician, school_id=HOME, code=world.items[f"{HOME}/01"][0],
            to=cabinet, at=NOON,
        )  # fmt: skip


def test_a_permission_is_asked_for_in_the_service(world):
    teacher = world.people["teacher"]
    session = acting(teacher)
    place = places.place_by_code(session, world.cabinets[f"{HOME}/01"])

    with pytest.raises(NotAllowed):
        open_count(session, teacher, place=place, at=NOON)
    with pytest.raises(NotAllowed):
        mint(session, teacher, count=1, at=NOON)


def test_a_service_refuses_a_session_that_belongs_to_somebody_else(world):
    acting(world.people["teacher"])

    with pytest.raises(ScopeMissing):
        transact(lambda session: mint(session, world.people["admin"], count=1, at=NOON))


def test_bureau_staff_see_every_school(world):
    session = acting(world.people["auditor"])

    assert {school.id for school in places.schools(session)} == {HOME, OTHER}
    assert register.search(session)[1] == 20
