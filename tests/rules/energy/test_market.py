"""Location-based and market-based electricity; green power, resold electricity and heat."""

import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from credit_rules.energy import (
    Choices,
    EnergyRefused,
    EnergyTables,
    convert,
    describe_conversion,
    load_energy_tables,
    rounded,
)

Choose = Callable[..., Choices]


def line(item: str, quantity: str, unit: str = "MWh") -> dict[str, object]:
    return {"item": item, "quantity": quantity, "unit": unit}


BOUGHT = [line("electricity", "1000"), line("green_power", "200"), line("electricity_resold", "50")]


def test_both_methods_side_by_side(tables: EnergyTables, choose: Choose) -> None:
    result = convert(tables, [*BOUGHT, line("heat", "10", "GJ")], choose(market=True))
    market = result.market
    assert market is not None
    # location: (1000 - 50) x 0.4974 + 10 x 0.11; market: (1000 - 50 - 200) x 0.6096 + 10 x 0.11
    assert rounded(result.tco2, 6) == "473.63"
    assert rounded(market.electricity_tco2, 6) == "457.2"
    assert rounded(market.tco2, 6) == "458.3"
    assert market.green_kwh == 200_000
    assert market.rest_kwh == 750_000
    assert market.residual.id == "2023.national.excl_market_nonfossil"


def test_green_power_is_counted_once(tables: EnergyTables, choose: Choose) -> None:
    green, resold = BOUGHT[1], BOUGHT[2]
    whole = convert(tables, BOUGHT, choose(market=True))
    without = convert(tables, [BOUGHT[0], resold], choose(market=True))
    assert (whole.tce, whole.tco2) == (without.tce, without.tco2)
    assert whole.market is not None
    assert without.market is not None
    saved = without.market.tco2 - whole.market.tco2
    assert saved == Fraction(str(green["quantity"])) * Fraction("0.6096")
    assert whole.lines[1].tce == 0
    assert whole.lines[1].tco2 == 0
    assert whole.lines[1].carbon.id == "js_t_303_2026.green_power"


def test_the_rest_takes_the_residual_not_the_plain_factor(
    tables: EnergyTables, choose: Choose
) -> None:
    """The mistake of a public tool: less the green kilowatt-hours, times the plain factor."""
    market = convert(tables, BOUGHT, choose(market=True)).market
    assert market is not None
    assert market.electricity_tco2 != 750 * Fraction("0.4974")
    assert market.electricity_tco2 == 750 * Fraction("0.6096")


def test_what_is_resold_is_taken_off_energy_and_emissions(
    tables: EnergyTables, choose: Choose
) -> None:
    result = convert(tables, [line("heat", "100", "GJ"), line("heat_resold", "40", "GJ")], choose())
    assert rounded(result.tco2, 6) == "6.6"
    assert rounded(result.tce, 6) == "2.0472"
    assert rounded(result.lines[1].tco2, 6) == "-4.4"


def test_the_national_residual_is_marked_for_any_other_area(
    tables: EnergyTables, choose: Choose
) -> None:
    province = convert(tables, BOUGHT, choose(market=True)).market
    nation = convert(tables, BOUGHT, choose(market=True, region="全国")).market
    assert province is not None
    assert nation is not None
    assert province.reasons == ("剩余因子只公布了全国值",)
    assert nation.reasons == ()


def test_without_electricity_the_market_has_nothing_to_say(
    tables: EnergyTables, choose: Choose
) -> None:
    result = convert(tables, [line("heat", "10", "GJ")], choose(market=True, region=None))
    assert result.market is not None
    assert result.market.tco2 == result.tco2
    assert result.market.electricity_tco2 == 0


def test_a_residual_factor_can_be_named(tables: EnergyTables, choose: Choose) -> None:
    key = "2022.national.excl_market_nonfossil"
    market = convert(tables, BOUGHT, choose(market=True, factors=(key,))).market
    assert market is not None
    assert market.residual.id == key
    assert "指定了 2022 年的因子" in market.reasons[0]


def refusal(tables: EnergyTables, lines: list[dict[str, object]], choices: Choices) -> str:
    with pytest.raises(EnergyRefused) as caught:
        convert(tables, lines, choices)
    (problem,) = caught.value.problems
    return f"{problem.field} {problem.code} {problem.sentence}"


def test_a_residual_known_only_from_memory_is_refused(folder: Path, choose: Choose) -> None:
    path = folder / "grid_factors.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    guessed = [
        r.replace(",secondary,", ",memory,") if r.startswith("2021.national.excl_market") else r
        for r in rows
    ]
    path.write_text("".join(guessed), encoding="utf-8")
    found = refusal(load_energy_tables(folder), BOUGHT, choose(market=True, on=date(2024, 6, 1)))
    assert found.startswith("market no_factor 2021 年")
    assert "未经核实" in found


def test_a_missing_residual_is_refused(folder: Path, choose: Choose) -> None:
    path = folder / "grid_factors.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(r for r in rows if "excl_market" not in r), encoding="utf-8")
    found = refusal(load_energy_tables(folder), BOUGHT, choose(market=True))
    assert found.startswith("market no_factor")
    assert "因子表中没有" in found


@pytest.mark.parametrize(
    "lines, part",
    [
        ([line("green_power", "1")], "lines[0].quantity"),
        ([line("electricity", "1"), line("electricity_resold", "1.1")], "lines[1].quantity"),
        (
            [line("electricity", "10"), line("green_power", "6"), line("electricity_resold", "5")],
            "lines[1].quantity",
        ),
        ([line("heat_resold", "1", "GJ")], "lines[0].quantity"),
    ],
)
def test_more_than_was_bought_is_refused(
    tables: EnergyTables, choose: Choose, lines: list[dict[str, object]], part: str
) -> None:
    found = refusal(tables, lines, choose())
    assert found.startswith(f"{part} more_than_bought")
    assert "全部购入量" in found


def test_units_may_differ_between_the_parts(tables: EnergyTables, choose: Choose) -> None:
    lines = [line("electricity", "1", "万kWh"), line("green_power", "10000", "kWh")]
    market = convert(tables, lines, choose(market=True)).market
    assert market is not None
    assert market.rest_kwh == 0
    assert market.tco2 == 0


@pytest.mark.parametrize(
    "factors",
    [
        ("2022.national.excl_market_nonfossil",),
        ("tce.natural_gas_sh",),
        ("2023.provincial.浙江", "2022.provincial.浙江"),
    ],
)
def test_a_named_factor_that_does_not_act_is_refused(
    tables: EnergyTables, choose: Choose, factors: tuple[str, ...]
) -> None:
    found = refusal(tables, BOUGHT, choose(factors=factors))
    assert found.startswith("factors unused_factor")


def test_green_power_without_a_published_zero(folder: Path, choose: Choose) -> None:
    path = folder / "energy_factors.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(r for r in rows if "green_power" not in r), encoding="utf-8")
    result = convert(load_energy_tables(folder), BOUGHT, choose())
    assert result.lines[1].carbon.id == "included.electricity"
    assert result.lines[1].tco2 == 0


def test_what_is_resold_leaves_with_a_factor_it_came_in_with(
    tables: EnergyTables, choose: Choose
) -> None:
    own = {"co2": "0.12 tCO2/GJ", "source": "供热单位"}
    bought = {**line("heat", "10", "GJ"), "factor": own}
    resold = line("heat_resold", "10", "GJ")
    found = refusal(tables, [bought, resold], choose())
    assert found.startswith("lines[1].factor factor_differs")
    for other in (
        {"co2": "0.115 tCO2/GJ", "source": "供热单位"},
        {**own, "tce": "34 kgce/GJ"},
    ):
        found = refusal(tables, [bought, {**resold, "factor": other}], choose())
        assert found.startswith("lines[1].factor factor_differs")
    for same in (own, {"tce": "34 kgce/GJ", "source": "供热单位"}):
        lines = [{**bought, "factor": same}, {**resold, "factor": same}]
        result = convert(tables, lines, choose())
        assert result.tco2 == result.tce == 0
    nothing = convert(tables, [line("heat_resold", "0", "GJ")], choose())
    assert nothing.tco2 == 0


def test_no_more_is_resold_at_a_factor_than_came_in_with_it(
    tables: EnergyTables, choose: Choose
) -> None:
    """Else a hundred kilowatt-hours of the cleaner lot would leave as the dirtier one."""
    dirty = {"co2": "0.9 kgCO2/kWh", "source": "供电单位"}
    clean = {"co2": "0.1 kgCO2/kWh", "source": "供电单位"}
    bought = [
        {**line("electricity", "10", "kWh"), "factor": dirty},
        {**line("electricity", "100", "kWh"), "factor": clean},
        line("electricity", "50", "kWh"),
    ]
    resold = [
        {**line("electricity_resold", "4", "kWh"), "factor": dirty},
        {**line("electricity_resold", "100", "kWh"), "factor": clean},
        line("electricity_resold", "0.05", "MWh"),
        {**line("electricity_resold", "6", "kWh"), "factor": dirty},
    ]
    whole = convert(tables, [*bought, *resold], choose())
    assert whole.tco2 == whole.tce == 0
    more = {**line("electricity_resold", "0.1", "kWh"), "factor": dirty}
    room = line("electricity", "1", "kWh")
    found = refusal(tables, [*bought, room, *resold, more], choose())
    assert found == (
        "lines[8].quantity more_than_bought 第 9 行：“转供电力”超过了用同一因子购入的“电力”，"
        "请核对数量，或按购入时的因子分行填写。"
    )
    with pytest.raises(EnergyRefused, match=r"lines\[4\]\.quantity"):
        convert(tables, [*bought, room, {**resold[0], "quantity": "10.1"}], choose())


def test_ten_thousand_lines_of_resold_power_are_held_against_each_other_at_once(
    tables: EnergyTables, choose: Choose
) -> None:
    lines = [line("electricity", "1", "kWh"), line("electricity_resold", "1", "kWh")] * 5_000
    begun = time.process_time()
    assert convert(tables, lines, choose()).tco2 == 0
    assert time.process_time() - begun < 5


def test_the_convention_of_js_t_303_stands_beside_ours_and_changes_no_total(
    tables: EnergyTables, choose: Choose
) -> None:
    lines = [*BOUGHT, line("heat", "10", "GJ")]
    result = convert(tables, lines, choose())
    found = result.green_deducted
    assert found is not None
    # (1000 - 50 - 200) MWh x 0.4974 + 10 GJ x 0.11; the location-based total keeps the green power.
    assert rounded(found.electricity_tco2, 6) == "373.05"
    assert rounded(found.tco2, 6) == "374.15"
    assert rounded(result.tco2, 6) == "473.63"
    assert describe_conversion(result)["green_deducted"] == {
        "method": "js_t_303",
        "location_tco2": "473.63",
        "tco2": "374.15",
        "electricity_tco2": "373.05",
        "green_kwh": "200000",
    }


def test_without_green_power_there_is_nothing_to_deduct(
    tables: EnergyTables, choose: Choose
) -> None:
    assert convert(tables, [line("electricity", "1", "MWh")], choose()).green_deducted is None
