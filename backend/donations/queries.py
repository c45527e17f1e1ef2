"""Reads of causes and donations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from backend.donations.models import Cause, Donation
from backend.errors import NotFoundError
from backend.offers.models import OfferState
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in
from backend.people.models import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseDraft:
    """What whoever runs a cause says of it."""

    name: str
    description: str
    takes_points: bool
    takes_reductions: bool
    state: OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView(CauseDraft):
    """A cause as it stands, with the short name of the institution that runs it."""

    id: int
    institution_id: int
    institution_name: str


_CAUSE = (
    select(
        *(column for column in Cause.__table__.c if column.name != "created_at"),
        Institution.short_name.label("institution_name"),
    )
    .select_from(Cause)
    .join(Institution, Institution.id == Cause.institution_id)
)


def cause_of(
    db: Connection, cause_id: int, *, scope: Scope | None = None, lock: bool = False
) -> CauseView:
    """One cause; of an institution in the scope, where one is given.

    Args:
        db: any transaction.
        cause_id: which one.
        scope: only of an institution in this scope; None for any.
        lock: keep others from changing it until this transaction ends.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    query = _CAUSE.where(Cause.id == cause_id)
    if scope is not None:
        query = query.where(Cause.institution_id.in_(institutions_in(scope)))
    if lock:
        query = query.with_for_update(of=Cause)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这个捐赠项目，请返回列表重新选择。")
    return _cause(row)


def open_causes(db: Connection) -> list[CauseView]:
    """Every cause that takes something today."""
    rows = db.execute(_CAUSE.where(Cause.state == OfferState.OPEN).order_by(Cause.id))
    return [_cause(row) for row in rows.mappings()]


def causes_in(db: Connection, *, scope: Scope) -> list[CauseView]:
    """The causes that the institutions of a scope run, open ones first."""
    rows = db.execute(
        _CAUSE.where(Cause.institution_id.in_(institutions_in(scope))).order_by(
            Cause.state != OfferState.OPEN, Cause.id.desc()
        )
    )
    return [_cause(row) for row in rows.mappings()]


def _cause(row: Any) -> CauseView:
    return CauseView(**{**row, "state": OfferState(row["state"])})


@dataclass(frozen=True, slots=True)
class DonationView:
    """A donation with the names of who, to what and with whom."""

    id: int
    member_id: int
    member_name: str
    cause_id: int
    cause_name: str
    institution_name: str
    reference: str
    unit: str
    amount: int
    entry_id: int
    certificate: str
    donated_at: datetime


_DONATION = (
    select(
        Donation.id,
        Donation.member_id,
        Member.display_name.label("member_name"),
        Donation.cause_id,
        Cause.name.label("cause_name"),
        Institution.name.label("institution_name"),
        Donation.reference,
        Donation.unit,
        Donation.amount,
        Donation.entry_id,
        Donation.certificate,
        Donation.donated_at,
    )
    .select_from(Donation)
    .join(Member, Member.id == Donation.member_id)
    .join(Cause, Cause.id == Donation.cause_id)
    .join(Institution, Institution.id == Cause.institution_id)
)


def donation_of(db: Connection, donation_id: int, *, member_id: int) -> DonationView:
    """One of a member's own donations.

    Raises:
        NotFoundError: the member has none with this id.
    """
    query = _DONATION.where(Donation.id == donation_id, Donation.member_id == member_id)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这笔捐赠，请返回列表重新打开。")
    return DonationView(**row)


def donation_by_certificate(db: Connection, number: str) -> DonationView:
    """The donation behind a certificate's number, for anybody who holds it.

    Raises:
        NotFoundError: no certificate has this number.
    """
    row = db.execute(_DONATION.where(Donation.certificate == number)).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有这个编号的证书，请核对编号；伪造的证书在这里查不到。")
    return DonationView(**row)


def donations_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[DonationView]:
    """A member's donations, the newest first."""
    query = _DONATION.where(Donation.member_id == member_id)
    if before_id is not None:
        query = query.where(Donation.id < before_id)
    rows = db.execute(query.order_by(Donation.id.desc()).limit(limit))
    return [DonationView(**row) for row in rows.mappings()]


@dataclass(frozen=True, slots=True)
class CauseTotal:
    """What a cause was given so far: gifts, points (mpt) and reductions (mg)."""

    gifts: int = 0
    points_mpt: int = 0
    reduction_mg: int = 0


def given_to(db: Connection, cause_ids: list[int]) -> dict[int, CauseTotal]:
    """What each of these causes was given; those given nothing are left out."""
    rows = db.execute(
        select(
            Donation.cause_id,
            func.count(),
            func.coalesce(func.sum(Donation.amount).filter(Donation.unit == "mpt"), 0),
            func.coalesce(func.sum(Donation.amount).filter(Donation.unit == "mg"), 0),
        )
        .where(Donation.cause_id.in_(cause_ids))
        .group_by(Donation.cause_id)
    )
    return {row[0]: CauseTotal(row[1], int(row[2]), int(row[3])) for row in rows}


def donation_by_entry(db: Connection, *, member_id: int, entry_id: int) -> DonationView | None:
    """The member's donation that an entry posted, if there is one."""
    return own_donation(db, member_id, Donation.entry_id == entry_id)


def own_donation(db: Connection, member_id: int, which: ColumnElement[bool]) -> DonationView | None:
    """The member's donation that a condition picks, if there is one."""
    query = _DONATION.where(Donation.member_id == member_id, which)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else DonationView(**row)
