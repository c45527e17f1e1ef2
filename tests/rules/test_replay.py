"""A history assessed again: every award reproduced, other rules compared by whom they concern."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from credit_rules import Boost, Facts, Rulebook, Used, assess, load_rulebook, period_start
from credit_rules.comparing import Breakdown
from credit_rules.loading import SHIPPED, load_draft
from credit_rules.replay import Credits, PastAction, diff, differences, read_history, resettle
from credit_rules.vectorised import NotVectorisable, settle
from tests.builders.batches import Drawn, OneByOne, drawn

DAY = date(2026, 3, 4)
SHARED = Path(__file__).parent / "files" / "shared"
DEPARTMENTS = 3


def past(
    rulebook: Rulebook, *, members: int = 7, actions: int = 60, boost: Boost | None = None
) -> list[PastAction]:
    """Drop-offs and metro rides of several members on two days, credited one after another."""
    used: dict[tuple[int, date, str], Used] = {}
    found = []
    for number in range(actions):
        member, on = number % members, date(2026, 3, 4 + number // 40)
        material, mass = ("paper", "glass")[number % 2], f"{number % 9 + 1}.5"
        name, inputs = (
            ("recycling.drop_off", {"material": material, "mass": mass})
            if number % 3
            else ("commute.metro", {"distance": f"{number % 30 + 1}"})
        )
        methodology = rulebook.methodology(name, on)
        starts = {cap.key: period_start(cap.period, on) for cap in methodology.caps}
        rows = {key: used.get((member, starts[key], key), Used()) for key in starts}
        result = assess(methodology, Facts(name, on, "T4", dict(inputs), rows, frozenset(), boost))
        for key, added in result.usage.items():
            used[member, starts[key], key] = rows[key].plus(added)
        found.append(
            PastAction(
                action_id=1000 + number,
                methodology_id=name,
                methodology_version=methodology.version,
                on=on,
                member_id=member,
                department_id=member % DEPARTMENTS,
                tier="T4",
                inputs=dict(inputs),
                reduction_mg=result.reduction_mg,
                points_mpt=result.points_mpt,
                bonus_mpt=result.bonus_mpt,
                used=rows,
                boost=boost,
            )
        )
    return found


def test_what_was_credited_is_reproduced(shipped: Rulebook) -> None:
    actions = past(shipped)
    assert list(differences(shipped, actions)) == []
    history = read_history(shipped, actions)
    found = diff(history, history.awarded, resettle(history))
    assert (found.total.actions, found.total.differing) == (60, 0)
    assert found.total.old == found.total.new
    assert found.total.old.points_mpt == sum(action.points_mpt for action in actions) > 0
    assert not history.refused


def test_a_campaign_pays_until_its_budget_is_used_up(shipped: Rulebook) -> None:
    boost = Boost("地球日", Decimal("1.5"), 10**9)
    actions = past(shipped, boost=boost)
    whole = sum(action.bonus_mpt for action in actions)
    history = read_history(shipped, actions, budgets_mpt={"地球日": 10**9})
    assert diff(history, history.awarded, resettle(history)).total.differing == 0
    less = resettle(read_history(shipped, actions, budgets_mpt={"地球日": whole - 1}))
    assert int(less.bonus_mpt.sum()) == whole - 1
    assert int(resettle(read_history(shipped, actions)).bonus_mpt.sum()) == 0


@pytest.mark.parametrize(
    "change, says",
    [
        ({"points_mpt": 1}, "积分 1 mpt，重算为"),
        ({"reduction_mg": 5}, "减排量 5 mg，重算为"),
        ({"bonus_mpt": 7}, "加成 7 mpt，重算为 0"),
        ({"methodology_version": 9}, "没有第 9 版"),
        ({"inputs": {"distance": "一"}}, "半角数字"),
        ({"tier": "T3"}, "不接受凭证等级"),
    ],
)
def test_a_difference_is_named(shipped: Rulebook, change: dict[str, object], says: str) -> None:
    actions = past(shipped)
    actions[0] = actions[0]._replace(**change)  # type: ignore[arg-type] # fields by name
    (found,) = differences(shipped, actions)
    assert found.action.action_id == 1000
    assert says in found.reason


def draft(tmp_path: Path, old: str, new: str, name: str = "commute.metro.v1.toml") -> Rulebook:
    """The shipped files with one text changed, worked examples included where they matter."""
    for path in SHIPPED.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.name == name:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "lock.json").write_text("{}", encoding="utf-8")
    return load_rulebook(tmp_path)


def test_a_draft_shows_who_loses(shipped: Rulebook, tmp_path: Path) -> None:
    actions = past(shipped)
    rules = draft(tmp_path, 'accepts = ["T0", "T1", "T4"]', 'accepts = ["T0", "T4"]')
    history = read_history(rules, [a._replace(tier="T1") for a in actions])
    assert set(history.refused.values()) == {"tier_not_accepted"}
    rides = [index for index, a in enumerate(actions) if a.methodology_id == "commute.metro"]
    assert sorted(history.refused) == rides
    found = diff(history, history.awarded, resettle(history))
    metro = history.kinds.index("commute.metro")
    assert found.by_kind[metro].new == (0, 0, 0)
    assert found.total.points_mpt == found.by_kind[metro].points_mpt < 0
    assert found.by_person.winners(9) == []
    losers = found.by_person.losers(3)
    assert len(losers) == 3
    gains = [change.points_mpt for _, change in losers]
    assert gains == sorted(gains)


def test_every_view_adds_up_to_the_whole(shipped: Rulebook) -> None:
    actions = past(shipped)
    history = read_history(shipped, actions)
    half = replace(history.awarded, points_mpt=history.awarded.points_mpt // 2)
    found = diff(history, history.awarded, half)
    for view in (found.by_person, found.by_department, found.by_day, found.by_kind):
        changes = [change for _, change in view.items()]
        assert sum(change.actions for change in changes) == len(actions)
        assert sum(change.points_mpt for change in changes) == found.total.points_mpt < 0
        assert sum(change.old.reduction_mg for change in changes) == found.total.old.reduction_mg
        assert {change.reduction_mg for change in changes} == {0}
    assert [key for key, _ in found.by_day.items()] == [DAY.toordinal(), DAY.toordinal() + 1]
    less = replace(history.awarded, reduction_mg=history.awarded.reduction_mg - 3)
    assert diff(history, history.awarded, less).total.reduction_mg == -3 * len(actions)
    assert [key for key, _ in found.by_department.items()] == [0, 1, 2]
    tenths = found.by_person.deciles()
    assert len(tenths) == 10
    assert sum(change.actions for change in tenths) == len(actions)
    old = [change.old.points_mpt for change in tenths if change.actions]
    assert old == sorted(old)
    with pytest.raises(KeyError):
        found.by_person[99]


def test_an_empty_history_has_no_differences(shipped: Rulebook) -> None:
    history = read_history(shipped, [])
    found = diff(history, history.awarded, resettle(history))
    assert found.total == (0, 0, (0, 0, 0), (0, 0, 0))
    assert len(found.by_person) == 0


@pytest.mark.parametrize(
    "change, code",
    [
        ({"methodology_id": "commute.rocket"}, "methodology_unknown"),
        ({"on": date(2020, 1, 1)}, "methodology_not_in_force"),
        ({"inputs": {}}, "missing"),
        ({"inputs": {"distance": "5", "height": "1"}}, "unknown_field"),
        ({"inputs": {"distance": "5000"}}, "out_of_bounds"),
    ],
)
def test_what_the_rules_refuse_earns_nothing_and_says_why(
    shipped: Rulebook, change: dict[str, object], code: str
) -> None:
    actions = past(shipped)
    actions[0] = actions[0]._replace(**change)  # type: ignore[arg-type] # fields by name
    history = read_history(shipped, actions)
    assert history.refused == {0: code}
    credits_ = resettle(history)
    assert (credits_.reduction_mg[0], credits_.points_mpt[0]) == (0, 0)
    assert np.count_nonzero(credits_.points_mpt) > 0


def test_exclusions_of_other_rules_are_applied_on_demand(shipped: Rulebook) -> None:
    ride, free = (
        past(shipped, actions=1)[0],
        ("commute.car_free_day", {"habit": "drives", "restricted": "no"}),
    )
    actions = [
        ride,
        ride._replace(action_id=2, methodology_id=free[0], inputs=free[1]),
        ride._replace(action_id=3, methodology_id="commute.bus", inputs={"distance": "5"}),
    ]
    history = read_history(shipped, actions)
    assert (resettle(history).reduction_mg > 0).tolist() == [True, True, True]
    assert (resettle(history, exclude=True).reduction_mg > 0).tolist() == [True, False, True]
    same = [action._replace(occasions={"trip": 5}) for action in actions]
    both = resettle(read_history(shipped, same), exclude=True)
    assert (both.reduction_mg > 0).tolist() == [True, False, False]


def test_a_history_without_a_column_form_is_settled_in_turn(tmp_path: Path) -> None:
    """A condition on what was counted: the rules answer in the order of the history."""
    text = (SHARED / "point.sharing.v1.toml").read_text(encoding="utf-8")
    text = text.replace('methodology = "point.weighing"', 'methodology = "point.sharing"')
    condition = 'all = [{ value = "earned", max = "90 point" }]'
    eligible = f'[[steps]]\nblock = "eligible"\nmessage = "已计满。"\n{condition}\n\n'
    text = text.replace('[[steps]]\nblock = "cap"', f'{eligible}[[steps]]\nblock = "cap"')
    (tmp_path / "point.sharing.v1.toml").write_text(text, encoding="utf-8")
    rules = load_rulebook(tmp_path)
    columns = drawn(rules, 200, Drawn(members=9), np.random.default_rng(3))
    with pytest.raises(NotVectorisable):
        settle(columns)
    rows = np.arange(len(columns), dtype=np.int64)
    history = replace(read_history(rules, []), columns=columns, rows=rows, action=rows)
    found = resettle(history, exclude=True)
    assert found.points_mpt.tolist() == [row[1] for row in OneByOne(columns).rows()]


def test_a_draft_that_begins_later_judges_the_past_with_its_first_factors(
    shipped: Rulebook, tmp_path: Path
) -> None:
    name = "commute.metro.v1.toml"
    text = (SHIPPED / name).read_text(encoding="utf-8")
    second = text.replace("version = 1\ntitle", "version = 2\ntitle").replace(
        "from = 2026-01-01", "from = 2027-01-01"
    )
    second = second.replace('accepts = ["T0", "T1", "T4"]', 'accepts = ["T0", "T4"]')
    (tmp_path / "commute.metro.v2.toml").write_text(second, encoding="utf-8")
    rules = load_draft(tmp_path, shipped)
    actions = past(shipped)
    history = read_history(rules, [a._replace(tier="T1") for a in actions])
    rides = [i for i, action in enumerate(actions) if action.methodology_id == "commute.metro"]
    assert history.refused == dict.fromkeys(rides, "tier_not_accepted")
    history = read_history(rules, actions)
    assert {m.version for m in history.columns.methodologies if m.id == "commute.metro"} == {2}
    assert diff(history, history.awarded, resettle(history)).total.differing == 0


@pytest.mark.parametrize("keys, actions", [(3, 2), (2, 3)])
def test_columns_of_different_lengths_are_no_breakdown(keys: int, actions: int) -> None:
    two = np.ones(2, dtype=np.int64)
    credits_ = Credits(two, two, two)
    found = Breakdown(np.arange(keys), np.ones(actions, dtype=np.int64), two, credits_, credits_)
    with pytest.raises(ValueError, match="zip"):
        list(found.items())


def test_equal_ones_come_by_key() -> None:
    keys = np.arange(300, dtype=np.int64)
    none, old = keys * 0, keys % 2 + 70
    before, after = Credits(none, old, none), Credits(none, old - 1 + 2 * (keys % 2), none)
    found = Breakdown(keys, keys, none, before, after)
    assert [change.actions for change in found.deciles()] == [
        sum(range(start + odd, start + 60, 2)) for odd in (0, 1) for start in range(0, 300, 60)
    ]
    assert [key for key, _ in found.winners(100)] == list(range(1, 200, 2))
    assert [key for key, _ in found.losers(100)] == list(range(0, 200, 2))
