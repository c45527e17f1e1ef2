"""A history under rules of one's choice: what every past action would be awarded by them.

`read_history` turns actions into columns of integers under the rules of their day; `resettle` goes
through them in their order of arrival, by columns where the rules allow it. Pure: where the actions
come from, and where the results go, is the caller's.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NamedTuple

import numpy as np

from credit_rules.assessing import accept, assess_methodology
from credit_rules.drafts import Applied, Draft
from credit_rules.errors import FactsRefused, FieldProblem, NotInForce
from credit_rules.facts import Facts
from credit_rules.inputs import InputValue
from credit_rules.methodology import Methodology
from credit_rules.model import Exclusion
from credit_rules.rulebook import Rulebook
from credit_rules.vectorised import (
    Awards,
    Columns,
    NotVectorisable,
    Status,
    settle,
    settle_in_turn,
)
from credit_rules.vectorised.columns import NOWHERE, Int, Mask

OCCASIONS: Final = ("trip", "meal")


class PastAction(NamedTuple):
    """One action as it was recorded.

    Args:
        methodology_id: the methodology.
        on: its day in Asia/Shanghai.
        member_id: who.
        tier: tier of evidence.
        inputs: the facts as recorded.
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


@dataclass(frozen=True, slots=True)
class History:
    """A history as columns, in its order of arrival.

    Args:
        size: how many actions it holds.
        columns: the actions whose facts the rules accept.
        rows: which actions those are, by position.
        refused: the first thing wrong with the others, by position.
    """

    size: int
    columns: Columns
    rows: Int
    refused: Mapping[int, FieldProblem]

    def __len__(self) -> int:
        return self.size


@dataclass(frozen=True, slots=True)
class Resettled:
    """What every action of a history would be awarded, in its order.

    Args:
        reduction_mg: reduction in mg of CO2e.
        points_mpt: points in milli-points.
        ranked: whether it would count in rankings.
        refused: why those are refused that earn nothing and use nothing, by position.
    """

    reduction_mg: Int
    points_mpt: Int
    ranked: Mask
    refused: Mapping[int, FieldProblem]


def read_history(
    rules: Rulebook | Draft, actions: Iterable[PastAction], occasions: Occasions | None = None
) -> History:
    """Read actions under the rules of their day; only integers are kept, so that millions fit.

    Args:
        rules: the rules to assess under: a rulebook, or a draft over the one in force.
        actions: the actions in order of arrival.
        occasions: how trips and meals are told apart; by their numbers alone where nothing is said.
    """
    reading = _Reading(rules, occasions or Occasions())
    for action in actions:
        reading.add(action)
    return reading.history()


def resettle(history: History) -> Resettled:
    """What the rules of each day give for a history, with counters that begin empty.

    Raises:
        ColumnsRefused: a counter leaves its range.
    """
    try:
        awards = settle(history.columns)
    except NotVectorisable:
        awards = settle_in_turn(history.columns)
    refused = dict(history.refused)
    for row in np.flatnonzero(awards.status).tolist():
        refused[int(history.rows[row])] = _problem(history.columns, awards, row)
    return Resettled(
        _spread(awards.reduction_mg, history),
        _spread(awards.points_mpt, history),
        _spread(awards.ranked.astype(np.int64), history) != 0,
        refused,
    )


def _spread(column: Int, history: History) -> Int:
    result = np.zeros(history.size, dtype=np.int64)
    result[history.rows] = column
    return result


def _problem(columns: Columns, awards: Awards, row: int) -> FieldProblem:
    """Why a row is not credited."""
    methodology = columns.methodologies[int(columns.methodology[row])]
    if awards.status[row] == Status.EXCLUDED:
        sentence = f"同一行程、餐次或当期已按与“{methodology.title}”不能同时计的方法计入。"
        return FieldProblem("kind", sentence, "excluded")
    days = columns.day if columns.as_of is None else columns.as_of
    tiers = methodology.evidence.table.tiers
    facts = Facts(
        methodology.id,
        date.fromordinal(int(days[row])),
        tiers[int(columns.tier[row])].name,
        {
            reader.spec.name: reader.shown(int(column[row]))
            for reader, column in zip(methodology.readers, columns.inputs, strict=False)
        },
    )
    return _first_problem(methodology, facts)


def _first_problem(methodology: Methodology, facts: Facts) -> FieldProblem:
    """The first thing that the engine finds wrong with facts that are not credited."""
    try:
        assess_methodology(methodology, facts)
    except FactsRefused as refused:
        return refused.problems[0]
    return FieldProblem("used", "按此前累计的用量，条件不满足。", "not_eligible")


def _numbers() -> array[int]:
    return array("q")


def _column(numbers: array[int]) -> Int:
    return np.array(numbers, dtype=np.int64)


@dataclass(slots=True)
class _Rows:
    """The accepted actions while they are read."""

    position: array[int] = field(default_factory=_numbers)
    methodology: array[int] = field(default_factory=_numbers)
    day: array[int] = field(default_factory=_numbers)
    as_of: array[int] = field(default_factory=_numbers)
    member: array[int] = field(default_factory=_numbers)
    tier: array[int] = field(default_factory=_numbers)
    place: array[int] = field(default_factory=_numbers)
    occasions: tuple[array[int], ...] = field(
        default_factory=lambda: tuple(_numbers() for _ in OCCASIONS)
    )


class _Reading:
    def __init__(self, rules: Rulebook | Draft, occasions: Occasions) -> None:
        books = (rules.rulebook, rules.current) if isinstance(rules, Draft) else (rules,)
        every = [methodology for book in books for methodology in book.all_versions()]
        widest = max((len(methodology.readers) for methodology in every), default=0)
        self._rules, self._occasions = rules, occasions
        self._versions: list[Methodology] = []
        self._number: dict[int, int] = {}
        self._rows = _Rows()
        self._inputs = [_numbers() for _ in range(widest)]
        self._refused: dict[int, FieldProblem] = {}
        self._size = 0

    def add(self, action: PastAction) -> None:
        """Take in one action."""
        position, self._size = self._size, self._size + 1
        try:
            applied = self._applied(action)
        except NotInForce as error:
            self._refused[position] = FieldProblem("kind", error.sentence, error.code)
            return
        accepted = accept(applied.methodology, action.tier, action.inputs)
        if accepted is None:
            facts = Facts(action.methodology_id, applied.as_of, action.tier, action.inputs)
            self._refused[position] = _first_problem(applied.methodology, facts)
        else:
            self._accept(position, applied, action, accepted[1])

    def _applied(self, action: PastAction) -> Applied:
        kind, on = action.methodology_id, action.on
        if isinstance(self._rules, Draft):
            return self._rules.applied(kind, on)
        return Applied(self._rules.methodology(kind, on), on)

    def _numbered(self, methodology: Methodology) -> int:
        """The index of a methodology among those that judge something."""
        number = self._number.setdefault(id(methodology), len(self._versions))
        if number == len(self._versions):
            self._versions.append(_credited_once(methodology, self._occasions.once))
        return number

    def _accept(
        self, position: int, applied: Applied, action: PastAction, numbers: list[int]
    ) -> None:
        rows, (tier, *inputs) = self._rows, numbers
        rows.position.append(position)
        rows.methodology.append(self._numbered(applied.methodology))
        rows.day.append(action.on.toordinal())
        rows.as_of.append(applied.as_of.toordinal())
        rows.member.append(action.member_id)
        rows.tier.append(tier)
        rows.place.append(NOWHERE if action.place_id is None else action.place_id)
        for name, column in zip(OCCASIONS, rows.occasions, strict=True):
            column.append(action.occasions.get(name, NOWHERE))
        for index, column in enumerate(self._inputs):
            column.append(inputs[index] if index < len(inputs) else 0)

    def history(self) -> History:
        """What was read."""
        rows = self._rows
        return History(
            size=self._size,
            columns=Columns(
                methodologies=tuple(self._versions),
                methodology=_column(rows.methodology),
                day=_column(rows.day),
                member=_column(rows.member),
                tier=_column(rows.tier),
                inputs=tuple(map(_column, self._inputs)),
                place=_column(rows.place),
                occasions=dict(zip(OCCASIONS, map(_column, rows.occasions), strict=True)),
                reach=self._occasions.reach,
                as_of=_column(rows.as_of),
            ),
            rows=_column(rows.position),
            refused=self._refused,
        )


def _credited_once(methodology: Methodology, once: Collection[str]) -> Methodology:
    """The methodology, excluding itself within the occasions that are credited once."""
    itself = {
        Exclusion(methodology.id, exclusion.period)
        for exclusion in methodology.excludes
        if exclusion.period in once
    }
    return methodology.excluding(tuple(itself)) if itself else methodology
