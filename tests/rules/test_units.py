"""Units are exact, readable and told apart by dimension."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_rules.units import (
    CO2E,
    DecimalForm,
    base_unit,
    decimal_form,
    decimal_text,
    parse_quantity,
    parse_unit,
    showable,
)


@pytest.mark.parametrize(
    "text, same_as",
    [
        ("2 kg", "2000 g"),
        ("0.5 kgCO2e/kg", "500 gCO2/kg"),
        ("46.7 gCO2/人公里", "46.7 gCO2e/km"),
        ("2.5 Wh/层", "0.0025 kWh/floor"),
        ("80 %", "0.8"),
        ("1.5 h", "90 min"),
        ("0.32 kgCO2e/L", "0.32 gCO2e/mL"),
        ("3 point", "3000 mpt"),
        ("1 t/m3", "1 kg/L"),
    ],
)
def test_two_ways_to_write_a_quantity(text: str, same_as: str) -> None:
    one, other = parse_quantity(text), parse_quantity(same_as)
    assert (one[0], one[1].dimension) == (other[0], other[1].dimension)


@pytest.mark.parametrize(
    "base, ratios",
    [
        ("gCO2e", {"mgCO2e": "0.001", "gCO2e": "1", "kgCO2e": "1000", "tCO2e": "1000000"}),
        ("gCO2", {"mgCO2": "0.001", "gCO2": "1", "kgCO2": "1000", "tCO2": "1000000"}),
        ("point", {"point": "1", "分": "1", "mpt": "0.001"}),
        ("kg", {"g": "0.001", "kg": "1", "t": "1000"}),
        ("km", {"m": "0.001", "km": "1", "pkm": "1", "人公里": "1"}),
        ("kWh", {"Wh": "0.001", "kWh": "1", "MWh": "1000"}),
        ("L", {"mL": "0.001", "L": "1", "m3": "1000"}),
        ("min", {"min": "1", "h": "60"}),
    ],
)
def test_how_many_of_the_base_unit_a_unit_is(base: str, ratios: dict[str, str]) -> None:
    for symbol, ratio in ratios.items():
        unit = parse_unit(symbol)
        assert (unit.dimension, unit.ratio) == (parse_unit(base).dimension, Fraction(ratio))


@pytest.mark.parametrize(
    "one, other",
    [("kg", "kgCO2e"), ("count", "meal"), ("km", "kWh"), ("g/km", "gCO2e/km"), ("sheet", "1")],
)
def test_unlike_things_are_unlike(one: str, other: str) -> None:
    assert parse_unit(one).dimension != parse_unit(other).dimension


@pytest.mark.parametrize("text", ["", "kg", "-1 kg", "1e3 kg", "1,5 kg", "1 kg\n", "１ kg", "1 zz"])
def test_what_is_no_quantity_is_refused_in_chinese(text: str) -> None:
    with pytest.raises(ValueError, match=r"[\u4e00-\u9fff]"):
        parse_quantity(text)


def test_products_cancel_units() -> None:
    energy, grid = parse_unit("kWh/floor"), parse_unit("kgCO2e/kWh")
    per_floor = energy.times(grid)
    assert per_floor.text == "gCO2e/floor"
    assert per_floor.times(parse_unit("floor")).dimension == CO2E
    assert base_unit(()).text == "1"
    both = base_unit(parse_unit("t").times(parse_unit("km")).dimension)
    assert both.text == "km*kg"
    assert parse_unit(both.text) == both
    assert base_unit(parse_unit("1/kg").times(parse_unit("1/km")).dimension).text == "1/km/kg"
    assert parse_unit("point/kg").label == "分/kg"
    assert parse_unit("1").label == ""


@given(st.integers(-(10**20), 10**20), st.integers(0, 24))
def test_decimal_text_is_exact_and_plain(number: int, digits: int) -> None:
    value = Fraction(number, 10**digits)
    text = decimal_text(value)
    assert Fraction(text) == value
    assert "e" not in text.lower()
    assert not (("." in text) and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    "value, numerator, digits",
    [
        (Fraction(7), 7, 0),
        (Fraction(1, 2), 5, 1),
        (Fraction(3, 40), 75, 3),
        (Fraction(1, 1024), 5**10, 10),
    ],
)
def test_a_decimal_form_has_no_more_digits_than_it_needs(
    value: Fraction, numerator: int, digits: int
) -> None:
    assert decimal_form(value) == DecimalForm(numerator, digits)


def test_what_no_decimal_can_show_is_shown_in_the_base_unit_or_refused() -> None:
    hour = parse_unit("h")
    assert showable(hour, Fraction(60)).text == "h"
    assert showable(hour, Fraction(1)).text == "min"
    with pytest.raises(ValueError, match="有限小数"):
        showable(hour, Fraction(1, 7))
    with pytest.raises(ValueError, match="有限小数"):
        decimal_text(Fraction(1, 3))


@pytest.mark.parametrize(
    "symbol, label",
    [
        ("count", "次"), ("floor", "层"), ("step", "步"), ("sheet", "张"), ("pair", "双"),
        ("meal", "餐"), ("bottle", "瓶"), ("day", "天"), ("item", "件"), ("night", "间夜"),
        ("degree", "度"), ("point", "分"),
    ],
)  # fmt: skip
def test_what_is_counted_has_a_chinese_word(symbol: str, label: str) -> None:
    unit, same = parse_unit(symbol), parse_unit(label)
    assert (unit.dimension, unit.ratio, unit.label) == (same.dimension, same.ratio, label)
    assert base_unit(same.dimension).text == symbol
