import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import Connection, text

from backend.clock import SHANGHAI, SystemClock
from tests.conftest import pytest_configure
from tests.set_time.__main__ import FOLDER, moments
from tests.set_time.sitecustomize import OFFSET

YEAR = timedelta(days=365)
READ_BOTH = """
import sys
from pathlib import Path
import psycopg
from backend.clock import SystemClock
from backend.runtime.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    with psycopg.connect(server.url) as connection:
        for told in connection.execute("SELECT now(), clock_timestamp()").fetchone():
            print(told.isoformat())
print(SystemClock().now().isoformat())
"""


def test_both_clocks_of_a_process_are_set_alike(server_folder: object) -> None:
    ahead = int(YEAR.total_seconds()) + int(os.environ.get(OFFSET, "0"))
    environment = os.environ | {"PYTHONPATH": str(FOLDER), OFFSET: str(ahead)}
    begun = datetime.now(UTC)
    command = [sys.executable, "-c", READ_BOTH, f"{server_folder}/set"]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    instants = [datetime.fromisoformat(line) for line in said.stdout.split()]
    assert len(instants) == 3
    assert all(timedelta() <= told - YEAR - begun < timedelta(minutes=2) for told in instants)


def test_the_application_and_its_database_agree_on_the_time(db: Connection) -> None:
    """At whatever time the suite runs: also in what a column fills in by itself."""
    stamped = db.execute(
        text("INSERT INTO outbox (kind, payload) VALUES ('x', '{}') RETURNING created_at")
    ).scalar_one()
    assert abs(stamped - SystemClock().now()) < timedelta(minutes=2)


def test_time_is_not_set_where_somebodys_database_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OFFSET, "60")
    pytest_configure()
    monkeypatch.setenv("TANPUHUI_DATABASE_URL", "postgresql://127.0.0.1/theirs")
    with pytest.raises(pytest.UsageError, match="TANPUHUI_DATABASE_URL"):
        pytest_configure()


@pytest.mark.parametrize(
    "today, expected",
    [
        ("2026-11-30T23:00+08:00", ["2026-11-30", "2026-12-31", "2028-02-28"]),
        ("2026-12-01T06:00+08:00", ["2027-01-31", "2026-12-31", "2028-02-28"]),
        ("2028-02-29T10:00+08:00", ["2028-02-29", "2028-12-31", "2032-02-28"]),
        ("2028-12-31T23:45+08:00", ["2029-01-31", "2029-12-31", "2032-02-28"]),
    ],
)
def test_the_hours_are_the_next_of_their_kind(today: str, expected: list[str]) -> None:
    after = datetime.fromisoformat(today)
    found = list(moments(after).values())
    assert [f"{each:%Y-%m-%d}" for each in found] == expected
    assert all(each > after and each.tzinfo is SHANGHAI for each in found)


def test_the_database_is_set_by_as_much_as_was_asked(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        (shift,) = connection.execute("SELECT now() - pg_catalog.now()").fetchone() or (None,)
    assert shift == timedelta(seconds=int(os.environ.get(OFFSET, "0")))
