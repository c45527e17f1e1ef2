"""Golden figures: the worked examples of the trade that the shipped rulebooks must reproduce."""

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from credit_rules import Facts, Rulebook, RulebookError, Used, assess, load_rulebook, read_used
from credit_rules.examples import MEASURE_NAMES
from credit_rules.loading import SHIPPED

DAY = date(2026, 3, 4)
SOLO_CAR = SHIPPED.parent / "rulebooks" / "solo_car"
with (Path(__file__).parent / "files" / "worked_examples.csv").open(
    encoding="utf-8", newline=""
) as file:
    GOLDEN = {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def solo_car() -> Rulebook:
    return load_rulebook(SOLO_CAR)


def given(example: str) -> dict[str, Decimal]:
    found = json.loads(GOLDEN[example]["inputs_json"], parse_float=Decimal, parse_int=Decimal)
    return {name: value for name, value in found.items() if isinstance(value, Decimal)}


def expected(example: str) -> Decimal:
    return Decimal(GOLDEN[example]["expected_output"])


def grams(
    rulebook: Rulebook, methodology: str, tier: str, **inputs: str | Decimal | int
) -> Decimal:
    facts = Facts(methodology, DAY, tier, dict(inputs))
    return Decimal(assess(rulebook, facts).reduction_mg) / 1000


def test_sz_01_ten_kilometres_by_bus(shipped: Rulebook) -> None:
    distance = given("SZ-01")["pkm"]
    assert grams(shipped, "commute.bus", "T4", distance=distance) == expected("SZ-01")


def test_wh_01_steps_of_wuhan(shipped: Rulebook) -> None:
    steps = given("WH-01")["steps"]
    assert grams(shipped, "commute.steps", "T4", steps=steps) == expected("WH-01")


def test_wh_02_and_03_self_declared_is_about_half_in_wuhan_and_half_of_points_here(
    shipped: Rulebook,
) -> None:
    assert round(expected("WH-02") / expected("WH-03"), 1) == Decimal("0.5")
    tiers = shipped.standards.evidence_tables["standard_2026"].tiers
    assert {t.name: (t.points, t.reduction) for t in tiers}["T0"] == (Decimal("0.5"), Decimal(0))


def test_stair_01_ten_floors_earn_points_alone(shipped: Rulebook) -> None:
    """The engineering value has no measurement behind it that could be cited."""
    floors = given("STAIR-01")["floors"]
    assert grams(shipped, "stairs.climb", "T2", floors=floors) == 0 < expected("STAIR-01")


def test_stair_02_the_popular_figure_is_refused_by_its_band(
    mixed_folder: Path, replace: Callable[[Path, str, str], None]
) -> None:
    assert GOLDEN["STAIR-02"]["expected_output"] == "reject"
    energy = given("STAIR-02")["claimed_g"] / Decimal("0.4974") / 1000
    path = mixed_folder / "stairs.climb.v1.toml"
    replace(
        path,
        'factor = "stairs.energy", value = "0.0025", confidence = "secondary"',
        f'value = "{energy:.6f}", source = "lift"',
    )
    with pytest.raises(RulebookError) as error:
        load_rulebook(mixed_folder)
    assert any(
        p.file == path.name and "每层楼梯" in p.fault and "218" in p.remedy
        for p in error.value.problems
    )


def test_plate_01_is_the_upper_variant_of_a_clean_plate(shipped: Rulebook) -> None:
    ours = grams(shipped, "dining.clean_plate", "T2", meal="lunch")
    assert ours == given("PLATE-01")["waste_kg"] * Decimal(940)
    assert ours < expected("PLATE-01") * 1000


def test_rec_01_and_04_recycling(shipped: Rulebook) -> None:
    aluminium = grams(shipped, "recycling.drop_off", "T3", material="aluminium", mass="1")
    assert aluminium / 1000 == expected("REC-01")
    # The field average contains metal and appliances: what is not sorted counts as the lowest.
    mixed = grams(shipped, "recycling.drop_off", "T3", material="mixed", mass="1")
    assert mixed == Decimal("101.61") < expected("REC-04") * 1000


def test_a4_01_five_hundred_sheets_over_ten_days(shipped: Rulebook) -> None:
    # Fifty sheets a day are the most that count.
    whole = 10 * grams(shipped, "office.paperless", "T4", sheets="50")
    assert abs(whole / 1000 - expected("A4-01")) < Decimal("0.0005")
    assert grams(shipped, "office.paperless", "T4", sheets=given("A4-01")["sheets"]) * 10 == whole


def test_chop_01_ten_pairs_over_five_days(shipped: Rulebook) -> None:
    pairs = given("CHOP-01")["pairs"] / 5
    daily = grams(shipped, "dining.own_chopsticks", "T1", pairs=pairs)
    assert daily * 5 == expected("CHOP-01")


def test_cp_01_twelve_kilometres_on_foot_with_a_parked_car(solo_car: Rulebook) -> None:
    # Four kilometres a leg, for no leg is longer than five.
    leg = given("CP-01")["km"] / 3
    whole = 3 * grams(solo_car, "commute.walk", "T4", distance=leg) / 1000
    # The car is the published average petrol car, not the figure of the example.
    assert whole == Decimal("0.16272") * given("CP-01")["km"] < expected("CP-01")


def test_bj_01_no_rulebook_reaches_the_solo_car_of_beijing(
    shipped: Rulebook, solo_car: Rulebook
) -> None:
    distance = given("BJ-01")["distance_km"]
    mixed, solo = (
        grams(rules, "commute.metro", "T4", distance=distance) for rules in (shipped, solo_car)
    )
    assert (mixed, solo) == (Decimal("675.4"), Decimal("2229.92"))
    assert mixed < solo < expected("BJ-01") * 1000


@pytest.mark.parametrize(
    "methodology, inputs, default, alternative",
    [
        ("commute.metro", {"distance": "10"}, "307", "1013.6"),
        ("commute.bus", {"distance": "10"}, "269", "1220.4"),
        ("commute.bicycle", {"distance": "4"}, "186.4", "650.88"),
        ("commute.walk", {"distance": "2"}, "61.4", "325.44"),
        ("commute.car_to_bus", {"mode": "bus", "distance": "10"}, "269", "1220.4"),
    ],
)
def test_another_baseline_is_only_data(
    shipped: Rulebook,
    solo_car: Rulebook,
    methodology: str,
    inputs: dict[str, str],
    default: str,
    alternative: str,
) -> None:
    assert grams(shipped, methodology, "T4", **inputs) == Decimal(default)
    assert grams(solo_car, methodology, "T4", **inputs) == Decimal(alternative)


def test_the_solo_car_baseline_is_open_only_to_proven_parked_cars(solo_car: Rulebook) -> None:
    for methodology in solo_car.all_versions():
        assert methodology.evidence.requires == ("parking_record",)
        assert {tier.name for tier in methodology.tiers} <= {"T3", "T4"}
        assert "solo_car@1" in methodology.baseline


@pytest.mark.parametrize(
    "field, text, example",
    [
        ("reduction", "1 point", "1 kgCO2e"),
        ("points", "1 kg", "2 point"),
        ("activity", "1 count", "1 kg"),
        ("count", "1 kgCO2e", "1 count"),
    ],
)
def test_a_counter_in_another_unit_is_refused_with_an_example(
    field: str, text: str, example: str
) -> None:
    with pytest.raises(ValueError, match="单位不适合") as refused:
        read_used({field: text})
    assert str(refused.value) == f"“{text}”的单位不适合“{field}”，例如“{example}”。"
    assert getattr(read_used({field: example}), MEASURE_NAMES[field]) > 0


def test_counters_are_read_by_short_and_by_full_name() -> None:
    row = {"reduction": "1 kgCO2e", "points_npt": 5, "activity": "2 km", "count": "3 count"}
    assert read_used(row) == Used(10**12, 5, 2 * 10**9, 3 * 10**9)


def test_a_counter_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="不是计数器的栏") as refused:
        read_used({"pionts": "1 point"})
    assert str(refused.value) == "“pionts”不是计数器的栏。最接近的名称是“points”，请改正。"


@pytest.mark.parametrize(
    "row", [{"points": 1}, {"points": True}, {"points_npt": "1"}, {"points_npt": True}]
)
def test_a_counter_written_in_another_way_is_refused_with_the_right_one(
    row: dict[str, object],
) -> None:
    (field,) = row
    with pytest.raises(ValueError, match="写法不对") as refused:
        read_used(row)
    assert str(refused.value) == (
        f'“{field}”的写法不对：短名写成带单位的文字，例如 points = "28 point"；'
        "全名写成整数，例如 points_npt = 28000000000。"
    )


def test_a_counter_finer_than_it_counts_is_refused() -> None:
    assert read_used({"points": "0.000000001 point"}) == Used(points_npt=1)
    with pytest.raises(ValueError, match="太细") as refused:
        read_used({"points": "0.0000000001 point"})
    assert str(refused.value) == (
        "“points”的“0.0000000001 point”太细，计数器以十亿分之一个单位计，请少写几位小数。"
    )
