"""Assessing one action: facts in, integers and their explanation out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from credit_rules.counters import COUNTER_LIMIT, NANO_PER_MILLI, NOTHING, Used
from credit_rules.errors import FactsRefused, FieldProblem, NotInForce, nearest
from credit_rules.facts import Boost, Facts
from credit_rules.inputs import InputRefused
from credit_rules.methodology import Award, Methodology, Plan
from credit_rules.plan import TIER_SLOT
from credit_rules.trace import BonusTrace, Trace

_MISSING: Final = object()
_LONGEST_TIER: Final = 20


class Assessment(NamedTuple):
    """What one action earns.

    Args:
        reduction_mg: reduction in mg of CO2e, rounded down.
        points_mpt: points in milli-points, rounded down, without the bonus.
        bonus_mpt: what a campaign adds, in milli-points, to be paid from its budget.
        usage: what to add to each counter row, by key.
        ranked: whether an action of this tier of evidence counts in rankings.
        trace: how every number came about.
        methodology_id: the methodology.
        methodology_version: its version.
        digest: its digest.
    """

    reduction_mg: int
    points_mpt: int
    bonus_mpt: int
    usage: Mapping[str, Used]
    ranked: bool
    trace: Trace
    methodology_id: str
    methodology_version: int
    digest: str


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
    if facts.methodology_id != methodology.id or not methodology.holds(facts.on):
        raise _another(methodology, facts)
    plan = methodology.plan_on(facts.on)
    slots = plan.template.copy()
    _accept(methodology, plan, facts, slots)
    for run in plan.runs:
        run(slots)
    for condition in plan.required:
        if not slots[condition.slot]:
            raise FactsRefused([FieldProblem(condition.field, condition.message, "not_eligible")])
    return _settle(methodology, plan, facts, slots)


def _another(methodology: Methodology, facts: Facts) -> NotInForce:
    return NotInForce(
        facts.methodology_id,
        facts.on,
        f"手头的是 {methodology.id} 第 {methodology.version} 版，"
        f"自 {methodology.effective_from} 起生效，请换用当日有效的版本。",
    )


def _accept(methodology: Methodology, plan: Plan, facts: Facts, slots: list[int]) -> None:
    """Put the facts into their slots, refusing all that is wrong with them at once."""
    problems: list[FieldProblem] = []
    _set_tier(methodology, facts, slots, problems)
    _set_inputs(methodology, facts.inputs, slots, problems)
    if facts.used:
        _set_used(methodology, plan, facts.used, slots, problems)
    if facts.credited:
        _check_exclusions(methodology, facts.credited, problems)
    if facts.boost is not None:
        _check_boost(methodology, facts.boost, problems)
    if problems:
        raise FactsRefused(problems)


def _set_tier(
    methodology: Methodology, facts: Facts, slots: list[int], problems: list[FieldProblem]
) -> None:
    index = methodology.tier_index.get(facts.tier)
    if index is None:
        accepted = "、".join(f"{tier.name}（{tier.label}）" for tier in methodology.tiers)
        problems.append(
            FieldProblem(
                "tier",
                f"“{methodology.title}”不接受凭证等级“{facts.tier[:_LONGEST_TIER]}”，"
                f"可用：{accepted}。",
                "tier_not_accepted",
            )
        )
    else:
        slots[TIER_SLOT] = index


def _set_inputs(
    methodology: Methodology,
    inputs: Mapping[str, object],
    slots: list[int],
    problems: list[FieldProblem],
) -> None:
    slot = TIER_SLOT
    for reader in methodology.readers:
        slot += 1
        value = inputs.get(reader.spec.name, _MISSING)
        if value is _MISSING:
            problems.append(
                FieldProblem(reader.spec.name, f"请填写“{reader.spec.label}”。", "missing")
            )
            continue
        try:
            slots[slot] = reader.read(value)
        except InputRefused as refused:
            problems.append(refused.problem)
    if len(inputs) != slot or problems:
        for name in inputs:
            if name not in methodology.inputs:
                sentence = f"不认识“{str(name)[:40]}”。{nearest(str(name), methodology.inputs)}"
                problems.append(FieldProblem(str(name)[:40], sentence, "unknown_field"))


def _set_used(
    methodology: Methodology,
    plan: Plan,
    used: Mapping[str, Used],
    slots: list[int],
    problems: list[FieldProblem],
) -> None:
    for row in plan.rows:
        state = used.get(row.key, NOTHING)
        for lane, slot, _ in row.lanes:
            amount = state[lane]
            slots[slot] = amount
            if not 0 <= amount <= COUNTER_LIMIT:
                problems.append(_bad_counter(row.key))
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


def _settle(methodology: Methodology, plan: Plan, facts: Facts, slots: list[int]) -> Assessment:
    usage: dict[str, Used] = {}
    for row in plan.rows:
        amounts = [0, 0, 0, 0]
        claims = False
        for lane, used, claimed in row.lanes:
            amount = slots[claimed]
            if amount:
                claims = True
                amounts[lane] = amount
                if slots[used] + amount > COUNTER_LIMIT:
                    raise FactsRefused([_bad_counter(row.key)])
        if claims:
            usage[row.key] = Used(*amounts)
    reduction_mg = _rounded(plan.reduction, slots) if plan.reduction else 0
    points_mpt = _rounded(plan.points, slots)
    bonus = _bonus(methodology, facts, points_mpt, usage)
    tier = methodology.evidence.table.tiers[slots[TIER_SLOT]]
    return Assessment(
        reduction_mg,
        points_mpt,
        bonus.awarded_mpt if bonus else 0,
        usage,
        tier.ranked,
        Trace(methodology, plan, facts, slots, reduction_mg, points_mpt, bonus),
        methodology.id,
        methodology.version,
        methodology.digest,
    )


def _rounded(award: Award, slots: list[int]) -> int:
    """The one rounding: downwards, of the cumulative amount, so that fractions are never lost."""
    before, after = award.nano(slots)
    return after // NANO_PER_MILLI - before // NANO_PER_MILLI


def _bonus(
    methodology: Methodology, facts: Facts, points_mpt: int, usage: dict[str, Used]
) -> BonusTrace | None:
    boost, cap = facts.boost, methodology.bonus_cap
    if boost is None or cap is None:
        return None
    claimed = int(points_mpt * NANO_PER_MILLI * (Fraction(boost.multiplier) - 1))
    start = facts.used.get(cap.key, NOTHING).points_npt
    before = min(cap.limit_nano, start)
    after = min(cap.limit_nano, start + claimed)
    awarded = after // NANO_PER_MILLI - before // NANO_PER_MILLI
    if claimed:
        usage[cap.key] = Used(points_npt=claimed)
    return BonusTrace(cap, boost, start, claimed, awarded, min(awarded, boost.budget_left_mpt))
