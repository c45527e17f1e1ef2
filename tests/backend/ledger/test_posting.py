"""The book stays balanced, whatever is posted in whatever order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from backend.db.engine import make_engine
from backend.ledger.policy import expires_month
from backend.ledger.queries import balance_of, drifting_balances, statement_of
from backend.ports.keys import KeyRing
from credit_rules import load_rulebook
from tests.builders.drop_offs import drop
from tests.builders.scene import a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
MATERIALS = ("paper", "glass", "mixed", "battery", "aluminium")

drop_offs = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(MATERIALS),
        st.integers(1, 3000).map(lambda grams: f"{grams // 100}.{grams % 100:02d}"),
        st.integers(0, 5),
    ).filter(lambda drawn: drawn[2] != "0.00"),
    min_size=1,
    max_size=12,
    unique_by=lambda drawn: (drawn[0], drawn[1], drawn[3]),
)


@settings(max_examples=15)
@given(drawn=drop_offs)
def test_balances_equal_transfers_and_caps_hold(
    db: Connection, drawn: list[tuple[int, str, str, int]]
) -> None:
    with db.begin_nested() as savepoint:
        scene = a_scene(db, NOW, members=3)
        earned: dict[int, list[int]] = {}
        for person, material, mass, minutes in drawn:
            receipt = drop(
                db,
                rulebook=RULEBOOK,
                keys=KEYS,
                member_id=scene.members[person],
                code=scene.attended.url,
                now=NOW,
                occurred_at=NOW - timedelta(minutes=minutes),
                material=material,
                mass=mass,
            )
            totals = earned.setdefault(scene.members[person], [0, 0])
            totals[0] += receipt.assessment.reduction_mg
            totals[1] += receipt.assessment.points_mpt
        assert drifting_balances(db) == []
        for member, (reduction_mg, points_mpt) in earned.items():
            balance = balance_of(db, member_id=member)
            assert (balance.reduction_mg, balance.points_mpt) == (reduction_mg, points_mpt)
            assert reduction_mg <= 10_000_000
            assert points_mpt <= 30_000
        sums = db.execute(
            text("SELECT sum(amount) FROM transfer t WHERE debit < 0 AND credit > 0")
        ).scalar_one()
        assert (sums or 0) == sum(sum(totals) for totals in earned.values())
        savepoint.rollback()


def test_a_statement_pages_backwards(db: Connection) -> None:
    scene = a_scene(db, NOW)
    for minutes in range(5):
        drop(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[0],
            code=scene.attended.url,
            now=NOW,
            occurred_at=NOW - timedelta(minutes=minutes),
        )
    first = statement_of(db, member_id=scene.members[0], before_id=None, limit=3)
    rest = statement_of(db, member_id=scene.members[0], before_id=first[-1].entry_id, limit=3)
    ids = [line.entry_id for line in first + rest]
    assert len(ids) == 5
    assert ids == sorted(ids, reverse=True)


@pytest.mark.parametrize(
    "earned_on, month",
    [
        (date(2026, 1, 1), date(2027, 1, 1)),
        (date(2026, 11, 30), date(2027, 11, 1)),
        (date(2026, 12, 31), date(2027, 12, 1)),
    ],
)
def test_points_expire_at_the_end_of_the_twelfth_month(earned_on: date, month: date) -> None:
    assert expires_month(earned_on) == month


@pytest.mark.parametrize(
    "row",
    [
        "(1, 1, 5, 5, 'mpt', 1, 1)",
        "(1, 1, -1, 5, 'mpt', 0, 1)",
        "(1, 1, -1, 5, 'mpt', -1, 1)",
        "(1, 1, -1, 5, 'kg', 1, 1)",
        "(999999999, 1, -1, 5, 'mpt', 1, 1)",
    ],
)
def test_the_database_refuses_transfers_that_make_no_sense(database: str, row: str) -> None:
    engine = make_engine(database, owner=True)
    with engine.connect() as owner, pytest.raises(IntegrityError):
        owner.execute(
            text(
                f"INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount, member_id)"
                f" VALUES {row}"
            )
        )
    engine.dispose()
