"""Two rules written by hand: the floors of the engine. They check nothing and explain nothing."""

from collections.abc import Iterable, Mapping
from typing import Final

from credit_rules import Facts, Used

DAY_KEY: Final = "recycling.drop_off:day"
_FRESH: Final = Used()
_WEIGHTS: Final[Mapping[str, tuple[int, int]]] = {
    # ng of CO2e and 10^-9 of weighted kg, per hundredth of a kg
    "paper": (2_950_000_000, 10_000_000),
    "cardboard": (1_016_100_000, 8_000_000),
    "mixed_paper": (2_197_300_000, 8_000_000),
    "pet": (3_208_000_000, 15_000_000),
    "plastic": (3_208_000_000, 12_000_000),
    "aluminium": (81_208_200_000, 30_000_000),
    "steel": (10_400_000_000, 10_000_000),
    "glass": (5_795_800_000, 6_000_000),
    "textile": (13_448_000_000, 10_000_000),
    "mixed": (13_448_000_000, 5_000_000),
    "ewaste": (0, 20_000_000),
    "battery": (0, 100_000_000),
    "food_waste": (0, 2_000_000),
    "hazardous": (0, 50_000_000),
}


def drop_off(facts: Facts) -> tuple[int, int, dict[str, Used]]:
    """An evidenced drop-off: milligrams, milli-points and what is added to the counter."""
    saving, weight = _WEIGHTS[str(facts.inputs["material"])]
    whole, _, decimals = str(facts.inputs["mass"]).partition(".")
    steps = int(whole) * 100 + int((decimals + "00")[:2])
    reduction, points, mass, times = facts.used.get(DAY_KEY, _FRESH)
    claimed = steps * saving
    after = min(reduction + claimed, 10**13)
    mg = after // 10**6 - min(reduction, 10**13) // 10**6
    weighted = steps * weight
    earned = _by_mass(mass + weighted) - _by_mass(mass)
    earned += 5 * (min(times + 10**9, 10**9) - min(times, 10**9))
    after = min(points + earned, 3 * 10**10)
    mpt = after // 10**6 - min(points, 3 * 10**10) // 10**6
    return mg, mpt, {DAY_KEY: Used(claimed, earned, weighted, 10**9)}


def _by_mass(amount: int) -> int:
    if amount <= 10**9:
        return amount * 10
    if amount <= 5 * 10**9:
        return 6 * 10**9 + amount * 4
    return 21 * 10**9 + amount


def metro(distance: int, reduction: int, kilometres: int, points: int) -> tuple[int, int]:
    """The rule of `rulebook/bench.metro.v1.toml`, in mg, milli-points and tenths of a kilometre.

    Args:
        distance: of this ride.
        reduction: claimed before on this day.
        kilometres: ridden before on this day.
        points: claimed before on this day.

    Returns:
        What this ride is awarded: mg and milli-points.
    """
    mg = min(reduction + distance * 13_000, 5_000_000) - min(reduction, 5_000_000)
    earned = by_distance(kilometres + distance) - by_distance(kilometres)
    return mg, min(points + earned, 100_000) - min(points, 100_000)


def by_distance(tenths: int) -> int:
    """Milli-points of a day's first tenths of a kilometre."""
    if tenths <= 50:
        return tenths * 600
    if tenths <= 200:
        return 10_000 + tenths * 400
    return 70_000 + tenths * 100


def replayed(rides: Iterable[tuple[int, int, int]]) -> tuple[int, int]:
    """Rides of a history one after another: all mg and milli-points.

    Args:
        rides: member, day and distance, in order of arrival.
    """
    used: dict[tuple[int, int], tuple[int, int, int]] = {}
    all_mg = all_mpt = 0
    for member, day, distance in rides:
        reduction, kilometres, points = used.get((member, day), (0, 0, 0))
        mg, mpt = metro(distance, reduction, kilometres, points)
        earned = by_distance(kilometres + distance) - by_distance(kilometres)
        used[member, day] = reduction + distance * 13_000, kilometres + distance, points + earned
        all_mg, all_mpt = all_mg + mg, all_mpt + mpt
    return all_mg, all_mpt
