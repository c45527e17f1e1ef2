"""Rewards, causes and draws of the world in every state, and who used them."""

from collections.abc import Mapping
from datetime import date, timedelta

from backend.clock import business_day
from backend.donations import service as donations
from backend.donations.service import GiftOrder
from backend.draws import service as draws
from backend.offers.models import Audience, OfferState
from backend.offers.policy import Person
from backend.people.models import Role
from backend.rewards import service as rewards
from backend.rewards.codes import redemption_code
from backend.rewards.service import Order
from tests.builders.drop_offs import a_reference
from tests.builders.rewards import a_cause, a_draw, a_reward
from tests.scenes.acts import EVERYWHERE, FREE, LONG, RARE, Acts

PRICE_MPT = 100


def offer_everything(acts: Acts, people: Mapping[str, int]) -> None:
    """Offers, redeems, gives and draws."""
    _redemptions(acts, people, _rewards(acts))
    _gifts(acts, people)
    _draws(acts, people)


def _rewards(acts: Acts) -> list[int]:
    """One that is open, and one in each other state."""
    bureau, today = acts.town.organisation.bureau, business_day(acts.now)
    changes: list[dict[str, object]] = [
        {"name": "环保布袋"},
        {"name": LONG[:40], "description": LONG},
        {"name": RARE, "description": FREE, "pickup": FREE},
        {"name": "草稿", "state": OfferState.DRAFT},
        {"name": "下架", "state": OfferState.CLOSED},
        {"name": "兑完", "stock": 0},
        {"name": "过期", "available_until": date(2026, 12, 31)},
        {"name": "未到", "available_from": today + timedelta(days=9)},
        {"name": "仅本单位", "audience": Audience.INSTITUTION, "member_limit": 1},
        {"name": "现金价值", "cash_value": True, "institution_limit": 1},
    ]
    said: dict[str, object] = {"points_mpt": PRICE_MPT, "hold_days": 7}
    before = acts.now - timedelta(days=60)
    return [
        a_reward(acts.db, bureau, before, **(said | change))  # type: ignore[arg-type]  # a scene's own keywords
        for change in changes
    ]


def _redemptions(acts: Acts, people: Mapping[str, int], offered: list[int]) -> None:
    """A redemption in every state and given back by everybody who can."""
    bureau = acts.town.organisation.bureau
    person = Person(people["many"], bureau)

    def redeem(which: int, ago: timedelta) -> int:
        order = Order(a_reference(), offered[which], 1)
        made, _ = rewards.redeem(acts.db, person, order, now=acts.now - ago)
        return made.id

    for which in (0, 1, 2):
        redeem(which, timedelta(hours=2))
    handed = redeem(0, timedelta(hours=3))
    rewards.fulfil(
        acts.db,
        acts.backend.keys,
        redemption_code(acts.backend.keys, handed, acts.now),
        scope=EVERYWHERE,
        actor_id=acts.town.officers[Role.ATTENDANT],
        now=acts.now,
    )
    rewards.cancel_own(
        acts.db, member_id=person.member_id, redemption_id=redeem(0, timedelta()), now=acts.now
    )
    rewards.cancel_for(
        acts.db,
        scope=EVERYWHERE,
        redemption_id=redeem(0, timedelta()),
        actor_id=acts.admin,
        reason=FREE,
        now=acts.now,
    )
    redeem(0, timedelta(days=8))
    rewards.time_out(acts.db, now=acts.now, limit=9)


def _gifts(acts: Acts, people: Mapping[str, int]) -> None:
    """A cause in every state; points and reductions given to it, by people of every name."""
    bureau = acts.town.organisation.bureau
    causes = [
        a_cause(acts.db, bureau, acts.now, **change)
        for change in (
            {"name": "西溪湿地护鸟"},
            {"name": RARE, "description": LONG},
            {"name": "草稿", "state": OfferState.DRAFT},
            {"name": "结束", "state": OfferState.CLOSED},
        )
    ]
    for who in ("many", "long", "rare", "erased"):
        for number, (unit, amount) in enumerate((("mpt", 1_000), ("mg", 1_000))):
            order = GiftOrder(a_reference(), causes[number], unit, amount)
            donations.donate(acts.db, member_id=people[who], order=order, now=acts.now)


def _draws(acts: Acts, people: Mapping[str, int]) -> None:
    """A draw in every state, with and without tickets."""
    keys, now = acts.backend.keys, acts.now
    bureau = acts.town.organisation.bureau
    for state, ago in (("open", 0), ("closed", 3), ("drawn", 9)):
        for entrants in ((), ("many", "long", "rare")):
            announced = now - timedelta(days=ago)
            draw = a_draw(
                acts.db,
                keys,
                bureau,
                announced,
                name=f"{state} {RARE}",
                threshold=1,
                counts_from=date(2027, 1, 1),
                counts_until=date(2027, 3, 31),
                closes_at=announced + timedelta(days=2),
                draws_at=announced + timedelta(days=5),
            )
            for who in entrants:
                person = Person(people[who], bureau)
                draws.enter(acts.db, person, draw, now=announced + timedelta(hours=1))
    for _ in range(2):
        draws.advance(acts.db, keys, now=now)
