"""Tables of who gets into the console: passwords, invitations, acts that two people agree on."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base
from backend.people.models import ROLE_SCOPE


class GraveAct(StrEnum):
    """What one administrator asks for and another one consents to."""

    ACCOUNT_CLOSE = "account_close"
    ROLE_TAKE = "role_take"


class LocalAccount(Base):
    """A login name and its password, as Argon2id in the PHC format.

    `failures` counts wrong passwords since the last right one; `unlocks_at` is when the next
    may be tried.
    """

    __tablename__ = "local_account"
    __table_args__ = (CheckConstraint("login_name = lower(login_name)", name="login_name"),)

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    login_name: Mapped[str] = mapped_column(unique=True)
    password_phc: Mapped[str]
    password_set_at: Mapped[datetime]
    failures: Mapped[int]
    unlocks_at: Mapped[datetime | None]


class ConsoleInvitation(Base):
    """A link that lets one person into the console with a role; only its SHA-256 is kept.

    Whoever uses it gets an account of their own, `used_by`, and sets up its sign-in: an invitation
    never opens the account of somebody who is here already. The role runs as in `RoleGrant`.
    """

    __tablename__ = "console_invitation"
    __table_args__ = (
        CheckConstraint(ROLE_SCOPE, name="scope"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="dates"),
        CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name="used"),
        CheckConstraint("used_at IS NULL OR withdrawn_at IS NULL", name="ended_once"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code_sha256: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


class SecondConsent(Base):
    """One administrator asked for a grave act; another one agrees or not.

    `agreed` is null while it is open.
    """

    __tablename__ = "second_consent"
    __table_args__ = (
        CheckConstraint("act IN ('account_close', 'role_take')", name="act"),
        CheckConstraint("(act = 'role_take') = (grant_id IS NOT NULL)", name="grant"),
        CheckConstraint("(decided_at IS NULL) = (agreed IS NULL)", name="decided"),
        CheckConstraint("agreed IS NOT TRUE OR decided_by <> asked_by", name="two_people"),
        Index(
            "uq_second_consent_open",
            "act",
            "member_id",
            "grant_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    act: Mapped[str]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("role_grant.id"))
    reason: Mapped[str]
    asked_at: Mapped[datetime]
    asked_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    agreed: Mapped[bool | None]
