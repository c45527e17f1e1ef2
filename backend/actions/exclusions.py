"""What may not be credited beside a claim: the same trip, meal or day under another methodology.

Every credited action of a methodology with exclusions leaves a mark: a counter like those of caps,
named by methodology, period and trip or meal. A claim reads the marks of all that exclude it with
its caps, and posting compares both under the member's lock, so that of two exclusive claims at once
only one is credited. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, cast

from backend.clock import business_day, shanghai_time
from backend.errors import DomainError, ErrorKind, FieldError
from backend.ledger.queries import CounterKey
from credit_rules import Methodology, Rulebook, Used, period_start

# Legs of one trip follow one another; the way to work and the way home are hours apart.
_SLOT_MINUTES: Final = 30
_SLOT: Final = timedelta(minutes=_SLOT_MINUTES)
TRIP_REACH: Final = 1
"""How many half hours apart two trips begin at most that are one."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ONE: Final = Used(count_nano=10**9)
# One trip and one meal are credited once, under the same methodology as well.
ONCE: Final = frozenset({"trip", "meal"})
_SENTENCES: Final = {
    "trip": "前后半小时内已记过“{other}”，同一行程只计一次；如果是另一程，请改正发生时间后再提交。",
    "meal": "这一餐已记过“{other}”，同一餐只计一次；如果是另一餐，请改正发生时间后再提交。",
    "day": "当天已记过“{other}”，不能再记“{title}”；如果是另一天，请改正发生时间后再提交。",
    "week": "当周已记过“{other}”，不能再记“{title}”，请下周再记。",
    "month": "当月已记过“{other}”，不能再记“{title}”，请下月再记。",
    "year": "当年已记过“{other}”，不能再记“{title}”，请明年再记。",
}


class ExcludedError(DomainError):
    """The same trip, meal or day was credited under a methodology that excludes this one."""

    code = "excluded"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Exclusions:
    """The marks that decide whether a claim can be credited.

    Attributes:
        caps: all counters to read with the caps, those of `marks` among them.
        blocking: by counter key, the methodology and period that a mark stands for.
        marks: those of `caps` to which this claim adds one when it is credited, and from which its
            reversal takes it back.
    """

    caps: Sequence[CounterKey]
    blocking: Mapping[str, tuple[str, str]]
    marks: Sequence[CounterKey]

    def credited(self, used: Mapping[str, Used]) -> frozenset[tuple[str, str]]:
        """The (methodology, period) pairs that were credited before, of those that matter."""
        return frozenset(pair for key, pair in self.blocking.items() if used[key].count_nano)

    @property
    def added(self) -> Mapping[str, Used]:
        """What posting adds to the counters."""
        return {mark.key: _ONE for mark in self.marks}


def exclusions_of(
    methodology: Methodology, *, member_id: int, occurred_at: datetime, facts: Mapping[str, str]
) -> Exclusions:
    """The marks that a claim under a methodology reads and leaves.

    A trip is known by its half hour: claims in the same or a neighbouring one are one trip. A meal
    is known by the day and the fact `meal`, which the time of day decides.

    Args:
        methodology: the one in force on the day of the action.
        member_id: whose action.
        occurred_at: when it happened; aware.
        facts: its inputs as they are stored (`versions.facts_under`).
    """
    caps: dict[str, CounterKey] = {}
    blocking: dict[str, tuple[str, str]] = {}
    marks: list[CounterKey] = []
    for period in sorted({exclusion.period for exclusion in methodology.excludes}):
        own, *near = _instances(period, occurred_at, facts)
        others = [e.methodology_id for e in methodology.excludes if e.period == period]
        for other in (methodology.id, *others):
            for name, start in (own, *near):
                cap = CounterKey(member_id, f"{other}:credited:{name}", start)
                caps[cap.key] = cap
                if other != methodology.id or period in ONCE:
                    blocking[cap.key] = (other, period)
        marks.append(caps[f"{methodology.id}:credited:{own[0]}"])
    return Exclusions(tuple(caps.values()), blocking, tuple(marks))


class Numbering:
    """Numbers trips and meals: the same number is one act, and trips within `TRIP_REACH`."""

    def __init__(self) -> None:
        self._meals: dict[tuple[date, str], int] = {}

    def of(self, occurred_at: datetime, on: date, facts: Mapping[str, str]) -> dict[str, int]:
        """The trip and the meal that an action belongs to, if it is one.

        Args:
            occurred_at: when it happened; aware.
            on: the Asia/Shanghai day of that.
            facts: its inputs, with what the time of day decides.
        """
        meal = self._meals.setdefault((on, facts.get("meal", "")), len(self._meals))
        return {"trip": (occurred_at - _EPOCH) // _SLOT, "meal": meal}


def refusal(
    rulebook: Rulebook, methodology: Methodology, credited: frozenset[tuple[str, str]]
) -> ExcludedError:
    """The refusal of a claim beside what was credited before."""
    other, period = min(credited)
    sentence = _SENTENCES[period].format(
        other=rulebook.versions[other][-1].title, title=methodology.title
    )
    return ExcludedError(sentence, fields=[FieldError("kind", "excluded", sentence)])


def _instances(
    period: str, occurred_at: datetime, facts: Mapping[str, str]
) -> list[tuple[str, date]]:
    """The name and first day of the period's instance, then of its neighbours that count as it."""
    if period == "trip":
        local = shanghai_time(occurred_at)
        slot = local.replace(
            minute=local.minute - local.minute % _SLOT_MINUTES, second=0, microsecond=0
        )
        near = [slot + _SLOT * apart for apart in range(-TRIP_REACH, TRIP_REACH + 1) if apart]
        slots = (slot, *near)
        return [(f"trip:{each:%H%M}", business_day(each)) for each in slots]
    day = business_day(occurred_at)
    if period == "meal":
        return [(f"meal:{facts.get('meal', '')}", day)]
    named = cast('Literal["day", "week", "month", "year"]', period)
    return [(period, period_start(named, day))]
