"""The roster file (花名册): its columns, what each cell must hold, the empty template. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from backend.organisations.models import PATH_SEPARATOR
from backend.organisations.policy import checked_credit_code, checked_name
from backend.people.policy import (
    checked_person_name,
    checked_phone,
    checked_staff_number,
    staff_number_key,
)
from backend.spreadsheets import cells
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.forms import Form, RowReader, Unsaid, heading_of, rows_of
from backend.spreadsheets.forms import template as empty_workbook
from backend.spreadsheets.reading import Table


class RosterColumn(StrEnum):
    """The columns by their Chinese headings, in the template's order."""

    CREDIT_CODE = "单位统一社会信用代码"
    DEPARTMENT = "部门"
    STAFF_NUMBER = "工号"
    NAME = "姓名"
    PHONE = "手机号"
    ACTIVE_FROM = "入职日期"
    ACTIVE_UNTIL = "离职日期"


_FORM: Final = Form(
    columns=RosterColumn,
    required=(
        RosterColumn.CREDIT_CODE,
        RosterColumn.DEPARTMENT,
        RosterColumn.STAFF_NUMBER,
        RosterColumn.NAME,
    ),
    notes={
        RosterColumn.CREDIT_CODE: "18位，与登记证书一致",
        RosterColumn.DEPARTMENT: "多级部门用“/”分隔，如 办公室/文印科",
        RosterColumn.STAFF_NUMBER: "单位内唯一；请按文本填写，保留前导零",
        RosterColumn.NAME: "真实姓名",
        RosterColumn.PHONE: "11位手机号，系统只保存校验值。不填则不改，删除请填“清空”",
        RosterColumn.ACTIVE_FROM: "如 2026-01-02。不填则不改，删除请填“清空”",
        RosterColumn.ACTIVE_UNTIL: "离开后的第一天。不填则不改；已登记的离职有误，请填“清空”",
    },
)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person as the file states them; `row` is the row number people see.

    An empty cell and a missing column keep what is stored; only the word 清空 clears it.
    """

    row: int
    credit_code: str
    department: tuple[str, ...]
    staff_number: str
    name: str
    phone: str | Unsaid
    active_from: date | Unsaid
    active_until: date | Unsaid


@dataclass(frozen=True, slots=True)
class RosterFile:
    """What a file states, and what is wrong with it.

    Attributes:
        ignored: headings nobody knows, as written.
        rows: the rows without a problem.
        problems: of the other rows, in the file's order.
        refused: how many rows have a problem.
    """

    ignored: tuple[str, ...]
    rows: tuple[RosterRow, ...]
    problems: tuple[RowProblem, ...]
    refused: int


def parse_roster(table: Table) -> RosterFile:
    """Reads the rows of a roster; every problem of every row is told.

    Raises:
        SpreadsheetError: the heading lacks a required column or names one twice.
    """
    heading = heading_of(table, _FORM)
    rows: list[RosterRow] = []
    problems: list[RowProblem] = []
    refused = 0
    seen = _Seen()
    for reader in rows_of(table, _FORM, heading):
        row = _row(reader)
        if row is not None:
            seen.check(row, reader)
        if row is None or reader.problems:
            refused += 1
            problems += reader.problems
        else:
            rows.append(row)
    return RosterFile(heading.ignored, tuple(rows), tuple(problems), refused)


def template() -> bytes:
    """An empty roster as an XLSX workbook: headings with notes, cells set to text."""
    return empty_workbook(_FORM, {"名册": ()})


class _Seen:
    """Whom the rows above have named: nobody twice, by number or by phone."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], RosterRow] = {}
        self._phones: dict[str, int] = {}

    def check(self, row: RosterRow, reader: RowReader[RosterColumn]) -> None:
        """Notes a problem with the row if it names somebody again."""
        key = (row.credit_code, staff_number_key(row.staff_number))
        first = self._numbers.setdefault(key, row)
        if first is not row and first.staff_number == row.staff_number:
            problem = f"与第{first.row}行的单位和工号相同"
            reader.refuse(RosterColumn.STAFF_NUMBER, problem, "请只保留正确的一行")
        elif first is not row:
            problem = f"与第{first.row}行的工号只差开头的零"
            suggestion = "请把工号列设为文本，按证件填写完整工号；同一人只保留一行"
            reader.refuse(RosterColumn.STAFF_NUMBER, problem, suggestion)
        # Who leaves may stand in the same file with a second institution.
        if isinstance(row.phone, str) and not isinstance(row.active_until, date):
            before = self._phones.setdefault(row.phone, row.row)
            if before != row.row:
                problem = f"与第{before}行的手机号相同"
                suggestion = "一个手机号只能用于一名人员，请核对是谁的"
                reader.refuse(RosterColumn.PHONE, problem, suggestion)


def _row(reader: RowReader[RosterColumn]) -> RosterRow | None:
    """The row; None when the reader holds its problems."""
    credit_code = reader.read(
        RosterColumn.CREDIT_CODE, lambda cell: checked_credit_code(cells.code(cell))
    )
    department = reader.read(
        RosterColumn.DEPARTMENT,
        lambda cell: tuple(checked_name(name) for name in cells.path(cell, PATH_SEPARATOR)),
    )
    staff_number = reader.read(
        RosterColumn.STAFF_NUMBER, lambda cell: checked_staff_number(cells.code(cell))
    )
    name = reader.read(RosterColumn.NAME, lambda cell: checked_person_name(cells.words(cell)))
    phone = reader.change(RosterColumn.PHONE, lambda cell: checked_phone(cells.code(cell)))
    active_from = reader.change(RosterColumn.ACTIVE_FROM, cells.day)
    active_until = reader.change(RosterColumn.ACTIVE_UNTIL, cells.day)
    match active_from, active_until:
        case date(), date() if active_until < active_from:
            reader.refuse(RosterColumn.ACTIVE_UNTIL, "早于入职日期", "请核对入职日期和离职日期")
    if reader.problems or not (credit_code and department and staff_number and name):
        return None
    return RosterRow(
        row=reader.number,
        credit_code=credit_code,
        department=department,
        staff_number=staff_number,
        name=name,
        phone=phone,
        active_from=active_from,
        active_until=active_until,
    )
