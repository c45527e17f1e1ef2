"""What a reassessment takes off a campaign's bonus goes back into its budget.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import install_functions, remove_functions

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FUNCTIONS = {
    "ledger_reassess": "992f4a2ac081fa580335d811f6aee05a90cea695ded6d7d45c7eef37fb5bd08e",
}


def upgrade() -> None:
    install_functions(revision, FUNCTIONS)


def downgrade() -> None:
    remove_functions(revision, FUNCTIONS)
