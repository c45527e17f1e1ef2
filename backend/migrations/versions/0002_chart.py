"""The whole chart of accounts and all kinds of entry.

Widens what the tables accept; the previous version of the program goes on posting meanwhile.
"""

from backend.migrations.steps import execute_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0002_chart.sql")


def downgrade() -> None:
    """Refused by the narrower constraints once accounts or entries of the new kinds exist."""
    execute_file("0002_downgrade.sql")
