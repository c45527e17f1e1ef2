"""A bonus whose slot of the budget is too low locks all slots in order, and holds none before.

A migration must run while the previous version of the program is still up.
"""

from backend.migrations.steps import install_functions, remove_functions

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FUNCTIONS = {
    "ledger_take_bonus": "63f368951e8bdffb308a0c9b1010769c6390d126cfb4ae4c32e0a7f44a68c718",
}


def upgrade() -> None:
    install_functions(revision, FUNCTIONS)


def downgrade() -> None:
    remove_functions(revision, FUNCTIONS)
