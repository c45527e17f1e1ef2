"""Rare shapes of formulas, and every operation alone."""

from datetime import date
from decimal import Decimal
from math import prod
from pathlib import Path

import pytest

from credit_rules import Boost, Facts, FactsRefused, Rulebook, Used, assess, load_rulebook
from credit_rules.counters import COUNTER_LIMIT, NANO_PER_MILLI
from credit_rules.plan import Capped, Pick, Product, Sum, Tiered

DAY = date(2026, 3, 4)
SHAPES = Path(__file__).parent / "files" / "shapes"
GIVEN = {"volume": "10", "rate": "2", "floors": "10", "energy": "0.002", "grid": "500"}
DROP_OFF = "recycling.drop_off"


@pytest.fixture(scope="module")
def shapes() -> Rulebook:
    return load_rulebook(SHAPES)


def test_a_condition_on_what_a_choice_multiplies(shapes: Rulebook) -> None:
    def reduction(volume: str, size: str) -> int:
        inputs = {**GIVEN, "volume": volume, "size": size}
        return assess(shapes, Facts("shapes.all", DAY, "T2", inputs)).reduction_mg

    assert reduction("39", "small") == 78_000 + 10_000 + 3_000 + 2_000
    assert reduction("35", "large") == 70_000 + 10_000 + 5_000 + 4_000 + 3_000 + 2_000
    with pytest.raises(FactsRefused, match="所占体积不超过 40 L"):
        reduction("40.1", "large")


def test_a_bonus_counter_out_of_range_is_refused(shipped: Rulebook) -> None:
    boost = Boost("地球日", Decimal(2), 10**6)
    used = {f"{DROP_OFF}.bonus:day": Used(points_npt=COUNTER_LIMIT)}
    inputs = {"material": "paper", "mass": "1"}
    facts = Facts(DROP_OFF, DAY, "T2", inputs, used, boost=boost)
    with pytest.raises(FactsRefused) as refused:
        assess(shipped, facts)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == (f"used.{DROP_OFF}.bonus:day", "counter_range")


def test_an_assessment_names_what_it_was_made_under(shipped: Rulebook) -> None:
    facts = Facts(DROP_OFF, DAY, "T2", {"material": "paper", "mass": "1"})
    found = assess(shipped, facts)
    methodology = shipped.methodology(DROP_OFF, DAY)
    assert (found.methodology_id, found.methodology_version) == (DROP_OFF, 1)
    assert found.digest == methodology.digest


@pytest.mark.parametrize(
    "parts",
    [
        ((1, 1),),
        ((1, 3),),
        ((1, 1), (2, 1)),
        ((1, 2), (2, 2)),
        ((1, 1), (2, -1)),
        ((1, 1), (2, 1), (3, 1)),
        ((1, 4), (2, 1), (3, -2)),
    ],
)
def test_a_sum_of_any_number_of_parts(parts: tuple[tuple[int, int], ...]) -> None:
    slots = [0, 50, 7, 11]
    Sum(0, parts).closure()(slots)
    assert slots[0] == sum(slots[slot] * times for slot, times in parts)


@pytest.mark.parametrize("of", [(1,), (1, 2), (2, 2), (1, 2, 3), (3, 2, 1, 1)])
def test_a_product_of_any_number_of_factors(of: tuple[int, ...]) -> None:
    slots = [0, 50, 7, 11]
    Product(0, of).closure()(slots)
    assert slots[0] == prod(slots[slot] for slot in of)


@pytest.mark.parametrize("keys, expected", [((1,), 31), ((2, 1), 35), ((2, 1, 2), 47)])
def test_a_row_picked_by_any_number_of_choices(keys: tuple[int, ...], expected: int) -> None:
    slots = [0, 1, 2]
    sizes = tuple((0, 2, 3)[key] for key in keys)
    Pick(0, keys, sizes, tuple(range(30, 60))).closure()(slots)
    assert slots[0] == expected


def test_an_award_stops_at_the_cap() -> None:
    limit = 3 * NANO_PER_MILLI + 5
    cap = Capped(0, 1, 2, 2, 3, 4, limit, None)
    for used in (0, 1, NANO_PER_MILLI - 1, limit - 1, limit, limit + 1, 2 * limit):
        for claimed in (0, 1, NANO_PER_MILLI // 2, limit // 2, limit):
            before, after = min(used, limit), min(used + 2 * claimed, limit)
            slots = [0, claimed, used, 0, 0]
            cap.closure()(slots)
            assert slots == [after - before, claimed, used, 2 * claimed, before]


@pytest.mark.parametrize("divisor", [1, 3])
@pytest.mark.parametrize("rows", range(1, 6))
def test_tiers_of_any_number_of_rows(rows: int, divisor: int) -> None:
    bounds, rates = (10, 25, 26, 60)[: rows - 1], (7, 5, 0, 4, 1)[:rows]

    def earned(amount: int) -> int:
        """Unit by unit: each at the rate of the row it falls into."""
        units = (rates[sum(bound <= at for bound in bounds)] for at in range(amount))
        return sum(units) // divisor

    tiered = Tiered(0, 1, 1, 2, 3, 4, bounds, rates, divisor).closure()
    for used in (0, 1, 9, 10, 11, 25, 26, 59, 60, 75):
        for claimed in (0, 1, 5, 10, 16, 50, 90):
            slots = [0, claimed, used, 0, 0]
            tiered(slots)
            assert slots[3:] == [claimed, earned(used)]
            assert slots[0] == earned(used + claimed) - earned(used)
