"""Factors of a questionnaire: tables of its own, origins, and those that differ by region."""

import shutil
from pathlib import Path

import pytest

from credit_rules import RulebookError
from credit_rules.footprint import load_questionnaires
from credit_rules.loading import SHIPPED_DATA

FILE = "questionnaire.toml"
GAS = 'mid = { factor = "gas.ng", value = "2.184" }'
ELECTRICITY = 'factor = "2023.provincial.浙江", value = "0.4974"'


def refusal(folder: Path) -> RulebookError:
    with pytest.raises(RulebookError) as caught:
        load_questionnaires(folder)
    return caught.value


def test_outdated_values_are_refused_wherever_they_come_from(folder: Path) -> None:
    shutil.copytree(SHIPPED_DATA, folder / "data")
    grid = folder / "data" / "grid_factors.csv"
    text = grid.read_text(encoding="utf-8")
    row = "provincial average 2023,kgCO2/kWh,0.4974"
    assert row in text
    grid.write_text(text.replace(row, row.replace("0.4974", "0.785")), encoding="utf-8")
    path = folder / FILE
    own = path.read_text(encoding="utf-8").replace(
        ELECTRICITY, ELECTRICITY.replace("0.4974", "0.785")
    )
    path.write_text(own, encoding="utf-8")
    problems = refusal(folder).problems
    (found,) = [p for p in problems if p.key == "regions[0].electricity.mid.value"]
    assert found.fault == "0.785 kgCO2/kWh 是过期的因子。"
    assert found.remedy.startswith("0.785 kg/kWh 是早已过期的电力因子，")


def test_an_empty_factor_table_is_named(folder: Path) -> None:
    shutil.copytree(SHIPPED_DATA, folder / "data")
    (folder / "data" / "action_factors.csv").write_bytes(b"")
    (problem,) = refusal(folder).problems
    assert str(problem) == "action_factors.csv: .: 文件是空的。请补上内容，或删除文件。"


def test_a_factor_table_with_a_cell_without_end_is_named(folder: Path) -> None:
    shutil.copytree(SHIPPED_DATA, folder / "data")
    with (folder / "data" / "action_factors.csv").open("a", encoding="utf-8") as file:
        file.write("x," + "a" * 140_000 + "\n")
    found = [p.fault for p in refusal(folder).problems if p.file == "data/action_factors.csv"]
    assert len(found) == 1
    assert found[0].startswith("因子表无法读取（")


def test_a_row_of_unknown_confidence_has_no_range(folder: Path) -> None:
    shutil.copytree(SHIPPED_DATA, folder / "data")
    table = folder / "data" / "footprint_factors.csv"
    text = table.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("gas.ng,"))
    guessed = row.replace(",secondary,", ",guessed,")
    table.write_text(text.replace(row, guessed), encoding="utf-8")
    (problem,) = [p for p in refusal(folder).problems if p.key == "factors.gas.mid.factor"]
    assert problem.fault == "因子“gas.ng”的可信度“guessed”没有对应的不确定度。"
    assert problem.remedy == "可用的名称：memory、secondary、verified-in-source。"


def test_a_total_is_no_factor_whatever_its_unit(folder: Path) -> None:
    shutil.copytree(SHIPPED_DATA, folder / "data")
    table = folder / "data" / "footprint_factors.csv"
    text = table.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("gas.ng,"))
    table.write_text(f"{text}{row.replace('gas.ng,', 'anchor.gas,', 1)}\n", encoding="utf-8")
    path = folder / FILE
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace('factor = "gas.ng"', 'factor = "anchor.gas"'), encoding="utf-8")
    (problem,) = [p for p in refusal(folder).problems if p.key == "factors.gas.mid.factor"]
    assert problem.fault == "不能使用“anchor.gas”：这是总量，不是因子。"
    assert problem.remedy == "请换一个因子。"


def test_one_origin_takes_all_factors(folder: Path) -> None:
    """Ranges are then those of its uncertainties, and nothing but the examples is wrong."""
    path = folder / FILE
    head, *origins = path.read_text(encoding="utf-8").split("[[origins]]")
    path.write_text("[[origins]]".join((head, origins[-1])), encoding="utf-8")
    assert {problem.key.partition("[")[0] for problem in refusal(folder).problems} == {"examples"}


def test_a_factor_said_not_to_differ_by_region_is_read_where_it_stands(folder: Path) -> None:
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(GAS, f"{GAS}\nby_region = false", 1), encoding="utf-8")
    lines = {line.name: line for line in load_questionnaires(folder).versions[0].lines}
    rates = lines["gas"].rates.values()
    assert {rate.factor.mid.factor.key for rate in rates} == {"gas.ng"}


def test_electricity_said_not_to_differ_by_region_needs_a_factor_of_its_own(folder: Path) -> None:
    path = folder / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("by_region = true", "by_region = false", 1), encoding="utf-8")
    found = {(problem.key, problem.fault) for problem in refusal(folder).problems}
    assert ("factors.electricity.mid", "缺少这个键。") in found
    assert ("regions[0].electricity", "不认识这个键。") in found
