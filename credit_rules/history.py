"""A history as columns: past actions read under the rules of their day, in order of arrival."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from credit_rules.counters import Used
from credit_rules.drafts import Applied, Draft
from credit_rules.errors import NotInForce
from credit_rules.facts import Boost
from credit_rules.inputs import InputRefused, InputValue
from credit_rules.methodology import Methodology
from credit_rules.rulebook import Rulebook
from credit_rules.vectorised import Boosts, Columns
from credit_rules.vectorised.columns import NOWHERE, Int

OCCASIONS = ("trip", "meal")


class PastAction(NamedTuple):
    """One action as it was recorded, with what it was awarded.

    Args:
        action_id: its number.
        methodology_id: the methodology.
        methodology_version: the version it was credited under.
        on: its day in Asia/Shanghai.
        member_id: who.
        department_id: the department of that day.
        tier: tier of evidence.
        inputs: the facts as recorded.
        reduction_mg: what was awarded, in mg.
        points_mpt: points awarded, without the bonus.
        bonus_mpt: bonus awarded.
        place_id: the place it names.
        used: counter rows as they were before it; only `differences` needs them.
        credited: exclusions as they were known then; only `differences` needs them.
        boost: the campaign's multiplier, if any.
        occasions: the member's ``trip`` or ``meal`` it belongs to, numbered by the caller.
    """

    action_id: int
    methodology_id: str
    methodology_version: int
    on: date
    member_id: int
    department_id: int
    tier: str
    inputs: Mapping[str, InputValue]
    reduction_mg: int
    points_mpt: int
    bonus_mpt: int = 0
    place_id: int | None = None
    used: Mapping[str, Used] = {}
    credited: frozenset[tuple[str, str]] = frozenset()
    boost: Boost | None = None
    occasions: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Credits:
    """What every action of a history is awarded, in its order: mg, milli-points, milli-points."""

    reduction_mg: Int
    points_mpt: Int
    bonus_mpt: Int


@dataclass(frozen=True, slots=True)
class History:
    """A history as columns, in its order of arrival.

    Args:
        action: number of every action; `member`, `department` and `day` (`date.toordinal()`)
            likewise, and `kind`, an index into `kinds`.
        kinds: the methodology ids.
        awarded: what was awarded.
        columns: the actions the rules accept.
        rows: which actions those are.
        refused: the others by position, with the code of the first refusal.
    """

    action: Int
    member: Int
    department: Int
    day: Int
    kind: Int
    kinds: tuple[str, ...]
    awarded: Credits
    columns: Columns
    rows: Int
    refused: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.action)


def read_history(
    rules: Rulebook | Draft,
    actions: Iterable[PastAction],
    *,
    budgets_mpt: Mapping[str, int] | None = None,
) -> History:
    """Read actions under the rules of their day; only integers are kept, so that millions fit.

    Args:
        rules: the rules to assess under: a rulebook, or a draft over the one in force.
        actions: the actions in order of arrival.
        budgets_mpt: what is left of each campaign's budget before the first action, by name;
            a boost of a campaign that is not named pays nothing.

    Returns:
        The history, for `resettle` and `diff`.
    """
    reading = _Reading(rules, dict(budgets_mpt or {}))
    for action in actions:
        reading.add(action)
    return reading.history()


def _numbers() -> array[int]:
    return array("q")


def _column(numbers: array[int]) -> Int:
    return np.array(numbers, dtype=np.int64)


@dataclass(slots=True)
class _Rows:
    """The accepted actions while they are read."""

    position: array[int] = field(default_factory=_numbers)
    methodology: array[int] = field(default_factory=_numbers)
    as_of: array[int] = field(default_factory=_numbers)
    tier: array[int] = field(default_factory=_numbers)
    place: array[int] = field(default_factory=_numbers)
    hundredths: array[int] = field(default_factory=_numbers)
    campaign: array[int] = field(default_factory=_numbers)
    occasions: tuple[array[int], ...] = field(
        default_factory=lambda: tuple(_numbers() for _ in OCCASIONS)
    )


class _Reading:
    def __init__(self, rules: Rulebook | Draft, budgets: Mapping[str, int]) -> None:
        books = (rules.rulebook, rules.current) if isinstance(rules, Draft) else (rules,)
        every = [methodology for book in books for methodology in book.all_versions()]
        widest = max((len(methodology.readers) for methodology in every), default=0)
        self._rules, self._budgets = rules, budgets
        self._versions: list[Methodology] = []
        self._number: dict[int, int] = {}
        self._campaigns = {name: index for index, name in enumerate(budgets)}
        self._keys = [_numbers() for _ in range(5)]
        self._awarded = [_numbers() for _ in range(3)]
        self._kinds: dict[str, int] = {}
        self._rows = _Rows()
        self._inputs = [_numbers() for _ in range(widest)]
        self._refused: dict[int, str] = {}

    def add(self, action: PastAction) -> None:
        """Take in one action."""
        position = len(self._keys[0])
        kind = self._kinds.setdefault(action.methodology_id, len(self._kinds))
        keys = (
            action.action_id,
            action.member_id,
            action.department_id,
            action.on.toordinal(),
            kind,
        )
        for column, number in zip(self._keys, keys, strict=True):
            column.append(number)
        for column, number in zip(
            self._awarded, (action.reduction_mg, action.points_mpt, action.bonus_mpt), strict=True
        ):
            column.append(number)
        try:
            applied = self._applied(action)
            read = _accepted(applied.methodology, action)
        except NotInForce as error:
            self._refused[position] = error.code
        except _NotAcceptedError as error:
            self._refused[position] = error.code
        else:
            self._accept(position, applied, action, read)

    def _applied(self, action: PastAction) -> Applied:
        kind, on = action.methodology_id, action.on
        if isinstance(self._rules, Draft):
            return self._rules.applied(kind, on)
        return Applied(self._rules.methodology(kind, on), on)

    def _numbered(self, methodology: Methodology) -> int:
        """The index of a methodology among those that judge something."""
        number = self._number.setdefault(id(methodology), len(self._versions))
        if number == len(self._versions):
            self._versions.append(methodology)
        return number

    def _accept(
        self, position: int, applied: Applied, action: PastAction, read: tuple[int, list[int]]
    ) -> None:
        rows, methodology, (tier, inputs) = self._rows, applied.methodology, read
        rows.position.append(position)
        rows.methodology.append(self._numbered(methodology))
        rows.as_of.append(applied.as_of.toordinal())
        rows.tier.append(tier)
        rows.place.append(NOWHERE if action.place_id is None else action.place_id)
        hundredths, campaign = self._boosted(methodology, action.boost)
        rows.hundredths.append(hundredths)
        rows.campaign.append(campaign)
        for name, column in zip(OCCASIONS, rows.occasions, strict=True):
            column.append(action.occasions.get(name, NOWHERE))
        for index, column in enumerate(self._inputs):
            column.append(inputs[index] if index < len(inputs) else 0)

    def _boosted(self, methodology: Methodology, boost: Boost | None) -> tuple[int, int]:
        """Multiplier and campaign; a draft that lowers the largest multiplier cuts it down."""
        if boost is None or methodology.bonus is None or boost.campaign not in self._campaigns:
            return 0, 0
        times = min(boost.multiplier, methodology.bonus.maximum) * 100
        return int(times), self._campaigns[boost.campaign]

    def history(self) -> History:
        """What was read."""
        action, member, department, day, kind = map(_column, self._keys)
        rows = self._rows
        position = _column(rows.position)
        boosts = Boosts(
            _column(rows.hundredths), _column(rows.campaign), tuple(self._budgets.values())
        )
        return History(
            action=action,
            member=member,
            department=department,
            day=day,
            kind=kind,
            kinds=tuple(self._kinds),
            awarded=Credits(*map(_column, self._awarded)),
            columns=Columns(
                methodologies=tuple(self._versions),
                methodology=_column(rows.methodology),
                day=day[position],
                member=member[position],
                tier=_column(rows.tier),
                inputs=tuple(map(_column, self._inputs)),
                place=_column(rows.place),
                occasions=dict(zip(OCCASIONS, map(_column, rows.occasions), strict=True)),
                boosts=boosts if self._budgets else None,
                as_of=_column(rows.as_of),
            ),
            rows=position,
            refused=self._refused,
        )


class _NotAcceptedError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _accepted(methodology: Methodology, action: PastAction) -> tuple[int, list[int]]:
    tier = methodology.tier_index.get(action.tier)
    if tier is None:
        raise _NotAcceptedError("tier_not_accepted")
    if set(action.inputs) - set(methodology.inputs):
        raise _NotAcceptedError("unknown_field")
    try:
        return tier, [
            reader.read(action.inputs[reader.spec.name]) for reader in methodology.readers
        ]
    except KeyError:
        raise _NotAcceptedError("missing") from None
    except InputRefused as refused:
        raise _NotAcceptedError(refused.problem.code) from None
