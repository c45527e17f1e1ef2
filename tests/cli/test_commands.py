"""Commands print what they promise and end with the code they promise."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from backend import worker
from backend.bootstrap import Backend
from backend.cli import COMMANDS, main
from backend.people.models import Face, Role
from backend.people.service import LoginLinkInvalidError, authenticate, log_in_link
from tests.builders.city import a_city
from tests.builders.drop_offs import drop
from tests.builders.points import earn


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_the_openapi_document_needs_no_database() -> None:
    document = json.loads(run("openapi").output)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/actions" in document["paths"]


def test_rebuilding_mends_and_checking_only_tells(backend: Backend) -> None:
    city = a_city(backend)
    with backend.engine.begin() as db:
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=city.scene.members[0],
            code=city.scene.attended.url,
            now=backend.clock.now(),
        )
    assert run("rankings", "rebuild", "--check").exit_code == 1
    checked = run("rankings", "rebuild", "--check", "--json")
    assert json.loads(checked.output)["differences"] == [
        {"department_id": city.scene.departments[0], "day": "2026-11-18"}
    ]
    with backend.engine.begin() as db:
        assert db.execute(text("SELECT count(*) FROM department_day")).scalar_one() == 0
    assert run("rankings", "rebuild").exit_code == 0
    assert run("rankings", "rebuild", "--check").exit_code == 0


def test_the_conservation_report_of_an_instant(backend: Backend) -> None:
    with backend.engine.begin() as db:
        earn(db, 1, points_mpt=19_000, reduction_mg=590_000, methodology="recycling.drop_off")
    early = run("ledger", "report", "--at", "2020-01-01T00:00:00", "--json")
    assert (early.exit_code, json.loads(early.output)["lines"]) == (0, [])
    now = json.loads(run("ledger", "report", "--json").output)
    assert [(x["unit"], x["held"]) for x in now["lines"]] == [("mg", 590_000), ("mpt", 19_000)]
    table = run("ledger", "report")
    assert "issuance recycling.drop_off\t19000\t19000\t0" in table.output
    assert "守恒：是" in table.output
    assert run("ledger", "report", "--at", "yesterday").exit_code == 2


def test_a_missing_setting_is_one_line_and_code_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANPUHUI_API_PORT", "high")
    result = run("worker", worker.QUEUES[0])
    assert result.exit_code == 2
    assert "TANPUHUI_API_PORT" in result.output


def test_the_first_administrator_gets_a_link_that_works_once(backend: Backend) -> None:
    result = run("people", "admin", "王海宁")
    assert result.exit_code == 0
    address, code = result.output.strip().rsplit("/", 1)
    assert address == f"{backend.settings.console_url}/login/link"
    with backend.engine.begin() as db:
        now = datetime.now(UTC)
        session = log_in_link(db, code=code, purpose=Face.CONSOLE, now=now)
        actor = authenticate(db, token=session.token, now=now, face=Face.CONSOLE)
        assert actor.has_role(Role.CITY_ADMIN)
        with pytest.raises(LoginLinkInvalidError):
            log_in_link(db, code=code, purpose=Face.CONSOLE, now=now)


def test_upgrading_records_the_methodologies(backend: Backend) -> None:
    assert run("db", "upgrade").exit_code == 0
    with backend.engine.begin() as db:
        known = db.execute(text("SELECT count(*) FROM methodology_version")).scalar_one()
    assert known == len(backend.rulebook.all_versions())
