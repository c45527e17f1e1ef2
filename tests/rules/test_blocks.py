"""Shapes of formulas that no shipped file has, built by editing the files of the tests."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_rules import Facts, FactsRefused, RulebookError, Used, assess, load_rulebook, read_used
from credit_rules.counters import COUNTER_LIMIT
from credit_rules.inputs import InputValue

Replace = Callable[[Path, str, str], None]
DAY = date(2026, 3, 4)
USED = 'used = { "travel:day" = { reduction = "0.1 kgCO2e" } }'
TRIP, STAIRS = "travel.trip.v1.toml", "stairs.climb.v1.toml"
LOOKED_UP = """[inputs.lift]
label = "电梯"
choices = [{ value = "old", label = "旧" }, { value = "new", label = "新" }]

[inputs.season]
label = "季节"
choices = [{ value = "wet", label = "丰水" }, { value = "dry", label = "枯水" }]

[tables.lifts]
label = "每层电耗"
unit = "kWh/floor"
keys = ["lift"]
source = "lift"
rows = { old = "0.005", new = "0.0025" }

[tables.grids]
label = "电力因子"
unit = "kgCO2e/kWh"
keys = ["season"]
source = "lift"
rows = { wet = "0.3", dry = "0.6" }

[[steps]]
block = "lookup"
out = "energy_now"
label = "每层电耗"
table = "lifts"

[[steps]]
block = "lookup"
out = "grid_now"
label = "电力因子"
table = "grids"

[[steps]]
block = "floors_climbed"
"""

BAND = """
[[bands]]
name = "每小时"
min = "1 gCO2e/h"
max = "100 gCO2e/h"
methodologies = ["*"]
rows = ["*"]
remedy = "请检查单位。"
"""
HOURLY = """[inputs.time]
label = "时长"
unit = "h"
min = "1"
max = "2"
step = "1"

[parameters.hourly]
label = "每小时"
unit = "gCO2e/h"
values = [{ from = 2026-01-01, value = "500", source = "policy" }]

[[steps]]
block = "convert"
out = "timed"
label = "按时长"
of = "time"
rate = "hourly"

[[steps]]
block = "floors_climbed"
"""


def examples_alone_are_wrong(folder: Path) -> list[str]:
    """The faults of the worked examples, after an edit that changes nothing but results."""
    with pytest.raises(RulebookError) as refused:
        load_rulebook(folder)
    assert all(problem.key.startswith("examples") for problem in refused.value.problems)
    return [problem.fault for problem in refused.value.problems]


def test_three_numbers_that_each_action_chooses_are_multiplied(
    mixed_folder: Path, replace: Replace
) -> None:
    path = mixed_folder / STAIRS
    replace(path, '[[steps]]\nblock = "floors_climbed"\n', LOOKED_UP)
    replace(
        path, 'energy = "energy"\ngrid = "grid"\n', 'energy = "energy_now"\ngrid = "grid_now"\n'
    )
    text = path.read_text(encoding="utf-8")
    start, end = text.index("[parameters.energy]"), text.index("[inputs.lift]")
    text = text[:start] + text[end:]
    for floors, given in (("10", "new"), ("10", "new"), ("200", "new")):
        text = text.replace(
            f'given = {{ floors = "{floors}" }}',
            f'given = {{ floors = "{floors}", lift = "{given}", season = "dry" }}',
            1,
        )
    text = text.replace("reduction_mg = 12882", "reduction_mg = 15000")
    path.write_text(text.replace("reduction_mg = 12435", "reduction_mg = 15000"), encoding="utf-8")
    rulebook = load_rulebook(mixed_folder)
    for lift, season, mg in (("old", "wet", 15_000), ("old", "dry", 30_000), ("new", "wet", 7_500)):
        inputs = {"floors": "10", "lift": lift, "season": season}
        assert assess(rulebook, Facts("stairs.climb", DAY, "T2", inputs)).reduction_mg == mg


@pytest.mark.parametrize(
    "distance, points_mpt", [("0.2", None), ("0.3", 540), ("5", 9000), ("5.1", None)]
)
def test_a_condition_may_be_finer_than_the_step_of_its_input(
    distance: str, points_mpt: int | None, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / TRIP, 'max = "5 km" }', 'min = "0.25 km", max = "5.05 km" }')
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    inputs = {"mode": "walk", "peak": "calm", "distance": distance}
    rulebook, facts = load_rulebook(mixed_folder), Facts("travel.trip", DAY, "T4", inputs)
    if points_mpt is not None:
        assert assess(rulebook, facts).points_mpt == points_mpt
        return
    with pytest.raises(FactsRefused) as refused:
        assess(rulebook, facts)
    assert [problem.code for problem in refused.value.problems] == ["not_eligible"]


@pytest.mark.parametrize("used, fits", [(2**60 - 1, False), (0, True)])
def test_a_claim_of_more_than_half_a_counter_is_held_against_its_range(
    used: int, fits: bool, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / STAIRS, 'max = "200"', 'max = "3500000000"')
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    inputs: dict[str, InputValue] = {"floors": 3_500_000_000}
    rows = {"stairs.climb:day": Used(reduction_ng=used)}
    rulebook, facts = load_rulebook(mixed_folder), Facts("stairs.climb", DAY, "T2", inputs, rows)
    if fits:
        claimed = assess(rulebook, facts).usage["stairs.climb:day"].reduction_ng
        assert 2**61 < claimed < COUNTER_LIMIT < claimed + 2**60 - 1
        return
    with pytest.raises(FactsRefused) as refused:
        assess(rulebook, facts)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("used.stairs.climb:day", "counter_range")


@pytest.mark.parametrize(
    "amount, accepted",
    [("0.000000001", True), ("0", False), ("0.0000000001", False), ("0.0000000011", False)],
)
def test_a_cap_is_at_least_a_billionth(
    amount: str, accepted: bool, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / TRIP, '"50 point"', f'"{amount} point"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    keys = {problem.key for problem in refused.value.problems}
    fault = "上限必须大于零，且最多九位小数。"
    assert ("steps.points.amount" not in keys) is accepted
    assert (fault in {problem.fault for problem in refused.value.problems}) is not accepted


@pytest.mark.parametrize(
    "upper, rate, same", [("1.5", "1", True), ("1.5", "0.5", False), ("1.4", "1", False)]
)
def test_a_cap_shares_a_counter_with_tiers_that_give_all_up_to_it(
    upper: str, rate: str, same: bool, mixed_folder: Path, replace: Replace
) -> None:
    tiers = (
        'block = "tiers"\nout = "tiered"\nlabel = "分档"\non = "evidenced"\nperiod = "day"\n'
        f'counter = "travel"\nrows = [["{upper} kgCO2e", "{rate}"], ["*", "0"]]\n'
        'source = "manual"\n\n[[steps]]\n'
    )
    path = mixed_folder / "travel.car_free.v1.toml"
    replace(path, 'block = "cap"\nout = "reduction"', f'{tiers}block = "cap"\nout = "reduction"')
    replace(path, 'on = "evidenced"\namount = "1.5', 'on = "tiered"\namount = "1')
    for _ in range(2):
        replace(path, "reduction_mg = 1500000", "reduction_mg = 1000000")
    replace(path, 'period = "day"\ncounter = "travel"\nsource', 'period = "day"\nsource')
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    if same:
        load_rulebook(mixed_folder)
        return
    with pytest.raises(RulebookError, match=r"共用计数器“travel:day”与 .* 的上限或分档不同"):
        load_rulebook(mixed_folder)


@pytest.mark.parametrize("used, eligible", [("1.5 kgCO2e", True), ("0 kgCO2e", False)])
def test_a_condition_may_look_at_what_a_cap_leaves(
    used: str, eligible: bool, mixed_folder: Path, replace: Replace
) -> None:
    condition = (
        'block = "eligible"\nmessage = "今日已多。"\n'
        'all = [{ value = "reduction", max = "1.4 kgCO2e" }]\n\n[[steps]]\n'
    )
    replace(mixed_folder / TRIP, 'block = "lookup"\n', f'{condition}block = "lookup"\n')
    replace(mixed_folder / TRIP, "reduction_mg = 1500000", "reduction_mg = 1400000")
    replace(mixed_folder / TRIP, 'calm", distance = "60" }', 'calm", distance = "60" }\n' + USED)
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    rulebook = load_rulebook(mixed_folder)
    inputs: dict[str, InputValue] = {"mode": "metro", "peak": "calm", "distance": "60"}
    rows = {"travel:day": read_used({"reduction": used})}
    facts = Facts("travel.trip", DAY, "T4", inputs, rows)
    if eligible:
        assert assess(rulebook, facts).reduction_mg == 0
        return
    with pytest.raises(FactsRefused, match="今日已多。"):
        assess(rulebook, facts)


@pytest.mark.parametrize("bound", ["min", "max"])
def test_a_condition_on_what_a_table_gives_holds_at_its_bound(
    bound: str, mixed_folder: Path, replace: Replace
) -> None:
    condition = (
        '[[steps]]\nblock = "eligible"\nmessage = "单价不合。"\n'
        f'any = [{{ value = "rate", {bound} = "1.5 point/km" }},'
        ' { value = "distance", min = "5 km" }]\n\n'
    )
    replace(
        mixed_folder / TRIP,
        '[[steps]]\nblock = "convert"',
        f'{condition}[[steps]]\nblock = "convert"',
    )
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    rulebook = load_rulebook(mixed_folder)

    def eligible(mode: str, peak: str) -> bool:
        inputs: dict[str, InputValue] = {"mode": mode, "peak": peak, "distance": "1"}
        try:
            assess(rulebook, Facts("travel.trip", DAY, "T4", inputs))
        except FactsRefused:
            return False
        return True

    assert eligible("metro", "peak")
    assert eligible("metro", "calm") is (bound == "max")
    assert eligible("walk", "peak") is (bound == "min")


@pytest.mark.parametrize(
    "result, named, fault",
    [
        ("reduction", "points", "单位不符：“points”是 point，这里需要 gCO2e。"),
        ("points", "reduction", "单位不符：“reduction”是 kgCO2e，这里需要 point。"),
    ],
)
def test_a_result_of_another_kind_is_refused(
    result: str, named: str, fault: str, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / TRIP, f'\n{result} = "{result}"', f'\n{result} = "{named}"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    (problem,) = [p for p in refused.value.problems if p.key == f"result.{result}"]
    assert (problem.fault, problem.remedy) == (fault, "请换一个结果。")


def test_what_is_never_in_force_together_may_limit_a_counter_differently(
    mixed_folder: Path, replace: Replace
) -> None:
    path = mixed_folder / "travel.car_free.v1.toml"
    text = path.read_text(encoding="utf-8").replace("from = 2026-01-01", "from = 2027-01-01")
    text = text.replace('"1.5 kgCO2e"', '"1.4 kgCO2e"').replace("mg = 1500000", "mg = 1400000")
    path.write_text(text.replace("mg = 500000", "mg = 400000"), encoding="utf-8")
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    load_rulebook(mixed_folder)
    replace(mixed_folder / TRIP, "until = 2026-12-31", "until = 2027-01-01")
    with pytest.raises(RulebookError, match="共用计数器“travel:day”"):
        load_rulebook(mixed_folder)


@pytest.mark.parametrize(
    "written, meant",
    [("values", "value"), ("mini", "min"), ("maxi", "max"), ("one_off", "one_of")],
)
def test_an_unknown_key_of_a_condition_is_told_the_nearest(
    written: str, meant: str, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / TRIP, '{ value = "mode", ', f'{{ {written} = "1", value = "mode", ')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    (problem,) = [p for p in refused.value.problems if p.key == f"steps[0].any[0].{written}"]
    assert problem.fault == "不认识这个键。"
    assert problem.remedy == f"最接近的名称是“{meant}”，请改正。"


def test_a_factor_of_zero_is_a_factor(mixed_folder: Path, replace: Replace) -> None:
    replace(mixed_folder / TRIP, 'value = "43.1"', 'value = "0"')
    faults = examples_alone_are_wrong(mixed_folder)
    assert any("算得 898000" in fault for fault in faults), faults


@pytest.mark.parametrize(
    "baseline, project, wrong",
    [
        ("300", "1", []),
        ("300.1", "1", ["parameters.baseline.values[0].value"]),
        ("300", "0.9", ["parameters.project.values[0].value"]),
    ],
)
def test_the_ends_of_a_plausible_band_are_plausible(
    baseline: str, project: str, wrong: list[str], mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / TRIP, 'value = "89.8"', f'value = "{baseline}"')
    replace(mixed_folder / TRIP, 'value = "43.1"', f'value = "{project}"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    keys = [p.key for p in refused.value.problems if p.key.startswith("parameters")]
    assert keys == wrong


@pytest.mark.parametrize(
    "baseline, wrong", [("300", False), ("300.1", True), ("1", False), ("0.9", True)]
)
def test_a_sum_of_factors_is_held_against_the_plausible_band(
    baseline: str, wrong: bool, mixed_folder: Path, replace: Replace
) -> None:
    both = (
        '[[steps]]\nblock = "sum"\nout = "both"\nlabel = "两段"\n'
        'parts = ["baseline", "project"]\n\n'
    )
    linear = '[[steps]]\nblock = "linear_difference"'
    replace(mixed_folder / TRIP, linear, both + linear)
    replace(mixed_folder / TRIP, 'baseline = "baseline"', 'baseline = "both"')
    replace(mixed_folder / TRIP, 'value = "89.8"', f'value = "{baseline}"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    assert ("steps.saved" in {problem.key for problem in refused.value.problems}) is wrong


@pytest.mark.parametrize("tiers, fits", [("", True), ('tiers = ["T0"]\n', False)])
def test_a_cap_on_some_tiers_bounds_nothing_for_the_others(
    tiers: str, fits: bool, mixed_folder: Path, replace: Replace
) -> None:
    """A week's 72 points times 70 million pass 62 bits; capped at 50 points they do not."""
    large = (
        f'{tiers}source = "whitepaper"\n\n[[steps]]\nblock = "scale"\nout = "large"\n'
        'label = "放大"\nof = "points"\nratio = "70000000"\nsource = "whitepaper"\n\n[result]'
    )
    replace(mixed_folder / TRIP, 'source = "whitepaper"\n\n[result]', large)
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    faults = {(problem.key, problem.fault) for problem in refused.value.problems}
    assert (("steps.large", "“large”的最坏情况超出 62 位整数。") not in faults) is fits


def test_a_table_of_zeros_gives_nothing(mixed_folder: Path, replace: Replace) -> None:
    for old in ('"metro|peak" = "1.5"', '"metro|calm" = "1"', '"walk|peak" = "2"'):
        replace(mixed_folder / TRIP, old, f'{old.partition(" = ")[0]} = "0"')
    replace(mixed_folder / TRIP, '"walk|calm" = "2.25"', '"walk|calm" = "0"')
    assert any("算得 0。" in fault for fault in examples_alone_are_wrong(mixed_folder))


def test_a_label_with_quotes_is_shown_as_it_is(mixed_folder: Path, replace: Replace) -> None:
    replace(mixed_folder / TRIP, 'label = "地铁"', "label = '地铁\"快线\"\\'")
    inputs = {"mode": "metro", "peak": "calm", "distance": "5"}
    trace = assess(load_rulebook(mixed_folder), Facts("travel.trip", DAY, "T4", inputs)).trace
    assert '方式 地铁"快线"\\' in "".join(trace.sentences())
    assert json.loads(trace.canonical())["inputs"][0]["value_label"] == '地铁"快线"\\'


def test_a_band_without_a_decimal_form_is_named_as_a_fraction(
    mixed_folder: Path, shipped_folder: Path, replace: Replace
) -> None:
    standards = (shipped_folder / "rulebook.toml").read_text(encoding="utf-8")
    (mixed_folder / "rulebook.toml").write_text(standards + BAND, encoding="utf-8")
    load_rulebook(mixed_folder)
    replace(mixed_folder / STAIRS, '[[steps]]\nblock = "floors_climbed"\n', HOURLY)
    both = 'block = "sum"\nout = "both"\nlabel = "合计"\nparts = ["saved", "timed"]\n\n[[steps]]\n'
    replace(mixed_folder / STAIRS, 'block = "evidence"\n', f'{both}block = "evidence"\n')
    replace(mixed_folder / STAIRS, 'of = "saved"', 'of = "both"')
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    faults = {problem.key: problem.fault for problem in refused.value.problems}
    fault = faults["parameters.hourly.values[0].value"]
    assert (
        fault
        == "因子不合理：25/3 gCO2e/min，“每小时”的合理范围是 1/60 gCO2e/min 到 5/3 gCO2e/min。"
    )
