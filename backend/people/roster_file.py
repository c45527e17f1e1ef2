"""The roster file (花名册): its columns, what each cell must hold, the empty template. Pure."""

import io
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

import xlsxwriter

from backend.clock import written_day
from backend.errors import DomainError
from backend.organisations.models import PATH_SEPARATOR
from backend.organisations.policy import checked_credit_code, checked_name
from backend.people.policy import checked_phone, normalised_staff_number
from backend.people.spreadsheet import Cell, SpreadsheetError, Table

Parsed = TypeVar("Parsed")


class Column(StrEnum):
    """The columns by their Chinese headings, in the template's order."""

    CREDIT_CODE = "单位统一社会信用代码"
    DEPARTMENT = "部门"
    STAFF_NUMBER = "工号"
    NAME = "姓名"
    PHONE = "手机号"
    ACTIVE_FROM = "入职日期"
    ACTIVE_UNTIL = "离职日期"


REQUIRED: Final = (Column.CREDIT_CODE, Column.DEPARTMENT, Column.STAFF_NUMBER, Column.NAME)
_NOTES: Final = {
    Column.CREDIT_CODE: "18位，与登记证书一致",
    Column.DEPARTMENT: "多级部门用“/”分隔，如 办公室/文印科",
    Column.STAFF_NUMBER: "单位内唯一；请按文本填写，保留前导零",
    Column.NAME: "真实姓名",
    Column.PHONE: "11位手机号；成员凭它与工号绑定，系统只保存校验值",
    Column.ACTIVE_FROM: "如 2026-01-02；可不填",
    Column.ACTIVE_UNTIL: "离开后的第一天；在职者不填",
}
_DATES: Final = (
    re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)
_FILL_IN: Final = "请填写；如是合并单元格，请拆分后逐行填写"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_YEARS: Final = range(1950, 2101)


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is refused: where, what is wrong, what to do. Sentences are Chinese."""

    row: int
    column: str
    problem: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person as the file states them; `row` is the row number people see.

    An absent phone or date is None; `RosterFile.columns` tells an empty cell from a missing
    column.
    """

    row: int
    credit_code: str
    department: tuple[str, ...]
    staff_number: str
    name: str
    phone: str | None
    active_from: date | None
    active_until: date | None


@dataclass(frozen=True, slots=True)
class RosterFile:
    """What a file states, and what is wrong with it.

    Attributes:
        columns: the columns the file has.
        ignored: headings nobody knows, as written.
        rows: the rows without a problem.
        problems: of the other rows, in the file's order.
        refused: how many rows have a problem.
    """

    columns: frozenset[Column]
    ignored: tuple[str, ...]
    rows: tuple[RosterRow, ...]
    problems: tuple[RowProblem, ...]
    refused: int


class _CellError(Exception):
    """A cell is wrong; carries the problem and the suggestion."""

    def __init__(self, problem: str, suggestion: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion


def parse_roster(table: Table) -> RosterFile:
    """Reads the rows of a roster; every problem of every row is told.

    Raises:
        SpreadsheetError: the heading lacks a required column or names one twice.
    """
    places, ignored = _header(table.rows[0])
    rows: list[RosterRow] = []
    problems: list[RowProblem] = []
    refused = 0
    seen: dict[tuple[str, str], int] = {}
    for number, cells in enumerate(table.rows[1:], start=2):
        if all(cell == "" for cell in cells):
            continue
        row, found = _row(number, {column: cells[place] for column, place in places.items()})
        if row is not None:
            first = seen.setdefault((row.credit_code, row.staff_number), number)
            if first != number:
                found = [_duplicate(number, first)]
        if row is None or found:
            refused += 1
            problems += found
        else:
            rows.append(row)
    return RosterFile(frozenset(places), ignored, tuple(rows), tuple(problems), refused)


def template() -> bytes:
    """An empty roster as an XLSX workbook: headings with notes, cells set to text."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        sheet = workbook.add_worksheet("名册")
        text = workbook.add_format({"num_format": "@"})
        heading = workbook.add_format({"bold": True, "bg_color": "#DFF0E3", "border": 1})
        for place, column in enumerate(Column):
            sheet.set_column(place, place, 24 if column in REQUIRED[:2] else 14, text)
            sheet.write_string(0, place, column + ("*" if column in REQUIRED else ""), heading)
            sheet.write_comment(0, place, _NOTES[column])
        sheet.freeze_panes(1, 0)
    return target.getvalue()


def _header(cells: tuple[Cell, ...]) -> tuple[Mapping[Column, int], tuple[str, ...]]:
    """Where each column stands, and the headings nobody knows."""
    places: dict[Column, int] = {}
    ignored: list[str] = []
    for place, cell in enumerate(cells):
        heading = re.sub(r"[\s*]", "", unicodedata.normalize("NFKC", str(cell)))
        if heading not in set(Column):
            ignored += [str(cell)[:40]] if heading else []
        elif Column(heading) in places:
            raise SpreadsheetError(f"表头“{heading}”出现了两次，请删除多余的一列。")
        else:
            places[Column(heading)] = place
    missing = [column.value for column in REQUIRED if column not in places]
    if missing:
        raise SpreadsheetError(
            f"第1行缺少表头：{'、'.join(missing)}。请用 --template 生成模板，按模板填写。"
        )
    return places, tuple(ignored)


class _RowReader:
    """Reads the cells of one row and collects what is wrong with them."""

    def __init__(self, number: int, cells: Mapping[Column, Cell]) -> None:
        self._number = number
        self._cells = cells
        self.problems: list[RowProblem] = []

    def read(self, column: Column, parse: Callable[[Cell], Parsed]) -> Parsed | None:
        """The cell as `parse` understands it; None when it is empty or wrong."""
        cell = self._cells.get(column, "")
        try:
            if cell != "":
                return parse(cell)
        except _CellError as error:
            self.refuse(column, error.problem, error.suggestion)
        except DomainError as error:
            self.refuse(column, error.message, _NOTES[column])
        else:
            if column in REQUIRED:
                self.refuse(column, "必填，但为空", _FILL_IN)
        return None

    def refuse(self, column: Column, problem: str, suggestion: str) -> None:
        """Notes a problem of this row."""
        self.problems.append(RowProblem(self._number, column, problem, suggestion))


def _row(number: int, cells: Mapping[Column, Cell]) -> tuple[RosterRow | None, list[RowProblem]]:
    """The row, or all its problems."""
    reader = _RowReader(number, cells)
    credit_code = reader.read(Column.CREDIT_CODE, lambda cell: checked_credit_code(_text(cell)))
    department = reader.read(Column.DEPARTMENT, _department)
    staff_number = reader.read(Column.STAFF_NUMBER, _staff_number)
    name = reader.read(Column.NAME, lambda cell: checked_name(_text(cell)))
    phone = reader.read(Column.PHONE, lambda cell: checked_phone(_text(cell)))
    active_from = reader.read(Column.ACTIVE_FROM, _date)
    active_until = reader.read(Column.ACTIVE_UNTIL, _date)
    if active_from and active_until and active_until < active_from:
        reader.refuse(Column.ACTIVE_UNTIL, "早于入职日期", "请核对入职日期和离职日期")
    if reader.problems or not (credit_code and department and staff_number and name):
        return None, reader.problems
    row = RosterRow(
        row=number,
        credit_code=credit_code,
        department=department,
        staff_number=staff_number,
        name=name,
        phone=phone,
        active_from=active_from,
        active_until=active_until,
    )
    return row, []


def _duplicate(number: int, first: int) -> RowProblem:
    return RowProblem(
        number, Column.STAFF_NUMBER, f"与第{first}行的单位和工号相同", "请只保留正确的一行"
    )


def _text(cell: Cell) -> str:
    """A cell as text: whole numbers without a fraction, nothing that a formula could be."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise _CellError("不是文字", "请把单元格格式设为“文本”后重新填写")
    if isinstance(cell, str):
        text = unicodedata.normalize("NFKC", cell).strip()
        if text.startswith(_FORMULA_STARTS) and not text.startswith("+86"):
            raise _CellError("以 = + - @ 开头，可能是公式", "请去掉开头的符号")
        return text
    if not math.isfinite(cell) or cell != int(cell) or abs(cell) >= 10**15:
        raise _CellError("是带小数或过长的数字，位数已丢失", "请把单元格格式设为“文本”后重新填写")
    return str(int(cell))


def _staff_number(cell: Cell) -> str:
    number = normalised_staff_number(_text(cell))
    if not number.isprintable() or not 1 <= len(number) <= 32:
        raise _CellError("应为1至32个字符", "请核对工号")
    return number


def _department(cell: Cell) -> tuple[str, ...]:
    names = _text(cell).strip(PATH_SEPARATOR).split(PATH_SEPARATOR)
    if len(names) > 8:
        raise _CellError("部门超过8级", "请核对“/”的用法")
    return tuple(checked_name(name) for name in names)


def _date(cell: Cell) -> date:
    if isinstance(cell, datetime):
        day = written_day(cell)
    elif isinstance(cell, date):
        day = cell
    else:
        day = _spelt_date(cell)
    if day.year not in _YEARS:
        raise _CellError(f"年份{day.year}不合理", "请核对日期")
    return day


def _spelt_date(cell: Cell) -> date:
    """A date as text or as the number 20260102; Excel's day counts are ambiguous (1900, 1904)."""
    text = re.sub(r"\s", "", _text(cell))
    match = next(filter(None, (shape.fullmatch(text) for shape in _DATES)), None)
    if match is None:
        raise _CellError("不是日期", "请写成 2026-01-02，或把单元格设为日期格式")
    try:
        return date(*(int(group) for group in match.groups()))
    except ValueError:
        raise _CellError("没有这一天", "请核对年月日") from None
