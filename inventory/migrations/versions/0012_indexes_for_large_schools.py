"""
Indexes for schools of very many things.

The one by retirement holds only the retired: with all in it SQLite took it for what is in use, and
went through a whole school to find one thing. The one of cards sums what there is of each kind.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

RETIRED = sa.text("retired_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_thing_retired", "thing")
    op.create_index(
        "ix_thing_retired", "thing", ["school_id", "retired_at"],
        sqlite_where=RETIRED, postgresql_where=RETIRED,
    )  # fmt: skip
    op.create_index("ix_card_line_kind", "card_line", ["school_id", "kind_id", "quantity"])


def downgrade() -> None:
    op.drop_index("ix_card_line_kind", "card_line")
    op.drop_index("ix_thing_retired", "thing")
    op.create_index("ix_thing_retired", "thing", ["school_id", "retired_at"])
