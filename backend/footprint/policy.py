"""How logged actions enter a footprint: kilometres of trips, reductions of the rest. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

from credit_rules import Rulebook
from credit_rules.footprint import ActionTotals, Questionnaire

_DISTANCE: Final = "distance"
# The mode of a kind of trip; where the kind leaves it open, its choice `mode` says.
_MODES: Final[Mapping[str, str]] = {
    "commute.metro": "metro",
    "commute.bus": "bus",
    "commute.bicycle": "bicycle",
    "commute.ebike_own": "ebike",
    "commute.ebike_shared": "ebike",
    "commute.walk": "walking",
}
_CHOSEN_MODES: Final[Mapping[str, str]] = {
    "walk": "walking",
    "cycle": "bicycle",
    "bus": "bus",
    "metro": "metro",
}


class Trip(NamedTuple):
    """Trips of one kind and the same facts: methodology, version, facts, how many."""

    methodology_id: str
    version: int
    facts: Mapping[str, str]
    times: int


class Saved(NamedTuple):
    """What the actions of one methodology avoided, in mg of CO2e."""

    methodology_id: str
    version: int
    reduction_mg: int


def is_trip(methodology_id: str, facts: Mapping[str, str]) -> bool:
    """Whether an action is a trip whose kilometres take the place of others."""
    return _mode(methodology_id, facts) is not None and _DISTANCE in facts


def totals_of(
    rulebook: Rulebook,
    questionnaire: Questionnaire,
    *,
    trips: Iterable[Trip],
    saved: Iterable[Saved],
) -> ActionTotals:
    """What a member's actions of a year amount to in their footprint.

    Args:
        rulebook: with every version the actions were credited under.
        questionnaire: the version the footprint is reckoned with.
        trips: those for which `is_trip` holds.
        saved: the reductions of all other actions.
    """
    kilometres: dict[str, Fraction] = {}
    for trip in trips:
        mode = _mode(trip.methodology_id, trip.facts)
        if mode is not None:
            distance = _kilometres(rulebook, trip) * trip.times
            kilometres[mode] = kilometres.get(mode, Fraction()) + distance
    reductions: dict[str, Fraction] = {}
    for each in saved:
        methodology = rulebook.version(each.methodology_id, each.version)
        category = methodology.footprint_category
        if category in questionnaire.categories:
            share = each.reduction_mg * methodology.footprint_share
            reductions[category] = reductions.get(category, Fraction()) + share
    return ActionTotals(
        reductions_mg={category: int(total) for category, total in reductions.items()},
        kilometres={mode: _within(questionnaire, mode, km) for mode, km in kilometres.items()},
    )


def _mode(methodology_id: str, facts: Mapping[str, str]) -> str | None:
    if methodology_id in {"commute.rule_135", "commute.car_to_bus"}:
        return _CHOSEN_MODES.get(facts.get("mode", ""))
    return _MODES.get(methodology_id)


def _kilometres(rulebook: Rulebook, trip: Trip) -> Fraction:
    """The distance of one trip; it was accepted with the unit it was told in."""
    readers = rulebook.version(trip.methodology_id, trip.version).readers
    reader = next(each for each in readers if each.spec.name == _DISTANCE)
    return Fraction(reader.shown(reader.read(trip.facts[_DISTANCE])))


def _within(questionnaire: Questionnaire, mode: str, kilometres: Fraction) -> Decimal:
    """Kilometres of a year in whole steps, at most what the questionnaire takes."""
    spec = questionnaire.replacements[mode].reader.spec
    step, most = Fraction(spec.step or 1), Fraction(spec.maximum or 0)
    steps = min(kilometres, most) // step
    return Decimal(steps) * (spec.step or Decimal(1))
