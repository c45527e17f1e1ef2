"""Campaigns on the phone's pages: found, joined, told when they are over."""

from datetime import timedelta

from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.clock import FixedClock
from tests.builders.campaigns import a_campaign
from tests.builders.scene import Scene


def test_a_campaign_is_found_and_joined(
    member: FlaskClient, scene: Scene, backend: Backend, clock: FixedClock
) -> None:
    assert "目前没有您可以参加的活动" in member.get("/campaigns").text
    with backend.engine.begin() as db:
        campaign = a_campaign(db, scene.institution_id, clock.now(), content="吃光。\n打包。")
        other = a_campaign(db, scene.institution_id, clock.now(), title="另一场")
    assert "光盘行动周" in member.get("/campaigns").text
    page = member.get(f"/campaigns/{campaign}").text
    assert "<p>打包。</p>" in page
    assert "1.5 倍" in page
    assert member.post(f"/campaigns/{campaign}").status_code == 303
    assert "您已参加" in member.get(f"/campaigns/{campaign}").text
    clock.instant += timedelta(days=7)
    late = member.post(f"/campaigns/{other}")
    assert late.status_code == 409
    assert "没有参加成功" in late.text
    assert member.get("/campaigns/987654").status_code == 404
