"""Tables of the ledger. Written by the SQL functions in `sql/`, append-only by trigger."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base
from backend.db.types import Xid8
from backend.ledger.chart import EntryKind


class Account(Base):
    """A system account of the chart (`chart.CHART`): a side of the book that has no balance row.

    Accounts with a balance have no row here: their id is computed (`ledger_member_account`,
    `ledger_campaign_account`), their row is the balance itself.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("kind", "unit", "subject"),
        CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),
        CheckConstraint(
            "(kind IN ('avoided_source', 'donated') AND unit = 'mg' AND subject <> '')"
            " OR (kind IN ('issuance', 'redemption_done', 'donated') AND unit = 'mpt'"
            " AND subject <> '')"
            " OR (kind IN ('expired', 'budget_source') AND unit = 'mpt' AND subject = '')"
            " OR (kind = 'write_off' AND subject = '')",
            name="chart",
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True, start=-1, increment=-1), primary_key=True)
    kind: Mapped[str]
    unit: Mapped[str]
    subject: Mapped[str]


class Balance(Base):
    """An account with what it holds, never below 0.

    A member's reductions (mg); a member's points (mpt) that expire at the end of one month, free or
    set aside for a redemption; one slot of a campaign's budget (mpt).
    """

    __tablename__ = "balance"
    __table_args__ = (
        CheckConstraint("amount >= 0", name="not_negative"),
        CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),
        CheckConstraint(
            "(kind = 'member_reduction' AND unit = 'mg' AND expires_month IS NULL)"
            " OR (kind IN ('member_points', 'redemption_pending') AND unit = 'mpt'"
            " AND expires_month IS NOT NULL)"
            " OR (kind = 'campaign_budget' AND unit = 'mpt' AND expires_month IS NULL)",
            name="chart",
        ),
        CheckConstraint(
            "CASE WHEN kind = 'campaign_budget' THEN campaign_id IS NOT NULL AND member_id = 0"
            " ELSE member_id > 0 AND campaign_id IS NULL END",
            name="owner",
        ),
        Index("ix_balance_member_id", "member_id"),
        Index(
            "ix_balance_expires_month",
            "expires_month",
            "member_id",
            postgresql_where=text("kind = 'member_points'"),
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member_id: Mapped[int]
    kind: Mapped[str]
    unit: Mapped[str]
    expires_month: Mapped[date | None]
    amount: Mapped[int]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    campaign_id: Mapped[int | None]


class Entry(Base):
    """One business event in the ledger, of a kind of `chart.EntryKind`.

    `created_at` is the instant of writing, under the member's lock: a member's entries have the
    order of their ids in time too. `member_id` is 0 where an entry is no member's: a campaign's
    grant. `settles_entry_id` is the redemption that a fulfilment or a cancellation settles, at most
    once.
    """

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(str(k)) for k in EntryKind)})", name="kind"),
        CheckConstraint(
            "CASE kind WHEN 'reversal' THEN reverses_entry_id IS NOT NULL"
            " WHEN 'cancellation' THEN true ELSE reverses_entry_id IS NULL END",
            name="reversal",
        ),
        CheckConstraint(
            "CASE WHEN kind = 'grant' THEN member_id = 0 AND campaign_id IS NOT NULL"
            " ELSE member_id > 0 END",
            name="owner",
        ),
        # Numbers of accounts are shifted numbers of their owners (`chart`).
        CheckConstraint("campaign_id > 0 AND campaign_id < 70368744177664", name="campaign"),
        CheckConstraint("kind <> 'award' OR trace_digest IS NOT NULL", name="trace"),
        CheckConstraint(
            "(kind IN ('fulfilment', 'cancellation')) = (settles_entry_id IS NOT NULL)",
            name="settlement",
        ),
        Index("ix_entry_member_id", "member_id", "id", postgresql_include=["created_at"]),
        Index(
            "uq_entry_reverses_entry_id",
            "reverses_entry_id",
            unique=True,
            postgresql_where=text("reverses_entry_id IS NOT NULL"),
        ),
        Index(
            "uq_entry_settles_entry_id",
            "settles_entry_id",
            unique=True,
            postgresql_where=text("settles_entry_id IS NOT NULL"),
        ),
        Index("ix_entry_action_id", "action_id"),
        Index("ix_entry_txid_id", "txid", "id"),
        # Days arrive nearly in order: what counts for a month is found without reading the rest.
        Index("ix_entry_effective_on", "effective_on", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[int]
    action_id: Mapped[int | None]
    reverses_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    effective_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    trace_digest: Mapped[bytes | None]
    actor_id: Mapped[int | None]
    campaign_id: Mapped[int | None]
    settles_entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    txid: Mapped[str] = mapped_column(Xid8(), server_default=text("pg_current_xact_id()"))


class Transfer(Base):
    """One movement debit -> credit. Balanced by construction; no key to hot account rows."""

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint("amount > 0", name="positive"),
        CheckConstraint("debit <> credit", name="two_sides"),
        CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),
        *(
            Index(
                f"ix_transfer_{side}ed",
                text(f"({side} >> 16)"),
                "entry_id",
                postgresql_include=[side, "amount"],
                postgresql_where=text(f"{side} > 0"),
            )
            for side in ("credit", "debit")
        ),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("entry.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    debit: Mapped[int]
    credit: Mapped[int]
    unit: Mapped[str]
    amount: Mapped[int]


class Idempotency(Base):
    """A member's own reference for a request: kept for the life of the ledger.

    It led to an action, or to an entry that spends; never to both.
    """

    __tablename__ = "idempotency"
    __table_args__ = (CheckConstraint("num_nonnulls(action_id, entry_id) = 1", name="one_thing"),)

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reference: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    action_id: Mapped[int | None]
    entry_id: Mapped[int | None]


class EvidenceUse(Base):
    """Evidence that has earned something: it never earns again, through any channel."""

    __tablename__ = "evidence_use"

    evidence_digest: Mapped[bytes] = mapped_column(primary_key=True)
    action_id: Mapped[int]
    member_id: Mapped[int]


class CapUsage(Base):
    """What a member (or a place, as the cap key says) has claimed of one cap in one period.

    The four measures are those of `credit_rules.Used`: billionths of a gram of CO2e, of a point, of
    the base unit of an activity, and of one thing counted; all before the cap.
    """

    __tablename__ = "cap_usage"
    __table_args__ = (
        # The period first: counters of the present lie together, whoever has them.
        PrimaryKeyConstraint("period_start", "subject_id", "cap_key"),
        CheckConstraint(
            "reduction_ng >= 0 AND points_npt >= 0 AND activity_nano >= 0 AND count_nano >= 0",
            name="not_negative",
        ),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    subject_id: Mapped[int] = mapped_column(autoincrement=False)
    cap_key: Mapped[str]
    period_start: Mapped[date]
    reduction_ng: Mapped[int]
    points_npt: Mapped[int]
    activity_nano: Mapped[int]
    count_nano: Mapped[int]


class UsageCount(Base):
    """How often something shared was used in one slot: a rotating code's step, a point's hour."""

    __tablename__ = "usage_count"
    __table_args__ = ({"postgresql_with": {"fillfactor": "80"}},)

    subject: Mapped[str] = mapped_column(primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True)
    uses: Mapped[int]


class ExpiryNotice(Base):
    """That a member was told how many points (mpt) end with a month, so many days ahead."""

    __tablename__ = "expiry_notice"
    __table_args__ = (CheckConstraint("points_mpt > 0", name="positive"),)

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    expires_month: Mapped[date] = mapped_column(primary_key=True)
    days_ahead: Mapped[int] = mapped_column(Integer(), primary_key=True, autoincrement=False)
    points_mpt: Mapped[int]
    noticed_on: Mapped[date]


class ConservationLine(Base):
    """Where everything that one source had issued by an instant had gone by then.

    Amounts in mg or mpt; `issued` is the sum of the others (`conservation.Line`).
    """

    __tablename__ = "conservation_line"
    __table_args__ = (CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),)

    as_of: Mapped[datetime] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    source_kind: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    issued: Mapped[int]
    held: Mapped[int]
    pending: Mapped[int]
    spent: Mapped[int]
    donated: Mapped[int]
    expired: Mapped[int]
    written_off: Mapped[int]
