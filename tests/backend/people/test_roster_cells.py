"""What a roster's cell holds is what its author saw, or it is refused; never something else."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from backend.people.roster_file import RosterFile, parse_roster
from backend.spreadsheets.forms import Unsaid
from backend.spreadsheets.reading import read_table
from tests.builders.organisations import a_credit_code
from tests.builders.people import HEADINGS, a_roster_csv, a_roster_workbook

CASES = Path(__file__).parent / "cases"
CODE = a_credit_code(1)


def case(name: str) -> RosterFile:
    return parse_roster(read_table((CASES / name).read_bytes()))


def told(file: RosterFile) -> Iterator[tuple[int, str, str]]:
    return ((problem.row, problem.column, problem.problem) for problem in file.problems)


def staff_number(number: object, number_format: str, path: Path) -> RosterFile:
    """A roster of one person whose staff number is a number cell with a format."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("名册")
        sheet.write_row(0, 0, HEADINGS[:4])
        sheet.write_row(1, 0, (CODE, "办公室", "", "张三"))
        sheet.write(1, 2, number, workbook.add_format({"num_format": number_format}))
    return parse_roster(read_table(path.read_bytes()))


def test_names_of_real_people_are_taken_whatever_the_unicode_version_of_python() -> None:
    file = case("names_zj.csv")
    assert [row.name for row in file.rows] == [
        "王𫰠",
        "王𱖎",
        "王㜭",
        "Muthu a/l Rajan",
        "O’Connor-李",
        "Jean–Luc",
        "Anne-Marie",
        "José García",
        "王(小)明",
        "阿不都热合曼·买买提",
        "Nguyễn Văn A",
        "김철수",
    ]
    assert [(row, column) for row, column, _ in told(file)] == [(14, "姓名"), (15, "姓名")]


def test_two_bytes_of_gb18030_2022_are_its_characters() -> None:
    (row,) = case("gb18030_2022_FE59.csv").rows
    assert row.name == "\u9fb4明"


def test_text_with_zeros_keeps_them() -> None:
    assert [row.staff_number for row in case("zeros_1_text.xlsx").rows] == ["00123", "00007"]


def test_the_apostrophe_that_marks_a_text_is_no_part_of_it() -> None:
    assert [row.staff_number for row in case("zeros_3_apostrophe_text.xlsx").rows] == ["00456"]


def test_an_error_value_is_an_error_of_its_cell() -> None:
    file = case("err_0_formula.xlsx")
    assert file.rows == ()
    ((row, column, problem),) = told(file)
    assert (row, column) == (2, "手机号")
    assert "#N/A" in problem
    assert "清空" in file.problems[0].suggestion


@pytest.mark.parametrize("shown", ["#N/A", "#VALUE!", "#REF!", "#####", "Err:502"])
def test_an_error_written_as_text_is_one_too(shown: str) -> None:
    rows = [(CODE, "办公室", "A1", "张三", shown, "", "")]
    file = parse_roster(read_table(a_roster_csv(rows)))
    assert [(row, column) for row, column, _ in told(file)] == [(2, "手机号")]


def test_a_formula_is_an_error_of_its_cell() -> None:
    rows = [(CODE, "办公室", "A1", "张三", "", "=1+1", ""), (CODE, "办公室", "A2", "李四")]
    file = parse_roster(read_table(a_roster_workbook(rows)))
    assert [row.name for row in file.rows] == ["李四"]
    assert [(row, column) for row, column, _ in told(file)] == [(2, "入职日期")]


def test_odd_staff_numbers_are_refused_or_read_as_they_look() -> None:
    file = case("odd_cells.xlsx")
    assert [(row.staff_number, row.name) for row in file.rows] == [
        ("007", "壬"),
        ("123456789012345", "癸"),
    ]
    reasons = {row: problem for row, _, problem in told(file)}
    assert set(reasons) == {2, 3, 4, 5, 6, 7, 8, 9, 12}
    assert "逻辑值" in reasons[3]
    assert "时间" in reasons[4]
    assert "位数已丢失" in reasons[5]
    assert "负数" in reasons[7]
    assert "位数已丢失" in reasons[8]
    assert "不能只有零" in reasons[9]
    assert "日期" in reasons[12]


def test_a_title_above_the_heading_is_passed_over() -> None:
    (row,) = case("title_row.xlsx").rows
    assert (row.row, row.staff_number) == (3, "T1")


@pytest.mark.parametrize(
    "number, number_format, read",
    [
        (123, "00000", "00123"),
        (123, "0", "123"),
        (123, "General", "123"),
        (12345, "000-000", "012345"),
        (7, '"GH"00000', None),
        (0.35, "0%", None),
        (20260102, "0000-00-00", "20260102"),
        (330106199001011, "0", "330106199001011"),
        (3.30106199001011e17, "0", None),
        (45000, "yyyy-mm-dd", None),
        (True, "General", None),
    ],
)
def test_a_number_is_read_as_it_is_shown(
    number: object, number_format: str, read: str | None, tmp_path: Path
) -> None:
    file = staff_number(number, number_format, tmp_path / "名册.xlsx")
    assert [row.staff_number for row in file.rows] == ([] if read is None else [read])
    assert [column for _, column, _ in told(file)] == ([] if read else ["工号"])


@pytest.mark.parametrize("text", ["3.30106E+17", "123.0", "TRUE", "0000", "-7", "=A1"])
def test_what_a_spreadsheet_has_rewritten_in_a_csv_is_refused(text: str) -> None:
    file = parse_roster(read_table(a_roster_csv([(CODE, "办公室", text, "张三", "", "", "")])))
    assert [column for _, column, _ in told(file)] == ["工号"]


def test_a_number_that_differs_by_its_zeros_is_no_second_person() -> None:
    rows = [
        (CODE, "办公室", number, "张三", "", "", "") for number in ("00123", "123", "A0", "A00")
    ]
    file = parse_roster(read_table(a_roster_csv(rows)))
    assert [row.staff_number for row in file.rows] == ["00123", "A0", "A00"]
    ((row, column, problem),) = told(file)
    assert (row, column) == (3, "工号")
    assert "零" in problem


def test_a_phone_is_one_persons() -> None:
    rows = [
        (CODE, "办公室", number, "张三", "13812345678", "", until)
        for number, until in (("A1", ""), ("A2", ""), ("A3", "2026-01-01"))
    ]
    file = parse_roster(read_table(a_roster_csv(rows)))
    assert [row.staff_number for row in file.rows] == ["A1", "A3"]
    assert [(row, column) for row, column, _ in told(file)] == [(3, "手机号")]


def test_a_covered_cell_of_a_merged_range_is_not_an_empty_one(tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("名册")
        sheet.write_row(0, 0, HEADINGS)
        for row in (1, 2):
            sheet.write_row(row, 0, (CODE, "办公室", f"A{row}", "张三"))
        sheet.merge_range(1, 6, 2, 6, "2026-01-01")
    file = parse_roster(read_table(path.read_bytes()))
    assert [row.active_until for row in file.rows] == [date(2026, 1, 1)]
    assert [(row, column) for row, column, _ in told(file)] == [(3, "离职日期")]


def test_an_empty_cell_keeps_and_a_word_clears() -> None:
    rows = [
        (CODE, "办公室", "A1", "张三", "", "", ""),
        (CODE, "办公室", "A2", "李四", "清空", " 清空 ", "清空"),
        (CODE, "清空", "A3", "王五", "", "", ""),
    ]
    file = parse_roster(read_table(a_roster_csv(rows)))
    kept, cleared = file.rows
    assert {kept.phone, kept.active_from, kept.active_until} == {Unsaid.KEEP}
    assert {cleared.phone, cleared.active_from, cleared.active_until} == {Unsaid.CLEAR}
    assert [(row, column) for row, column, _ in told(file)] == [(4, "部门")]


def test_unseen_characters_are_dropped() -> None:
    rows = [(f"\ufeff{CODE}", "办\u200b公室", "A1\u200f", "张\u200b三", "\u202d13812345678\u202c")]
    (row,) = parse_roster(read_table(a_roster_csv(rows, headings=HEADINGS[:5]))).rows
    assert (row.credit_code, row.department, row.staff_number) == (CODE, ("办公室",), "A1")
    assert (row.name, row.phone) == ("张三", "13812345678")
