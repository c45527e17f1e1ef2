"""A process killed before any statement of an award leaves all of it or nothing."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.clock import FixedClock, SystemClock
from backend.schema import METADATA
from backend.verification.service import open_books, verify
from tests.builders.city import City, a_city
from tests.builders.drop_offs import POSITION_SENT
from tests.faults.asking import Request, asking

# Whatever an award writes; each of them by one row, or two.
WRITTEN = ("action", "entry", "idempotency", "evidence_use", "usage_count", "outbox")
Ask = Callable[[int, int], dict[str, Any]]


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the present, as the requests' own clock does."""
    return FixedClock(SystemClock().now())


@pytest.fixture
def scene(backend: Backend) -> City:
    return a_city(backend, members=40)


@pytest.fixture
def ask(scene: City) -> Iterator[Ask]:
    """Logs a drop-off of the n-th member in a process that may die before a statement."""
    with asking() as ask_it:

        def request(number: int, dies_before: int) -> dict[str, Any]:
            body = {
                "reference": f"statement-{number:04d}",
                "kind": "recycling.drop_off",
                "occurred_at": scene.backend.clock.now().isoformat(),
                "facts": {"material": "paper", "mass": "1.25"},
                "evidence": {"code": scene.scene.attended.url, "position": POSITION_SENT},
            }
            token = scene.token(scene.scene.members[number])
            return ask_it(Request(token, "/api/v1/actions", body), dies_before)

        yield request


def written(city: City) -> dict[str, int]:
    """How many rows each table has, apart from what the drop-offs share."""
    with city.backend.engine.begin() as db:
        return {
            table: int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in (*WRITTEN, "transfer", "balance", "cap_usage")
        }


def test_killed_before_any_statement_all_or_nothing(scene: City, ask: Ask) -> None:
    whole = ask(0, 0)
    assert whole["status"] == 201
    one, points = written(scene), whole["statements"]
    assert points[-2:] == ["COMMIT", "the answer"]
    assert any("ledger_post_award" in statement for statement in points)
    for number in range(1, len(points) + 1):
        before = written(scene)
        assert ask(number, number)["status"] is None
        committed = points[number - 1] == "the answer"
        left = {table: rows - before[table] for table, rows in written(scene).items()}
        expected = one if committed else dict.fromkeys(one, 0)
        # The point's hourly usage limit is one row for all.
        assert left | {"usage_count": 0} == expected | {"usage_count": 0}, points[number - 1]
        assert ask(number, 0)["status"] == (200 if committed else 201)
        after = {table: rows - before[table] for table, rows in written(scene).items()}
        assert after | {"usage_count": 0} == one | {"usage_count": 0}
    with open_books(
        scene.backend.engine,
        scene.backend.redis,
        rulebook=scene.backend.rulebook,
        metadata=METADATA,
        now=scene.backend.clock.now(),
    ) as books:
        assert verify(books).found == 0
