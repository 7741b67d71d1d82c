"""People and tokens: who signs in, and that nobody hands out more than they have."""

from dataclasses import replace

import pytest

from inventory.db import db, transact
from inventory.errors import (
    BadToken,
    NameTaken,
    NotFound,
    SchoolNeeded,
    ShortPassword,
    WrongPassword,
)
from inventory.identity import service
from inventory.identity.models import Token
from inventory.scope import OPERATOR, Permission, Role
from tests.world import HOME, NOON, OTHER, acting


def add(by, **more):
    values = {
        "name": "新人", "login": "new", "password": "long enough", "role": Role.TECHNICIAN,
        "school_id": HOME, "at": NOON,
    }  # fmt: skip
    acting(by)
    return transact(lambda session: service.add_person(session, by, **(values | more)))


def test_somebody_new_can_sign_in_by_name_in_any_case(world):
    person = add(OPERATOR)

    acting(OPERATOR)
    assert service.sign_in(db.session(), " NEW ", "long enough").id == person.id
    with pytest.raises(WrongPassword):
        service.sign_in(db.session(), "new", "another one")


def test_a_person_who_left_cannot_sign_in(world):
    add(OPERATOR).is_active = False
    db.session.commit()

    with pytest.raises(WrongPassword):
        service.sign_in(db.session(), "new", "long enough")


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"password": "short"}, ShortPassword),
        ({"login": "technician"}, NameTaken),
        ({"school_id": None}, SchoolNeeded),
    ],
)
def test_who_cannot_be_added_is_refused(world, more, refusal):
    with pytest.raises(refusal):
        add(OPERATOR, **more)


def test_a_schools_administrator_makes_nobody_greater(world):
    local = replace(world.people["admin"], school_id=HOME, schools=frozenset({HOME}), id="local")

    for more in ({"school_id": None, "role": Role.ADMINISTRATOR}, {"school_id": OTHER}):
        with pytest.raises(NotFound):
            add(local, **more)
    with pytest.raises(NotFound):
        transact(
            lambda session: service.issue_token(
                session, local, login="admin", name="x", scopes=frozenset(Permission), at=NOON
            )
        )


def test_a_token_speaks_for_its_person_within_its_scopes_until_it_is_revoked(world):
    secret = world.token("technician", Permission.SCAN, Permission.ADMINISTER)

    actor = service.actor_by_token(db.engine, secret)

    assert (actor.id, actor.schools) == (world.technician.id, frozenset({HOME}))
    assert actor.permissions == {Permission.SCAN}
    db.session.query(Token).update({"revoked_at": NOON})
    db.session.commit()
    for bad in (secret, "tc_unknown", "unknown"):
        with pytest.raises(BadToken):
            service.actor_by_token(db.engine, bad)
