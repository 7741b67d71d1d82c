"""Cabinet cards are checked on the spot; a place can be locked."""

import sqlalchemy as sa
from alembic import op

import inventory.base

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = inventory.base.UtcDateTime(timezone=True)
OWN = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
DEFERRED = {"initially": "DEFERRED", "deferrable": True}


def upgrade() -> None:
    op.add_column("place", sa.Column("locked_at", MOMENT))
    op.add_column("place", sa.Column("lock_reason", sa.String(200)))
    op.add_column("thing", sa.Column("document_number", sa.String(20)))
    op.add_column("thing", sa.Column("lent", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "card_check",
        sa.Column("school_id", sa.String(10), nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("cabinet_id", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("contents", sa.String(64), nullable=False),
        sa.Column("is_right", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(200)),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("checked_by", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.id"], name=op.f("fk_card_check_school_id"), **DEFERRED
        ),
        sa.ForeignKeyConstraint(
            ["school_id", "cabinet_id"],
            ["place.school_id", "place.id"],
            name=op.f("fk_card_check_school_id_cabinet_id"),
            **DEFERRED,
        ),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_card_check")),
    )
    op.create_index("ix_thing_status", "thing", ["school_id", "status"])
    op.create_index(
        "ix_card_check_cabinet", "card_check", ["school_id", "cabinet_id", "checked_at"]
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE card_check ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE card_check FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY schools_in_sight ON card_check USING ({OWN}) WITH CHECK ({OWN})")


def downgrade() -> None:
    op.drop_index("ix_thing_status", "thing")
    op.drop_table("card_check")
    op.drop_column("thing", "lent")
    op.drop_column("thing", "document_number")
    op.drop_column("place", "lock_reason")
    op.drop_column("place", "locked_at")
