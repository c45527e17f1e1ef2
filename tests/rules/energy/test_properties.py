"""Properties of conversions over random forms."""

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from credit_rules.energy import Basis, Choices, Conversion, convert, decompose, load_energy_tables
from credit_rules.energy.measures import measure, parse_rate, rounded

TABLES = load_energy_tables()
UNITS = {
    "electricity": ("kWh", "MWh", "万kWh", "Wh", "度"),
    "natural_gas": ("m3", "万m3", "Nm3", "L"),
    "lpg": ("kg", "t"),
    "petrol": ("L", "t", "kg"),
    "diesel": ("L", "t", "m3"),
    "kerosene": ("L", "t"),
    "fuel_oil": ("L", "t"),
    "heat": ("GJ", "MJ", "kJ", "kWh", "百万千焦"),
    "anthracite": ("t", "kg"),
    "bituminous": ("t", "kg"),
    "coke_oven_gas": ("m3", "万m3"),
    "pipeline_gas": ("m3",),
}
NUMBERS = st.decimals(min_value=0, max_value=10**9, places=3, allow_nan=False, allow_infinity=False)
DAYS = st.sampled_from([date(2024, 6, 1), date(2025, 6, 1), date(2026, 6, 1)])
BASES = st.sampled_from(list(Basis))


@st.composite
def lines(draw: st.DrawFn) -> dict[str, object]:
    item = draw(st.sampled_from(sorted(UNITS)))
    unit = draw(st.sampled_from(UNITS[item]))
    return {"item": item, "quantity": f"{draw(NUMBERS):f}", "unit": unit}


FORMS = st.lists(lines(), min_size=1, max_size=8)


def of(
    form: list[dict[str, object]], on: date, basis: Basis, *, market: bool = False
) -> Conversion:
    return convert(TABLES, form, Choices(on, "js_t_303_2026", basis, "浙江", market))


@given(FORMS, DAYS, BASES)
def test_the_lines_add_up_to_the_total(
    form: list[dict[str, object]], on: date, basis: Basis
) -> None:
    result = of(form, on, basis)
    assert result.tce == sum((of([line], on, basis).tce for line in form), Fraction(0))
    assert result.tco2 == sum((of([line], on, basis).tco2 for line in form), Fraction(0))
    assert len(result.lines) == len(form)


@given(lines(), st.integers(0, 1000), DAYS, BASES)
def test_a_conversion_is_linear(
    line: dict[str, object], times: int, on: date, basis: Basis
) -> None:
    once = of([line], on, basis)
    more = {**line, "quantity": rounded(Fraction(str(line["quantity"])) * times, 3)}
    result = of([more], on, basis)
    assert (result.tce, result.tco2) == (once.tce * times, once.tco2 * times)


@given(lines(), st.data(), DAYS)
def test_a_quantity_is_worth_the_same_in_any_unit(
    line: dict[str, object], data: st.DataObject, on: date
) -> None:
    other = data.draw(st.sampled_from(UNITS[str(line["item"])]))
    here, there = measure(str(line["unit"])), measure(other)
    if here.kind != there.kind:
        return
    amount = Fraction(str(line["quantity"])) * here.ratio / there.ratio
    text = rounded(amount, 9)
    if Fraction(text) != amount or sum(c.isdigit() for c in text) > 18:
        return  # kWh has no finite number of GJ
    moved = of([{**line, "quantity": text, "unit": other}], on, Basis.CALORIFIC)
    kept = of([line], on, Basis.CALORIFIC)
    assert (moved.tce, moved.tco2) == (kept.tce, kept.tco2)


@given(st.sampled_from(["petrol", "diesel", "kerosene", "fuel_oil"]), NUMBERS)
def test_litres_and_kilograms_agree_by_density(item: str, litres: object) -> None:
    density = TABLES.densities[item].rate.value
    kilograms = rounded(Fraction(str(litres)) * density, 5)
    on = date(2026, 6, 1)
    by_volume = of([{"item": item, "quantity": f"{litres:f}", "unit": "L"}], on, Basis.CALORIFIC)
    by_mass = of([{"item": item, "quantity": kilograms, "unit": "kg"}], on, Basis.CALORIFIC)
    assert (by_volume.tce, by_volume.tco2) == (by_mass.tce, by_mass.tco2)


@given(FORMS, FORMS, DAYS, DAYS, BASES)
def test_effects_add_up_exactly_and_turn_round(
    first: list[dict[str, object]],
    second: list[dict[str, object]],
    early: date,
    late: date,
    basis: Basis,
) -> None:
    before, after = of(first, early, basis), of(second, late, basis)
    found, back = decompose(before, after), decompose(after, before)
    assert found.whole.total == after.tco2 - before.tco2
    assert found.whole.activity == -back.whole.activity
    assert found.whole.mix == -back.whole.mix
    assert found.whole.factor == -back.whole.factor
    for item, effects in found.by_item.items():
        assert effects.total == -back.by_item[item].total


@given(st.integers(0, 10**6), st.data())
def test_green_power_moves_the_market_only(bought: int, data: st.DataObject) -> None:
    green = data.draw(st.integers(0, bought))
    resold = data.draw(st.integers(0, bought - green))
    form: list[dict[str, object]] = [
        {"item": "electricity", "quantity": str(bought), "unit": "kWh"},
        {"item": "green_power", "quantity": str(green), "unit": "kWh"},
        {"item": "electricity_resold", "quantity": str(resold), "unit": "kWh"},
    ]
    result = of(form, date(2026, 6, 1), Basis.CALORIFIC, market=True)
    assert result.market is not None
    assert result.tco2 == (bought - resold) * Fraction("0.4974") / 1000
    assert result.market.tco2 == (bought - resold - green) * Fraction("0.6096") / 1000
    assert result.tce == (bought - resold) * Fraction("0.1229") / 1000


@given(st.fractions(min_value=-(10**15), max_value=10**15), st.integers(0, 12))
def test_rounding_is_half_even_once_and_plain(value: Fraction, digits: int) -> None:
    text = rounded(value, digits)
    assert abs(Fraction(text) - value) <= Fraction(1, 2 * 10**digits)
    assert "E" not in text
    assert not text.startswith("-0") or "." in text
    assert text == rounded(Fraction(text), digits)


@given(st.decimals(min_value=0, max_value=10**6, places=4), st.sampled_from(["kgCO2/kWh", "t/m3"]))
def test_a_rate_is_read_back(number: object, unit: str) -> None:
    found = parse_rate(f"{number:f} {unit}")
    assert (f"{found.number:f}", found.unit) == (f"{number:f}", unit)


def test_halves_go_to_the_even_neighbour() -> None:
    half: Callable[[str], str] = lambda text: rounded(Fraction(text), 2)  # noqa: E731 - read once
    assert [half(t) for t in ("0.125", "0.135", "-0.125", "2.5", "0.001")] == [
        "0.12",
        "0.14",
        "-0.12",
        "2.5",
        "0",
    ]
