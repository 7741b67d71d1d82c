"""Places, kinds and things retired; what an import made."""

import sqlalchemy as sa
from alembic import op

import inventory.base

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = inventory.base.UtcDateTime(timezone=True)
COLUMNS = (
    ("place", "retired_at", MOMENT),
    ("place", "first_words", sa.String(length=64)),
    ("kind", "retired_at", MOMENT),
    ("kind", "first_words", sa.String(length=64)),
    ("thing", "retired_at", MOMENT),
    ("thing", "retired_quantity", sa.Integer()),
    ("import", "made", sa.Text()),
    ("import", "undo_document_id", sa.String(length=11)),
    ("import", "undo_begun_at", MOMENT),
    ("import", "undone_at", MOMENT),
    ("import_row", "made", sa.Text()),
)
"""All may be empty, so neither engine has to copy a table."""


def upgrade() -> None:
    for table, column, type_ in COLUMNS:
        op.add_column(table, sa.Column(column, type_, nullable=True))


def downgrade() -> None:
    for table, column, _ in reversed(COLUMNS):
        op.drop_column(table, column)
