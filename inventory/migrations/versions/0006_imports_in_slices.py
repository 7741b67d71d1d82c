"""Imports are staged in slices: how many rows there will be, which places they need."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("import", sa.Column("places", sa.Text(), nullable=True))
    op.add_column("import", sa.Column("rows_total", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("import", "rows_total")
    op.drop_column("import", "places")
