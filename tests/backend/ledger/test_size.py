"""A book of any size that keeps every invariant, and what ten million transfers cost."""

import os

import pytest
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.db.engine import make_engine
from backend.ports.signed_notes import Signer
from backend.proofs import jobs as proofs
from backend.rankings import jobs
from backend.schema import METADATA
from backend.verification.service import open_books, verify
from benchmarks.loading import PER_DAY, live, repeat
from benchmarks.size import measure
from tests.builders.city import a_city


def test_a_repeated_history_keeps_every_invariant(backend: Backend, database: str) -> None:
    city = a_city(backend, members=6)
    like, days = city.scene.members[0], 3
    live(
        backend.engine,
        rulebook=backend.rulebook,
        keys=backend.keys,
        member_id=like,
        code=city.scene.attended.url,
        until=backend.clock.now(),
        days=days,
    )
    owner = make_engine(database, owner=True)
    assert repeat(owner, like=like, report=print) == 6 * days * PER_DAY * 2
    owner.dispose()
    proofs.build(backend.engine.begin, Signer.generate("size.example"), backend.clock)
    with backend.engine.begin() as db:
        assert jobs.rebuild(db) == 2 * days
        db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))
    with open_books(
        backend.engine,
        backend.redis,
        rulebook=backend.rulebook,
        metadata=METADATA,
        now=backend.clock.now(),
    ) as books:
        assert [result.findings for result in verify(books).results if result.found] == []


@pytest.mark.drill
@pytest.mark.timeout(3600)
def test_ten_million_transfers_slow_nothing_down() -> None:
    transfers = int(os.environ.get("TANPUHUI_DRILL_TRANSFERS", "10000000"))
    figures = measure(transfers, report=print)
    print(figures)  # noqa: T201 - the drill's figures
    assert figures.transfers >= transfers
    assert figures.balance_ms <= 1
    assert figures.as_of_ms <= 1
    assert figures.posting_ratio >= 0.9
