"""Reports by axis: the same total on every axis, to the last digit; imports all or nothing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.register.statistics import queries
from backend.register.statistics.import_file import parse_figures
from backend.register.statistics.imports import FigureReport, import_figures
from backend.register.statistics.queries import Axis
from backend.register.statistics.reports import report
from backend.spreadsheets.reading import read_table
from credit_rules.energy import Basis, EnergyTables, rounded
from tests.backend.register.conftest import CODES, Register
from tests.conftest import NOW

HEAD = "统一社会信用代码,年,月,能源项目,数量,单位,费用\n"


def take(
    db: Connection, tables: EnergyTables, register: Register, rows: str, *, good: bool = False
) -> FigureReport:
    file = parse_figures(read_table((HEAD + rows).encode()))
    return import_figures(db, tables, file=file, officer=register.officer, only_good=good)


def test_a_file_is_taken_in_and_added_up_by_hand(
    db: Connection, tables: EnergyTables, register: Register
) -> None:
    found = take(
        db,
        tables,
        register,
        f"{CODES[0]},2025,1,电力,1000,MWh,700000\n{CODES[1]},2025,2,natural_gas,3.5,万m3,\n",
    )
    assert (found.written, found.statements, found.changed, found.refused) == (True, 2, 2, 0)
    by = report(db, tables, axis=Axis.DISTRICT, year=2025, basis=Basis.CALORIFIC, now=NOW)
    assert [(row.key, row.name) for row in by.rows] == [("330102", "上城区"), ("330106", "西湖区")]
    # 1,000 MWh x 0.1229 tce; 35,000 m3 x 1.33 kgce and x 2.184 kg
    assert rounded(by.tce, 6) == "169.45"
    assert rounded(by.rows[0].tco2, 6) == "76.44"
    assert {factor.item for factor in by.factors} == {"electricity", "natural_gas"}
    assert all(factor.source for factor in by.factors)


def test_the_same_file_again_changes_nothing(
    db: Connection, tables: EnergyTables, register: Register
) -> None:
    rows = f"{CODES[0]},2025,1,电力,1000,kWh,\n"
    take(db, tables, register, rows)
    again = take(db, tables, register, rows)
    assert (again.changed, again.unchanged) == (0, 1)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(CODES),
        st.integers(1, 12),
        st.sampled_from(["electricity,kWh", "natural_gas,m3", "petrol,L", "diesel,kg", "heat,GJ"]),
        st.integers(0, 10**12).map(lambda n: Decimal(n).scaleb(-6)),
    ),
    unique_by=lambda row: row[:3],
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(rows=ROWS)
def test_the_total_is_the_same_on_every_axis(
    db: Connection,
    tables: EnergyTables,
    register: Register,
    rows: list[tuple[str, int, str, Decimal]],
) -> None:
    db.execute(text("DELETE FROM energy_figure"))
    lines = []
    for code, month, item_unit, quantity in rows:
        item, unit = item_unit.split(",")
        lines.append(f"{code},2025,{month},{item},{quantity:f},{unit},\n")
    assert take(db, tables, register, "".join(lines)).written
    totals = {
        (found.tce, found.tco2)
        for found in (
            report(db, tables, axis=axis, year=2025, basis=Basis.EQUIVALENT, now=NOW)
            for axis in Axis
        )
    }
    assert len(totals) == 1
    ((tce, tco2),) = totals
    assert isinstance(tce, Fraction)
    assert tco2 >= 0


@pytest.mark.parametrize(
    "row, column, part",
    [
        (f"{CODES[0]},2025,13,电力,1,kWh,", "月", "1至12"),
        (f"{CODES[0]},2025,1,电,1,kWh,", "能源项目", "没有能源项目"),
        (f"{CODES[0]},2025,1,电力,-1,kWh,", "数量", "不小于0"),
        (f"{CODES[0]},2025,1,电力,1e3x,kWh,", "数量", "不是数字"),
        (f"{CODES[0]},2025,1,电力,#N/A,kWh,", "数量", "#N/A"),
        (f"{CODES[0]},2025,1,电力,=1+1,kWh,", "数量", "公式"),
        (f"{CODES[0]},2025,1,电力,,kWh,", "数量", "必填"),
        (f"{CODES[0]},2025,1,电力,1,kg,", "单位", "不能用单位"),
        (f"{CODES[0]},2027,1,电力,1,kWh,", "年", "年份须在"),
        ("12330100MC000000XX,2025,1,电力,1,kWh,", "统一社会信用代码", "校验"),
        (f"{CODES[0]},2025,1,电力,1,kWh,-5", "费用", "不小于0"),
        (f"{CODES[0]},2025,2,petrol,1,L,\n{CODES[0]},2025,2,汽油,2,L,", "能源项目", "同一项目"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_written(
    db: Connection, tables: EnergyTables, register: Register, row: str, column: str, part: str
) -> None:
    found = take(db, tables, register, f"{CODES[1]},2025,1,电力,1,kWh,\n{row}\n")
    assert not found.written
    (problem,) = found.problems
    assert problem.column == column
    assert part in problem.problem
    assert not queries.figures_of_year(db, year=2025)


def test_with_good_the_statements_without_a_fault_are_written_whole(
    db: Connection, tables: EnergyTables, register: Register
) -> None:
    rows = f"{CODES[1]},2025,1,电力,1,kWh,\n{CODES[0]},2025,1,电力,1,kg,\n"
    found = take(db, tables, register, rows, good=True)
    assert (found.written, found.statements, found.refused) == (True, 1, 1)
    assert list(queries.figures_of_year(db, year=2025)) == [CODES[1]]
