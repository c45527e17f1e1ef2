"""Requests to be a person on a roster, and one account a phone.

A migration must run while the previous version of the program is still up.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OPEN = sa.text("decided_at IS NULL")
_IN_USE = sa.text("deactivated_at IS NULL AND erased_at IS NULL")


def upgrade() -> None:
    """Adds the table, and lets no phone stand with two accounts in use."""
    op.create_table(
        "roster_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("roster_entry_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("phone_verified", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("released", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (released IS NULL)", name=op.f("ck_roster_request_decided")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["member.id"], name=op.f("fk_roster_request_decided_by")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_roster_request_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["roster_entry_id"], ["roster_entry.id"], name=op.f("fk_roster_request_roster_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_request")),
    )
    op.create_index("ix_roster_request_member_id", "roster_request", ["member_id"])
    op.create_index(
        "uq_roster_request_open",
        "roster_request",
        ["roster_entry_id", "member_id"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.drop_index("ix_member_phone_hash", table_name="member")
    op.create_index(
        "uq_member_phone", "member", ["phone_hash"], unique=True, postgresql_where=_IN_USE
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON roster_request TO tanpuhui_app")


def downgrade() -> None:
    """Takes both away again."""
    op.drop_index("uq_member_phone", table_name="member")
    op.create_index("ix_member_phone_hash", "member", ["phone_hash"])
    op.drop_table("roster_request")
