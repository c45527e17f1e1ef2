"""Campaigns on the console: written, refused, approved by another, run by the time, ended."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.campaigns.service import enrol
from backend.clock import FixedClock
from backend.people.models import Role
from tests.builders.campaigns import a_campaign
from tests.builders.town import Town

NEW = {
    "title": "光盘行动周",
    "content": "一周光盘。\n吃多少打多少。",
    "kind": "clean_plate",
    "audience": "institution",
    "starts_at": "2026-11-19T00:00",
    "ends_at": "2026-11-26T00:00",
    "kinds": ["dining.clean_plate", "stairs.climb"],
    "multiplier": "1.5",
    "budget": "2000",
}


def new_draft(client: FlaskClient, town: Town, **changed: object) -> str:
    """The address of a draft just written."""
    form = {**NEW, "institution_id": str(town.organisation.bureau), **changed}
    made = client.post("/campaigns/new", data=form)
    assert made.status_code == 303, made.text
    return str(made.location).partition("?")[0]


def test_a_campaign_from_its_draft_to_its_report(
    town: Town, as_role: Callable[[Role], FlaskClient], clock: FixedClock, backend: Backend
) -> None:
    author, other = as_role(Role.INSTITUTION_ADMIN), as_role(Role.DISTRICT_MANAGER)
    where = new_draft(author, town)
    assert "草稿" in author.get(where).text
    assert "还无法预测" in author.get(where).text
    assert author.post(f"{where}/submission").status_code == 303
    own = author.post(f"{where}/approval")
    assert own.status_code == 409
    assert "由另一位管理员审批" in own.text
    assert other.post(f"{where}/approval").status_code == 303
    assert "未开始" in other.get(where).text
    assert other.post(f"{where}/approval").status_code == 409
    clock.instant += timedelta(days=1)
    other = as_role(Role.DISTRICT_MANAGER)
    assert "进行中" in other.get(where).text
    assert "报名" in other.get(where).text
    clock.instant += timedelta(days=8)
    author = as_role(Role.INSTITUTION_ADMIN)
    assert "已结束" in author.get("/campaigns").text
    late = author.post(f"{where}/end", data={"reason": "迟了"})
    assert late.status_code == 409
    with backend.engine.connect() as db:
        tags = db.scalars(
            text("SELECT tag FROM audit_event WHERE object_type = 'campaign' ORDER BY id")
        ).all()
    assert [tag.rpartition(":")[2] for tag in tags] == ["create", "submit", "approve"]


@pytest.mark.parametrize(
    "field, change",
    [
        ("ends_at", {"ends_at": "2026-11-18T23:00"}),
        ("ends_at", {"starts_at": "2026-11-01T00:00", "ends_at": "2026-11-02T00:00"}),
        ("ends_at", {"ends_at": "2028-11-26T00:00"}),
        ("kinds", {"kinds": []}),
        ("kinds", {"kinds": ["no.such"]}),
        ("kinds", {"kinds": ["office.video_meeting"]}),
        ("content", {"content": "<script>alert(1)</script>"}),
        ("title", {"title": "<b>光盘</b>"}),
        ("content", {"content": "&lt;img&gt;"}),
        ("multiplier", {"multiplier": "1"}),
        ("multiplier", {"multiplier": "9"}),
        ("multiplier", {"multiplier": "1.555"}),
        ("budget", {"budget": "99"}),
        ("budget", {"budget": "9000000"}),
        ("audience", {"audience": "everybody"}),
    ],
)
def test_what_is_wrong_is_told_by_field_and_nothing_is_kept(
    field: str,
    change: dict[str, object],
    town: Town,
    admin: FlaskClient,
    backend: Backend,
) -> None:
    form = {**NEW, "institution_id": str(town.organisation.bureau), **change}
    refused = admin.post("/campaigns/new", data=form)
    assert refused.status_code == 422
    assert f'href="#{field}"' in refused.text
    assert "<script>alert" not in refused.text
    with backend.engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM campaign")) == 0


def test_nobody_could_join_the_campaign_of_an_empty_institution(
    town: Town, admin: FlaskClient
) -> None:
    where = new_draft(admin, town, institution_id=str(town.organisation.hospital))
    refused = admin.post(f"{where}/submission")
    assert refused.status_code == 422
    assert "还没有成员" in refused.text


def test_a_draft_is_sent_back_changed_and_then_approved_by_the_third(
    town: Town, as_role: Callable[[Role], FlaskClient]
) -> None:
    author, second = as_role(Role.INSTITUTION_ADMIN), as_role(Role.DISTRICT_MANAGER)
    where = new_draft(author, town)
    author.post(f"{where}/submission")
    assert author.get(f"{where}/edit").status_code == 303
    assert "原因" in second.post(f"{where}/return").text
    assert second.post(f"{where}/return", data={"reason": "标题太泛"}).status_code == 303
    form = author.get(f"{where}/edit").text
    assert "标题太泛" in author.get(where).text
    seen = re.findall(r'name="seen" value="([0-9a-f]{32})"', form)[0]
    changed = second.post(f"{where}/edit", data={**NEW, "title": "光盘周", "seen": seen})
    assert changed.status_code == 303
    overtaken = author.post(f"{where}/edit", data={**NEW, "title": "另一个", "seen": seen})
    assert (overtaken.status_code, "另一个" in overtaken.text) == (409, True)
    author.post(f"{where}/submission")
    assert second.post(f"{where}/approval").status_code == 409  # who wrote it last
    assert as_role(Role.CITY_ADMIN).post(f"{where}/approval").status_code == 303


def test_a_campaign_for_the_city_is_approved_by_the_city(
    town: Town, as_role: Callable[[Role], FlaskClient]
) -> None:
    author = as_role(Role.INSTITUTION_ADMIN)
    where = new_draft(author, town, audience="city")
    author.post(f"{where}/submission")
    refused = as_role(Role.DISTRICT_MANAGER).post(f"{where}/approval")
    assert refused.status_code == 409
    assert "市级管理员" in refused.text
    assert as_role(Role.CITY_ADMIN).post(f"{where}/approval").status_code == 303


def test_a_running_campaign_is_cut_short_and_one_to_come_withdrawn(
    town: Town, admin: FlaskClient, backend: Backend, clock: FixedClock
) -> None:
    now = clock.now()
    with backend.engine.begin() as db:
        runs = a_campaign(db, town.organisation.bureau, now)
        comes = a_campaign(db, town.organisation.bureau, now, starts_at=now + timedelta(days=1))
        enrol(db, runs, member_id=town.staff[0], institution_id=town.organisation.bureau, now=now)
    assert admin.post(f"/campaigns/{runs}/end").status_code == 422
    for campaign, state in ((runs, "提前结束"), (comes, "已撤回")):
        ended = admin.post(f"/campaigns/{campaign}/end", data={"reason": "场地停用"})
        assert ended.status_code == 303
        page = admin.get(f"/campaigns/{campaign}").text
        assert state in page
        assert "场地停用" in page
