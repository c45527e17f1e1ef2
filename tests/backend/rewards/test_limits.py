"""Limits count by the calendar of Shanghai, to the second, whoever asks in whatever order."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from backend.clock import business_day
from backend.offers.policy import Person
from backend.rewards import service
from backend.rewards.models import LimitPeriod
from backend.rewards.policy import LimitReachedError, period_start
from backend.rewards.queries import left_for, reward_of
from tests.backend.rewards.test_redemptions import order
from tests.builders.organisations import an_organisation
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_reward

# Midnight in Shanghai, at the ends of a month, a quarter, a year and a February.
EDGES = [
    datetime(2026, 11, 30, 16, tzinfo=UTC),
    datetime(2026, 12, 31, 16, tzinfo=UTC),
    datetime(2027, 2, 28, 16, tzinfo=UTC),
    datetime(2027, 3, 31, 16, tzinfo=UTC),
]
asked = st.lists(
    st.tuples(
        st.sampled_from(EDGES),
        st.sampled_from((-3600, -1, 0, 1)),
        st.integers(0, 2),
        st.integers(1, 2),
        st.booleans(),
    ),
    min_size=2,
    max_size=9,
).map(lambda drawn: sorted(drawn, key=lambda each: each[0] + timedelta(seconds=each[1])))


@pytest.mark.parametrize("period", list(LimitPeriod))
@settings(max_examples=8)
@given(drawn=asked)
def test_a_period_begins_and_ends_at_midnight_in_shanghai(
    db: Connection, period: LimitPeriod, drawn: list[tuple[datetime, int, int, int, bool]]
) -> None:
    with db.begin_nested() as savepoint:
        there = an_organisation(db)
        people = [Person(a_member(db, institution_id=there.bureau), there.bureau) for _ in range(3)]
        for person in people:
            earn(db, person.member_id, points_mpt=10**6, on=date(2026, 11, 1))
        reward = a_reward(
            db, there.bureau, EDGES[0], stock=50, member_limit=2, institution_limit=4, period=period
        )
        taken: Counter[tuple[int | str, date]] = Counter()
        for number, (edge, seconds, who, pieces, back) in enumerate(drawn):
            now, person = edge + timedelta(seconds=seconds), people[who]
            start = period_start(period, business_day(now))
            mine, ours = (person.member_id, start), ("bureau", start)
            left = max(0, min(2 - taken[mine], 4 - taken[ours]))
            assert left_for(db, reward_of(db, reward), person, business_day(now)) == left
            wanted = order(reward, pieces, f"edge-{number:05d}")
            if pieces > left:
                with pytest.raises(LimitReachedError), db.begin_nested():
                    service.redeem(db, person, wanted, now=now)
                continue
            made, _ = service.redeem(db, person, wanted, now=now)
            if back:
                service.cancel_own(db, member_id=person.member_id, redemption_id=made.id, now=now)
            else:
                taken[mine] += pieces
                taken[ours] += pieces
        savepoint.rollback()
