"""Donations of points or reductions to a cause, each with the number of a certificate."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert

from backend.clock import business_day
from backend.donations.models import Donation
from backend.donations.policy import check_gift
from backend.donations.queries import DonationView, cause_of, donation_of, own_donation
from backend.errors import FieldError, InvalidInputError
from backend.ledger import spending
from backend.ledger.spending import Gift
from backend.offers.policy import (
    new_number,
    reference_taken,
    require_announced,
    require_on_offer,
    require_posted,
)


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
    earlier = own_donation(db, member_id, Donation.reference == order.reference)
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


def _order_of(made: DonationView) -> GiftOrder:
    return GiftOrder(made.reference, made.cause_id, made.unit, made.amount)
