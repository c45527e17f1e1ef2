"""Campaign budgets, bonuses, and awards posted many at a time.

The posting function keeps its arguments and gains two with defaults, so that the previous version
of the program goes on posting meanwhile.
"""

from backend.migrations.steps import execute_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("0012_campaigns", "0012_campaigns_post_award", "0012_campaigns_batch"):
        execute_file(f"{name}.sql")
    execute_file("0012_campaigns_grants.sql")


def downgrade() -> None:
    execute_file("0012_campaigns_downgrade.sql")
    execute_file("0008_post_award.sql")
    execute_file("0008_downgrade_grants.sql")
