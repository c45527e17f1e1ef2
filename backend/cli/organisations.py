"""`tanpuhui organisations`: takes districts, systems, institutions and departments in."""

import dataclasses
import io
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final, TypeVar

import click
import xlsxwriter

from backend.bootstrap import Backend, build
from backend.cli.file_import import content_of, file_options, refuse
from backend.clock import written_day
from backend.errors import DomainError
from backend.organisations.import_rows import (
    KIND_WORDS,
    Column,
    ImportProblem,
    OrganisationReport,
    OrganisationRow,
    StatedInstitution,
    YearFigures,
)
from backend.organisations.imports import import_organisations
from backend.organisations.models import PATH_SEPARATOR, InstitutionKind
from backend.organisations.policy import checked_credit_code, checked_name
from backend.people.spreadsheet import Cell, SpreadsheetError, Table, read_table
from backend.runtime.servers import running_servers
from backend.settings import Settings

Parsed = TypeVar("Parsed")

_SOME_ROWS_REFUSED = 1
_IMPORT_HELP = """导入组织文件 FILE（.xlsx 或 CSV）：区县、系统、单位与部门，每行一个部门。

缺少的予以新建，单位更名予以更新；文件中没有的保持不变，导入从不撤销或删除；
重复导入同一文件不产生变化。

退出码：0 全部合格；1 有行被拒绝；2 文件无法读取。
"""
_DISTRICT: Final = (Column.DISTRICT_CODE, Column.DISTRICT_NAME)
_REQUIRED: Final = (
    *_DISTRICT,
    Column.SYSTEM_CODE,
    Column.SYSTEM_NAME,
    Column.CREDIT_CODE,
    Column.NAME,
    Column.KIND,
)
_FIGURES: Final = (Column.YEAR, Column.HEADCOUNT, Column.FLOOR_AREA)
_KINDS: Final = {word: kind for kind, word in KIND_WORDS.items()}
_NOTES: Final = {
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
}
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
_FILL_IN: Final = "请填写；如是合并单元格，请拆分后逐行填写"
_MOST_LEVELS: Final = 8
_DATES: Final = (
    re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)


class _CellError(Exception):
    """A cell is wrong; carries the problem. The remedy is the column's note."""


@click.group(help="组织：导入区县、单位与部门。")
def organisations() -> None:
    """Groups the commands about organisations."""


def _template() -> bytes:
    """An empty workbook: headings with notes, cells set to text; examples on a second sheet."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        text = workbook.add_format({"num_format": "@"})
        heading = workbook.add_format({"bold": True, "bg_color": "#DFF0E3", "border": 1})
        for name, examples in (("组织", ()), ("示例", _EXAMPLES)):
            sheet = workbook.add_worksheet(name)
            for place, column in enumerate(Column):
                sheet.set_column(place, place, 16, text)
                starred = column + ("*" if column in _REQUIRED else "")
                sheet.write_string(0, place, starred, heading)
                sheet.write_comment(0, place, _NOTES[column])
            sheet.freeze_panes(1, 0)
            for number, example in enumerate(examples, start=1):
                for place, cell in enumerate(example):
                    sheet.write_string(number, place, cell, text)
    return target.getvalue()


@organisations.command("import", help=_IMPORT_HELP)
@file_options(_template)
def import_(file: Path, *, all_or_nothing: bool, as_json: bool) -> None:
    """Takes a file in and prints what became of it."""
    data = content_of(file)
    try:
        table = read_table(data)
        places, ignored = _header(table.rows[0])
    except SpreadsheetError as error:
        refuse(f"{file}：{error.message} [{error.code}]")
    rows, unreadable = _rows(table, places)
    with running_servers(Settings.from_env()) as settings:
        report = _imported(build(settings), rows, unreadable, all_or_nothing=all_or_nothing)
    if as_json:
        document = dataclasses.asdict(report) | {"ignored_columns": ignored}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _print(report, ignored)
    if report.refused:
        raise SystemExit(_SOME_ROWS_REFUSED)


def _imported(
    backend: Backend,
    rows: list[OrganisationRow],
    unreadable: list[ImportProblem],
    *,
    all_or_nothing: bool,
) -> OrganisationReport:
    try:
        with backend.engine.begin() as db:
            return import_organisations(
                db,
                rows=rows,
                unreadable=unreadable,
                now=backend.clock.now(),
                all_or_nothing=all_or_nothing,
            )
    finally:
        backend.engine.dispose()


def _print(report: OrganisationReport, ignored: list[str]) -> None:
    for problem in report.problems:
        click.echo(
            f"第{problem.row}行 {problem.column}：{problem.problem}。建议：{problem.suggestion}。"
        )
    if ignored:
        click.echo(f"忽略的列：{'、'.join(ignored)}")
    heading = "已写入" if report.written else "未写入任何内容；若去掉有问题的行，将会是"
    click.echo(
        f"{heading}：新增区划 {report.districts}，系统 {report.systems}，"
        f"单位 {report.institutions}，部门 {report.departments}；更名 {report.renamed}，"
        f"年度数据 {report.years}；不变 {report.unchanged} 行，拒绝 {report.refused} 行。"
    )


def _header(cells: tuple[Cell, ...]) -> tuple[dict[Column, int], list[str]]:
    """Where each column stands, and the headings nobody knows.

    Raises:
        SpreadsheetError: the heading lacks a required column or names one twice.
    """
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
    missing = [column.value for column in _REQUIRED if column not in places]
    if missing:
        raise SpreadsheetError(
            f"第1行缺少表头：{'、'.join(missing)}。请用 --template 生成模板，按模板填写。"
        )
    return places, ignored


def _rows(
    table: Table, places: Mapping[Column, int]
) -> tuple[list[OrganisationRow], list[ImportProblem]]:
    """The rows that can be read, and what is wrong with the cells of the others."""
    rows: list[OrganisationRow] = []
    problems: list[ImportProblem] = []
    for number, cells in enumerate(table.rows[1:], start=2):
        stated = {column: cells[place] for column, place in places.items() if cells[place] != ""}
        if stated:
            reader = _RowReader(number, stated)
            row = reader.row()
            rows += [] if row is None else [row]
            problems += reader.problems
    return rows, problems


class _RowReader:
    """Reads the filled cells of one row and collects what is wrong with them."""

    def __init__(self, number: int, cells: Mapping[Column, Cell]) -> None:
        self._number = number
        self._cells = cells
        self.problems: list[ImportProblem] = []

    def row(self) -> OrganisationRow | None:
        """The row; None when `problems` holds why not."""
        code = self._read(Column.DISTRICT_CODE, _district_code)
        name = self._read(Column.DISTRICT_NAME, _name)
        alone = set(self._cells) <= set(_DISTRICT)
        institution = None if alone else self._institution()
        if self.problems or code is None or name is None:
            return None
        return OrganisationRow(self._number, code, name, institution)

    def _institution(self) -> StatedInstitution | None:
        system_code = self._read(Column.SYSTEM_CODE, _name)
        system_name = self._read(Column.SYSTEM_NAME, _name)
        credit_code = self._read(Column.CREDIT_CODE, lambda cell: checked_credit_code(_text(cell)))
        name = self._read(Column.NAME, _name)
        short_name = self._read(Column.SHORT_NAME, _name)
        kind = self._read(Column.KIND, _kind)
        opened_on = self._read(Column.OPENED_ON, _date)
        department = self._read(Column.DEPARTMENT, _department)
        figures = self._figures()
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

    def _figures(self) -> YearFigures | None:
        """The figures of a year: all three cells or none."""
        filled = [column for column in _FIGURES if column in self._cells]
        for column in _FIGURES if filled else ():
            if column not in filled:
                self._refuse(column, f"为空，但填写了{filled[0]}", "请三列同时填写，或都不填")
        year = self._read(Column.YEAR, lambda cell: _whole(cell, 2000, 2100))
        headcount = self._read(Column.HEADCOUNT, lambda cell: _whole(cell, 0, 99_999_999))
        area = self._read(Column.FLOOR_AREA, _area)
        if year is None or headcount is None or area is None:
            return None
        return YearFigures(year, headcount, area)

    def _read(self, column: Column, parse: Callable[[Cell], Parsed]) -> Parsed | None:
        """The cell as `parse` understands it; None when it is empty or wrong."""
        if column not in self._cells:
            if column in _REQUIRED:
                self._refuse(column, "必填，但为空", _FILL_IN)
            return None
        try:
            return parse(self._cells[column])
        except _CellError as error:
            self._refuse(column, str(error), _NOTES[column])
        except DomainError as error:
            self._refuse(column, error.message.rstrip("。"), _NOTES[column])
        return None

    def _refuse(self, column: Column, problem: str, suggestion: str) -> None:
        self.problems.append(ImportProblem(self._number, column, problem, suggestion))


def _text(cell: Cell) -> str:
    """A cell as text; numbers as they are spelt, whole ones without a fraction."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise _CellError("不是文字")
    if isinstance(cell, float):
        if abs(cell) >= 10**15 or cell != cell:  # noqa: PLR0124 -- only NaN differs from itself
            raise _CellError("数字过长，位数已丢失，请把单元格格式设为“文本”后重新填写")
        return str(int(cell)) if cell.is_integer() else str(cell)
    text = unicodedata.normalize("NFKC", str(cell)).strip()
    if text.startswith(("=", "+", "-", "@")):
        raise _CellError("以 = + - @ 开头，可能是公式，请去掉开头的符号")
    return text


def _name(cell: Cell) -> str:
    return checked_name(_text(cell))


def _district_code(cell: Cell) -> str:
    code = _text(cell)
    if not re.fullmatch(r"[1-9][0-9]{5}", code):
        raise _CellError("不是6位行政区划代码")
    return code


def _kind(cell: Cell) -> InstitutionKind:
    word = _text(cell)
    if word not in _KINDS:
        raise _CellError(f"没有“{word[:20]}”这种单位性质")
    return _KINDS[word]


def _department(cell: Cell) -> tuple[str, ...]:
    names = _text(cell).strip(PATH_SEPARATOR).split(PATH_SEPARATOR)
    if len(names) > _MOST_LEVELS:
        raise _CellError(f"部门超过{_MOST_LEVELS}级")
    return tuple(checked_name(name) for name in names)


def _date(cell: Cell) -> date:
    """A date cell, or a date as text; Excel's bare day counts are ambiguous (1900, 1904)."""
    if isinstance(cell, datetime):
        return written_day(cell)
    if isinstance(cell, date):
        return cell
    text = _text(cell)
    match = next(filter(None, (shape.fullmatch(text) for shape in _DATES)), None)
    if match is None:
        raise _CellError("不是日期")
    try:
        return date(*(int(group) for group in match.groups()))
    except ValueError:
        raise _CellError("没有这一天") from None


def _whole(cell: Cell, least: int, most: int) -> int:
    text = _text(cell)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise _CellError(f"不是{least}至{most}之间的整数")
    return int(text)


def _area(cell: Cell) -> Decimal:
    try:
        area = Decimal(_text(cell).replace(",", ""))
    except InvalidOperation:
        raise _CellError("不是数字") from None
    if not (area.is_finite() and 0 <= area < 10**12 and area == area.quantize(Decimal("0.01"))):
        raise _CellError("应为不小于0、最多两位小数的平方米数")
    return area
