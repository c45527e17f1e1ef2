"""Foundation: organisations, people, places, actions, the ledger and its posting function.

A migration must run while the previous version of the program is still up.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent.parent / "sql"
_STEPS = (
    "tables_organisations",
    "tables_people",
    "tables_audit",
    "tables_places",
    "tables_rulebook",
    "tables_actions",
    "tables_ledger",
    "tables_outbox",
    "tables_rankings",
    "ledger_accounts",
    "ledger_post_award",
    "append_only",
    "application_role",
)


def upgrade() -> None:
    for step in _STEPS:
        _execute(step)


def downgrade() -> None:
    _execute("downgrade")


def _execute(step: str) -> None:
    """Runs one file of statements as it stands: a percent sign in it is no placeholder."""
    statements = (_SQL / f"0001_{step}.sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
