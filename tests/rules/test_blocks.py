"""Shapes of formulas that no shipped file has, built by editing the files of the tests."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_rules import Facts, FactsRefused, RulebookError, assess, load_rulebook

Replace = Callable[[Path, str, str], None]
DAY = date(2026, 3, 4)
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
