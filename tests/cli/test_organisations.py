"""`tanpuhui organisations import` and `tanpuhui people invite`, on a real, empty database."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.cli import main
from backend.clock import business_day
from backend.organisations.import_rows import Column
from backend.organisations.imports import import_organisations
from backend.organisations.queries import institution_by_credit_code
from backend.organisations.service import close_institution
from backend.people.bindings import InvitationInvalidError, bind_by_invitation
from backend.people.queries import membership_on
from backend.people.service import create_member
from tests.builders.organisations import a_credit_code

HEADINGS = [column.value for column in Column]
CITY = {"区划代码": "330100", "区划名称": "杭州市"}
WEST = {"区划代码": "330106", "区划名称": "西湖区"}
SCHOOL_CODE, BUREAU_CODE = a_credit_code(9_000_001), a_credit_code(9_000_002)
SCHOOL = WEST | {
    "系统代码": "education",
    "系统名称": "教育",
    "统一社会信用代码": SCHOOL_CODE,
    "单位名称": "西湖区青山小学",
    "单位简称": "青山小学",
    "单位性质": "事业单位",
    "成立日期": "1998-03-01",
}
BUREAU = CITY | {
    "系统代码": "government",
    "系统名称": "机关",
    "统一社会信用代码": BUREAU_CODE,
    "单位名称": "杭州市远山局",
    "单位性质": "国家机关",
}
YEAR = {"年度": "2025", "用能人数": "86", "建筑面积": "12000.50"}
# The city comes last: rows stand in any order.
GOOD = [
    SCHOOL | YEAR | {"部门": "办公室/文印科"},
    SCHOOL | {"单位简称": "", "成立日期": "", "部门": "教务处"},
    BUREAU,
    CITY,
]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)], catch_exceptions=False)


def a_csv(folder: Path, rows: list[dict[str, str]]) -> Path:
    target = io.StringIO()
    writer = csv.DictWriter(target, HEADINGS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "组织.csv"
    path.write_text(target.getvalue(), encoding="utf-8")
    return path


def import_json(path: Path, *options: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        run("organisations", "import", path, "--json", *options).output
    )
    return document


def stored(backend: Backend, query: str) -> list[tuple[object, ...]]:
    with backend.engine.connect() as db:
        return [tuple(row) for row in db.execute(text(query))]


def state(backend: Backend) -> list[list[tuple[object, ...]]]:
    tables = ("district", "system", "institution", "department", "institution_year", "audit_event")
    return [stored(backend, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_from_nothing_to_a_bound_member(backend: Backend, tmp_path: Path) -> None:
    result = run("organisations", "import", a_csv(tmp_path, GOOD))
    assert (result.exit_code, result.output) == (
        0,
        "已写入：新增区划 2，系统 2，单位 2，部门 3；更名 0，年度数据 1；不变 1 行，拒绝 0 行。\n",
    )
    invited = run("people", "invite", SCHOOL_CODE, "--department", "办公室/文印科")
    assert invited.exit_code == 0
    now = datetime.now(UTC)
    with backend.engine.begin() as db:
        member = create_member(db, display_name="小林", now=now)
        bind_by_invitation(db, member_id=member, code=invited.output.strip(), now=now)
        membership = membership_on(db, member_id=member, on=business_day(now))
        assert membership is not None
        assert membership.institution_name == "西湖区青山小学"
        assert membership.department_name == "文印科"
        other = create_member(db, display_name="小周", now=now)
        with pytest.raises(InvitationInvalidError):
            bind_by_invitation(db, member_id=other, code=invited.output.strip(), now=now)


def test_what_is_written_is_what_the_rows_state(backend: Backend, tmp_path: Path) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    assert stored(
        backend,
        "SELECT d.code, p.code FROM district d LEFT JOIN district p ON p.id = d.parent_id"
        " ORDER BY 1",
    ) == [("330100", None), ("330106", "330100")]
    today = business_day(datetime.now(UTC)).isoformat()
    assert stored(
        backend,
        "SELECT i.name, i.short_name, i.kind, i.opened_on::text, d.code, s.code FROM institution i"
        " JOIN district d ON d.id = district_id JOIN system s ON s.id = system_id ORDER BY i.name",
    ) == [
        ("杭州市远山局", "杭州市远山局", "state_organ", today, "330100", "government"),
        (
            "西湖区青山小学",
            "青山小学",
            "public_institution",
            "1998-03-01",
            "330106",
            "education",
        ),
    ]
    assert stored(
        backend,
        "SELECT c.name, p.name FROM department c LEFT JOIN department p ON p.id = c.parent_id"
        " ORDER BY c.id",
    ) == [("办公室", None), ("文印科", "办公室"), ("教务处", None)]
    assert stored(backend, "SELECT year, headcount, floor_area_m2::text FROM institution_year") == [
        (2025, 86, "12000.50")
    ]


def test_every_change_is_audited(backend: Backend, tmp_path: Path) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    assert stored(
        backend,
        "SELECT tag, count(*) FROM audit_event WHERE tag LIKE 'organisations:%'"
        " GROUP BY tag ORDER BY tag",
    ) == [
        ("organisations:department:create", 3),
        ("organisations:district:create", 2),
        ("organisations:institution:create", 2),
        ("organisations:institution:year", 1),
        ("organisations:system:create", 2),
    ]


def test_the_same_file_again_changes_nothing(backend: Backend, tmp_path: Path) -> None:
    path = a_csv(tmp_path, GOOD)
    run("organisations", "import", path)
    before = state(backend)
    result = run("organisations", "import", path)
    assert result.exit_code == 0
    assert "不变 4 行，拒绝 0 行" in result.output
    assert state(backend) == before


def test_a_new_name_renames_and_new_figures_replace(backend: Backend, tmp_path: Path) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    changed = a_csv(
        tmp_path,
        [
            SCHOOL | YEAR | {"单位名称": "青山实验学校", "单位简称": "", "用能人数": "90"},
            BUREAU | {"单位名称": "杭州市近水局"},
        ],
    )
    report = import_json(changed)
    assert (report["renamed"], report["years"], report["institutions"]) == (2, 1, 0)
    # A short name of its own stays; one that was the full name follows it.
    assert stored(backend, "SELECT name, short_name FROM institution ORDER BY name") == [
        ("杭州市近水局", "杭州市近水局"),
        ("青山实验学校", "青山小学"),
    ]
    assert stored(backend, "SELECT headcount FROM institution_year") == [(90,)]
    assert stored(backend, "SELECT count(*) FROM department WHERE closed_on IS NULL") == [(3,)]


@pytest.mark.parametrize(
    "row, column, problem, suggestion",
    [
        (SCHOOL | {"单位性质": "企业"}, "单位性质", "企业", "事业单位"),
        (SCHOOL | {"统一社会信用代码": "123"}, "统一社会信用代码", "18位", "登记证书"),
        (SCHOOL | {"单位名称": ""}, "单位名称", "必填", "请填写"),
        (SCHOOL | {"区划代码": "33010"}, "区划代码", "6位", "行政区划代码"),
        (SCHOOL | {"区划代码": "330107"}, "区划代码", "代码是 330106", "330106"),
        (SCHOOL | {"区划名称": "西区"}, "区划名称", "登记为西湖区", "请改为西湖区"),
        (WEST | {"区划代码": "330203", "区划名称": "海曙区"}, "区划代码", "杭州市", "核对代码"),
        (CITY | {"区划代码": "330200", "区划名称": "宁波市"}, "区划代码", "杭州市", "一套系统"),
        (SCHOOL | {"系统代码": "school"}, "系统代码", "代码是 education", "education"),
        (SCHOOL | {"系统名称": "卫生"}, "系统名称", "登记为教育", "请改为教育"),
        (SCHOOL | CITY, "区划代码", "登记为330106", "导入不变更此项"),
        (SCHOOL | {"单位性质": "国家机关"}, "单位性质", "登记为事业单位", "导入不变更此项"),
        (SCHOOL | {"成立日期": "1998-03-02"}, "成立日期", "登记为1998-03-01", "导入不变更此项"),
        (SCHOOL | {"成立日期": "1998-02-30"}, "成立日期", "没有这一天", "如 1998-03-01"),
        (
            SCHOOL | {"统一社会信用代码": a_credit_code(9_000_003), "成立日期": "2099-01-01"},
            "成立日期",
            "晚于今天",
            "成立后导入",
        ),
        (SCHOOL | {"部门": "办公室//文印科"}, "部门", "1至100个字", "“/”分隔"),
        (SCHOOL | {"部门": "/".join("一二三四五六七八九")}, "部门", "超过8级", "“/”分隔"),
        (SCHOOL | {"年度": "2025"}, "用能人数", "为空", "三列同时填写"),
        (SCHOOL | YEAR | {"用能人数": "-1"}, "用能人数", "0至", "整数"),
        (SCHOOL | YEAR | {"年度": "1999"}, "年度", "2000至2100", "如 2026"),
        (SCHOOL | YEAR | {"建筑面积": "1.005"}, "建筑面积", "两位小数", "平方米"),
        (SCHOOL | YEAR | {"建筑面积": "很大"}, "建筑面积", "不是数字", "平方米"),
    ],
)
def test_a_bad_row_is_told_and_the_others_are_written(
    backend: Backend,
    tmp_path: Path,
    row: dict[str, str],
    column: str,
    problem: str,
    suggestion: str,
) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    result = run("organisations", "import", a_csv(tmp_path, [row, BUREAU | {"部门": "财务处"}]))
    assert result.exit_code == 1
    told = [line for line in result.output.splitlines() if line.startswith(f"第2行 {column}：")]
    assert len(told) == 1
    assert problem in told[0]
    assert suggestion in told[0].partition("建议：")[2]
    assert result.output.endswith(
        "新增区划 0，系统 0，单位 0，部门 1；更名 0，年度数据 0；不变 0 行，拒绝 1 行。\n"
    )
    assert stored(backend, "SELECT count(*) FROM department") == [(4,)]


@pytest.mark.parametrize(
    "second, column",
    [
        (SCHOOL | {"单位名称": "西湖区绿水小学"}, "单位名称"),
        (SCHOOL | {"单位简称": "绿水小学"}, "单位名称"),
        (SCHOOL | YEAR | {"建筑面积": "1"}, "年度"),
    ],
)
@pytest.mark.usefixtures("backend")
def test_rows_of_one_institution_must_agree(
    tmp_path: Path, second: dict[str, str], column: str
) -> None:
    report = import_json(a_csv(tmp_path, [CITY, SCHOOL | YEAR, second]))
    assert [(each["row"], each["column"]) for each in report["problems"]] == [(4, column)]
    assert "第3行" in report["problems"][0]["problem"]


@pytest.mark.usefixtures("backend")
def test_a_district_needs_its_city(tmp_path: Path) -> None:
    report = import_json(a_csv(tmp_path, [SCHOOL]))
    assert [each["suggestion"] for each in report["problems"]] == [
        "请加一行城市，只填区划代码（如 330100）和区划名称"
    ]


@pytest.mark.usefixtures("backend")
def test_districts_of_a_municipality_lie_in_it(tmp_path: Path) -> None:
    rows = [
        {"区划代码": "110101", "区划名称": "东城区"},
        {"区划代码": "110000", "区划名称": "北京市"},
    ]
    assert import_json(a_csv(tmp_path, rows))["districts"] == 2


def test_a_closed_institution_stays_closed(backend: Backend, tmp_path: Path) -> None:
    path = a_csv(tmp_path, GOOD)
    run("organisations", "import", path)
    with backend.engine.begin() as db:
        school = institution_by_credit_code(db, credit_code=SCHOOL_CODE)
        assert school is not None
        now = datetime.now(UTC)
        close_institution(db, institution_id=school.id, closed_on=business_day(now), now=now)
    report = import_json(path)
    assert [each["row"] for each in report["problems"]] == [2, 3]
    assert "撤销" in report["problems"][0]["problem"]


def test_one_import_at_a_time(backend: Backend, tmp_path: Path) -> None:
    with backend.engine.begin() as db:
        import_organisations(db, rows=(), now=datetime.now(UTC))
        result = run("organisations", "import", a_csv(tmp_path, GOOD))
    assert result.exit_code == 2
    assert "请等它完成后再试" in result.output


def test_all_or_nothing_writes_nothing(backend: Backend, tmp_path: Path) -> None:
    before = state(backend)
    path = a_csv(tmp_path, [*GOOD, SCHOOL | {"单位性质": "企业"}])
    result = run("organisations", "import", path, "--all-or-nothing")
    assert result.exit_code == 1
    assert "第6行 单位性质" in result.output
    assert "未写入任何内容；若去掉有问题的行，将会是：新增区划 2" in result.output
    assert state(backend) == before
    assert import_json(a_csv(tmp_path, GOOD), "--all-or-nothing")["written"] is True


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 nothing", "区划代码,区划名称\n330100,杭州市\n".encode()],
    ids=["nothing", "no workbook", "columns missing"],
)
@pytest.mark.usefixtures("backend")
def test_a_hostile_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "组织.xlsx"
    path.write_bytes(content)
    result = run("organisations", "import", path)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "组织.xlsx" in result.output
    assert run("organisations", "import", tmp_path / "none.xlsx").exit_code == 2


def test_the_template_is_empty_and_its_examples_are_good(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    assert run("organisations", "import", "--template", path).exit_code == 0
    with CalamineWorkbook.from_path(path) as workbook:
        empty, examples = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
        starred = {*SCHOOL} - {"单位简称", "成立日期"}
        assert empty.to_python() == [
            [heading + ("*" if heading in starred else "") for heading in HEADINGS]
        ]
        rows = [dict(zip(HEADINGS, map(str, row), strict=False)) for row in examples.to_python()]
    assert import_json(path)["unchanged"] == 0
    report = import_json(a_csv(tmp_path, rows[1:]))
    assert report["refused"] == 0
    assert (report["districts"], report["institutions"], report["departments"]) == (2, 1, 2)
    assert stored(backend, "SELECT count(*) FROM institution_year") == [(1,)]
    assert run("organisations", "import", "--template", tmp_path / "no" / "x").exit_code == 2


def test_a_workbook_with_numbers_and_dates_reads_the_same(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "组织.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [*HEADINGS, "备注"])
        sheet.write_row(1, 0, [330100, "杭州市"])
        row = [330106, *(SCHOOL[name] for name in HEADINGS[1:8])]
        sheet.write_row(2, 0, [*row, "", "教务处", 2025, 86, 12000.5])
        sheet.write_datetime(2, 8, datetime(1998, 3, 1), day)  # noqa: DTZ001 -- cells have no zone
    report = import_json(path)
    assert (report["refused"], report["ignored_columns"]) == (0, ["备注"])
    assert stored(
        backend,
        "SELECT opened_on::text, headcount, floor_area_m2::text FROM institution"
        " JOIN institution_year ON institution_id = id",
    ) == [("1998-03-01", 86, "12000.50")]


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((a_credit_code(9_000_009),), "organisations import"),
        ((SCHOOL_CODE, "--department", "财务处"), "财务处"),
    ],
)
@pytest.mark.usefixtures("backend")
def test_an_unknown_place_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    result = run("people", "invite", *arguments)
    assert result.exit_code == 2
    assert told in result.output
    assert result.output.count("\n") == 1


def test_an_invitation_has_its_uses_and_days(backend: Backend, tmp_path: Path) -> None:
    run("organisations", "import", a_csv(tmp_path, GOOD))
    assert run("people", "invite", SCHOOL_CODE, "--uses", "20", "--days", "7").exit_code == 0
    assert stored(
        backend,
        "SELECT max_uses, extract(day FROM expires_at - created_at)::int, department_id"
        " FROM invitation",
    ) == [(20, 7, None)]
    assert run("people", "invite", SCHOOL_CODE, "--uses", "0").exit_code == 2
