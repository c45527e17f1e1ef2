"""The rulebooks ever credited under.

A new table only; the previous version of the program goes on without it.
"""

from backend.migrations.steps import execute_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0006_rulebook_release.sql")


def downgrade() -> None:
    execute_file("0006_rulebook_release_downgrade.sql")
