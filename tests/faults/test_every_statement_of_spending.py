"""So it is with whatever else moves points: killed before any statement, all of it or nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.clock import FixedClock, SystemClock, business_day
from backend.ledger.queries import drifting_balances
from backend.offers.policy import Person
from backend.rewards import service
from backend.rewards.service import Order
from tests.builders.city import City, a_city
from tests.builders.drop_offs import POSITION_SENT
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_reward
from tests.faults.asking import Ask, Request, asking

TABLES = (
    *("action", "entry", "transfer", "balance", "idempotency", "evidence_use", "cap_usage"),
    *("outbox", "redemption", "donation", "audit_event"),
)
_COUNTED = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in TABLES)
_STATE = text(f"""
{_COUNTED}
UNION ALL SELECT 'stock', sum(stock_left) FROM reward
UNION ALL SELECT 'pending', count(*) FROM redemption WHERE state = 'pending'
UNION ALL SELECT 'held', sum(amount) FROM balance WHERE kind = 'member_points'
""")


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the present, as the requests' own clock does."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def city(backend: Backend) -> City:
    """Forty members with points, a reward and a cause."""
    built, now = a_city(backend, members=40), backend.clock.now()
    with backend.engine.begin() as db:
        for member in built.scene.members:
            earn(db, member, points_mpt=50_000, on=business_day(now))
        a_reward(db, built.scene.institution_id, now, stock=100)
        a_cause(db, built.scene.institution_id, now)
    return built


Said = tuple[str, str, dict[str, object] | None]
What = Callable[[City, int], Said]


def redemption(_city: City, number: int) -> Said:
    body = {"reference": f"taken-{number:04d}", "reward_id": 1, "quantity": 1}
    return "POST", "/api/v1/redemptions", body


def donation(_city: City, number: int) -> Said:
    body = {"reference": f"gift-{number:04d}", "cause_id": 1, "unit": "mpt", "amount": 5_000}
    return "POST", "/api/v1/donations", body


def cancellation(city: City, number: int) -> Said:
    """Of a redemption that is made first."""
    person = Person(city.scene.members[number], city.scene.institution_id)
    with city.backend.engine.begin() as db:
        order = Order(f"given-{number:04d}", 1, 1)
        made, _ = service.redeem(db, person, order, now=city.backend.clock.now())
    return "DELETE", f"/api/v1/redemptions/{made.id}", None


def backlog(city: City, number: int) -> Said:
    now = city.backend.clock.now()
    actions = [
        {
            "reference": f"killed-{number:04d}-{minutes}",
            "kind": "recycling.drop_off",
            "occurred_at": (now - timedelta(minutes=minutes)).isoformat(),
            "facts": {"material": "paper", "mass": "1.25"},
            "evidence": {"code": city.scene.attended.url, "position": POSITION_SENT},
        }
        for minutes in range(3)
    ]
    return "POST", "/api/v1/actions/batch", {"actions": actions}


def _now(city: City) -> dict[str, int]:
    with city.backend.engine.begin() as db:
        return {name: int(count) for name, count in db.execute(_STATE)}


def _change(city: City, before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in _now(city).items()}


def _killed_everywhere(city: City, ask: Ask, what: What) -> None:
    def request(number: int) -> Request:
        method, path, body = what(city, number)
        return Request(city.token(city.scene.members[number]), path, body, method)

    first = request(0)
    before = _now(city)
    whole = ask(first, 0)
    assert whole["status"] in {200, 201}
    points, one = whole["statements"], _change(city, before)
    assert any(one.values())
    for number, point in enumerate(points, start=1):
        mine = request(number)
        before = _now(city)
        assert ask(mine, number)["status"] is None
        committed = point == "the answer"
        assert _change(city, before) == (one if committed else dict.fromkeys(one, 0)), point
        assert ask(mine, 0)["status"] in {200, 201}
        assert _change(city, before) == one


@pytest.mark.parametrize(
    "whats",
    [
        pytest.param((redemption,), id="redemption"),
        pytest.param((donation, cancellation, backlog), id="others", marks=pytest.mark.drill),
    ],
)
def test_killed_before_any_statement_all_or_nothing(city: City, whats: tuple[What, ...]) -> None:
    with asking() as ask:
        for what in whats:
            _killed_everywhere(city, ask, what)
    with city.backend.engine.connect() as db:
        assert drifting_balances(db) == []
