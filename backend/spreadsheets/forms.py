"""Forms: the columns a table must have, its empty workbook, and reading it row by row.

An empty cell says nothing: what is stored stays. What is to go is said with the word 清空.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Generic, TypeVar

import xlsxwriter

from backend.errors import DomainError
from backend.spreadsheets.cells import Cell, CellFault, checked
from backend.spreadsheets.errors import CellError, RowProblem, SpreadsheetError
from backend.spreadsheets.reading import Table
from backend.text.cleaning import squeezed

C = TypeVar("C", bound=StrEnum)
Parsed = TypeVar("Parsed")

CLEAR_WORD: Final = "清空"
_FILL_IN: Final = "请填写；如是合并单元格，请拆分后逐行填写"
_HEADING_WITHIN: Final = 10


class Unsaid(Enum):
    """What a cell without a value asks for: to keep what is stored, or to clear it."""

    KEEP = "keep"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Form(Generic[C]):
    """The columns of a table.

    Attributes:
        columns: by their Chinese headings, in the template's order.
        required: those every table must have and no row may leave empty.
        notes: what each must hold; the remedy where nothing more precise is known.
    """

    columns: type[C]
    required: tuple[C, ...]
    notes: Mapping[C, str]


@dataclass(frozen=True, slots=True)
class Heading(Generic[C]):
    """Where the columns stand.

    Attributes:
        row: the number of the heading's row that people see.
        places: the position of each column the table has.
        ignored: headings nobody knows, as written.
    """

    row: int
    places: Mapping[C, int]
    ignored: tuple[str, ...]


class RowReader(Generic[C]):
    """Reads the cells of one row and collects what is wrong with them.

    Attributes:
        number: the row number people see.
        filled: the columns that hold anything.
        problems: what is wrong.
    """

    def __init__(self, form: Form[C], number: int, cells: Mapping[C, Cell]) -> None:
        self._form = form
        self._cells = cells
        self.number = number
        self.filled = frozenset(cells)
        self.problems: list[RowProblem] = []

    def read(self, column: C, parse: Callable[[Cell], Parsed]) -> Parsed | None:
        """The cell as `parse` understands it; None when it is empty or wrong."""
        stated = self.change(column, parse)
        if stated is Unsaid.CLEAR:
            self.refuse(column, f"此列不能填“{CLEAR_WORD}”", self._form.notes[column])
        return None if isinstance(stated, Unsaid) else stated

    def change(self, column: C, parse: Callable[[Cell], Parsed]) -> Parsed | Unsaid:
        """The cell as `parse` understands it, or what is to become of the stored value."""
        cell = self._cells.get(column, "")
        if cell == CLEAR_WORD:
            return Unsaid.CLEAR
        try:
            if cell != "":
                checked(cell)
                return parse(cell)
        except CellError as error:
            self.refuse(column, error.problem, error.suggestion or self._form.notes[column])
        except DomainError as error:
            self.refuse(column, error.message.rstrip("。"), self._form.notes[column])
        else:
            if column in self._form.required:
                self.refuse(column, "必填，但为空", _FILL_IN)
        return Unsaid.KEEP

    def refuse(self, column: C, problem: str, suggestion: str) -> None:
        """Notes a problem of this row."""
        self.problems.append(RowProblem(self.number, column.value, problem, suggestion))


def heading_of(table: Table, form: Form[C]) -> Heading[C]:
    """The heading: the first of the upper rows that holds the required columns.

    Titles above it are passed over.

    Raises:
        SpreadsheetError: no row has all of them, or one names a column twice.
    """
    best: tuple[int, Heading[C]] | None = None
    for number, cells in enumerate(table.rows[:_HEADING_WITHIN], start=1):
        heading = _heading(number, cells, form)
        known = sum(column in heading.places for column in form.required)
        if known == len(form.required):
            return heading
        if best is None or known > best[0]:
            best = known, heading
    row, places = (best[1].row, best[1].places) if best and best[0] else (1, {})
    missing = [column.value for column in form.required if column not in places]
    raise SpreadsheetError(f"第{row}行缺少表头：{'、'.join(missing)}。请按模板填写表头。")


def rows_of(table: Table, form: Form[C], heading: Heading[C]) -> Iterator[RowReader[C]]:
    """A reader for each row below the heading that holds anything."""
    for number, cells in enumerate(table.rows[heading.row :], start=heading.row + 1):
        filled = {
            column: cells[place] for column, place in heading.places.items() if cells[place] != ""
        }
        if filled:
            yield RowReader(form, number, filled)


def template(form: Form[C], sheets: Mapping[str, Sequence[Sequence[str]]]) -> bytes:
    """An empty workbook: headings with notes, cells set to text.

    Args:
        form: the columns.
        sheets: by name, the example rows of each; the first is the one to fill in.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as workbook:
        text = workbook.add_format({"num_format": "@"})
        heading = workbook.add_format({"bold": True, "bg_color": "#DFF0E3", "border": 1})
        for name, examples in sheets.items():
            sheet = workbook.add_worksheet(name)
            for place, column in enumerate(form.columns):
                starred = column.value + ("*" if column in form.required else "")
                sheet.set_column(place, place, max(14, 2 * len(column.value) + 4), text)
                sheet.write_string(0, place, starred, heading)
                sheet.write_comment(0, place, form.notes[column])
            sheet.freeze_panes(1, 0)
            for number, example in enumerate(examples, start=1):
                for place, cell in enumerate(example):
                    sheet.write_string(number, place, cell, text)
    return target.getvalue()


def heading_text(cell: Cell) -> str:
    """A cell as the name of a column: without blanks and the star of required ones."""
    return "" if isinstance(cell, CellFault) else re.sub(r"[*]", "", squeezed(str(cell)))


def _heading(number: int, cells: tuple[Cell, ...], form: Form[C]) -> Heading[C]:
    places: dict[C, int] = {}
    ignored: list[str] = []
    known = {column.value: column for column in form.columns}
    for place, cell in enumerate(cells):
        written = "" if isinstance(cell, CellFault) else str(cell)
        heading = heading_text(cell)
        if heading not in known:
            ignored += [written[:40]] if heading else []
        elif known[heading] in places:
            raise SpreadsheetError(f"表头“{heading}”出现了两次，请删除多余的一列。")
        else:
            places[known[heading]] = place
    return Heading(number, places, tuple(ignored))
