"""Tables of people: members, their logins, dated memberships, rosters, invitations and roles."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class MemberKind(StrEnum):
    """Staff of an institution, or a citizen without one: what the day's membership says."""

    STAFF = "staff"
    CITIZEN = "citizen"


class Provider(StrEnum):
    """Who vouches for a login: WeChat, 浙政钉, or a one-time link of our own."""

    WECHAT = "wechat"
    ZZD = "zzd"
    LINK = "link"


class Face(StrEnum):
    """Which face a token or a login link opens: the phones' API or the admin console."""

    API = "api"
    CONSOLE = "console"


class Role(StrEnum):
    """What a grant allows; the scope it needs stands in `ck_role_grant_scope`."""

    CITY_ADMIN = "city_admin"
    DISTRICT_MANAGER = "district_manager"
    INSTITUTION_ADMIN = "institution_admin"
    DEPARTMENT_MANAGER = "department_manager"
    AUDITOR = "auditor"
    ATTENDANT = "attendant"


class Member(Base):
    """A person with an account. The phone number is kept as an HMAC and a mask, never plain.

    Whether they are staff or a citizen is no property of theirs: it follows from the membership
    of the day.
    """

    __tablename__ = "member"
    __table_args__ = (
        # Numbers of the ledger's accounts are shifted numbers of members (`ledger.chart`).
        CheckConstraint("id > 0 AND id < 70368744177664", name="id"),
        Index(
            "uq_member_phone",
            "phone_hash",
            unique=True,
            postgresql_where=text("deactivated_at IS NULL AND erased_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    display_name: Mapped[str]
    phone_hash: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class MemberIdentity(Base):
    """One login of a member at a provider; `session_key_encrypted` is WeChat's, under AES-GCM."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("provider", "subject"),
        CheckConstraint("provider IN ('wechat', 'zzd', 'link')", name="provider"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    provider: Mapped[str]
    subject: Mapped[str]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    session_key_encrypted: Mapped[bytes | None]
    created_at: Mapped[datetime]


class AccessToken(Base):
    """A bearer token, stored as its SHA-256. `last_seen_at` moves at most once a day."""

    __tablename__ = "access_token"
    __table_args__ = (CheckConstraint("face IN ('api', 'console')", name="face"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    token_sha256: Mapped[bytes] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    face: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime]


class LoginLink(Base):
    """A link that logs one member in once; only the SHA-256 of its code is kept."""

    __tablename__ = "login_link"
    __table_args__ = (CheckConstraint("purpose IN ('api', 'console')", name="purpose"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code_sha256: Mapped[bytes] = mapped_column(unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    purpose: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Membership(Base):
    """Where a member belongs from `valid_from` up to, not including, `valid_until`.

    Two memberships of one member never overlap. Scalars have no GiST operator class without the
    `btree_gist` extension, which the embedded PostgreSQL lacks; the member as a range of one
    number has, and `&&` on it is equality.
    """

    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(
            ["institution_id", "department_id"],
            ["department.institution_id", "department.id"],
            name="fk_membership_department",
        ),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="dates"),
        ExcludeConstraint(
            (text("int8range(member_id, member_id, '[]')"), "&&"),
            (text("daterange(valid_from, valid_until)"), "&&"),
            name="ex_membership_overlap",
            using="gist",
        ),
        Index("ix_membership_member", "member_id", "valid_from"),
        Index("ix_membership_department", "department_id", "valid_from"),
        Index("ix_membership_institution", "institution_id", "valid_from"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    department_id: Mapped[int | None]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class RosterEntry(Base):
    """A person on an institution's staff list (花名册); bound to at most one member.

    `active_until` is the first day on which the person no longer works there.
    """

    __tablename__ = "roster_entry"
    __table_args__ = (
        UniqueConstraint("institution_id", "staff_number"),
        ForeignKeyConstraint(
            ["institution_id", "department_id"],
            ["department.institution_id", "department.id"],
            name="fk_roster_entry_department",
        ),
        CheckConstraint("active_until IS NULL OR active_until >= active_from", name="dates"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    department_id: Mapped[int] = mapped_column(index=True)
    staff_number: Mapped[str]
    name: Mapped[str]
    phone_hash: Mapped[bytes | None]
    phone_masked: Mapped[str | None]
    active_from: Mapped[date | None]
    active_until: Mapped[date | None]
    bound_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)


class RosterRequest(Base):
    """A member asks to be bound as a person on a roster; the institution's administrator decides.

    It is an objection (异议) where the person is bound to another account. `released` is null
    while it is open, then whether the member was bound.
    """

    __tablename__ = "roster_request"
    __table_args__ = (
        CheckConstraint("(decided_at IS NULL) = (released IS NULL)", name="decided"),
        Index(
            "uq_roster_request_open",
            "roster_entry_id",
            "member_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    roster_entry_id: Mapped[int] = mapped_column(ForeignKey("roster_entry.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    phone_verified: Mapped[bool]
    opened_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    released: Mapped[bool | None]


class RosterImport(Base):
    """One roster file taken in: its SHA-256 and what it changed, by rows."""

    __tablename__ = "roster_import"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    file_sha256: Mapped[bytes] = mapped_column(index=True)
    imported_at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    rows_created: Mapped[int]
    rows_updated: Mapped[int]
    rows_unchanged: Mapped[int]
    rows_refused: Mapped[int]


class Invitation(Base):
    """A code that binds up to `max_uses` members; only its SHA-256 is kept."""

    __tablename__ = "invitation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["institution_id", "department_id"],
            ["department.institution_id", "department.id"],
            name="fk_invitation_department",
        ),
        CheckConstraint("uses BETWEEN 0 AND max_uses", name="uses"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    code_sha256: Mapped[bytes] = mapped_column(unique=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    department_id: Mapped[int | None]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    max_uses: Mapped[int]
    uses: Mapped[int]
    revoked_at: Mapped[datetime | None]


class BindingAttempt(Base):
    """How often a member tried to bind to an institution on one Asia/Shanghai day."""

    __tablename__ = "binding_attempt"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    attempts: Mapped[int]


ROLE_SCOPE: Final = """CASE role
    WHEN 'city_admin' THEN num_nonnulls(district_id, institution_id, department_id) = 0
    WHEN 'auditor' THEN num_nonnulls(district_id, institution_id, department_id) = 0
    WHEN 'district_manager' THEN
        district_id IS NOT NULL AND num_nonnulls(institution_id, department_id) = 0
    WHEN 'institution_admin' THEN
        institution_id IS NOT NULL AND num_nonnulls(district_id, department_id) = 0
    WHEN 'department_manager' THEN
        department_id IS NOT NULL AND num_nonnulls(district_id, institution_id) = 0
    WHEN 'attendant' THEN
        department_id IS NULL AND num_nonnulls(district_id, institution_id) = 1
    ELSE false END"""
"""What each role is held over, as a condition on the columns of its scope."""


class RoleGrant(Base):
    """A role of a member over the whole city, one district, one institution or one department.

    It is in force from `valid_from` up to, not including, `valid_until` (days in Asia/Shanghai),
    unless it is taken back before.
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            ROLE_SCOPE,
            name="scope",
        ),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="dates"),
        Index(
            "uq_role_grant_open",
            "member_id",
            "role",
            "district_id",
            "institution_id",
            "department_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    role: Mapped[str]
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    valid_from: Mapped[date] = mapped_column(server_default=text("DATE '1970-01-01'"))
    valid_until: Mapped[date | None]
    reason: Mapped[str | None]
    granted_at: Mapped[datetime]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    revoked_reason: Mapped[str | None]
