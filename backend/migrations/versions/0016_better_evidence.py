"""Better evidence of an act uses up usage limits, and none that earned something else before."""

from backend.migrations.steps import execute_file

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0016_better_evidence.sql")


def downgrade() -> None:
    execute_file("0016_downgrade.sql")
