"""This module is about SQL below the ORM for throwing the demonstration away as a whole."""

from sqlalchemy import Connection, delete, text

from inventory.base import Base


def others_connected(connection: Connection) -> int:
    """Return how many others are connected to this database; SQLite has a lock file instead."""
    if connection.dialect.name != "postgresql":
        return 0
    found = connection.execute(
        text(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    )
    return int(found.scalar() or 0)


def empty_every_table(connection: Connection) -> None:
    """Delete every row; the tables stay, at the form that they have."""
    for table in reversed(Base.metadata.sorted_tables):
        connection.execute(delete(table))
