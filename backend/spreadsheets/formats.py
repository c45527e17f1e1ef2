"""What a number format makes of a stored number: zeros in front, percent signs. Pure."""

import re
from decimal import Decimal
from typing import Final

from backend.spreadsheets.cells import Cell, CellFault

_PERCENT_FORMATS: Final = frozenset({9, 10})
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|[_*].')
_ZEROS: Final = re.compile(r"0[0 \-]*0")


class NumberFormats:
    """The number formats of a workbook that matter, by the style a cell names.

    Its `xl/styles.xml` names formats by id (`numFmt`) and styles by position (`cellXfs`).
    """

    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._styles: list[int] = []

    def define(self, number: int, code: str) -> None:
        """Notes a format of the workbook's own."""
        self._codes[number] = code

    def style(self, number: int) -> None:
        """Notes the format of the next style."""
        self._styles.append(number)

    def code(self, style: int) -> str:
        """The code of a style's format where it changes what is read: percent or zeros."""
        number = self._styles[style] if 0 <= style < len(self._styles) else 0
        code = "0%" if number in _PERCENT_FORMATS else self._codes.get(number, "")
        plain = _LITERAL.sub("", code).partition(";")[0]
        return code if "%" in plain or _ZEROS.match(plain.partition(".")[0]) else ""


def shown(value: Decimal, code: str) -> Cell:
    """A number under such a code: as shown, or a fault where that is not what is stored."""
    plain = _LITERAL.sub("", code).partition(";")[0]
    if "%" in plain:
        return CellFault(
            f"是百分比（{(value * 100).normalize():f}%）", "请把单元格格式设为“常规”后填写数值"
        )
    if "." in plain or value != value.to_integral_value() or value < 0:
        return value
    if _LITERAL.search(code):
        return CellFault(
            "显示的内容由单元格格式拼成，与存储的数字不同",
            "请把整列的单元格格式设为“文本”后重新填写",
        )
    return str(int(value)).zfill(plain.count("0"))
