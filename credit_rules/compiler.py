"""Compiling a methodology document: units, bounds and order are checked, closures are made."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import cast

from credit_rules.blocks import BLOCKS
from credit_rules.canonical import digest
from credit_rules.counters import COUNTER_LIMIT, MEASURES, NANO, CapSpec, counter_key
from credit_rules.errors import Problem, nearest
from credit_rules.inputs import reader_of
from credit_rules.lowering import Lowering, Poisoned, StepFailed
from credit_rules.methodology import CounterRow, DatedPlan, Methodology, ResultSlots
from credit_rules.model import Exclusion, MethodologyDoc
from credit_rules.units import CO2E, POINT, Dimension, parse_unit
from credit_rules.values import Counted, CounterField, Required


@dataclass(slots=True)
class _Compilation:
    doc: MethodologyDoc
    problems: list[Problem]

    def fail(self, key: str, fault: str, remedy: str) -> None:
        self.problems.append(Problem(self.doc.file, key, fault, remedy))


def compile_methodology(doc: MethodologyDoc, problems: list[Problem]) -> Methodology | None:
    """Compile a document.

    Args:
        doc: the document, read without problems.
        problems: where errors are added.

    Returns:
        The methodology, open-ended unless the file says until when; None when errors were added.
    """
    work = _Compilation(doc, problems)
    before = len(problems)
    starts = tuple(
        sorted(
            {
                doc.start,
                *(d.start for p in doc.parameters.values() for d in p.values),
                *(start for step in doc.steps for start, _ in step.dated),
            }
        )
    )
    starts = tuple(start for start in starts if start >= doc.start)
    plans = [plan for start in starts if (plan := _plan(work, start)) is not None]
    for plan in plans:
        _check_bonus(work, plan)
    if len(problems) > before or not plans:
        return None
    return _methodology(doc, tuple(plans))


def _check_bonus(work: _Compilation, plan: DatedPlan) -> None:
    """What a campaign adds to the most points an action can earn must fit a counter as well."""
    bonus = work.doc.bonus
    if bonus is None:
        return
    most = plan.points.line.out.high * NANO * (Fraction(bonus.maximum) - 1)
    if most > COUNTER_LIMIT // 2:
        work.fail(
            "bonus.max_multiplier",
            "加成的最坏情况超出 62 位整数。",
            "请调低最大倍数或积分上限。",
        )


def _methodology(doc: MethodologyDoc, plans: tuple[DatedPlan, ...]) -> Methodology:
    bonus_cap = _bonus_cap(doc)
    readers = tuple(reader_of(spec) for spec in doc.inputs.values())
    caps = tuple(line.spec for line in plans[-1].lines if isinstance(line, Counted))
    caps = caps if bonus_cap is None else (*caps, bonus_cap)
    return Methodology(
        id=doc.id,
        version=doc.version,
        digest=digest(doc.canonical),
        title=doc.title,
        summary=doc.summary,
        boundary=doc.boundary,
        scenario=doc.scenario,
        baseline=doc.baseline,
        footprint_category=doc.footprint_category,
        footprint_share=Fraction(doc.footprint_share),
        inputs=doc.inputs,
        evidence=doc.evidence,
        effective_from=doc.start,
        effective_until=doc.until,
        sources=doc.sources,
        caps=caps,
        cap_keys=tuple(dict.fromkeys(cap.key for cap in caps)),
        excludes=doc.excludes,
        excluded_by=frozenset((e.methodology_id, e.period) for e in doc.excludes),
        bonus=doc.bonus,
        bonus_cap=bonus_cap,
        examples=doc.examples,
        plans=plans,
        starts=tuple(plan.start for plan in plans),
        decided=tuple(spec for spec in doc.inputs.values() if spec.decided_by),
        calendar=doc.calendar,
        readers=readers,
        reads=tuple((reader.spec.name, reader.known, reader.read) for reader in readers),
        tier_index=_tier_index(doc),
        ranked_tiers=tuple(tier.ranked for tier in doc.evidence.table.tiers),
        file=doc.file,
        doc=doc,
    )


def _tier_index(doc: MethodologyDoc) -> dict[str, int]:
    """The accepted tiers of evidence by name, each with its place in the table."""
    tiers = enumerate(doc.evidence.table.tiers)
    return {tier.name: index for index, tier in tiers if tier.name in doc.evidence.accepts}


def _bonus_cap(doc: MethodologyDoc) -> CapSpec | None:
    if doc.bonus is None:
        return None
    return CapSpec(
        kind="cap",
        name="bonus",
        label="每人每日活动加成上限",
        key=counter_key(f"{doc.id}.bonus", "member", "day"),
        scope="member",
        period="day",
        measure="points_npt",
        limit_nano=doc.bonus.cap_nano,
        unit=parse_unit("point"),
        tiers=(),
    )


def _plan(work: _Compilation, start: date) -> DatedPlan | None:
    lowering = Lowering(work.doc, start)
    before = len(work.problems)
    used: set[str] = set()
    for step in (step.on(start) for step in work.doc.steps):
        if step.out and (step.out in lowering.values or step.out in lowering.choices):
            work.fail(step.key("out"), f"名称“{step.out}”已经用过。", "请换一个名称。")
            continue
        used.update(name for name in _names(step.settings))
        try:
            BLOCKS[step.block].lower(lowering, step)
        except StepFailed as failed:
            work.fail(failed.key, failed.fault, failed.remedy)
            lowering.values[step.out] = None
        except Poisoned:
            lowering.values[step.out] = None
    reduction = _award(work, lowering, "reduction", work.doc.reduction, CO2E)
    points = _award(work, lowering, "points", work.doc.points, POINT)
    _check_used(work, used)
    _check_counters(work, lowering.made.counters)
    if len(work.problems) > before or points is None:
        return None
    made = lowering.made
    return DatedPlan(
        start=start,
        template=made.template,
        operations=tuple(made.operations),
        runs=tuple(operation.closure() for operation in made.operations),
        lines=tuple(made.lines),
        rows=_rows(made.counters),
        counters=tuple(made.counters),
        required=tuple(line for line in made.lines if isinstance(line, Required)),
        reduction=reduction,
        points=points,
        effective=tuple(made.effective),
        width=len(work.doc.inputs) + 1,
    )


def _names(settings: object) -> list[str]:
    """Every text within the settings of a step, however deep."""
    if isinstance(settings, str):
        return [settings]
    if isinstance(settings, Mapping):
        return _names(list(settings.values()))
    if isinstance(settings, list):
        return [name for item in settings for name in _names(item)]
    return []


def _check_used(work: _Compilation, used: set[str]) -> None:
    doc = work.doc
    keyed = {key for table in doc.tables.values() for key in table.keys}
    for section, names in (
        ("inputs", doc.inputs),
        ("parameters", doc.parameters),
        ("tables", doc.tables),
    ):
        for name in names:
            if name not in used and name not in keyed:
                work.fail(f"{section}.{name}", "没有任何步骤用到它。", "请在步骤中使用，或删除。")
    outs = [step for step in doc.steps if step.out]
    for step in outs:
        if step.out not in used and step.out not in (doc.reduction, doc.points):
            work.fail(
                step.key("out"), f"“{step.out}”的结果没有被使用。", "请使用它，或删除这一步。"
            )


def _award(
    work: _Compilation, lowering: Lowering, result: str, name: str, dimension: Dimension
) -> ResultSlots | None:
    key = f"result.{result}"
    if not name and result == "reduction":
        return None
    if name not in lowering.values:
        work.fail(key, f"找不到步骤“{name}”。", nearest(name, lowering.values))
        return None
    value = lowering.values[name]
    if value is None:
        return None
    if value.dimension != dimension:
        unit = "gCO2e" if dimension == CO2E else "point"
        work.fail(
            key, f"单位不符：“{name}”是 {value.unit.text}，这里需要 {unit}。", "请换一个结果。"
        )
        return None
    for line in lowering.made.lines:
        if isinstance(line, Counted) and line.out.name == name and _is_final_cap(line):
            return ResultSlots(line)
    work.fail(
        key,
        f"“{name}”不是对所有凭证等级都适用的每人上限。",
        '最后一步请用 block = "cap"，不写 tiers。',
    )
    return None


def _is_final_cap(line: Counted) -> bool:
    """Whether a result may be read off this line: a member's cap, whatever the evidence."""
    return line.block == "cap" and line.applies is None and line.spec.scope == "member"


def _check_counters(work: _Compilation, counters: list[CounterField]) -> None:
    seen: dict[tuple[str, str], CounterField] = {}
    for counter in counters:
        earlier = seen.setdefault((counter.key, counter.measure), counter)
        if earlier is not counter:
            work.fail(
                "steps",
                f"计数器“{counter.key}”的同一栏被两个步骤使用。",
                "请给其中一步写不同的 counter。",
            )


def _rows(counters: list[CounterField]) -> tuple[CounterRow, ...]:
    keys = dict.fromkeys(counter.key for counter in counters)
    return tuple(
        CounterRow(
            key,
            tuple((MEASURES.index(c.measure), c.used, c.claimed) for c in counters if c.key == key),
        )
        for key in keys
    )


def _recompiled(
    doc: MethodologyDoc, until: date | None, excludes: tuple[Exclusion, ...]
) -> Methodology:
    # It was compiled without problems where it comes from.
    found = cast("Methodology", compile_methodology(doc, []))
    return found.until(until).excluding(excludes)


def _travels_as(
    methodology: Methodology,
) -> tuple[Callable[..., Methodology], tuple[MethodologyDoc, date | None, tuple[Exclusion, ...]]]:
    return _recompiled, (methodology.doc, methodology.effective_until, methodology.excludes)


# Closures cannot be pickled: to another process a methodology goes as its document.
copyreg.pickle(Methodology, _travels_as)
