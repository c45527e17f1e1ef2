"""Sealed months: the balance of every account at the end of a month under one signed root."""

from backend.migrations.steps import execute_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0011_sealed_months.sql")


def downgrade() -> None:
    execute_file("0011_downgrade.sql")
