"""A batch of awards names its rows beforehand, and joins nothing while it writes."""

from backend.migrations.steps import execute_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0015_batch_without_joins.sql")


def downgrade() -> None:
    execute_file("0015_downgrade.sql")
