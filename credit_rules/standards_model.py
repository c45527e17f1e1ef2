"""What ``rulebook.toml`` says, typed: what all methodologies of a rulebook share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit_rules.calendar import HolidayCalendar
from credit_rules.model import EvidenceTable, Parameter, Source
from credit_rules.units import Unit


@dataclass(frozen=True, slots=True)
class SharedStep:
    """A limit that several methodologies share: written once, in ``rulebook.toml``.

    Args:
        name: name by which steps refer to it.
        block: ``cap``, ``tiers``, ``bound`` or ``convert``.
        label: Chinese label.
        settings: source, period, counter and whatever else does not change by date.
        values: from each day on, the amount, the rows, the maximum or the rate; first day first.
    """

    name: str
    block: str
    label: str
    settings: Mapping[str, object]
    values: tuple[tuple[date, Mapping[str, object]], ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A named baseline (基准情景): one dated figure, the same for every file that names it.

    Args:
        name: its name, under which steps use its figure.
        version: its version; another figure for the same days is another version.
        label: Chinese label.
        figure: the dated figure.
        source: where it comes from.
    """

    name: str
    version: int
    label: str
    figure: Parameter
    source: Source


@dataclass(frozen=True, slots=True)
class Band:
    """A range outside which a factor is implausible and refused at load.

    Args:
        name: what the range is about, in Chinese.
        unit: factors of this dimension are held against it.
        minimum: smallest plausible value in base units; zero itself is always allowed.
        maximum: largest plausible value in base units.
        methodologies: patterns of methodology ids it holds for.
        rows: patterns of table rows it holds for; effective factors of a step match ``*``.
        unless_evidence: kinds of evidence that lift it when the methodology requires one of them.
        remedy: Chinese sentence.
    """

    name: str
    unit: Unit
    minimum: Fraction
    maximum: Fraction
    methodologies: tuple[str, ...]
    rows: tuple[str, ...]
    unless_evidence: tuple[str, ...]
    remedy: str


@dataclass(frozen=True, slots=True)
class Legacy:
    """An outdated value that is refused wherever it appears."""

    value: Fraction
    unit: Unit
    remedy: str


@dataclass(frozen=True, slots=True)
class Standards:
    """What all methodologies of a rulebook share: ``rulebook.toml``.

    `baselines` are named as ``name@version``. `published` are the digests of every dated figure of
    shared steps and baselines, by the name under which ``lock.json`` keeps them.
    """

    name: str
    title: str
    evidence_tables: Mapping[str, EvidenceTable]
    waste_classes: Mapping[str, str]
    footprint_categories: Mapping[str, str]
    confidences: Mapping[str, str]
    link_hosts: tuple[str, ...]
    bands: tuple[Band, ...]
    legacy: tuple[Legacy, ...]
    sources: Mapping[str, Source]
    shared: Mapping[str, SharedStep]
    baselines: Mapping[str, Baseline]
    calendar: HolidayCalendar
    canonical: bytes
    published: Mapping[str, str]
