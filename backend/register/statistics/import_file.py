"""The file of energy figures: its columns, what each cell must hold, the empty template. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.organisations.policy import checked_credit_code
from backend.register.statistics.policy import (
    COST_BELOW,
    QUANTITY_BELOW,
    QUANTITY_PLACES,
    Figure,
    item_named,
)
from backend.spreadsheets import cells
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.forms import Form, RowReader, heading_of, rows_of
from backend.spreadsheets.forms import template as empty_workbook
from backend.spreadsheets.reading import Table


class FigureColumn(StrEnum):
    """The columns by their Chinese headings."""

    CREDIT_CODE = "统一社会信用代码"
    YEAR = "年"
    MONTH = "月"
    ITEM = "能源项目"
    QUANTITY = "数量"
    UNIT = "单位"
    COST = "费用"


_FORM: Final = Form(
    columns=FigureColumn,
    required=(
        FigureColumn.CREDIT_CODE,
        FigureColumn.YEAR,
        FigureColumn.MONTH,
        FigureColumn.ITEM,
        FigureColumn.QUANTITY,
        FigureColumn.UNIT,
    ),
    notes={
        FigureColumn.CREDIT_CODE: "18位，与已登记的单位一致",
        FigureColumn.YEAR: "如 2026",
        FigureColumn.MONTH: "1 至 12",
        FigureColumn.ITEM: "如 电力、天然气、汽油；也可写因子表的键，如 electricity",
        FigureColumn.QUANTITY: "不小于零的数字，最多6位小数",
        FigureColumn.UNIT: "如 kWh、万kWh、m3、L、t",
        FigureColumn.COST: "元，最多两位小数；不知道时留空",
    },
)
_EXAMPLES: Final = (
    ("12330100MC0000001Q", "2026", "1", "电力", "52300", "kWh", "38702.00"),
    ("12330100MC0000001Q", "2026", "1", "天然气", "1.2", "万m3", "42000"),
)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One row: whose figure it is, of which year."""

    row: int
    credit_code: str
    year: int
    figure: Figure


@dataclass(frozen=True, slots=True)
class FigureFile:
    """What a file states, and what is wrong with the cells of its other rows."""

    ignored: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    problems: tuple[RowProblem, ...]


def parse_figures(table: Table) -> FigureFile:
    """Reads the rows of a file; every problem of every row is told.

    Raises:
        SpreadsheetError: the heading lacks a required column or names one twice.
    """
    heading = heading_of(table, _FORM)
    rows: list[FigureRow] = []
    problems: list[RowProblem] = []
    seen: dict[tuple[str, int, str, int], int] = {}
    for reader in rows_of(table, _FORM, heading):
        row = _row(reader)
        if row is not None:
            key = (row.credit_code, row.year, row.figure.item, row.figure.month)
            if key in seen:
                reader.refuse(
                    FigureColumn.ITEM,
                    f"与第{seen[key]}行是同一单位、同一月的同一项目",
                    "请合并为一行",
                )
            else:
                seen[key] = row.row
                rows.append(row)
        problems += reader.problems
    return FigureFile(heading.ignored, tuple(rows), tuple(problems))


def template() -> bytes:
    """An empty workbook, with examples on a second sheet."""
    return empty_workbook(_FORM, {"能源消费": (), "示例": _EXAMPLES})


def _row(reader: RowReader[FigureColumn]) -> FigureRow | None:
    code = reader.read(FigureColumn.CREDIT_CODE, lambda cell: checked_credit_code(cells.code(cell)))
    year = reader.read(FigureColumn.YEAR, lambda cell: cells.whole(cell, 2000, 2100))
    month = reader.read(FigureColumn.MONTH, lambda cell: cells.whole(cell, 1, 12))
    item = reader.read(FigureColumn.ITEM, lambda cell: item_named(cells.words(cell)))
    quantity = reader.read(
        FigureColumn.QUANTITY,
        lambda cell: cells.amount(cell, places=QUANTITY_PLACES, below=QUANTITY_BELOW),
    )
    unit = reader.read(FigureColumn.UNIT, cells.words)
    cost = reader.read(
        FigureColumn.COST, lambda cell: cells.amount(cell, places=2, below=COST_BELOW)
    )
    if code is None or year is None or month is None or item is None:
        return None
    if reader.problems or quantity is None or unit is None:
        return None
    return FigureRow(reader.number, code, year, Figure(item, month, quantity, unit, cost))
