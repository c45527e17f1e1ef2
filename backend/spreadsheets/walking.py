"""Follows the XML parts of a workbook by expat: limits, and what a reader of values does not tell.

A workbook is a zip of XML that can be built to exhaust a reader; and a reader that returns values
returns an error as an empty cell, a formula as what it last gave.
"""

import re
from typing import Final, NoReturn
from xml.parsers import expat

from backend.spreadsheets.cells import Cell, CellFault, error_fault, number_cell
from backend.spreadsheets.errors import refuse
from backend.spreadsheets.formats import NumberFormats, shown

MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 64
_MAX_TEXT: Final = 100_000_000
_MAX_NOTES: Final = 100_000
_TEXT_STARTS: Final = frozenset({"row", "c", "si", "is", "v"})
_REFERENCE: Final = re.compile(r"([A-Z]{1,7})([0-9]{1,10})")
_STRANGE: Final = "工作簿的内部结构异常，请把内容复制到模板中再导入。"
_FORMULA: Final = CellFault(
    "含有公式", "请复制整列后“选择性粘贴”为数值；结果是错误值的单元格请改为正确的内容"
)


class Walker:
    """Follows parts one after another, the way readers do: rows and cells, text by its length.

    Attributes:
        formats: what the styles say; its part is to be walked before the sheets.
        sheets: names of the sheets by the id of their relation.
        targets: parts by the id of their relation.
        notes: by part, what stands in the place of a cell (row and column from 1).
    """

    def __init__(self) -> None:
        self.formats = NumberFormats()
        self.sheets: dict[str, str] = {}
        self.targets: dict[str, str] = {}
        self.notes: dict[str, dict[tuple[int, int], Cell]] = {}
        self._part = ""
        self._row = 0
        self._column = 0
        self._cells = 0
        self._noted = 0
        self._text = 0
        self._longest = 0
        self._in_styles = False
        self._kind = ""
        self._code = ""
        self._value: list[str] | None = None

    def walk(self, part: bytes, name: str) -> None:
        """Refuses a part with a document type or more than the limits; notes its cells."""
        self._row = self._column = self._text = 0
        self._part = name.lower()
        self._value = None
        self._in_styles = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(part, True)  # noqa: FBT003 -- expat's signature: this is the last chunk
        except expat.ExpatError:
            refuse(f"工作簿的内部文件 {name[-40:]} 已损坏，请另存为 .xlsx 后再导入。")
        # Readers copy a shared text into every cell that refers to it.
        if self._cells * self._longest > _MAX_TEXT:
            refuse("工作簿中的文字过长，请把内容复制到模板中再导入。")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local in _TEXT_STARTS:
            self._text = 0
        if local == "row":
            self._row = _number(attributes.get("r"), self._row + 1)
            self._column = 0
            self._check_place()
        elif local == "c":
            self._cells += 1
            self._move_to(attributes.get("r", "").upper())
            self._kind = attributes.get("t", "n")
            self._code = self.formats.code(_number(attributes.get("s"), 0))
        elif local == "v" and self._row:
            noted = self._kind == "e" or (self._kind == "n" and self._code)
            self._value = [] if noted else None
        elif local == "f" and self._row:
            self._note(_FORMULA)
        elif local in {"sheet", "Relationship", "cellXfs", "xf", "numFmt"}:
            self._directory(local, attributes)

    def _end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        if local == "v" and self._value is not None:
            text, self._value = "".join(self._value), None
            if self._kind == "e":
                self._note(error_fault(text))
            elif (self._row, self._column) not in self.notes.get(self._part, {}):
                self._note_shown(text)
        elif local == "c":
            self._kind = self._code = ""
        elif local == "cellXfs":
            self._in_styles = False

    def _directory(self, local: str, attributes: dict[str, str]) -> None:
        """Sheets, relations and styles: what the workbook's other parts are called and mean."""
        if local == "sheet":
            key = next((value for each, value in attributes.items() if each.endswith(" id")), "")
            self.sheets[key] = attributes.get("name", "")
        elif local == "Relationship" and self._part == "xl/_rels/workbook.xml.rels":
            self.targets[attributes.get("Id", "")] = attributes.get("Target", "")
        elif local == "cellXfs":
            self._in_styles = True
        elif local == "xf" and self._in_styles:
            self.formats.style(_number(attributes.get("numFmtId"), 0))
        elif local == "numFmt":
            number = _number(attributes.get("numFmtId"), 0)
            self.formats.define(number, attributes.get("formatCode", "")[:100])

    def _note_shown(self, text: str) -> None:
        """Notes a number whose format shows something else."""
        try:
            value = number_cell(float(text))
        except ValueError:
            return
        if value.is_finite():
            self._note(shown(value, self._code))

    def _note(self, cell: Cell) -> None:
        self._noted += 1
        if self._noted > _MAX_NOTES:
            refuse("工作簿中的公式或错误值过多，请复制后“选择性粘贴”为数值，再导入。")
        self.notes.setdefault(self._part, {})[self._row, self._column] = cell

    def _characters(self, text: str) -> None:
        self._text += len(text)
        self._longest = max(self._longest, self._text)
        if self._value is not None:
            self._value.append(text[:40])

    def _doctype(self, *_declaration: object) -> NoReturn:
        # A document type can define entities that expand without end; workbooks have none.
        refuse(_STRANGE)

    def _move_to(self, reference: str) -> None:
        if not reference:
            self._column += 1
            self._check_place()
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            refuse(_STRANGE)
        self._column = 0
        for letter in match[1]:
            self._column = self._column * 26 + ord(letter) - ord("A") + 1
        of, self._row = self._row, int(match[2])
        self._check_place()
        # Readers go by the cell's own row: it must be the one it stands in.
        if self._row != of:
            refuse(_STRANGE)

    def _check_place(self) -> None:
        if self._row > MAX_ROWS + 1:
            refuse(f"超过{MAX_ROWS}行，请拆分或删除多余的空行后再导入。")
        if self._column > MAX_COLUMNS:
            refuse(f"超过{MAX_COLUMNS}列，请删除多余的列后再导入。")


def _number(text: str | None, otherwise: int) -> int:
    """A number as spelt, or the other where there is none; absurd ones count as too many."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MAX_ROWS + 2
