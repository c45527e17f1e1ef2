"""The energy statements of the register: a statement an institution and year, figures by month.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import execute_file

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0019_register.sql")


def downgrade() -> None:
    execute_file("0019_downgrade.sql")
