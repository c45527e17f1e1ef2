"""A history under rules of one's choice: what every past action would be awarded by them.

A `HistoryRun` takes actions in their order of arrival and assesses one after the other, adding what
each uses to counters that begin empty. Pure: where the actions come from, and where the results go,
is the caller's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple, get_args

from credit_rules.assessing import assess_methodology
from credit_rules.counters import NOTHING, Period, Scope, Used, period_start
from credit_rules.drafts import AppliedVersion, Draft
from credit_rules.errors import FactsRefused, FieldProblem, NotInForce
from credit_rules.facts import Facts
from credit_rules.inputs import InputValue
from credit_rules.methodology import Methodology
from credit_rules.model import Exclusion
from credit_rules.rulebook import Rulebook

_PERIODS: Final[Mapping[str, Period]] = {period: period for period in get_args(Period)}


class PastAction(NamedTuple):
    """One action as it was recorded.

    Args:
        methodology_id: the methodology.
        on: its day in Asia/Shanghai.
        member_id: who.
        tier: tier of evidence.
        inputs: the facts as recorded, with what `HistoryRun.by_time` says in their place.
        place_id: the place it names.
        occasions: the member's ``trip`` or ``meal`` it belongs to, numbered by the caller.
    """

    methodology_id: str
    on: date
    member_id: int
    tier: str
    inputs: Mapping[str, InputValue]
    place_id: int | None = None
    occasions: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Occasions:
    """How occasions are told apart.

    Args:
        reach: by name, how far apart the numbers of two occasions may lie and still be one.
        once: the names of those that are credited once under the same methodology too.
    """

    reach: Mapping[str, int] = field(default_factory=dict)
    once: Collection[str] = ()


class HistoryAward(NamedTuple):
    """What a past action would be awarded.

    Args:
        methodology: what judged it; None where no version holds on its day.
        reduction_mg: reduction in mg of CO2e.
        points_mpt: points in milli-points.
        ranked: whether it would count in rankings.
        problem: the first reason why it is refused; it earns nothing then, and uses nothing.
    """

    methodology: Methodology | None
    reduction_mg: int
    points_mpt: int
    ranked: bool
    problem: FieldProblem | None


class _Judge(NamedTuple):
    """What judges the actions of one kind and day.

    Args:
        methodology: the methodology.
        as_of: the day whose factors it takes.
        counters: the counter rows it reads: key, whose they are, first day of the period.
        periods: for each period of its exclusions, its number on this day; None for trips and
            meals, which differ between the actions of a day.
    """

    methodology: Methodology
    as_of: date
    counters: tuple[tuple[str, Scope, date], ...]
    periods: Mapping[str, int | None]


class HistoryRun:
    """Awards past actions by rules of one's choice, each after those before it.

    Args:
        rules: the rules to assess under: a rulebook, or a draft over the one in force.
        occasions: how trips and meals are told apart; by their numbers alone where nothing is said.
    """

    def __init__(self, rules: Rulebook | Draft, occasions: Occasions | None = None) -> None:
        self._rules, self._occasions = rules, occasions or Occasions()
        self._judges: dict[tuple[str, date], _Judge | FieldProblem] = {}
        self._excluding: dict[str, set[str]] = defaultdict(set)
        for methodology in _every_version(rules):
            for exclusion in methodology.excludes:
                self._excluding[exclusion.methodology_id].add(exclusion.period)
                self._excluding[methodology.id].add(exclusion.period)
        self._used: dict[tuple[str, int, date], Used] = {}
        self._credited: set[tuple[int, str, int, str]] = set()

    def forget(self) -> None:
        """Let go of all counters: the actions to come share none with those before."""
        self._used.clear()
        self._credited.clear()

    def by_time(self, kind: str, on: date, minute: int) -> dict[str, str]:
        """What the time of day decides of an action's inputs under these rules.

        Args:
            kind: its methodology.
            on: its day in Asia/Shanghai.
            minute: minute of that day, 0 to 1439.
        """
        judge = self._judge(kind, on)
        return {} if isinstance(judge, FieldProblem) else judge.methodology.by_time(minute)

    def award(self, action: PastAction) -> HistoryAward:
        """What the next action would be awarded; the counters then hold what it uses."""
        judge = self._judge(action.methodology_id, action.on)
        if isinstance(judge, FieldProblem):
            return HistoryAward(None, 0, 0, ranked=False, problem=judge)
        methodology = judge.methodology
        subjects = {"member": action.member_id, "place": action.place_id}
        rows = {
            key: (key, subject, start)
            for key, scope, start in judge.counters
            if (subject := subjects[scope]) is not None
        }
        used = {key: self._used[row] for key, row in rows.items() if row in self._used}
        facts = Facts(
            methodology.id,
            judge.as_of,
            action.tier,
            action.inputs,
            used,
            self._credited_before(judge, action) if judge.periods else frozenset(),
            happened_on=action.on,
        )
        try:
            found = assess_methodology(methodology, facts)
        except FactsRefused as refused:
            return HistoryAward(methodology, 0, 0, ranked=False, problem=refused.problems[0])
        for key in found.usage.keys() & rows.keys():
            self._used[rows[key]] = used.get(key, NOTHING).plus(found.usage[key])
        for period, number in self._instances(judge, action):
            self._credited.add((action.member_id, period, number, methodology.id))
        return HistoryAward(methodology, found.reduction_mg, found.points_mpt, found.ranked, None)

    def _judge(self, kind: str, on: date) -> _Judge | FieldProblem:
        """What judges a kind on a day: looked up once, for a day holds thousands of actions."""
        found = self._judges.get((kind, on))
        if found is None:
            try:
                found = self._made(kind, on, self._applied(kind, on))
            except NotInForce as error:
                found = FieldProblem("kind", error.sentence, error.code)
            self._judges[kind, on] = found
        return found

    def _applied(self, kind: str, on: date) -> AppliedVersion:
        if isinstance(self._rules, Draft):
            return self._rules.applied(kind, on)
        return AppliedVersion(self._rules.methodology(kind, on), on)

    def _made(self, kind: str, on: date, applied: AppliedVersion) -> _Judge:
        methodology, once = applied.methodology, self._occasions.once
        itself = {
            Exclusion(kind, exclusion.period)
            for exclusion in methodology.excludes
            if exclusion.period in once
        }
        return _Judge(
            methodology.excluding(tuple(itself)) if itself else methodology,
            applied.as_of,
            tuple({cap.key: (cap.key, cap.scope, period_start(cap.period, on))
                   for cap in methodology.caps}.values()),
            {
                period: period_start(_PERIODS[period], on).toordinal()
                if period in _PERIODS
                else None
                for period in sorted(self._excluding.get(kind, ()))
            },
        )  # fmt: skip

    def _instances(self, judge: _Judge, action: PastAction) -> Iterator[tuple[str, int]]:
        """The periods an action belongs to, each with its number; a trip or meal may be none."""
        for period, number in judge.periods.items():
            instance = action.occasions.get(period) if number is None else number
            if instance is not None:
                yield period, instance

    def _credited_before(self, judge: _Judge, action: PastAction) -> frozenset[tuple[str, str]]:
        """What was credited to the member that excludes an action: methodologies and periods."""
        instances = dict(self._instances(judge, action))
        return frozenset(
            (other, period)
            for other, period in judge.methodology.excluded_by
            if period in instances and self._near(action.member_id, period, instances, other)
        )

    def _near(self, member: int, period: str, instances: Mapping[str, int], other: str) -> bool:
        reach, number = self._occasions.reach.get(period, 0), instances[period]
        return any(
            (member, period, each, other) in self._credited
            for each in range(number - reach, number + reach + 1)
        )


def _every_version(rules: Rulebook | Draft) -> Iterator[Methodology]:
    for rulebook in (rules.rulebook, rules.current) if isinstance(rules, Draft) else (rules,):
        yield from rulebook.all_versions()
