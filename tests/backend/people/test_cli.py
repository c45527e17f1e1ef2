"""`tanpuhui people import`, on a real backend."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from backend.bootstrap import Backend
from backend.cli import main
from backend.organisations.models import Institution
from backend.people.models import Member, RosterEntry
from backend.people.roster_file import parse_roster
from backend.spreadsheets.reading import read_table
from tests.builders.organisations import an_organisation
from tests.builders.people import a_roster_csv, a_roster_workbook


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["people", "import", *map(str, arguments)])


@pytest.fixture
def code(backend: Backend) -> str:
    with backend.engine.begin() as db:
        city = an_organisation(db)
        query = select(Institution.credit_code).where(Institution.id == city.bureau)
        return db.scalars(query).one()


def entries(backend: Backend) -> int:
    with backend.engine.connect() as db:
        return db.execute(select(func.count()).select_from(RosterEntry)).scalar_one()


def test_a_good_file_is_written(backend: Backend, code: str, tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    path.write_bytes(a_roster_workbook([(code, "财务处", "A1", "张三", 13812345678, "", "")]))
    result = run(path)
    assert (result.exit_code, result.output) == (
        0,
        "已写入：新增 1，更新 0，不变 0，拒绝 0。\n",
    )
    assert entries(backend) == 1
    again = run(path)
    assert again.exit_code == 0
    assert "曾于" in again.output
    assert "不变 1" in again.output


@pytest.mark.parametrize("strict", [False, True])
def test_refused_rows_are_listed(
    backend: Backend, code: str, tmp_path: Path, *, strict: bool
) -> None:
    path = tmp_path / "roster.csv"
    rows = [
        (code, "财务处", "A1", "张三", "138", "", ""),
        (code, "财务处", "A2", "李四", "", "", ""),
    ]
    path.write_bytes(a_roster_csv(rows))
    result = run(path, *(["--all-or-nothing"] if strict else []))
    assert result.exit_code == 1
    assert result.output.startswith("第2行 手机号：")
    assert ("未写入任何内容" in result.output) is strict
    assert entries(backend) == (0 if strict else 1)


def test_json_for_programs(backend: Backend, code: str, tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(a_roster_csv([(code, "没有", "A1", "张三", "", "", "")]))
    result = run(path, "--json")
    assert result.exit_code == 1
    document = json.loads(result.output)
    assert document["refused"] == 1
    assert document["problems"][0]["column"] == "部门"
    assert document["imported_before"] is None
    assert entries(backend) == 0


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"a,b\n1,2\n"])
@pytest.mark.usefixtures("backend")
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "roster.xlsx"
    path.write_bytes(content)
    result = run(path)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "roster.xlsx" in result.output


@pytest.mark.usefixtures("backend")
def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    result = run(tmp_path / "none.xlsx")
    assert result.exit_code == 2
    assert "none.xlsx" in result.output


def test_the_template_needs_no_database(tmp_path: Path) -> None:
    path = tmp_path / "模板.xlsx"
    result = run("--template", path)
    assert result.exit_code == 0
    assert parse_roster(read_table(path.read_bytes())).rows == ()
    assert run("--template", tmp_path / "no" / "x.xlsx").exit_code == 2


def test_help_tells_the_exit_codes() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "退出码" in result.output


def test_the_administrator_of_a_name_is_found_again(backend: Backend) -> None:
    for name in ("王海宁", "王海宁", "李副主任"):
        result = CliRunner().invoke(main, ["people", "admin", name])
        assert result.exit_code == 0
        assert "/login/link/" in result.output
    with backend.engine.connect() as db:
        assert sorted(db.scalars(select(Member.display_name))) == ["李副主任", "王海宁"]
