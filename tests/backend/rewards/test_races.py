"""Under a rush nothing is oversold, no limit is passed, and nothing is settled twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.bootstrap import Backend
from backend.errors import DomainError
from backend.ledger.queries import drifting_balances
from backend.rewards import service
from backend.rewards.codes import redemption_code
from backend.rewards.policy import AlreadySettledError, LimitReachedError, Person
from tests.backend.rewards.test_redemptions import EVERYWHERE, in_order, order, stock
from tests.builders.organisations import NOW, an_organisation
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_reward


def _rush(backend: Backend, clients: int, pieces: int, threads: int) -> tuple[list[str], int]:
    """So many members ask for one piece each at the same time; what became of each."""
    with backend.engine.begin() as db:
        there = an_organisation(db)
        members = [a_member(db, institution_id=there.bureau) for _ in range(clients)]
        for member in members:
            earn(db, member, points_mpt=10_000)
        reward = a_reward(db, there.bureau, NOW, stock=pieces)
    together = Barrier(threads, timeout=30)

    def ask(part: int) -> list[str]:
        together.wait()
        outcomes = []
        for member in members[part::threads]:
            try:
                with backend.engine.begin() as db:
                    person = Person(member, there.bureau)
                    service.redeem(db, person, order(reward), now=NOW)
                outcomes.append("redeemed")
            except DomainError as error:
                outcomes.append(error.code)
        return outcomes

    with ThreadPoolExecutor(threads) as pool:
        outcomes = [outcome for part in pool.map(ask, range(threads)) for outcome in part]
    with backend.engine.connect() as db:
        assert in_order(db)
        assert drifting_balances(db) == []
        return outcomes, stock(db, reward)


def test_ten_pieces_for_sixty_clients_are_ten(backend: Backend) -> None:
    outcomes, left = _rush(backend, 60, 10, 8)
    assert sorted(outcomes) == ["redeemed"] * 10 + ["sold_out"] * 50
    assert left == 0


@pytest.mark.drill
def test_ten_pieces_for_five_hundred_clients_are_ten(backend: Backend) -> None:
    outcomes, left = _rush(backend, 500, 10, 10)
    assert sorted(outcomes) == ["redeemed"] * 10 + ["sold_out"] * 490
    assert left == 0


def test_one_member_with_many_phones_keeps_to_the_limit(backend: Backend) -> None:
    with backend.engine.begin() as db:
        there = an_organisation(db)
        member = a_member(db, institution_id=there.bureau)
        earn(db, member, points_mpt=100_000)
        reward = a_reward(db, there.bureau, NOW, stock=50, member_limit=3)

    def ask(number: int) -> bool:
        try:
            with backend.engine.begin() as db:
                wanted = order(reward, 1, f"phone-{number:04d}")
                service.redeem(db, Person(member, there.bureau), wanted, now=NOW)
        except LimitReachedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 3


def test_handing_over_and_giving_back_at_once_do_one_of_them(backend: Backend) -> None:
    with backend.engine.begin() as db:
        there = an_organisation(db)
        member = a_member(db, institution_id=there.bureau)
        attendant = a_member(db)
        earn(db, member, points_mpt=100_000)
        reward = a_reward(db, there.bureau, NOW, points_mpt=1_000, stock=10)
        made = [
            service.redeem(
                db, Person(member, there.bureau), order(reward, 1, f"both-{n:06d}"), now=NOW
            )[0].id
            for n in range(5)
        ]

    def settle(number: int) -> bool:
        redemption, gives_back = made[number // 2], number % 2
        try:
            with backend.engine.begin() as db:
                if gives_back:
                    service.cancel_own(db, member_id=member, redemption_id=redemption, now=NOW)
                else:
                    code = redemption_code(backend.keys, redemption, NOW)
                    service.fulfil(
                        db, backend.keys, code, scope=EVERYWHERE, actor_id=attendant, now=NOW
                    )
        except AlreadySettledError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(settle, range(10))) == 5
    with backend.engine.connect() as db:
        assert in_order(db)
