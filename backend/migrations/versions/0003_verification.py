"""What verifications of the ledger found: one row a run, one row a check of it."""

from backend.migrations.steps import execute_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0003_verification.sql")


def downgrade() -> None:
    execute_file("0003_downgrade.sql")
