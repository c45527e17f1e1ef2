"""What holds for every shipped methodology: order, caps, evidence, reversal, and fair points.

Days are drawn from a seeded generator: some thousand per methodology cost less than a second.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from random import Random

import pytest

from credit_rules import (
    Assessment,
    Facts,
    FactsRefused,
    InputSpec,
    Methodology,
    Rulebook,
    Used,
    assess,
    load_rulebook,
)

DAY = date(2026, 3, 4)
RULES = load_rulebook()
IDS = sorted(RULES.versions)
DAYS = 200
every = pytest.mark.parametrize("methodology", RULES.in_force(DAY), ids=lambda m: m.id)
declarable = pytest.mark.parametrize(
    "methodology",
    [m for m in RULES.in_force(DAY) if "T0" in m.evidence.accepts],
    ids=lambda m: m.id,
)

Counters = dict[str, Used]
Value = str | int | Decimal


def drawn(spec: InputSpec, random: Random) -> Value:
    if spec.minimum is None or spec.maximum is None or spec.step is None:
        return random.choice([choice.value for choice in spec.choices])
    low, high = int(spec.minimum / spec.step), int(spec.maximum / spec.step)
    # Small amounts as often as large ones: most limits are met somewhere below the middle.
    number = low + int((high - low) * random.random() ** random.choice((0.5, 2, 8)))
    return number * spec.step


def action(methodology: Methodology, random: Random, tier: str = "") -> Facts:
    chosen = tier or random.choice([tier.name for tier in methodology.tiers])
    # Without a minute the time of day decides nothing: a meal is told, as in a stored action.
    told = (spec for spec in methodology.inputs.values() if spec.decided_by in ("", "time"))
    inputs = {spec.name: drawn(spec, random) for spec in told}
    return Facts(methodology.id, DAY, chosen, inputs)


def days(methodology: Methodology, *, longest: int = 6, tier: str = "") -> Iterator[list[Facts]]:
    random = Random(methodology.id)  # noqa: S311 - reproducible days, no secret
    for _ in range(DAYS):
        yield [action(methodology, random, tier) for _ in range(random.randint(1, longest))]


def tried(facts: Facts, used: Counters) -> Assessment | None:
    """The assessment, or None where a condition of the methodology does not hold."""
    methodology = RULES.methodology(facts.methodology_id, DAY)
    known = {key: row for key, row in used.items() if key in methodology.cap_keys}
    try:
        return assess(
            methodology, Facts(facts.methodology_id, DAY, facts.tier, facts.inputs, known)
        )
    except FactsRefused as refused:
        if {problem.code for problem in refused.problems} != {"not_eligible"}:
            raise
        return None


def after(used: Counters, result: Assessment) -> Counters:
    return {
        key: used.get(key, Used()).plus(result.usage.get(key, Used()))
        for key in {*used, *result.usage}
    }


def assess_all(actions: Iterable[Facts]) -> tuple[int, int, Counters]:
    """Assess the actions of a day one after another: mg, milli-points, counters."""
    used: Counters = {}
    reduction = points = 0
    for facts in actions:
        result = tried(facts, used)
        if result is not None:
            used = after(used, result)
            reduction, points = reduction + result.reduction_mg, points + result.points_mpt
    return reduction, points, used


def least(methodology: Methodology, measure: str) -> int:
    """The smallest cap of a measure that holds for every tier of evidence, in milli-units."""
    limits = [
        cap.limit_nano
        for cap in methodology.caps
        if cap.kind == "cap" and cap.measure == measure and not cap.tiers and cap.name != "bonus"
    ]
    return min(limits) // 10**6 if limits else 0


@every
def test_the_order_of_a_day_changes_nothing(methodology: Methodology) -> None:
    random = Random(1)  # noqa: S311 - a reproducible order, no secret
    for actions in days(methodology):
        shuffled = random.sample(actions, len(actions))
        assert assess_all(actions) == assess_all(shuffled)


@every
def test_a_day_meets_its_caps_and_never_passes_them(methodology: Methodology) -> None:
    assessed = [assess_all(actions) for actions in days(methodology, longest=12)]
    assert max(reduction for reduction, _, _ in assessed) <= least(methodology, "reduction_ng")
    assert 0 < max(points for _, points, _ in assessed) <= least(methodology, "points_npt")


@declarable
def test_self_declared_earns_at_most_half_no_reduction_and_little_a_day(
    methodology: Methodology,
) -> None:
    best = methodology.tiers[-1].name
    for actions in days(methodology, tier="T0"):
        reduction, points, _ = assess_all(actions)
        assert reduction == 0
        assert points <= 5000
        claimed = tried(actions[0], {})
        shown = tried(Facts(methodology.id, DAY, best, actions[0].inputs), {})
        if claimed is not None and shown is not None:
            assert 0 < 2 * claimed.points_mpt <= shown.points_mpt
            assert (claimed.ranked, shown.ranked) == (False, True)


@every
def test_more_never_earns_less(methodology: Methodology) -> None:
    random = Random(2)  # noqa: S311 - reproducible amounts, no secret
    quantities = [name for name, spec in methodology.inputs.items() if spec.unit is not None]
    for actions in days(methodology, longest=3):
        before = assess_all(actions)[2]
        one, other = action(methodology, random), action(methodology, random)
        small, large = dict(one.inputs), dict(one.inputs)
        for name in quantities:
            pair = sorted((Decimal(one.inputs[name]), Decimal(other.inputs[name])))
            small[name], large[name] = pair
        less = tried(Facts(methodology.id, DAY, one.tier, small), before)
        more = tried(Facts(methodology.id, DAY, one.tier, large), before)
        if less is not None and more is not None:
            assert more.reduction_mg >= less.reduction_mg >= 0
            assert more.points_mpt >= less.points_mpt >= 0


@every
def test_taking_back_the_last_action_restores_every_counter(methodology: Methodology) -> None:
    for actions in days(methodology):
        before = assess_all(actions[:-1])[2]
        result = tried(actions[-1], before)
        if result is not None:
            restored = {
                key: row.minus(result.usage.get(key, Used()))
                for key, row in after(before, result).items()
            }
            assert {key: row for key, row in restored.items() if any(row)} == before


@every
def test_only_what_is_outside_meters_and_filed_could_be_issued(methodology: Methodology) -> None:
    points_only = {"commute.steps", "commute.carpool", "commute.ebike_shared"}
    issuable = {name for name in IDS if name.startswith("commute.")} - points_only
    assert methodology.issuable == (methodology.id in issuable | {"recycling.drop_off"})
    in_meter = {"lights_off", "air_conditioning_off", "air_conditioning_set_point", "water_saved"}
    expected = {"stairs.climb", *(f"office.{name}" for name in in_meter)}
    assert (methodology.boundary == "in_meter") == (methodology.id in expected)


@every
def test_unmetered_savings_inside_the_meter_are_no_reduction(methodology: Methodology) -> None:
    if methodology.evidence.table.name == "metered_2026":
        weights = {tier.name: tier.reduction for tier in methodology.tiers}
        assert {name for name, weight in weights.items() if weight} == {"T3", "T4"}
        assert methodology.boundary == "in_meter"


def test_points_alone_where_no_factor_is_published() -> None:
    without = {m.id for m in RULES.in_force(DAY) if m.plans[-1].reduction is None}
    assert without == {
        "commute.carpool",
        "commute.ebike_shared",
        "office.air_conditioning_set_point",
        "stairs.climb",
        "culture.museum_visit",
        "culture.nature_visit",
        "dining.small_portion",
        "learning.quiz",
        "learning.training",
        "volunteering.hours",
    }


HONEST_DAY: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("commute.metro", "T4", {"distance": "10"}),
    ("commute.metro", "T4", {"distance": "10"}),
    ("stairs.climb", "T2", {"floors": "6"}),
    ("stairs.climb", "T2", {"floors": "6"}),
    ("dining.clean_plate", "T2", {"meal": "lunch"}),
    ("dining.clean_plate", "T2", {"meal": "breakfast"}),
    ("dining.own_cup", "T2", {"occasion": "meeting"}),
    ("office.paperless", "T4", {"sheets": "15"}),
    ("office.lights_off", "T2", {"times": "2", "energy": "0"}),
    (
        "office.air_conditioning_set_point",
        "T2",
        {"temperature": "20"},
    ),
    ("recycling.drop_off", "T3", {"material": "paper", "mass": "0.8"}),
    ("learning.quiz", "T3", {"correct": "5"}),
)


def test_a_day_of_doing_everything_honestly_earns_sixty_to_a_hundred_points() -> None:
    actions = [Facts(name, DAY, tier, dict(inputs)) for name, tier, inputs in HONEST_DAY]
    _, points, _ = assess_all(actions)
    assert 60_000 <= points <= 100_000
    for kind in {facts.methodology_id for facts in actions}:
        _, own, _ = assess_all(facts for facts in actions if facts.methodology_id == kind)
        assert own * 3 <= points, kind


def test_no_group_of_actions_can_be_most_of_a_day() -> None:
    limits: dict[str, int] = {}
    for methodology in RULES.in_force(DAY):
        key = methodology.plans[-1].points.line.spec.key.partition(":")[0]
        limits[key] = max(limits.get(key, 0), least(methodology, "points_npt"))
    assert sum(limits.values()) <= 150_000
    assert max(limits.values()) * 4 <= sum(limits.values())


TRAVEL = (
    # What a kilometre emits rises down the list; kinds of one line emit alike.
    ("commute.walk", "commute.bicycle"),
    ("commute.ebike_own", "commute.ebike_shared"),
    ("commute.metro",),
    ("commute.bus",),
    ("commute.carpool",),
)
MODES = {"commute.rule_135": ["walk", "cycle", "bus"], "commute.car_to_bus": ["bus", "metro"]}


def grams_a_kilometre(kind: str, **inputs: str) -> int:
    best = RULES.versions[kind][-1].tiers[-1].name
    facts = Facts(kind, DAY, best, {"distance": "2", **inputs})
    return assess(RULES, facts).reduction_mg // 2000


def test_no_way_to_travel_that_emits_more_saves_more() -> None:
    kinds = {m.id for m in RULES.in_force(DAY) if m.id.startswith("commute.")}
    by_distance = {kind for kind in kinds if "distance" in RULES.versions[kind][-1].inputs}
    assert by_distance - set(MODES) == {kind for line in TRAVEL for kind in line}
    least_so_far = 10**9
    for line in TRAVEL:
        saved = [grams for kind in line if (grams := grams_a_kilometre(kind))]
        assert not saved or max(saved) <= least_so_far, line
        least_so_far = min([least_so_far, *saved])


def test_one_mode_saves_the_same_under_every_kind() -> None:
    alone = {"walk": "walk", "cycle": "bicycle", "bus": "bus", "metro": "metro"}
    for kind, modes in MODES.items():
        for mode in modes:
            distance = "1" if mode == "walk" else "2"
            facts = Facts(kind, DAY, "T4", {"distance": distance, "mode": mode})
            grams = assess(RULES, facts).reduction_mg // (1000 * int(distance))
            assert grams == grams_a_kilometre(f"commute.{alone[mode]}")
    steps = assess(RULES, Facts("commute.steps", DAY, "T4", {"steps": "1538"})).reduction_mg
    assert 0 <= steps - 30_700 < 100


YEARLY_KG = {
    "commute": 300, "commute.car_free_day": 99, "recycling.drop_off": 300,
    "recycling.textile_reuse": 18, "office.video_meeting": 300, "dining.clean_plate": 40,
    "dining.own_cup": 30, "dining.finished_bottle": 20, "dining.own_chopsticks": 8,
    "office.paperless": 20, "office.lights_off": 100, "office.air_conditioning_off": 100,
    "office.water_saved": 10,
}  # fmt: skip


@every
def test_no_kind_saves_many_times_its_published_average_in_a_year(
    methodology: Methodology,
) -> None:
    limits = {
        cap.key.partition(":")[0]: cap.limit_nano
        for cap in methodology.caps
        if cap.measure == "reduction_ng" and cap.period == "year"
    }
    assert bool(limits) == (methodology.plans[-1].reduction is not None)
    assert all(limit <= YEARLY_KG[key] * 10**12 for key, limit in limits.items())


def test_what_is_not_sorted_or_not_weighed_earns_no_more_for_it() -> None:
    def grams(material: str, mass: str, tier: str) -> int:
        inputs = {"material": material, "mass": mass}
        return assess(RULES, Facts("recycling.drop_off", DAY, tier, inputs)).reduction_mg

    choices = RULES.versions["recycling.drop_off"][-1].inputs["material"].choices
    earning = [g for c in choices if c.value != "mixed" and (g := grams(c.value, "1", "T3"))]
    assert grams("mixed", "1", "T3") <= min(earning)
    assert grams("textile", "1", "T3") == 0
    assert grams("paper", "3", "T2") == grams("paper", "50", "T2") < grams("paper", "4", "T3")


def test_the_members_word_earns_at_most_twenty_points_a_day_over_all_kinds() -> None:
    random = Random(3)  # noqa: S311 - reproducible, no secret
    said = [
        action(methodology, random, "T0")
        for methodology in RULES.in_force(DAY)
        if "T0" in methodology.evidence.accepts
        for _ in range(6)
    ]
    first = assess_all(said)[1]
    assert first == 20_000
    for seed in range(5):
        assert assess_all(Random(seed).sample(said, len(said)))[1] == first  # noqa: S311


def test_the_members_word_takes_nothing_from_what_is_shown() -> None:
    trips = [Facts("commute.metro", DAY, tier, {"distance": "4"}) for tier in ("T0", "T4")]
    alone = assess_all(trips[1:])[1]
    assert assess_all(trips)[1] == assess_all(trips[::-1])[1] == alone + 5_000


def test_a_random_day_of_everything_is_the_same_in_any_order() -> None:
    """Counters shared between methodologies: trips, meals, office, learning, visits."""
    actions = [Facts(name, DAY, tier, dict(inputs)) for name, tier, inputs in HONEST_DAY] * 2
    first = assess_all(actions)
    for seed in range(20):
        shuffled = Random(seed).sample(actions, len(actions))  # noqa: S311 - reproducible
        assert assess_all(shuffled) == first


@pytest.mark.parametrize(
    "methodology, inputs, says",
    [
        ("commute.rule_135", {"mode": "walk", "distance": "1.1"}, "步行一程不超过 1 km"),
        ("commute.rule_135", {"mode": "cycle", "distance": "3.1"}, "骑车一程不超过 3 km"),
        ("commute.car_free_day", {"habit": "other", "restricted": "no"}, "平时自驾通勤"),
        ("commute.car_free_day", {"habit": "drives", "restricted": "yes"}, "限行日"),
        ("office.air_conditioning_set_point", {"temperature": "20.5"}, "冬季制热不高于 20 °C"),
    ],
)
def test_what_is_not_the_action_is_refused_with_what_to_do(
    shipped: Rulebook, methodology: str, inputs: dict[str, str], says: str
) -> None:
    with pytest.raises(FactsRefused, match=says):
        assess(shipped, Facts(methodology, DAY, "T4" if "rule" in methodology else "T0", inputs))


@pytest.mark.parametrize(
    "one, other, period",
    [
        ("commute.metro", "commute.bus", "trip"),
        ("commute.rule_135", "commute.walk", "trip"),
        ("commute.car_to_bus", "commute.metro", "trip"),
        ("commute.car_free_day", "commute.metro", "day"),
        ("commute.car_free_day", "commute.car_to_bus", "day"),
        ("commute.car_free_day", "commute.steps", "day"),
        ("commute.steps", "commute.walk", "day"),
        ("dining.small_portion", "dining.clean_plate", "meal"),
        ("office.air_conditioning_off", "office.air_conditioning_set_point", "day"),
        ("office.air_conditioning_off", "office.lights_off", "day"),
        ("dining.own_cup", "dining.finished_bottle", "day"),
    ],
)
def test_what_excludes_each_other_does_so_both_ways(
    shipped: Rulebook, one: str, other: str, period: str
) -> None:
    for first, second in ((one, other), (other, one)):
        excluded = shipped.methodology(first, DAY).excludes
        assert (second, period) in {(e.methodology_id, e.period) for e in excluded}


def test_every_trip_excludes_a_car_free_day_and_every_other_trip(shipped: Rulebook) -> None:
    trips = {m.id for m in shipped.in_force(DAY) if "distance" in m.inputs} - {
        "office.video_meeting"
    }
    assert len(trips) == 9
    for trip in trips:
        excluded = {(e.methodology_id, e.period) for e in shipped.methodology(trip, DAY).excludes}
        assert ("commute.car_free_day", "day") in excluded
        assert {(other, "trip") for other in trips - {trip}} <= excluded
