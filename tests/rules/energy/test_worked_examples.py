"""Published and recomputed figures: factor sets, worked examples, the targets of Hangzhou."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from credit_rules.energy import Basis, Choices, EnergyTables, convert, rounded
from credit_rules.energy.items import CALORIFIC_VALUES

Choose = Callable[..., Choices]

# NCV in GJ/t (or GJ per 10,000 m3), tC/TJ, share oxidised, tCO2 per unit.
PROVINCIAL = {
    "petrol": ("43.07", "18.9", "0.98", "2.925056"),
    "diesel": ("42.652", "20.2", "0.98", "3.09591"),
    "natural_gas": ("389.31", "15.3", "0.99", "21.621888"),
    "lpg": ("50.179", "17.2", "0.98", "3.10133"),
    "lng": ("51.498", "15.3", "0.98", "2.831257"),
    "bituminous": ("19.57", "26.1", "0.93", "1.74175"),
    "lignite": ("11.9", "28.0", "0.96", "1.172864"),
    "coke": ("28.435", "29.5", "0.93", "2.860419"),
    "fuel_oil": ("41.816", "21.1", "0.98", "3.170461"),
    "crude": ("41.816", "20.1", "0.98", "3.020202"),
    "coke_oven_gas": ("179.81", "13.58", "0.99", "8.863806"),
}
# kg CO2 per TJ (IPCC 2006), TJ per kg or m3, kg per L (1 where it is not sold in litres).
JS_T_303 = {
    "anthracite": ("98300", "0.00002471", "1", "2.429"),
    "bituminous": ("94600", "0.00002298", "1", "2.174"),
    "fuel_oil": ("77400", "0.000041816", "0.92", "2.978"),
    "petrol": ("69300", "0.000043070", "0.73", "2.179"),
    "diesel": ("74100", "0.000042652", "0.86", "2.718"),
    "kerosene": ("71900", "0.000043070", "0.82", "2.539"),
    "natural_gas": ("56100", "0.000038931", "1", "2.184"),
    "lpg": ("63100", "0.000050179", "1", "3.166"),
    "coke_oven_gas": ("44400", "0.000017981", "1", "0.7984"),
    "pipeline_gas": ("44400", "0.000015758", "1", "0.6997"),
}


@pytest.mark.parametrize("item", PROVINCIAL)
def test_the_provincial_set_is_its_formula(tables: EnergyTables, item: str) -> None:
    ncv, carbon, oxidised, published = PROVINCIAL[item]
    computed = Fraction(ncv) * Fraction(carbon) * Fraction(oxidised) * 44 / 12 / 1000
    assert abs(computed - Fraction(published)) < Fraction("0.000001")
    assert tables.sets["provincial2025"][item].rate.number == Decimal(published)


@pytest.mark.parametrize("item", JS_T_303)
def test_the_set_of_js_t_303_is_reproduced(tables: EnergyTables, item: str) -> None:
    ipcc, ncv, density, published = JS_T_303[item]
    factor = tables.sets["js_t_303_2026"][item].rate
    assert factor.number == Decimal(published)
    computed = Fraction(ipcc) * Fraction(ncv) * Fraction(density)
    assert abs(computed - Fraction(published)) <= Fraction(1, 2000)
    known = tables.density(item)
    assert (known.number if known else Decimal(1)) == Decimal(density)


def test_calorific_values_are_those_of_the_sets(tables: EnergyTables) -> None:
    for item, found in CALORIFIC_VALUES.items():
        assert found.number in tables.sets[found.set_name][item].row.notes


def test_standard_coal_does_not_depend_on_the_set_of_co2(
    tables: EnergyTables, choose: Choose
) -> None:
    for item, unit in (("bituminous", "t"), ("anthracite", "t"), ("crude", "t"), ("coke", "t")):
        lines = [{"item": item, "quantity": "10", "unit": unit}]
        found = {
            rounded(convert(tables, lines, choose(set_name=name, allow_inexact=True)).tce, 6)
            for name in tables.sets
        }
        assert len(found) == 1, item


@pytest.mark.parametrize(
    "item, quantity, unit, tce, tco2",
    [
        ("natural_gas", "35000", "m3", "46.55", "76.44"),
        ("natural_gas", "3.5", "万m3", "46.55", "76.44"),
        ("heat", "12000", "GJ", "409.44", "1320"),
        ("electricity", "1000000", "kWh", "122.9", "497.4"),
        ("electricity", "100", "万kWh", "122.9", "497.4"),
        ("petrol", "1000", "L", "1.074122", "2.179"),
        ("diesel", "1000", "L", "1.253106", "2.718"),
        ("kerosene", "1000", "L", "1.206548", "2.539"),
        ("fuel_oil", "1000", "L", "1.314312", "2.978"),
        ("lpg", "1000", "kg", "1.7143", "3.166"),
        ("anthracite", "10", "t", "8.431", "24.29"),
        ("bituminous", "10", "t", "7.841", "21.74"),
        ("coke_oven_gas", "1000", "m3", "0.6135", "0.7984"),
        ("pipeline_gas", "1000", "m3", "0.5377", "0.6997"),
    ],
)
def test_every_item_of_the_forms(
    tables: EnergyTables, choose: Choose, item: str, quantity: str, unit: str, tce: str, tco2: str
) -> None:
    result = convert(tables, [{"item": item, "quantity": quantity, "unit": unit}], choose())
    assert (rounded(result.tce, 12), rounded(result.tco2, 12)) == (tce, tco2)


@pytest.mark.parametrize(
    "item, quantity, unit, tco2",
    [
        ("petrol", "1", "t", "2.925056"),
        ("diesel", "1000", "kg", "3.09591"),
        ("natural_gas", "1", "万Nm3", "21.621888"),
        ("lng", "1", "t", "2.831257"),
        ("lignite", "1", "t", "1.172864"),
        ("coke", "1", "t", "2.860419"),
        ("crude", "1", "t", "3.020202"),
    ],
)
def test_the_provincial_set_converts(
    tables: EnergyTables, choose: Choose, item: str, quantity: str, unit: str, tco2: str
) -> None:
    line = {"item": item, "quantity": quantity, "unit": unit}
    result = convert(tables, [line], choose(set_name="provincial2025"))
    assert rounded(result.tco2, 6) == tco2
    assert result.tce > 0


def test_litres_and_tonnes_of_petrol_agree(tables: EnergyTables, choose: Choose) -> None:
    litres = convert(tables, [{"item": "petrol", "quantity": "1000", "unit": "L"}], choose())
    tonnes = convert(tables, [{"item": "petrol", "quantity": "0.73", "unit": "t"}], choose())
    assert (litres.tce, litres.tco2) == (tonnes.tce, tonnes.tco2)
    assert litres.tce == Fraction("1.4714") * Fraction("0.73")
    assert litres.exact


def test_the_two_bases_of_electricity(tables: EnergyTables, choose: Choose) -> None:
    kwh = {"item": "electricity", "quantity": "1000000", "unit": "kWh"}
    own = {**kwh, "factor": {"tce": "0.305 kgce/kWh", "basis": "equivalent", "source": "供电煤耗"}}
    calorific = convert(tables, [kwh], choose())
    equivalent = convert(tables, [own], choose(basis=Basis.EQUIVALENT))
    assert (rounded(calorific.tce, 6), rounded(equivalent.tce, 6)) == ("122.9", "305")
    assert calorific.tco2 == equivalent.tco2


def test_the_targets_of_hangzhou_need_the_calorific_basis(
    tables: EnergyTables, choose: Choose
) -> None:
    """720,000 tCO2 over 210,000 tce is 3.4286; mixing in gas only lowers the electric ratio."""
    assert rounded(Fraction(720_000, 210_000), 4) == "3.4286"
    kwh = [{"item": "electricity", "quantity": "1", "unit": "MWh"}]
    ratios = {}
    for basis in Basis:
        result = convert(tables, kwh, choose(basis=basis))
        ratios[basis] = result.tco2 / result.tce
    assert ratios[Basis.EQUIVALENT] < Fraction("3.4286") < ratios[Basis.CALORIFIC]
    assert rounded(ratios[Basis.CALORIFIC], 2) == "4.05"
