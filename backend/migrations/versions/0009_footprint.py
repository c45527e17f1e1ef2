"""Members' answers to the questionnaire of the footprint.

A new table only; the previous version of the program goes on without it.
"""

from backend.migrations.steps import execute_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0009_footprint.sql")


def downgrade() -> None:
    execute_file("0009_downgrade.sql")
