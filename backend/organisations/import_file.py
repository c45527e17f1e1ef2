"""The file of organisations: its columns, what each cell must hold, the empty template. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from backend.organisations.import_rows import (
    KIND_WORDS,
    Column,
    OrganisationRow,
    StatedInstitution,
    YearFigures,
)
from backend.organisations.models import PATH_SEPARATOR, InstitutionKind
from backend.organisations.policy import checked_credit_code, checked_name
from backend.spreadsheets import cells
from backend.spreadsheets.cells import Cell
from backend.spreadsheets.errors import CellError, RowProblem
from backend.spreadsheets.forms import Form, RowReader, heading_of, rows_of
from backend.spreadsheets.forms import template as empty_workbook
from backend.spreadsheets.reading import Table

_DISTRICT: Final = (Column.DISTRICT_CODE, Column.DISTRICT_NAME)
_FIGURES: Final = (Column.YEAR, Column.HEADCOUNT, Column.FLOOR_AREA)
_KINDS: Final = {word: kind for kind, word in KIND_WORDS.items()}
_FORM: Final = Form(
    columns=Column,
    required=(
        *_DISTRICT,
        Column.SYSTEM_CODE,
        Column.SYSTEM_NAME,
        Column.CREDIT_CODE,
        Column.NAME,
        Column.KIND,
    ),
    notes={
        Column.DISTRICT_CODE: "6位行政区划代码；以00结尾的是城市本身，其余按前几位归入城市",
        Column.DISTRICT_NAME: "如 西湖区；只填区划两列的行只登记区划",
        Column.SYSTEM_CODE: "如 education；同一系统各行一致",
        Column.SYSTEM_NAME: "如 教育",
        Column.CREDIT_CODE: "18位，与登记证书一致",
        Column.NAME: "全称；与已登记的不同时视为更名",
        Column.SHORT_NAME: "排行榜上的名称；可不填",
        Column.KIND: "国家机关、事业单位 或 团体组织",
        Column.OPENED_ON: "如 1998-03-01；不填时新单位以导入当日为准",
        Column.DEPARTMENT: "多级部门用“/”分隔，如 办公室/文印科；不填则只登记单位",
        Column.YEAR: "如 2026；与用能人数、建筑面积同时填写",
        Column.HEADCOUNT: "该年度用能人数，整数",
        Column.FLOOR_AREA: "该年度建筑面积，平方米，最多两位小数",
    },
)
_EXAMPLES: Final = (
    ("330100", "杭州市", *[""] * 11, "城市本身：代码以00结尾，只填区划两列；须有一行"),
    ("330106", "西湖区", *[""] * 11, "区县：按代码前四位归入 330100"),
    (
        *("330106", "西湖区", "education", "教育", "12330100MC0000001Q"),
        *("杭州市示例学校", "示例学校", "事业单位", "1998-03-01", "", "2026", "86", "12000.50"),
        "只登记单位及其年度数据",
    ),
    (
        *("330106", "西湖区", "education", "教育", "12330100MC0000001Q"),
        *("杭州市示例学校", "", "事业单位", "", "办公室/文印科", "", "", ""),
        "部门：上级“办公室”一并新建",
    ),
)


@dataclass(frozen=True, slots=True)
class OrganisationFile:
    """What a file states, and what is wrong with the cells of its other rows.

    Attributes:
        ignored: headings nobody knows, as written.
        rows: the rows that could be read.
        problems: of the other rows, in the file's order.
    """

    ignored: tuple[str, ...]
    rows: tuple[OrganisationRow, ...]
    problems: tuple[RowProblem, ...]


def parse_organisations(table: Table) -> OrganisationFile:
    """Reads the rows of a file; every problem of every row is told.

    Raises:
        SpreadsheetError: the heading lacks a required column or names one twice.
    """
    heading = heading_of(table, _FORM)
    rows: list[OrganisationRow] = []
    problems: list[RowProblem] = []
    for reader in rows_of(table, _FORM, heading):
        row = _row(reader)
        rows += [] if row is None else [row]
        problems += reader.problems
    return OrganisationFile(heading.ignored, tuple(rows), tuple(problems))


def template() -> bytes:
    """An empty workbook, with examples on a second sheet."""
    return empty_workbook(_FORM, {"组织": (), "示例": _EXAMPLES})


def _row(reader: RowReader[Column]) -> OrganisationRow | None:
    """The row; None when the reader holds why not."""
    code = reader.read(Column.DISTRICT_CODE, _district_code)
    name = reader.read(Column.DISTRICT_NAME, _name)
    institution = None if reader.filled <= set(_DISTRICT) else _institution(reader)
    if reader.problems or code is None or name is None:
        return None
    return OrganisationRow(reader.number, code, name, institution)


def _institution(reader: RowReader[Column]) -> StatedInstitution | None:
    system_code = reader.read(Column.SYSTEM_CODE, _name)
    system_name = reader.read(Column.SYSTEM_NAME, _name)
    credit_code = reader.read(
        Column.CREDIT_CODE, lambda cell: checked_credit_code(cells.code(cell))
    )
    name = reader.read(Column.NAME, _name)
    short_name = reader.read(Column.SHORT_NAME, _name)
    kind = reader.read(Column.KIND, _kind)
    opened_on = reader.read(Column.OPENED_ON, cells.day)
    department = reader.read(Column.DEPARTMENT, _department)
    figures = _figures(reader)
    if not (system_code and system_name and credit_code and name and kind):
        return None
    return StatedInstitution(
        credit_code=credit_code,
        name=name,
        short_name=short_name or "",
        kind=kind,
        opened_on=opened_on,
        system_code=system_code,
        system_name=system_name,
        department=department or (),
        figures=figures,
    )


def _figures(reader: RowReader[Column]) -> YearFigures | None:
    """The figures of a year: all three cells or none."""
    filled = [column for column in _FIGURES if column in reader.filled]
    for column in _FIGURES if filled else ():
        if column not in filled:
            reader.refuse(column, f"为空，但填写了{filled[0]}", "请三列同时填写，或都不填")
    year = reader.read(Column.YEAR, lambda cell: cells.whole(cell, 2000, 2100))
    headcount = reader.read(Column.HEADCOUNT, lambda cell: cells.whole(cell, 0, 99_999_999))
    area = reader.read(Column.FLOOR_AREA, lambda cell: cells.amount(cell, places=2, below=10**12))
    if year is None or headcount is None or area is None:
        return None
    return YearFigures(year, headcount, area)


def _name(cell: Cell) -> str:
    return checked_name(cells.words(cell))


def _district_code(cell: Cell) -> str:
    code = cells.code(cell)
    if not re.fullmatch(r"[1-9][0-9]{5}", code):
        raise CellError("不是6位行政区划代码")
    return code


def _kind(cell: Cell) -> InstitutionKind:
    word = cells.words(cell)
    if word not in _KINDS:
        raise CellError(f"没有“{word[:20]}”这种单位性质")
    return _KINDS[word]


def _department(cell: Cell) -> tuple[str, ...]:
    return tuple(checked_name(name) for name in cells.path(cell, PATH_SEPARATOR))
