"""Two who decide at once, and many who draw on one budget: one decision, nothing oversold."""

import threading
from collections.abc import Callable

from backend.actions.models import HoldOutcome
from backend.bootstrap import Backend
from backend.clock import business_day
from backend.corrections.reviews import AlreadyDecidedError, Decision, resolve, reverse
from backend.ledger.budgets import budget_left, fund_campaign
from backend.ledger.queries import drifting_balances
from backend.ledger.service import Outcome, post_award
from backend.organisations.queries import Scope
from tests.backend.ledger.test_budgets import an_award
from tests.builders.books import assert_sound
from tests.builders.city import a_city
from tests.builders.drop_offs import drop
from tests.builders.points import a_member_of_number
from tests.conftest import PATIENCE_SECONDS

WAIT = 20


def _at_once(*works: Callable[[], object]) -> list[object]:
    """What each work came to, all begun together; an error counts as its outcome."""
    barrier = threading.Barrier(len(works))
    outcomes: dict[int, object] = {}

    def run(number: int, work: Callable[[], object]) -> None:
        barrier.wait(PATIENCE_SECONDS)
        try:
            outcomes[number] = work()
        except AlreadyDecidedError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    return list(outcomes.values())


def test_of_two_decisions_at_once_one_counts(backend: Backend) -> None:
    scene, now = a_city(backend).scene, backend.clock.now()
    with backend.engine.begin() as db:
        held = drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=scene.members[0],
            code=scene.attended.url,
            now=now,
            mass="31",
        )

    def judge(actor: int, outcome: HoldOutcome) -> Callable[[], object]:
        decision = Decision(held.action.id, Scope(everything=True), actor, "核对", now)

        def work() -> object:
            with backend.engine.begin() as db:
                return resolve(db, backend.rulebook, decision, outcome=outcome)

        return work

    outcomes = _at_once(
        judge(scene.members[1], HoldOutcome.POSTED), judge(scene.members[2], HoldOutcome.VOIDED)
    )
    assert sum(isinstance(outcome, AlreadyDecidedError) for outcome in outcomes) == 1
    with backend.engine.begin() as db:
        assert_sound(db, backend.rulebook)


def test_of_two_reversals_at_once_one_counts(backend: Backend) -> None:
    scene, now = a_city(backend).scene, backend.clock.now()
    with backend.engine.begin() as db:
        receipt = drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=scene.members[0],
            code=scene.attended.url,
            now=now,
        )

    def take_back() -> object:
        everything = Scope(everything=True)
        decision = Decision(receipt.action.id, everything, scene.members[1], "重复", now)
        with backend.engine.begin() as db:
            return reverse(db, backend.rulebook, decision)

    outcomes = _at_once(take_back, take_back, take_back)
    assert sum(isinstance(outcome, AlreadyDecidedError) for outcome in outcomes) == 2
    with backend.engine.begin() as db:
        assert_sound(db, backend.rulebook)


def test_a_budget_drawn_by_many_at_once_is_never_oversold(backend: Backend) -> None:
    day = business_day(backend.clock.now())
    with backend.engine.begin() as db:
        fund_campaign(db, campaign_id=7, points_mpt=1_000, on=day, actor_id=None)
        for member in range(1, 10):
            a_member_of_number(db, member)

    def draw(member: int) -> Callable[[], object]:
        def work() -> object:
            with backend.engine.connect() as db, db.begin() as transaction:
                award = an_award(member, bonus_mpt=150, campaign_id=7)
                outcome = post_award(db, award).outcome
                if outcome is not Outcome.POSTED:
                    transaction.rollback()
                return outcome

        return work

    outcomes = _at_once(*(draw(member) for member in range(1, 10)))
    assert outcomes.count(Outcome.POSTED) == 6
    assert outcomes.count(Outcome.BUDGET_SHORT) == 3
    with backend.engine.begin() as db:
        assert budget_left(db, campaign_id=7) == 100
        assert drifting_balances(db) == []
