"""
row security on PostgreSQL.

A second wall behind the scope of sessions: a transaction sees the rows of the schools that it was
told (setting `tallycard.schools`), and without having been told none. FORCE makes it hold for the
owner of the tables, who the server is; a superuser would pass, so the server should not be one.
"""

from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

SEES = (
    "(current_setting('tallycard.schools', true) = '*' OR {column} = ANY "
    "(string_to_array(current_setting('tallycard.schools', true), ',')))"
)
OF_A_SCHOOL = (
    "place", "kind", "thing", "holding", "card_line", "cabinet_card", "document", "ledger_line",
    "stock_count", "count_line", "sighting", "import", "import_row",
)  # fmt: skip
OWN = SEES.format(column="school_id")
OR_THE_BUREAU = f"(school_id IS NULL OR {OWN})"
RULES = {
    # table: (what may be seen, what may be written)
    **dict.fromkeys(OF_A_SCHOOL, (OWN, OWN)),
    "school": (SEES.format(column="id"), SEES.format(column="id")),
    "event": (OR_THE_BUREAU, OR_THE_BUREAU),
    "code": (OR_THE_BUREAU, OR_THE_BUREAU),
    "person": (OR_THE_BUREAU, OWN),
    "scan": (f"({OWN} OR {SEES.format(column='owner')})", SEES.format(column="owner")),
    "chain_head": (
        f"(chain = 'bureau' OR {SEES.format(column='chain')})",
        f"(chain = 'bureau' OR {SEES.format(column='chain')})",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, (seen, written) in RULES.items():
        op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        op.execute(
            f'CREATE POLICY schools_in_sight ON "{table}" USING ({seen}) WITH CHECK ({written})'
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in RULES:
        op.execute(f'DROP POLICY schools_in_sight ON "{table}"')
        op.execute(f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY')
        op.execute(f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY')
