"""Kinds and things in full; tags and attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OF_KIND = (
    ("reference_price_cents", sa.BigInteger()),
    ("life_years", sa.Integer()),
    ("durability", sa.String(10)),
    ("merged_into", sa.String(32)),
)
OF_THING = (
    ("serial_no", sa.String(60)),
    ("maker", sa.String(100)),
    ("supplier", sa.String(100)),
    ("invoice", sa.String(60)),
    ("accepted", sa.String(10)),
    ("source", sa.String(10)),
    ("warranty_until", sa.String(10)),
    ("condition", sa.String(10)),
    ("present_place_id", sa.String(32)),
    ("joined_into", sa.String(11)),
    ("broken_from", sa.String(11)),
)
INDEXED = ("serial_no", "finance_card_no", "broken_from")
NEW = ("kind_code", "tag", "attachment")
SEES = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
JOINED = """
UPDATE thing SET joined_into = (
    SELECT {into} FROM event
    WHERE event.school_id = thing.school_id AND event.subject = thing.code
      AND event.kind = 'batch_parted' ORDER BY event.seq DESC LIMIT 1
)
WHERE retired_at IS NOT NULL AND retired_quantity IS NULL
"""
"""Which batch a retired one joined is known from the journal."""


def upgrade() -> None:
    for name, of in OF_KIND:
        op.add_column("kind", sa.Column(name, of, nullable=True))
    for name, of in OF_THING:
        op.add_column("thing", sa.Column(name, of, nullable=True))
    for column in INDEXED:
        op.create_index(f"ix_thing_{column}", "thing", ["school_id", column])
    _kind_code()
    _tag()
    _attachment()
    _wall_off()
    is_postgres = op.get_bind().dialect.name == "postgresql"
    into = "data::json->>'into'" if is_postgres else "json_extract(data, '$.into')"
    op.execute(JOINED.format(into=into))


def _school() -> list[sa.Column]:
    return [sa.Column("school_id", sa.String(10), nullable=False)]


def _of_school(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id"], ["school.id"], name=op.f(f"fk_{table}_school_id"), deferrable=True,
        initially="DEFERRED",
    )  # fmt: skip


def _of_code(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["code.code"], name=op.f(f"fk_{table}_{column}"), deferrable=True,
        initially="DEFERRED",
    )  # fmt: skip


def _kind_code() -> None:
    op.create_table(
        "kind_code",
        *_school(),
        sa.Column("kind_id", sa.String(32), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("system", sa.String(40), nullable=False),
        sa.Column("edition", sa.String(40), nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        _of_school("kind_code"),
        sa.ForeignKeyConstraint(
            ["school_id", "kind_id"], ["kind.school_id", "kind.id"],
            name=op.f("fk_kind_code_school_id_kind_id"), deferrable=True, initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("school_id", "kind_id", "ordinal", name=op.f("pk_kind_code")),
    )  # fmt: skip
    op.create_index("ix_kind_code_code", "kind_code", ["school_id", "code"])


def _tag() -> None:
    op.create_table(
        "tag",
        *_school(),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("medium", sa.String(10), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("code", sa.String(11), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("bound_by", sa.String(32), nullable=False),
        sa.Column("unbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unbound_by", sa.String(32), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        _of_school("tag"),
        _of_code("tag", "code"),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_tag")),
    )
    alive = sa.text("unbound_at IS NULL")
    op.create_index(
        "uq_tag_live", "tag", ["school_id", "medium", "value"], unique=True, sqlite_where=alive,
        postgresql_where=alive,
    )  # fmt: skip
    op.create_index("ix_tag_value", "tag", ["value"])
    op.create_index("ix_tag_code", "tag", ["school_id", "code"])


def _attachment() -> None:
    op.create_table(
        "attachment",
        *_school(),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(11), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(32), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(32), nullable=True),
        _of_school("attachment"),
        _of_code("attachment", "subject"),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_subject", "attachment", ["school_id", "subject"])
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])


def _wall_off() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in NEW:
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY schools_in_sight ON "{table}" USING ({SEES}) WITH CHECK ({SEES})'
        )


def downgrade() -> None:
    for table in reversed(NEW):
        op.drop_table(table)
    for column in INDEXED:
        op.drop_index(f"ix_thing_{column}", "thing")
    for table, columns in (("thing", OF_THING), ("kind", OF_KIND)):
        for name, _ in reversed(columns):
            op.drop_column(table, name)
