"""A history under rules: every award reproduced, other rules told by what they would give."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from credit_rules import Facts, Rulebook, Used, assess, load_rulebook, period_start
from credit_rules.history import Occasions, PastAction, read_history, resettle
from credit_rules.loading import SHIPPED, load_draft
from credit_rules.vectorised import NotVectorisable, settle
from tests.builders.batches import Drawn, OneByOne, drawn

SHARED = Path(__file__).parent / "files" / "shared"
RIDE = PastAction("commute.metro", date(2026, 3, 4), 1, "T4", {"distance": "10"})


class Awarded(NamedTuple):
    """What the scalar engine gave for an action."""

    reduction_mg: int
    points_mpt: int
    ranked: bool


def past(rulebook: Rulebook, tier: str = "T4") -> tuple[list[PastAction], list[Awarded]]:
    """Drop-offs and metro rides of several members on two days, credited one after another."""
    used: dict[tuple[int, date, str], Used] = {}
    actions, awards = [], []
    for number in range(60):
        member, on = number % 7, date(2026, 3, 4 + number // 40)
        material, mass = ("paper", "glass")[number % 2], f"{number % 9 + 1}.5"
        name, inputs = (
            ("recycling.drop_off", {"material": material, "mass": mass})
            if number % 3
            else ("commute.metro", {"distance": f"{number % 30 + 1}"})
        )
        methodology = rulebook.methodology(name, on)
        starts = {cap.key: period_start(cap.period, on) for cap in methodology.caps}
        rows = {key: used.get((member, starts[key], key), Used()) for key in starts}
        result = assess(methodology, Facts(name, on, tier, dict(inputs), rows))
        for key, added in result.usage.items():
            used[member, starts[key], key] = rows[key].plus(added)
        actions.append(PastAction(name, on, member, tier, dict(inputs)))
        awards.append(Awarded(result.reduction_mg, result.points_mpt, result.ranked))
    return actions, awards


@pytest.mark.parametrize("tier", ["T0", "T4"])
def test_what_was_credited_is_reproduced(shipped: Rulebook, tier: str) -> None:
    actions, awards = past(shipped, tier)
    history = read_history(shipped, actions)
    assert len(history) == len(actions)
    found = resettle(history)
    columns = (found.reduction_mg.tolist(), found.points_mpt.tolist(), found.ranked.tolist())
    assert list(zip(*columns, strict=True)) == awards
    assert any(award.points_mpt == 0 for award in awards), "some cap is met"
    assert found.refused == {}


def test_an_empty_history_comes_to_nothing(shipped: Rulebook) -> None:
    found = resettle(read_history(shipped, []))
    assert (len(found.points_mpt), len(found.ranked), found.refused) == (0, 0, {})


@pytest.mark.parametrize(
    "change, field, code",
    [
        ({"methodology_id": "commute.rocket"}, "kind", "methodology_unknown"),
        ({"on": date(2020, 1, 1)}, "kind", "methodology_not_in_force"),
        ({"tier": "T3"}, "tier", "tier_not_accepted"),
        ({"inputs": {}}, "distance", "missing"),
        ({"inputs": {"distance": "5", "height": "1"}}, "height", "unknown_field"),
        ({"inputs": {"distance": "5000"}}, "distance", "out_of_bounds"),
        (
            {
                "methodology_id": "commute.car_free_day",
                "inputs": {"habit": "other", "restricted": "no"},
            },
            "habit",
            "not_eligible",
        ),
    ],
)
def test_what_the_rules_refuse_earns_nothing_uses_nothing_and_says_why(
    shipped: Rulebook, change: dict[str, object], field: str, code: str
) -> None:
    other = RIDE._replace(**change)  # type: ignore[arg-type] # fields by name
    found = resettle(read_history(shipped, [other, RIDE]))
    alone = resettle(read_history(shipped, [RIDE]))
    assert [(at, p.field, p.code) for at, p in found.refused.items()] == [(0, field, code)]
    assert found.refused[0].sentence.endswith("。")
    assert (found.reduction_mg[0], found.points_mpt[0], found.ranked[0]) == (0, 0, False)
    assert found.points_mpt[1] == alone.points_mpt[0] > 0


FREE = RIDE._replace(
    methodology_id="commute.car_free_day", inputs={"habit": "drives", "restricted": "no"}
)
BUS = RIDE._replace(methodology_id="commute.bus", inputs={"distance": "5"})
LUNCH = RIDE._replace(methodology_id="dining.clean_plate", inputs={"meal": "lunch"})


def trip(action: PastAction, number: int) -> PastAction:
    return action._replace(occasions={"trip": number})


def meal(number: int) -> PastAction:
    return LUNCH._replace(occasions={"meal": number})


@pytest.mark.parametrize(
    "actions, occasions, credited",
    [
        ([RIDE, FREE, BUS], Occasions(), [True, False, True]),
        ([trip(RIDE, 5), trip(BUS, 5)], Occasions(), [True, False]),
        ([trip(RIDE, 5), trip(BUS, 6)], Occasions(), [True, True]),
        ([trip(RIDE, 5), trip(RIDE, 5)], Occasions(), [True, True]),
        ([trip(RIDE, 5), trip(RIDE, 5)], Occasions(once=("trip",)), [True, False]),
        ([trip(RIDE, 5), trip(BUS, 6)], Occasions(reach={"trip": 1}), [True, False]),
        ([trip(RIDE, 6), trip(BUS, 5)], Occasions(reach={"trip": 1}), [True, False]),
        ([trip(RIDE, 5), trip(BUS, 7)], Occasions(reach={"trip": 1}), [True, True]),
        # The second is excluded by the first, so that it does not exclude the third.
        ([trip(a, n) for a, n in ((RIDE, 5), (BUS, 6), (RIDE, 7))],
         Occasions(reach={"trip": 1}, once=("trip",)), [True, False, True]),
        ([RIDE, trip(BUS, 0)], Occasions(reach={"trip": 1}), [True, True]),
        ([meal(1), meal(1), meal(2)], Occasions(once=("meal", "trip")), [True, False, True]),
        ([meal(1), meal(1)], Occasions(once=("trip",)), [True, True]),
    ],
)  # fmt: skip
def test_one_trip_one_meal_one_day(
    shipped: Rulebook, actions: list[PastAction], occasions: Occasions, credited: list[bool]
) -> None:
    actions = [
        action._replace(tier="T2") if action.methodology_id == LUNCH.methodology_id else action
        for action in actions
    ]
    found = resettle(read_history(shipped, actions, occasions))
    assert [at not in found.refused for at in range(len(actions))] == credited
    assert {problem.code for problem in found.refused.values()} <= {"excluded"}


def asked_of_what_was_earned(folder: Path, condition: str) -> Rulebook:
    """A condition on what was counted, for which there is no column form."""
    text = (SHARED / "point.sharing.v1.toml").read_text(encoding="utf-8")
    text = text.replace('methodology = "point.weighing"', 'methodology = "point.sharing"')
    eligible = f'[[steps]]\nblock = "eligible"\nmessage = "已计满。"\nall = [{condition}]\n\n'
    text = text.replace('[[steps]]\nblock = "cap"', f'{eligible}[[steps]]\nblock = "cap"')
    (folder / "point.sharing.v1.toml").write_text(text, encoding="utf-8")
    return load_rulebook(folder)


def test_a_condition_that_only_earlier_actions_break_is_told_so(tmp_path: Path) -> None:
    rules = asked_of_what_was_earned(tmp_path, '{ value = "earned", min = "1 point" }')
    once = PastAction("point.sharing", date(2026, 3, 4), 1, "T2", {"times": "1", "who": "self"})
    found = resettle(read_history(rules, [once] * 5))
    assert found.points_mpt.tolist() == [2_000, 2_000, 2_000, 0, 0]
    (problem,) = set(found.refused.values())
    assert list(found.refused) == [3, 4]
    assert (problem.field, problem.code) == ("used", "not_eligible")
    assert problem.sentence == "按此前累计的用量，条件不满足。"


def test_a_history_without_a_column_form_is_settled_in_turn(tmp_path: Path) -> None:
    """The rules answer in the order of the history."""
    rules = asked_of_what_was_earned(tmp_path, '{ value = "earned", max = "90 point" }')
    columns = replace(
        drawn(rules, 200, Drawn(members=9), np.random.default_rng(3)), boosts=None, occasions=None
    )
    with pytest.raises(NotVectorisable):
        settle(columns)
    rows = np.arange(len(columns), dtype=np.int64)
    history = replace(read_history(rules, []), columns=columns, rows=rows, size=len(rows))
    found = resettle(history)
    expected = OneByOne(columns).rows()
    assert found.points_mpt.tolist() == [row[1] for row in expected]
    refused = {at: problem.code for at, problem in found.refused.items()}
    assert refused == {at: "not_eligible" for at, row in enumerate(expected) if row[4]}


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
    found = resettle(read_history(rules, [RIDE._replace(tier="T1"), RIDE]))
    assert {at: problem.code for at, problem in found.refused.items()} == {0: "tier_not_accepted"}
    history = read_history(rules, past(shipped)[0])
    assert {m.version for m in history.columns.methodologies if m.id == "commute.metro"} == {2}
    awards = past(shipped)[1]
    assert resettle(history).points_mpt.tolist() == [award.points_mpt for award in awards]
