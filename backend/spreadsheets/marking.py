"""A table as a workbook with its wrong cells marked: what is wrong stands in a note. Pure."""

import io
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import xlsxwriter

from backend.spreadsheets.cells import Cell, CellFault
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.forms import heading_text
from backend.spreadsheets.reading import Table

_REASON: Final = "要修改的地方"
_WIDTH: Final = 18
_MIDNIGHT: Final = " 00:00:00"


def marked(table: Table, problems: Iterable[RowProblem]) -> bytes:
    """The rows as they were read, every cell a text, wrong cells red with a note.

    A further column says what to change in the row, so that rows can be filtered by it. It is no
    column of any form: the file can be corrected and uploaded as it is.

    Args:
        table: the file as it was read.
        problems: what is wrong with it.
    """
    by_row: defaultdict[int, list[RowProblem]] = defaultdict(list)
    for problem in problems:
        by_row[problem.row].append(problem)
    places = _places(table, {each.column for found in by_row.values() for each in found})
    width = max((len(row) for row in table.rows), default=0)
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as workbook:
        plain = workbook.add_format({"num_format": "@"})
        wrong = workbook.add_format({"num_format": "@", "bg_color": "#FBE8E3", "border": 1})
        sheet = workbook.add_worksheet("标出错误")
        sheet.set_column(0, width, _WIDTH, plain)
        for number, cells in enumerate(table.rows, start=1):
            found = {places.get(each.column): each for each in by_row.get(number, ())}
            for place, cell in enumerate(cells):
                fault = found.get(place)
                sheet.write_string(number - 1, place, _text(cell), wrong if fault else plain)
                if fault:
                    sheet.write_comment(number - 1, place, f"{fault.problem}。{fault.suggestion}。")
            if number in by_row:
                told = "；".join(f"{each.column}：{each.problem}" for each in by_row[number])
                sheet.write_string(number - 1, width, told, wrong)
        sheet.write_string(0, width, _REASON, plain)
    return target.getvalue()


def _places(table: Table, columns: set[str]) -> dict[str, int]:
    """Where the columns stand, by the first row that names any of them."""
    for cells in table.rows:
        places = {heading_text(cell): place for place, cell in enumerate(cells)}
        found = {column: places[column] for column in columns if column in places}
        if found:
            return found
    return {}


def _text(cell: Cell) -> str:
    """A cell as it is typed; of a cell that says nothing for certain, nothing."""
    if isinstance(cell, CellFault):
        return ""
    return str(cell).removesuffix(_MIDNIGHT)
