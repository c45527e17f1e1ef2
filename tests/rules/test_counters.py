"""Splitting or reordering a day's actions changes nothing; a reversal is exact."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from credit_rules import (
    Assessment,
    Boost,
    Facts,
    Rulebook,
    Used,
    assess,
    load_rulebook,
    period_start,
)
from credit_rules.counters import MEASURES, NANO_PER_MILLI

DAY = date(2026, 3, 4)
RULES = load_rulebook()
MATERIALS = [
    c.value for c in RULES.methodology("recycling.drop_off", DAY).inputs["material"].choices
]


class DrawnDropOff(NamedTuple):
    material: str
    centigrams_of_kg: int
    tier: str


class Total(NamedTuple):
    reduction_mg: int
    points_mpt: int
    used: dict[str, Used]
    awards: list[tuple[int, int]]


drop_offs = st.builds(
    DrawnDropOff,
    st.sampled_from(MATERIALS),
    st.integers(min_value=1, max_value=5000),
    st.sampled_from(["T0", "T1", "T2", "T3", "T4"]),
)


def assess_all(
    rulebook: Rulebook, actions: Iterable[Facts], used: dict[str, Used] | None = None
) -> Total:
    """Assess actions one after another, adding what each uses to the counters."""
    used = dict(used or {})
    awards: list[tuple[int, int]] = []
    for action in actions:
        result = assess(
            rulebook, Facts(action.methodology_id, action.on, action.tier, action.inputs, used)
        )
        awards.append((result.reduction_mg, result.points_mpt))
        used = after(used, result)
    return Total(sum(a for a, _ in awards), sum(b for _, b in awards), used, awards)


def after(used: dict[str, Used], result: Assessment) -> dict[str, Used]:
    return {
        key: used.get(key, Used()).plus(result.usage.get(key, Used()))
        for key in {*used, *result.usage}
    }


def facts_of(drop_off: DrawnDropOff) -> Facts:
    mass = Decimal(drop_off.centigrams_of_kg) / 100
    inputs: dict[str, str | int | Decimal] = {"material": drop_off.material, "mass": mass}
    return Facts("recycling.drop_off", DAY, drop_off.tier, inputs)


@given(st.lists(drop_offs, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_a_day_changes_nothing(actions: list[DrawnDropOff], random: object) -> None:
    shuffled = list(actions)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    one = assess_all(RULES, map(facts_of, actions))
    other = assess_all(RULES, map(facts_of, shuffled))
    assert one[:3] == other[:3]


@given(drop_offs, st.lists(drop_offs, max_size=2), st.data())
def test_splitting_a_drop_off_earns_nothing_but_the_habit_that_the_day_has_anyway(
    whole: DrawnDropOff, before: list[DrawnDropOff], data: st.DataObject
) -> None:
    # The first drop-off of the day takes the habit's reward, so that only mass is split after it.
    # Each visit is believed 3 kg that nothing weighed, by intention: only weighed mass is split.
    whole = whole._replace(tier="T3")
    day = [DrawnDropOff("paper", 1, "T2"), DrawnDropOff("paper", 100, "T0"), *before]
    cut = data.draw(st.integers(min_value=0, max_value=whole.centigrams_of_kg))
    parts = [p for p in (cut, whole.centigrams_of_kg - cut) if p]
    used = assess_all(RULES, map(facts_of, day)).used
    one = assess_all(RULES, [facts_of(whole)], used)
    split = assess_all(RULES, [facts_of(whole._replace(centigrams_of_kg=p)) for p in parts], used)
    assert (one.reduction_mg, one.points_mpt) == (split.reduction_mg, split.points_mpt)


@given(drop_offs, st.integers(min_value=0, max_value=5000), st.lists(drop_offs, max_size=3))
def test_more_mass_never_earns_less(
    action: DrawnDropOff, more: int, before: list[DrawnDropOff]
) -> None:
    heavier = action._replace(centigrams_of_kg=min(5000, action.centigrams_of_kg + more))
    used = assess_all(RULES, map(facts_of, before)).used
    small = assess_all(RULES, [facts_of(action)], used)
    large = assess_all(RULES, [facts_of(heavier)], used)
    assert large.reduction_mg >= small.reduction_mg >= 0
    assert large.points_mpt >= small.points_mpt >= 0


@given(st.lists(drop_offs, min_size=1, max_size=12))
def test_a_day_never_passes_its_caps(actions: list[DrawnDropOff]) -> None:
    total = assess_all(RULES, map(facts_of, actions))
    assert total.reduction_mg <= 10_000_000
    assert total.points_mpt <= 30_000
    declared = assess_all(RULES, (facts_of(a._replace(tier="T0")) for a in actions))
    assert declared.reduction_mg == 0
    assert declared.points_mpt <= 5_000


@given(drop_offs, st.lists(drop_offs, max_size=5))
def test_taking_back_the_last_action_restores_every_counter(
    last: DrawnDropOff, earlier: list[DrawnDropOff]
) -> None:
    before = assess_all(RULES, map(facts_of, earlier)).used
    facts = facts_of(last)
    result = assess(RULES, Facts("recycling.drop_off", DAY, last.tier, facts.inputs, before))
    restored = {
        key: row.minus(result.usage.get(key, Used())) for key, row in after(before, result).items()
    }
    assert {key: row for key, row in restored.items() if any(row)} == before


@given(st.lists(drop_offs, min_size=2, max_size=6), st.data())
def test_taking_back_an_earlier_action_never_leaves_the_others_with_too_much(
    actions: list[DrawnDropOff], data: st.DataObject
) -> None:
    index = data.draw(st.integers(min_value=0, max_value=len(actions) - 1))
    everything = assess_all(RULES, map(facts_of, actions))
    rest = assess_all(RULES, map(facts_of, actions[:index] + actions[index + 1 :]))
    kept = [award for i, award in enumerate(everything.awards) if i != index]
    assert sum(reduction for reduction, _ in kept) <= rest.reduction_mg + 1
    assert sum(points for _, points in kept) <= rest.points_mpt + 1
    claimed = everything.used["recycling.drop_off:day"].reduction_ng
    own = assess_all(RULES, [facts_of(actions[index])]).used["recycling.drop_off:day"].reduction_ng
    assert claimed - own == rest.used["recycling.drop_off:day"].reduction_ng


@given(st.lists(drop_offs, min_size=1, max_size=8))
def test_awards_are_the_whole_milligrams_of_the_counters(actions: list[DrawnDropOff]) -> None:
    evidenced = [action._replace(tier="T2") for action in actions]
    total = assess_all(RULES, map(facts_of, evidenced))
    counted = total.used["recycling.drop_off:day"].reduction_ng if total.used else 0
    assert total.reduction_mg == min(counted, 10**13) // NANO_PER_MILLI


floors = st.lists(
    st.tuples(st.integers(min_value=1, max_value=200), st.integers(min_value=0, max_value=9)),
    min_size=1,
    max_size=12,
)


@given(climbs=floors, random=st.randoms(use_true_random=False))
def test_a_month_of_days_is_the_same_in_any_order(
    mixed: Rulebook, climbs: list[tuple[int, int]], random: object
) -> None:
    """A monthly cap behind a daily one, late uploads included."""

    def month(order: list[tuple[int, int]]) -> tuple[int, int]:
        used: dict[tuple[str, date], Used] = {}
        reduction = points = 0
        for count, day in order:
            on = date(2026, 3, 1 + day)
            starts = {
                "stairs.climb:day": period_start("day", on),
                "stairs.climb:month": period_start("month", on),
            }
            rows = {key: used.get((key, start), Used()) for key, start in starts.items()}
            result = assess(mixed, Facts("stairs.climb", on, "T2", {"floors": count}, rows))
            for key, start in starts.items():
                used[key, start] = rows[key].plus(result.usage.get(key, Used()))
            reduction, points = reduction + result.reduction_mg, points + result.points_mpt
        return reduction, points

    shuffled = list(climbs)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    assert month(climbs) == month(shuffled)
    assert month(climbs)[0] <= 100_000


@given(
    st.lists(drop_offs, min_size=1, max_size=6),
    st.sampled_from(["1.01", "1.5", "2", "2.75", "3"]),
    st.randoms(use_true_random=False),
)
def test_a_bonus_stops_at_its_cap_in_any_order(
    actions: list[DrawnDropOff], multiplier: str, random: object
) -> None:
    def bonus(order: list[DrawnDropOff]) -> tuple[int, int]:
        used: dict[str, Used] = {}
        total = points = 0
        boost = Boost("地球日", Decimal(multiplier), 10**9)
        for action in order:
            facts = facts_of(action)
            result = assess(
                RULES,
                Facts(facts.methodology_id, DAY, action.tier, facts.inputs, used, boost=boost),
            )
            used = after(used, result)
            total, points = total + result.bonus_mpt, points + result.points_mpt
        return total, points

    shuffled = list(actions)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    total, points = bonus(actions)
    assert (total, points) == bonus(shuffled)
    assert total == min(60_000, int(points * (Decimal(multiplier) - 1)))


def test_a_bonus_never_passes_the_budget_of_its_campaign() -> None:
    facts = facts_of(DrawnDropOff("paper", 200, "T2"))
    for left, expected in ((0, 0), (1, 1), (18_999, 18_999), (19_000, 19_000), (10**6, 19_000)):
        boost = Boost("地球日", Decimal(2), left)
        result = assess(RULES, Facts(facts.methodology_id, DAY, "T2", facts.inputs, boost=boost))
        assert (result.points_mpt, result.bonus_mpt) == (19_000, expected)


def test_a_counter_shared_by_two_methodologies_is_one_cap(mixed: Rulebook) -> None:
    trip = Facts("travel.trip", DAY, "T4", {"mode": "metro", "peak": "calm", "distance": "20"})
    free = Facts("travel.car_free", DAY, "T4", {"days": 1})
    first = assess(mixed, trip)
    shared = {"travel:day": first.usage["travel:day"]}
    second = assess(mixed, Facts(free.methodology_id, DAY, "T4", free.inputs, shared))
    assert (first.reduction_mg, second.reduction_mg) == (934_000, 566_000)


def test_periods_begin_where_they_should() -> None:
    wednesday = date(2026, 12, 30)
    assert period_start("day", wednesday) == wednesday
    assert period_start("week", wednesday) == date(2026, 12, 28)
    assert period_start("month", wednesday) == date(2026, 12, 1)
    assert period_start("year", wednesday) == date(2026, 1, 1)


def test_caps_say_what_is_left(mixed: Rulebook) -> None:
    caps = {cap.name: cap for cap in mixed.version("stairs.climb", 1).caps}
    assert [cap.kind for cap in caps.values()] == ["cap", "cap", "tiers", "cap"]
    assert caps["daily"].left_nano(Used(reduction_ng=29 * 10**9)) == 10**9
    assert caps["daily"].left_nano(Used(reduction_ng=31 * 10**9)) == 0
    assert caps["points"].shown(2_500_000_000) == "2.5 分"
    assert {cap.measure for cap in caps.values()} <= set(MEASURES)
