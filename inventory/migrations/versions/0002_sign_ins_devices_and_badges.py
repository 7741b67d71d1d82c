"""sign-ins, devices with a PIN, handing a session over; initials, badges, the demonstration's mark."""

import sqlalchemy as sa
from alembic import op
from pypinyin import Style, lazy_pinyin

import inventory.base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DEMONSTRATION = (
    "admin", "officer", "auditor", "manager", "technician", "principal", "teacher", "yuqian",
    "jincheng",
)  # fmt: skip
"""Names with which release 0.1.0 loaded its demonstration; it stamped them with a fixed instant."""
OPENED = "2026-09-01 08:00:00"
NEW_COLUMNS = (
    "initials VARCHAR(60) DEFAULT '' NOT NULL",
    "must_change BOOLEAN DEFAULT false NOT NULL",
    "is_demonstration BOOLEAN DEFAULT false NOT NULL",
    # With its reference in the column, checked at once: so SQLite adds it without copying the
    # table, to which others refer.
    "code VARCHAR(11) CONSTRAINT fk_person_code REFERENCES code (code)",
)


def upgrade() -> None:
    for column in NEW_COLUMNS:
        op.execute(f"ALTER TABLE person ADD COLUMN {column}")
    op.create_index("ix_person_code", "person", ["code"], unique=True)
    _fill_in()
    instant = inventory.base.UtcDateTime(timezone=True)
    op.create_table(
        "device",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("secret_hash", name="uq_device_secret_hash"),
    )
    op.create_table(
        "pin",
        sa.Column("device_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        _references("pin", "device_id", "device.id"),
        _references("pin", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("device_id", "person_id", name="pk_pin"),
    )
    op.create_index("ix_pin_person_id", "pin", ["person_id"])
    op.create_table(
        "sign_in",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.String(length=32), nullable=True),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        _references("sign_in", "person_id", "person.id"),
        _references("sign_in", "device_id", "device.id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("secret_hash", name="uq_sign_in_secret_hash"),
    )
    op.create_index("ix_sign_in_person_id", "sign_in", ["person_id"])
    op.create_table(
        "handover",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("used_at", instant, nullable=True),
        _references("handover", "person_id", "person.id"),
        sa.PrimaryKeyConstraint("id", name="pk_handover"),
        sa.UniqueConstraint("secret_hash", name="uq_handover_secret_hash"),
    )
    op.create_index("ix_handover_code_hash", "handover", ["code_hash"])
    op.create_index("ix_handover_person_id", "handover", ["person_id"])


def _references(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", deferrable=True, initially="DEFERRED"
    )


def _fill_in() -> None:
    """Give everybody initials, and the people of an earlier demonstration their mark."""
    connection = op.get_bind()
    person = sa.table(
        "person", sa.column("id"), sa.column("name"), sa.column("login"), sa.column("initials"),
        sa.column("is_demonstration"), sa.column("created_at"),
    )  # fmt: skip
    for row in connection.execute(sa.select(person.c.id, person.c.name)).all():
        connection.execute(
            person.update().where(person.c.id == row.id).values(initials=_initials(row.name))
        )
    created = sa.cast(person.c.created_at, sa.String)
    if connection.dialect.name == "postgresql":
        created = sa.cast(sa.func.timezone("UTC", person.c.created_at), sa.String)
    connection.execute(
        person.update()
        .where(person.c.login.in_(DEMONSTRATION), created.like(f"{OPENED}%"))
        .values(is_demonstration=True)
    )


def _initials(name: str) -> str:
    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors="default")
    return "".join(sign for chunk in letters for sign in chunk if sign.isalnum()).lower()[:60]


def downgrade() -> None:
    for table in ("handover", "sign_in", "pin", "device"):
        op.drop_table(table)
    op.drop_index("ix_person_code", "person")
    for column in ("code", "is_demonstration", "must_change", "initials"):
        op.execute(f"ALTER TABLE person DROP COLUMN {column}")
