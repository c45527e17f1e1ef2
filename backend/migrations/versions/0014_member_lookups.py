"""Fewer pages an award: a member's transfers in one stretch, counters by period first."""

from backend.migrations.steps import execute_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0014_member_lookups.sql")


def downgrade() -> None:
    execute_file("0014_downgrade.sql")
