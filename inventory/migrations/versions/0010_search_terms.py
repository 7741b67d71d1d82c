"""
the terms by which rows are found, what was done to many things at once, indexes for lists.

The terms are derived: `tallycard db upgrade` writes those of what is there already.
"""

import sqlalchemy as sa
from alembic import op

from inventory.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SEES = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
OF_A_SCHOOL = ("search_term", "bulk_change", "bulk_item")
INDEXES = (
    ("ix_search_term_key", "search_term", ["school_id", "sort", "key"]),
    ("ix_bulk_change_of", "bulk_change", ["school_id", "of"]),
    ("ix_place_keeper", "place", ["school_id", "keeper_id"]),
    ("ix_thing_retired", "thing", ["school_id", "retired_at"]),
    ("ix_thing_newest", "thing", ["school_id", "registered_at"]),
    ("ix_thing_keeper", "thing", ["school_id", "keeper_id"]),
    ("ix_thing_voucher", "thing", ["school_id", "voucher"]),
)


def upgrade() -> None:
    is_postgres = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "search_term",
        sa.Column("school_id", sa.String(10), nullable=False),
        sa.Column("sort", sa.String(10), nullable=False),
        sa.Column("term", sa.String(40, collation="C" if is_postgres else None), nullable=False),
        sa.Column("key", sa.String(60), nullable=False),
        _references("search_term", ["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("school_id", "sort", "term", "key", name="pk_search_term"),
        sqlite_with_rowid=False,
    )
    _create_bulk_changes()
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    if is_postgres:
        for table in OF_A_SCHOOL:
            op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
            op.execute(
                f'CREATE POLICY schools_in_sight ON "{table}" USING ({SEES}) WITH CHECK ({SEES})'
            )


def _create_bulk_changes() -> None:
    op.create_table(
        "bulk_change",
        sa.Column("school_id", sa.String(10), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("sort", sa.String(10), nullable=False),
        sa.Column("target", sa.String(32), nullable=True),
        sa.Column("of", sa.String(32), nullable=True),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(32), nullable=False),
        sa.Column("undone_by", sa.String(32), nullable=True),
        _references("bulk_change", ["school_id"], ["school.id"]),
        _references(
            "bulk_change", ["school_id", "of"], ["bulk_change.school_id", "bulk_change.id"]
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_bulk_change"),
    )
    op.create_table(
        "bulk_item",
        sa.Column("school_id", sa.String(10), nullable=False),
        sa.Column("bulk_id", sa.String(32), nullable=False),
        sa.Column("code", sa.String(11), nullable=False),
        sa.Column("before", sa.String(32), nullable=True),
        sa.Column("after", sa.String(32), nullable=True),
        _references("bulk_item", ["school_id"], ["school.id"]),
        _references(
            "bulk_item", ["school_id", "bulk_id"], ["bulk_change.school_id", "bulk_change.id"]
        ),
        _references("bulk_item", ["school_id", "code"], ["thing.school_id", "thing.code"]),
        sa.PrimaryKeyConstraint("school_id", "bulk_id", "code", name="pk_bulk_item"),
    )


def _references(table: str, columns: list[str], targets: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        columns, targets, name=f"fk_{table}_{'_'.join(columns)}", deferrable=True,
        initially="DEFERRED",
    )  # fmt: skip


def downgrade() -> None:
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table_name=table)
    for table in reversed(OF_A_SCHOOL):
        op.drop_table(table)
