"""Under a rush nothing is oversold, no limit is passed, and nothing is settled twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import business_day
from backend.draws import service as draws
from backend.draws.queries import draw_of, tickets_of
from backend.draws.recheck import entries_digest
from backend.errors import DomainError
from backend.ledger.queries import drifting_balances
from backend.offers.policy import NotOnOfferError, Person
from backend.rewards import service
from backend.rewards.codes import redemption_code
from backend.rewards.policy import AlreadySettledError, LimitReachedError
from tests.backend.rewards.test_redemptions import EVERYWHERE, in_order, order, stock
from tests.builders.organisations import NOW, an_organisation
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_draw, a_reward
from tests.conftest import PATIENCE_SECONDS


def _rush(backend: Backend, clients: int, pieces: int, threads: int) -> tuple[list[str], int]:
    """So many members ask for one piece each at the same time; what became of each."""
    with backend.engine.begin() as db:
        there = an_organisation(db)
        members = [a_member(db, institution_id=there.bureau) for _ in range(clients)]
        for member in members:
            earn(db, member, points_mpt=10_000)
        reward = a_reward(db, there.bureau, NOW, stock=pieces)
    together = Barrier(threads, timeout=PATIENCE_SECONDS)

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


Way = Callable[[Connection, int], object]
LATE = NOW + timedelta(days=400)


def _ways_to_settle(backend: Backend, member: int, official: int) -> list[Way]:
    """The attendant, the programme, the member, and the job when the time has run out, twice."""

    def hand_over(db: Connection, redemption: int) -> None:
        code = redemption_code(backend.keys, redemption, LATE)
        service.fulfil(db, backend.keys, code, scope=EVERYWHERE, actor_id=official, now=LATE)

    def cancel(db: Connection, redemption: int) -> None:
        service.cancel_for(
            db,
            scope=EVERYWHERE,
            redemption_id=redemption,
            actor_id=official,
            reason="缺货",
            now=LATE,
        )

    def give_back(db: Connection, redemption: int) -> None:
        service.cancel_own(db, member_id=member, redemption_id=redemption, now=LATE)

    def time_out(db: Connection, _redemption: int) -> None:
        service.time_out(db, now=LATE, limit=2)

    return [hand_over, cancel, give_back, time_out, time_out]


def test_of_all_who_settle_at_once_one_does(backend: Backend) -> None:
    with backend.engine.begin() as db:
        there = an_organisation(db)
        member, official = a_member(db, institution_id=there.bureau), a_member(db)
        earn(db, member, points_mpt=100_000, on=business_day(NOW))
        reward = a_reward(db, there.bureau, NOW, points_mpt=1_000, stock=20)
        person = Person(member, there.bureau)
        made = [
            service.redeem(db, person, order(reward, 2, f"all-{n:06d}"), now=NOW)[0].id
            for n in range(6)
        ]
    ways = _ways_to_settle(backend, member, official)
    together = Barrier(len(ways), timeout=PATIENCE_SECONDS)

    def settle(way: Way) -> None:
        together.wait()
        for redemption in made:
            with suppress(AlreadySettledError), backend.engine.begin() as db:
                way(db, redemption)

    with ThreadPoolExecutor(len(ways)) as pool:
        list(pool.map(settle, ways))
    with backend.engine.connect() as db:
        assert in_order(db)
        assert drifting_balances(db) == []
        settled = db.scalars(text("SELECT state FROM redemption ORDER BY id")).all()
        assert set(settled) <= {"fulfilled", "cancelled"}
        assert stock(db, reward) == 20 - 2 * settled.count("fulfilled")
        once = text("SELECT count(*) FROM entry WHERE settles_entry_id IS NOT NULL")
        assert db.scalar(once) == len(made)


def test_entering_a_draw_from_many_phones_is_one_ticket(backend: Backend) -> None:
    with backend.engine.begin() as db:
        there = an_organisation(db)
        member = a_member(db, institution_id=there.bureau)
        earn(db, member, points_mpt=10_000)
        draw = a_draw(db, backend.keys, there.bureau, NOW)
    together = Barrier(8, timeout=PATIENCE_SECONDS)

    def enter(_phone: int) -> str:
        together.wait()
        with backend.engine.begin() as db:
            return draws.enter(db, Person(member, there.bureau), draw, now=NOW)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(enter, range(8)))) == 1


def test_whoever_has_a_ticket_is_on_the_list_of_the_close(backend: Backend) -> None:
    with backend.engine.begin() as db:
        there = an_organisation(db)
        members = [a_member(db, institution_id=there.bureau) for _ in range(40)]
        for member in members:
            earn(db, member, points_mpt=10_000)
        draw = a_draw(db, backend.keys, there.bureau, NOW)
        closes = draw_of(db, draw).closes_at
    together = Barrier(5, timeout=PATIENCE_SECONDS)

    def enter(part: int) -> list[str]:
        together.wait()
        tickets = []
        for member in members[part::4]:
            with suppress(NotOnOfferError), backend.engine.begin() as db:
                tickets.append(draws.enter(db, Person(member, there.bureau), draw, now=NOW))
        return tickets

    def close() -> None:
        together.wait()
        for _ in range(200):
            with backend.engine.begin() as db:
                if draws.advance(db, backend.keys, now=closes):
                    return

    with ThreadPoolExecutor(5) as pool:
        closing = pool.submit(close)
        tickets = [ticket for part in pool.map(enter, range(4)) for ticket in part]
        closing.result()
    with backend.engine.connect() as db:
        assert sorted(tickets_of(db, draw)) == sorted(tickets)
        digest = db.scalar(text("SELECT entries_digest FROM prize_draw"))
        assert digest == bytes.fromhex(entries_digest(tickets_of(db, draw)))
