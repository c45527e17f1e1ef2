"""One transaction a request: all of it or nothing, and never success for what was not kept."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

Stored = Callable[[], list[str]]


@pytest.mark.parametrize("outcome, status", [("done", 200), ("redirect", 302)])
def test_a_success_is_kept(client: FlaskClient, stored: Stored, outcome: str, status: int) -> None:
    assert client.post(f"/api/v1/outcomes/{outcome}").status_code == status
    assert stored() == [outcome]


@pytest.mark.parametrize(
    "outcome, status, code",
    [
        ("returned-400", 400, None),
        ("refusal", 403, "forbidden"),
        ("crash", 500, "internal_error"),
        ("deferred", 409, "conflict"),
        ("duplicate", 409, "conflict"),
        ("slow", 503, "unavailable"),
        ("overflow", 422, "unstorable_value"),
    ],
)
def test_a_failure_leaves_nothing(
    client: FlaskClient, stored: Stored, outcome: str, status: int, code: str | None
) -> None:
    answer = client.post(f"/api/v1/outcomes/{outcome}")
    assert answer.status_code == status
    if code is not None:
        assert answer.json is not None
        assert answer.json["code"] == code
        assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        assert "secret" not in answer.text
    assert stored() == []


def test_a_row_held_by_another_request_is_a_conflict_to_retry(
    client: FlaskClient, stored: Stored, engine: Engine
) -> None:
    with engine.begin() as other:
        other.execute(text("LOCK TABLE pair IN ACCESS EXCLUSIVE MODE"))
        answer = client.post("/api/v1/outcomes/locked")
    assert answer.status_code == 409
    assert answer.json is not None
    assert (answer.json["code"], answer.headers["Retry-After"]) == ("still_running", "2")
    assert stored() == []


def test_every_connection_returns_to_the_pool(
    client: FlaskClient, stored: Stored, engine: Engine
) -> None:
    for outcome in ("done", "refusal", "crash", "deferred", "slow", "overflow"):
        for _ in range(5):
            client.post(f"/api/v1/outcomes/{outcome}")
    assert stored() == ["done"] * 5
    with engine.connect() as db:
        left_open = db.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%'"
            )
        )
        assert left_open.scalar_one() == 0


def test_a_request_after_all_connections_were_closed_succeeds(
    client: FlaskClient, stored: Stored, engine: Engine
) -> None:
    assert client.post("/api/v1/outcomes/before").status_code == 200
    with engine.connect() as db:
        db.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert client.post("/api/v1/outcomes/after").status_code == 200
    assert stored() == ["before", "after"]
