"""Which factor of grid electricity applies: by area, year of data and day of publication.

In force on a day is the newest year announced by then. An area without a factor of that year is an
error; only with an explicit allowance does an earlier year of the area, then the regional grid,
then the nation stand in, and the result says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from credit_rules.energy.areas import COUNTRY, NATIONAL, PARENTS, region_named
from credit_rules.energy.choices import Choices
from credit_rules.energy.errors import EnergyRefused, refused
from credit_rules.energy.tables import (
    AVERAGE,
    RESIDUAL,
    EnergyFactor,
    EnergyTables,
    GridFactor,
)


@dataclass(frozen=True, slots=True)
class Applied:
    """A factor as it was applied.

    Args:
        factor: the number with its source.
        reasons: why it is not the exact one, Chinese sentence parts; empty where it is.
    """

    factor: EnergyFactor
    reasons: tuple[str, ...] = ()


def year_in_force(tables: EnergyTables, choices: Choices) -> int:
    """The newest year of data announced by the day, and not after the year of use.

    For a year of use before all data, such as the base year 2020 of many targets, the nearest later
    year stands in, where the choices allow it.

    Raises:
        EnergyRefused: nothing had been announced by then, or a later year would have to stand in.
    """
    national = [g for g in tables.grid.values() if g.region == COUNTRY and g.series == AVERAGE]
    years = sorted(found.year for found in national if _known(found, choices))
    if not years:
        raise _nothing_published(national, choices)
    if choices.year is None:
        return years[-1]
    earlier = [year for year in years if year <= choices.year]
    if earlier:
        return earlier[-1]
    if choices.allow_inexact:
        return years[0]
    raise refused(
        "year",
        f"没有 {choices.year} 年及更早的电网因子，最近的较晚年份是 {years[0]} 年；"
        "如确认改用，请明确允许近似因子（allow-inexact），结果会标明不精确。",
        "no_factor",
    )


def _nothing_published(national: Sequence[GridFactor], choices: Choices) -> EnergyRefused:
    days = [g.published_on for g in national if g.published_on is not None and not g.unusable]
    first = f"最早的因子公布于 {min(days)}，" if days else "因子表中没有可用的因子，"
    return refused(
        "on", f"{choices.on} 时没有已公布的电网因子；{first}请换一个日期。", "not_published"
    )


def _known(found: GridFactor, choices: Choices) -> bool:
    return not found.unusable and _published_by(found.published_on, choices.on)


def _published_by(published: date | None, on: date) -> bool:
    return published is not None and published <= on


def average(tables: EnergyTables, choices: Choices) -> Applied:
    """The location-based factor.

    Raises:
        EnergyRefused: no area was named, or the area has no factor of the year in force.
    """
    year = year_in_force(tables, choices)
    chosen = _chosen(tables, choices, AVERAGE)
    if chosen is not None:
        return _as_chosen(chosen, year, choices)
    if choices.region is None:
        raise refused(
            "region", "有电力数据时须指定地区，例如 浙江；不会自动改用全国值。", "missing"
        )
    region = region_named(choices.region)
    chain = _chain(region)
    known = [
        g
        for g in tables.grid.values()
        if g.series == AVERAGE and g.region in chain and g.year <= year and _known(g, choices)
    ]
    # The nation has the year in force, so that there always is one.
    found = min(known, key=lambda g: (chain.index(g.region), -g.year))
    reasons = _distance(found, region, year)
    if reasons and not choices.allow_inexact:
        raise _needs_allowance(region, year, found)
    return Applied(found.usable(), (*reasons, *_lag(year, choices)))


def _chain(region: str) -> tuple[str, ...]:
    """The area, and what it is a part of."""
    parent = PARENTS[region]
    return (region, *_chain(parent)) if parent else (region,)


def _distance(found: GridFactor, region: str, year: int) -> tuple[str, ...]:
    reasons = []
    if found.region != region:
        reasons.append(f"“{region}”没有已公布的因子，改用“{found.region}”的因子")
    if found.year != year:
        reasons.append(f"没有 {year} 年的因子，改用 {found.year} 年的因子")
    return tuple(reasons)


def _lag(year: int, choices: Choices) -> tuple[str, ...]:
    if choices.year is None or choices.year == year:
        return ()
    if choices.year < year:
        return (f"没有 {choices.year} 年及更早的电网因子，改用最近的较晚年份 {year} 年",)
    return (f"{choices.year} 年的因子在 {choices.on} 时尚未公布，暂用 {year} 年，公布后须重述",)


def _needs_allowance(region: str, year: int, found: GridFactor) -> EnergyRefused:
    return refused(
        "region",
        f"“{region}”没有 {year} 年的电网因子。最接近的是 {found.id}；"
        "如确认改用，请明确允许近似因子（allow-inexact），结果会标明不精确。",
        "no_factor",
    )


def _chosen(tables: EnergyTables, choices: Choices, series: str) -> GridFactor | None:
    named = [tables.grid[key] for key in choices.factors if key in tables.grid]
    return next((found for found in named if found.series == series), None)


def _as_chosen(found: GridFactor, year: int, choices: Choices) -> Applied:
    factor = found.usable()
    if not _published_by(found.published_on, choices.on):
        raise refused(
            "factors",
            f"因子“{found.id}”公布于 {found.published_on}，在 {choices.on} 时尚不能使用；"
            "请换因子或日期。",
            "not_published",
        )
    region = found.region if choices.region is None else region_named(choices.region)
    if found.series == AVERAGE and found.region != region:
        raise refused(
            "factors", f"因子“{found.id}”不是“{region}”的因子，请改地区或因子。", "wrong_region"
        )
    if found.year == year:
        return Applied(factor, _lag(year, choices))
    return Applied(factor, (f"指定了 {found.year} 年的因子，当日应为 {year} 年",))


def residual(tables: EnergyTables, choices: Choices) -> Applied:
    """The market-based factor of electricity that no green contract covers.

    It leaves out non-fossil power sold on the market, so that the green share is counted once. It
    is published for the nation only: for any other area it is marked as not exact.

    Raises:
        EnergyRefused: none is usable for the year in force.
    """
    year = year_in_force(tables, choices)
    found = _chosen(tables, choices, RESIDUAL)
    if found is None:
        found = tables.grid.get(f"{year}.{NATIONAL}.{RESIDUAL}")
        if found is None or found.unusable:
            why = found.unusable if found is not None else "因子表中没有"
            raise refused(
                "market",
                f"{year} 年没有可用的剩余因子（{why}），无法按市场法计算，请去掉该选项。",
                "no_factor",
            )
    applied = _as_chosen(found, year, choices)
    if choices.region is not None and region_named(choices.region) == COUNTRY:
        return applied
    return Applied(applied.factor, (*applied.reasons, "剩余因子只公布了全国值"))
