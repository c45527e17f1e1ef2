"""A reward is set aside, handed over once or given back whole; limits and stock hold."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from backend.donations.checks import _DONATIONS
from backend.errors import DomainError, InvalidInputError, NotFoundError
from backend.ledger.queries import balance_of, drifting_balances
from backend.offers.models import Audience, OfferState
from backend.offers.policy import (
    NotOnOfferError,
    Person,
    PointsInsufficientError,
    ReferenceTakenError,
)
from backend.offers.service import cash_switches, switch_cash_value
from backend.organisations.queries import Scope
from backend.ports.keys import KeyRing
from backend.rewards import catalogue, queries, service
from backend.rewards.checks import _REDEMPTIONS, _STOCK
from backend.rewards.codes import RedemptionCodeError, read_code, redemption_code
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState
from backend.rewards.policy import (
    AlreadySettledError,
    EvidenceShortError,
    LimitReachedError,
    SoldOutError,
    period_start,
)
from backend.rewards.service import Order
from tests.backend.rewards.conftest import People
from tests.builders.organisations import NOW, TODAY
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_reward, a_reward_draft

EVERYWHERE = Scope(everything=True)


def points(db: Connection, person: Person) -> int:
    return balance_of(db, member_id=person.member_id).points_mpt


def stock(db: Connection, reward: int) -> int:
    return queries.reward_of(db, reward).stock_left


def order(reward: int, quantity: int = 1, reference: str = "reference-1") -> Order:
    return Order(reference, reward, quantity)


def in_order(db: Connection) -> bool:
    """Whether stock, redemptions and book agree, as the nightly verification asks."""
    statements = (_STOCK, _REDEMPTIONS, _DONATIONS)
    return not any(db.execute(text(statement)).first() for statement in statements)


def test_a_redemption_sets_points_and_a_piece_aside(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, stock=5)
    made, first = service.redeem(db, people.clerk, order(reward, 2), now=NOW)
    assert first
    assert (made.state, made.points_mpt, made.quantity) == (RedemptionState.PENDING, 20_000, 2)
    assert (points(db, people.clerk), stock(db, reward)) == (80_000, 3)
    # The seventh day after is the last one.
    assert made.due_at.isoformat() == "2026-11-25T16:00:00+00:00"
    assert service.redeem(db, people.clerk, order(reward, 2), now=NOW) == (made, False)
    with pytest.raises(ReferenceTakenError):
        service.redeem(db, people.clerk, order(reward, 1), now=NOW)
    assert (points(db, people.clerk), stock(db, reward)) == (80_000, 3)
    assert in_order(db)


def test_another_order_under_the_same_reference_is_told_so_whatever_else_is_wrong(
    db: Connection, people: People
) -> None:
    bureau = people.organisation.bureau
    limited, scarce = a_reward(db, bureau, NOW, member_limit=2), a_reward(db, bureau, NOW, stock=1)
    service.redeem(db, people.clerk, order(limited, 2), now=NOW)
    for other in (order(limited, 1), order(scarce, 2), order(10**9)):
        with pytest.raises(ReferenceTakenError):
            service.redeem(db, people.clerk, other, now=NOW)


def test_giving_back_restores_points_and_stock(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, stock=5)
    made, _ = service.redeem(db, people.clerk, order(reward, 2), now=NOW)
    mine: dict[str, int] = {"member_id": people.clerk.member_id, "redemption_id": made.id}
    back = service.cancel_own(db, **mine, now=NOW)
    assert (back.state, back.cancelled_by) == (RedemptionState.CANCELLED, CancelledBy.MEMBER)
    assert service.cancel_own(db, **mine, now=NOW) == back
    assert (points(db, people.clerk), stock(db, reward)) == (100_000, 5)
    with pytest.raises(NotFoundError):
        service.cancel_own(db, member_id=people.teacher.member_id, redemption_id=made.id, now=NOW)
    again, _ = service.redeem(db, people.clerk, order(reward, 5, "reference-2"), now=NOW)
    assert again.state is RedemptionState.PENDING
    assert in_order(db)


def test_an_attendant_hands_it_over_once(db: Connection, people: People, keys: KeyRing) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW)
    made, _ = service.redeem(db, people.clerk, order(reward), now=NOW)
    code = redemption_code(keys, made.id, NOW)
    here = Scope(institution_ids=frozenset({people.organisation.bureau}))
    elsewhere = Scope(institution_ids=frozenset({people.organisation.school}))
    attendant = people.colleague.member_id
    with pytest.raises(NotFoundError):
        service.fulfil(db, keys, code, scope=elsewhere, actor_id=attendant, now=NOW)
    done = service.fulfil(db, keys, code, scope=here, actor_id=attendant, now=NOW)
    assert (done.state, done.settled_by) == (RedemptionState.FULFILLED, attendant)
    with pytest.raises(AlreadySettledError):
        service.fulfil(db, keys, code, scope=here, actor_id=attendant, now=NOW)
    with pytest.raises(AlreadySettledError):
        service.cancel_own(db, member_id=people.clerk.member_id, redemption_id=made.id, now=NOW)
    assert points(db, people.clerk) == 90_000
    tags = db.scalars(text("SELECT tag FROM audit_event WHERE object_type = 'redemption'")).all()
    assert tags == ["rewards:redemption:fulfil"]
    assert in_order(db)


def test_a_code_is_of_now_and_of_ours(keys: KeyRing) -> None:
    code = redemption_code(keys, 77, NOW)
    assert read_code(keys, code, NOW) == 77
    assert read_code(keys, f"https://console.example/redemptions/verify?code={code}", NOW) == 77
    assert read_code(keys, code, NOW + timedelta(seconds=60)) == 77
    for wrong, at in (
        (code, NOW + timedelta(seconds=120)),
        (code, NOW - timedelta(seconds=90)),
        (code[:-2] + ("A" if code[-2] != "A" else "B") + code[-1], NOW),
        (code[1:], NOW),
        ("D" + "-" * 22, NOW),
        ("环保布袋", NOW),
        ("D" * 1000, NOW),
    ):
        with pytest.raises(RedemptionCodeError):
            read_code(keys, wrong, at)
    other = KeyRing("another secret of the tests, 32 chars")
    with pytest.raises(RedemptionCodeError):
        read_code(other, code, NOW)


def test_what_nobody_collects_comes_back(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, hold_days=1, stock=3)
    for person in (people.clerk, people.teacher):
        service.redeem(db, person, order(reward), now=NOW)
    assert service.time_out(db, now=NOW + timedelta(hours=37), limit=10) == 0
    assert service.time_out(db, now=NOW + timedelta(hours=38), limit=1) == 1
    assert service.time_out(db, now=NOW + timedelta(hours=38), limit=10) == 1
    assert service.time_out(db, now=NOW + timedelta(hours=38), limit=10) == 0
    assert (points(db, people.clerk), points(db, people.teacher)) == (100_000, 100_000)
    assert stock(db, reward) == 3
    found = queries.redemptions_in(db, scope=EVERYWHERE, limit=10)
    assert [each.cancelled_by for each in found] == [CancelledBy.TIMEOUT] * 2
    assert in_order(db)


def test_only_the_programme_brings_ended_points_back(db: Connection, people: People) -> None:
    member = people.clerk.member_id
    earn(db, member, points_mpt=7_000, on=date(2025, 11, 30))
    reward = a_reward(db, people.organisation.bureau, NOW, points_mpt=7_000)
    made = [
        service.redeem(db, people.clerk, order(reward, 1, f"reference-{n}"), now=NOW)[0]
        for n in range(2)
    ]
    later = NOW + timedelta(days=30)
    service.cancel_for(
        db,
        scope=EVERYWHERE,
        redemption_id=made[0].id,
        actor_id=people.colleague.member_id,
        reason="奖品破损",
        now=later,
    )
    held = {
        f"{lot.expires_month:%Y-%m}": lot.points_mpt
        for lot in balance_of(db, member_id=member).lots
    }
    assert held == {"2026-12": 7_000, "2027-11": 93_000}
    service.cancel_own(db, member_id=member, redemption_id=made[1].id, now=later)
    assert points(db, people.clerk) == 107_000
    assert in_order(db)
    assert drifting_balances(db) == []


@pytest.mark.parametrize(
    "period, at, allowed_again",
    [
        (LimitPeriod.MONTH, NOW + timedelta(days=12), False),
        (LimitPeriod.MONTH, NOW + timedelta(days=13), True),
        (LimitPeriod.QUARTER, NOW + timedelta(days=40), False),
        (LimitPeriod.QUARTER, NOW + timedelta(days=45), True),
        (LimitPeriod.YEAR, NOW + timedelta(days=45), True),
        (LimitPeriod.EVER, NOW + timedelta(days=300), False),
    ],
)
def test_a_members_limit_counts_by_period(
    db: Connection, people: People, period: LimitPeriod, at: datetime, allowed_again: bool
) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, member_limit=2, period=period)
    service.redeem(db, people.clerk, order(reward, 2), now=NOW)
    service.redeem(db, people.colleague, order(reward, 2), now=NOW)
    if allowed_again:
        service.redeem(db, people.clerk, order(reward, 1, "reference-2"), now=at)
    else:
        with pytest.raises(LimitReachedError, match="0 件"):
            service.redeem(db, people.clerk, order(reward, 1, "reference-2"), now=at)


def test_an_institutions_limit_is_for_all_its_members(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, institution_limit=3)
    service.redeem(db, people.clerk, order(reward, 2), now=NOW)
    savepoint = db.begin_nested()
    with pytest.raises(LimitReachedError, match="1 件"):
        service.redeem(db, people.colleague, order(reward, 2), now=NOW)
    savepoint.rollback()
    (offer,) = queries.offers_to(db, people.colleague, today=TODAY, after_id=0, limit=10)
    assert offer.left_for_member == 1
    service.redeem(db, people.teacher, order(reward, 3), now=NOW)
    service.redeem(db, people.citizen, order(reward, 3), now=NOW)
    assert in_order(db)


def test_nothing_is_taken_without_points_or_pieces(db: Connection, people: People) -> None:
    dear = a_reward(db, people.organisation.bureau, NOW, points_mpt=60_000)
    scarce = a_reward(db, people.organisation.bureau, NOW, stock=1)
    with pytest.raises(PointsInsufficientError):
        service.redeem(db, people.clerk, order(dear, 2), now=NOW)
    with pytest.raises(SoldOutError, match="只剩 1 件"):
        service.redeem(db, people.clerk, order(scarce, 2), now=NOW)
    assert (points(db, people.clerk), stock(db, dear), stock(db, scarce)) == (100_000, 10, 1)


@pytest.mark.parametrize(
    "changed, error",
    [
        ({"state": OfferState.DRAFT}, NotFoundError),
        ({"state": OfferState.CLOSED}, NotOnOfferError),
        ({"available_from": date(2026, 11, 19)}, NotOnOfferError),
        ({"available_until": date(2026, 11, 17)}, NotOnOfferError),
    ],
)
def test_what_is_not_open_is_neither_shown_nor_given(
    db: Connection, people: People, changed: dict[str, Any], error: type[DomainError]
) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, **changed)
    assert queries.offers_to(db, people.clerk, today=TODAY, after_id=0, limit=10) == []
    with pytest.raises(error):
        service.redeem(db, people.clerk, order(reward), now=NOW)


def seen(db: Connection, person: Person) -> list[int]:
    offers = queries.offers_to(db, person, today=TODAY, after_id=0, limit=10)
    return [offer.reward.id for offer in offers]


def test_an_institutions_reward_is_for_its_own_members(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, audience=Audience.INSTITUTION)
    assert seen(db, people.clerk) == [reward]
    for stranger in (people.teacher, people.citizen):
        assert seen(db, stranger) == []
        with pytest.raises(NotFoundError):
            service.redeem(db, stranger, order(reward), now=NOW)


def test_cash_value_is_off_until_an_institution_switches_it_on(
    db: Connection, people: People
) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, cash_value=True, name="超市购物卡")
    everybody = (people.clerk, people.teacher, people.citizen)
    assert [seen(db, person) for person in everybody] == [[], [], []]
    for person in everybody:
        with pytest.raises(NotFoundError):
            service.redeem(db, person, order(reward), now=NOW)
    switch_cash_value(db, people.organisation.school, allowed=True, actor_id=None, now=NOW)
    assert [seen(db, person) for person in everybody] == [[], [reward], []]
    service.redeem(db, people.teacher, order(reward), now=NOW)
    # A citizen belongs to nobody: the institution that offers it decides.
    switch_cash_value(db, people.organisation.bureau, allowed=True, actor_id=None, now=NOW)
    switch_cash_value(db, people.organisation.school, allowed=False, actor_id=None, now=NOW)
    assert [seen(db, person) for person in everybody] == [[reward], [], [reward]]
    on = [each.name for each in cash_switches(db, scope=EVERYWHERE) if each.allowed]
    assert on == ["市事务局"]
    audited = db.scalars(
        text("SELECT after->>'cash_value' FROM audit_event WHERE tag LIKE '%cash%' ORDER BY id")
    ).all()
    assert audited == ["true", "true", "false"]


def test_cash_value_is_given_for_evidenced_points_of_twelve_months_alone(
    db: Connection, people: People
) -> None:
    school = people.organisation.school
    switch_cash_value(db, school, allowed=True, actor_id=None, now=NOW)
    card = a_reward(db, school, NOW, cash_value=True, points_mpt=10_000)
    mug = a_reward(db, school, NOW, points_mpt=10_000)
    member = a_member(db, institution_id=school)
    person = Person(member, school)
    earn(db, member, points_mpt=90_000, tier="T0")
    earn(db, member, points_mpt=5_000, on=date(2025, 11, 18))  # a day too early
    earn(db, member, points_mpt=12_000, on=date(2025, 11, 19), tier="T1")
    earn(db, member, points_mpt=13_000)
    made, _ = service.redeem(db, person, order(card, 2), now=NOW)
    service.redeem(db, person, order(mug, 3, "for-a-mug"), now=NOW)
    with pytest.raises(EvidenceShortError, match="还差 5 分"):
        service.redeem(db, person, order(card, 1, "one-more"), now=NOW)
    service.cancel_own(db, member_id=member, redemption_id=made.id, now=NOW)
    assert service.redeem(db, person, order(card, 1, "one-more"), now=NOW)[1]


def test_stock_and_words_change_under_audit(db: Connection, people: People) -> None:
    reward = a_reward(db, people.organisation.bureau, NOW, stock=3)
    by: dict[str, Any] = {"scope": EVERYWHERE, "actor_id": people.clerk.member_id, "now": NOW}
    service.redeem(db, people.teacher, order(reward), now=NOW)
    assert catalogue.change_stock(db, reward, 5, **by).stock_left == 7
    with pytest.raises(InvalidInputError, match="最多减少 7 件"):
        catalogue.change_stock(db, reward, -8, **by)
    assert catalogue.change_stock(db, reward, -7, **by).stock_left == 0
    catalogue.change_reward(db, reward, a_reward_draft(points_mpt=12_000), **by)
    catalogue.change_reward(db, reward, a_reward_draft(points_mpt=12_000), **by)
    changed = db.execute(
        text("SELECT before, after FROM audit_event WHERE tag = 'rewards:reward:change'")
    ).all()
    assert [tuple(row) for row in changed] == [({"points_mpt": 10_000}, {"points_mpt": 12_000})]
    until = a_reward_draft(available_until=date(2025, 12, 31))
    with pytest.raises(InvalidInputError):
        catalogue.change_reward(db, reward, until, **by)
    nowhere = Scope(institution_ids=frozenset({people.organisation.school}))
    with pytest.raises(NotFoundError):
        catalogue.change_stock(db, reward, 1, **(by | {"scope": nowhere}))
    assert in_order(db)


def test_periods_begin_where_calendars_say() -> None:
    day = date(2026, 11, 18)
    assert period_start(LimitPeriod.MONTH, day) == date(2026, 11, 1)
    assert period_start(LimitPeriod.QUARTER, day) == date(2026, 10, 1)
    assert period_start(LimitPeriod.YEAR, day) == date(2026, 1, 1)
