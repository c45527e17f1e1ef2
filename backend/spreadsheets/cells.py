"""Typed cells, and how each kind of content is read from one. Pure.

A workbook shows something else than it stores: zeros before a number, more digits than it keeps,
a date for a count of days. What a cell *shows* is what its author meant; where that is lost, the
cell is refused with the reason.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from backend.clock import written_day
from backend.spreadsheets.errors import CellError
from backend.text.cleaning import half_width, squeezed

_AS_TEXT: Final = "请把整列的单元格格式设为“文本”后重新填写"
_MOST_LEVELS: Final = 8
_EXACT: Final = 10**15
_YEARS: Final = range(1950, 2101)
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_APOSTROPHES: Final = "'’‘`"
_DATES: Final = (
    re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII),
    re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII),
)
# What Excel, WPS and LibreOffice write into a CSV where a formula failed or a column is narrow.
_ERROR_TEXT: Final = re.compile(
    r"#(?:N/A|VALUE!|REF!|DIV/0!|NUM!|NAME\?|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!"
    r"|BUSY!|UNKNOWN!|EXTERNAL!|PYTHON!|GETTING_DATA|#+)|Err:\d{3}"
)
_SCIENTIFIC: Final = re.compile(r"\d(?:\.\d+)?E[+-]\d+")


@dataclass(frozen=True, slots=True)
class CellFault:
    """A cell whose content cannot be represented: why, and what to do, in Chinese."""

    problem: str
    suggestion: str


Cell = str | Decimal | bool | date | datetime | time | timedelta | CellFault
"""What a cell holds; empty cells are the empty text. Numbers have Excel's 15 digits."""


def number_cell(value: float) -> Decimal:
    """A stored number as Excel shows it: 3500.2999999999997 is 3500.3."""
    return Decimal(format(value, ".15g"))


def error_fault(shown: str) -> CellFault:
    """The fault of a cell that shows an error such as `#N/A`."""
    return CellFault(
        f"是错误值 {shown[:20]}，不是内容", "请改为正确的内容；确实要删除原内容，请填“清空”"
    )


def checked(cell: Cell) -> str | Decimal | bool | date | datetime | time | timedelta:
    """The content of a cell that has one.

    Raises:
        CellError: the cell is a fault, or a text that stands for an error value.
    """
    if isinstance(cell, str) and _ERROR_TEXT.fullmatch(cell):
        cell = error_fault(cell)
    if isinstance(cell, CellFault):
        raise CellError(cell.problem, cell.suggestion)
    return cell


def words(cell: Cell) -> str:
    """A cell as words in half width: a name, a title. Whole numbers count as their digits."""
    content = checked(cell)
    if isinstance(content, Decimal):
        return _digits(content)
    if not isinstance(content, str):
        raise CellError(f"不是文字，而是{_kind(content)}", _AS_TEXT)
    text = half_width(content)
    return _no_formula(text, _FORMULA_STARTS)


def code(cell: Cell) -> str:
    """A cell as a number people quote: every digit counts, zeros in front among them.

    Blanks and the apostrophe that marks a text in Excel are dropped; capital letters.

    Raises:
        CellError: Excel has changed it: digits lost, a date or a truth value made of it.
    """
    content = checked(cell)
    if isinstance(content, Decimal):
        return _digits(content)
    if not isinstance(content, str):
        raise CellError(f"不是编号，而是{_kind(content)}", _AS_TEXT)
    text = squeezed(content).lstrip(_APOSTROPHES).upper()
    if not text.startswith("+86"):
        _no_formula(text, _FORMULA_STARTS)
    if _SCIENTIFIC.fullmatch(text) or re.fullmatch(r"\d+\.0+", text):
        raise CellError("是被表格软件改写过的数字，原来的位数已丢失", _AS_TEXT)
    if text in {"TRUE", "FALSE"}:
        raise CellError("不是编号，而是逻辑值", _AS_TEXT)
    return text


def day(cell: Cell) -> date:
    """A date cell, or a date as text or as the number 20260102.

    Excel's bare counts of days are ambiguous (1900, 1904) and refused.
    """
    content = checked(cell)
    if isinstance(content, datetime):
        content = written_day(content)
    elif not isinstance(content, date):
        content = _spelt_day(content)
    if content.year not in _YEARS:
        raise CellError(f"年份{content.year}不合理", "请核对日期")
    return content


def whole(cell: Cell, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    number = _number(cell)
    if number != number.to_integral_value() or not least <= number <= most:
        raise CellError(f"不是{least}至{most}之间的整数")
    return int(number)


def amount(cell: Cell, *, places: int, below: int) -> Decimal:
    """A number from 0 up to, not including, `below`, with at most so many decimals."""
    number = _number(cell)
    if not 0 <= number < below or number != round(number, places):
        raise CellError(f"应为不小于0、最多{places}位小数的数字")
    return round(number, places)


def path(cell: Cell, separator: str) -> tuple[str, ...]:
    """The names of a path from the top down, such as 办公室/文印科; not checked further."""
    names = words(cell).strip(separator).split(separator)
    if len(names) > _MOST_LEVELS:
        raise CellError(f"超过{_MOST_LEVELS}级")
    return tuple(names)


def _number(cell: Cell) -> Decimal:
    content = checked(cell)
    if isinstance(content, Decimal):
        return content
    if not isinstance(content, str):
        raise CellError(f"不是数字，而是{_kind(content)}")
    text = _no_formula(squeezed(content).lstrip(_APOSTROPHES).replace(",", ""), ("=", "@"))
    try:
        number = Decimal(text) if len(text) <= 40 else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    # An exponent would make rounding as long as the number.
    if not number.is_finite() or number.adjusted() > 40:
        raise CellError("不是数字")
    return number


def _no_formula(text: str, starts: tuple[str, ...]) -> str:
    if text.startswith(starts):
        raise CellError(f"以 {' '.join(starts)} 开头，可能是公式", "请去掉开头的符号")
    return text


def _digits(number: Decimal) -> str:
    """A whole number as its digits."""
    if number != number.to_integral_value() or abs(number) >= _EXACT:
        raise CellError("是带小数或过长的数字，位数已丢失", _AS_TEXT)
    if number < 0:
        raise CellError("是负数", "请去掉负号；编号请按文本填写")
    return str(int(number))


def _spelt_day(content: object) -> date:
    if isinstance(content, Decimal) and content == content.to_integral_value():
        text = str(int(content)) if abs(content) < _EXACT else ""
    else:
        text = squeezed(content).lstrip(_APOSTROPHES) if isinstance(content, str) else ""
    match = next(filter(None, (shape.fullmatch(text) for shape in _DATES)), None)
    if match is None:
        raise CellError("不是日期")
    try:
        return date(*(int(group) for group in match.groups()))
    except ValueError:
        raise CellError("没有这一天") from None


def _kind(content: object) -> str:
    """What a cell holds instead, in Chinese."""
    if isinstance(content, bool):
        return "逻辑值"
    return "日期" if isinstance(content, date) else "时间"
