"""Roster files: what each row may hold, what an import does, and that it can be repeated."""

import re
import time
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Connection, select

from backend.audit.queries import events
from backend.audit.tags import Tag
from backend.organisations.departments import close_department
from backend.organisations.models import Institution
from backend.people.models import RosterEntry
from backend.people.policy import phone_hash
from backend.people.roster import RosterReport, import_roster
from backend.people.roster_file import RosterColumn, parse_roster, template
from backend.ports.keys import KeyRing
from backend.spreadsheets.errors import SpreadsheetError
from backend.spreadsheets.forms import Unsaid
from backend.spreadsheets.reading import read_table
from tests.builders.organisations import (
    NOW,
    TODAY,
    Organisation,
    a_credit_code,
    a_department,
    an_organisation,
)
from tests.builders.people import HEADINGS, a_roster_csv, a_roster_workbook

KEYS = KeyRing("a secret of the tests, 32 characters")
CODE = a_credit_code(1)

Import = Callable[..., RosterReport]
Row = tuple[object, ...]


def phone_of(staff_number: str) -> str:
    """A phone of its own for each person of these tests."""
    return f"1381234{5677 + int(re.sub('[^0-9]', '', staff_number) or 0):04d}"


def a_row(**changed: object) -> Row:
    values: dict[str, object] = {
        "credit_code": CODE,
        "department": "办公室",
        "staff_number": "A001",
        "name": "张三",
        "phone": phone_of(str(changed.get("staff_number", "A001"))),
        "active_from": "2020-01-02",
        "active_until": "",
        **changed,
    }
    return tuple(values.values())


def problems_of(row: Row) -> list[str]:
    file = parse_roster(read_table(a_roster_csv([row])))
    assert len(file.rows) + file.refused == 1
    return [problem.column for problem in file.problems]


@pytest.mark.parametrize(
    "column, value",
    [
        ("credit_code", ""),
        ("credit_code", CODE[:-1]),
        ("department", ""),
        ("department", "办公室//文印科"),
        ("department", "/"),
        ("department", "/".join("甲乙丙丁戊己庚辛壬")),
        ("staff_number", ""),
        ("staff_number", "x" * 33),
        ("name", ""),
        ("name", "=HYPERLINK(1)"),
        ("name", "@张三"),
        ("name", "x" * 101),
        ("phone", "1381234567"),
        ("phone", "+1 5551234567"),
        ("active_from", "2026-02-30"),
        ("active_from", "昨天"),
        ("active_from", "45000"),
        ("active_from", "1900-01-01"),
        ("active_from", "2026111"),
        ("active_until", "2019-12-31"),
    ],
)
def test_a_wrong_cell_is_named(column: str, value: object) -> None:
    assert problems_of(a_row(**{column: value})) == [RosterColumn[column.upper()]]


def test_every_wrong_cell_of_a_row_is_told() -> None:
    row = a_row(credit_code="", department="", staff_number="", name="", phone="1")
    assert problems_of(row) == [RosterColumn(name) for name in HEADINGS[:5]]


def test_a_problem_says_what_to_do_and_quotes_no_person() -> None:
    file = parse_roster(read_table(a_roster_csv([a_row(phone="13812345")])))
    (problem,) = file.problems
    assert (problem.row, problem.column) == (2, "手机号")
    assert problem.problem
    assert problem.suggestion
    assert "13812345" not in repr(problem)
    assert "张三" not in repr(problem)


@pytest.mark.parametrize(
    "spelt",
    [
        "2026-01-02",
        "2026/1/2",
        "2026.01.02",
        "2026年1月2日",
        "20260102",
        "２０２６－０１－０２",
        date(2026, 1, 2),
    ],
)
def test_dates_as_people_write_them(spelt: object) -> None:
    data = a_roster_workbook([a_row(active_from=spelt)])
    (row,) = parse_roster(read_table(data)).rows
    assert row.active_from == date(2026, 1, 2)


def test_cells_as_excel_makes_them() -> None:
    data = a_roster_workbook(
        [a_row(staff_number=17, phone=13812345678, active_from=20200102, name="　张三 ")]
    )
    (row,) = parse_roster(read_table(data)).rows
    assert (row.staff_number, row.phone, row.name) == ("17", "13812345678", "张三")
    assert row.active_from == date(2020, 1, 2)


def test_full_width_digits_are_digits() -> None:
    row = a_row(
        staff_number="Ａ００１", phone="１３８１２３４５６７８", department="办公室／文印科"
    )
    (parsed,) = parse_roster(read_table(a_roster_csv([row]))).rows
    assert (parsed.staff_number, parsed.phone) == ("A001", "13812345678")
    assert parsed.department == ("办公室", "文印科")


def test_a_second_row_of_a_person_is_refused() -> None:
    rows = [
        a_row(),
        a_row(staff_number=" a001 ", name="李四", phone=""),
        a_row(staff_number="A002"),
    ]
    file = parse_roster(read_table(a_roster_csv(rows)))
    assert [row.name for row in file.rows] == ["张三", "张三"]
    (problem,) = file.problems
    assert problem.row == 3
    assert "第2行" in problem.problem


def test_blank_rows_are_skipped_and_numbers_stay() -> None:
    rows: list[Row] = [a_row(), ("",) * 7, a_row(staff_number="", name="李四")]
    file = parse_roster(read_table(a_roster_csv(rows)))
    assert (len(file.rows), file.refused) == (1, 1)
    assert file.problems[0].row == 4


def test_columns_stand_in_any_order_with_marks() -> None:
    headings = ("备注", " 姓名 *", "工号*", "部门＊", "单位统一社会信用代码*")
    data = a_roster_csv([("x", "张三", "A001", "办公室", CODE)], headings=headings)
    file = parse_roster(read_table(data))
    assert file.rows[0].name == "张三"
    assert file.ignored == ("备注",)
    assert file.rows[0].phone is Unsaid.KEEP


@pytest.mark.parametrize(
    "headings, said",
    [
        (HEADINGS[1:], "单位统一社会信用代码"),
        ((*HEADINGS[:6], "姓名"), "两次"),
        (("a", "b"), "姓名"),
    ],
)
def test_a_wrong_heading_refuses_the_file(headings: tuple[str, ...], said: str) -> None:
    with pytest.raises(SpreadsheetError, match=said):
        parse_roster(read_table(a_roster_csv([], headings=headings)))


def test_the_template_is_an_empty_roster() -> None:
    file = parse_roster(read_table(template()))
    assert (file.rows, file.problems, file.ignored) == ((), (), ())


@pytest.fixture
def city(db: Connection) -> Organisation:
    return an_organisation(db)


@pytest.fixture
def code(db: Connection, city: Organisation) -> str:
    query = select(Institution.credit_code).where(Institution.id == city.bureau)
    return db.scalars(query).one()


@pytest.fixture
def take_in(db: Connection, code: str) -> Import:
    """Imports rows of the bureau."""

    def take(
        *rows: Row, headings: tuple[str, ...] = HEADINGS, all_or_nothing: bool = False
    ) -> RosterReport:
        filled = [tuple(code if cell == CODE else cell for cell in row) for row in rows]
        data = a_roster_csv(filled, headings=headings)
        return import_roster(db, data=data, keys=KEYS, now=NOW, all_or_nothing=all_or_nothing)

    return take


def counts(report: RosterReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.unchanged, report.refused


def test_an_import_repeated_changes_nothing(db: Connection, take_in: Import) -> None:
    rows = [a_row(), a_row(staff_number="A002", department="办公室/文印科", phone="")]
    first = take_in(*rows)
    assert (counts(first), first.written, first.imported_before) == ((2, 0, 0, 0), True, None)
    before = db.execute(select(RosterEntry.__table__)).all()
    second = take_in(*rows)
    assert counts(second) == (0, 0, 2, 0)
    assert second.imported_before == NOW
    assert db.execute(select(RosterEntry.__table__)).all() == before


def test_what_a_row_states_is_stored(db: Connection, city: Organisation, take_in: Import) -> None:
    take_in(a_row(department="办公室/文印科", active_until="2026-12-01"))
    entry = db.execute(select(RosterEntry.__table__)).one()
    assert (entry.institution_id, entry.department_id) == (city.bureau, city.printing)
    assert (entry.staff_number, entry.name) == ("A001", "张三")
    assert entry.phone_hash == phone_hash(KEYS, "13812345678")
    assert entry.phone_masked == "138****5678"
    assert (entry.active_from, entry.active_until) == (date(2020, 1, 2), date(2026, 12, 1))


def test_a_change_is_an_update_by_staff_number(db: Connection, take_in: Import) -> None:
    take_in(a_row(), a_row(staff_number="A002"))
    report = take_in(a_row(name="张三丰"), a_row(staff_number="A002"))
    assert counts(report) == (0, 1, 1, 0)
    assert set(db.scalars(select(RosterEntry.name))) == {"张三丰", "张三"}


def test_empty_cells_and_missing_columns_keep_what_a_word_clears(
    db: Connection, take_in: Import
) -> None:
    take_in(a_row())
    assert counts(take_in(a_row()[:4], headings=HEADINGS[:4])) == (0, 0, 1, 0)
    assert db.scalars(select(RosterEntry.phone_masked)).one() == "138****5678"
    assert counts(take_in(a_row(phone="", active_from=""))) == (0, 0, 1, 0)
    assert counts(take_in(a_row(phone="#N/A", active_from="#VALUE!"))) == (0, 0, 0, 1)
    assert db.scalars(select(RosterEntry.active_from)).one() == date(2020, 1, 2)
    assert counts(take_in(a_row(phone="清空", active_from="清空"))) == (0, 1, 0, 0)
    entry = db.execute(select(RosterEntry.__table__)).one()
    assert (entry.phone_hash, entry.phone_masked, entry.active_from) == (None, None, None)


def test_a_number_stored_with_its_zeros_is_no_second_person(take_in: Import) -> None:
    take_in(a_row(staff_number="00123"))
    report = take_in(a_row(staff_number="123"))
    assert counts(report) == (0, 0, 0, 1)
    assert "00123" in report.problems[0].problem
    assert "00123" in report.problems[0].suggestion
    # Whoever has left is replaced under the right number.
    take_in(a_row(staff_number="00123", active_until=TODAY.isoformat()))
    assert counts(take_in(a_row(staff_number="123"))) == (1, 0, 0, 0)


def test_a_phone_stored_of_somebody_else_is_refused(take_in: Import) -> None:
    take_in(a_row(), a_row(staff_number="A002", phone=""))
    report = take_in(a_row(staff_number="A002", phone=phone_of("A001")))
    assert counts(report) == (0, 0, 0, 1)
    assert report.problems[0].column == RosterColumn.PHONE
    assert "A001" in report.problems[0].problem
    take_in(a_row(phone="清空"))
    assert counts(take_in(a_row(staff_number="A002", phone=phone_of("A001")))) == (0, 1, 0, 0)


def test_dates_that_contradict_what_is_stored_are_refused(take_in: Import) -> None:
    take_in(a_row(active_until="2026-01-01"))
    report = take_in(a_row(active_from="2026-03-01"))
    assert counts(report) == (0, 0, 0, 1)
    assert "清空" in report.problems[0].suggestion
    returns = a_row(active_from="2026-03-01", active_until="清空")
    assert counts(take_in(returns)) == (0, 1, 0, 0)


def test_people_whom_a_file_does_not_name_stay(db: Connection, take_in: Import) -> None:
    take_in(a_row(), a_row(staff_number="A002"))
    take_in(a_row(staff_number="A003"))
    assert set(db.scalars(select(RosterEntry.staff_number))) == {"A001", "A002", "A003"}


def test_good_rows_are_written_beside_refused_ones(db: Connection, take_in: Import) -> None:
    rows = [a_row(phone="1"), a_row(staff_number="A002"), a_row(department="文印科")]
    report = take_in(*rows)
    assert counts(report) == (1, 0, 0, 2)
    assert [problem.row for problem in report.problems] == [2, 4]
    assert report.problems[1].suggestion == "是否应为 办公室/文印科"
    assert db.scalars(select(RosterEntry.staff_number)).all() == ["A002"]


def test_all_or_nothing_writes_nothing(db: Connection, take_in: Import) -> None:
    report = take_in(a_row(phone="1"), a_row(staff_number="A002"), all_or_nothing=True)
    assert (counts(report), report.written) == ((1, 0, 0, 1), False)
    assert db.scalars(select(RosterEntry.id)).all() == []
    assert events(db, tag_prefix=Tag.ROSTER_IMPORT).items == ()
    assert take_in(a_row(), all_or_nothing=True).written


def test_unknown_and_closed_places_are_refused(
    db: Connection, city: Organisation, take_in: Import
) -> None:
    close_department(db, department_id=city.finance, closed_on=TODAY, now=NOW)
    report = take_in(
        a_row(credit_code=a_credit_code(9_999_999)),
        a_row(department="财务处", staff_number="A002"),
        a_row(department="没有的处", staff_number="A003"),
    )
    assert counts(report) == (0, 0, 0, 3)
    assert [problem.column for problem in report.problems] == [
        RosterColumn.CREDIT_CODE,
        RosterColumn.DEPARTMENT,
        RosterColumn.DEPARTMENT,
    ]


def test_an_import_is_audited_without_names(db: Connection, take_in: Import) -> None:
    take_in(a_row())
    (event,) = events(db, tag_prefix=Tag.ROSTER_IMPORT).items
    assert event.after is not None
    assert event.after["rows_created"] == 1
    assert len(event.after["file_sha256"]) == 64
    assert "张三" not in repr(event)


def test_twenty_thousand_rows_in_half_a_minute(
    db: Connection, city: Organisation, take_in: Import
) -> None:
    for number in range(50):
        a_department(db, city.bureau, f"{number}处", city.office)
    rows = [
        a_row(
            department=f"办公室/{number % 50}处",
            staff_number=f"N{number}",
            phone=f"138{number:08d}",
        )
        for number in range(20_000)
    ]
    start = time.process_time()
    assert counts(take_in(*rows)) == (20_000, 0, 0, 0)
    # About two seconds alone on one core; the bar is the promise.
    assert time.process_time() - start < 30
