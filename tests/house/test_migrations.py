"""Migrations: up from empty, the same as the models, and down again, on both engines."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_migrate import Migrate, downgrade, upgrade
from sqlalchemy import inspect

from inventory.app import create_app
from inventory.base import Base
from inventory.commands.database import MIGRATIONS, is_migrated, newest_revision, run_migrations
from inventory.db import db
from tests.conftest import config_for, run_sql, with_database
from tests.postgres import ROLE


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


def test_the_newest_step_is_found_by_its_name():
    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
