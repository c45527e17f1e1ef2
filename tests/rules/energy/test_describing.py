"""The form of a whole institution, recomputed by hand; all that is said of it, as approved."""

import json
from collections.abc import Callable
from datetime import date
from fractions import Fraction

import pytest

from credit_rules.canonical import canonical_bytes, digest
from credit_rules.energy import (
    ITEMS,
    JSON_DIGITS,
    SHOWN_DIGITS,
    Basis,
    Choices,
    EnergyRefused,
    EnergyTables,
    convert,
    describe_conversion,
    describe_factors,
    measures,
    rounded,
)
from tests.rules.approval import approve

Choose = Callable[..., Choices]
Line = dict[str, object]


def line(item: str, quantity: str, unit: str) -> Line:
    return {"item": item, "quantity": quantity, "unit": unit}


# A county's office building, one year.
FORM = [
    line("electricity", "1250", "MWh"),
    line("green_power", "200", "MWh"),
    line("electricity_resold", "50", "MWh"),
    line("natural_gas", "3.5", "万m3"),
    line("petrol", "8000", "L"),
    line("diesel", "3", "t"),
    line("heat", "1200", "GJ"),
]


def exact(text: str) -> Fraction:
    return Fraction(text)


def test_a_form_comes_out_as_by_hand(tables: EnergyTables, choose: Choose) -> None:
    fuels_tce = exact("35000") * exact("1.33") + 8000 * exact("0.73") * exact("1.4714")
    fuels_tce += 3000 * exact("1.4571") + 1200 * exact("34.12")
    fuels_tco2 = 35000 * exact("2.184") + 8000 * exact("2.179")
    fuels_tco2 += 3000 / exact("0.86") * exact("2.718") + 1200 * exact("110")
    power = 1_250_000 - 50_000
    for basis, coefficient in ((Basis.CALORIFIC, "0.1229"), (Basis.EQUIVALENT, "0.28078")):
        result = convert(tables, FORM, choose(basis=basis, market=True))
        assert result.tce * 1000 == fuels_tce + power * exact(coefficient)
        assert result.tco2 * 1000 == fuels_tco2 + power * exact("0.4974")
        assert result.market is not None
        # Green power at nothing; the rest without the green power that others bought.
        assert result.market.tco2 * 1000 == fuels_tco2 + (power - 200_000) * exact("0.6096")


def test_texts_keep_a_microgram_and_tables_for_people_a_gram(
    tables: EnergyTables, choose: Choose
) -> None:
    power = convert(tables, [line("electricity", "0.123456789", "kWh")], choose()).tco2
    assert rounded(power, JSON_DIGITS) == "0.000061407407"
    assert rounded(power, SHOWN_DIGITS) == "0.000061"


CASES: dict[str, tuple[list[Line], dict[str, object]]] = {
    "calorific, both methods": (FORM, {"market": True}),
    "equivalent": (FORM, {"basis": Basis.EQUIVALENT}),
    "equivalent, no region": (
        [line("heat", "1", "GJ"), line("electricity", "1", "kWh")],
        {"basis": Basis.EQUIVALENT, "region": "全国"},
    ),
    "equivalent, Shanghai": (FORM[:1], {"basis": Basis.EQUIVALENT, "region": "上海市"}),
    "provincial set with stand-ins": (
        [line(key, "1", "t") for key in ("anthracite", "lng", "petrol", "bituminous", "fuel_oil")],
        {"set_name": "provincial2025", "allow_inexact": True},
    ),
    "litres in a set of tonnes": ([line("petrol", "1000", "L")], {"set_name": "provincial2025"}),
    "a year not yet announced": (FORM[:1], {"year": 2025}),
    "a year long past": (FORM[:1], {"year": 2022}),
    "a named year": (FORM[:1], {"factors": ("2022.provincial.浙江",)}),
    "a stand-in area": (FORM[:1], {"region": "西藏", "allow_inexact": True}),
    "an earlier day": (FORM, {"on": date(2025, 6, 1)}),
    "another gas": (FORM[3:4], {"factors": ("tce.natural_gas_12143",)}),
    "own factors": (
        [{**FORM[3], "factor": {"co2": "2.1 kgCO2/m3", "tce": "1.25 kgce/m3", "source": "报告"}}],
        {},
    ),
    "coke-oven gas": ([line("coke_oven_gas", "1", "万m3")], {}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_conversion_is_told_as_approved(tables: EnergyTables, choose: Choose, name: str) -> None:
    lines, changes = CASES[name]
    found = describe_conversion(convert(tables, lines, choose(**changes)))
    approve(
        "energy_conversions", name, json.dumps(found, ensure_ascii=False, indent=1).splitlines()
    )


REFUSED: dict[str, tuple[list[Line], dict[str, object]]] = {
    "no item of the set": ([line("steam", "1", "t")], {}),
    "an item of another set": ([line("heat", "1", "GJ")], {"set_name": "provincial2025"}),
    "every item without a coefficient": (
        [line(item, "1", unit) for item, unit in (("other", "tce"), ("steam", "t"))],
        {"set_name": "provincial2025", "allow_inexact": True},
    ),
    "raw coal without a factor of its own": ([line("raw_coal", "1", "t")], {}),
    "an unknown set": (FORM, {"set_name": "js_t_303"}),
    "an unknown area": (FORM, {"region": "浙省"}),
    "no area": (FORM, {"region": None}),
    "an area without a factor": (FORM, {"region": "西藏"}),
    "before the first announcement": (FORM, {"on": date(2024, 4, 11)}),
    "a year before the first": (FORM, {"year": 2017}),
    "a factor of a later day": (
        FORM,
        {"on": date(2025, 6, 1), "factors": ("2023.provincial.浙江",)},
    ),
    "a factor of another area": (FORM, {"factors": ("2023.provincial.江苏",)}),
    "a factor from memory": (FORM, {"factors": ("2018.provincial.浙江",)}),
    "a factor that is not there": (FORM, {"factors": ("2023.provincial.浙",)}),
    "a factor that does not act": (FORM, {"factors": ("2022.national.excl_market_nonfossil",)}),
    "an equivalent value on the other basis": (
        FORM,
        {"factors": ("tce.electricity_equivalent.sh783",)},
    ),
    "more resold than bought": (
        [line("electricity", "1", "kWh"), line("electricity_resold", "2", "kWh")],
        {},
    ),
    "more heat resold than bought": ([line("heat_resold", "2", "GJ")], {}),
    "resold with another factor": (
        [
            FORM[6],
            {
                **line("heat_resold", "1", "GJ"),
                "factor": {"co2": "0.12 tCO2/GJ", "source": "供热单位"},
            },
        ],
        {},
    ),
    "nothing": ([], {}),
    "too much": ([FORM[0]] * 10_001, {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_told_as_approved(tables: EnergyTables, choose: Choose, name: str) -> None:
    lines, changes = REFUSED[name]
    with pytest.raises(EnergyRefused) as refused:
        convert(tables, lines, choose(**changes))
    problems = refused.value.problems
    approve("energy_refusals", name, [f"{p.field} [{p.code}] {p.sentence}" for p in problems])


def test_all_factor_tables_are_told_as_approved(tables: EnergyTables) -> None:
    found = describe_factors(tables)
    assert list(found) == ["sets"]
    sets = found["sets"]
    assert isinstance(sets, list)
    for each in sets:
        assert isinstance(each, dict)
        factors = each["factors"]
        assert isinstance(factors, list)
        said = [f"{key}: {value}" for key, value in each.items() if key != "factors"]
        said += [digest(canonical_bytes(factor))[:16] for factor in factors]
        approve("energy_factors", str(each["name"]), said)


def test_every_item_of_the_forms_is_as_approved() -> None:
    approve("energy_items", "items", [f"{key}: {item}" for key, item in ITEMS.items()])


def test_every_unit_of_the_forms_is_as_approved() -> None:
    units = (f"{text}: {kind} {ratio}" for text, (kind, ratio) in measures.SYMBOLS.items())
    approve("energy_items", "units", units)


@pytest.mark.parametrize("field", ["item", "quantity", "unit", "factor"])
def test_a_known_field_is_not_called_unknown(
    tables: EnergyTables, choose: Choose, field: str
) -> None:
    with pytest.raises(EnergyRefused) as refused:
        convert(tables, [{field: None}], choose())
    assert "unknown_field" not in {p.code for p in refused.value.problems}
