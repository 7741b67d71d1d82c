"""This module is about running migrations on the application's own engine."""

from alembic import context
from flask import current_app

from inventory.base import Base
from inventory.db import LANE, WRITES, db, tell_schools


def run() -> None:
    """Run the steps in one transaction in the write lane, so that no scan meets half of them."""
    with current_app.extensions[LANE].turn(), db.engine.connect() as plain:
        connection = plain.execution_options(**{WRITES: True})
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            compare_type=True,
        )
        with context.begin_transaction():
            tell_schools(connection, None)
            context.run_migrations()
        connection.commit()


run()
