"""A closed month is sealed once, as the transfers say; what comes later changes nothing in it."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from redis import Redis
from sqlalchemy import Connection, Engine, text

from backend.cli import main
from backend.clock import FixedClock
from backend.errors import NotFoundError
from backend.invariants import Books, Finding
from backend.ledger.chart import AccountKind, campaign_account, member_account
from backend.ports.signed_notes import Signer, open_note
from backend.proofs import checks, jobs, merkle, months
from backend.proofs.months import (
    MonthBalance,
    balance_bytes,
    closes_at,
    own_balance_proofs,
    seal_due,
)
from backend.proofs.policy import read_checkpoint
from backend.schema import METADATA
from credit_rules import load_rulebook
from tests.builders.entries import an_entry, many_entries, tampered

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
IN_OCTOBER, IN_NOVEMBER = date(2026, 10, 31), date(2026, 11, 1)
POINTS = member_account(1, AccountKind.MEMBER_POINTS)


@pytest.fixture
def later() -> FixedClock:
    """Stands in December, when October and November are closed."""
    return FixedClock(datetime(2026, 12, 20, tzinfo=UTC))


@pytest.fixture
def book(owner: Engine, application: Engine, signer: Signer, later: FixedClock) -> None:
    """Entries of October and November for five members, in the tree."""
    with owner.begin() as db:
        many_entries(db, 20, on=IN_OCTOBER)
        many_entries(db, 10, on=IN_NOVEMBER)
    jobs.build(application.begin, signer, later)


def moved(db: Connection, account_id: int, until: date) -> int:
    """What the transfers of days up to one say that an account holds."""
    held: int = db.execute(
        text("""
SELECT coalesce(sum(CASE WHEN credit = :a THEN amount ELSE -amount END), 0)::bigint
  FROM transfer JOIN entry e ON e.id = entry_id
 WHERE :a IN (credit, debit) AND e.effective_on <= :d
"""),
        {"a": account_id, "d": until},
    ).scalar_one()
    return held


def found(engine: Engine, redis: Redis) -> list[Finding]:
    (check,) = (each for each in checks.CHECKS if each.name == "proofs.months")
    with engine.connect() as db:
        now = datetime.now(UTC)
        return list(check.find(Books(db, redis, load_rulebook(), METADATA, now, lambda _n: None)))


def test_a_month_closes_after_late_uploads_and_reviews() -> None:
    closing = closes_at(OCTOBER)
    assert closing == datetime(2026, 11, 10, 16, tzinfo=UTC)  # midnight in Shanghai
    assert closes_at(date(2026, 12, 1)) == datetime(2027, 1, 10, 16, tzinfo=UTC)


def test_nothing_is_sealed_before_it_is_closed_or_in_the_tree(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    early = FixedClock(closes_at(OCTOBER) - timedelta(seconds=1))
    assert seal_due(application.begin, signer, early) == []
    with owner.begin() as db:
        an_entry(db, on=IN_OCTOBER)
    closed = FixedClock(closes_at(OCTOBER))
    assert seal_due(application.begin, signer, closed) == []
    jobs.build(application.begin, signer, closed)
    assert seal_due(application.begin, signer, early) == []
    assert seal_due(application.begin, signer, closed) == [OCTOBER]
    assert seal_due(application.begin, signer, closed) == []


@pytest.mark.usefixtures("book")
def test_sealed_balances_are_those_of_the_transfers_and_prove_it(
    owner: Engine, application: Engine, signer: Signer, later: FixedClock, redis: Redis
) -> None:
    assert seal_due(application.begin, signer, later) == [OCTOBER, NOVEMBER]
    with owner.connect() as db:
        for month, last in ((OCTOBER, date(2026, 10, 31)), (NOVEMBER, date(2026, 11, 30))):
            sealed, proofs = own_balance_proofs(db, month=month, member_id=1)
            (proof,) = proofs
            assert proof.balance.account_id == POINTS
            assert proof.balance.amount == moved(db, POINTS, last)
            assert proof.leaf == balance_bytes(month, proof.balance)
            root = merkle.root_from_inclusion(
                merkle.leaf_hash(proof.leaf), proof.balance.index, sealed.accounts, proof.path
            )
            said = read_checkpoint(open_note(sealed.note, [signer.verifier])[0])
            assert (said.root, said.size) == (root, 6) == (sealed.root, sealed.accounts)
            assert said.origin == f"tanpuhui.test/ledger/month/{month:%Y-%m}"
            assert said.extensions[0].startswith("ledger 30 ")
            assert said.extensions[1] == f"held mpt {-moved(db, -1, last)}"
        total = text("SELECT sum(amount) FROM sealed_balance GROUP BY month")
        assert list(db.scalars(total)) == [0, 0]
        with pytest.raises(NotFoundError):
            own_balance_proofs(db, month=date(2026, 12, 1), member_id=1)
    assert found(owner, redis) == []


@pytest.mark.usefixtures("book")
def test_later_entries_change_no_sealed_month(
    owner: Engine, application: Engine, signer: Signer, later: FixedClock, redis: Redis
) -> None:
    november = FixedClock(closes_at(OCTOBER))
    assert seal_due(application.begin, signer, november) == [OCTOBER]
    with owner.begin() as db:
        before = own_balance_proofs(db, month=OCTOBER, member_id=1)
        late = an_entry(db, member_id=1, on=IN_OCTOBER)
    jobs.build(application.begin, signer, later)
    assert seal_due(application.begin, signer, later) == [NOVEMBER]
    with owner.connect() as db:
        assert own_balance_proofs(db, month=OCTOBER, member_id=1) == before
        _, (proof,) = own_balance_proofs(db, month=NOVEMBER, member_id=1)
        assert proof.balance.amount == moved(db, POINTS, date(2026, 11, 30))
        assert late == db.scalar(text("SELECT max(id) FROM entry"))
    assert found(owner, redis) == []


def test_a_campaigns_budget_is_not_the_members_of_its_number(
    owner: Engine, application: Engine, signer: Signer, later: FixedClock
) -> None:
    with owner.begin() as db:
        entry = an_entry(db, member_id=1, on=IN_OCTOBER)
        db.execute(
            text("INSERT INTO transfer VALUES (:e, 2, 1, -2, :a, 'mpt', 7)"),
            {"e": entry, "a": campaign_account(1, 0)},
        )
    jobs.build(application.begin, signer, later)
    seal_due(application.begin, signer, later)
    with owner.connect() as db:
        _, proofs = own_balance_proofs(db, month=OCTOBER, member_id=1)
        assert [proof.balance.account_id for proof in proofs] == [POINTS]


def test_a_month_of_many_accounts(
    owner: Engine,
    application: Engine,
    signer: Signer,
    later: FixedClock,
    redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(months, "_BATCH", 200)
    monkeypatch.setattr(checks, "_BATCH", 300)
    with owner.begin() as db:
        db.execute(
            text("""
WITH made AS (INSERT INTO entry (kind, member_id, effective_on, trace_digest)
              SELECT 'award', n, '2026-11-30', sha256('x') FROM generate_series(1, 700) AS n
              RETURNING id, member_id)
INSERT INTO transfer SELECT id, 1, member_id, -1, (member_id << 16) | (2 << 12), 'mpt',
                            member_id FROM made
""")
        )
    jobs.build(application.begin, signer, later)
    assert seal_due(application.begin, signer, later) == [NOVEMBER]
    with owner.connect() as db:
        sealed, (proof,) = own_balance_proofs(db, month=NOVEMBER, member_id=700)
        assert (sealed.accounts, proof.balance.index, proof.balance.amount) == (701, 700, 700)
        root = merkle.root_from_inclusion(
            merkle.leaf_hash(proof.leaf), proof.balance.index, sealed.accounts, proof.path
        )
        assert root == sealed.root
        assert db.scalar(text("SELECT count(*) FROM sealed_node")) == 2
    assert found(owner, redis) == []


BROKEN = (
    "UPDATE sealed_balance SET amount = amount + 1 WHERE account_id > 0 AND month = '2026-10-01'",
    "UPDATE sealed_balance SET salt = uuid_send(gen_random_uuid()) WHERE index = 0",
    "DELETE FROM sealed_balance WHERE index = 5 AND month = '2026-10-01'",
    "UPDATE transfer SET amount = amount + 1 WHERE entry_id = 3",
    "UPDATE entry SET effective_on = '2026-11-05' WHERE id = 3",
    "UPDATE sealed_month SET root = sha256('x') WHERE month = '2026-10-01'",
    "UPDATE sealed_month SET note = replace(note, 'held mpt 2', 'held mpt 3')",
    "UPDATE sealed_month SET tree_size = 31, note = note; ",
    "DELETE FROM verifier_key",
    "UPDATE sealed_month SET month = '2026-12-01' WHERE month = '2026-11-01'",
)


@pytest.mark.usefixtures("book")
def test_a_changed_month_is_named(
    owner: Engine, application: Engine, signer: Signer, later: FixedClock, redis: Redis
) -> None:
    seal_due(application.begin, signer, later)
    (check,) = (each for each in checks.CHECKS if each.name == "proofs.months")
    with owner.connect() as db:
        books = Books(db, redis, load_rulebook(), METADATA, datetime.now(UTC), lambda _n: None)
        for statement in BROKEN:
            with db.begin_nested() as savepoint:
                tampered(db, [statement])
                assert list(check.find(books)), statement
                savepoint.rollback()
        assert list(check.find(books)) == []


def test_the_leaf_of_a_balance_has_its_layout() -> None:
    balance = MonthBalance(3, -2, "mg", -9, bytes(range(16)))
    salt, year_month, account, unit, amount = (
        bytes(range(16)).hex(),
        "07ea0a",
        "fffffffffffffffe",
        "6d672020",
        "fffffffffffffff7",
    )
    content = balance_bytes(OCTOBER, balance).hex()
    assert content == f"01{salt}{year_month}{account}{unit}{amount}"


@pytest.mark.usefixtures("settings")
def test_the_command_seals_what_is_closed(owner: Engine) -> None:
    result = CliRunner().invoke(main, ["ledger", "seal"])
    assert (result.exit_code, "还没有封存过月份" in result.stdout) == (0, True)
    with owner.begin() as db:
        an_entry(db, on=date(2025, 1, 31))
    result = CliRunner().invoke(main, ["ledger", "seal", "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["sealed"][:2] == ["2025-01", "2025-02"]
    assert told["newest"][0]["month"] == told["sealed"][-1]
    assert "封存" in CliRunner().invoke(main, ["ledger", "seal"]).stdout
