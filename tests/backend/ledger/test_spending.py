"""Points are spent oldest first, come back to the lots they came from, and end with their month."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from backend.bootstrap import Backend
from backend.ledger import spending
from backend.ledger.queries import MemberBalance, balance_of, drifting_balances, statement_of
from backend.ledger.spending import Gift, Spending, SpendingOutcome
from tests.builders.points import DAY, a_member_of_number, earn

ME = 7
# Earned in these months, points end in the same month a year later.
OLD, MIDDLE, NEW = date(2025, 12, 3), date(2026, 3, 3), date(2026, 11, 3)
_NUMBERS = itertools.count(1)


def lots(db: Connection, member: int = ME) -> dict[str, int]:
    return {f"{lot.expires_month:%Y-%m}": lot.points_mpt for lot in held(db, member).lots}


def held(db: Connection, member: int = ME) -> MemberBalance:
    return balance_of(db, member_id=member)


def redeem(
    db: Connection,
    points_mpt: int,
    *,
    reference: str | None = None,
    digest: bytes = b"content",
    on: date = DAY,
    member: int = ME,
) -> Spending:
    return spending.redeem(
        db,
        member_id=member,
        reference=reference or f"redemption-{next(_NUMBERS)}",
        digest=digest,
        points_mpt=points_mpt,
        on=on,
        actor_id=member,
    )


def posted(made: Spending) -> int:
    assert made.outcome is SpendingOutcome.POSTED
    assert made.entry_id is not None
    return made.entry_id


def cancel(db: Connection, redemption: int, *, on: date = DAY, forgive: bool = False) -> Spending:
    return spending.cancel(db, redemption_id=redemption, on=on, actor_id=ME, forgive=forgive)


def fulfil(db: Connection, redemption: int, *, on: date = DAY) -> Spending:
    return spending.fulfil(db, redemption_id=redemption, reward="1", on=on, actor_id=None)


def donate(
    db: Connection, gift: Gift, *, reference: str = "donation-1", on: date = DAY
) -> Spending:
    return spending.donate(
        db, member_id=ME, reference=reference, digest=b"", gift=gift, on=on, actor_id=ME
    )


@pytest.fixture
def earned(db: Connection) -> Connection:
    """Three lots of 10, 20 and 40 points, and 5 g."""
    earn(db, ME, points_mpt=10_000, on=OLD, reduction_mg=5_000)
    earn(db, ME, points_mpt=20_000, on=MIDDLE)
    earn(db, ME, points_mpt=40_000, on=NEW)
    return db


def pending(db: Connection) -> dict[str, int]:
    rows = db.execute(
        text(
            "SELECT to_char(expires_month, 'YYYY-MM'), amount FROM balance"
            " WHERE member_id = :me AND kind = 'redemption_pending' AND amount > 0"
        ),
        {"me": ME},
    )
    return {row[0]: row[1] for row in rows}


def test_the_oldest_lots_go_first(earned: Connection) -> None:
    posted(redeem(earned, 25_000))
    assert lots(earned) == {"2027-03": 5_000, "2027-11": 40_000}
    assert pending(earned) == {"2026-12": 10_000, "2027-03": 15_000}
    assert drifting_balances(earned) == []


def test_a_lot_whose_month_has_ended_is_not_spent(earned: Connection) -> None:
    january = date(2027, 1, 1)
    assert redeem(earned, 60_001, on=january).outcome is SpendingOutcome.INSUFFICIENT
    posted(redeem(earned, 60_000, on=january))
    assert lots(earned) == {"2026-12": 10_000}


def test_too_little_writes_nothing(earned: Connection) -> None:
    before = len(statement_of(earned, member_id=ME, before_id=None, limit=50))
    assert redeem(earned, 70_001) == Spending(SpendingOutcome.INSUFFICIENT, None)
    a_member_of_number(earned, 8)
    assert redeem(earned, 1, member=8) == Spending(SpendingOutcome.INSUFFICIENT, None)
    assert len(statement_of(earned, member_id=ME, before_id=None, limit=50)) == before
    posted(redeem(earned, 70_000))
    assert lots(earned) == {}


def test_a_reference_spends_once(earned: Connection) -> None:
    first = posted(redeem(earned, 5_000, reference="the-same-1"))
    assert redeem(earned, 5_000, reference="the-same-1") == Spending(
        SpendingOutcome.REPEATED, first
    )
    other = redeem(earned, 5_000, reference="the-same-1", digest=b"other")
    assert other.outcome is SpendingOutcome.MISMATCH
    gift = donate(earned, Gift("1", "mpt", 1), reference="the-same-1")
    assert gift.outcome is SpendingOutcome.MISMATCH
    assert held(earned).points_mpt == 65_000


def test_a_reference_of_an_action_is_no_reference_to_spend_with(earned: Connection) -> None:
    reference = earned.scalar(text("SELECT reference FROM idempotency WHERE member_id = 7 LIMIT 1"))
    assert isinstance(reference, str)
    made = redeem(earned, 1, reference=reference, digest=b"")
    assert made.outcome is SpendingOutcome.MISMATCH


def test_cancelling_restores_the_very_lots(earned: Connection) -> None:
    before = lots(earned)
    redemption = posted(redeem(earned, 25_000))
    cancelled = posted(cancel(earned, redemption))
    assert (lots(earned), pending(earned)) == (before, {})
    assert cancel(earned, redemption) == Spending(SpendingOutcome.REPEATED, cancelled)
    assert fulfil(earned, redemption) == Spending(SpendingOutcome.SETTLED, cancelled)
    assert (lots(earned), pending(earned)) == (before, {})


def test_what_was_handed_over_does_not_come_back(earned: Connection) -> None:
    redemption = posted(redeem(earned, 25_000))
    fulfilled = posted(fulfil(earned, redemption))
    assert pending(earned) == {}
    assert fulfil(earned, redemption) == Spending(SpendingOutcome.REPEATED, fulfilled)
    assert cancel(earned, redemption) == Spending(SpendingOutcome.SETTLED, fulfilled)
    assert held(earned).points_mpt == 45_000
    done = earned.execute(
        text(
            "SELECT a.subject, sum(t.amount) FROM transfer t JOIN account a ON a.id = t.credit"
            " WHERE a.kind = 'redemption_done' GROUP BY 1"
        )
    ).all()
    assert done == [("1", 25_000)]


def test_only_redemptions_can_be_settled(earned: Connection) -> None:
    award = statement_of(earned, member_id=ME, before_id=None, limit=1)[0].entry_id
    for entry in (award, 10**12):
        assert fulfil(earned, entry) == Spending(SpendingOutcome.UNKNOWN, None)
        assert cancel(earned, entry) == Spending(SpendingOutcome.UNKNOWN, None)


JANUARY = date(2027, 1, 5)


def test_a_lot_that_ended_meanwhile_comes_back_and_ends(earned: Connection) -> None:
    redemption = posted(redeem(earned, 25_000))
    posted(cancel(earned, redemption, on=JANUARY))
    assert lots(earned) == {"2027-03": 20_000, "2027-11": 40_000}
    kinds = [line.kind for line in statement_of(earned, member_id=ME, before_id=None, limit=2)]
    assert kinds == ["expiry", "cancellation"]
    assert drifting_balances(earned) == []


def test_forgiven_the_same_lot_comes_back_into_this_month(earned: Connection) -> None:
    redemption = posted(redeem(earned, 25_000))
    posted(cancel(earned, redemption, on=JANUARY, forgive=True))
    assert lots(earned) == {"2027-01": 10_000, "2027-03": 20_000, "2027-11": 40_000}
    assert drifting_balances(earned) == []


def test_points_and_reductions_can_be_given(earned: Connection) -> None:
    posted(donate(earned, Gift("wetland", "mpt", 12_000)))
    posted(donate(earned, Gift("wetland", "mg", 4_000), reference="donation-2"))
    assert lots(earned) == {"2027-03": 18_000, "2027-11": 40_000}
    assert held(earned).reduction_mg == 1_000
    too_much = donate(earned, Gift("wetland", "mg", 1_001), reference="donation-3")
    assert too_much.outcome is SpendingOutcome.INSUFFICIENT
    given_ = earned.execute(
        text(
            "SELECT a.unit, sum(t.amount) FROM transfer t JOIN account a ON a.id = t.credit"
            " WHERE a.kind = 'donated' AND a.subject = 'wetland' GROUP BY 1 ORDER BY 1"
        )
    ).all()
    assert given_ == [("mg", 4_000), ("mpt", 12_000)]


def test_a_statement_carries_the_balance_after_each_line(earned: Connection) -> None:
    posted(fulfil(earned, posted(redeem(earned, 25_000))))
    posted(donate(earned, Gift("wetland", "mg", 4_000)))
    whole = statement_of(earned, member_id=ME, before_id=None, limit=50)
    assert [(line.kind, line.points_mpt, line.balance_mpt, line.balance_mg) for line in whole] == [
        ("donation", 0, 45_000, 1_000),
        ("fulfilment", 0, 45_000, 5_000),
        ("redemption", -25_000, 45_000, 5_000),
        ("award", 40_000, 70_000, 5_000),
        ("award", 20_000, 30_000, 5_000),
        ("award", 10_000, 10_000, 5_000),
    ]
    paged = statement_of(earned, member_id=ME, before_id=whole[1].entry_id, limit=2)
    assert paged == whole[2:4]


@pytest.mark.parametrize(
    "call",
    [
        "ledger_end_lots(7, '2026-01-01', '2026-02-01', '2026-11-18')",
        "ledger_carry_balances(1, 7)",
        "ledger_settlement(1, 'fulfilment')",
    ],
)
def test_the_application_reaches_no_inner_function(db: Connection, call: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(text(f"SELECT * FROM {call}"))


def test_a_month_does_not_expire_before_its_end(earned: Connection) -> None:
    with pytest.raises(IntegrityError, match="have not ended"):
        spending.expire(earned, month=date(2026, 12, 1), after=0, limit=10, on=date(2026, 12, 31))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("earn"), st.integers(1, 50_000), st.integers(0, 11)),
        st.tuples(st.just("redeem"), st.integers(1, 60_000), st.just(0)),
        st.tuples(st.just("cancel"), st.integers(0, 5), st.integers(0, 1)),
        st.tuples(st.just("fulfil"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("donate"), st.integers(1, 30_000), st.just(0)),
        st.tuples(st.just("expire"), st.just(0), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 4), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)


def _step(db: Connection, step: tuple[str, int, int], month: int, open_: list[int]) -> None:
    verb, first, second = step
    today = date(2026 + month // 12, month % 12 + 1, 15)
    if verb == "earn":
        earn(db, ME, points_mpt=first, on=today, methodology=f"method.{second % 3}")
    elif verb == "redeem":
        made = redeem(db, first, on=today)
        open_ += [made.entry_id] if made.entry_id is not None else []
    elif verb in {"cancel", "fulfil"} and first < len(open_):
        chosen = open_.pop(first)
        posted(
            cancel(db, chosen, on=today, forgive=bool(second))
            if verb == "cancel"
            else fulfil(db, chosen, on=today)
        )
    elif verb == "donate":
        donate(db, Gift("c", "mpt", first), reference=f"gift-{next(_NUMBERS)}", on=today)
    elif verb == "expire":
        for back in range(1, 14):
            ended = (month - back) // 12, (month - back) % 12
            of = date(2026 + ended[0], ended[1] + 1, 1)
            spending.expire(db, month=of, after=0, limit=10, on=today)


@settings(max_examples=25)
@given(drawn=steps)
def test_whatever_is_done_the_book_stays_balanced(
    db: Connection, drawn: list[tuple[str, int, int]]
) -> None:
    with db.begin_nested() as savepoint:
        a_member_of_number(db, ME)
        month, open_ = 6, list[int]()
        for step in drawn:
            _step(db, step, month, open_)
            month += step[1] if step[0] == "wait" else 0
        assert drifting_balances(db) == []
        whole = statement_of(db, member_id=ME, before_id=None, limit=100)
        assert held(db).points_mpt == sum(line.points_mpt for line in whole)
        running = 0
        for line in reversed(whole):
            running += line.points_mpt
            assert line.balance_mpt == running >= 0
        savepoint.rollback()


def test_a_member_in_sixteen_places_spends_each_point_once(backend: Backend) -> None:
    with backend.engine.begin() as db:
        earn(db, ME, points_mpt=10_000, on=OLD)
        earn(db, ME, points_mpt=10_000, on=NEW)

    def attempt(number: int) -> SpendingOutcome:
        with backend.engine.begin() as db:
            return redeem(db, 3_000, reference=f"race-{number // 2:04d}").outcome

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, range(32)))
    assert outcomes.count(SpendingOutcome.POSTED) == 6
    assert set(outcomes) == {
        SpendingOutcome.POSTED,
        SpendingOutcome.REPEATED,
        SpendingOutcome.INSUFFICIENT,
    }
    with backend.engine.connect() as db:
        assert held(db).points_mpt == 2_000
        assert drifting_balances(db) == []
