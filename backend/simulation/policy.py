"""What past actions come to under draft rules, by kind, month, department and member. Pure."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from backend.actions.exclusions import ONCE, TRIP_REACH, Numbering
from backend.clock import minute_of_day
from credit_rules import CapSpec, Draft
from credit_rules.history import HistoryAward, HistoryRun, Occasions, PastAction

_Key = TypeVar("_Key", bound=Hashable)

# A group of fewer members is not shown by itself: its figures would speak of persons.
MIN_MEMBERS = 5
_DECILES = 10
_OCCASIONS = Occasions(reach={"trip": TRIP_REACH}, once=ONCE)


class CountedAction(NamedTuple):
    """An action that counts or is held, with what other rules need to judge it.

    Attributes:
        member_id: who.
        department_id: department on the day of the action, None without one.
        place_id: where, if at a place.
        kind: kind of action.
        occurred_at: when.
        occurred_on: the Asia/Shanghai day of that.
        tier: tier of evidence.
        facts: inputs as accepted.
        ranked: whether it counts in rankings.
        reduction_mg: what it was awarded, in mg CO2e.
        points_mpt: the same in milli-points, without a bonus.
    """

    member_id: int
    department_id: int | None
    place_id: int | None
    kind: str
    occurred_at: datetime
    occurred_on: date
    tier: str
    facts: Mapping[str, str]
    ranked: bool
    reduction_mg: int
    points_mpt: int


@dataclass(slots=True)
class Sums:
    """What a group of actions was awarded, and what it would be awarded under the draft.

    Attributes:
        actions: how many there are, all accepted when they were made.
        refused: how many of them the draft refuses (in a department: no longer counts).
        points_before_mpt: points as awarded, in milli-points.
        points_after_mpt: points under the draft.
        reduction_before_mg: reductions as awarded, in mg CO2e.
        reduction_after_mg: reductions under the draft.
    """

    actions: int = 0
    refused: int = 0
    points_before_mpt: int = 0
    points_after_mpt: int = 0
    reduction_before_mg: int = 0
    reduction_after_mg: int = 0

    def join(self, other: "Sums") -> None:
        """Counts another group's actions too."""
        self.actions += other.actions
        self.refused += other.refused
        self.points_before_mpt += other.points_before_mpt
        self.points_after_mpt += other.points_after_mpt
        self.reduction_before_mg += other.reduction_before_mg
        self.reduction_after_mg += other.reduction_after_mg


class Refusal(NamedTuple):
    """Why the draft refuses actions that were credited: kind, field at fault, stable code."""

    kind: str
    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Decile:
    """Members with about the same points as awarded, poorest first.

    Attributes:
        number: from 1.
        members: how many; never fewer than `MIN_MEMBERS`.
        points_before_mpt: their points as awarded.
        points_after_mpt: their points under the draft.
        winners: how many would have more.
        losers: how many would have less.
    """

    number: int
    members: int
    points_before_mpt: int
    points_after_mpt: int
    winners: int
    losers: int


@dataclass(slots=True)
class Simulation:
    """The outcome of a run.

    Attributes:
        total: all actions.
        kinds: by kind of action.
        months: by month of the action (its first day).
        departments: by department, what counts in rankings.
        refusals: how many actions were refused, by reason.
        sentences: the first refusal of each reason, in Chinese.
        judges: by kind, the versions that judged its actions.
        members: by member; never shown so.
        read: how many actions were gone through, those before the first day among them.
    """

    total: Sums = field(default_factory=Sums)
    kinds: dict[str, Sums] = field(default_factory=dict)
    months: dict[date, Sums] = field(default_factory=dict)
    departments: dict[int, Sums] = field(default_factory=dict)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    sentences: dict[Refusal, str] = field(default_factory=dict)
    judges: dict[str, set[int]] = field(default_factory=dict)
    members: dict[int, Sums] = field(default_factory=dict)
    read: int = 0

    def join(self, later: "Simulation") -> None:
        """Counts the actions of another part of the run too; of a refusal, the first is kept."""
        self.total.join(later.total)
        _join(self.kinds, later.kinds)
        _join(self.months, later.months)
        _join(self.departments, later.departments)
        _join(self.members, later.members)
        self.refusals.update(later.refusals)
        self.sentences = later.sentences | self.sentences
        for kind, versions in later.judges.items():
            self.judges.setdefault(kind, set()).update(versions)
        self.read += later.read

    def deciles(self) -> tuple[Decile, ...]:
        """Members by their points as awarded, in ten groups or as many as have enough members."""
        ordered = sorted(
            (sums.points_before_mpt, sums.points_after_mpt) for sums in self.members.values()
        )
        groups = min(_DECILES, len(ordered) // MIN_MEMBERS)
        return tuple(
            _decile(
                number + 1,
                ordered[number * len(ordered) // groups : (number + 1) * len(ordered) // groups],
            )
            for number in range(groups)
        )


def _decile(number: int, members: list[tuple[int, int]]) -> Decile:
    return Decile(
        number=number,
        members=len(members),
        points_before_mpt=sum(before for before, _ in members),
        points_after_mpt=sum(after for _, after in members),
        winners=sum(after > before for before, after in members),
        losers=sum(after < before for before, after in members),
    )


def caps_of_draft(draft: Draft) -> Iterator[CapSpec]:
    """Every counter of the draft and of the rules in force."""
    for rulebook in (draft.rulebook, draft.current):
        for methodology in rulebook.all_versions():
            yield from methodology.caps


class DraftRun:
    """Past actions under a draft: member by member, or as posted where members share counters.

    Args:
        draft: the draft rules over those in force.
        first: the first Asia/Shanghai day that counts; earlier ones only fill counters.
        shared: whether members share counters, those of places.
    """

    def __init__(self, draft: Draft, first: date, *, shared: bool = False) -> None:
        self._rules, self._first, self._shared = HistoryRun(draft, _OCCASIONS), first, shared
        self._member_id: int | None = None
        self._numbering = Numbering()
        self._found = Simulation()

    def take(self, action: CountedAction) -> None:
        """Assesses the next action under the draft and counts it."""
        if action.member_id != self._member_id and not self._shared:
            self._member_id = action.member_id
            self._rules.forget()
        after = self._rules.award(self._past(action))
        if after.methodology is not None:
            self._found.judges.setdefault(action.kind, set()).add(after.methodology.version)
        if action.occurred_on >= self._first:
            self._count(action, after)

    def outcome(self, read: int) -> Simulation:
        """What was found since the last call, and how many actions were read for it."""
        found, self._found = self._found, Simulation()
        found.read = read
        return found

    def _past(self, action: CountedAction) -> PastAction:
        on = action.occurred_on
        decided = self._rules.by_time(action.kind, on, minute_of_day(action.occurred_at))
        inputs = {**action.facts, **decided}
        return PastAction(
            methodology_id=action.kind,
            on=on,
            member_id=action.member_id,
            tier=action.tier,
            inputs=inputs,
            place_id=action.place_id,
            occasions=self._numbering.of(action.occurred_at, on, inputs),
        )

    def _count(self, action: CountedAction, after: HistoryAward) -> None:
        found, problem = self._found, after.problem
        sums = Sums(
            1,
            int(problem is not None),
            action.points_mpt,
            after.points_mpt,
            action.reduction_mg,
            after.reduction_mg,
        )
        found.total.join(sums)
        _group(found.kinds, action.kind).join(sums)
        _group(found.months, action.occurred_on.replace(day=1)).join(sums)
        _group(found.members, action.member_id).join(sums)
        if action.department_id is not None:
            _group(found.departments, action.department_id).join(_ranked(action, after))
        if problem is not None:
            reason = Refusal(action.kind, problem.field, problem.code)
            found.refusals[reason] += 1
            found.sentences.setdefault(reason, problem.sentence)


def _join(groups: dict[_Key, Sums], later: Mapping[_Key, Sums]) -> None:
    for key, sums in later.items():
        _group(groups, key).join(sums)


def _group(groups: dict[_Key, Sums], key: _Key) -> Sums:
    found = groups.get(key)
    if found is None:
        found = groups[key] = Sums()
    return found


def _ranked(action: CountedAction, after: HistoryAward) -> Sums:
    """What counts in rankings; refused is what did and no longer does."""
    return Sums(
        actions=int(action.ranked),
        refused=int(action.ranked and not after.ranked),
        points_before_mpt=action.points_mpt if action.ranked else 0,
        points_after_mpt=after.points_mpt if after.ranked else 0,
        reduction_before_mg=action.reduction_mg if action.ranked else 0,
        reduction_after_mg=after.reduction_mg if after.ranked else 0,
    )
