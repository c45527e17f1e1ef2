"""What several members or kinds share: counters of places, campaign budgets, exclusions."""

import shutil
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_rules import (
    Boost,
    Facts,
    FactsRefused,
    Rulebook,
    RulebookError,
    Used,
    assess,
    load_rulebook,
)

FOLDER = Path(__file__).parent / "files" / "shared"
RULES = load_rulebook(FOLDER)
DAY = date(2026, 3, 4)
PLACE_KEY = "point.weighing:place:day"
PLACE_CAP_MG = 8_000_000
BONUS_CAP_MPT = 10_000


class Weighing(NamedTuple):
    member: int
    place: int
    material: str
    tenths: int
    tier: str


class SharedDay(NamedTuple):
    awards: list[tuple[int, int]]
    used: dict[tuple[str, int], Used]

    @property
    def mg(self) -> int:
        return sum(mg for mg, _ in self.awards)


weighings = st.builds(
    Weighing,
    st.integers(0, 2),
    st.integers(10, 11),
    st.sampled_from(["paper", "glass"]),
    st.integers(1, 200),
    st.sampled_from(["T0", "T2", "T3"]),
)
evidenced = weighings.map(lambda w: w._replace(tier="T2"))


def day(actions: Iterable[Weighing], used: dict[tuple[str, int], Used] | None = None) -> SharedDay:
    """Weighings one after another, with counters of members and of places."""
    used, awards = dict(used or {}), []
    for action in actions:
        whose = {
            key: (key, action.place if ":place:" in key else action.member)
            for key in RULES.version("point.weighing", 1).cap_keys
        }
        rows = {key: used[at] for key, at in whose.items() if at in used}
        mass = f"{action.tenths // 10}.{action.tenths % 10}"
        inputs: dict[str, str | int | Decimal] = {"material": action.material, "mass": mass}
        result = assess(RULES, Facts("point.weighing", DAY, action.tier, inputs, rows))
        awards.append((result.reduction_mg, result.points_mpt))
        for key, added in result.usage.items():
            used[whose[key]] = used.get(whose[key], Used()).plus(added)
    return SharedDay(awards, used)


def at_place(assessed: SharedDay, place: int) -> Used:
    return assessed.used.get((PLACE_KEY, place), Used())


@given(st.lists(weighings, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_what_a_place_credits_does_not_depend_on_who_comes_first(
    actions: list[Weighing], random: object
) -> None:
    shuffled = list(actions)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    one, other = day(actions), day(shuffled)
    for place in (10, 11):
        assert at_place(one, place) == at_place(other, place)
    # As long as no member's own cap is met, the place's total is what its members are credited.
    mine = {action.member for action in actions}
    if all(
        own_used(assessed, member) <= 9 * 10**12 for assessed in (one, other) for member in mine
    ):
        assert abs(one.mg - other.mg) <= len(actions)


def own_used(assessed: SharedDay, member: int) -> int:
    return assessed.used.get(("point.weighing:week", member), Used()).reduction_ng


@given(st.lists(weighings, min_size=1, max_size=14))
def test_a_place_never_credits_more_than_its_cap(actions: list[Weighing]) -> None:
    assessed = day(actions)
    for place in (10, 11):
        here = [
            award
            for action, award in zip(actions, assessed.awards, strict=True)
            if action.place == place
        ]
        assert sum(mg for mg, _ in here) <= PLACE_CAP_MG
        alone = day([action._replace(member=index) for index, action in enumerate(actions)])
        apart = [
            a for action, a in zip(actions, alone.awards, strict=True) if action.place == place
        ]
        claimed = at_place(alone, place).reduction_ng
        assert abs(sum(mg for mg, _ in apart) - min(claimed // 10**6, PLACE_CAP_MG)) <= len(actions)


@given(st.lists(evidenced, max_size=4), evidenced, st.integers(1, 199))
def test_splitting_mass_earns_nothing_under_counters_of_a_place(
    before: list[Weighing], whole: Weighing, cut: int
) -> None:
    """Mass is split within the limit per action, which is per action by intention."""
    small = whole._replace(material="paper", tenths=max(20, whole.tenths))
    first = small._replace(tenths=max(10, min(cut, small.tenths - 10)))
    second = small._replace(tenths=small.tenths - first.tenths)
    used = day(before).used
    if small.tenths <= 160:
        one, split = day([small], used), day([first, second], used)
        assert abs(one.mg - split.mg) <= 1
        assert sum(p for _, p in one.awards) == sum(p for _, p in split.awards)


@given(st.lists(weighings, max_size=4), evidenced, st.integers(0, 60))
def test_more_mass_never_earns_less_at_a_busy_place(
    before: list[Weighing], action: Weighing, more: int
) -> None:
    used = day(before).used
    heavier = action._replace(tenths=min(200, action.tenths + more))
    (small,), (large,) = day([action], used).awards, day([heavier], used).awards
    assert large[0] >= small[0] >= 0
    assert large[1] >= small[1] >= 0


@given(st.lists(weighings, min_size=1, max_size=6))
def test_taking_back_the_last_weighing_restores_the_place_as_well(actions: list[Weighing]) -> None:
    before, after = day(actions[:-1]).used, day(actions).used
    last = day([actions[-1]], before)
    for key, row in after.items():
        added = last.used[key].minus(before.get(key, Used()))
        assert row.minus(added) == before.get(key, Used())


# -- campaigns -------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=12),
    st.integers(0, 30_000),
    st.sampled_from(["1.25", "2", "3"]),
    st.randoms(use_true_random=False),
)
def test_a_campaign_pays_its_budget_and_no_more_in_any_order(
    actions: list[tuple[int, int]], budget: int, times: str, random: object
) -> None:
    def paid(order: list[tuple[int, int]], budget: int) -> int:
        used: dict[tuple[str, int], Used] = {}
        left = budget
        for member, count in order:
            keys = RULES.version("point.counting", 1).cap_keys
            rows = {key: used[key, member] for key in keys if (key, member) in used}
            result = assess(
                RULES,
                Facts("point.counting", DAY, "T2", {"times": count, "who": "self"}, rows,
                      boost=Boost("地球日", Decimal(times), left)),
            )  # fmt: skip
            left -= result.bonus_mpt
            for key, added in result.usage.items():
                used[key, member] = used.get((key, member), Used()).plus(added)
        return budget - left

    shuffled = list(actions)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    without_end = paid(actions, 10**12)
    assert without_end == paid(shuffled, 10**12)
    assert paid(actions, budget) == paid(shuffled, budget) == min(budget, without_end)


def test_a_bonus_that_could_leave_its_counter_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(FOLDER, folder)
    path = folder / "point.counting.v1.toml"
    text = path.read_text(encoding="utf-8").replace('max = "9"', 'max = "2000000000"')
    path.write_text(text.replace('amount = "12 point"', 'amount = "4000000000 point"'), "utf-8")
    with pytest.raises(RulebookError) as error:
        load_rulebook(folder)
    (problem,) = error.value.problems
    assert (problem.file, problem.key) == (path.name, "bonus.max_multiplier")
    assert problem.fault == "加成的最坏情况超出 62 位整数。"
    assert problem.remedy == "请调低最大倍数或积分上限。"


# -- exclusions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, inputs, other, period, word",
    [
        ("point.counting", {"times": "1", "who": "self"}, "point.sharing", "meal", "同一餐次"),
        ("point.sharing", {"times": "1", "who": "self"}, "point.counting", "meal", "同一餐次"),
        ("point.sharing", {"times": "1", "who": "self"}, "point.weighing", "trip", "同一行程"),
        ("point.weighing", {"material": "paper", "mass": "1"}, "point.sharing", "trip", "同一行程"),
        ("point.weighing", {"material": "paper", "mass": "1"}, "point.counting", "day", "同一日"),
        ("point.counting", {"times": "1", "who": "self"}, "point.weighing", "day", "同一日"),
    ],
)
def test_what_was_credited_for_the_same_occasion_excludes(
    kind: str, inputs: dict[str, str | int | Decimal], other: str, period: str, word: str
) -> None:
    def credited(*pairs: tuple[str, str]) -> Facts:
        return Facts(kind, DAY, "T2", inputs, {}, frozenset(pairs))

    with pytest.raises(FactsRefused) as refused:
        assess(RULES, credited((other, period)))
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("credited", "excluded")
    assert word in problem.sentence
    assert other in problem.sentence
    free = [(other, another) for another in ("trip", "meal", "day", "week") if another != period]
    assert assess(RULES, credited(*free, (kind, period))).points_mpt > 0


def test_exclusions_between_shipped_kinds_name_trip_meal_and_day(shipped: Rulebook) -> None:
    periods = {e.period for m in shipped.all_versions() for e in m.excludes}
    assert periods == {"trip", "meal", "day"}
    for methodology in shipped.all_versions():
        for exclusion in methodology.excludes:
            other = shipped.methodology(exclusion.methodology_id, methodology.effective_from)
            assert (methodology.id, exclusion.period) in other.excluded_by
