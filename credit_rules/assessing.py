"""Assessing one action: facts in, integers and their explanation out. Pure.

What is right takes the short way: tier and inputs are read, and the plan runs as the function that
was written for them. What is unusual, looks wrong or comes for the first time takes the careful
way: everything is gone through for all that is wrong, and the whole plan runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from operator import add
from typing import Final, NamedTuple

from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI, NOTHING, CapSpec, Used
from credit_rules.errors import FactsRefused, FieldProblem, NotInForce, nearest
from credit_rules.facts import Boost, Facts
from credit_rules.inputs import InputRefused, InputValue
from credit_rules.methodology import Award, Methodology, Plan
from credit_rules.plan import TIER_SLOT
from credit_rules.trace import Basis, BonusTrace, Trace
from credit_rules.writing import write

_MISSING: Final = object()
_LONGEST_TIER: Final = 20
_WORTH_WRITING: Final = 16
"""So many assessments by the whole plan take about as long as writing it out. Worked examples,
which run when a file is loaded, stay below."""
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
    accepted = accept(methodology, facts.tier, facts.inputs)
    if accepted is None:
        raise FactsRefused(_problems(methodology, plan, facts))
    index, numbers = accepted
    award = plan.written.get(index)
    if (
        award is not None
        and facts.boost is None
        and (not facts.credited or methodology.excluded_by.isdisjoint(facts.credited))
    ):
        found = award(numbers, facts.used)
        if found is not None:
            reduction_mg, points_mpt, usage, used = found
            basis = (methodology, plan, facts.on, numbers, used, reduction_mg, points_mpt, None)
            trace = Trace(_new(Basis, basis))
            ranked = methodology.ranked_tiers[numbers[TIER_SLOT]]
            return _new(Assessment, (reduction_mg, points_mpt, 0, usage, ranked, trace))
    result = _carefully(methodology, plan, facts, numbers)
    _write_in_time(methodology, plan, index, numbers)
    return result


def accept(
    methodology: Methodology, tier: str, inputs: Mapping[str, InputValue]
) -> tuple[int, list[int]] | None:
    """The number of tier and choices, and what plans take; None where something is wrong.

    Args:
        methodology: the compiled methodology.
        tier: the tier of evidence.
        inputs: the value of each input.

    Returns:
        The number under which `Plan.written` is kept; the index of the tier, then the inputs.
    """
    try:
        index = methodology.tier_index[tier]
        numbers = [index]
        for name, known, read, weight in methodology.reads:
            value = inputs[name]
            number = known.get(value)
            if number is None:
                number = read(value)
            numbers.append(number)
            index += number * weight
    except (KeyError, TypeError, InputRefused):
        return None
    return (index, numbers) if len(numbers) == len(inputs) + 1 else None


def _write_in_time(
    methodology: Methodology, plan: Plan, index: int, numbers: Sequence[int]
) -> None:
    """Write the plan out for the next action of this kind, once there were enough of them."""
    uses = plan.uses[index] = plan.uses.get(index, 0) + 1
    if uses == _WORTH_WRITING and plan.small:
        plan.written[index] = write(methodology, plan, numbers).award()


def _carefully(
    methodology: Methodology, plan: Plan, facts: Facts, numbers: Sequence[int]
) -> Assessment:
    """Assess by the whole plan, after everything was looked at."""
    problems = _problems(methodology, plan, facts)
    if problems:
        raise FactsRefused(problems)
    used = tuple(facts.used.get(row.key, NOTHING) for row in plan.rows)
    slots = plan.whole(numbers, used)
    for condition in plan.required:
        if not slots[condition.slot]:
            raise FactsRefused([FieldProblem(condition.field, condition.message, "not_eligible")])
    usage = _usage(plan, used, slots)
    reduction_mg = 0 if plan.reduction is None else _rounded(plan.reduction, slots)
    points_mpt = _rounded(plan.points, slots)
    bonus = None
    if facts.boost is not None and methodology.bonus_cap is not None:
        bonus = _bonus(facts.boost, methodology.bonus_cap, facts, points_mpt, usage)
    bonus_mpt = bonus.awarded_mpt if bonus else 0
    ranked = methodology.ranked_tiers[numbers[TIER_SLOT]]
    trace = Trace(
        Basis(methodology, plan, facts.on, numbers, used, reduction_mg, points_mpt, bonus)
    )
    return Assessment(reduction_mg, points_mpt, bonus_mpt, usage, ranked, trace)


def _usage(plan: Plan, used: Sequence[Used], slots: list[int]) -> dict[str, Used]:
    """What to add to each counter row.

    Raises:
        FactsRefused: a counter would be taken past its range.
    """
    found: dict[str, Used] = {}
    for row, before in zip(plan.rows, used, strict=True):
        lanes = [0] * len(LANES)
        for lane, _, claimed in row.lanes:
            lanes[lane] = slots[claimed]
        if any(lanes):
            if max(map(add, before, lanes)) > COUNTER_LIMIT:
                raise FactsRefused([_bad_counter(row.key)])
            found[row.key] = Used(*lanes)
    return found


def _rounded(award: Award, slots: list[int]) -> int:
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


def _problems(methodology: Methodology, plan: Plan, facts: Facts) -> list[FieldProblem]:
    """All that is wrong with the facts, at once."""
    problems: list[FieldProblem] = []
    _check_tier(methodology, facts, problems)
    _check_inputs(methodology, facts.inputs, problems)
    _check_used(methodology, plan, facts.used, problems)
    _check_exclusions(methodology, facts.credited, problems)
    if facts.boost is not None:
        _check_boost(methodology, facts.boost, problems)
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
    plan: Plan,
    used: Mapping[str, Used],
    problems: list[FieldProblem],
) -> None:
    for row in plan.rows:
        state = used.get(row.key, NOTHING)
        problems.extend(
            _bad_counter(row.key)
            for lane, _, _ in row.lanes
            if not 0 <= state[lane] <= COUNTER_LIMIT
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


def _check_boost(methodology: Methodology, boost: Boost, problems: list[FieldProblem]) -> None:
    bonus, multiplier = methodology.bonus, boost.multiplier
    if bonus is None:
        sentence = f"“{methodology.title}”不参加活动加成，请从活动中移除。"
    elif not multiplier.is_finite() or not 1 < multiplier <= bonus.maximum:
        sentence = f"活动倍数须大于 1、不超过 {bonus.maximum}，请调整活动。"
    elif int(multiplier.as_tuple().exponent) < -2:
        sentence = "活动倍数最多两位小数，请调整活动。"
    elif not 0 <= boost.budget_left_mpt <= COUNTER_LIMIT:
        sentence = "活动剩余预算超出范围，请核对活动预算。"
    else:
        return
    problems.append(FieldProblem("boost", sentence, "boost_not_allowed"))


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
