"""Campaigns and who joined them, and what is left of a campaign's budget.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file, install_functions, remove_functions

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FUNCTIONS = {
    "ledger_budget_left": "1abfbaa704e8c53cbb807abf1870f2a56f46b9266a4a17d616d0bdc0e7b31d0b",
}


def upgrade() -> None:
    execute_file("0020_campaigns.sql")
    install_functions(revision, FUNCTIONS)


def downgrade() -> None:
    remove_functions(revision, FUNCTIONS)
    execute_file("0020_downgrade.sql")
