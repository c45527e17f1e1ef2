"""Bad facts are refused with the field, a code and a sentence; nothing is assessed."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

import pytest

from credit_rules import Boost, Facts, FactsRefused, NotInForce, Rulebook, Used, assess

DAY = date(2026, 3, 1)
GOOD: dict[str, str | int | Decimal] = {"material": "paper", "mass": "1"}


def refuse(rulebook: Rulebook, facts: Facts) -> list[tuple[str, str]]:
    with pytest.raises(FactsRefused) as refused:
        assess(rulebook, facts)
    assert all(p.sentence.endswith(("。", "请改正。")) for p in refused.value.problems)
    return [(p.field, p.code) for p in refused.value.problems]


@pytest.mark.parametrize(
    "mass",
    [
        "1",
        "1.0",
        "1.00",
        "1.000",
        "001",
        1,
        Decimal(1),
        Decimal("1.000"),
        "1 kg",
        "1kg",
        "1000 g",
        "0.001 t",
    ],
)
def test_every_exact_way_to_write_a_kilogram_is_the_same(
    shipped: Rulebook, mass: str | int | Decimal
) -> None:
    result = assess(shipped, Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": mass}))
    assert result.reduction_mg == 295000
    assert result.trace.to_json()["inputs"] == [
        {
            "name": "material",
            "label": "材料",
            "value": "paper",
            "value_label": "废纸（办公纸、书报）",
        },
        {"name": "mass", "label": "质量", "value": "1", "unit": "kg"},
    ]


class _Material(StrEnum):
    PAPER = "paper"
    ONE = "1"


def test_a_text_of_a_type_of_its_own_is_a_text(shipped: Rulebook) -> None:
    inputs: dict[str, str | int | Decimal] = {"material": _Material.PAPER, "mass": _Material.ONE}
    for used in ({}, {"recycling.drop_off:day": Used(reduction_ng=2**61)}):
        facts = Facts("recycling.drop_off", DAY, "T2", inputs, used)
        assert "paper" in str(assess(shipped, facts).trace.to_json()["inputs"])


@pytest.mark.parametrize(
    "mass, code",
    [
        ("", "not_a_number"),
        (" 1", "not_a_number"),
        ("1 ", "not_a_number"),
        ("1\n", "not_a_number"),
        ("１", "not_a_number"),
        ("1,5", "not_a_number"),
        ("1.", "not_a_number"),
        (".5", "not_a_number"),
        ("+1", "not_a_number"),
        ("1e1", "not_a_number"),
        ("1e999999999", "not_a_number"),
        ("NaN", "not_a_number"),
        ("Infinity", "not_a_number"),
        ("0x10", "not_a_number"),
        ("1" * 4000, "not_a_number"),
        ("1\x00", "not_a_number"),
        ("一", "not_a_number"),
        (True, "not_a_number"),
        (None, "not_a_number"),
        ([1], "not_a_number"),
        (1.5, "not_a_number"),
        (10**400, "not_a_number"),
        (Decimal("NaN"), "not_a_number"),
        (Decimal("Infinity"), "not_a_number"),
        (Decimal("1e999999"), "not_a_number"),
        (Decimal("1e-999999"), "not_a_number"),
        (-(10**15), "not_a_number"),
        (Decimal("-1e15"), "not_a_number"),
        (Decimal("-1e-30"), "not_a_number"),
        ("-1", "out_of_bounds"),
        (1 - 10**15, "out_of_bounds"),
        (Decimal("-9e14"), "out_of_bounds"),
        (Decimal("-1e-29"), "out_of_bounds"),
        (-1, "out_of_bounds"),
        (Decimal("-0.5"), "out_of_bounds"),
        ("0", "out_of_bounds"),
        ("50.01", "out_of_bounds"),
        ("999999999999999", "out_of_bounds"),
        ("0.015", "too_precise"),
        ("15.5 g", "too_precise"),
        ("1 km", "wrong_unit"),
        ("1 斤", "wrong_unit"),
        ("1 kgCO2e", "wrong_unit"),
    ],
)
def test_a_mass_that_is_no_mass_is_refused(shipped: Rulebook, mass: object, code: str) -> None:
    facts = Facts("recycling.drop_off", DAY, "T2", {**GOOD, "mass": mass})  # type: ignore[dict-item] # what a careless caller may pass
    assert refuse(shipped, facts) == [("mass", code)]


def test_inputs_are_whole_numbers_of_steps_and_choices_numbered_from_zero(
    shipped: Rulebook,
) -> None:
    material, mass = shipped.methodology("recycling.drop_off", DAY).readers
    assert (material.range(), mass.range()) == ((0, 13), (1, 5000))
    assert [material.read("paper"), material.read("hazardous")] == [0, 13]
    assert (material.shown(13), mass.read("0.25"), mass.shown(25)) == ("hazardous", 25, "0.25")


@pytest.mark.parametrize("material", ["", "Paper", "paper ", "纸", "x" * 5000, 1, None, ["paper"]])
def test_an_unknown_material_is_refused(shipped: Rulebook, material: object) -> None:
    facts = Facts("recycling.drop_off", DAY, "T2", {**GOOD, "material": material})  # type: ignore[dict-item] # what a careless caller may pass
    assert refuse(shipped, facts) == [("material", "unknown_choice")]


def test_all_problems_are_named_at_once(shipped: Rulebook) -> None:
    facts = Facts("recycling.drop_off", DAY, "T9", {"material": "papr", "weight": "1"})
    assert refuse(shipped, facts) == [
        ("tier", "tier_not_accepted"),
        ("material", "unknown_choice"),
        ("mass", "missing"),
        ("weight", "unknown_field"),
    ]


def test_the_nearest_name_is_suggested(shipped: Rulebook) -> None:
    with pytest.raises(FactsRefused, match="最接近的名称是“paper”"):
        assess(shipped, Facts("recycling.drop_off", DAY, "T2", {**GOOD, "material": "papr"}))


def test_a_tier_the_methodology_does_not_accept_is_refused(mixed: Rulebook) -> None:
    facts = Facts("stairs.climb", DAY, "T0", {"floors": "3"})
    assert refuse(mixed, facts) == [("tier", "tier_not_accepted")]


@pytest.mark.parametrize(
    "used, field, code",
    [
        (
            {"recycling.drop_off:day": Used(points_npt=-1)},
            "used.recycling.drop_off:day",
            "counter_range",
        ),
        (
            {"recycling.drop_off:day": Used(points_npt=2**63)},
            "used.recycling.drop_off:day",
            "counter_range",
        ),
        (
            {"recycling.drop_off:day": Used(reduction_ng=2**62)},
            "used.recycling.drop_off:day",
            "counter_range",
        ),
        ({"recycling.drop_of:day": Used()}, "used.recycling.drop_of:day", "unknown_field"),
    ],
)
def test_impossible_counters_are_refused(
    shipped: Rulebook, used: dict[str, Used], field: str, code: str
) -> None:
    assert refuse(shipped, Facts("recycling.drop_off", DAY, "T2", GOOD, used)) == [(field, code)]


@pytest.mark.parametrize(
    "multiplier, left, sentence",
    [
        ("1", 1000, "活动倍数须大于 1、不超过 3，请调整活动。"),
        ("0.5", 1000, "活动倍数须大于 1、不超过 3，请调整活动。"),
        ("3.01", 1000, "活动倍数须大于 1、不超过 3，请调整活动。"),
        ("1.234", 1000, "活动倍数最多两位小数，请调整活动。"),
        ("NaN", 1000, "活动倍数须大于 1、不超过 3，请调整活动。"),
        ("2", -1, "活动剩余预算超出范围，请核对活动预算。"),
    ],
)
def test_a_boost_outside_its_limits_is_refused(
    shipped: Rulebook, multiplier: str, left: int, sentence: str
) -> None:
    boost = Boost("地球日", Decimal(multiplier), left)
    facts = Facts("recycling.drop_off", DAY, "T2", GOOD, boost=boost)
    assert refuse(shipped, facts) == [("boost", "boost_not_allowed")]
    with pytest.raises(FactsRefused) as refused:
        assess(shipped, facts)
    assert str(refused.value) == f"boost: {sentence}"


def test_a_methodology_without_bonus_refuses_a_boost(mixed: Rulebook) -> None:
    facts = Facts("stairs.climb", DAY, "T2", {"floors": "3"}, boost=Boost("x", Decimal(2), 1))
    assert refuse(mixed, facts) == [("boost", "boost_not_allowed")]
    with pytest.raises(FactsRefused) as refused:
        assess(mixed, facts)
    assert str(refused.value) == "boost: “爬楼梯（测试）”不参加活动加成，请从活动中移除。"


@pytest.mark.parametrize(
    "mode, distance, accepted",
    [("metro", "6", True), ("walk", "5", True), ("walk", "5.1", False)],
)
def test_a_condition_that_does_not_hold_refuses_with_its_own_sentence(
    mixed: Rulebook, mode: str, distance: str, *, accepted: bool
) -> None:
    facts = Facts("travel.trip", DAY, "T4", {"mode": mode, "peak": "calm", "distance": distance})
    if accepted:
        assert assess(mixed, facts).reduction_mg > 0
    else:
        assert refuse(mixed, facts) == [("mode", "not_eligible")]


def test_an_exclusion_holds_both_ways(mixed: Rulebook) -> None:
    one, other = "travel.trip", "travel.car_free"
    inputs: dict[str, dict[str, str | int | Decimal]] = {
        "travel.trip": {"mode": "metro", "peak": "calm", "distance": "5"},
        "travel.car_free": {"days": "1"},
    }
    for kind, against in ((one, other), (other, one)):
        credited = frozenset({(against, "day")})
        facts = Facts(kind, DAY, "T4", inputs[kind], credited=credited)
        assert refuse(mixed, facts) == [("credited", "excluded")]
        elsewhere = Facts(kind, DAY, "T4", inputs[kind], credited=frozenset({(against, "trip")}))
        assert assess(mixed, elsewhere).points_mpt > 0


@pytest.mark.parametrize("on", [date(2025, 12, 31), date(2027, 1, 1), date.min, date.max])
def test_a_day_without_a_version_raises(mixed: Rulebook, on: date) -> None:
    facts = Facts("travel.trip", on, "T4", {"mode": "metro", "peak": "calm", "distance": "5"})
    with pytest.raises(NotInForce, match=r"travel\.trip"):
        assess(mixed, facts)
    with pytest.raises(NotInForce, match=r"travel\.trip"):
        assess(mixed.version("travel.trip", 1), facts)


def test_facts_of_another_methodology_raise(mixed: Rulebook) -> None:
    with pytest.raises(NotInForce) as raised:
        assess(mixed.version("travel.trip", 1), Facts("stairs.climb", DAY, "T2", {"floors": "3"}))
    assert raised.value.sentence == (
        "方法学“stairs.climb”在 2026-03-01 没有生效的版本。手头的是 travel.trip 第 1 版，"
        "自 2026-01-01 起生效，请换用当日有效的版本。"
    )


@pytest.mark.parametrize("hours", ["31 min", "0.7"])
def test_hours_that_are_no_whole_steps_are_refused_as_written(
    shipped: Rulebook, hours: str
) -> None:
    methodology = shipped.methodology("volunteering.hours", DAY)
    (quantity,) = (spec for spec in methodology.inputs.values() if spec.unit is not None)
    facts = Facts("volunteering.hours", DAY, "T2", {quantity.name: hours})
    with pytest.raises(FactsRefused, match=f"“{hours}”不是") as refused:
        assess(shipped, facts)
    assert "too_precise" in {problem.code for problem in refused.value.problems}
