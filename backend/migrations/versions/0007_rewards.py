"""Rewards, redemptions, causes, donations and prize draws."""

from backend.migrations.steps import execute_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_file("0007_rewards.sql")


def downgrade() -> None:
    execute_file("0007_rewards_downgrade.sql")
