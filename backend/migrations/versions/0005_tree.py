"""The tree over the entries: leaves, nodes, checkpoints, and who signed them.

The previous version of the program goes on posting meanwhile: the new column fills itself.
"""

from backend.migrations.steps import execute_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0005_tree.sql")


def downgrade() -> None:
    execute_file("0005_downgrade.sql")
