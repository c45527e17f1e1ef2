"""Grid factors: publication, area, year, named factors; nothing stands in unless allowed."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_rules.energy import (
    Basis,
    Choices,
    Conversion,
    EnergyRefused,
    EnergyTables,
    close_year,
    convert,
    load_energy_tables,
    restate,
    rounded,
)

Choose = Callable[..., Choices]
MWH = [{"item": "electricity", "quantity": "1", "unit": "MWh"}]


def factor_of(result: Conversion) -> tuple[str, str]:
    (line,) = result.lines
    return line.carbon.id, str(line.carbon.rate.number)


def problem_of(tables: EnergyTables, choices: Choices) -> tuple[str, str, str]:
    with pytest.raises(EnergyRefused) as caught:
        convert(tables, MWH, choices)
    (problem,) = caught.value.problems
    assert str(caught.value) == f"{problem.field}: {problem.sentence}"
    return problem.field, problem.code, problem.sentence


@pytest.mark.parametrize(
    "on, key, number",
    [
        (date(2024, 4, 12), "2021.provincial.浙江", "0.5422"),
        (date(2024, 12, 19), "2021.provincial.浙江", "0.5422"),
        (date(2024, 12, 20), "2022.provincial.浙江", "0.5153"),
        (date(2025, 12, 30), "2022.provincial.浙江", "0.5153"),
        (date(2025, 12, 31), "2023.provincial.浙江", "0.4974"),
        (date(2030, 1, 1), "2023.provincial.浙江", "0.4974"),
    ],
)
def test_a_factor_counts_from_its_publication(
    tables: EnergyTables, choose: Choose, on: date, key: str, number: str
) -> None:
    result = convert(tables, MWH, choose(on=on))
    assert (factor_of(result), result.exact) == ((key, number), True)


def test_before_the_first_publication_it_raises(tables: EnergyTables, choose: Choose) -> None:
    field, code, sentence = problem_of(tables, choose(on=date(2024, 4, 11)))
    assert (field, code) == ("on", "not_published")
    assert "2024-04-12" in sentence


@pytest.mark.parametrize("region", ["浙江", "浙江省"])
def test_an_area_may_be_written_in_full(tables: EnergyTables, choose: Choose, region: str) -> None:
    assert factor_of(convert(tables, MWH, choose(region=region)))[1] == "0.4974"


@pytest.mark.parametrize("region, number", [("全国", "0.5306"), ("华东", "0.55")])
def test_nation_and_regional_grid_are_areas_too(
    tables: EnergyTables, choose: Choose, region: str, number: str
) -> None:
    assert factor_of(convert(tables, MWH, choose(region=region)))[1] == number


@pytest.mark.parametrize(
    "region, code, part",
    [
        (None, "missing", "不会自动改用全国值"),
        ("浙江杭州", "unknown_region", "“浙江”"),
        ("杭州", "unknown_region", "可用的名称"),
        ("西藏", "no_factor", "2022.regional.西南"),
        ("西南", "no_factor", "2022.regional.西南"),
    ],
)
def test_an_area_without_a_factor_is_refused(
    tables: EnergyTables, choose: Choose, region: str | None, code: str, part: str
) -> None:
    field, found, sentence = problem_of(tables, choose(region=region))
    assert (field, found) == ("region", code)
    assert part in sentence


def test_an_area_is_checked_even_where_nothing_needs_it(
    tables: EnergyTables, choose: Choose
) -> None:
    gas = [{"item": "natural_gas", "quantity": "1", "unit": "m3"}]
    with pytest.raises(EnergyRefused, match="火星"):
        convert(tables, gas, choose(region="火星"))


def test_with_an_allowance_the_nearest_stands_in_and_is_marked(
    tables: EnergyTables, choose: Choose
) -> None:
    tibet = convert(tables, MWH, choose(region="西藏", allow_inexact=True))
    assert factor_of(tibet)[0] == "2022.regional.西南"
    assert not tibet.exact
    assert tibet.reasons == (
        "“西藏”没有已公布的因子，改用“西南”的因子",
        "没有 2023 年的因子，改用 2022 年的因子",
    )
    grid = convert(tables, MWH, choose(region="西南", allow_inexact=True))
    assert grid.reasons == ("没有 2023 年的因子，改用 2022 年的因子",)


def without(folder: Path, part: str) -> EnergyTables:
    path = folder / "grid_factors.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if part not in line), encoding="utf-8")
    return load_energy_tables(folder)


def test_the_nation_is_the_last_resort(folder: Path, choose: Choose) -> None:
    result = convert(without(folder, ".regional."), MWH, choose(region="西藏", allow_inexact=True))
    assert factor_of(result)[0] == "2023.national.全国"
    assert not result.exact


def test_an_allowance_changes_nothing_where_the_factor_is_there(
    tables: EnergyTables, choose: Choose
) -> None:
    result = convert(tables, MWH, choose(allow_inexact=True))
    assert (factor_of(result)[0], result.exact) == ("2023.provincial.浙江", True)


def test_without_any_national_row_nothing_is_in_force(folder: Path, choose: Choose) -> None:
    field, code, sentence = problem_of(without(folder, ".national.全国"), choose())
    assert (field, code) == ("on", "not_published")
    assert sentence == ("2026-03-01 时没有已公布的电网因子；因子表中没有可用的因子，请换一个日期。")


def test_where_no_year_has_the_area_or_its_parents(folder: Path, choose: Choose) -> None:
    rows = (folder / "grid_factors.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    late = rows[0] + "".join(row for row in rows if row.startswith("2021.national.全国"))
    (folder / "grid_factors.csv").write_text(late, encoding="utf-8")
    choices = choose(region="浙江")
    assert "2021.national.全国" in problem_of(load_energy_tables(folder), choices)[2]


def test_the_year_of_use_takes_its_own_factor(tables: EnergyTables, choose: Choose) -> None:
    result = convert(tables, MWH, choose(year=2022))
    assert (factor_of(result)[0], result.exact) == ("2022.provincial.浙江", True)


def test_a_year_whose_factor_is_not_out_yet_says_so(tables: EnergyTables, choose: Choose) -> None:
    result = convert(tables, MWH, choose(year=2025))
    assert factor_of(result)[0] == "2023.provincial.浙江"
    assert not result.exact
    assert "公布后须重述" in result.reasons[0]


def test_a_base_year_before_all_factors_takes_the_nearest_later_one_and_says_so(
    tables: EnergyTables, choose: Choose
) -> None:
    field, code, sentence = problem_of(tables, choose(year=2020))
    assert (field, code) == ("year", "no_factor")
    assert "2021 年" in sentence
    result = convert(tables, MWH, choose(year=2020, allow_inexact=True))
    assert factor_of(result)[0] == "2021.provincial.浙江"
    assert result.reasons == ("没有 2020 年及更早的电网因子，改用最近的较晚年份 2021 年",)
    closed = close_year(tables, MWH, choose(allow_inexact=True), 2020)
    assert restate(tables, closed, date(2026, 6, 1)).tco2_difference == 0


@pytest.mark.parametrize("text", ["浙江", "浙江省", " 浙江 ", "330000", "330106", "33"])
def test_an_area_is_known_in_every_spelling(
    tables: EnergyTables, choose: Choose, text: str
) -> None:
    assert factor_of(convert(tables, MWH, choose(region=text)))[0] == "2023.provincial.浙江"


@pytest.mark.parametrize("text", ["990000", "3301", "浙", "浙江省省", "33000O", ""])
def test_what_is_no_area_is_refused(tables: EnergyTables, choose: Choose, text: str) -> None:
    assert problem_of(tables, choose(region=text))[:2] == ("region", "unknown_region")


@pytest.mark.parametrize(
    "text, factor",
    [
        ("内蒙古自治区", "2023.provincial.内蒙古"),
        ("650100", "2023.provincial.新疆"),
        ("中国", "2023.national.全国"),
        ("南方区域", "2023.regional.南方"),
    ],
)
def test_areas_of_each_rank_are_known(
    tables: EnergyTables, choose: Choose, text: str, factor: str
) -> None:
    assert factor_of(convert(tables, MWH, choose(region=text)))[0] == factor


def test_a_factor_can_be_named(tables: EnergyTables, choose: Choose) -> None:
    older = convert(tables, MWH, choose(factors=("2022.provincial.浙江",)))
    assert factor_of(older)[0] == "2022.provincial.浙江"
    assert older.reasons == ("指定了 2022 年的因子，当日应为 2023 年",)
    same = convert(tables, MWH, choose(region=None, factors=("2023.provincial.浙江",)))
    assert same.exact


@pytest.mark.parametrize(
    "key, code, part",
    [
        ("2018.provincial.浙江", "unusable", "未经核实"),
        ("2024.national.footprint_lca", "unusable", "未经核实"),
        ("2023.national.fossil", "unusable", "不是平均因子或剩余因子，不能用于电力核算"),
        ("2023.provincial.江苏", "wrong_region", "“浙江”"),
        ("2023.provincial.浙", "unknown_factor", "2023.provincial.浙江"),
        ("js_t_303_2026.heat", "unknown_factor", "不是可以指定的因子"),
        ("tce.electricity_equivalent.sd", "wrong_basis", "当量值"),
    ],
)
def test_a_factor_that_cannot_be_named_is_refused(
    tables: EnergyTables, choose: Choose, key: str, code: str, part: str
) -> None:
    field, found, sentence = problem_of(tables, choose(factors=(key,)))
    assert (field, found) == ("factors", code)
    assert part in sentence


def test_a_factor_cannot_be_named_before_it_is_published(
    tables: EnergyTables, choose: Choose
) -> None:
    choices = choose(on=date(2025, 12, 30), factors=("2023.provincial.浙江",))
    assert problem_of(tables, choices)[:2] == ("factors", "not_published")


@pytest.mark.parametrize(
    "region, key, exact",
    [
        ("上海", "tce.electricity_equivalent.sh783", True),
        ("山东", "tce.electricity_equivalent.sd", True),
        ("浙江", "tce.electricity_equivalent.sh783", False),
    ],
)
def test_equivalent_values_are_named_with_their_source(
    tables: EnergyTables, choose: Choose, region: str, key: str, exact: bool
) -> None:
    result = convert(tables, MWH, choose(basis=Basis.EQUIVALENT, region=region))
    (line,) = result.lines
    assert (line.coal.id, line.exact) == (key, exact)
    assert line.coal.source
    assert result.choices.basis is Basis.EQUIVALENT


def test_an_equivalent_value_can_be_named(tables: EnergyTables, choose: Choose) -> None:
    key = "tce.electricity_equivalent.js_hotel"
    result = convert(tables, MWH, choose(basis=Basis.EQUIVALENT, factors=(key,)))
    assert (result.lines[0].coal.id, rounded(result.tce, 6)) == (key, "0.298")
    assert result.exact


def test_an_equivalent_value_without_an_area(tables: EnergyTables, choose: Choose) -> None:
    own = [{**MWH[0], "factor": {"co2": "0.5 kgCO2/kWh", "source": "供电合同"}}]
    result = convert(tables, own, choose(basis=Basis.EQUIVALENT, region=None))
    assert any("没有指定地区" in reason for reason in result.reasons)
    assert rounded(result.tco2, 6) == "0.5"


def test_the_coefficient_of_gas_is_said_and_can_be_chosen(
    tables: EnergyTables, choose: Choose
) -> None:
    gas = [{"item": "natural_gas", "quantity": "10000", "unit": "m3"}]
    found = {
        factors: (convert(tables, gas, choose(factors=factors)).lines[0].coal.id, tce)
        for factors, tce in (
            ((), "13.3"),
            (("tce.natural_gas_12143",), "12.143"),
            (("tce.natural_gas_sh",), "12.9971"),
        )
        if rounded(convert(tables, gas, choose(factors=factors)).tce, 6) == tce
    }
    assert found == {
        (): ("tce.gbt2589.natural_gas_13300", "13.3"),
        ("tce.natural_gas_12143",): ("tce.natural_gas_12143", "12.143"),
        ("tce.natural_gas_sh",): ("tce.natural_gas_sh", "12.9971"),
    }


FULL_NAMES = {
    "华北": "北京市 天津市 河北省 山西省 山东省 内蒙古自治区",
    "东北": "辽宁省 吉林省 黑龙江省",
    "华东": "上海市 江苏省 浙江省 安徽省 福建省",
    "华中": "江西省 河南省 湖北省 湖南省",
    "西北": "陕西省 甘肃省 青海省 宁夏回族自治区 新疆维吾尔自治区",
    "南方": "广东省 广西壮族自治区 海南省 贵州省 云南省",
    "西南": "四川省 重庆市 西藏自治区",
}


def test_every_province_belongs_to_its_regional_grid(folder: Path, choose: Choose) -> None:
    tables = without(folder, ".provincial.")
    for grid, provinces in FULL_NAMES.items():
        for province in (*provinces.split(), f"{grid}区域电网"):
            found = convert(tables, MWH, choose(region=province, allow_inexact=True))
            assert factor_of(found)[0].endswith(f".regional.{grid}"), province
