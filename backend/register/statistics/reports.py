"""Reports of a year by district, system, type or institution: the same total on every axis."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import groupby

from sqlalchemy import Connection

from backend.organisations.labels import INSTITUTION_KINDS
from backend.organisations.models import InstitutionKind
from backend.register.statistics import queries
from backend.register.statistics.policy import converted
from backend.register.statistics.queries import Axis
from backend.register.statistics.service import method_of
from credit_rules.energy import Basis, Conversion, EnergyTables


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row: whose it is, tonnes of standard coal and of CO2, exact."""

    key: str
    name: str
    tce: Fraction
    tco2: Fraction


@dataclass(frozen=True, slots=True)
class FactorUsed:
    """A factor that stands behind a report, as an auditor looks it up."""

    item: str
    factor_id: str
    value: str
    unit: str
    source: str
    tce_factor_id: str


@dataclass(frozen=True, slots=True)
class YearReport:
    """A year by one axis.

    Attributes:
        year: the year of use.
        basis: calculation basis of electricity.
        rows: by key.
        tce: exact sum, the same on every axis.
        tco2: exact sum, location-based.
        factors: every factor used, once.
        reasons: why a figure is not exact; empty where all are.
    """

    year: int
    basis: Basis
    rows: tuple[ReportRow, ...]
    tce: Fraction
    tco2: Fraction
    factors: tuple[FactorUsed, ...]
    reasons: tuple[str, ...]


def report(
    db: Connection,
    tables: EnergyTables,
    *,
    axis: Axis,
    year: int,
    basis: Basis,
    now: datetime,
    institution_ids: Collection[int] | None = None,
) -> YearReport:
    """Adds up and converts the counted figures of a year.

    Args:
        db: any transaction.
        tables: the factor tables.
        axis: by what.
        year: the year of use.
        basis: calculation basis of electricity.
        now: the present instant; factors published by then count.
        institution_ids: these alone; None for all.
    """
    method = method_of(db, year=year, now=now, basis=basis)
    rows: list[ReportRow] = []
    factors: dict[tuple[str, str, str], FactorUsed] = {}
    reasons: dict[str, None] = {}
    found = queries.sums_by(db, axis=axis, year=year, institution_ids=institution_ids)
    for (key, name), sums in groupby(found, key=lambda each: (each.key, each.name)):
        result = converted(tables, [each.figure for each in sums], method)
        if result is None:
            continue
        shown = INSTITUTION_KINDS[InstitutionKind(key)] if axis is Axis.TYPE else name
        rows.append(ReportRow(key, shown, result.tce, result.tco2))
        factors |= _factors(result)
        reasons |= dict.fromkeys(result.reasons)
    return YearReport(
        year=year,
        basis=basis,
        rows=tuple(rows),
        tce=_sum([row.tce for row in rows]),
        tco2=_sum([row.tco2 for row in rows]),
        factors=tuple(factors[key] for key in sorted(factors)),
        reasons=tuple(reasons),
    )


def _factors(result: Conversion) -> dict[tuple[str, str, str], FactorUsed]:
    return {
        (line.quantity.item.key, line.carbon.id, line.coal.id): FactorUsed(
            item=line.quantity.item.key,
            factor_id=line.carbon.id,
            value=line.carbon.row.value,
            unit=line.carbon.row.unit,
            source=line.carbon.source,
            tce_factor_id=line.coal.id,
        )
        for line in result.lines
    }


def _sum(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0))
