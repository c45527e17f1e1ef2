"""A compiled methodology: what it takes, what it limits, and its plan for every day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from credit_rules.calendar import HolidayCalendar
from credit_rules.counters import CapSpec, Used
from credit_rules.deciding import chosen_at
from credit_rules.errors import NotInForce
from credit_rules.inputs import InputReader
from credit_rules.model import (
    BonusDoc,
    Boundary,
    EvidenceDoc,
    ExampleDoc,
    Exclusion,
    InputSpec,
    MethodologyDoc,
    Scenario,
    Source,
    Tier,
)
from credit_rules.plan import Operation, Run
from credit_rules.trace_template import TraceTemplate
from credit_rules.values import Counted, CounterField, Effective, Required, TraceLine


@dataclass(frozen=True, slots=True)
class CounterRow:
    """One counter row a plan reads: its key and, per measure, the slots of used and claimed."""

    key: str
    measures: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class ResultSlots:
    """Where a result stands: slot of the last cap's output and of F(used)."""

    line: Counted

    def nano(self, slots: list[int]) -> tuple[int, int]:
        """The cumulative amount before and after the action, in counter units."""
        before = slots[self.line.before]
        return before, before + slots[self.line.out.slot]


@dataclass(frozen=True, slots=True)
class DatedPlan:
    """How actions are assessed from a day on.

    Args:
        start: first day it holds.
        template: initial slots; slot 0 is the tier, then the inputs in order.
        operations: what is computed, in order.
        runs: the same as closures over the slots.
        lines: what the trace shows, in order.
        rows: the counter rows read.
        counters: every counter field read, with its dimension and shape.
        required: the conditions that must hold.
        reduction: where the reduction stands; None where there is none.
        points: where the points stand.
        effective: the factors at work.
        width: how many slots tier and inputs take.
        templates: by tier of evidence, what its traces share, drawn at first use.
    """

    start: date
    template: list[int]
    operations: tuple[Operation, ...]
    runs: tuple[Run, ...]
    lines: tuple[TraceLine, ...]
    rows: tuple[CounterRow, ...]
    counters: tuple[CounterField, ...]
    required: tuple[Required, ...]
    reduction: ResultSlots | None
    points: ResultSlots
    effective: tuple[Effective, ...]
    width: int
    templates: dict[int, TraceTemplate] = field(default_factory=dict)

    def evaluate(self, numbers: Sequence[int], used: Sequence[Used]) -> list[int]:
        """All slots after the plan has run.

        Args:
            numbers: tier and inputs.
            used: the counter rows before the action, in the order of `rows`.
        """
        slots = self.template.copy()
        slots[: self.width] = numbers
        for row, state in zip(self.rows, used, strict=True):
            for measure, slot, _ in row.measures:
                slots[slot] = state[measure]
        for run in self.runs:
            run(slots)
        return slots


@dataclass(frozen=True, slots=True)
class Methodology:
    """A methodology in one version, ready to assess.

    Args:
        id: stable name, such as ``recycling.drop_off``.
        version: number; published content never changes under the same number.
        digest: SHA-256 over the canonical form of the file, its factors and evidence table.
        title: Chinese title.
        summary: Chinese summary.
        boundary: ``in_meter`` (the saving shows on an institution's meter) or ``outside``.
        scenario: ``reduction`` (减排场景) or ``behaviour`` (行为场景).
        baseline: the named, versioned baseline in Chinese; empty where no reduction is claimed.
        footprint_category: category of the personal footprint.
        footprint_share: share of the reduction that counts there.
        inputs: the inputs by name, in order.
        evidence: tiers and kinds of evidence accepted.
        effective_from: first day.
        effective_until: last day, or None.
        sources: the sources by name.
        caps: every counter a cap or tiers read, in the order applied, that of the bonus last.
        cap_keys: the counter rows it reads, for ``Facts.used``.
        excludes: methodologies that cannot be credited together with it.
        excluded_by: the same as pairs of id and period, as `Facts.credited` has them.
        bonus: what campaigns may add; None for nothing.
        bonus_cap: the limit of the bonus per member and day.
        examples: the worked examples of the file.
        plans: the plans by day, and `starts` their first days.
        decided: the inputs that the clock decides, by the `calendar` among others.
        calendar: the published holidays.
        readers: the readers of the inputs, in order.
        reads: the same as name, texts known, and function.
        tier_index: integer of every accepted tier of evidence.
        ranked_tiers: by that integer, whether actions of the tier count in rankings.
        file: the file it was read from, and `doc` what it says.
    """

    id: str
    version: int
    digest: str
    title: str
    summary: str
    boundary: Boundary
    scenario: Scenario
    baseline: str
    footprint_category: str
    footprint_share: Fraction
    inputs: Mapping[str, InputSpec]
    evidence: EvidenceDoc
    effective_from: date
    effective_until: date | None
    sources: Mapping[str, Source]
    caps: tuple[CapSpec, ...]
    cap_keys: tuple[str, ...]
    excludes: tuple[Exclusion, ...]
    excluded_by: frozenset[tuple[str, str]]
    bonus: BonusDoc | None
    bonus_cap: CapSpec | None
    examples: tuple[ExampleDoc, ...]
    plans: tuple[DatedPlan, ...]
    starts: tuple[date, ...]
    decided: tuple[InputSpec, ...]
    calendar: HolidayCalendar
    readers: tuple[InputReader, ...]
    reads: tuple[tuple[str, dict[object, int], Callable[[object], int]], ...]
    tier_index: Mapping[str, int]
    ranked_tiers: tuple[bool, ...]
    file: str
    doc: MethodologyDoc

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers of evidence accepted, with label, weights and whether they are ranked."""
        return tuple(t for t in self.evidence.table.tiers if t.name in self.evidence.accepts)

    @property
    def issuable(self) -> bool:
        """Whether its reductions could be issued in principle: 减排场景 outside any meter."""
        return self.scenario == "reduction" and self.boundary == "outside"

    def holds(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return self.effective_from <= on and (
            self.effective_until is None or on <= self.effective_until
        )

    def in_force(self, on: date) -> DatedPlan | None:
        """The plan of a day; None where it is not in force."""
        if on < self.effective_from or (self.effective_until and on > self.effective_until):
            return None
        plans = self.plans
        return plans[0] if len(plans) == 1 else plans[bisect_right(self.starts, on) - 1]

    @property
    def asked(self) -> tuple[InputSpec, ...]:
        """The inputs a member is asked for: all but those that the clock decides."""
        return tuple(s for s in self.inputs.values() if not s.decided_by)

    def by_time(self, minute: int) -> dict[str, str]:
        """What the time of day decides: the value of each such input.

        Args:
            minute: minute of the Asia/Shanghai day, 0 to 1439.
        """
        by_time = (spec for spec in self.decided if spec.decided_by == "time")
        return {spec.name: chosen_at(spec, minute).value for spec in by_time}

    def caps_on(self, on: date) -> tuple[CapSpec, ...]:
        """What a cap or tiers read on a day, in the order applied, that of the bonus last.

        Raises:
            NotInForce: the methodology is not in force on that day.
        """
        plan = self.in_force(on)
        if plan is None:
            raise NotInForce(self.id, on, "请核对日期。")
        found = tuple(line.spec for line in plan.lines if isinstance(line, Counted))
        return found if self.bonus_cap is None else (*found, self.bonus_cap)

    def until(self, last: date | None) -> Methodology:
        """The same methodology with the last day that follows from its successor."""
        return replace(self, effective_until=last)

    def excluding(self, others: tuple[Exclusion, ...]) -> Methodology:
        """The same methodology with exclusions that others declared against it."""
        both = tuple(sorted({*self.excludes, *others}, key=_by_name))
        return replace(self, excludes=both, excluded_by=frozenset(map(_by_name, both)))


def _by_name(exclusion: Exclusion) -> tuple[str, str]:
    return exclusion.methodology_id, exclusion.period
