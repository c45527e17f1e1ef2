"""Rewards in the console: the catalogue, the attendant's screen, causes, draws, the switch."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.draws import service as draws
from backend.ledger import conservation
from backend.offers.policy import Person
from backend.people.models import Role
from backend.rewards.codes import redemption_code
from backend.rewards.service import Order, redeem
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_draw, a_reward
from tests.builders.town import Town

NEW_REWARD = {
    "name": "环保布袋",
    "description": "再生棉",
    "pickup": "一楼服务台",
    "points": "20",
    "audience": "city",
    "stock": "30",
    "member_limit": "2",
    "period": "month",
    "hold_days": "7",
    "available_from": "2026-11-18",
    "state": "open",
}


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


@pytest.fixture
def pending(town: Town, backend: Backend) -> int:
    """A redemption of a bureau's reward by one of its staff."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        earn(db, town.staff[0], points_mpt=30_000)
        reward = a_reward(db, town.organisation.bureau, now)
        person = Person(town.staff[0], town.organisation.bureau)
        return redeem(db, person, Order("console-0001", reward, 2), now=now)[0].id


def test_a_reward_is_entered_changed_and_stocked(
    town: Town, as_role: Callable[[Role], FlaskClient]
) -> None:
    admin = as_role(Role.INSTITUTION_ADMIN)
    form = {**NEW_REWARD, "institution_id": str(town.organisation.bureau)}
    made = admin.post("/rewards/new", data=form)
    assert made.status_code == 303
    where = str(made.location).partition("?")[0]
    shown = admin.get(str(made.location)).text
    assert "奖品已新增" in shown
    assert "每月：个人 2 件，单位不限" in shown
    assert "环保布袋" in admin.get("/rewards").text
    said = {name: value for name, value in NEW_REWARD.items() if name != "stock"}
    said["seen"] = seen_on(admin.get(f"{where}/edit").text)
    changed = admin.post(f"{where}/edit", data={**said, "points": "25", "cash_value": "1"})
    assert changed.status_code == 303
    assert "有现金价值" in admin.get("/rewards").text
    second = admin.post(f"{where}/edit", data={**said, "name": "布袋"})
    assert (second.status_code, "已被其他人修改" in second.text) == (409, True)
    assert "布袋" in second.text
    assert 'value="25"' in admin.get(f"{where}/edit").text
    assert admin.post(f"{where}/stock", data={"change": "-31"}).status_code == 422
    assert admin.post(f"{where}/stock", data={"change": "-5"}).status_code == 303
    assert "25 件" in admin.get(where).text
    audit = as_role(Role.CITY_ADMIN).get("/audit?subject=rewards:").text
    for event in ("新增奖品", "修改奖品", "调整库存"):
        assert event in audit


def test_a_wrong_reward_is_told_by_field(
    town: Town, as_role: Callable[[Role], FlaskClient]
) -> None:
    admin = as_role(Role.INSTITUTION_ADMIN)
    answer = admin.post("/rewards/new", data={"points": "0", "available_until": "2026-13-01"})
    assert answer.status_code == 422
    for field in ("name", "pickup", "points", "stock", "institution_id", "available_until"):
        assert f'id="{field}-error"' in answer.text, field
    elsewhere = {**NEW_REWARD, "institution_id": str(town.organisation.school)}
    assert admin.post("/rewards/new", data=elsewhere).status_code == 404
    backwards = {
        **NEW_REWARD,
        "institution_id": str(town.organisation.bureau),
        "available_until": "2026-11-01",
    }
    assert "截止日期不能早于开始日期" in admin.post("/rewards/new", data=backwards).text


def test_an_attendant_looks_first_and_hands_over_once(
    as_role: Callable[[Role], FlaskClient], backend: Backend, pending: int
) -> None:
    attendant = as_role(Role.ATTENDANT)
    assert "核销" in attendant.get("/redemptions/verify").text
    code = redemption_code(backend.keys, pending, backend.clock.now())
    looked = attendant.get("/redemptions/verify", query_string={"code": code})
    assert "环保布袋 × 2" in looked.text
    assert "小林1" in looked.text
    done = attendant.post("/redemptions/verify", data={"code": code})
    assert done.status_code == 303
    assert "已核销，请发放" in attendant.get(str(done.location)).text
    again = attendant.post("/redemptions/verify", data={"code": code})
    assert (again.status_code, "已经领取" in again.text) == (409, True)
    assert attendant.get("/redemptions/verify?code=nonsense").status_code == 422
    assert attendant.post("/redemptions/verify", data={}).status_code == 422
    with backend.engine.connect() as db:
        assert db.scalar(text("SELECT state FROM redemption")) == "fulfilled"


def test_a_code_of_another_institution_is_not_the_attendants(
    town: Town, as_role: Callable[[Role], FlaskClient], backend: Backend
) -> None:
    now = backend.clock.now()
    with backend.engine.begin() as db:
        earn(db, town.citizen, points_mpt=30_000)
        reward = a_reward(db, town.organisation.school, now)
        made, _ = redeem(db, Person(town.citizen, None), Order("elsewhere-1", reward, 1), now=now)
    code = redemption_code(backend.keys, made.id, now)
    attendant = as_role(Role.ATTENDANT)
    assert attendant.get("/redemptions/verify", query_string={"code": code}).status_code == 404
    assert attendant.post("/redemptions/verify", data={"code": code}).status_code == 404


def test_the_programme_gives_back_with_a_reason(admin: FlaskClient, pending: int) -> None:
    assert f"/redemptions/{pending}/cancel" in admin.get("/redemptions?state=pending").text
    assert admin.post(f"/redemptions/{pending}/cancel", data={}).status_code == 422
    gone = admin.post(f"/redemptions/{pending}/cancel", data={"reason": "奖品破损"})
    assert gone.status_code == 303
    listed = admin.get(str(gone.location)).text
    assert "主办方取消：奖品破损" in listed
    assert admin.post(f"/redemptions/{pending}/cancel", data={"reason": "x"}).status_code == 409
    assert "没有兑换" in admin.get("/redemptions?state=fulfilled").text


def test_a_cause_is_entered_and_changed(
    town: Town, as_role: Callable[[Role], FlaskClient], backend: Backend
) -> None:
    admin = as_role(Role.INSTITUTION_ADMIN)
    form = {
        "institution_id": str(town.organisation.bureau),
        "name": "西溪湿地护鸟",
        "takes_points": "1",
        "state": "open",
    }
    assert admin.post("/causes/new", data=form).status_code == 303
    neither = {**form, "takes_points": "0"}
    assert "请至少选择" in admin.post("/causes/new", data=neither).text
    found = re.search(r"/causes/(\d+)/edit", admin.get("/causes").text)
    assert found is not None
    page = admin.get(found[0]).text
    assert "西溪湿地护鸟" in page
    del form["institution_id"]
    form["seen"] = seen_on(page)
    assert admin.post(found[0], data={**form, "state": "closed"}).status_code == 303
    assert admin.post(found[0], data={**form, "state": "draft"}).status_code == 409
    with backend.engine.connect() as db:
        assert db.scalar(text("SELECT state FROM cause")) == "closed"


def test_a_draw_is_announced_for_good_and_shows_its_winners(
    town: Town, admin: FlaskClient, backend: Backend
) -> None:
    form = {
        "institution_id": str(town.organisation.bureau),
        "name": "绿色达人抽奖",
        "prize": "绿植",
        "audience": "city",
        "winners": "1",
        "unit": "mpt",
        "threshold": "5",
        "counts_from": "2026-11-01",
        "counts_until": "2026-11-30",
        "closes_at": "2026-11-19T10:00",
        "draws_at": "2026-11-19T10:30",
    }
    assert admin.post("/draws/new", data={**form, "unit": "kg"}).status_code == 422
    late = admin.post("/draws/new", data={**form, "closes_at": "2026-11-18T09:00"})
    assert "报名截止时间应晚于现在" in late.text
    made = admin.post("/draws/new", data=form)
    assert made.status_code == 303
    assert "抽奖已发布" in admin.get(str(made.location)).text
    draw = int(re.findall(r"/draws/(\d+)", str(made.location))[0])
    now = backend.clock.now()
    with backend.engine.begin() as db:
        earn(db, town.staff[0], points_mpt=5_000)
        ticket = draws.enter(db, Person(town.staff[0], town.organisation.bureau), draw, now=now)
        for _ in range(2):
            draws.advance(db, backend.keys, now=now + timedelta(days=2))
    shown = admin.get(f"/draws/{draw}").text
    assert ticket in shown
    assert "小林1" in shown
    assert "已开奖" in admin.get("/draws").text


def test_the_switch_is_thrown_by_those_above_the_institution(
    town: Town, as_role: Callable[[Role], FlaskClient]
) -> None:
    manager = as_role(Role.DISTRICT_MANAGER)
    address = f"/cash-value/{town.organisation.bureau}"
    assert manager.post(address, data={"allowed": "1"}).status_code == 303
    assert manager.post(address, data={}).status_code == 422
    page = manager.get("/cash-value?done=switched").text
    assert "开关已更改" in page
    assert page.count(">允许</span>") == 1
    assert "现金价值开关" in as_role(Role.CITY_ADMIN).get("/audit?subject=rewards:").text
    own = as_role(Role.INSTITUTION_ADMIN).get("/cash-value").text
    assert "<form" not in own.partition("<main")[2]


def test_the_conservation_report_is_shown(town: Town, admin: FlaskClient, backend: Backend) -> None:
    assert "还没有守恒表" in admin.get("/ledger/conservation").text
    with backend.engine.begin() as db:
        earn(db, town.staff[0], points_mpt=12_500, reduction_mg=7_000)
        made = conservation.report(db, at=backend.clock.now() + timedelta(days=36_500))
        kept = conservation.Report(backend.clock.now(), made.lines, made.accounts)
        conservation.keep(db, kept)
    shown = admin.get("/ledger/conservation").text
    assert "12.5" in shown
    assert shown.count(">是</span>") == 2


def test_empty_lists_say_what_to_do(town: Town, admin: FlaskClient, backend: Backend) -> None:
    for path in ("/rewards", "/redemptions", "/causes", "/draws"):
        assert "empty-title" in admin.get(path).text, path
    with backend.engine.begin() as db:
        a_cause(db, town.organisation.school, backend.clock.now())
        a_draw(db, backend.keys, town.organisation.school, backend.clock.now())
    for path in ("/causes", "/draws"):
        assert "第一中学" in admin.get(path).text, path
