"""Reads members: the actor of a request, and what a member may see of themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from backend.clock import business_day
from backend.db.statements import fetch_all
from backend.errors import NotFoundError
from backend.organisations.models import Department, Institution
from backend.organisations.queries import Scope, departments_in, institutions_in
from backend.people.models import (
    Face,
    Invitation,
    Member,
    MemberKind,
    Membership,
    Role,
    RoleGrant,
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in force and its scope: at most one of the ids, none for the whole city."""

    role: Role
    district_id: int | None = None
    institution_id: int | None = None
    department_id: int | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the member behind a token, with today's membership and the roles in force."""

    member_id: int
    display_name: str
    kind: MemberKind
    roles: tuple[Grant, ...]
    institution_id: int | None
    department_id: int | None

    def has_role(self, *roles: Role) -> bool:
        """Whether at least one of the roles is in force, in whatever scope."""
        return any(grant.role in roles for grant in self.roles)


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The holder of a valid token, and what keeping the token alive needs."""

    actor: Actor
    token_id: int
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A membership with the names of where it lies; dates as in `models.Membership`."""

    institution_id: int
    institution_name: str
    department_id: int | None
    department_name: str | None
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class MemberView:
    """What a member sees of their own account."""

    id: int
    display_name: str
    kind: MemberKind
    phone_masked: str | None
    created_at: datetime
    membership: MembershipView | None
    roles: tuple[Grant, ...]


_HOLDER = """
SELECT t.id, t.last_seen_at, m.id, m.display_name, s.institution_id, s.department_id,
       (SELECT json_agg(json_build_array(
                   g.role, g.district_id, g.institution_id, g.department_id) ORDER BY g.id)
        FROM role_grant g
        WHERE g.member_id = m.id AND g.revoked_at IS NULL AND g.valid_from <= %s::date
          AND (g.valid_until IS NULL OR g.valid_until > %s::date))
FROM access_token t
JOIN member m ON m.id = t.member_id
LEFT JOIN membership s
       ON s.member_id = m.id AND s.valid_from <= %s::date
      AND (s.valid_until IS NULL OR s.valid_until > %s::date)
WHERE t.token_sha256 = %s::bytea AND t.face = %s::text
  AND t.revoked_at IS NULL AND t.expires_at > %s::timestamptz
  AND m.deactivated_at IS NULL AND m.erased_at IS NULL
"""


def token_holder(db: Connection, *, digest: bytes, face: Face, now: datetime) -> TokenHolder | None:
    """The holder of the token with this SHA-256, if it is valid now; one statement.

    Args:
        db: any transaction.
        digest: SHA-256 of the token, 32 bytes.
        face: the face that was asked; a token of the other one is not valid here.
        now: the instant, aware; memberships are those of its Asia/Shanghai day.
    """
    today = business_day(now)
    found = fetch_all(db, _HOLDER, (today, today, today, today, digest, face.value, now))
    if not found:
        return None
    ((token_id, last_seen_at, member_id, name, institution_id, department_id, roles),) = found
    actor = Actor(
        member_id=member_id,
        display_name=name,
        kind=_kind(institution_id),
        roles=_grants(roles),
        institution_id=institution_id,
        department_id=department_id,
    )
    return TokenHolder(actor, token_id, last_seen_at)


def _kind(institution_id: int | None) -> MemberKind:
    return MemberKind.CITIZEN if institution_id is None else MemberKind.STAFF


def _grants(found: list[list[Any]] | None) -> tuple[Grant, ...]:
    return tuple(Grant(Role(role), *scope) for role, *scope in found or ())


def member_view(db: Connection, *, member_id: int, on: date) -> MemberView:
    """The account of a member with the membership of a day.

    Raises:
        NotFoundError: there is no such member, or it was erased.
    """
    row = db.execute(
        select(
            Member.id,
            Member.display_name,
            Member.phone_masked,
            Member.created_at,
        ).where(Member.id == member_id, Member.erased_at.is_(None))
    ).one_or_none()
    if row is None:
        raise NotFoundError("没有找到该成员，请刷新后重试。")
    membership = membership_on(db, member_id=member_id, on=on)
    return MemberView(
        id=row.id,
        display_name=row.display_name,
        kind=_kind(None if membership is None else membership.institution_id),
        phone_masked=row.phone_masked,
        created_at=row.created_at,
        membership=membership,
        roles=roles_of(db, member_id=member_id, on=on),
    )


def membership_on(db: Connection, *, member_id: int, on: date) -> MembershipView | None:
    """Where a member belongs on an Asia/Shanghai day; None for a citizen on that day."""
    found = [view for view in memberships(db, member_id=member_id) if _covers(view, on)]
    return found[0] if found else None


def _covers(view: MembershipView, on: date) -> bool:
    return view.valid_from <= on and (view.valid_until is None or view.valid_until > on)


def memberships(db: Connection, *, member_id: int) -> tuple[MembershipView, ...]:
    """All memberships of a member, the earliest first."""
    rows = db.execute(
        select(
            Membership.institution_id,
            Institution.name.label("institution_name"),
            Membership.department_id,
            Department.name.label("department_name"),
            Membership.valid_from,
            Membership.valid_until,
        )
        .join(Institution, Institution.id == Membership.institution_id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(Membership.member_id == member_id)
        .order_by(Membership.valid_from)
    )
    return tuple(MembershipView(**row) for row in rows.mappings())


def roles_of(db: Connection, *, member_id: int, on: date) -> tuple[Grant, ...]:
    """The roles of a member that are in force on an Asia/Shanghai day."""
    rows = db.execute(
        select(
            RoleGrant.role,
            RoleGrant.district_id,
            RoleGrant.institution_id,
            RoleGrant.department_id,
        )
        .where(
            RoleGrant.member_id == member_id,
            RoleGrant.revoked_at.is_(None),
            RoleGrant.valid_from <= on,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > on),
        )
        .order_by(RoleGrant.id)
    )
    return tuple(Grant(Role(row.role), *row[1:]) for row in rows)


def display_names(db: Connection, *, member_ids: Collection[int]) -> dict[int, str]:
    """What these members are called, by id; erased accounts are left out."""
    rows = db.execute(
        select(Member.id, Member.display_name).where(
            Member.id.in_(member_ids), Member.erased_at.is_(None)
        )
    )
    return {row.id: row.display_name for row in rows}


@dataclass(frozen=True, slots=True)
class ListedMember:
    """A member as lists show them, with today's membership and whether the account is closed."""

    id: int
    display_name: str
    institution_name: str | None
    department_name: str | None
    deactivated_at: datetime | None


def members_in(
    db: Connection, *, scope: Scope, on: date, search: str = "", after_id: int = 0, limit: int
) -> list[ListedMember]:
    """Members who on a day belong to a scope, by id; the whole city's scope holds citizens too.

    Args:
        db: any transaction.
        scope: whose members.
        on: the Asia/Shanghai day whose membership counts.
        search: part of the name.
        after_id: from the one after this id on.
        limit: at most so many.
    """
    belongs = (
        (Membership.member_id == Member.id)
        & (Membership.valid_from <= on)
        & or_(Membership.valid_until.is_(None), Membership.valid_until > on)
    )
    query = (
        select(
            Member.id,
            Member.display_name,
            Institution.short_name.label("institution_name"),
            Department.name.label("department_name"),
            Member.deactivated_at,
        )
        .outerjoin(Membership, belongs)
        .outerjoin(Institution, Institution.id == Membership.institution_id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(Member.erased_at.is_(None), Member.id > after_id)
        .order_by(Member.id)
        .limit(limit)
    )
    if not scope.everything:
        query = query.where(
            or_(
                Membership.institution_id.in_(institutions_in(scope)),
                Membership.department_id.in_(departments_in(scope)),
            )
        )
    if search:
        query = query.where(Member.display_name.contains(search, autoescape=True))
    return [ListedMember(**row) for row in db.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation; the code itself is kept by nobody."""

    id: int
    institution_id: int
    department_name: str | None
    created_at: datetime
    expires_at: datetime
    uses: int
    max_uses: int
    revoked_at: datetime | None


def invitations_of(db: Connection, *, institution_id: int, limit: int) -> list[InvitationView]:
    """The invitations to an institution, the latest first."""
    rows = db.execute(
        select(
            Invitation.id,
            Invitation.institution_id,
            Department.name.label("department_name"),
            Invitation.created_at,
            Invitation.expires_at,
            Invitation.uses,
            Invitation.max_uses,
            Invitation.revoked_at,
        )
        .outerjoin(Department, Department.id == Invitation.department_id)
        .where(Invitation.institution_id == institution_id)
        .order_by(Invitation.id.desc())
        .limit(limit)
    )
    return [InvitationView(**row) for row in rows.mappings()]
