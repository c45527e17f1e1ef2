"""Spending of points and reductions, expiry by month, balances and reports as of an instant.

Widens what the tables accept; the previous version of the program goes on posting meanwhile.
"""

from backend.migrations.steps import execute_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0004_spending.sql")
    execute_file("0004_spending_functions.sql")


def downgrade() -> None:
    """Refused by the narrower constraints once anything was spent."""
    execute_file("0004_downgrade.sql")
