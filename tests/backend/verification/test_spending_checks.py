"""A book with spending in it verifies; a redemption broken behind its back is named."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from backend.bootstrap import Backend
from backend.db.engine import make_engine
from backend.invariants import Check
from backend.ledger import spending
from backend.ledger.checks import CHECKS
from backend.ledger.spending import Gift
from backend.schema import METADATA
from backend.verification.service import open_books
from tests.builders.points import DAY, earn

ME = 7
# What needs no methodology behind the awards.
SPENDING = [check for check in CHECKS if check.name not in {"ledger.award_lots", "ledger.traces"}]


@pytest.fixture
def spent(backend: Backend) -> Backend:
    """Three redemptions, the first fulfilled and the second cancelled, and a donation."""
    with backend.engine.begin() as db:
        earn(db, ME, points_mpt=50_000)
        made = [
            spending.redeem(
                db,
                member_id=ME,
                reference=f"verified-{number}",
                digest=b"",
                points_mpt=10_000 + number,
                on=DAY,
                actor_id=ME,
            ).entry_id
            for number in range(3)
        ]
        assert made[0] is not None
        assert made[1] is not None
        spending.fulfil(db, redemption_id=made[0], reward="1", on=DAY, actor_id=None)
        spending.cancel(db, redemption_id=made[1], on=DAY, actor_id=ME, forgive=False)
        spending.donate(
            db,
            member_id=ME,
            reference="verified-9",
            digest=b"",
            gift=Gift("1", "mpt", 5_000),
            on=DAY,
            actor_id=ME,
        )
    return backend


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


def found(backend: Backend, checks: list[Check]) -> set[str]:
    with open_books(
        backend.engine,
        backend.redis,
        rulebook=backend.rulebook,
        metadata=METADATA,
        now=backend.clock.now(),
    ) as books:
        return {check.name for check in checks if list(check.find(books))}


def test_an_intact_book_verifies(spent: Backend) -> None:
    assert found(spent, SPENDING) == set()


@pytest.mark.parametrize(
    "tampering, named",
    [
        (
            (
                "UPDATE entry SET settles_entry_id = (SELECT max(id) FROM entry WHERE"
                " kind = 'redemption') WHERE kind = 'fulfilment'"
            ),
            {"ledger.settlements", "ledger.pending"},
        ),
        (
            (
                "DROP INDEX uq_entry_settles_entry_id; UPDATE entry SET settles_entry_id ="
                " (SELECT min(id) FROM entry WHERE kind = 'redemption') WHERE kind = 'cancellation'"
            ),
            {"ledger.settled_once", "ledger.settlements", "ledger.pending"},
        ),
        (
            (
                "UPDATE transfer SET amount = 9999 WHERE entry_id ="
                " (SELECT id FROM entry WHERE kind = 'fulfilment')"
            ),
            {"ledger.settlements", "ledger.conservation", "ledger.drift"},
        ),
        ("DELETE FROM idempotency WHERE entry_id IS NOT NULL", {"ledger.spending_references"}),
        (
            "UPDATE balance SET amount = 0 WHERE kind = 'redemption_pending'",
            {"ledger.pending", "ledger.conservation", "ledger.drift"},
        ),
    ],
)
def test_what_was_broken_is_named(
    spent: Backend, owner: Engine, tampering: str, named: set[str]
) -> None:
    with owner.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(tampering))
    assert found(spent, SPENDING) == named
