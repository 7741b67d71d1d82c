"""
the terms by which rows are found, and indexes for lists.

The terms are derived: `tallycard db upgrade` writes those of what is there already.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

SEES = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
INDEXES = (
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
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name="fk_search_term_school_id", deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("school_id", "sort", "term", "key", name="pk_search_term"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ix_search_term_key", "search_term", ["school_id", "sort", "key"])
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    if is_postgres:
        op.execute('ALTER TABLE "search_term" ENABLE ROW LEVEL SECURITY')
        op.execute('ALTER TABLE "search_term" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY schools_in_sight ON "search_term" USING ({SEES}) WITH CHECK ({SEES})'
        )


def downgrade() -> None:
    for name, table, _ in INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_table("search_term")
