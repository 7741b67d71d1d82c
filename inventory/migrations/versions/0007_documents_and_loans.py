"""Documents with lines, approvals and deputies; where a thing is in its life; loans."""

import sqlalchemy as sa
from alembic import op

import inventory.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = inventory.base.UtcDateTime(timezone=True)
COLUMNS = (
    # `posted_at` and `posted_by` say from now on when and by whom a document was begun.
    ("document", sa.Column("state", sa.String(12), nullable=False, server_default="executed")),
    ("document", sa.Column("submitted_at", MOMENT)),
    ("document", sa.Column("round", sa.Integer(), nullable=False, server_default="0")),
    ("document", sa.Column("waits_for", sa.String(20))),
    ("document", sa.Column("executed_at", MOMENT)),
    ("document", sa.Column("executed_by", sa.String(32))),
    ("document", sa.Column("filed_at", MOMENT)),
    ("document", sa.Column("reverses", sa.String(11))),
    ("document", sa.Column("reversed_by", sa.String(11))),
    ("document", sa.Column("reason", sa.String(400))),
    ("document", sa.Column("voucher", sa.String(60))),
    ("document", sa.Column("due", sa.String(10))),
    ("document", sa.Column("other_school", sa.String(10))),
    ("document", sa.Column("other_document", sa.String(11))),
    ("document", sa.Column("details", sa.Text())),
    ("document", sa.Column("done", sa.Integer(), nullable=False, server_default="0")),
    ("document", sa.Column("revision", sa.Integer(), nullable=False, server_default="0")),
    ("code", sa.Column("hops", sa.Integer(), nullable=False, server_default="0")),
    ("thing", sa.Column("status", sa.String(16), nullable=False, server_default="in_use")),
    ("thing", sa.Column("document_id", sa.String(11))),
)
"""Each is empty or has one value everywhere, so neither engine has to copy a table."""
OWN = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
OF_A_SCHOOL = ("document_line", "document_step", "loan")


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, column)
    op.execute("UPDATE document SET executed_at = posted_at, executed_by = posted_by")
    op.create_index("ix_document_waits", "document", ["school_id", "state", "waits_for"])
    _make_lines()
    _make_steps()
    _make_deputies()
    _make_loans()
    if op.get_bind().dialect.name == "postgresql":
        for table in OF_A_SCHOOL:
            _wall_off(table, OWN)
        _wall_off("deputy", f"(school_id IS NULL OR {OWN})")


def _wall_off(table: str, seen: str) -> None:
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY schools_in_sight ON "{table}" USING ({seen}) WITH CHECK ({seen})')


def _school(table: str) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    return (
        sa.Column("school_id", sa.String(10), nullable=False),
        _key(f"fk_{table}_school_id", ["school_id"], ["school.id"]),
    )


def _key(name: str, columns: list[str], targets: list[str]) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        columns, targets, name=op.f(name), initially="DEFERRED", deferrable=True
    )


def _of(table: str, column: str, target: str, key: str = "id") -> sa.ForeignKeyConstraint:
    """A composite key: the row that is referred to is of the same school."""
    return sa.ForeignKeyConstraint(
        ["school_id", column], [f"{target}.school_id", f"{target}.{key}"],
        name=op.f(f"fk_{table}_school_id_{column}"), initially="DEFERRED", deferrable=True,
    )  # fmt: skip


def _make_lines() -> None:
    school, school_key = _school("document_line")
    op.create_table(
        "document_line",
        school,
        sa.Column("document_id", sa.String(11), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(11)),
        sa.Column("kind_id", sa.String(32)),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_cents", sa.BigInteger()),
        sa.Column("place_id", sa.String(32)),
        sa.Column("person_id", sa.String(32)),
        sa.Column("note", sa.String(400)),
        sa.Column("details", sa.Text()),
        school_key,
        _of("document_line", "document_id", "document"),
        _of("document_line", "kind_id", "kind"),
        _of("document_line", "place_id", "place"),
        _of("document_line", "person_id", "person"),
        sa.PrimaryKeyConstraint("school_id", "document_id", "n", name=op.f("pk_document_line")),
    )
    op.create_index("ix_document_line_code", "document_line", ["school_id", "code"])


def _make_steps() -> None:
    school, school_key = _school("document_step")
    op.create_table(
        "document_step",
        school,
        sa.Column("document_id", sa.String(11), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("outcome", sa.String(12)),
        sa.Column("signed_by", sa.String(32)),
        sa.Column("entered_by", sa.String(32)),
        sa.Column("deputy_of", sa.String(32)),
        sa.Column("on_paper", sa.Boolean(), nullable=False),
        sa.Column("attachment_id", sa.String(32)),
        sa.Column("reason", sa.String(400)),
        sa.Column("decided_at", MOMENT),
        school_key,
        _of("document_step", "document_id", "document"),
        sa.PrimaryKeyConstraint(
            "school_id", "document_id", "round", "n", name=op.f("pk_document_step")
        ),
    )


def _make_deputies() -> None:
    op.create_table(
        "deputy",
        sa.Column("school_id", sa.String(10)),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("deputy_id", sa.String(32), nullable=False),
        sa.Column("first", sa.String(10), nullable=False),
        sa.Column("last", sa.String(10), nullable=False),
        sa.Column("ended_at", MOMENT),
        _key("fk_deputy_school_id", ["school_id"], ["school.id"]),
        _key("fk_deputy_person_id", ["person_id"], ["person.id"]),
        _key("fk_deputy_deputy_id", ["deputy_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputy")),
    )
    op.create_index(op.f("ix_deputy_school_id"), "deputy", ["school_id"])
    op.create_index("ix_deputy_deputy", "deputy", ["deputy_id"])


def _make_loans() -> None:
    school, school_key = _school("loan")
    op.create_table(
        "loan",
        school,
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("document_id", sa.String(11), nullable=False),
        sa.Column("code", sa.String(11), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.Column("lent_at", MOMENT, nullable=False),
        sa.Column("due", sa.String(10)),
        sa.Column("closed_at", MOMENT),
        school_key,
        _of("loan", "code", "thing", "code"),
        _of("loan", "document_id", "document"),
        _of("loan", "person_id", "person"),
        sa.PrimaryKeyConstraint("school_id", "id", name=op.f("pk_loan")),
    )
    op.create_index("ix_loan_code", "loan", ["school_id", "code", "closed_at"])
    op.create_index("ix_loan_person", "loan", ["school_id", "person_id", "closed_at"])


def downgrade() -> None:
    for table in ("loan", "deputy", "document_step", "document_line"):
        op.drop_table(table)
    op.drop_index("ix_document_waits", "document")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column.name)
