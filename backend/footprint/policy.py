"""How logged actions enter a footprint: kilometres of trips, reductions of the rest. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Final

from backend.actions.totals import MemberTotal
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


def totals_of(
    rulebook: Rulebook, questionnaire: Questionnaire, actions: Iterable[MemberTotal]
) -> ActionTotals:
    """What a member's actions of a year amount to in their footprint.

    Args:
        rulebook: with every version the actions were credited under.
        questionnaire: the version the footprint is reckoned with.
        actions: what they did, on whatever evidence.
    """
    kilometres: dict[str, Fraction] = {}
    reductions: dict[str, Fraction] = {}
    for each in actions:
        mode = _mode(each.methodology_id, each.facts)
        if mode is not None:
            distance = _kilometres(rulebook, each) * each.times
            kilometres[mode] = kilometres.get(mode, Fraction()) + distance
            continue
        methodology = rulebook.version(each.methodology_id, each.methodology_version)
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


def _kilometres(rulebook: Rulebook, trip: MemberTotal) -> Fraction:
    """The distance of one trip; it was accepted with the unit it was told in."""
    readers = rulebook.version(trip.methodology_id, trip.methodology_version).readers
    reader = next(each for each in readers if each.spec.name == _DISTANCE)
    return Fraction(reader.shown(reader.read(trip.facts[_DISTANCE])))


def _within(questionnaire: Questionnaire, mode: str, kilometres: Fraction) -> Decimal:
    """Kilometres of a year in whole steps, at most what the questionnaire takes."""
    spec = questionnaire.logged_modes[mode].reader.spec
    step, most = Fraction(spec.step or 1), Fraction(spec.maximum or 0)
    steps = min(kilometres, most) // step
    return Decimal(steps) * (spec.step or Decimal(1))
