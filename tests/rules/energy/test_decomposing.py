"""Activity, mix and factor effects: they add up exactly and each acts alone where it should."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from credit_rules.energy import (
    Basis,
    Choices,
    Conversion,
    EnergyRefused,
    EnergyTables,
    convert,
    decompose,
    rounded,
)

Choose = Callable[..., Choices]
EARLY, LATE = date(2024, 6, 1), date(2026, 1, 5)


@pytest.fixture
def year(tables: EnergyTables, choose: Choose) -> Callable[..., Conversion]:
    """A year of kilowatt-hours and cubic metres of gas."""

    def make(on: date = LATE, **quantities: str) -> Conversion:
        units = {"natural_gas": "m3", "heat": "GJ", "heat_resold": "GJ"}
        lines = [
            {"item": item, "quantity": quantity, "unit": units.get(item, "kWh")}
            for item, quantity in quantities.items()
        ]
        return convert(tables, lines, choose(on=on))

    return make


def test_only_the_grid_factor_changed(year: Callable[..., Conversion]) -> None:
    """From 0.5422 to 0.4974 electricity falls by 8.3 % with no action at all."""
    found = decompose(year(EARLY, electricity="1000000"), year(LATE, electricity="1000000"))
    assert (found.whole.activity, found.whole.mix) == (Fraction(0), Fraction(0))
    assert rounded(found.whole.factor, 6) == "-44.8"
    assert rounded(found.whole.factor / found.before * 100, 1) == "-8.3"


def test_only_the_activity_changed(year: Callable[..., Conversion]) -> None:
    found = decompose(
        year(electricity="1000", natural_gas="500"), year(electricity="900", natural_gas="450")
    )
    assert (found.whole.mix, found.whole.factor) == (Fraction(0), Fraction(0))
    assert found.whole.activity == -found.before / 10


def test_only_the_mix_changed(year: Callable[..., Conversion]) -> None:
    """1 kWh is 0.1229 kgce and 1 m3 of gas 1.33 kgce: 13,300 kWh and 1,229 m3 are equal."""
    found = decompose(
        year(electricity="26600", natural_gas="1229"),
        year(electricity="13300", natural_gas="2458"),
    )
    assert (found.whole.activity, found.whole.factor) == (Fraction(0), Fraction(0))
    assert found.whole.mix == found.after - found.before
    assert found.by_item["electricity"].mix < 0 < found.by_item["natural_gas"].mix


def test_all_three_by_hand(year: Callable[..., Conversion]) -> None:
    """One item: the mix is nothing, activity is ΔA times the mean factor, and so on."""
    found = decompose(year(EARLY, electricity="1000"), year(LATE, electricity="2000"))
    assert found.whole.activity == Fraction("1") * (Fraction("0.5422") + Fraction("0.4974")) / 2
    assert found.whole.factor == Fraction("1.5") * (Fraction("0.4974") - Fraction("0.5422"))
    assert found.whole.mix == 0
    assert found.whole.total == found.after - found.before


def test_an_item_that_comes_or_goes_is_mix(year: Callable[..., Conversion]) -> None:
    found = decompose(year(electricity="1000"), year(natural_gas="1000"))
    assert found.whole.factor == 0
    assert found.whole.total == found.after - found.before
    assert found.by_item["electricity"].total == -found.before
    assert found.by_item["natural_gas"].total == found.after


def test_from_nothing_everything_is_activity(year: Callable[..., Conversion]) -> None:
    found = decompose(year(electricity="0"), year(electricity="1000", natural_gas="10"))
    assert (found.whole.mix, found.whole.factor) == (Fraction(0), Fraction(0))
    assert found.whole.activity == found.after
    back = decompose(year(electricity="1000", natural_gas="10"), year(electricity="0"))
    assert back.whole.activity == -found.after


def test_nothing_to_nothing(year: Callable[..., Conversion]) -> None:
    found = decompose(year(electricity="0"), year(electricity="0"))
    assert found.whole.total == 0


def test_resold_and_green_belong_to_electricity(year: Callable[..., Conversion]) -> None:
    found = decompose(
        year(electricity="1000", electricity_resold="200", green_power="100"),
        year(electricity="800", green_power="300"),
    )
    assert list(found.by_item) == ["electricity"]
    assert found.whole.total == 0


def test_what_emitted_nothing_had_a_factor_all_the_same(
    tables: EnergyTables, choose: Choose
) -> None:
    def year(factor: str) -> Conversion:
        own = {"co2": f"{factor} tCO2/tce", "source": "检测报告"}
        line = {"item": "other", "quantity": "10", "unit": "tce", "factor": own}
        return convert(tables, [line], choose())

    for before, after in (("0", "2"), ("2", "0")):
        found = decompose(year(before), year(after)).whole
        assert found.activity == found.mix == 0
        assert found.factor == found.total
        assert abs(found.total) == 20


@pytest.mark.parametrize("basis", Basis)
def test_a_split_carries_its_basis_on_which_its_parts_depend(
    tables: EnergyTables, choose: Choose, basis: Basis
) -> None:
    def year(kwh: str) -> Conversion:
        lines = [
            {"item": "electricity", "quantity": kwh, "unit": "kWh"},
            {"item": "natural_gas", "quantity": "100", "unit": "m3"},
        ]
        return convert(tables, lines, choose(basis=basis))

    found = decompose(year("1000"), year("2000"))
    assert found.basis is basis
    assert found.whole.total == Fraction("0.4974")
    shown = {Basis.CALORIFIC: "0.368696", Basis.EQUIVALENT: "0.488083"}
    assert rounded(found.whole.activity, 6) == shown[basis]


def test_two_bases_are_never_compared(tables: EnergyTables, choose: Choose) -> None:
    line = [{"item": "electricity", "quantity": "1", "unit": "kWh"}]
    first = convert(tables, line, choose())
    second = convert(tables, line, choose(basis=Basis.EQUIVALENT))
    with pytest.raises(EnergyRefused) as caught:
        decompose(first, second)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("basis", "different_basis")
    assert problem.sentence == (
        "两年的口径不同（当量值、等价值），不能比较；请用同一口径重新换算。"
    )


def test_emissions_without_energy_cannot_be_split(tables: EnergyTables, choose: Choose) -> None:
    """No conversion gives such a line; one that was kept and changed may hold it."""
    converted = convert(tables, [{"item": "heat", "quantity": "10", "unit": "GJ"}], choose())
    result = replace(converted, lines=(replace(converted.lines[0], tce=Fraction(0)),))
    with pytest.raises(EnergyRefused) as caught:
        decompose(result, result)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("lines", "no_energy")
    assert problem.sentence == "“外购热力”有排放而没有能耗，无法分解，请核对数量与转供。"
