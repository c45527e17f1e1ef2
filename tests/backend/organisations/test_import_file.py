"""What a file of organisations may hold in its cells."""

from decimal import Decimal
from pathlib import Path

import xlsxwriter

from backend.organisations.import_file import parse_organisations
from backend.organisations.import_rows import Column
from backend.spreadsheets.reading import read_table
from tests.builders.organisations import a_credit_code

CASES = Path(__file__).parents[1] / "people/cases"
SCHOOL = {
    Column.DISTRICT_CODE: "330106",
    Column.DISTRICT_NAME: "西湖区",
    Column.SYSTEM_CODE: "education",
    Column.SYSTEM_NAME: "教育",
    Column.CREDIT_CODE: a_credit_code(9_000_001),
    Column.NAME: "西湖区青山小学",
    Column.KIND: "事业单位",
}


def test_a_cell_is_read_as_excel_shows_it_or_is_an_error_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "组织.xlsx"
    columns = list(Column)
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, columns)
        for number in (1, 2, 3):
            sheet.write_row(number, 0, [SCHOOL.get(column, "") for column in columns])
        for column, value in (
            (Column.YEAR, 2025),
            (Column.HEADCOUNT, 86),
            (Column.FLOOR_AREA, 3500.2999999999997),
        ):
            sheet.write_number(1, columns.index(column), value)
        sheet.write_formula(2, columns.index(Column.SHORT_NAME), "=NA()", None, "#N/A")
        sheet.write_string(3, columns.index(Column.DEPARTMENT), "清空")
    file = parse_organisations(read_table(path.read_bytes()))
    (row,) = file.rows
    assert row.institution is not None
    assert row.institution.figures is not None
    assert row.institution.figures.floor_area_m2 == Decimal("3500.30")
    assert [(each.row, each.column) for each in file.problems] == [(3, "单位简称"), (4, "部门")]


def test_a_personal_id_is_no_credit_code() -> None:
    file = parse_organisations(read_table((CASES / "org_idnumber.xlsx").read_bytes()))
    assert file.rows == ()
    (problem,) = file.problems
    assert problem.column == "统一社会信用代码"
    assert "身份证" in problem.problem
