"""Giving back restores the lots exactly, whichever of them ended meanwhile."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.ledger import spending
from backend.ledger.policy import expires_month
from backend.ledger.queries import balance_of, drifting_balances
from backend.ledger.spending import SpendingOutcome
from tests.builders.points import earn

ME = 7


def _month(number: int) -> date:
    """The first day of the n-th month from 2025 on."""
    return date(2025 + number // 12, number % 12 + 1, 1)


def _lots(db: Connection) -> dict[date, int]:
    return {lot.expires_month: lot.points_mpt for lot in balance_of(db, member_id=ME).lots}


def _expired(db: Connection) -> int:
    return int(
        db.scalar(
            text(
                "SELECT coalesce(sum(t.amount), 0) FROM transfer t"
                " JOIN account a ON a.id = t.credit WHERE a.kind = 'expired'"
            )
        )
        or 0
    )


def _run_expiry(db: Connection, on: date) -> None:
    for month in spending.ended_months(db, on=on):
        spending.expire(db, month=month, after=0, limit=10, on=on)


@settings(max_examples=40)
@given(
    earned=st.dictionaries(st.integers(0, 11), st.integers(1, 9_000), min_size=1, max_size=5),
    share=st.integers(1, 100),
    waits=st.integers(0, 26),
    expiry_ran=st.booleans(),
    forgive=st.booleans(),
)
def test_what_is_given_back_is_what_was_set_aside(
    db: Connection,
    earned: dict[int, int],
    share: int,
    waits: int,
    expiry_ran: bool,
    forgive: bool,
) -> None:
    with db.begin_nested() as savepoint:
        for month, points in earned.items():
            earn(db, ME, points_mpt=points, on=_month(month))
        before = _lots(db)
        amount = max(1, sum(before.values()) * share // 100)
        made = spending.redeem(
            db,
            member_id=ME,
            reference="given-back",
            digest=b"",
            points_mpt=amount,
            on=_month(11),
            actor_id=ME,
        )
        assert made.outcome is SpendingOutcome.POSTED
        aside = {m: n - _lots(db).get(m, 0) for m, n in before.items() if n != _lots(db).get(m, 0)}
        today = _month(11 + waits)
        if expiry_ran:
            _run_expiry(db, today)
        assert made.entry_id is not None
        spending.cancel(db, redemption_id=made.entry_id, on=today, actor_id=ME, forgive=forgive)
        _run_expiry(db, today)
        expected = {month: points for month, points in before.items() if month >= today}
        late = sum(points for month, points in aside.items() if month < today)
        if forgive and late:
            expected[today] = expected.get(today, 0) + late
        assert _lots(db) == expected
        ended = sum(points for month, points in before.items() if month < today)
        assert _expired(db) == ended - (late if forgive else 0)
        assert drifting_balances(db) == []
        pending = db.scalar(text("SELECT sum(amount) FROM balance WHERE kind LIKE '%pending'"))
        assert pending == 0
        savepoint.rollback()


def test_the_months_of_the_test_are_those_of_the_book() -> None:
    assert expires_month(_month(0)) == _month(12)
