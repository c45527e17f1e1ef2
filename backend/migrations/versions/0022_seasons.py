"""Seasons of the boards: frozen rosters and measures, what counts of each person, sums by group.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0022_seasons.sql")


def downgrade() -> None:
    execute_file("0022_downgrade.sql")
