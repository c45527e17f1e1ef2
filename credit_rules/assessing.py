"""Assessing one action: facts in, integers and their explanation out. Pure.

Facts that are right are read once, the plan runs once over their integers (the slots), and the
trace keeps those slots: what is explained is what was awarded, not a second run. Only when
something looks wrong is everything gone through for all that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from operator import add
from typing import Final, NamedTuple

from credit_rules.counters import COUNTER_LIMIT, MEASURES, NANO_PER_MILLI, NOTHING, CapSpec, Used
from credit_rules.deciding import with_decided
from credit_rules.errors import FactsRefused, FieldProblem, NotInForce, nearest
from credit_rules.facts import Boost, Facts
from credit_rules.inputs import InputRefused, InputValue
from credit_rules.methodology import DatedPlan, Methodology, ResultSlots
from credit_rules.plan import TIER_SLOT
from credit_rules.trace import BonusTrace, Trace, TraceBasis

_MISSING: Final = object()
_LONGEST_TIER: Final = 20
_new: Final = tuple.__new__
"""Makes a named tuple in half the time."""


class Assessment(NamedTuple):
    """What one action earns.

    Args:
        reduction_mg: reduction in mg of CO2e, rounded down.
        points_mpt: points in milli-points, rounded down, without the bonus.
        bonus_mpt: what a campaign adds, in milli-points, to be paid from its budget.
        usage: what to add to each counter row, by key.
        ranked: whether an action of this tier of evidence counts in rankings.
        trace: how every number came about.
    """

    reduction_mg: int
    points_mpt: int
    bonus_mpt: int
    usage: Mapping[str, Used]
    ranked: bool
    trace: Trace

    @property
    def methodology_id(self) -> str:
        """The methodology."""
        return self.trace.methodology.id

    @property
    def methodology_version(self) -> int:
        """Its version."""
        return self.trace.methodology.version

    @property
    def digest(self) -> str:
        """Its digest."""
        return self.trace.methodology.digest


def assess_methodology(methodology: Methodology, facts: Facts) -> Assessment:
    """Assess one action under a methodology.

    Args:
        methodology: the compiled methodology.
        facts: the facts of the action.

    Returns:
        The integers, what to add to the counters, and the trace.

    Raises:
        NotInForce: the methodology is another one, or not in force on that day.
        FactsRefused: an input, the tier, a counter, an exclusion or the boost is refused.
    """
    plan = methodology.in_force(facts.on)
    if plan is None or facts.methodology_id != methodology.id:
        raise _another(methodology, facts)
    if methodology.decided:
        facts = with_decided(methodology.decided, methodology.calendar, facts)
    numbers = _numbers(methodology, facts.tier, facts.inputs)
    used = _counters(methodology, plan, facts.used)
    if (
        numbers is None
        or used is None
        or not methodology.excluded_by.isdisjoint(facts.credited)
        or (facts.boost is not None and _boost_fault(methodology, facts.boost))
    ):
        raise FactsRefused(_problems(methodology, plan, facts))
    slots = plan.evaluate(numbers, used)
    for condition in plan.required:
        if not slots[condition.slot]:
            raise FactsRefused([FieldProblem(condition.field, condition.message, "not_eligible")])
    usage = _usage(plan, used, slots)
    reduction_mg = 0 if plan.reduction is None else _rounded(plan.reduction, slots)
    points_mpt = _rounded(plan.points, slots)
    bonus = None
    if facts.boost is not None and methodology.bonus_cap is not None:
        bonus = _bonus(facts.boost, methodology.bonus_cap, facts, points_mpt, usage)
    trace = Trace(
        _new(TraceBasis, (methodology, plan, facts.on, slots, reduction_mg, points_mpt, bonus))
    )
    ranked = methodology.ranked_tiers[slots[TIER_SLOT]]
    bonus_mpt = bonus.awarded_mpt if bonus else 0
    return _new(Assessment, (reduction_mg, points_mpt, bonus_mpt, usage, ranked, trace))


def _numbers(
    methodology: Methodology, tier: str, inputs: Mapping[str, InputValue]
) -> list[int] | None:
    """Tier and inputs as the integers that plans take; None where something is wrong."""
    try:
        numbers = [methodology.tier_index[tier]]
        for name, known, read in methodology.reads:
            value = inputs[name]
            number = known.get(value)
            if number is None:
                number = read(value)
            numbers.append(number)
    except (KeyError, TypeError, InputRefused):
        return None
    return numbers if len(numbers) == len(inputs) + 1 else None


def _counters(
    methodology: Methodology, plan: DatedPlan, used: Mapping[str, Used]
) -> list[Used] | None:
    """The counter rows in the order of the plan; None where something is wrong with one."""
    for key in used:
        if key not in methodology.cap_keys:
            return None
    rows = [used.get(row.key, NOTHING) for row in plan.rows]
    for row, state in zip(plan.rows, rows, strict=True):
        for measure, _, _ in row.measures:
            if not 0 <= state[measure] <= COUNTER_LIMIT:
                return None
    return rows


def _usage(plan: DatedPlan, used: Sequence[Used], slots: list[int]) -> dict[str, Used]:
    """What to add to each counter row.

    Raises:
        FactsRefused: a counter would be taken past its range.
    """
    found: dict[str, Used] = {}
    for row, before in zip(plan.rows, used, strict=True):
        measures = [0] * len(MEASURES)
        for measure, _, claimed in row.measures:
            measures[measure] = slots[claimed]
        if any(measures):
            if max(map(add, before, measures)) > COUNTER_LIMIT:
                raise FactsRefused([_bad_counter(row.key)])
            found[row.key] = Used(*measures)
    return found


def _rounded(award: ResultSlots, slots: list[int]) -> int:
    """The one rounding: downwards, of the cumulative amount, so that no fraction is lost."""
    before, after = award.nano(slots)
    return after // NANO_PER_MILLI - before // NANO_PER_MILLI


def _another(methodology: Methodology, facts: Facts) -> NotInForce:
    return NotInForce(
        facts.methodology_id,
        facts.on,
        f"手头的是 {methodology.id} 第 {methodology.version} 版，"
        f"自 {methodology.effective_from} 起生效，请换用当日有效的版本。",
    )


def _problems(methodology: Methodology, plan: DatedPlan, facts: Facts) -> list[FieldProblem]:
    """All that is wrong with the facts, at once."""
    problems: list[FieldProblem] = []
    _check_tier(methodology, facts, problems)
    _check_inputs(methodology, facts.inputs, problems)
    _check_used(methodology, plan, facts.used, problems)
    _check_exclusions(methodology, facts.credited, problems)
    if facts.boost is not None and (fault := _boost_fault(methodology, facts.boost)):
        problems.append(FieldProblem("boost", fault, "boost_not_allowed"))
    return problems


def _check_tier(methodology: Methodology, facts: Facts, problems: list[FieldProblem]) -> None:
    if facts.tier not in methodology.tier_index:
        accepted = "、".join(f"{tier.name}（{tier.label}）" for tier in methodology.tiers)
        problems.append(
            FieldProblem(
                "tier",
                f"“{methodology.title}”不接受凭证等级“{facts.tier[:_LONGEST_TIER]}”，"
                f"可用：{accepted}。",
                "tier_not_accepted",
            )
        )


def _check_inputs(
    methodology: Methodology, inputs: Mapping[str, object], problems: list[FieldProblem]
) -> None:
    for reader in methodology.readers:
        value = inputs.get(reader.spec.name, _MISSING)
        if value is _MISSING:
            problems.append(
                FieldProblem(reader.spec.name, f"请填写“{reader.spec.label}”。", "missing")
            )
            continue
        try:
            reader.read(value)
        except InputRefused as refused:
            problems.append(refused.problem)
    for name in inputs:
        if name not in methodology.inputs:
            sentence = f"不认识“{str(name)[:40]}”。{nearest(str(name), methodology.inputs)}"
            problems.append(FieldProblem(str(name)[:40], sentence, "unknown_field"))


def _check_used(
    methodology: Methodology,
    plan: DatedPlan,
    used: Mapping[str, Used],
    problems: list[FieldProblem],
) -> None:
    for row in plan.rows:
        state = used.get(row.key, NOTHING)
        problems.extend(
            _bad_counter(row.key)
            for measure, _, _ in row.measures
            if not 0 <= state[measure] <= COUNTER_LIMIT
        )
    problems.extend(
        FieldProblem(
            f"used.{key}",
            f"没有计数器“{key}”。{nearest(key, methodology.cap_keys)}",
            "unknown_field",
        )
        for key in used
        if key not in methodology.cap_keys
    )


def _bad_counter(key: str) -> FieldProblem:
    return FieldProblem(
        f"used.{key}", "累计量超出可记录的范围，请联系管理员核对本周期的记录。", "counter_range"
    )


def _check_exclusions(
    methodology: Methodology,
    credited: frozenset[tuple[str, str]],
    problems: list[FieldProblem],
) -> None:
    problems.extend(
        FieldProblem(
            "credited",
            f"同一{_PERIODS[exclusion.period]}已按“{exclusion.methodology_id}”计入，"
            f"不能再计“{methodology.title}”；如记录有误，请先撤销那一笔。",
            "excluded",
        )
        for exclusion in methodology.excludes
        if (exclusion.methodology_id, exclusion.period) in credited
    )


_PERIODS: Final = {
    "trip": "行程",
    "meal": "餐次",
    "day": "日",
    "week": "周",
    "month": "月",
    "year": "年",
}


def _boost_fault(methodology: Methodology, boost: Boost) -> str:
    """What is wrong with a campaign's multiplier, as a sentence; empty where it is right."""
    bonus, multiplier = methodology.bonus, boost.multiplier
    if bonus is None:
        return f"“{methodology.title}”不参加活动加成，请从活动中移除。"
    if not multiplier.is_finite() or not 1 < multiplier <= bonus.maximum:
        return f"活动倍数须大于 1、不超过 {bonus.maximum}，请调整活动。"
    if int(multiplier.as_tuple().exponent) < -2:
        return "活动倍数最多两位小数，请调整活动。"
    if not 0 <= boost.budget_left_mpt <= COUNTER_LIMIT:
        return "活动剩余预算超出范围，请核对活动预算。"
    return ""


def _bonus(
    boost: Boost, cap: CapSpec, facts: Facts, points_mpt: int, usage: dict[str, Used]
) -> BonusTrace:
    claimed = int(points_mpt * NANO_PER_MILLI * (Fraction(boost.multiplier) - 1))
    start = facts.used.get(cap.key, NOTHING).points_npt
    if not 0 <= start <= COUNTER_LIMIT - claimed:
        raise FactsRefused([_bad_counter(cap.key)])
    before = min(cap.limit_nano, start)
    after = min(cap.limit_nano, start + claimed)
    awarded = after // NANO_PER_MILLI - before // NANO_PER_MILLI
    if claimed:
        usage[cap.key] = Used(points_npt=claimed)
    return BonusTrace(cap, boost, start, claimed, awarded, min(awarded, boost.budget_left_mpt))
