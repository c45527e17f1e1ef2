"""The cells of an XLSX workbook. What is read is what was checked.

Every part is unpacked under limits, walked for its size, and only then handed, packed anew, to
the reader.
"""

import io
import posixpath
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from typing import Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from backend.spreadsheets.cells import Cell, CellFault, number_cell
from backend.spreadsheets.errors import refuse
from backend.spreadsheets.walking import Walker
from backend.text.cleaning import cleaned

_MAX_UNPACKED_BYTES: Final = 20 * 1024 * 1024
_MAX_RATIO: Final = 100
_MAX_ENTRIES: Final = 50
_MAX_MERGED: Final = 100_000
_FIRST: Final = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml")
_MERGED: Final = CellFault("属于合并单元格，内容只写在其中第一格", "请取消合并，逐行填写")


def workbook_rows(data: bytes) -> list[list[Cell]]:
    """The cells of the first visible sheet, from its first row and column on.

    Raises:
        SpreadsheetError: hostile, damaged, with macros or a password.
    """
    try:
        checked, walker = _repacked(data)
        with CalamineWorkbook.from_filelike(io.BytesIO(checked)) as workbook:
            names = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet
                and sheet.visible == SheetVisibleEnum.Visible
            ]
            if not names:
                refuse("工作簿中没有可见的工作表，请取消隐藏后再导入。")
            rows = _rows(workbook.get_sheet_by_name(names[0]))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, CalamineError):
        refuse("工作簿已损坏或不是 .xlsx 格式，请用 Excel 或 WPS 打开后另存为 .xlsx 再导入。")
    for (row, column), cell in walker.notes.get(_part_of(walker, names[0]), {}).items():
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = cell
    return rows


def _rows(sheet: CalamineSheet) -> list[list[Cell]]:
    """The values of a sheet as cells, the covered cells of merged ranges as faults."""
    rows = [[_cell(value) for value in values] for values in sheet.to_python(skip_empty_area=False)]
    covered = 0
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        for y in range(top, min(bottom + 1, len(rows))):
            cells = range(left, min(right + 1, len(rows[y])))
            covered += len(cells) + 1
            if covered > _MAX_MERGED:
                refuse("合并单元格过多，请取消合并后再导入。")
            for x in cells:
                rows[y][x] = rows[y][x] if (y, x) == (top, left) else _MERGED
    return rows


def _cell(value: str | float | bool | date | datetime | time | timedelta) -> Cell:  # noqa: FBT001 -- what a cell holds
    """A value as the reader gives it, typed."""
    if isinstance(value, str):
        return cleaned(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_cell(value)
    return value


def _part_of(walker: Walker, sheet: str) -> str:
    """The part that holds a sheet."""
    keys = (key for key, name in walker.sheets.items() if name == sheet)
    target = next((walker.targets[key] for key in keys if key in walker.targets), "")
    return posixpath.normpath(posixpath.join("/xl", target)).lower().lstrip("/")


def _repacked(data: bytes) -> tuple[bytes, Walker]:
    """The XML parts of a workbook, each unpacked under limits and walked, stored anew."""
    target = io.BytesIO()
    walker = Walker()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(target, "w") as clean:
        entries = source.infolist()
        _check_directory(entries, len(data))
        left = _MAX_UNPACKED_BYTES
        # What sheets refer to comes first, wherever it stands in the archive.
        for entry in sorted(entries, key=lambda entry: entry.filename.lower() not in _FIRST):
            if entry.filename.lower().endswith((".xml", ".rels")):
                part = _unpacked(source, entry, left)
                left -= len(part)
                walker.walk(part, entry.filename)
                clean.writestr(entry.filename, part)
    return target.getvalue(), walker


def _check_directory(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Refuses by the archive's own directory, before anything is unpacked."""
    names = [entry.filename.lower() for entry in entries]
    if len(entries) > _MAX_ENTRIES or len(set(names)) < len(names):
        refuse("工作簿的内部结构异常，请把内容复制到模板中再导入。")
    if any(entry.flag_bits & 1 for entry in entries):
        refuse("工作簿加了密码，请去掉密码后再导入。")
    if any("vbaproject" in name for name in names):
        refuse("工作簿含有宏，请另存为不含宏的 .xlsx 后再导入。")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > _MAX_UNPACKED_BYTES or unpacked > packed * _MAX_RATIO:
        refuse("工作簿解压后过大，请把内容复制到模板中再导入。")


def _unpacked(source: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """One part, read no further than the limit whatever size the directory declares."""
    with source.open(entry) as stream:
        part = stream.read(limit + 1)
    if len(part) > limit:
        refuse("工作簿解压后过大，请把内容复制到模板中再导入。")
    return part
