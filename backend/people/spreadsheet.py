"""Reads one table from an XLSX or CSV file that nobody vouches for. Pure.

A workbook is a zip of XML: both can be built to exhaust a reader. Every part is therefore
unpacked under limits, walked by expat for its size, formulas and entities, and only then handed,
packed anew, to the reader: what is read is what was checked.
"""

import csv
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, NoReturn
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from backend.errors import InvalidInputError

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 20 * 1024 * 1024
MAX_RATIO: Final = 100
MAX_ENTRIES: Final = 50
MAX_ROWS: Final = 20_000
MAX_COLUMNS: Final = 64
MAX_TEXT: Final = 100_000_000
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT_STARTS: Final = frozenset({"row", "c", "si", "is", "v"})
_REFERENCE: Final = re.compile(r"([A-Z]{1,7})([0-9]{1,10})")

Cell = str | int | float | bool | date | datetime | time | timedelta
"""What a cell holds; empty cells are the empty text."""


class SpreadsheetError(InvalidInputError):
    """The file is no table this program reads; the sentence says what to change."""

    code = "spreadsheet_invalid"


@dataclass(frozen=True, slots=True)
class Table:
    """The first visible sheet, or the CSV: rows of cells, the header first, of equal length.

    Attributes:
        rows: row by row from the first line of the sheet, empty ones included, so that the index
            plus one is the row number people see.
    """

    rows: tuple[tuple[Cell, ...], ...]


def read_table(data: bytes) -> Table:
    """The table in an XLSX workbook or a CSV text (UTF-8 or GB18030), told apart by content.

    Args:
        data: the whole file.

    Raises:
        SpreadsheetError: too large, hostile, of another format, or with formulas or macros.
    """
    if len(data) > MAX_FILE_BYTES:
        _refuse(f"文件超过{MAX_FILE_BYTES // 2**20}MB，请拆分后分别导入。")
    if not data.strip():
        _refuse("文件是空的，请选择填好的名册文件。")
    if data.startswith(_OLD_EXCEL):
        _refuse("这是旧版（.xls）或加了密码的工作簿，请去掉密码并另存为 .xlsx 后再导入。")
    if data.startswith(b"PK"):
        return _table(_workbook_rows(data))
    return _table(_csv_rows(data))


def _table(rows: list[list[Cell]]) -> Table:
    """The rows, filled up to equal length, without the empty ones at the end."""
    while rows and all(cell == "" for cell in rows[-1]):
        rows.pop()
    if not rows:
        _refuse("文件中没有内容，请填写后再导入。")
    if len(rows) > MAX_ROWS + 1:
        _refuse(f"超过{MAX_ROWS}行，请拆分后分别导入。")
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        _refuse(f"超过{MAX_COLUMNS}列，请删除多余的列后再导入。")
    return Table(tuple((*row, *[""] * (width - len(row))) for row in rows))


def _csv_rows(data: bytes) -> list[list[Cell]]:
    """CSV by comma or tab."""
    text = _decoded(data)
    if "\0" in text:
        _refuse("这不是 .xlsx 或 CSV 文件，请用模板另存为 .xlsx 后再导入。")
    header = text.partition("\n")[0]
    delimiter = "\t" if "\t" in header and "," not in header else ","
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append([cell.strip() for cell in row])
            if len(rows) > MAX_ROWS + 1 or len(row) > MAX_COLUMNS:
                break
    except csv.Error:
        _refuse(f"CSV 第{len(rows) + 1}行的引号不成对或内容过长，请检查后再导入。")
    return rows


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        _refuse("文件编码无法识别，请另存为 .xlsx 或 UTF-8 编码的 CSV 后再导入。")


def _workbook_rows(data: bytes) -> list[list[Cell]]:
    """The cells of the first visible sheet, from its first row and column on."""
    try:
        checked = _repacked(data)
        with CalamineWorkbook.from_filelike(io.BytesIO(checked)) as workbook:
            names = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet
                and sheet.visible == SheetVisibleEnum.Visible
            ]
            if not names:
                _refuse("工作簿中没有可见的工作表，请取消隐藏后再导入。")
            rows = workbook.get_sheet_by_name(names[0]).to_python(skip_empty_area=False)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, CalamineError):
        _refuse("工作簿已损坏或不是 .xlsx 格式，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入。")
    return [[cell.strip() if isinstance(cell, str) else cell for cell in row] for row in rows]


def _repacked(data: bytes) -> bytes:
    """The XML parts of a workbook, each unpacked under limits and walked, stored anew."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as clean:
        entries = source.infolist()
        _check_directory(entries, len(data))
        left = MAX_UNPACKED_BYTES
        walker = _Walker()
        for entry in entries:
            if entry.filename.lower().endswith((".xml", ".rels")):
                part = _unpacked(source, entry, left)
                left -= len(part)
                walker.walk(part, entry.filename)
                clean.writestr(entry.filename, part)
    return target.getvalue()


def _check_directory(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuses by the archive's own directory, before anything is unpacked."""
    names = [entry.filename.lower() for entry in entries]
    if len(entries) > MAX_ENTRIES or len(set(names)) < len(names):
        _refuse("工作簿的内部结构异常，请把内容复制到模板中再导入。")
    if any(entry.flag_bits & 1 for entry in entries):
        _refuse("工作簿加了密码，请去掉密码后再导入。")
    if any("vbaproject" in name for name in names):
        _refuse("工作簿含有宏，请另存为不含宏的 .xlsx 后再导入。")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MAX_UNPACKED_BYTES or unpacked > packed * MAX_RATIO:
        _refuse("工作簿解压后过大，请把内容复制到模板中再导入。")


def _unpacked(source: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """One part, read no further than the limit whatever size the directory declares."""
    with source.open(entry) as stream:
        part = stream.read(limit + 1)
    if len(part) > limit:
        _refuse("工作簿解压后过大，请把内容复制到模板中再导入。")
    return part


class _Walker:
    """Follows the XML parts of one workbook: rows and cells the way readers do, text by length."""

    def __init__(self) -> None:
        self._row = 0
        self._column = 0
        self._cells = 0
        self._text = 0
        self._longest = 0

    def walk(self, part: bytes, name: str) -> None:
        """Refuses a part with a document type, formulas, or more than the limits."""
        self._row = self._column = self._text = 0
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(part, True)  # noqa: FBT003 -- expat's signature: this is the last chunk
        except expat.ExpatError:
            _refuse(f"工作簿的内部文件 {name[-40:]} 已损坏，请另存为 .xlsx 后再导入。")
        # Readers copy a shared text into every cell that refers to it.
        if self._cells * self._longest > MAX_TEXT:
            _refuse("工作簿中的文字过长，请把内容复制到模板中再导入。")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if local in _TEXT_STARTS:
            self._text = 0
        if local == "row":
            self._row = _number(attributes.get("r"), self._row + 1)
            self._column = 0
        elif local == "c":
            self._cells += 1
            self._move_to(attributes.get("r", "").upper())
        elif local == "f" and self._row:
            _refuse(
                f"第{self._row}行第{self._column}列含有公式，请复制后“选择性粘贴”为数值，再导入。"
            )
        if self._row > MAX_ROWS + 1:
            _refuse(f"超过{MAX_ROWS}行，请拆分或删除多余的空行后再导入。")
        if self._column > MAX_COLUMNS:
            _refuse(f"超过{MAX_COLUMNS}列，请删除多余的列后再导入。")

    def _characters(self, text: str) -> None:
        self._text += len(text)
        self._longest = max(self._longest, self._text)

    def _doctype(self, *_declaration: object) -> NoReturn:
        # A document type can define entities that expand without end; workbooks have none.
        _refuse("工作簿的内部结构异常，请把内容复制到模板中再导入。")

    def _move_to(self, reference: str) -> None:
        if not reference:
            self._column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            _refuse("工作簿的内部结构异常，请把内容复制到模板中再导入。")
        self._column = 0
        for letter in match[1]:
            self._column = self._column * 26 + ord(letter) - ord("A") + 1
        self._row = max(self._row, int(match[2]))


def _number(text: str | None, otherwise: int) -> int:
    """A row number as spelt, or the one that follows; absurd ones count as too many."""
    if text is None:
        return otherwise
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else MAX_ROWS + 2


def _refuse(sentence: str) -> NoReturn:
    raise SpreadsheetError(sentence) from None
