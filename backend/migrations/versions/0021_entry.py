"""Who gets into the console: dated roles with reasons, invitations, passwords, second consents.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0021_entry.sql")


def downgrade() -> None:
    execute_file("0021_downgrade.sql")
