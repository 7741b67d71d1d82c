"""Migrations: up from empty, the same as the models, and down again, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import inspect, select

from inventory.app import PROJECTORS, create_app
from inventory.base import Base
from inventory.commands.database import MIGRATIONS, is_migrated, newest_revision, run_migrations
from inventory.db import db
from inventory.identity.models import Person
from inventory.journal.rebuild import Verdict, rebuild
from inventory.scope import OPERATOR
from tests.conftest import config_for, run_sql, with_database
from tests.postgres import ROLE
from tests.world import acting


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request, tmp_path):
    """An application on an empty database."""
    uri = ""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_uri")
        run_sql(server, f"CREATE DATABASE empty OWNER {ROLE}")
        uri = with_database(server, "empty")
    app = create_app(config_for(tmp_path / "data", uri))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if uri:
        run_sql(request.getfixturevalue("postgres_uri"), "DROP DATABASE empty WITH (FORCE)")


def test_up_from_empty_gives_what_the_models_say_and_down_leaves_nothing(empty):
    assert not is_migrated()
    run_migrations()
    assert is_migrated()

    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []

    Migrate(empty, db, directory=str(MIGRATIONS))
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    upgrade()
    assert is_migrated()


OLD_PERSON = (
    "INSERT INTO person (id, name, login, role, is_active, created_at) "
    "VALUES ('{id}', '{name}', '{login}', 'auditor', true, '{at}')"
)


def test_a_database_of_release_0_1_0_goes_up_with_its_people_and_verifies(empty):
    Migrate(empty, db, directory=str(MIGRATIONS))
    upgrade(revision="0001")
    zone = "+00:00" if db.engine.dialect.name == "postgresql" else ".000000"
    with db.engine.begin() as connection:
        for id, name, login, at in (
            ("a", "王芳", "wang", "2026-09-01 08:00:00"),
            ("b", "周敏", "admin", "2026-09-01 08:00:00"),
            ("c", "欧阳若曦", "officer", "2026-09-01 08:00:01"),
        ):
            row = OLD_PERSON.format(id=id, name=name, login=login, at=at + zone)
            connection.exec_driver_sql(row)

    run_migrations()

    acting(OPERATOR)
    people = {one.id: one for one in db.session.scalars(select(Person))}
    assert [people[one].initials for one in "abc"] == ["wf", "zm", "oyrx"]
    assert [people[one].is_demonstration for one in "abc"] == [False, True, False]
    assert not any(one.must_change or one.code for one in people.values())
    verdict = rebuild(db.session(), PROJECTORS, None, Verdict())
    assert verdict.agrees


def test_the_newest_step_is_found_by_its_name():
    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
