"""One rule in other engines: the same integers, or the benchmark fails.

They are given numbers, check nothing and explain nothing; ours reads texts, checks them and keeps
what the explanation needs.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import rule_engine
import zen
from json_logic import jsonLogic

from benchmarks import by_hand
from benchmarks.timing import best_of
from credit_rules import Facts, Methodology, Used, assess

ROUNDS: Final = 5
Ride = Mapping[str, int]
"""Tenths of a kilometre of a ride, and what was used before: `d`, `r` mg, `k` tenths, `p` mpt."""
Award = tuple[int, int]


@dataclass(frozen=True, slots=True)
class EngineFigures:
    """Microseconds of processor time per ride: by hand, ours, and others by name."""

    by_hand_us: float
    ours_us: float
    others_us: Mapping[str, float]


def compare(methodology: Methodology, rides: Sequence[Ride]) -> EngineFigures:
    """Times the rule `bench.metro` in every engine on the same rides.

    Raises:
        AssertionError: an engine gives other integers.
    """
    expected = [by_hand.metro(r["d"], r["r"], r["k"], r["p"]) for r in rides]
    facts = [_facts(methodology, ride) for ride in rides]
    others: dict[str, Callable[[Ride], Award]] = {
        "zen-engine": _zen(),
        "rule-engine": _rule_engine(),
        "json-logic-qubit": _json_logic(),
    }
    ours = [assess(methodology, one) for one in facts]
    assert [(a.reduction_mg, a.points_mpt) for a in ours] == expected, "ours"
    for name, award in others.items():
        assert [award(ride) for ride in rides] == expected, name
    runs: list[Callable[[], object]] = [
        lambda: [by_hand.metro(r["d"], r["r"], r["k"], r["p"]) for r in rides],
        lambda: [assess(methodology, one) for one in facts],
        *(_each(award, rides) for award in others.values()),
    ]
    hand, own, *rest = (seconds / len(rides) * 1e6 for seconds in best_of(ROUNDS, *runs))
    return EngineFigures(hand, own, dict(zip(others, rest, strict=True)))


def _each(award: Callable[[Ride], Award], rides: Sequence[Ride]) -> Callable[[], object]:
    return lambda: [award(ride) for ride in rides]


def _facts(methodology: Methodology, ride: Ride) -> Facts:
    used = Used(ride["r"] * 10**6, ride["p"] * 10**6, ride["k"] * 10**8)
    distance = f"{ride['d'] // 10}.{ride['d'] % 10}"
    day = methodology.effective_from
    return Facts(methodology.id, day, "T4", {"distance": distance}, {"bench.metro:day": used})


def _tiers(tenths: str) -> str:
    return (
        f"({tenths} <= 50 ? 600 * {tenths} : "
        f"({tenths} <= 200 ? 10000 + 400 * {tenths} : 70000 + 100 * {tenths}))"
    )


def _capped(amount: str, limit: int) -> str:
    return f"({amount} < {limit} ? {amount} : {limit})"


_REDUCTION: Final = f"{_capped('(r + 13000 * d)', 5_000_000)} - {_capped('r', 5_000_000)}"
_CLAIMED: Final = f"(p + {_tiers('(k + d)')} - {_tiers('k')})"
_POINTS: Final = f"{_capped(_CLAIMED, 100_000)} - {_capped('p', 100_000)}"


def _zen() -> Callable[[Ride], Award]:
    both = zen.compile_expression(f"[{_REDUCTION}, {_POINTS}]")

    def award(ride: Ride) -> Award:
        mg, mpt = both.evaluate(dict(ride))
        return int(mg), int(mpt)

    return award


def _rule_engine() -> Callable[[Ride], Award]:
    both = rule_engine.Rule(f"[{_REDUCTION}, {_POINTS}]")

    def award(ride: Ride) -> Award:
        mg, mpt = both.evaluate(ride)
        return int(mg), int(mpt)

    return award


def _json_logic() -> Callable[[Ride], Award]:
    def var(name: str) -> object:
        return {"var": name}

    def tiers(tenths: object) -> object:
        return {
            "if": [
                {"<=": [tenths, 50]},
                {"*": [600, tenths]},
                {"<=": [tenths, 200]},
                {"+": [10_000, {"*": [400, tenths]}]},
                {"+": [70_000, {"*": [100, tenths]}]},
            ]
        }

    def difference(after: object, before: object, limit: int) -> object:
        return {"-": [{"min": [after, limit]}, {"min": [before, limit]}]}

    claimed = {"+": [var("r"), {"*": [13_000, var("d")]}]}
    earned = {"-": [tiers({"+": [var("k"), var("d")]}), tiers(var("k"))]}
    reduction = json.loads(json.dumps(difference(claimed, var("r"), 5_000_000)))
    points = json.loads(json.dumps(difference({"+": [var("p"), earned]}, var("p"), 100_000)))

    def award(ride: Ride) -> Award:
        return int(jsonLogic(reduction, ride)), int(jsonLogic(points, ride))

    return award
