"""What is given leaves the giver, reaches the cause, and is certified."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from backend.db.engine import make_engine
from backend.donations import service as donations
from backend.donations.policy import certificate_number, masked_name
from backend.donations.queries import (
    CauseTotal,
    DonationView,
    donation_by_certificate,
    donation_of,
    donations_of,
    given_to,
)
from backend.donations.service import GiftOrder
from backend.errors import InvalidInputError, NotFoundError
from backend.ledger.queries import balance_of
from backend.offers.models import OfferState
from backend.offers.policy import NotOnOfferError, PointsInsufficientError, ReferenceTakenError
from tests.backend.rewards.conftest import People
from tests.builders.organisations import NOW
from tests.builders.rewards import a_cause


def give(db: Connection, people: People, order: GiftOrder) -> tuple[DonationView, bool]:
    return donations.donate(db, member_id=people.clerk.member_id, order=order, now=NOW)


def test_points_and_reductions_are_given_once(db: Connection, people: People) -> None:
    cause = a_cause(db, people.organisation.bureau, NOW)
    first = GiftOrder("donation-01", cause, "mpt", 30_000)
    made, new = give(db, people, first)
    assert new
    assert give(db, people, first) == (made, False)
    give(db, people, GiftOrder("donation-02", cause, "mg", 20_000))
    held = balance_of(db, member_id=people.clerk.member_id)
    assert (held.points_mpt, held.reduction_mg) == (70_000, 30_000)
    assert given_to(db, [cause]) == {cause: CauseTotal(2, 30_000, 20_000)}
    assert donation_by_certificate(db, made.certificate) == made
    assert certificate_number(f" {made.certificate.lower()} ") == made.certificate
    mine = donations_of(db, member_id=people.clerk.member_id, before_id=None, limit=10)
    assert [each.unit for each in mine] == ["mg", "mpt"]
    with pytest.raises(NotFoundError):
        donation_of(db, made.id, member_id=people.teacher.member_id)
    closed = a_cause(db, people.organisation.bureau, NOW, state=OfferState.CLOSED)
    for other in (
        GiftOrder("donation-01", cause, "mpt", 40_000),
        GiftOrder("donation-01", closed, "mpt", 30_000),
        GiftOrder("donation-01", 10**9, "mpt", 30_000),
    ):
        with pytest.raises(ReferenceTakenError):
            give(db, people, other)


def test_what_a_cause_does_not_take_stays_with_the_giver(db: Connection, people: People) -> None:
    only_points = a_cause(db, people.organisation.bureau, NOW, takes_reductions=False)
    closed = a_cause(db, people.organisation.bureau, NOW, state=OfferState.CLOSED)
    draft = a_cause(db, people.organisation.bureau, NOW, state=OfferState.DRAFT)
    for order, error in (
        (GiftOrder("donation-01", only_points, "mg", 5_000), InvalidInputError),
        (GiftOrder("donation-01", only_points, "mpt", 999), InvalidInputError),
        (GiftOrder("donation-01", only_points, "mpt", 100_001), PointsInsufficientError),
        (GiftOrder("donation-01", closed, "mpt", 5_000), NotOnOfferError),
        (GiftOrder("donation-01", draft, "mpt", 5_000), NotFoundError),
        (GiftOrder("donation-01", 10**9, "mpt", 5_000), NotFoundError),
    ):
        with pytest.raises(error):
            give(db, people, order)
    assert balance_of(db, member_id=people.clerk.member_id).points_mpt == 100_000


def test_a_certificate_nobody_issued_does_not_exist(db: Connection) -> None:
    with pytest.raises(NotFoundError):
        donation_by_certificate(db, "AAAA-BBBB-CCCC")
    for text in ("", "AAAA-BBBB", "AAAA-BBBB-CCC0", "AAAA-BBBB-CCCC-DDDD"):
        assert certificate_number(text) is None


def test_strangers_see_a_masked_name() -> None:
    assert [masked_name(name) for name in ("林", "小林", "欧阳小林", "Alexander")] == [
        "林*",
        "小*",
        "欧***",
        "A***",
    ]


def test_a_donation_cannot_be_changed(database: str) -> None:
    engine = make_engine(database, owner=True)
    with engine.connect() as owner, pytest.raises(IntegrityError, match="append-only"):
        owner.exec_driver_sql("UPDATE donation SET amount = 1")
    engine.dispose()
