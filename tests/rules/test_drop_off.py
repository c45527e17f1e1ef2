"""Recycling drop-off: the numbers a person can recompute by hand."""

from datetime import date
from decimal import Decimal

import pytest

from credit_rules import Assessment, Facts, Rulebook, Used, assess

DAY = date(2026, 3, 1)
KEY = "recycling.drop_off:day"


def drop_off(
    rulebook: Rulebook,
    material: str,
    mass: str,
    *,
    tier: str = "T2",
    used: dict[str, Used] | None = None,
) -> Assessment:
    facts = Facts("recycling.drop_off", DAY, tier, {"material": material, "mass": mass}, used or {})
    return assess(rulebook, facts)


@pytest.mark.parametrize(
    "material, grams_per_kilogram",
    [
        ("paper", "295"),
        ("cardboard", "101.61"),
        ("mixed_paper", "219.73"),
        ("pet", "320"),
        ("plastic", "320"),
        ("aluminium", "8120.82"),
        ("steel", "1040"),
        ("glass", "579.58"),
        ("textile", "0"),
        ("mixed", "101.61"),
        ("ewaste", "0"),
        ("battery", "0"),
        ("food_waste", "0"),
        ("hazardous", "0"),
    ],
)
def test_a_kilogram_saves_the_conservative_factor(
    shipped: Rulebook, material: str, grams_per_kilogram: str
) -> None:
    result = drop_off(shipped, material, "1")
    assert result.reduction_mg == Decimal(grams_per_kilogram) * 1000
    assert result.points_mpt > 0


@pytest.mark.parametrize(
    "material, waste_class",
    [("paper", "recyclable"), ("battery", "hazardous"), ("food_waste", "food_waste")],
)
def test_each_material_belongs_to_a_class_of_waste(
    shipped: Rulebook, material: str, waste_class: str
) -> None:
    choices = shipped.methodology("recycling.drop_off", DAY).inputs["material"].choices
    assert {c.value: c.waste_class for c in choices}[material] == waste_class
    assert waste_class in shipped.standards.waste_classes


@pytest.mark.parametrize(
    "mass, points",
    # first kilogram 10, next four 4 each, then 1; 5 for the day's first drop-off; at most 30
    [("0.1", 6000), ("1", 15000), ("3", 23000), ("5", 31000), ("50", 30000)],
)
def test_more_waste_does_not_simply_mean_more_points(
    shipped: Rulebook, mass: str, points: int
) -> None:
    assert drop_off(shipped, "paper", mass).points_mpt == min(points, 30000)


def test_the_habit_is_rewarded_once_a_day(shipped: Rulebook) -> None:
    first = drop_off(shipped, "paper", "0.1")
    second = drop_off(shipped, "paper", "0.1", used=dict(first.usage))
    assert (first.points_mpt, second.points_mpt) == (6000, 1000)


def test_self_declared_earns_half_no_reduction_and_no_rank(shipped: Rulebook) -> None:
    declared = drop_off(shipped, "paper", "0.2", tier="T0")
    evidenced = drop_off(shipped, "paper", "0.2", tier="T2")
    assert declared.points_mpt * 2 == evidenced.points_mpt
    assert (declared.reduction_mg, declared.ranked) == (0, False)
    assert (evidenced.reduction_mg, evidenced.ranked) == (59000, True)


def test_self_declared_stops_at_five_points_a_day(shipped: Rulebook) -> None:
    used: dict[str, Used] = {}
    total = 0
    for _ in range(6):
        result = drop_off(shipped, "ewaste", "20", tier="T0", used=used)
        total += result.points_mpt
        used = {
            key: used.get(key, Used()).plus(result.usage.get(key, Used()))
            for key in {*used, *result.usage}
        }
    assert total == 5000


def test_the_day_stops_at_its_caps(shipped: Rulebook) -> None:
    used = {KEY: Used(reduction_ng=10**13, points_npt=30 * 10**9, activity_nano=5 * 10**9)}
    result = drop_off(shipped, "aluminium", "10", tier="T3", used=used)
    assert (result.reduction_mg, result.points_mpt) == (0, 0)
    assert result.usage[KEY].reduction_ng == 81208200000000


@pytest.mark.parametrize("tier", ["T1", "T2", "T3", "T4"])
def test_evidenced_tiers_count_in_full(shipped: Rulebook, tier: str) -> None:
    result = drop_off(shipped, "glass", "2", tier=tier)
    assert (result.reduction_mg, result.points_mpt, result.ranked) == (1159160, 15800, True)


def test_fractions_of_a_milligram_are_carried_not_lost(shipped: Rulebook) -> None:
    # 0.01 kg of cardboard saves 1016.1 mg: ten of them 10161 mg, never 10160.
    used: dict[str, Used] = {}
    total = 0
    for _ in range(10):
        result = drop_off(shipped, "cardboard", "0.01", used=used)
        total += result.reduction_mg
        used = {key: used.get(key, Used()).plus(row) for key, row in result.usage.items()}
    assert total == 10161
