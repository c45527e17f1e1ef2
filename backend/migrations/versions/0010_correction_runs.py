"""Correction runs after an error in a methodology."""

from backend.migrations.steps import execute_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0010_correction_runs.sql")


def downgrade() -> None:
    execute_file("0010_correction_runs_downgrade.sql")
