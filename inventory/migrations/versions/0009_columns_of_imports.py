"""Imports keep what their columns hold, their faults one by one, and their file."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

import inventory.base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

SEES = (
    "(current_setting('tallycard.schools', true) = '*' OR school_id = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
OF_A_SCHOOL = ("import_fault", "import_part", "column_choice")
PART = 500


def upgrade() -> None:
    op.add_column("import", sa.Column("headers", sa.Text(), nullable=True))
    for column in (
        sa.Column("quantity", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("equipment_class", sa.String(40), nullable=False, server_default=""),
        sa.Column("location", sa.String(200), nullable=False, server_default=""),
        sa.Column("lot", sa.String(64), nullable=False, server_default=""),
    ):
        op.add_column("import_row", column)
    op.create_table(
        "import_fault",
        _school(),
        sa.Column("import_id", sa.String(32), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("sheet", sa.String(60), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("severity", sa.String(10), nullable=False),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("repaired", sa.Text(), nullable=True),
        _of_an_import(),
    )
    op.create_index(
        "ix_import_fault_code", "import_fault", ["school_id", "import_id", "severity", "code", "n"]
    )
    op.create_index(
        "ix_import_fault_row", "import_fault", ["school_id", "import_id", "sheet", "row"]
    )
    op.create_table(
        "import_part",
        _school(),
        sa.Column("import_id", sa.String(32), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        _of_an_import(),
    )
    op.create_table(
        "column_choice",
        _school(),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("chosen_at", inventory.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("chosen_by", sa.String(32), nullable=False),
    )
    _tell_rows()
    _tell_faults()
    op.drop_column("import", "faults")
    if op.get_bind().dialect.name == "postgresql":
        for table in OF_A_SCHOOL:
            op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            op.execute(
                f"CREATE POLICY schools_in_sight ON {table} USING ({SEES}) WITH CHECK ({SEES})"
            )


def _school() -> sa.Column:
    return sa.Column(
        "school_id",
        sa.String(10),
        sa.ForeignKey("school.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    )


def _of_an_import() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["school_id", "import_id"],
        ["import.school_id", "import.id"],
        deferrable=True,
        initially="DEFERRED",
    )


ROW = sa.table(
    "import_row",
    *(
        sa.column(name)
        for name in (
            "school_id",
            "import_id",
            "n",
            "record",
            "quantity",
            "equipment_class",
            "location",
            "lot",
        )
    ),
)
FAULT = sa.table(
    "import_fault",
    *(
        sa.column(name)
        for name in (
            "school_id",
            "import_id",
            "n",
            "sheet",
            "row",
            "field",
            "code",
            "severity",
            "raw",
            "repaired",
        )
    ),
)
IMPORT = sa.table("import", *(sa.column(name) for name in ("school_id", "id", "faults")))
NAMES = ("sheet", "code", "name", "spec", "unit", "location")


def _tell_rows() -> None:
    """What each row says of itself, beside its record, so that the database can sum it up."""
    connection = op.get_bind()
    imports = connection.execute(sa.select(IMPORT.c.school_id, IMPORT.c.id)).all()
    for school_id, import_id in imports:
        of_it = (ROW.c.school_id == school_id, ROW.c.import_id == import_id)
        for n, text in connection.execute(sa.select(ROW.c.n, ROW.c.record).where(*of_it)).all():
            record = json.loads(text)
            lot = "\t".join(str(record.get(name)) for name in NAMES)
            connection.execute(
                sa.update(ROW)
                .where(*of_it, ROW.c.n == n)
                .values(
                    quantity=record.get("quantity") or 0,
                    equipment_class=(record.get("equipment_class") or "")[:40],
                    location=(record.get("location") or "")[:200],
                    lot=hashlib.sha256(lot.encode()).hexdigest(),
                )
            )


def _tell_faults() -> None:
    connection = op.get_bind()
    for school_id, import_id, text in connection.execute(
        sa.select(IMPORT.c.school_id, IMPORT.c.id, IMPORT.c.faults)
    ).all():
        told = [
            {
                "school_id": school_id,
                "import_id": import_id,
                "n": n,
                "sheet": fault["sheet"][:60],
                "row": fault["row"],
                "field": fault["column"][:40],
                "code": fault["code"],
                "severity": fault["severity"],
                "raw": fault.get("raw"),
                "repaired": None if fault.get("repaired") is None else str(fault["repaired"]),
            }
            for n, fault in enumerate(json.loads(text))
        ]
        for start in range(0, len(told), PART):
            connection.execute(sa.insert(FAULT), told[start : start + PART])


def downgrade() -> None:
    op.add_column("import", sa.Column("faults", sa.Text(), nullable=False, server_default="[]"))
    connection = op.get_bind()
    told: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in connection.execute(sa.select(FAULT).order_by(FAULT.c.n)).mappings():
        told.setdefault((row["school_id"], row["import_id"]), []).append(
            {
                "sheet": row["sheet"],
                "row": row["row"],
                "column": row["field"],
                "code": row["code"],
                "severity": row["severity"],
                "raw": row["raw"],
                "repaired": row["repaired"],
            }
        )
    for (school_id, import_id), faults in told.items():
        connection.execute(
            sa.update(IMPORT)
            .where(IMPORT.c.school_id == school_id, IMPORT.c.id == import_id)
            .values(faults=json.dumps(faults, ensure_ascii=False))
        )
    for table in ("column_choice", "import_part", "import_fault"):
        op.drop_table(table)
    for column in ("lot", "location", "equipment_class", "quantity"):
        op.drop_column("import_row", column)
    op.drop_column("import", "headers")
