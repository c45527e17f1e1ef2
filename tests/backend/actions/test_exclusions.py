"""Trips and meals by marks, as claims meet them, and by numbers, as histories do: the same."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.actions.exclusions import TRIP_REACH, Numbering, exclusions_of
from backend.clock import business_day
from credit_rules import load_rulebook

BEGIN = datetime(2026, 11, 17, 14, 0, tzinfo=UTC)
RULES = load_rulebook()
RIDE, WALK, LUNCH = (
    RULES.methodology(kind, business_day(BEGIN))
    for kind in ("commute.bicycle", "commute.walk", "dining.clean_plate")
)
moments = st.integers(0, 240).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
meals = st.sampled_from(("lunch", "dinner"))


@given(moments, moments)
def test_trips_are_one_by_number_where_they_are_by_marks(first: datetime, second: datetime) -> None:
    numbering = Numbering()
    numbers = [numbering.of(at, business_day(at), {})["trip"] for at in (first, second)]
    left = exclusions_of(RIDE, member_id=1, occurred_at=first, facts={}).marks
    read = exclusions_of(WALK, member_id=1, occurred_at=second, facts={})
    met = {cap for cap in read.caps if read.blocking.get(cap.key) == (RIDE.id, "trip")}
    assert (abs(numbers[0] - numbers[1]) <= TRIP_REACH) == (not met.isdisjoint(left))


@given(st.tuples(moments, meals), st.tuples(moments, meals))
def test_meals_are_one_by_number_where_they_are_by_marks(
    first: tuple[datetime, str], second: tuple[datetime, str]
) -> None:
    numbering = Numbering()
    numbers, marks = [], []
    for at, meal in (first, second):
        facts = {"meal": meal}
        numbers.append(numbering.of(at, business_day(at), facts)["meal"])
        marks.append(exclusions_of(LUNCH, member_id=1, occurred_at=at, facts=facts).marks)
    assert (numbers[0] == numbers[1]) == (marks[0] == marks[1])
