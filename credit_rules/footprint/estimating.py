"""Estimating the footprint of one person and year: answers and logged actions in, ranges out.

All reckoning is in whole numbers: each line is rounded once, to the milligram, and sums of lines
are exact. Lows add to the low total and highs to the high one, as if all errors went the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from credit_rules.errors import FactsRefused, FieldProblem, nearest
from credit_rules.footprint.answers import ActionTotals, read_actions, read_answers
from credit_rules.footprint.model import NOTHING, FactorRate, Held, Line, Questionnaire, Triple
from credit_rules.inputs import InputValue

_ONE = Held(Triple(1, 1, 1), None)
_FIRST = Held(Triple(0, 0, 0), None)


class LineAmount(NamedTuple):
    """What one line came to.

    Args:
        line: the line.
        rate: the factor used.
        quantity: whole steps in the year, with what logged kilometres changed.
        replaced: whole steps of an assumption that logged kilometres took off.
        added: whole steps that logged kilometres added to an assumption.
        mg: milligrams of CO2e.
        assumed: whether any part of it was assumed.
        logged: whether it stands for logged kilometres alone.
    """

    line: Line
    rate: FactorRate
    quantity: Triple
    replaced: Triple
    added: Triple
    mg: Triple
    assumed: bool
    logged: bool


class CategoryAmount(NamedTuple):
    """What one category came to.

    Args:
        name: the footprint category.
        mg: milligrams of CO2e after logged reductions.
        deducted: milligrams of logged reductions taken off what was assumed in it.
        logged_mg: all logged reductions of the category.
    """

    name: str
    mg: Triple
    deducted: Triple
    logged_mg: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The footprint of one person and year.

    Args:
        questionnaire: the version it was reckoned with.
        region: the region whose electricity and assumptions were used.
        radiative_forcing: whether non-CO2 effects of aviation are in it.
        held: the value of every question.
        lines: every line.
        categories: every category, in the order of the rulebook.
        covered: modes of logged travel that changed nothing, since an answer covers them.
        total: milligrams of CO2e.
    """

    questionnaire: Questionnaire
    region: str
    radiative_forcing: bool
    held: Mapping[str, Held]
    lines: tuple[LineAmount, ...]
    categories: tuple[CategoryAmount, ...]
    covered: tuple[str, ...]
    total: Triple

    @property
    def assumed(self) -> tuple[str, ...]:
        """Names of the questions that were left out."""
        return tuple(name for name, held in self.held.items() if held.assumption is not None)


def estimate(
    questionnaire: Questionnaire,
    answers: Mapping[str, InputValue],
    *,
    region: str | None = None,
    radiative_forcing: bool = False,
    actions: ActionTotals | None = None,
) -> Estimate:
    """Estimate the annual footprint of one person.

    Args:
        questionnaire: the version in force on the day.
        answers: answers by name of the question: text, int or Decimal. Questions left out take
            the named assumption of the region and are marked.
        region: a region of the questionnaire; None for its default.
        radiative_forcing: count the non-CO2 effects of aviation.
        actions: totals of the actions logged in that year.

    Returns:
        Low, middle and high in whole milligrams of CO2e, by line and category.

    Raises:
        FactsRefused: with every field that cannot be used; nothing is reckoned.
    """
    place = questionnaire.default_region if region is None else region
    if place not in questionnaire.regions:
        sentence = f"没有地区“{place[:20]}”的电力因子。{nearest(place, questionnaire.regions)}"
        raise FactsRefused([FieldProblem("region", sentence, "unknown_choice")])
    held = read_answers(questionnaire, place, answers)
    logged = read_actions(questionnaire, actions) if actions else {}
    refined = _refined(questionnaire, held, logged)
    lines = _lines(questionnaire, held, refined, place, forced=radiative_forcing)
    reductions = actions.reductions_mg if actions else {}
    categories = _categories(questionnaire, lines, reductions)
    total = NOTHING
    for category in categories:
        total = total.plus(category.mg)
    return Estimate(
        questionnaire=questionnaire,
        region=place,
        radiative_forcing=radiative_forcing,
        held=held,
        lines=tuple(lines),
        categories=categories,
        covered=refined.covered,
        total=total,
    )


class _Refined(NamedTuple):
    """What logged kilometres change: by line taken off and added, modes of their own, covered."""

    replaced: Mapping[str, Triple]
    added: Mapping[str, Triple]
    alone: Mapping[str, Triple]
    covered: tuple[str, ...]


def _refined(
    questionnaire: Questionnaire, held: Mapping[str, Held], logged: Mapping[str, int]
) -> _Refined:
    """Logged kilometres refine what was left out; an answer covers its period and stays.

    A mode that a question asks about has at least the kilometres logged. What exceeds the
    assumption (all of it, for a mode that no question asks about) was not driven, if driving was
    assumed, too: as many kilometres are taken off, down to zero.
    """
    lines = {line.name: line for line in questionnaire.lines}
    replaced: dict[str, Triple] = {}
    added: dict[str, Triple] = {}
    alone: dict[str, Triple] = {}
    covered: list[str] = []
    for mode, steps in logged.items():
        known, more = questionnaire.logged_modes[mode], Triple(steps, steps, steps)
        if known.line.question is None:
            alone[mode] = more
        elif _answered(known.line, held):
            covered.append(mode)
            continue
        else:
            more = more.less(_annual(known.line, held))
            added[known.line.name] = more
        target = lines[known.replaces]
        if not _answered(target, held):
            taken = replaced.get(target.name, NOTHING).plus(more)
            replaced[target.name] = taken.at_most(_annual(target, held))
    return _Refined(replaced, added, alone, tuple(covered))


def _answered(line: Line, held: Mapping[str, Held]) -> bool:
    return line.question is not None and held[line.question.name].assumption is None


def _lines(
    questionnaire: Questionnaire,
    held: Mapping[str, Held],
    refined: _Refined,
    region: str,
    *,
    forced: bool,
) -> list[LineAmount]:
    found = [_amount(line, held, region, refined, forced=forced) for line in questionnaire.lines]
    for mode, quantity in refined.alone.items():
        line = questionnaire.logged_modes[mode].line
        rate = line.rates[0, region, forced]
        mg = _milligrams(quantity, rate, _ONE.values)
        found.append(
            LineAmount(line, rate, quantity, NOTHING, NOTHING, mg, assumed=False, logged=True)
        )
    return found


def _amount(
    line: Line, held: Mapping[str, Held], region: str, refined: _Refined, *, forced: bool
) -> LineAmount:
    asked = held[line.question.name] if line.question is not None else None
    shared = held[line.divisor.name] if line.divisor is not None else None
    chosen = held[line.selector.name] if line.selector is not None else None
    rate = line.rates[(chosen or _FIRST).values.mid, region, forced]
    replaced = refined.replaced.get(line.name, NOTHING)
    added = refined.added.get(line.name, NOTHING)
    quantity = _annual(line, held).less(replaced).plus(added)
    assumed = asked is None
    for value in (asked, shared, chosen):
        assumed = assumed or (value is not None and value.assumption is not None)
    mg = _milligrams(quantity, rate, (shared or _ONE).values)
    return LineAmount(line, rate, quantity, replaced, added, mg, assumed=assumed, logged=False)


def _annual(line: Line, held: Mapping[str, Held]) -> Triple:
    """Whole steps of the year."""
    times = line.period.times
    if line.question is not None:
        low, mid, high = held[line.question.name].values
        return Triple(low * times, mid * times, high * times)
    low = mid = high = line.constant
    for name in line.remainder:
        values = held[name].values
        low, mid, high = low - values.high, mid - values.mid, high - values.low
    return Triple(low * times, mid * times, high * times)


def _milligrams(quantity: Triple, rate: FactorRate, shared: Triple) -> Triple:
    """Steps times the factor, shared; rounded half up to the milligram."""
    numerators, denominator = rate.numerators, rate.denominator
    by_low, by_mid, by_high = (
        denominator * shared.low,
        denominator * shared.mid,
        denominator * shared.high,
    )
    return Triple(
        (2 * quantity.low * numerators.low + by_high) // (2 * by_high),
        (2 * quantity.mid * numerators.mid + by_mid) // (2 * by_mid),
        (2 * quantity.high * numerators.high + by_low) // (2 * by_low),
    )


def _categories(
    questionnaire: Questionnaire, lines: list[LineAmount], reductions: Mapping[str, int]
) -> tuple[CategoryAmount, ...]:
    """Sums by category; logged reductions are taken off what was assumed, never off answers."""
    sums = {name: [0, 0, 0] for name in questionnaire.categories}
    open_to = {name: [0, 0, 0] for name in reductions}
    for amount in lines:
        name = amount.line.category
        low, mid, high = amount.mg
        for ends in (sums[name], open_to.get(name) if amount.assumed else None):
            if ends is not None:
                ends[0] += low
                ends[1] += mid
                ends[2] += high
    found = []
    for name, ends in sums.items():
        reduction, mg, deducted = reductions.get(name, 0), Triple(*ends), NOTHING
        if reduction:
            deducted = Triple(*open_to[name]).at_most(Triple(reduction, reduction, reduction))
            mg = mg.less(deducted)
        found.append(CategoryAmount(name, mg, deducted, reduction))
    return tuple(found)
