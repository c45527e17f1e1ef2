"""What a methodology file says, typed: the document before it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Literal

from credit_rules.calendar import HolidayCalendar
from credit_rules.units import Unit, decimal_text

Boundary = Literal["in_meter", "outside"]
Scenario = Literal["reduction", "behaviour"]
InputKind = Literal["quantity", "choice"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number or a rule comes from.

    Args:
        name: short name by which the file refers to it.
        title: title of the document.
        clause: clause, table or page in it.
        href: address, may be empty.
        confidence: one of the confidences the rulebook declares.
    """

    name: str
    title: str
    clause: str
    href: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a choice: its Chinese label and, for waste, its class (类别).

    `when` says when the clock decides for it: months, indexes of kinds of day, minutes of the day.
    """

    value: str
    label: str
    waste_class: str | None
    when: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a methodology.

    Args:
        name: name of the field.
        label: Chinese label.
        kind: a quantity with unit, bounds and step, or a choice.
        unit: unit of a quantity; bounds and step are in it.
        minimum: smallest accepted value.
        maximum: largest accepted value.
        step: values are whole multiples of it.
        choices: values of a choice, in the order shown.
        decided_by: what of the clock decides a choice, ``month``, ``day`` or ``time``; else empty.
    """

    name: str
    label: str
    kind: InputKind
    unit: Unit | None
    minimum: Decimal | None
    maximum: Decimal | None
    step: Decimal | None
    choices: tuple[Choice, ...]
    decided_by: str = ""

    @property
    def bounds(self) -> tuple[Decimal, Decimal, Decimal]:
        """Smallest and largest accepted value of a quantity, and its step; nothing of a choice."""
        return self.minimum or Decimal(), self.maximum or Decimal(), self.step or Decimal(1)


@dataclass(frozen=True)
class Factor:
    """A number with its origin: a row of a factor table, or a value a source of the file gives.

    Args:
        key: key in the factor table; empty where the file itself sets the value.
        value: exact value in `unit`.
        unit: the unit of the methodology, not of the factor table.
        source: title of the source.
        clause: clause or reference in the source.
        href: address.
        confidence: how the value was read.
        obtained: how a copy was obtained; for the methodology's page, never for a receipt.
    """

    key: str
    value: Decimal
    unit: Unit
    source: str
    clause: str
    href: str
    confidence: str
    obtained: str = ""

    @property
    def base(self) -> Fraction:
        """The value in base units."""
        return Fraction(self.value) * self.unit.ratio

    @cached_property
    def text(self) -> str:
        """The value as a plain decimal."""
        return decimal_text(Fraction(self.value))

    @cached_property
    def origin(self) -> str:
        """Source and clause as part of a Chinese sentence."""
        return f"来源：{self.source}" + (f"，{self.clause}" if self.clause else "")


@dataclass(frozen=True, slots=True)
class Dated:
    """A factor from a day on, until the day before the next or until `until`."""

    start: date
    until: date | None
    factor: Factor


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number of a methodology, by date."""

    name: str
    label: str
    unit: Unit
    values: tuple[Dated, ...]

    def on(self, day: date) -> Factor:
        """The factor of that day; `day` is within the methodology's dates."""
        return next(d.factor for d in reversed(self.values) if d.start <= day)


@dataclass(frozen=True, slots=True)
class FactorTable:
    """Numbers by one or more choices; `rows` is keyed by the values joined with ``|``."""

    name: str
    label: str
    unit: Unit
    keys: tuple[str, ...]
    rows: Mapping[str, Factor]


@dataclass(frozen=True, slots=True)
class StepDoc:
    """One step as written: the block, the name of its result and the block's own settings.

    Args:
        index: position in the file.
        block: the block.
        out: name of its result; empty for a condition.
        label: Chinese label.
        settings: the block's own settings.
        shared: name of the shared step it takes its limit from, or empty.
        dated: from each day on, the settings that the shared step gives.
    """

    index: int
    block: str
    out: str
    label: str
    settings: Mapping[str, object]
    shared: str = ""
    dated: tuple[tuple[date, Mapping[str, object]], ...] = ()

    def key(self, name: str = "") -> str:
        """Path of a setting, for messages: a step is named by what it puts out."""
        step = f"steps.{self.out}" if self.out else f"steps[{self.index}]"
        return f"{step}.{name}" if name else step

    def on(self, day: date) -> StepDoc:
        """The step with the shared settings of a day."""
        now = next((given for start, given in reversed(self.dated) if start <= day), None)
        return self if now is None else replace(self, settings={**self.settings, **now})


@dataclass(frozen=True)
class Tier:
    """One tier of evidence (凭证等级): what it is and how much it counts.

    Args:
        name: ``T0`` … ``T4``.
        label: Chinese label.
        points: weight of points.
        reduction: weight of reductions.
        ranked: whether actions of this tier count in rankings.
    """

    name: str
    label: str
    points: Decimal
    reduction: Decimal
    ranked: bool

    @property
    def shown(self) -> Decimal:
        """The weight of points where something shows the action; zero of the member's word."""
        return self.points if self.ranked else Decimal(0)

    @property
    def declared(self) -> Decimal:
        """The weight of points of the member's word; zero where something shows the action."""
        return Decimal(0) if self.ranked else self.points

    @cached_property
    def weights(self) -> tuple[str, str]:
        """The weights of points and reductions as plain decimals."""
        return decimal_text(Fraction(self.points)), decimal_text(Fraction(self.reduction))


@dataclass(frozen=True, slots=True)
class EvidenceTable:
    """The tiers of evidence and their weights, with the source of that policy."""

    name: str
    tiers: tuple[Tier, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class EvidenceDoc:
    """Evidence a methodology accepts.

    Args:
        table: the table of tiers it uses.
        accepts: names of the tiers accepted.
        kinds: kinds of evidence, such as ``rotating_code``.
        requires: kinds without which nothing is credited, such as ``reuse_receipt``.
        unique_by: what makes one piece of evidence unique.
        max_age_days: how many days after the action it may arrive; None for no limit.
    """

    table: EvidenceTable
    accepts: tuple[str, ...]
    kinds: tuple[str, ...]
    requires: tuple[str, ...]
    unique_by: tuple[str, ...]
    max_age_days: int | None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Another methodology that cannot be credited together with this one.

    Args:
        methodology_id: the other one.
        period: within ``trip``, ``meal``, ``day``, ``week``, ``month`` or ``year``.
    """

    methodology_id: str
    period: str


@dataclass(frozen=True, slots=True)
class BonusDoc:
    """What campaigns may add: largest multiplier, limit per member and day, budget in points."""

    maximum: Decimal
    cap_nano: int
    budget_nano: int


@dataclass(frozen=True, slots=True)
class ExampleDoc:
    """A worked example of a file: facts and the integers that must come out.

    `left` says what a shared limit still allows, by its name: so an example stays true when the
    limit is changed in ``rulebook.toml``.
    """

    index: int
    name: str
    on: date | None
    tier: str
    given: Mapping[str, str]
    used: Mapping[str, Mapping[str, str]]
    left: Mapping[str, str]
    multiplier: Decimal | None
    reduction_mg: int
    points_mpt: int
    bonus_mpt: int


@dataclass(frozen=True, slots=True)
class MethodologyDoc:
    """A methodology file, read and typed but not yet compiled; `data` is the file as parsed."""

    file: str
    id: str
    version: int
    title: str
    summary: str
    scenario: Scenario
    boundary: Boundary
    baseline: str
    footprint_category: str
    footprint_share: Decimal
    start: date
    until: date | None
    sources: Mapping[str, Source]
    inputs: Mapping[str, InputSpec]
    parameters: Mapping[str, Parameter]
    tables: Mapping[str, FactorTable]
    steps: tuple[StepDoc, ...]
    reduction: str
    points: str
    evidence: EvidenceDoc
    excludes: tuple[Exclusion, ...]
    bonus: BonusDoc | None
    examples: tuple[ExampleDoc, ...]
    calendar: HolidayCalendar
    data: Mapping[str, object]
    canonical: bytes
