"""`rules replay` and `rules simulate`: what they print and the code they end with."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.cli import main
from backend.db.engine import make_engine
from credit_rules.loading import SHIPPED
from tests.builders.actions import an_action
from tests.builders.city import City, a_city
from tests.builders.drafts import a_draft, a_stricter_drop_off
from tests.conftest import NOW

DAYS = ("--from", "2026-11-01", "--to", "2026-11-30")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ("rules", *arguments), catch_exceptions=False)


def logged(backend: Backend) -> City:
    """Six members of each department with a drop-off; the first also with one of 12.01 kg."""
    city = a_city(backend)
    with backend.engine.begin() as db:
        for number, member_id in enumerate((*city.scene.members, city.scene.members[0])):
            an_action(
                db,
                rulebook=backend.rulebook,
                member_id=member_id,
                kind="recycling.drop_off",
                facts={"material": "paper", "mass": "12.01" if number == 12 else "2"},
                at=NOW + timedelta(days=number // 12),
            )
    return city


def counts(backend: Backend) -> list[int]:
    with backend.engine.begin() as db:
        return [
            db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("action", "entry", "cap_usage", "outbox", "methodology_version")
        ]


def test_replay_is_clean_until_the_book_is_changed(backend: Backend, database: str) -> None:
    logged(backend)
    clean = run("replay", "--json")
    assert clean.exit_code == 0
    assert json.loads(clean.stdout) == {
        "schema": "tanpuhui.replay.v1",
        "since": None,
        "actions": 13,
        "differing": 0,
        "differences": [],
    }
    engine = make_engine(database, owner=True)
    with engine.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("UPDATE action SET points_mpt = 1 WHERE id = 5"))
    engine.dispose()
    changed = run("replay")
    assert changed.exit_code == 1
    assert (
        "行为 5（2026-11-18，recycling.drop_off@1） points_mpt：账本 1，重算 19000"
        in changed.stdout
    )
    (difference,) = json.loads(run("replay", "--json").stdout)["differences"]
    assert difference == {
        "action_id": 5,
        "occurred_on": "2026-11-18",
        "methodology": "recycling.drop_off@1",
        "findings": [{"fault": "points_mpt", "stored": "1", "recomputed": "19000"}],
    }
    assert run("replay", "--since", "2026-11-19").exit_code == 0


def test_simulate_tells_what_a_draft_would_change_and_writes_nothing(
    backend: Backend, tmp_path: Path
) -> None:
    city = logged(backend)
    before = counts(backend)
    files = a_stricter_drop_off(tmp_path / "draft")
    a_draft(files, "office.paperless")
    found = json.loads(run("simulate", "--files", str(files), *DAYS, "--json").stdout)
    assert counts(backend) == before
    assert found["schema"] == "tanpuhui.simulation.v1"
    (judged,) = found["methodologies"]
    assert (judged["kind"], judged["version"], judged["source"]) == (
        "recycling.drop_off",
        2,
        "draft",
    )
    assert found["unused_drafts"] == ["office.paperless"]
    # 13 first drop-offs of a day: 2 points less each, the refused one loses its 30.
    assert found["total"]["points_before_mpt"] - found["total"]["points_after_mpt"] == (
        12 * 2_000 + 30_000
    )
    assert (found["total"]["actions"], found["total"]["refused"]) == (13, 1)
    for measured in ("before_mpt", "after_mpt"):  # all of it in one month
        budget = found["budget"][f"month_{measured}"], found["budget"][f"highest_month_{measured}"]
        assert budget == (found["total"][f"points_{measured}"],) * 2
    first, second = found["departments"]["listed"]
    assert (first["id"], first["rank_before"], first["rank_after"]) == (
        city.scene.departments[0],
        1,
        1,
    )
    assert (second["rank_before"], second["rank_after"]) == (2, 1)
    assert [(each["members"], each["losers"]) for each in found["deciles"]] == [(6, 6), (6, 6)]
    assert [(each["code"], each["actions"]) for each in found["refusals"]] == [("out_of_bounds", 1)]
    names = {f"成员{number}" for number in range(1, 13)}
    for printed in (
        json.dumps(found, ensure_ascii=False),
        run("simulate", "--files", str(files), *DAYS).stdout,
    ):
        assert "财务处" in printed
        assert not any(name in printed for name in names)


@pytest.mark.parametrize(
    "days", [("--from", "2026-11-30", "--to", "2026-11-01"), ("--from", "no", "--to", "2026-11-01")]
)
def test_dates_the_wrong_way_round_are_refused(days: tuple[str, ...]) -> None:
    assert run("simulate", "--files", str(SHIPPED), *days).exit_code == 2


def test_a_draft_that_could_not_be_published_is_refused(tmp_path: Path) -> None:
    files = a_draft(
        tmp_path / "draft", "recycling.drop_off", ('"5 point/count"', '"4 point/count"')
    )
    refused = run("simulate", "--files", str(files), *DAYS)
    assert refused.exit_code == 2
    assert "recycling.drop_off.v2.toml: examples[0].expect.points_mpt" in refused.stderr
    assert run("simulate", "--files", str(tmp_path / "none"), *DAYS).exit_code == 2
