"""Bad lines are refused with their line and field; an institution may bring its own factors."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

import pytest

from credit_rules.energy import (
    Basis,
    Choices,
    EnergyRefused,
    EnergyTables,
    convert,
    measures,
    rounded,
)
from credit_rules.energy.quantities import read_quantities
from credit_rules.energy.tables import Row
from tests.rules.approval import approve

Choose = Callable[..., Choices]
GAS = {"item": "natural_gas", "quantity": "100", "unit": "m3"}


def problems_of(
    tables: EnergyTables, choices: Choices, *lines: Mapping[str, object]
) -> list[tuple[str, str, str]]:
    with pytest.raises(EnergyRefused) as caught:
        convert(tables, lines, choices)
    return [(p.field, p.code, p.sentence) for p in caught.value.problems]


@pytest.mark.parametrize(
    "changes, field, code, part",
    [
        ({"quantity": "NaN"}, "quantity", "not_a_number", "“NaN”"),
        ({"quantity": "Infinity"}, "quantity", "not_a_number", "“Infinity”"),
        ({"quantity": "1e9"}, "quantity", "not_a_number", "指数"),
        ({"quantity": "1e999999999"}, "quantity", "not_a_number", "指数"),
        ({"quantity": Decimal("1e999999999")}, "quantity", "not_a_number", "指数"),
        ({"quantity": "1,000"}, "quantity", "not_a_number", "千分位"),
        ({"quantity": " 1"}, "quantity", "not_a_number", "空格"),
        ({"quantity": "1\n"}, "quantity", "not_a_number", "1\ufffd"),
        ({"quantity": ""}, "quantity", "not_a_number", "“”"),
        ({"quantity": "+1"}, "quantity", "not_a_number", "“+1”"),
        ({"quantity": "٣"}, "quantity", "not_a_number", "普通小数"),
        ({"quantity": True}, "quantity", "not_a_number", "“bool”"),
        ({"quantity": [1]}, "quantity", "not_a_number", "“list”"),
        ({"quantity": "-1.5"}, "quantity", "negative", "负数"),
        ({"quantity": -1}, "quantity", "negative", "转供"),
        ({"quantity": "１２"}, "quantity", "full_width", "半角"),
        ({"quantity": "1．5"}, "quantity", "full_width", "半角"),
        ({"quantity": "1" * 19}, "quantity", "too_long", "18 位"),
        ({"quantity": "1." + "0" * 18}, "quantity", "too_long", "18 位"),
        ({"quantity": 10**5000}, "quantity", "too_long", "18 位"),
        ({"quantity": None}, "quantity", "missing", "quantity"),
        ({"unit": None}, "unit", "missing", "unit"),
        ({"unit": ""}, "unit", "missing", "unit"),
        ({"unit": "m4"}, "unit", "unknown_unit", "“m4”"),
        ({"unit": "Mm3"}, "unit", "unknown_unit", "“Mm3”"),
        ({"unit": 3}, "unit", "unknown_unit", "“int”"),
        ({"unit": "kg"}, "unit", "wrong_unit", "万m3"),
        ({"item": "naturl_gas"}, "item", "unknown_item", "“natural_gas”"),
        ({"item": "天然气"}, "item", "unknown_item", "请写“natural_gas”"),
        ({"item": "\ud800\n"}, "item", "unknown_item", "\ufffd\ufffd"),
        ({"item": 7}, "item", "unknown_item", "“int”"),
        ({"item": None}, "item", "missing", "item"),
        ({"unti": "m3"}, "unti", "unknown_field", "“unit”"),
        ({"factor": "0.11"}, "factor", "not_an_object", "co2"),
        ({"factor": {}}, "factor", "not_an_object", "co2"),
        ({"factor": {"co2": "2.1 kgCO2/m3"}}, "factor.source", "missing", "来源"),
    ],
)
def test_a_bad_line_is_refused_by_name(
    tables: EnergyTables,
    choose: Choose,
    changes: dict[str, object],
    field: str,
    code: str,
    part: str,
    request: pytest.FixtureRequest,
) -> None:
    found = problems_of(tables, choose(), GAS, {**GAS, **changes})
    assert found[0][:2] == (f"lines[1].{field}", code)
    assert found[0][2].startswith("第 2 行：")
    assert part in found[0][2]
    assert "\n" not in found[0][2]
    approve("energy_quantities", request.node.callspec.id, map(": ".join, found))


def test_every_problem_of_every_line_is_named(tables: EnergyTables, choose: Choose) -> None:
    found = problems_of(
        tables, choose(), {"item": "gaz"}, {**GAS, "quantity": "x", "unit": "L/d"}, {**GAS}
    )
    assert [(field, code) for field, code, _ in found] == [
        ("lines[0].item", "unknown_item"),
        ("lines[0].quantity", "missing"),
        ("lines[0].unit", "missing"),
        ("lines[1].quantity", "not_a_number"),
        ("lines[1].unit", "unknown_unit"),
    ]


def test_a_known_unit_of_an_unknown_item_is_no_second_problem(
    tables: EnergyTables, choose: Choose
) -> None:
    assert len(problems_of(tables, choose(), {**GAS, "item": "gaz"})) == 1


def test_nothing_too_much_and_no_object(tables: EnergyTables, choose: Choose) -> None:
    assert problems_of(tables, choose())[0][:2] == ("lines", "missing")
    assert problems_of(tables, choose(), *[GAS] * 10_001)[0][:2] == ("lines", "too_many")
    assert problems_of(tables, choose(), 7) == [  # type: ignore[arg-type] # what JSON may bring
        (
            "lines[0]",
            "not_an_object",
            "第 1 行：须是 item、quantity、unit 组成的对象，请改正。",
        )
    ]


@pytest.mark.parametrize("quantity", ["0", "007.50", 7, 123_456_789, Decimal("7.5"), "1" * 18])
def test_plain_numbers_are_read(
    tables: EnergyTables, choose: Choose, quantity: str | int | Decimal
) -> None:
    result = convert(tables, [{**GAS, "quantity": quantity}], choose())
    assert (
        result.tco2
        == result.lines[0].quantity.amount
        * tables.sets["js_t_303_2026"]["natural_gas"].rate.value
        / 1000
    )


@pytest.mark.parametrize("name", ["js_t_303", "provincial"])
def test_an_unknown_set_is_refused(tables: EnergyTables, choose: Choose, name: str) -> None:
    ((field, code, sentence),) = problems_of(tables, choose(set_name=name), GAS)
    assert (field, code) == ("set", "unknown_set")
    assert name in sentence


def test_own_factors_come_first_and_are_marked(tables: EnergyTables, choose: Choose) -> None:
    own = {"co2": "2.1 kgCO2/m3", "tce": "1.25 kgce/m3", "source": "燃气公司检测报告"}
    result = convert(tables, [{**GAS, "factor": own}], choose())
    (line,) = result.lines
    assert (rounded(result.tco2, 6), rounded(result.tce, 6)) == ("0.21", "0.125")
    assert (line.carbon.id, line.carbon.source, line.exact) == (
        "own.natural_gas",
        "燃气公司检测报告",
        False,
    )
    assert result.reasons == ("使用了填报单位自带的因子",)


def test_own_factors_of_one_kind_leave_the_other(tables: EnergyTables, choose: Choose) -> None:
    own = {"tce": "1.25 kgce/m3", "source": "燃气公司检测报告"}
    line = convert(tables, [{**GAS, "factor": own}], choose()).lines[0]
    assert (line.carbon.id, line.coal.id) == ("js_t_303_2026.natural_gas", "own.natural_gas")


def test_an_own_factor_stands_as_a_row_of_no_table(tables: EnergyTables, choose: Choose) -> None:
    own = {"co2": "2.10 kgCO2/m3", "source": "检测报告"}
    line = convert(tables, [{**GAS, "factor": own}], choose()).lines[0]
    names = ("own.natural_gas", "天然气", "kgCO2/m3", "2.10")
    assert line.carbon.row == Row(*names, "", "检测报告", "", "", "own")


def test_a_source_alone_brings_no_factor(tables: EnergyTables, choose: Choose) -> None:
    bought = {"item": "electricity", "quantity": "10", "unit": "kWh"}
    resold = {"item": "electricity_resold", "quantity": "4", "unit": "kWh"}
    named = {**bought, "factor": {"source": "电力公司"}}
    assert convert(tables, [named, resold], choose()).tco2 == Fraction("0.4974") * 6 / 1000


@pytest.mark.parametrize(
    "source, code",
    [
        ("供电单位\ud800", "not_plain_text"),
        ("供电\n单位", "not_plain_text"),
        ("\x1b[2J", "not_plain_text"),
        ("表" * 201, "not_plain_text"),
        ("表" * 200, ""),
        (" 供电单位 2024 年说明\n", ""),
        (" \n", "missing"),
    ],
)
def test_the_source_of_an_own_factor_is_one_line_of_text(
    tables: EnergyTables, choose: Choose, source: str, code: str
) -> None:
    line = {**GAS, "factor": {"co2": "2.1 kgCO2/m3", "source": source}}
    if not code:
        assert convert(tables, [line], choose()).lines[0].carbon.source == source.strip()
        return
    ((field, found, sentence),) = problems_of(tables, choose(), line)
    assert (field, found) == ("lines[0].factor.source", code)
    assert sentence.isprintable()


@pytest.mark.parametrize("basis", ["calorific", "x", None])
def test_what_is_no_basis_is_not_taken_for_the_other_one(
    tables: EnergyTables, choose: Choose, basis: object
) -> None:
    ((field, code, sentence),) = problems_of(tables, choose(basis=basis), GAS)
    assert (field, code) == ("basis", "unknown_basis")
    assert sentence == ("电力的折标口径须明确选择：当量值（calorific）、等价值（equivalent）。")


@pytest.mark.parametrize(
    "choice", [{"set_name": "\ud800\n"}, {"region": "\ud800\n"}, {"factors": ("\ud800\n",)}]
)
def test_an_unknown_choice_is_told_in_one_printable_line(
    tables: EnergyTables, choose: Choose, choice: dict[str, object]
) -> None:
    ((_, _, sentence),) = problems_of(tables, choose(**choice), GAS)
    assert sentence.isprintable()
    assert "“\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}”" in sentence


def test_other_energy_needs_its_own_factor(tables: EnergyTables, choose: Choose) -> None:
    other = {"item": "other", "quantity": "1.5", "unit": "tce"}
    ((field, code, sentence),) = problems_of(tables, choose(), other)
    assert (field, code) == ("lines[0].item", "no_factor")
    assert "每吨标准煤" in sentence
    own = {"co2": "2.6 tCO2/tce", "source": "检测报告"}
    result = convert(tables, [{**other, "factor": own}], choose())
    assert (rounded(result.tce, 6), rounded(result.tco2, 6)) == ("1.5", "3.9")


@pytest.mark.parametrize(
    "item, unit, factor, field, part",
    [
        ("heat", "GJ", {"co2": "0.11 kgCO2/GJ"}, "factor.co2", "1000 倍"),
        ("heat", "GJ", {"co2": "110 tCO2/GJ"}, "factor.co2", "1000 倍"),
        ("petrol", "L", {"tce": "0.7344 kgce/L"}, "factor.tce", "1.006 kgce/kg"),
        ("natural_gas", "m3", {"co2": "2.162 tCO2/万m3"}, "factor.co2", "10 倍"),
        ("natural_gas", "m3", {"co2": "2.16 kgCO2/kg"}, "factor.co2", "kgCO2/m3"),
        ("natural_gas", "m3", {"co2": "1.33 kgce/m3"}, "factor.co2", "不是 co2 的因子"),
        ("natural_gas", "m3", {"co2": "2.1"}, "factor.co2", "数字 单位/单位"),
        ("natural_gas", "m3", {"co2": "2.1 kgCO2"}, "factor.co2", "单位/单位"),
        ("natural_gas", "m3", {"co2": "2.1 kgCO2/m4"}, "factor.co2", "“m4”"),
        ("natural_gas", "m3", {"co2": "2." + "1" * 19 + " kgCO2/m3"}, "factor.co2", "普通小数"),
        ("natural_gas", "m3", {"co2": 2.1}, "factor.co2", "普通小数"),
        ("natural_gas", "m3", {"cO2": "2.1 kgCO2/m3"}, "factor.cO2", "“co2”"),
        ("electricity", "kWh", {"co2": "0.785 kgCO2/kWh"}, "factor.co2", "旧计算器"),
        ("electricity", "kWh", {"co2": "0.785 tCO2/MWh"}, "factor.co2", "旧计算器"),
        ("electricity", "kWh", {"co2": "4974 kgCO2/kWh"}, "factor.co2", "10000 倍"),
        ("electricity", "kWh", {"co2": "0.95 kgCO2/kWh"}, "factor.co2", "核对数值"),
        ("other", "tce", {"tce": "1 tce/tce"}, "factor.tce", "已是标准煤"),
        ("green_power", "kWh", {"co2": "0 kgCO2/kWh"}, "factor", "不能自带因子"),
    ],
)
def test_an_implausible_own_factor_is_refused(
    tables: EnergyTables,
    choose: Choose,
    item: str,
    unit: str,
    factor: dict[str, object],
    field: str,
    part: str,
) -> None:
    line = {"item": item, "quantity": "1", "unit": unit, "factor": {**factor, "source": "表"}}
    ((where, code, sentence),) = problems_of(tables, choose(), line)
    assert where == f"lines[0].{field}"
    assert part in sentence
    approve("energy_quantities", f"{item} {unit} {factor}", [f"[{code}] {sentence}"])


def test_an_own_factor_per_kilogram_serves_litres(tables: EnergyTables, choose: Choose) -> None:
    own = {"co2": "3 kgCO2/kg", "tce": "1.0741 kgce/L", "source": "检测报告"}
    line = {"item": "petrol", "quantity": "1000", "unit": "L", "factor": own}
    result = convert(tables, [line], choose())
    assert (rounded(result.tco2, 6), rounded(result.tce, 6)) == ("2.19", "1.0741")


@pytest.mark.parametrize(
    "item, unit, label, units",
    [
        ("raw_coal", "kWh", "原煤", "kg、t"),
        ("petrol", "kWh", "汽油", "kg、t、L、m3、万m3"),
        ("natural_gas", "kg", "天然气", "L、m3、万m3"),
        ("electricity", "kg", "电力", "kWh、MWh、万kWh、MJ、GJ"),
        ("other", "kg", "其他能源", "kgce、tce"),
    ],
)
def test_a_wrong_unit_is_told_the_right_ones(
    tables: EnergyTables, choose: Choose, item: str, unit: str, label: str, units: str
) -> None:
    line = {"item": item, "quantity": "1", "unit": unit}
    ((_, _, sentence),) = problems_of(tables, choose(), line)
    assert sentence == f"第 1 行：“{label}”不能用单位“{unit}”，请改用：{units}。"


@pytest.mark.parametrize(
    "unit, kilowatt_hours",
    [
        *[(text, "1") for text in ("kWh", "KWh", "kwh", "KWH", "度", "千瓦时", "千瓦小时", "kW·h")],
        *[(text, "1000") for text in ("MWh", "MWH", "兆瓦时", "兆瓦小时")],
        *[(text, "10000") for text in ("万kWh", "万kwh", "万度", "万千瓦时", "万千瓦小时")],
        *[(text, "1000000") for text in ("GWh", "gwh", "吉瓦时")],
    ],
)
def test_energy_units_are_read_as_people_write_them(
    tables: EnergyTables, unit: str, kilowatt_hours: str
) -> None:
    (line,) = read_quantities(tables, [{"item": "electricity", "quantity": "1", "unit": unit}])
    assert line.amount == Fraction(kilowatt_hours)


@pytest.mark.parametrize("unit", ["mWh", "mwh", "兆瓦吋", "百万度", "wMh", "k Wh", "ML"])
def test_no_advice_on_a_unit_names_one_of_another_size(tables: EnergyTables, unit: str) -> None:
    """A unit spelled almost alike is often a thousand times larger: all that fit are offered."""
    with pytest.raises(EnergyRefused) as caught:
        read_quantities(tables, [{"item": "electricity", "quantity": "1", "unit": unit}])
    (problem,) = caught.value.problems
    assert "最接近" not in problem.sentence
    assert problem.sentence.endswith("请改用：kWh、MWh、万kWh、MJ、GJ。")


def test_two_units_spelled_alike_are_the_same_size() -> None:
    sizes: dict[tuple[str, str], set[tuple[str, Fraction]]] = {}
    for symbol in measures.SYMBOLS:
        found = measures.measure(symbol)
        key = (symbol[0] if symbol[0] in "mM" else "", symbol.casefold())
        sizes.setdefault(key, set()).add((found.kind, found.ratio))
    assert all(len(found) == 1 for found in sizes.values())


@pytest.mark.parametrize(
    "tce, said, basis, field, code",
    [
        ("0.305", None, "calorific", "basis", "unknown_basis"),
        ("0.305", "当量", "calorific", "basis", "unknown_basis"),
        ("0.305", "calorific", "calorific", "tce", "implausible"),
        ("0.1229", "equivalent", "equivalent", "tce", "implausible"),
        ("0.305", "equivalent", "calorific", "basis", "wrong_basis"),
        ("0.1229", "calorific", "equivalent", "basis", "wrong_basis"),
    ],
)
def test_an_own_coefficient_of_electricity_carries_its_basis(
    tables: EnergyTables,
    choose: Choose,
    *,
    tce: str,
    said: str | None,
    basis: str,
    field: str,
    code: str,
) -> None:
    """The label comes with the number, never from the request."""
    own = {"tce": f"{tce} kgce/kWh", "source": "供电公司"} | ({"basis": said} if said else {})
    line = {"item": "electricity", "quantity": "1", "unit": "kWh", "factor": own}
    ((found, told, _),) = problems_of(tables, choose(basis=Basis(basis)), line)
    assert (found, told) == (f"lines[0].factor.{field}", code)


def test_only_coefficients_of_electricity_have_a_basis(
    tables: EnergyTables, choose: Choose
) -> None:
    own = {"co2": "2.1 kgCO2/m3", "basis": "calorific", "source": "检测报告"}
    ((field, code, _),) = problems_of(tables, choose(), {**GAS, "factor": own})
    assert (field, code) == ("lines[0].factor.basis", "not_allowed")
