"""Health, readiness and metrics, the same on both faces."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text

from admin.app import create_app as create_console
from backend.bootstrap import Backend
from backend.clock import FixedClock, SystemClock
from backend.db import migrate
from backend.db.engine import make_engine
from backend.web.application import Application
from miniprogram_api.app import create_app as create_api
from tests.builders.city import a_city
from tests.builders.drop_offs import drop

MakeApp = Callable[..., Application]
UNREACHABLE = "postgresql://nobody@127.0.0.1:9/nothing"


@pytest.mark.parametrize("create_app", [create_api, create_console])
def test_both_faces_are_up_and_ready(
    backend: Backend, clock: FixedClock, create_app: Callable[[Backend], Application]
) -> None:
    clock.instant = SystemClock().now()
    client = create_app(backend).test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "checks": {
            name: {"ok": True} for name in ("clock", "database", "jobs", "migrations", "redis")
        },
    }


def _unready(backend: Backend) -> tuple[list[str], str]:
    client = create_api(backend).test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "2"
    assert answer.json is not None
    assert answer.json["code"] == "not_ready"
    assert all(answer.json["checks"][name]["ok"] is False for name in answer.json["missing"])
    return answer.json["missing"], answer.json["detail"]


def test_an_absent_database_is_named(backend: Backend) -> None:
    engine = make_engine(UNREACHABLE)
    missing, sentence = _unready(replace(backend, engine=engine))
    assert missing == ["database", "migrations"]
    assert "PostgreSQL" in sentence
    engine.dispose()


def test_a_schema_behind_the_code_is_named(backend: Backend, database: str) -> None:
    owner = make_engine(database, owner=True)
    with owner.begin() as db:
        db.execute(text("DELETE FROM alembic_version"))
    owner.dispose()
    missing, sentence = _unready(backend)
    assert missing == ["migrations"]
    assert "迁移" in sentence


def test_an_absent_redis_is_named(backend: Backend, clock: FixedClock) -> None:
    clock.instant = SystemClock().now()
    gone: Redis = Redis.from_url("redis://127.0.0.1:9/0")
    missing, sentence = _unready(replace(backend, redis=gone))
    assert missing == ["redis"]
    assert "Redis" in sentence


@pytest.mark.parametrize(
    "peer, headers, status",
    [
        ("127.0.0.1", {}, 200),
        ("127.8.8.8", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.5", {}, 401),
        ("", {}, 401),
        ("not an address", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, 401),
        ("10.0.0.5", {"X-Forwarded-For": "127.0.0.1"}, 401),
        ("10.0.0.5", {"Authorization": "Bearer the-token-of-metrics"}, 200),
        ("10.0.0.5", {"Authorization": "Bearer the-token-of-metric"}, 401),
        ("10.0.0.5", {"Authorization": "Bearer "}, 401),
        ("10.0.0.5", {"Authorization": "Bearer 令牌"}, 401),
    ],
)
@pytest.mark.parametrize("trusted", [(), (ip_network("10.0.0.5"), ip_network("127.0.0.1"))])
def test_metrics_open_to_loopback_or_the_token(
    make_app: MakeApp, trusted: object, peer: str, headers: dict[str, str], status: int
) -> None:
    app = make_app(metrics_token="the-token-of-metrics", trusted_proxies=trusted)
    overrides = {f"HTTP_{name.upper().replace('-', '_')}": text for name, text in headers.items()}
    answer = app.test_client().get("/metrics", environ_overrides={"REMOTE_ADDR": peer, **overrides})
    assert answer.status_code == status


def test_no_token_is_no_open_door(make_app: MakeApp) -> None:
    client = make_app(metrics_token="").test_client()
    elsewhere = {"REMOTE_ADDR": "10.0.0.5"}
    for given in ("Bearer ", "Bearer", ""):
        answer = client.get(
            "/metrics", headers={"Authorization": given}, environ_overrides=elsewhere
        )
        assert answer.status_code == 401


def test_metrics_count_by_closed_sets_of_labels(client: FlaskClient) -> None:
    def count(line: str) -> float:
        values = [
            float(row.rsplit(" ", 1)[1])
            for row in client.get("/metrics").text.splitlines()
            if row.startswith(line)
        ]
        return sum(values)

    listed = (
        'tanpuhui_http_requests_total{endpoint="notes.list_notes",face="api",'
        'method="GET",status="200"}'
    )
    before = count(listed)
    client.get("/api/v1/notes")
    client.get("/api/v1/notes?limit=7")
    assert count(listed) - before == 2
    client.open("/api/v1/notes/random-path-1", method="BREW")
    text_of_all = client.get("/metrics").text
    assert "random-path" not in text_of_all
    assert "BREW" not in text_of_all
    assert 'method="other"' in text_of_all
    assert count("tanpuhui_http_request_seconds_count") > 0


ADDITIVE = '''"""A revision of a later program: a table more, a column that may be empty."""

from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE later (id BIGINT PRIMARY KEY)")
    op.execute("ALTER TABLE member ADD COLUMN nickname TEXT")


def downgrade() -> None:
    op.execute("ALTER TABLE member DROP COLUMN nickname")
    op.execute("DROP TABLE later")
'''


def test_a_database_that_a_later_program_brought_further_is_ready(
    backend: Backend, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(Path(migrate.__file__).parents[1] / "migrations", scripts)
    (scripts / "versions/9999_later.py").write_text(ADDITIVE.format(head=migrate.HEAD))
    with monkeypatch.context() as later:
        later.setattr(migrate, "_SCRIPTS", scripts)
        migrate.upgrade(database)
    client = create_api(backend).test_client()
    assert client.get("/readyz").get_json()["checks"]["migrations"] == {"ok": True}
    migrate.upgrade(database)  # this program starts again, and leaves it as it is
    city = a_city(backend)
    with backend.engine.begin() as db:
        assert db.scalars(text("SELECT version_num FROM alembic_version")).all() == ["9999"]
        receipt = drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=city.scene.members[0],
            code=city.scene.attended.url,
            now=backend.clock.now(),
        )
    assert receipt.first
