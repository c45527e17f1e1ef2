"""Factor sets: what a set lacks is refused, or stands in by explicit allowance and is marked."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from credit_rules.energy import (
    Basis,
    Choices,
    EnergyRefused,
    EnergyTables,
    convert,
    load_energy_tables,
)

Choose = Callable[..., Choices]


def tonne(item: str, unit: str = "t") -> list[dict[str, object]]:
    return [{"item": item, "quantity": "1", "unit": unit}]


@pytest.mark.parametrize(
    "set_name, item, unit, part",
    [
        ("provincial2025", "heat", "GJ", "js_t_303_2026.heat"),
        ("provincial2025", "anthracite", "t", "js_t_303_2026.anthracite"),
        ("js_t_303_2026", "raw_coal", "t", "请按实际煤种"),
        ("js_t_303_2026", "lng", "t", "provincial2025.lng"),
        ("js_t_303_2026", "steam", "t", "自带因子"),
    ],
)
def test_what_a_set_lacks_is_refused(
    tables: EnergyTables, choose: Choose, set_name: str, item: str, unit: str, part: str
) -> None:
    with pytest.raises(EnergyRefused) as caught:
        convert(tables, tonne(item, unit), choose(set_name=set_name))
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("lines[0].item", "no_factor")
    assert part in problem.sentence


@pytest.mark.parametrize(
    "set_name, item, unit, carbon, coal",
    [
        ("provincial2025", "heat", "GJ", "js_t_303_2026.heat", "tce.gbt2589.heat"),
        (
            "provincial2025",
            "anthracite",
            "t",
            "js_t_303_2026.anthracite",
            "ncv.js_t_303_2026.anthracite",
        ),
        ("js_t_303_2026", "lng", "t", "provincial2025.lng", "ncv.provincial2025.lng"),
    ],
)
def test_with_an_allowance_a_stand_in_is_marked(
    tables: EnergyTables,
    choose: Choose,
    set_name: str,
    item: str,
    unit: str,
    carbon: str,
    coal: str,
) -> None:
    result = convert(tables, tonne(item, unit), choose(set_name=set_name, allow_inexact=True))
    (line,) = result.lines
    assert (line.carbon.id, line.coal.id, line.exact) == (carbon, coal, False)
    assert carbon in result.reasons[0]


def test_steam_has_a_coefficient_and_needs_its_own_emissions(
    tables: EnergyTables, choose: Choose
) -> None:
    own = {"co2": "0.3 tCO2/t", "source": "供热单位说明"}
    line = convert(tables, [{**tonne("steam")[0], "factor": own}], choose()).lines[0]
    assert line.coal.id == "tce.steam"


def test_a_coefficient_from_the_calorific_value_is_marked(
    tables: EnergyTables, choose: Choose
) -> None:
    result = convert(tables, tonne("anthracite"), choose())
    (line,) = result.lines
    assert (line.coal.id, line.coal.row.value) == ("ncv.js_t_303_2026.anthracite", "0.8431")
    assert "24.71 GJ/t ÷ 29307.6 kJ/kgce" in line.coal.source
    assert not result.exact


def test_an_item_without_coefficient_needs_its_own(tables: EnergyTables, choose: Choose) -> None:
    own = {"co2": "0.11 kgCO2/kg", "source": "检测报告"}
    line = {**tonne("steam")[0], "factor": own}
    without = replace(
        tables, coal={key: row for key, row in tables.coal.items() if "steam" not in key}
    )
    with pytest.raises(EnergyRefused, match=r"factor\.tce"):
        convert(without, [line], choose())


def test_raw_coal_is_never_counted_as_another_coal(tables: EnergyTables, choose: Choose) -> None:
    with pytest.raises(EnergyRefused, match="烟煤、无烟煤、褐煤"):
        convert(tables, tonne("raw_coal"), choose(allow_inexact=True))
    own = {"co2": "1.9 kgCO2/kg", "source": "煤质检测报告"}
    found = convert(tables, [{**tonne("raw_coal")[0], "factor": own}], choose())
    assert (found.tce, found.lines[0].coal.id) == (Fraction("0.7143"), "tce.gbt2589.raw_coal")


def test_a_set_younger_than_the_day_is_marked(tables: EnergyTables, choose: Choose) -> None:
    early = convert(tables, tonne("heat", "GJ"), choose(on=date(2025, 6, 1)))
    assert (early.exact, "追溯使用" in early.reasons[0]) == (False, True)
    older = convert(tables, tonne("diesel"), choose(on=date(2025, 6, 1), set_name="provincial2025"))
    assert older.exact


def test_a_density_from_another_set_is_marked(tables: EnergyTables, choose: Choose) -> None:
    litres = convert(tables, tonne("petrol", "L"), choose(set_name="provincial2025"))
    tonnes = convert(tables, tonne("petrol"), choose(set_name="provincial2025"))
    assert (litres.exact, tonnes.exact) == (False, True)
    assert litres.reasons == ("因子集没有密度，采用 JS/T 303-2026 的密度",)


def test_a_missing_area_is_said_once_for_all_lines(tables: EnergyTables, choose: Choose) -> None:
    lines = tonne("electricity", "kWh") * 3
    with pytest.raises(EnergyRefused) as caught:
        convert(tables, lines, choose(region=None))
    assert [problem.field for problem in caught.value.problems] == ["region"]


def test_a_new_set_is_data_only(folder: Path, choose: Choose) -> None:
    path = folder / "energy_factors.csv"
    rows = path.read_text(encoding="utf-8")
    new = next(r for r in rows.splitlines() if r.startswith("js_t_303_2026.natural_gas,"))
    changed = new.replace("js_t_303_2026.", "city_2027.").replace(",2.184,", ",2.2,")
    path.write_text(f"{rows}{changed}\n", encoding="utf-8")
    result = convert(
        load_energy_tables(folder),
        tonne("natural_gas", "m3"),
        choose(set_name="city_2027", on=date(2027, 1, 1)),
    )
    assert (result.lines[0].carbon.id, result.exact) == ("city_2027.natural_gas", True)


@pytest.mark.parametrize("key", ["tce.gbt2589.electricity_calorific"])
def test_a_coefficient_missing_from_the_tables_is_refused(
    folder: Path, choose: Choose, key: str
) -> None:
    path = folder / "energy_factors.csv"
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(r for r in rows if not r.startswith(key)), encoding="utf-8")
    with pytest.raises(EnergyRefused) as caught:
        convert(load_energy_tables(folder), tonne("electricity", "kWh"), choose())
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("factors", "unknown_factor")
    assert key in problem.sentence


def test_what_is_not_chosen_is_off() -> None:
    day = date(2026, 3, 1)
    plain = Choices(day, "js_t_303_2026", Basis.CALORIFIC)
    assert plain == Choices(
        day,
        "js_t_303_2026",
        Basis.CALORIFIC,
        region=None,
        market=False,
        year=None,
        factors=(),
        allow_inexact=False,
    )
