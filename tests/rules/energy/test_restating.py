"""A closed year keeps its factors; a later factor gives old, new and the difference."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from credit_rules.energy import (
    Choices,
    EnergyRefused,
    EnergyTables,
    close_year,
    load_energy_tables,
    restate,
    rounded,
)

Choose = Callable[..., Choices]
LINES: list[dict[str, object]] = [
    {"item": "electricity", "quantity": "1000", "unit": "MWh"},
    {"item": "natural_gas", "quantity": "10000", "unit": "m3"},
]
CLOSED_ON, LATER = date(2025, 3, 1), date(2026, 1, 5)


def test_a_later_factor_restates_a_closed_year(tables: EnergyTables, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    assert closed.factor_ids[0][0] == "2022.provincial.浙江"
    assert closed.residual_id == ""
    assert "公布后须重述" in closed.result.reasons[0]
    found = restate(tables, closed, LATER)
    assert found.lines[0].old_factor == "2022.provincial.浙江"
    assert found.lines[0].new_factor == "2023.provincial.浙江"
    assert rounded(found.lines[0].difference, 6) == "-17.9"
    assert found.lines[1].difference == 0
    assert found.tco2_difference == 1000 * (Fraction("0.4974") - Fraction("0.5153"))
    assert found.tce_difference == 0
    assert found.market_difference is None
    assert found.closed is closed
    assert rounded(closed.result.tco2, 6) == "537.14"


def test_a_year_is_never_restated_with_a_factor_of_a_later_year(
    tables: EnergyTables, choose: Choose
) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2022)
    found = restate(tables, closed, date(2030, 1, 1))
    assert found.lines[0].new_factor == "2022.provincial.浙江"
    assert found.tco2_difference == 0


def test_on_the_same_day_nothing_changes(tables: EnergyTables, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    assert restate(tables, closed, CLOSED_ON).tco2_difference == 0


def test_market_based_figures_are_restated_too(tables: EnergyTables, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON, market=True), 2023)
    assert closed.residual_id == "2022.national.excl_market_nonfossil"
    found = restate(tables, closed, LATER)
    assert found.market_difference == 1000 * (Fraction("0.6096") - Fraction("0.5856"))


def test_quantities_of_a_closed_year_are_its_own(tables: EnergyTables, choose: Choose) -> None:
    lines = [dict(line) for line in LINES]
    closed = close_year(tables, lines, choose(on=CLOSED_ON), 2023)
    lines[0]["quantity"] = "1"
    assert restate(tables, closed, LATER).lines[0].old_tco2 == Fraction("515.3")


def test_a_restatement_before_the_closing_is_refused(tables: EnergyTables, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    with pytest.raises(EnergyRefused) as caught:
        restate(tables, closed, date(2025, 2, 28))
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("on", "too_early")
    assert problem.sentence == "重述日期不能早于结账日 2025-03-01，请换一个日期。"


def test_changed_tables_are_noticed(tables: EnergyTables, folder: Path, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    path = folder / "grid_factors.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",0.5153,", ",0.5152,"), encoding="utf-8")
    with pytest.raises(EnergyRefused) as caught:
        restate(load_energy_tables(folder), closed, LATER)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("factors", "not_reproducible")
    assert problem.sentence == (
        "因子表已被改动，2023 年的结账结果无法重现；因子只可新增，请恢复原有的行。"
    )


def test_a_changed_residual_factor_is_noticed(
    tables: EnergyTables, folder: Path, choose: Choose
) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON, market=True), 2023)
    path = folder / "grid_factors.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(",0.5856,") == 1
    path.write_text(text.replace(",0.5856,", ",0.5855,"), encoding="utf-8")
    with pytest.raises(EnergyRefused, match="因子表已被改动"):
        restate(load_energy_tables(folder), closed, LATER)
    with pytest.raises(EnergyRefused, match="因子表已被改动"):
        restate(tables, replace(closed, residual_id="2021.national.excl_market_nonfossil"), LATER)


def test_lines_of_a_closing_changed_against_each_other_are_noticed(
    tables: EnergyTables, choose: Choose
) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    first, second = closed.result.lines
    lines = (replace(first, tco2=first.tco2 + 1), replace(second, tco2=second.tco2 - 1))
    other = replace(closed.result, lines=lines)
    assert other.tco2 == closed.result.tco2
    with pytest.raises(EnergyRefused, match="因子表已被改动"):
        restate(tables, replace(closed, result=other), LATER)


def test_a_tampered_closing_is_noticed(tables: EnergyTables, choose: Choose) -> None:
    closed = close_year(tables, LINES, choose(on=CLOSED_ON), 2023)
    other = replace(closed, factor_ids=(("2021.provincial.浙江", "x"), closed.factor_ids[1]))
    with pytest.raises(EnergyRefused, match="因子表已被改动"):
        restate(tables, other, LATER)


def test_a_closing_that_lacks_a_line_is_noticed(tables: EnergyTables, choose: Choose) -> None:
    nothing = {"item": "heat", "quantity": "0", "unit": "GJ"}
    closed = close_year(tables, [*LINES, nothing], choose(on=CLOSED_ON), 2023)
    assert len(restate(tables, closed, LATER).lines) == 3
    short = replace(closed.result, lines=closed.result.lines[:2])
    assert (short.tco2, short.tce) == (closed.result.tco2, closed.result.tce)
    with pytest.raises(EnergyRefused, match="因子表已被改动"):
        restate(tables, replace(closed, result=short), LATER)
