"""A history under rules: every award reproduced, other rules told by what they would give."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from credit_rules import Draft, Facts, Rulebook, Used, assess, load_rulebook, period_start
from credit_rules.history import HistoryAward, HistoryRun, Occasions, PastAction
from credit_rules.loading import SHIPPED, load_draft

SHARED = Path(__file__).parent / "files" / "shared"
RIDE = PastAction("commute.metro", date(2026, 3, 4), 1, "T4", {"distance": "10"})
LIVE = Occasions(reach={"trip": 1}, once=("trip", "meal"))


def awarded(
    rules: Rulebook | Draft, actions: Iterable[PastAction], occasions: Occasions | None = None
) -> list[HistoryAward]:
    run = HistoryRun(rules, occasions)
    return [run.award(action) for action in actions]


def codes(found: list[HistoryAward]) -> dict[int, str]:
    return {at: each.problem.code for at, each in enumerate(found) if each.problem is not None}


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
    found = awarded(shipped, actions)
    assert [(each.reduction_mg, each.points_mpt, each.ranked) for each in found] == awards
    assert any(award.points_mpt == 0 for award in awards), "some cap is met"
    assert not codes(found)


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
    refused, credited = awarded(shipped, [other, RIDE])
    assert refused.problem is not None
    assert (refused.problem.field, refused.problem.code) == (field, code)
    assert refused.problem.sentence.endswith("。")
    assert (refused.reduction_mg, refused.points_mpt, refused.ranked) == (0, 0, False)
    assert [credited] == awarded(shipped, [RIDE])
    assert credited.points_mpt > 0


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
    found = awarded(shipped, actions, occasions)
    assert [each.problem is None for each in found] == credited
    assert set(codes(found).values()) <= {"excluded"}


def test_a_condition_that_only_earlier_actions_break(tmp_path: Path) -> None:
    text = (SHARED / "point.sharing.v1.toml").read_text(encoding="utf-8")
    text = text.replace('methodology = "point.weighing"', 'methodology = "point.sharing"')
    eligible = """[[steps]]
block = "eligible"
message = "已计满。"
all = [{ value = "earned", min = "1 point" }]

"""
    text = text.replace('[[steps]]\nblock = "cap"', f'{eligible}[[steps]]\nblock = "cap"')
    (tmp_path / "point.sharing.v1.toml").write_text(text, encoding="utf-8")
    once = PastAction("point.sharing", date(2026, 3, 4), 1, "T2", {"times": "1", "who": "self"})
    found = awarded(load_rulebook(tmp_path), [once] * 5)
    assert [each.points_mpt for each in found] == [2_000, 2_000, 2_000, 0, 0]
    assert codes(found) == {3: "not_eligible", 4: "not_eligible"}
    assert found[3].problem is not None
    assert found[3].problem.sentence == "已计满。"


def drawn(rulebook: Rulebook, count: int, *, members: int) -> list[PastAction]:
    """Actions of every methodology, amounts small as often as large, trips and meals that meet."""
    random = Random(count)  # noqa: S311 - reproducible, no secret
    first = date(2026, 3, 28)
    rules = rulebook.in_force(first)
    actions = []
    for _ in range(count):
        methodology = random.choice(rules)
        inputs = {}
        for reader in (r for r in methodology.readers if r.spec.decided_by in ("", "time")):
            low, high = reader.range()
            amount = low + int((high - low) * random.random() ** random.choice((1, 3, 8)))
            inputs[reader.spec.name] = reader.shown(amount)
        occasions = {"trip": random.randrange(12), "meal": random.randrange(3)}
        actions.append(
            PastAction(
                methodology.id,
                first + timedelta(days=random.randrange(9)),
                random.randrange(members),
                random.choice(methodology.tiers).name,
                inputs,
                random.choice((None, 7, 8)),
                random.choice((occasions, {})),
            )
        )
    return actions


def test_members_of_all_methodologies_share_nothing(shipped: Rulebook) -> None:
    """Each member's actions alone come to what they come to among those of all others."""
    actions = drawn(shipped, 6_000, members=9)
    together = awarded(shipped, actions, LIVE)
    run, alone = HistoryRun(shipped, LIVE), dict[int, HistoryAward]()
    for member in range(9):
        run.forget()
        for at, action in enumerate(actions):
            if action.member_id == member:
                alone[at] = run.award(action)
    assert [alone[at] for at in range(len(actions))] == together
    refused = codes(together)
    assert 100 < len(refused) < 5_000
    assert set(refused.values()) == {"excluded", "not_eligible"}


def test_members_share_the_counters_of_a_place() -> None:
    inputs = {"material": "paper", "mass": "10"}
    first = PastAction("point.weighing", RIDE.on, 1, "T2", inputs, place_id=7)
    second = first._replace(member_id=2)
    actions = [first, second, second._replace(member_id=3, place_id=8)]
    found = awarded(load_rulebook(SHARED), [*actions, second._replace(member_id=4, place_id=None)])
    # 10.4 points of one's own; at a place 1 point for each of its first 10 kg, 0.3 beyond.
    assert [each.points_mpt for each in found] == [20_400, 13_400, 20_400, 20_400]


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
    assert codes(awarded(rules, [RIDE._replace(tier="T1"), RIDE])) == {0: "tier_not_accepted"}
    actions, awards = past(shipped)
    found = awarded(rules, actions)
    judges = [each.methodology for each in found if each.methodology is not None]
    assert {m.version for m in judges if m.id == "commute.metro"} == {2}
    assert [each.points_mpt for each in found] == [award.points_mpt for award in awards]
