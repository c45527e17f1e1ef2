"""Held awards, reversals, and awards assessed again.

The posting function keeps its arguments and gains two with defaults, so that the previous version
of the program goes on posting meanwhile.
"""

from backend.migrations.steps import execute_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for step in (
        "tables",
        "entries",
        "post_award",
        "reverse",
        "settle",
        "resolve_hold",
        "grants",
    ):
        execute_file(f"0008_{step}.sql")


def downgrade() -> None:
    execute_file("0008_downgrade.sql")
    execute_file("0001_ledger_post_award.sql")
    execute_file("0008_downgrade_grants.sql")
