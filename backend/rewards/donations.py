"""Donations of points or reductions to a cause, each with the number of a certificate."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, insert, select

from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError, NotFoundError
from backend.ledger import spending
from backend.ledger.spending import Gift
from backend.organisations.models import Institution
from backend.people.models import Member
from backend.rewards.catalogue import cause_of
from backend.rewards.models import Cause, Donation
from backend.rewards.policy import check_gift, new_number, require_announced, require_on_offer
from backend.rewards.service import reference_taken, require_posted


@dataclass(frozen=True, slots=True)
class GiftOrder:
    """What a member gives, under a reference of their own: `amount` of `mpt` or `mg`."""

    reference: str
    cause_id: int
    unit: str
    amount: int

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content: tells a repeat from another gift."""
        content = f"donation|{self.cause_id}|{self.unit}|{self.amount}"
        return hashlib.sha256(content.encode()).digest()


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


def donate(
    db: Connection, *, member_id: int, order: GiftOrder, now: datetime
) -> tuple[DonationView, bool]:
    """Gives points or reductions to a cause, or finds what the reference led to before.

    Args:
        db: the caller's transaction; after a refusal it must be rolled back.
        member_id: who gives.
        order: what, to what.
        now: the present instant.

    Returns:
        The donation, and whether this call made it.

    Raises:
        NotFoundError: there is no such cause.
        NotOnOfferError: it takes nothing today.
        InvalidInputError: it does not take this, or not so little.
        PointsInsufficientError: less is held.
        ReferenceTakenError: the reference belongs to something else.
    """
    spending.lock_members(db, [member_id])
    earlier = _own(db, member_id, Donation.reference == order.reference)
    if earlier is not None:
        if _order_of(earlier) != order:
            raise reference_taken()
        return earlier, False
    cause = cause_of(db, order.cause_id)
    require_announced(cause.state)
    require_on_offer(cause.state, None, None, business_day(now))
    check_gift(order.unit, order.amount)
    if not (cause.takes_points if order.unit == "mpt" else cause.takes_reductions):
        sentence = "这个项目不接受这种捐赠，请改选另一种。"
        raise InvalidInputError(sentence, fields=[FieldError("unit", "not_taken", sentence)])
    made = spending.donate(
        db,
        member_id=member_id,
        reference=order.reference,
        digest=order.digest,
        gift=Gift(str(order.cause_id), order.unit, order.amount),
        on=business_day(now),
        actor_id=member_id,
    )
    donation_id = db.execute(
        insert(Donation)
        .values(
            member_id=member_id,
            cause_id=order.cause_id,
            reference=order.reference,
            unit=order.unit,
            amount=order.amount,
            entry_id=require_posted(made),
            certificate=new_number(3),
            donated_at=now,
        )
        .returning(Donation.id)
    ).scalar_one()
    return donation_of(db, donation_id, member_id=member_id), True


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
class Given:
    """What a cause was given so far: gifts, points (mpt) and reductions (mg)."""

    gifts: int = 0
    points_mpt: int = 0
    reduction_mg: int = 0


def given_to(db: Connection, cause_ids: list[int]) -> dict[int, Given]:
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
    return {row[0]: Given(row[1], int(row[2]), int(row[3])) for row in rows}


def donation_by_entry(db: Connection, *, member_id: int, entry_id: int) -> DonationView | None:
    """The member's donation that an entry posted, if there is one."""
    return _own(db, member_id, Donation.entry_id == entry_id)


def _own(db: Connection, member_id: int, which: ColumnElement[bool]) -> DonationView | None:
    query = _DONATION.where(Donation.member_id == member_id, which)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else DonationView(**row)


def _order_of(made: DonationView) -> GiftOrder:
    return GiftOrder(made.reference, made.cause_id, made.unit, made.amount)
