"""Many at once lead to the very ledger that one by one leads to, whatever is among them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.actions.claims import ClaimInput
from backend.actions.receipts import Receipt, Result
from backend.actions.service import record, record_all
from backend.errors import DomainError
from backend.ledger.batches import post_awards
from backend.ledger.service import open_accounts
from backend.ports.keys import KeyRing
from benchmarks.bare_award import bare_award
from credit_rules import load_rulebook
from tests.backend.ledger.test_budgets import an_award
from tests.builders.books import assert_sound
from tests.builders.drop_offs import a_drop_off
from tests.builders.points import a_member_of_number
from tests.builders.scene import Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")

# Who, which reference, minutes ago, what, how much: some repeat, collide, are held or refused.
told = st.tuples(
    st.integers(0, 2),
    st.integers(0, 6),
    st.integers(0, 3),
    st.sampled_from(("paper", "glass", "battery", "nothing")),
    st.sampled_from(("0.5", "3", "12", "31", "99")),
)
backlogs = st.tuples(st.lists(told, max_size=4), st.lists(told, min_size=1, max_size=8))
_STATE = {
    "action": "member_id, reference, occurred_at, tier, facts, context, reduction_mg, points_mpt",
    "balance": "account_id, member_id, kind, unit, expires_month, amount",
    "cap_usage": "*",
    "usage_count": "*",
    "idempotency": "member_id, reference, request_digest",
    "evidence_use": "evidence_digest",
    "entry": "kind, member_id, effective_on, trace_digest",
    "transfer": "debit, credit, unit, amount",
    "held_award": "reason",
}


def _request(scene: Scene, said: tuple[int, int, int, str, str]) -> ClaimInput:
    person, reference, minutes, material, mass = said
    return a_drop_off(
        member_id=scene.members[person],
        reference=f"backlog-{reference}",
        occurred_at=NOW - timedelta(minutes=minutes),
        code=scene.attended.url,
        material=material,
        mass=mass,
    )


def _one_by_one(db: Connection, requests: Sequence[ClaimInput]) -> list[Result]:
    results: list[Result] = []
    for request in requests:
        try:
            with db.begin_nested():
                results.append(record(db, RULEBOOK, KEYS, request, now=NOW))
        except DomainError as error:
            results.append(error)
    return results


def _state(db: Connection) -> dict[str, list[str]]:
    return {
        table: sorted(str(tuple(row)) for row in db.execute(text(f"SELECT {columns} FROM {table}")))
        for table, columns in _STATE.items()
    }


def _told(results: Sequence[Result]) -> list[tuple[object, ...]]:
    return [
        (r.first, r.action.status, r.assessment.points_mpt, r.action.reference)
        if isinstance(r, Receipt)
        else (type(r), r.message)
        for r in results
    ]


@settings(max_examples=20)
@given(drawn=backlogs)
def test_a_batch_leads_to_the_same_ledger_as_one_by_one(
    db: Connection,
    drawn: tuple[list[tuple[int, int, int, str, str]], list[tuple[int, int, int, str, str]]],
) -> None:
    before, backlog = drawn
    with db.begin_nested() as outer:
        scene = a_scene(db, NOW, members=3)
        open_accounts(db, methodology_id="recycling.drop_off")
        _one_by_one(db, [_request(scene, said) for said in before])
        requests = [_request(scene, said) for said in backlog]
        with db.begin_nested() as savepoint:
            single, expected = _told(_one_by_one(db, requests)), _state(db)
            savepoint.rollback()
        together = _told(record_all(db, RULEBOOK, KEYS, requests, now=NOW))
        assert together == single
        state = _state(db)
        assert {table for table in state if state[table] != expected[table]} == set()
        assert_sound(db, RULEBOOK)
        outer.rollback()


def test_a_plain_backlog_takes_two_statements_however_long_it_is(
    db: Connection, statements: list[str]
) -> None:
    scene = a_scene(db, NOW)
    requests = [
        _request(scene, (person, person * 4 + minutes, minutes, "paper", "0.5"))
        for person in range(3)
        for minutes in range(4)
    ]
    statements.clear()
    results = record_all(db, RULEBOOK, KEYS, requests, now=NOW)
    assert all(isinstance(result, Receipt) and result.first for result in results)
    # Beside them the lock on the members; the places are read along with their state.
    commands = [statement.split()[0] for statement in statements]
    assert commands == ["SELECT", "SELECT", "SAVEPOINT", "SELECT", "RELEASE"]


def test_evidence_used_at_the_same_moment_leaves_the_batch_unposted(db: Connection) -> None:
    for each in range(1, 5):
        a_member_of_number(db, each)
    first = an_award(1)._replace(evidence=[b"e" * 32])
    second = an_award(2)._replace(evidence=[b"e" * 32])
    assert post_awards(db, [first, second, an_award(3)])[:2] == [None, None]
    assert post_awards(db, [first]) != [None]
    assert post_awards(db, [second, an_award(4)])[0] is None


def test_a_batch_looks_up_by_key_and_reads_no_table(db: Connection) -> None:
    before = _whole_reads(db)
    for each in range(1, 9):
        a_member_of_number(db, each)
    posted = post_awards(db, [bare_award(each, f"by-key-{each}", NOW) for each in range(1, 9)])
    assert None not in posted
    assert _whole_reads(db) == before


def _whole_reads(db: Connection) -> dict[str, int]:
    """How often each table that a batch looks into was read from end to end."""
    rows = db.execute(
        text(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname IN"
            " ('idempotency', 'evidence_use', 'cap_usage', 'usage_count')"
        )
    )
    return {row.relname: row.seq_scan for row in rows}
