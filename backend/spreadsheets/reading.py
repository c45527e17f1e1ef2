"""Reads one table from an XLSX or CSV file that nobody vouches for. Pure."""

import csv
import io
from dataclasses import dataclass
from typing import Final

from backend.spreadsheets.cells import Cell
from backend.spreadsheets.errors import refuse
from backend.spreadsheets.walking import MAX_COLUMNS, MAX_ROWS
from backend.spreadsheets.workbook import workbook_rows
from backend.text.cleaning import cleaned

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True)
class Table:
    """The first visible sheet, or the CSV: rows of cells of equal length.

    Attributes:
        rows: row by row from the first line of the sheet, empty ones included, so that the index
            plus one is the row number people see.
    """

    rows: tuple[tuple[Cell, ...], ...]


def read_table(data: bytes) -> Table:
    """The table in an XLSX workbook or a CSV text (UTF-8 or GB18030), told apart by content.

    What a cell cannot say for certain is a `CellFault` in its place: error values, formulas,
    percentages, the covered cells of merged ones. Texts come without unseen characters.

    Args:
        data: the whole file.

    Raises:
        SpreadsheetError: too large, hostile, of another format, or with macros.
    """
    if len(data) > MAX_FILE_BYTES:
        refuse(f"文件超过{MAX_FILE_BYTES // 2**20}MB，请拆分后分别导入。")
    if not data.strip():
        refuse("文件是空的，请选择填好的文件。")
    if data.startswith(_OLD_EXCEL):
        refuse("这是旧版（.xls）或加了密码的工作簿，请去掉密码并另存为 .xlsx 后再导入。")
    if data.startswith(b"PK"):
        return _table(workbook_rows(data))
    return _table(_csv_rows(data))


def _table(rows: list[list[Cell]]) -> Table:
    """The rows, filled up to equal length, without the empty ones at the end."""
    while rows and all(cell == "" for cell in rows[-1]):
        rows.pop()
    if not rows:
        refuse("文件中没有内容，请填写后再导入。")
    if len(rows) > MAX_ROWS + 1:
        refuse(f"超过{MAX_ROWS}行，请拆分后分别导入。")
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        refuse(f"超过{MAX_COLUMNS}列，请删除多余的列后再导入。")
    return Table(tuple((*row, *[""] * (width - len(row))) for row in rows))


def _csv_rows(data: bytes) -> list[list[Cell]]:
    """CSV by comma or tab."""
    text = _decoded(data)
    if "\0" in text:
        refuse("这不是 .xlsx 或 CSV 文件，请用模板另存为 .xlsx 后再导入。")
    header = text.partition("\n")[0]
    delimiter = "\t" if "\t" in header and "," not in header else ","
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            rows.append([cleaned(cell) for cell in row])
            if len(rows) > MAX_ROWS + 1 or len(row) > MAX_COLUMNS:
                break
    except csv.Error:
        refuse(f"CSV 第{len(rows) + 1}行的引号不成对或内容过长，请检查后再导入。")
    return rows


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError:
        refuse("文件编码无法识别，请另存为 .xlsx 或 UTF-8 编码的 CSV 后再导入。")
