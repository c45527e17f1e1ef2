"""Tables of the tree. Leaves and balances are written by SQL functions; all of it only grows."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base
from backend.db.types import Xid8


class TreeLeaf(Base):
    """Where an entry stands in the tree, and the hash of what it said when it got there."""

    __tablename__ = "tree_leaf"
    __table_args__ = (
        CheckConstraint("index >= 0", name="index"),
        CheckConstraint("octet_length(salt) = 16 AND octet_length(hash) = 32", name="lengths"),
    )

    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(unique=True)
    member_id: Mapped[int]
    layout: Mapped[int] = mapped_column(SmallInteger)
    salt: Mapped[bytes]
    hash: Mapped[bytes]


class TreeNode(Base):
    """The root of a complete subtree of 2**height leaves; every eighth height is kept."""

    __tablename__ = "tree_node"
    __table_args__ = (
        CheckConstraint("height > 0 AND height % 8 = 0", name="height"),
        CheckConstraint("octet_length(hash) = 32", name="length"),
    )

    height: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class Checkpoint(Base):
    """A signed root: what the tree was when it had so many leaves."""

    __tablename__ = "checkpoint"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("octet_length(root) = 32", name="length"),
    )

    size: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    signed_at: Mapped[datetime]


class VerifierKeyUsed(Base):
    """A public key that has signed; it stays published when a newer one signs."""

    __tablename__ = "verifier_key"

    key: Mapped[str] = mapped_column(primary_key=True)
    first_used_at: Mapped[datetime]


class TreeCursor(Base):
    """Where the builder stands: what it has read of the entries in the order of (txid, id)."""

    __tablename__ = "tree_cursor"

    home: Mapped[str] = mapped_column(primary_key=True)
    txid: Mapped[str] = mapped_column(Xid8())
    entry_id: Mapped[int]
    resume: Mapped[str | None] = mapped_column(Xid8())


class SealedMonth(Base):
    """A closed month: the root over the balances of all accounts at its end, and its signed note.

    The balances are those of the entries among the first `tree_size` leaves of the tree that count
    for this month or an earlier one.
    """

    __tablename__ = "sealed_month"
    __table_args__ = (
        CheckConstraint("extract(day FROM month) = 1", name="first_day"),
        CheckConstraint("octet_length(root) = 32", name="length"),
    )

    month: Mapped[date] = mapped_column(primary_key=True)
    tree_size: Mapped[int] = mapped_column(ForeignKey("checkpoint.size"))
    accounts: Mapped[int]
    root: Mapped[bytes]
    note: Mapped[str]
    sealed_at: Mapped[datetime]


class SealedBalance(Base):
    """What an account held at the end of a month, credits less debits; system accounts owe."""

    __tablename__ = "sealed_balance"
    __table_args__ = (
        UniqueConstraint("account_id", "month"),
        CheckConstraint("index >= 0", name="index"),
        CheckConstraint("octet_length(salt) = 16", name="length"),
    )

    month: Mapped[date] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int]
    member_id: Mapped[int]
    unit: Mapped[str]
    amount: Mapped[int]
    salt: Mapped[bytes]


class SealedNode(Base):
    """The root of a complete subtree of a month's balances; every eighth height is kept."""

    __tablename__ = "sealed_node"
    __table_args__ = (
        CheckConstraint("height > 0 AND height % 8 = 0", name="height"),
        CheckConstraint("octet_length(hash) = 32", name="length"),
    )

    month: Mapped[date] = mapped_column(primary_key=True)
    height: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]
