"""Workbooks and texts that nobody vouches for."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from backend.spreadsheets.errors import SpreadsheetError
from backend.spreadsheets.reading import MAX_FILE_BYTES, read_table
from tests.builders.people import a_roster_workbook

SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(rows: list[list[object]] | None = None) -> bytes:
    return a_roster_workbook(rows or [["甲", 1]], headings=("姓名", "数"))


def repacked(data: bytes, parts: dict[str, bytes]) -> bytes:
    """The workbook with parts replaced or added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for name in source.namelist():
            copy.writestr(name, parts.get(name) or source.read(name))
        for name in parts.keys() - set(source.namelist()):
            copy.writestr(name, parts[name])
    return target.getvalue()


def sheet(cells: str, before: str = "") -> bytes:
    """A workbook whose sheet is written by hand."""
    xml = f'{before}<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
    return repacked(workbook(), {SHEET: xml.encode()})


def macro() -> bytes:
    return repacked(workbook(), {"xl/vbaProject.bin": b"x" * 20_000})


def bomb() -> bytes:
    return repacked(workbook(), {SHEET: b"<a>" + b" " * 30_000_000 + b"</a>"})


def dense_bomb() -> bytes:
    """Small when unpacked by the limits, but packed 1:1000."""
    return repacked(workbook(), {"xl/media/a.xml": b"<a>" + b" " * 15_000_000 + b"</a>"})


def lying_bomb() -> bytes:
    """Its directory declares 1,000 bytes; what is packed unpacks to 30 MB."""
    data = bytearray(bomb())
    size = (30_000_007).to_bytes(4, "little")
    assert size in data
    return bytes(data).replace(size, (1000).to_bytes(4, "little"))


def many_entries() -> bytes:
    return repacked(workbook(), {f"xl/a{number}.xml": b"<a/>" for number in range(60)})


def entities() -> bytes:
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(9)
    )
    return sheet("<row><c t='str'><v>&l8;</v></c></row>", f"<!DOCTYPE a [{laughs}]>")


def quoted_text(length: int, cells: int) -> bytes:
    """One long shared text that many cells refer to."""
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * length}</t></si></sst>'
    row = '<c t="s"><v>0</v></c>' * 50
    rows = "".join(f"<row>{row}</row>" for _ in range(cells // 50))
    xml = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return repacked(workbook(), {STRINGS: strings.encode(), SHEET: xml.encode()})


def encrypted_flag() -> bytes:
    data = bytearray(workbook())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    return bytes(data)


def two_of_a_name() -> bytes:
    target = io.BytesIO(workbook())
    with zipfile.ZipFile(target, "a") as copy, pytest.warns(UserWarning, match="Duplicate"):
        copy.writestr(SHEET, b"<a/>")
    return target.getvalue()


def hidden_only() -> bytes:
    data = workbook()
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        book = source.read("xl/workbook.xml")
    return repacked(data, {"xl/workbook.xml": book.replace(b"<sheet ", b'<sheet state="hidden" ')})


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "空的"),
    "blanks": (lambda: b" \n ", "空的"),
    "too large": (lambda: b"a" * (MAX_FILE_BYTES + 1), "10MB"),
    "old or locked Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500, ".xls"),
    "a zip that ends early": (lambda: workbook()[:300], "损坏"),
    "a zip of something else": (lambda: repacked(workbook(), {})[:4] + b"rest", "损坏"),
    "macros": (macro, "宏"),
    "a bomb": (bomb, "过大"),
    "a dense bomb": (dense_bomb, "过大"),
    "a bomb that lies about its size": (lying_bomb, ""),
    "too many parts": (many_entries, "结构异常"),
    "entities": (entities, "结构异常"),
    "a shared text in many cells": (lambda: quoted_text(100_000, 5_000), "过长"),
    "a password": (encrypted_flag, "密码"),
    "two parts of one name": (two_of_a_name, "结构异常"),
    "hidden sheets only": (hidden_only, "隐藏"),
    "a cell of another row": (lambda: sheet("<row r='2'><c r='A1'><v>1</v></c></row>"), "结构异常"),
    "a cell far down": (lambda: sheet("<row r='1048576'><c r='A1048576'><v>1</v></c></row>"), "行"),
    "a cell far down in row 1": (
        lambda: sheet("<row r='1'><c r='J1048576'><v>1</v></c></row>"),
        "行",
    ),
    "a cell far right": (lambda: sheet("<row r='1'><c r='XFD1'><v>1</v></c></row>"), "列"),
    "a lower-case cell far right": (
        lambda: sheet("<row r='1'><c r='xfd1'><v>1</v></c></row>"),
        "列",
    ),
    "a reference with zeros": (
        lambda: sheet("<row r='1'><c r='A00000001048576'><v>1</v></c></row>"),
        "结构异常",
    ),
    "an absurd row": (lambda: sheet("<row r='99999999999999'><c><v>1</v></c></row>"), "行"),
    "many rows": (lambda: sheet("<row><c><v>1</v></c></row>" * 20_002), "行"),
    "many columns": (lambda: sheet(f"<row>{'<c><v>1</v></c>' * 65}</row>"), "列"),
    "broken XML": (lambda: sheet("<row><c></row>"), "损坏"),
    "text of another kind": (lambda: b"\xff\xfe\x00\x00" * 10, ""),
    "NUL in a text": ("姓名,数\n甲,\0".encode, "不是"),
    "quotes that do not close": ('姓名,数\n"甲,1'.encode, "引号"),
    "a text of many rows": (lambda: b"a,b\n" * 20_002, "行"),
    "a text of many columns": (lambda: b"a," * 70, "列"),
    "only separators": (lambda: b",,,\n,,\n", "没有内容"),
}


def memory(which: str) -> int:
    """Memory of this process in kB: VmRSS now, VmHWM at its peak."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(which))
    return int(line.split()[1])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_cheaply(name: str) -> None:
    make, said = HOSTILE[name]
    data = make()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = memory("VmRSS")
    with pytest.raises(SpreadsheetError) as refusal:
        read_table(data)
    grown = memory("VmHWM") - before
    assert said in refusal.value.message
    assert grown < 100_000, f"{grown} kB to refuse {name}"


def test_a_dimension_that_exaggerates_is_ignored() -> None:
    data = sheet("<row r='1'><c r='A1'><v>7</v></c></row>", "")
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        xml = source.read(SHEET)
    grand = xml.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    assert read_table(repacked(data, {SHEET: grand})).rows == ((7,),)


def test_a_workbook_reads_with_its_types() -> None:
    data = workbook([[" 甲 ", 13812345678], [date(2026, 1, 2), 0.5], ["", ""], ["乙", True]])
    table = read_table(data)
    assert table.rows == (
        ("姓名", "数"),
        ("甲", 13812345678),
        (date(2026, 1, 2), 0.5),
        ("", ""),
        ("乙", True),
    )


def test_empty_first_rows_keep_their_numbers() -> None:
    rows = read_table(sheet("<row r='3'><c r='B3'><v>5</v></c></row>")).rows
    assert rows == (("", ""), ("", ""), ("", 5))


def test_the_first_visible_sheet_is_read() -> None:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        hidden = book.add_worksheet("说明")
        hidden.write(0, 0, "隐藏")
        shown = book.add_worksheet("名册")
        shown.write(0, 0, "显示")
        shown.activate()
        shown.set_first_sheet()
        hidden.hide()
    assert read_table(target.getvalue()).rows == (("显示",),)


def test_both_date_systems_give_the_same_day() -> None:
    for epoch in (False, True):
        target = io.BytesIO()
        options = {"in_memory": True, "date_1904": epoch, "default_date_format": "yyyy-mm-dd"}
        with xlsxwriter.Workbook(target, options) as book:
            book.add_worksheet().write_datetime(0, 0, datetime(2026, 1, 2))  # noqa: DTZ001 -- a cell has no zone
        assert read_table(target.getvalue()).rows == ((date(2026, 1, 2),),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
def test_texts_in_either_encoding(encoding: str) -> None:
    data = '姓名,备注\r\n甲,"一,二"\r\n'.encode(encoding)
    assert read_table(data).rows == (("姓名", "备注"), ("甲", "一,二"))


def test_tabs_separate_where_no_comma_does() -> None:
    assert read_table("姓名\t数\n甲\t1\n".encode()).rows == (("姓名", "数"), ("甲", "1"))


def test_short_rows_are_filled_up() -> None:
    assert read_table(b"a,b,c\n1\n\n2,3\n").rows == (
        ("a", "b", "c"),
        ("1", "", ""),
        ("", "", ""),
        ("2", "3", ""),
    )
