"""A member's own pages: balance, records, receipts, boards."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.actions.models import HoldOutcome
from backend.bootstrap import Backend
from backend.corrections.reviews import Decision, resolve
from backend.organisations.queries import Scope
from backend.rankings.jobs import rebuild
from tests.builders.drop_offs import drop
from tests.builders.scene import Scene


@pytest.fixture
def log(scene: Scene, backend: Backend) -> Callable[..., int]:
    """Logs drop-offs of a member by number; returns the id of the last one."""

    def logged(number: int = 0, *masses: str) -> int:
        materials = ("paper", "pet", "glass", "steel", "mixed", "aluminium", "textile")
        with backend.engine.begin() as db:
            receipts = [
                drop(
                    db,
                    rulebook=backend.rulebook,
                    keys=backend.keys,
                    member_id=scene.members[number],
                    code=scene.attended.url,
                    now=backend.clock.now(),
                    material=material,
                    mass=mass,
                )
                for material, mass in zip(materials, masses or ("1",), strict=False)
            ]
            rebuild(db)
        return receipts[-1].action.id

    return logged


def test_the_overview_shows_balance_expiry_records_and_rank(
    member: FlaskClient, log: Callable[..., int]
) -> None:
    log(0, "2")
    log(6, "3")
    page = member.get("/me").text
    for told in (
        "19 分",
        "590 克",
        "2027年11月30日到期",
        "废纸（办公纸、书报），2 kg",
        "示范局 · 综合处",
        "第 2 名",
        "共 2 个部门",
        'href="/me/receipts/1"',
    ):
        assert told in page


def test_a_member_without_anything_is_told_how_to_begin(member: FlaskClient) -> None:
    page = member.get("/me").text
    assert "还没有记录" in page
    assert "0 分" in page


@pytest.mark.parametrize("path", ["/me", "/me/points", "/me/records", "/me/entries"])
def test_own_pages_open_for_a_member_without_anything(member: FlaskClient, path: str) -> None:
    page = member.get(path)
    assert page.status_code == 200
    assert "还没有" in page.text


@pytest.mark.parametrize("outcome", [None, HoldOutcome.VOIDED])
def test_own_pages_show_a_record_that_does_not_count(
    member: FlaskClient,
    log: Callable[..., int],
    backend: Backend,
    scene: Scene,
    outcome: HoldOutcome | None,
) -> None:
    action_id = log(0, "31")
    if outcome is not None:
        decision = Decision(
            action_id=action_id,
            scope=Scope(everything=True),
            actor_id=scene.members[1],
            reason="照片看不清",
            at=backend.clock.now(),
        )
        with backend.engine.begin() as db:
            resolve(db, backend.rulebook, decision, outcome=outcome)
    status = "待审核" if outcome is None else "审核未通过"
    for path in ("/me", "/me/records", f"/me/receipts/{action_id}"):
        page = member.get(path)
        assert page.status_code == 200
        assert status in page.text


def test_another_members_receipt_is_not_found(member: FlaskClient, log: Callable[..., int]) -> None:
    theirs = log(1, "1")
    page = member.get(f"/me/receipts/{theirs}")
    assert page.status_code == 404
    assert "我的记录" in page.text
    assert member.get("/me/receipts/999999").status_code == 404


def test_records_come_page_by_page(
    member: FlaskClient, log: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniprogram_api.pages.mine._PAGE", 3)
    log(0, *["0.1"] * 5)
    first = member.get("/me/records").text
    assert first.count('href="/me/receipts/') == 3
    cursor = first.partition("/me/records?cursor=")[2].partition('"')[0]
    second = member.get(f"/me/records?cursor={cursor}").text
    assert second.count('href="/me/receipts/') == 2
    assert "更早的记录" not in second


def test_a_wrong_cursor_is_told(member: FlaskClient) -> None:
    page = member.get("/me/records?cursor=abc")
    assert page.status_code == 422
    assert "从第一页重新开始" in page.text


def test_the_board_marks_the_own_group_and_says_why(
    member: FlaskClient, log: Callable[..., int]
) -> None:
    log(0, "2")
    page = member.get("/board?measure=per_head").text
    own = page.partition('class="own"')[2].partition("</tr>")[0]
    assert "示范局 · 综合处（我的）" in own
    assert "3.166 分" in own
    assert "19 分 ÷ 6 人 ＝ 人均 3.166 分" in page
    total = member.get("/board?measure=total").text
    assert "19 分" in total.partition('class="own"')[2].partition("</tr>")[0]


def test_other_boards_and_seasons_open(member: FlaskClient, log: Callable[..., int]) -> None:
    log(0, "2")
    assert "西湖区" in member.get("/board?board=districts").text
    assert "示范局" in member.get("/board?board=institutions").text
    assert "刚开始" in member.get("/board?board=institutions&season=2026-10").text
    refused = member.get("/board?season=2027-01")
    assert refused.status_code == 422
    assert "还没有开始" in refused.text


def test_own_pages_need_a_login(client: FlaskClient) -> None:
    for path in ("/me", "/me/records", "/me/receipts/1", "/board"):
        answer: Any = client.get(path)
        assert answer.status_code == 401
        assert "登录链接" in answer.text
