"""What the members of the demo city can do with their points: rewards, causes, draws.

A few of each, offered by the first institutions and used by their members through the services
everybody else uses; so the catalogue, the attendant's screen and the draws have something to show.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, or_, select

from backend.bootstrap import Backend
from backend.clock import business_day
from backend.donations import service as donations
from backend.donations.catalogue import create_cause
from backend.donations.queries import CauseDraft
from backend.donations.service import GiftOrder
from backend.draws import service as draws
from backend.draws.policy import ThresholdError
from backend.draws.queries import DrawDraft
from backend.ledger.queries import balance_of
from backend.offers.models import Audience, OfferState
from backend.offers.policy import Person
from backend.organisations.models import Institution
from backend.organisations.queries import Scope
from backend.people.models import Membership, Role, RoleGrant
from backend.rewards import catalogue, service
from backend.rewards.codes import redemption_code
from backend.rewards.models import LimitPeriod
from backend.rewards.queries import RewardDraft
from backend.rewards.service import Order

_MEMBERS: Final = 40
_PRICE_MPT: Final = 10_000
_GIFT_MPT: Final = 2_000
_GIFT_MG: Final = 100_000
# Name, description, price in points, cash value, pieces.
_REWARDS: Final = (
    ("环保布袋", "再生棉制作，可承重 8 千克。", 10, False, 300),
    ("绿萝盆栽", "办公桌面绿植，自带水培瓶。", 25, False, 80),
    ("有机蔬菜体验券", "凭券到机关食堂领取时令蔬菜一份。", 60, False, 40),
    ("地铁充值 10 元", "凭兑换记录到服务台办理。", 100, True, 20),
)
_CAUSES: Final = (
    ("西溪湿地护鸟", "为湿地鸟类补种芦苇，每 1,000 积分补种 1 平方米。"),
    ("大会碳中和", "用大家的减排量抵消全市节能宣传周的碳排放。"),
)


def offer(db: Connection, backend: Backend, *, now: datetime) -> None:
    """Enters rewards, causes and draws, and lets members use them; the caller commits.

    Args:
        db: the caller's transaction, after the history was loaded.
        backend: keys.
        now: the present instant.
    """
    number = func.substr(Institution.credit_code, 9, 8)
    hosts = list(db.scalars(select(Institution.id).order_by(number).limit(2)))
    rewards = [_reward(db, hosts[n % len(hosts)], n, now) for n in range(len(_REWARDS))]
    causes = [
        create_cause(
            db,
            CauseDraft(
                name=name,
                description=description,
                takes_points=True,
                takes_reductions=True,
                state=OfferState.OPEN,
            ),
            institution_id=hosts[0],
            actor_id=None,
            now=now,
        )
        for name, description in _CAUSES
    ]
    drawn = _draw(db, backend, hosts[0], "上期绿色达人抽奖", now - timedelta(days=3))
    _draw(db, backend, hosts[0], "本期绿色达人抽奖", now)
    people = list(_people(db, hosts, now))
    _redeem(db, backend, people, rewards[0], hosts[0], now)
    _give(db, people, causes, now)
    for person in people:
        with suppress(ThresholdError):
            draws.enter(db, person, drawn, now=now - timedelta(days=2, hours=12))
    for _ in range(2):
        draws.advance(db, backend.keys, now=now)


def _reward(db: Connection, institution_id: int, number: int, now: datetime) -> int:
    name, description, points, cash_value, stock = _REWARDS[number]
    return catalogue.create_reward(
        db,
        RewardDraft(
            name=name,
            description=description,
            pickup="一楼服务台，工作日 9:00–17:00",
            points_mpt=points * 1_000,
            cash_value=cash_value,
            audience=Audience.CITY,
            member_limit=3,
            institution_limit=None,
            period=LimitPeriod.MONTH,
            hold_days=14,
            available_from=business_day(now) - timedelta(days=30),
            available_until=None,
            state=OfferState.OPEN,
        ),
        institution_id=institution_id,
        stock=stock,
        actor_id=None,
        now=now - timedelta(days=30),
    )


def _draw(
    db: Connection, backend: Backend, institution_id: int, name: str, announced: datetime
) -> int:
    """A draw announced at an instant that closes two days later."""
    day = business_day(announced)
    draft = DrawDraft(
        name=name,
        description="中奖后请凭抽奖号到一楼服务台领取。",
        prize="桌面绿植一盆",
        cash_value=False,
        audience=Audience.CITY,
        winners=3,
        unit="mpt",
        threshold=1_000,
        counts_from=day - timedelta(days=60),
        counts_until=day,
        closes_at=announced + timedelta(days=2),
        draws_at=announced + timedelta(days=2, minutes=10),
    )
    return draws.announce(
        db, backend.keys, draft, institution_id=institution_id, actor_id=None, now=announced
    )


def _people(db: Connection, hosts: Sequence[int], now: datetime) -> Iterator[Person]:
    """Members of the hosts who hold enough to redeem, give and enter."""
    today = business_day(now)
    rows = db.execute(
        select(Membership.member_id, Membership.institution_id)
        .where(
            Membership.institution_id.in_(hosts),
            Membership.valid_from <= today - timedelta(days=3),
            or_(Membership.valid_until.is_(None), Membership.valid_until > today),
        )
        .order_by(Membership.institution_id != hosts[0], Membership.member_id)
    ).all()
    found = 0
    for member_id, institution_id in rows:
        held = balance_of(db, member_id=member_id)
        enough = held.points_mpt >= 2 * _PRICE_MPT and held.reduction_mg >= _GIFT_MG
        if enough and found < _MEMBERS:
            found += 1
            yield Person(member_id, institution_id)


def _redeem(
    db: Connection,
    backend: Backend,
    people: Sequence[Person],
    reward: int,
    host: int,
    now: datetime,
) -> None:
    """One piece each: of three, one waits, one was collected and one given back."""
    attendant = db.scalar(
        select(RoleGrant.member_id)
        .where(RoleGrant.role == Role.ATTENDANT, RoleGrant.institution_id == host)
        .limit(1)
    )
    for number, person in enumerate(people):
        asked = now - timedelta(hours=2 + number)
        order = Order(f"demo-redemption-{number}", reward, 1)
        made, _ = service.redeem(db, person, order, now=asked)
        if number % 3 == 1 and attendant is not None:
            collected = asked + timedelta(hours=1)
            service.fulfil(
                db,
                backend.keys,
                redemption_code(backend.keys, made.id, collected),
                scope=Scope(institution_ids=frozenset({host})),
                actor_id=attendant,
                now=collected,
            )
        elif number % 3 == 2:
            service.cancel_own(
                db,
                member_id=person.member_id,
                redemption_id=made.id,
                now=asked + timedelta(hours=1),
            )


def _give(db: Connection, people: Sequence[Person], causes: Sequence[int], now: datetime) -> None:
    for number, person in enumerate(people[::4]):
        unit, amount = (("mpt", _GIFT_MPT), ("mg", _GIFT_MG))[number % 2]
        order = GiftOrder(f"demo-donation-{number}", causes[number % len(causes)], unit, amount)
        donations.donate(db, member_id=person.member_id, order=order, now=now)
