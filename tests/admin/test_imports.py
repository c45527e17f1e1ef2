"""Workbooks through the console: tried first, told cell by cell, then taken in once."""

import io
from collections.abc import Callable, Sequence

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.bootstrap import Backend
from backend.clock import business_day
from backend.organisations.import_rows import Column
from backend.organisations.queries import Scope, institution, institutions
from backend.people.models import Role
from backend.spreadsheets.reading import read_table
from tests.backend.spreadsheets.test_reading import HOSTILE
from tests.builders.organisations import a_credit_code
from tests.builders.people import a_roster_csv
from tests.builders.town import Town

pytestmark = pytest.mark.usefixtures("town")
As = Callable[[Role], FlaskClient]
NEW = a_credit_code(990_001)
HEADINGS = [column.value for column in Column]


def _send(client: FlaskClient, kind: str, data: bytes, name: str = "表格.csv") -> TestResponse:
    """Uploads a file. The body is made here: the client leaves a large one's file open."""
    head = f'Content-Disposition: form-data; name="file"; filename="{name}"'.encode()
    body = b"--edge\r\n" + head + b"\r\n\r\n" + data + b"\r\n--edge--\r\n"
    content_type = "multipart/form-data; boundary=edge"
    return client.post(f"/imports/{kind}", data=body, content_type=content_type)


def _units(*rows: Sequence[str]) -> bytes:
    return "\n".join(",".join(row) for row in (HEADINGS, *rows)).encode()


def _unit(name: str = "市示例学校", code: str = NEW, department: str = "办公室") -> list[str]:
    district = ["330106", "西湖区", "government", "机关"]
    return [
        *district,
        code,
        name,
        "",
        "事业单位",
        "1998-03-01",
        department,
        "2026",
        "86",
        "12000.5",
    ]


def _code(backend: Backend, institution_id: int) -> str:
    with backend.engine.connect() as db:
        return institution(db, institution_id=institution_id).credit_code


def _names(backend: Backend) -> set[str]:
    with backend.engine.connect() as db:
        everything = Scope(everything=True)
        found = institutions(db, scope=everything, on=business_day(backend.clock.now()))
    return {each.name for each in found}


def test_a_trial_writes_nothing_and_the_button_writes_once(
    admin: FlaskClient, backend: Backend
) -> None:
    before = _names(backend)
    tried = admin.get(_send(admin, "organisations", _units(_unit())).location).text
    for told in ("全部合格", "<dt>新增单位</dt><dd>1</dd>", "<dt>新增部门</dt><dd>1</dd>"):
        assert told in tried
    assert _names(backend) == before
    for _ in range(2):
        answer = admin.post("/imports/organisations/take", data={"mode": "all"})
        assert "导入完成" in admin.get(answer.location).text
    assert _names(backend) == before | {"市示例学校"}
    again = admin.get(_send(admin, "organisations", _units(_unit())).location).text
    assert "没有需要导入的内容" in again
    assert 'name="mode"' not in again


def test_wrong_cells_are_told_and_come_back_marked(admin: FlaskClient, backend: Backend) -> None:
    rows = (_unit(), _unit("=另一学校", code="12330100"))
    page = admin.get(_send(admin, "organisations", _units(*rows), "单位<b>.csv").location).text
    for told in ("1 行有问题", "第 3 行", "统一社会信用代码", "应为18位", "单位&lt;b&gt;.csv"):
        assert told in page
    book = admin.get("/imports/organisations/marked.xlsx")
    table = read_table(book.data)
    assert table.rows[2][:5] == ("330106", "西湖区", "government", "机关", "12330100")
    assert table.rows[2][5] == "=另一学校"
    assert "统一社会信用代码" in str(table.rows[2][-1])
    assert table.rows[1][-1] == ""
    taken = admin.post("/imports/organisations/take", data={"mode": "all"})
    assert "没有导入" not in admin.get(taken.location).text
    assert "市示例学校" not in _names(backend)
    taken = admin.post("/imports/organisations/take", data={"mode": "good"})
    assert "1 行有问题，没有导入" in admin.get(taken.location).text
    assert "市示例学校" in _names(backend)
    corrected = _send(admin, "organisations", book.data, "改好.xlsx")
    assert "不认识的列没有读取：要修改的地方" in admin.get(corrected.location).text


@pytest.mark.parametrize("kind", ["organisations", "roster"])
def test_the_template_with_its_first_sheet_empty_says_so(kind: str, admin: FlaskClient) -> None:
    book = admin.get(f"/imports/{kind}/template.xlsx")
    assert f"{book.mimetype}".endswith("spreadsheetml.sheet")
    page = admin.get(_send(admin, kind, book.data, "模板.xlsx").location).text
    assert "没有需要导入的内容" in page


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_a_sentence(name: str, admin: FlaskClient) -> None:
    make, told = HOSTILE[name]
    answer = _send(admin, "roster", make(), "<script>.xlsx")
    assert answer.status_code == 422
    assert told in answer.text
    assert "<script>." not in answer.text
    assert "检查结果" not in admin.get("/imports/roster").text


def test_nothing_chosen_and_nothing_kept_are_said(admin: FlaskClient) -> None:
    nothing = admin.post("/imports/roster")
    assert (nothing.status_code, "请先选择" in nothing.text) == (422, True)
    late = admin.post("/imports/roster/take", data={"mode": "all"})
    assert (late.status_code, "请重新上传" in late.text) == (422, True)
    assert admin.get("/imports/roster/marked.xlsx").location == "/imports/roster"


def test_a_file_larger_than_any_is_refused_unread(admin: FlaskClient) -> None:
    answer = _send(admin, "roster", b"a" * 11_000_000)
    assert (answer.status_code, "提交的内容过大" in answer.text) == (413, True)


def test_a_corrected_file_of_the_same_name_is_another(
    admin: FlaskClient, backend: Backend, town: Town
) -> None:
    """The browser's back button brings a page whose form was already sent."""
    sent = {"submission": "a-page-shown-before-0001"}
    for name, told in (("办公室", "全部合格"), ("没有的部门", "1 行有问题")):
        row = (_code(backend, town.organisation.bureau), name, "A9", "张三", "", "", "")
        file = (io.BytesIO(a_roster_csv([row])), "名册.csv")
        answer = admin.post("/imports/roster", data={**sent, "file": file})
        assert told in admin.get(answer.location).text


def test_who_runs_a_unit_takes_in_its_roster_and_no_other(
    as_role: As, backend: Backend, town: Town
) -> None:
    client = as_role(Role.INSTITUTION_ADMIN)
    rows = [
        (_code(backend, unit), department, "A9", "张三", "", "", "")
        for unit, department in (
            (town.organisation.bureau, "办公室"),
            (town.organisation.school, "办公室"),
        )
    ]
    page = client.get(_send(client, "roster", a_roster_csv(rows)).location).text
    assert "<dt>新增人员</dt><dd>1</dd>" in page
    assert "系统中没有这个单位" in page
    assert "检查结果" not in as_role(Role.CITY_ADMIN).get("/imports/roster").text


def test_a_trial_tells_whom_a_roster_changes_and_in_what(
    admin: FlaskClient, backend: Backend, town: Town
) -> None:
    code = _code(backend, town.organisation.bureau)
    first = [(code, "办公室", "A1", "张三", "", "", ""), (code, "办公室", "A2", "李四", "", "", "")]
    _send(admin, "roster", a_roster_csv(first))
    admin.post("/imports/roster/take", data={"mode": "all"})
    moved = (code, "财务处", "A1", "张珊", "13800000002", "", "")
    page = admin.get(_send(admin, "roster", a_roster_csv([moved, first[1]])).location).text
    assert "<dt>更新人员</dt><dd>1</dd>" in page
    assert "<dt>没有变化</dt><dd>1 行</dd>" in page
    assert "张珊（工号 A1）" in page
    assert "姓名、部门、手机号" in page
    assert "李四" not in page
    taken = admin.post("/imports/roster/take", data={"mode": "all"})
    assert "已更新的人员" in admin.get(taken.location).text
