"""`tanpuhui campaigns`: the fields that the contract names, from the book."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from backend.bootstrap import Backend
from backend.cli import main
from tests.builders.campaigns import a_campaign
from tests.builders.scene import a_scene


@pytest.fixture
def campaign(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> int:
    """An approved campaign in the database that the commands open."""
    settings = backend.settings
    for name, value in (
        ("DATABASE_URL", settings.database_url),
        ("OWNER_DATABASE_URL", settings.owner_database_url),
        ("REDIS_URL", settings.redis_url),
        ("SECRET_KEY", settings.secret_key),
    ):
        monkeypatch.setenv(f"TANPUHUI_{name}", value)
    now = backend.clock.now()
    with backend.engine.begin() as db:
        scene = a_scene(db, now)
        return a_campaign(db, scene.institution_id, now, ends_at=now + timedelta(days=6))


def test_list_and_report_name_their_fields(campaign: int) -> None:
    listed = CliRunner().invoke(main, ["campaigns", "list", "--json"])
    assert listed.exit_code == 0, listed.stderr
    (item,) = json.loads(listed.stdout)["items"]
    assert set(item) == {
        "id", "title", "kind", "state", "starts_at", "ends_at", "budget_mpt", "spent_mpt",
    }  # fmt: skip
    assert (item["id"], item["budget_mpt"], item["spent_mpt"]) == (campaign, 1_000_000, 0)
    report = CliRunner().invoke(main, ["campaigns", "report", str(campaign), "--json"])
    assert report.exit_code == 0
    told = json.loads(report.stdout)
    assert item.items() <= told.items()
    assert (told["participants"], told["bonus_mpt"], told["units"]) == (0, 0, [])


def test_a_campaign_that_is_none_ends_with_2(campaign: int) -> None:
    result = CliRunner().invoke(main, ["campaigns", "report", str(campaign + 1), "--json"])
    assert result.exit_code == 2
    assert "没有找到这场活动" in result.stderr
