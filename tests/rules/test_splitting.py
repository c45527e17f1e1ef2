"""Splitting and taking back, for every shipped methodology: exact, whatever came before."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest

from credit_rules import Facts, InputSpec, Methodology
from tests.rules.test_methodologies import (
    DAY,
    RULES,
    Counters,
    Value,
    action,
    after,
    assess_all,
    every,
    tried,
)

# Each act counts as such there: a ride, a bottle, a report. Falling tiers of acts limit it.
ACTS_COUNT = {
    "commute.bicycle",
    "commute.bus",
    "commute.car_to_bus",
    "commute.carpool",
    "commute.ebike_own",
    "commute.ebike_shared",
    "commute.metro",
    "commute.rule_135",
    "commute.walk",
    "dining.finished_bottle",
    "office.water_saved",
}
# What nothing weighed is believed 3 kg a visit, so that visits count; what was weighed does not.
WEIGHED = {"recycling.drop_off": "T3"}
divisible = pytest.mark.parametrize(
    "methodology",
    [m for m in RULES.in_force(DAY) if any(spec.unit for spec in m.inputs.values())],
    ids=lambda m: m.id,
)


def quantities(methodology: Methodology) -> list[InputSpec]:
    """Inputs that come in parts; a temperature does not."""
    units = ((spec, spec.unit.text) for spec in methodology.inputs.values() if spec.unit)
    return [spec for spec, unit in units if unit != "degree"]


def halves(spec: InputSpec, value: Value, random: Random) -> tuple[Value, Value] | None:
    """Two values within the bounds that come to the given one; None where there are none."""
    low, _, step = spec.bounds
    whole, least = int(Decimal(value) / step), -int(-low // step)
    if whole < 2 * least:
        return None
    part = random.randint(least, whole - least)
    return part * step, (whole - part) * step


def split(methodology: Methodology, facts: Facts, random: Random) -> tuple[Facts, Facts] | None:
    first, second = dict(facts.inputs), dict(facts.inputs)
    for spec in quantities(methodology):
        parts = halves(spec, facts.inputs[spec.name], random)
        if parts is None:
            return None
        first[spec.name], second[spec.name] = parts
    return (
        Facts(facts.methodology_id, facts.on, facts.tier, first),
        Facts(facts.methodology_id, facts.on, facts.tier, second),
    )


def awarded(actions: tuple[Facts, ...], used: Counters) -> tuple[int, int] | None:
    """Milligrams and milli-points of actions one after another; None where one is refused."""
    reduction = points = 0
    for facts in actions:
        result = tried(facts, used)
        if result is None:
            return None
        used = after(used, result)
        reduction, points = reduction + result.reduction_mg, points + result.points_mpt
    return reduction, points


def pairs(methodology: Methodology) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """What an action earns in one and in two pieces, after a day of other actions."""
    random = Random(methodology.id)  # noqa: S311 - reproducible days, no secret
    for _ in range(120):
        facts = action(methodology, random, WEIGHED.get(methodology.id, ""))
        before = assess_all(action(methodology, random) for _ in range(random.randint(0, 3)))[2]
        parts = split(methodology, facts, random)
        whole = awarded((facts,), before)
        pieces = awarded(parts, before) if parts is not None else None
        if whole is not None and pieces is not None:
            yield whole, pieces


@divisible
def test_an_action_in_two_pieces_saves_exactly_the_same(methodology: Methodology) -> None:
    tried_out = list(pairs(methodology))
    assert len(tried_out) >= 20
    assert all(whole[0] == pieces[0] for whole, pieces in tried_out)
    if methodology.id in ACTS_COUNT:
        assert all(whole[1] <= pieces[1] for whole, pieces in tried_out)
    else:
        assert all(whole[1] == pieces[1] for whole, pieces in tried_out)


@every
def test_taking_back_any_action_never_takes_from_the_others(methodology: Methodology) -> None:
    """Assessed anew the others get what they had or more, but for the rounding of one unit."""
    random = Random(methodology.id)  # noqa: S311 - reproducible days, no secret
    for _ in range(40):
        actions = [action(methodology, random) for _ in range(4)]
        awards: list[tuple[int, int]] = []
        used: Counters = {}
        for facts in actions:
            result = tried(facts, used)
            awards.append((result.reduction_mg, result.points_mpt) if result else (0, 0))
            used = after(used, result) if result else used
        total = [sum(each) for each in zip(*awards, strict=True)]
        for index, own in enumerate(awards):
            *rest, _ = assess_all([*actions[:index], *actions[index + 1 :]])
            for left, whole, taken in zip(rest, total, own, strict=True):
                assert whole - taken - 1 <= left <= whole
