"""Batches of awards look up by key what they look up, whatever the statistics say."""

from backend.migrations.steps import execute_file

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0013_batch_lookups.sql")


def downgrade() -> None:
    execute_file("0013_downgrade.sql")
