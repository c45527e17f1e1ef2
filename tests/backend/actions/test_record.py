"""Posting under races: one credit for one act, caps exact, every award replays."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import text

from backend.actions.exclusions import ExcludedError
from backend.actions.queries import action_of, actions_of
from backend.actions.receipts import Receipt, receipt_of
from backend.actions.replaying import ReplayMismatchError, replay
from backend.actions.service import record
from backend.bootstrap import Backend
from backend.errors import NotFoundError
from backend.ledger.queries import balance_of, drifting_balances
from tests.builders.city import City, a_city
from tests.builders.claims import a_claim
from tests.builders.drop_offs import a_reference, drop
from tests.conftest import PATIENCE_SECONDS

T = TypeVar("T")


@pytest.fixture
def city(backend: Backend) -> City:
    return a_city(backend)


@pytest.fixture
def log(city: City) -> Callable[..., Receipt]:
    """Logs a drop-off of the first member in a transaction of its own."""

    def logged(**changes: object) -> Receipt:
        arguments: dict[str, object] = {
            "rulebook": city.backend.rulebook,
            "keys": city.backend.keys,
            "member_id": city.scene.members[0],
            "code": city.scene.attended.url,
            "now": city.backend.clock.now(),
        } | changes
        with city.backend.engine.begin() as db:
            return drop(db, **arguments)  # type: ignore[arg-type]  # a test's own keywords

    return logged


def all_at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Runs tasks in threads that start together."""
    start = threading.Barrier(len(tasks), timeout=PATIENCE_SECONDS)

    def run(task: Callable[[], T]) -> T:
        start.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_parallel_identical_requests_credit_once(city: City, log: Callable[..., Receipt]) -> None:
    reference = a_reference()
    receipts = all_at_once([lambda: log(reference=reference)] * 8)
    assert sum(receipt.first for receipt in receipts) == 1
    assert len({receipt.action.id for receipt in receipts}) == 1
    with city.backend.engine.begin() as db:
        assert len(actions_of(db, member_id=city.scene.members[0], before_id=None, limit=50)) == 1


def test_caps_hold_exactly_under_a_race(city: City, log: Callable[..., Receipt]) -> None:
    now = city.backend.clock.now()
    tasks = [
        partial(log, mass="8", material="aluminium", occurred_at=now - timedelta(minutes=minute))
        for minute in range(8)
    ]
    receipts = all_at_once(tasks)
    # 8 x 8 kg x 8.12 kg/kg would be 520 kg; the day's cap is 10 kg and 30 points.
    assert sum(receipt.assessment.reduction_mg for receipt in receipts) == 10_000_000
    with city.backend.engine.begin() as db:
        balance = balance_of(db, member_id=city.scene.members[0])
        assert balance.reduction_mg == 10_000_000
        assert balance.points_mpt == sum(r.assessment.points_mpt for r in receipts) <= 30_000
        assert drifting_balances(db) == []


def test_of_exclusive_claims_at_once_one_is_credited(city: City) -> None:
    backend, now = city.backend, city.backend.clock.now()
    trip = [
        ("commute.metro", {"distance": "10"}),
        ("commute.bus", {"distance": "5"}),
        ("commute.bicycle", {"distance": "3"}),
    ]
    parked = ("commute.car_free_day", {"habit": "drives", "restricted": "no"})

    def log(kind: str, facts: dict[str, str]) -> Receipt | None:
        claim = a_claim(city.scene.members[0], a_reference(), kind, facts, at=now)
        with backend.engine.begin() as db:
            try:
                return record(db, backend.rulebook, backend.keys, claim, now=now)
            except ExcludedError:
                return None

    receipts = all_at_once([partial(log, *told) for told in (*trip, parked, *trip)])
    (credited,) = [receipt for receipt in receipts if receipt is not None]
    with backend.engine.begin() as db:
        balance = balance_of(db, member_id=city.scene.members[0])
        assert balance.points_mpt == credited.assessment.points_mpt
        (row,) = actions_of(db, member_id=city.scene.members[0], before_id=None, limit=9)
        assert replay(backend.rulebook, row).points_mpt == row.points_mpt


def test_every_award_replays_to_itself(city: City, log: Callable[..., Receipt]) -> None:
    now = city.backend.clock.now()
    logged = [
        log(material=material, mass=mass, occurred_at=now - timedelta(minutes=minute))
        for minute, (material, mass) in enumerate(
            [("paper", "3.2"), ("glass", "12"), ("battery", "0.4"), ("mixed", "9"), ("paper", "1")]
        )
    ]
    with city.backend.engine.begin() as db:
        for receipt in logged:
            again = receipt_of(
                db,
                city.backend.rulebook,
                member_id=city.scene.members[0],
                action_id=receipt.action.id,
            )
            assert again.action == receipt.action
            assert again.assessment.trace.to_json() == receipt.assessment.trace.to_json()


@pytest.mark.parametrize(
    "wrong", [{"points_mpt": 1}, {"reduction_mg": 1}, {"methodology_digest": b"x"}]
)
def test_a_tampered_award_does_not_replay(
    city: City, log: Callable[..., Receipt], wrong: dict[str, object]
) -> None:
    recorded = log().action
    with pytest.raises(ReplayMismatchError):
        replay(city.backend.rulebook, recorded._replace(**wrong))  # type: ignore[arg-type]  # named above


def test_somebody_elses_action_is_not_found(city: City, log: Callable[..., Receipt]) -> None:
    action_id = log().action.id
    with city.backend.engine.begin() as db:
        assert action_of(db, member_id=city.scene.members[1], action_id=action_id) is None
        with pytest.raises(NotFoundError):
            receipt_of(
                db, city.backend.rulebook, member_id=city.scene.members[1], action_id=action_id
            )


def test_the_outbox_row_commits_with_the_award(city: City, log: Callable[..., Receipt]) -> None:
    action_id = log().action.id
    with city.backend.engine.begin() as db:
        rows = db.execute(text("SELECT kind, payload FROM outbox")).all()
    assert [tuple(row) for row in rows] == [("award.posted", {"action_id": action_id})]
