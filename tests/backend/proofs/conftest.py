"""A database of the test's own, written as the owner and built as the application."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text

from backend.clock import FixedClock
from backend.db.engine import make_engine
from backend.ports.signed_notes import Signer
from backend.proofs.queries import leaves_from

ORIGIN = "tanpuhui.test/ledger"
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CLOCK = FixedClock(NOW)


@pytest.fixture
def signer() -> Signer:
    return Signer(ORIGIN, bytes(range(32)))


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def application(database: str) -> Iterator[Engine]:
    engine = make_engine(database)
    yield engine
    engine.dispose()


def leaf_entries(engine: Engine) -> list[int]:
    """The entries in the order of the tree."""
    with engine.connect() as db:
        return [leaf.entry_id for leaf in leaves_from(db, index=0, limit=100_000)]


def entry_ids(engine: Engine) -> list[int]:
    """All committed entries, in the order of ids."""
    with engine.connect() as db:
        return list(db.scalars(text("SELECT id FROM entry ORDER BY id")))
