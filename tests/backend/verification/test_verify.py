"""An intact book verifies; what is broken behind its back is named."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, Engine, text

from backend.actions.service import record
from backend.bootstrap import Backend
from backend.cli import main
from backend.db.engine import make_engine
from backend.invariants import Invariant
from backend.rankings.jobs import publish_current, rebuild
from backend.schema import METADATA
from backend.verification.guards import APPEND_ONLY
from backend.verification.queries import health, recent_runs
from backend.verification.service import CHECKS, KEPT, Verification, open_books, store, verify
from backend.worker import perform, serve
from tests.builders.city import City, a_city
from tests.builders.claims import a_claim
from tests.builders.drop_offs import drop


@pytest.fixture
def city(backend: Backend) -> City:
    """A city with a few drop-offs, rolled up and published."""
    built = a_city(backend)
    now = backend.clock.now()
    with backend.engine.begin() as db:
        for minutes, member in enumerate(built.scene.members[:4]):
            for mass in ("1.25", "8"):
                drop(
                    db,
                    rulebook=backend.rulebook,
                    keys=backend.keys,
                    member_id=member,
                    code=built.scene.attended.url,
                    now=now,
                    occurred_at=now - timedelta(minutes=minutes + int(mass == "8")),
                    mass=mass,
                )
        rebuild(db)
        db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))
        publish_current(db, backend.redis, now=now)
    return built


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    """Whoever owns the tables: what the application cannot do, they can."""
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


def verified(backend: Backend) -> Verification:
    with open_books(
        backend.engine,
        backend.redis,
        rulebook=backend.rulebook,
        metadata=METADATA,
        now=backend.clock.now(),
    ) as books:
        return verify(books)


def broken(verification: Verification) -> dict[str, list[str]]:
    return {
        result.check.name: [finding.subject for finding in result.findings]
        for result in verification.results
        if result.found
    }


def _commute(city: City) -> None:
    """A member's bus to work and metro home, on their word."""
    now = city.backend.clock.now()
    for kind, hours in (("commute.bus", 10), ("commute.metro", 1)):
        claim = a_claim(
            city.scene.members[0],
            f"commute-{hours}",
            kind,
            {"distance": "5"},
            at=now - timedelta(hours=hours),
        )
        with city.backend.engine.begin() as db:
            record(db, city.backend.rulebook, city.backend.keys, claim, now=now)


def test_marks_of_exclusive_actions_are_followed(
    backend: Backend, city: City, owner: Engine
) -> None:
    _commute(city)
    with backend.engine.begin() as db:
        rebuild(db)
        publish_current(db, backend.redis, now=backend.clock.now())
        db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))
    assert broken(verified(backend)) == {}
    with owner.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("DELETE FROM cap_usage WHERE cap_key LIKE 'commute.bus:credited:day'"))
        # Both trips at the same time: one of them should never have been credited.
        db.execute(text("UPDATE action SET occurred_at = received_at WHERE kind LIKE 'commute%'"))
    found = broken(verified(backend))["actions.replay"]
    assert f"member {city.scene.members[0]}" in found
    assert any(subject.startswith("action ") for subject in found)


def test_an_intact_book_verifies(backend: Backend, city: City) -> None:
    verification = verified(city.backend)
    assert broken(verification) == {}
    assert verification.entries == 8
    assert len(verification.results) == len(CHECKS)
    assert backend.redis.dbsize() > 0


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.invariants for check in CHECKS)


def test_every_invariant_has_a_title() -> None:
    assert len({invariant.title for invariant in Invariant}) == 18


def test_a_changed_balance_is_named(city: City, owner: Engine) -> None:
    with owner.begin() as db:
        account = db.execute(
            text(
                "UPDATE balance SET amount = amount + 1 WHERE account_id ="
                " (SELECT min(account_id) FROM balance WHERE unit = 'mpt') RETURNING account_id"
            )
        ).scalar_one()
    assert broken(verified(city.backend)) == {
        "ledger.conservation": ["unit mpt"],
        "ledger.drift": [f"account {account}"],
    }


def test_boards_that_lie_are_named(city: City) -> None:
    key = next(iter(city.backend.redis.scan_iter("tanpuhui:board:departments:*")))
    department, packed = next(iter(city.backend.redis.hgetall(key).items()))
    lie = json.loads(packed) | {"points_mpt": 1}
    city.backend.redis.hset(key, department, json.dumps(lie))
    assert broken(verified(city.backend)) == {"rankings.boards": [f"departments {int(department)}"]}


@pytest.mark.parametrize("waiting, hidden", [("1 minute", True), ("1 hour", False)])
def test_what_is_on_its_way_to_the_boards_is_no_finding(
    city: City, waiting: str, hidden: bool
) -> None:
    with city.backend.engine.begin() as db:
        db.execute(text("UPDATE department_day SET actions = actions + 1"))
        db.execute(
            text(f"UPDATE outbox SET done_at = NULL, created_at = now() - interval '{waiting}'")
        )
    assert ("rankings.rollups" not in broken(verified(city.backend))) == hidden


def test_the_nightly_job_keeps_what_it_found(city: City, owner: Engine) -> None:
    backend = city.backend
    with owner.begin() as db:
        db.execute(text("ALTER TABLE balance DROP CONSTRAINT ck_balance_not_negative"))
        db.execute(text("UPDATE balance SET amount = -amount"))
    with backend.engine.begin() as db:
        assert health(db) is None
        ids = list(
            db.scalars(
                text(
                    "INSERT INTO outbox (kind, payload) VALUES ('ledger.verify', '{}') RETURNING id"
                )
            )
        )
    serve(backend)
    perform("ledger.verify", ids)
    with backend.engine.begin() as db:
        found = health(db)
        assert found is not None
        assert found.last.entries == found.entries == 8
        assert found.oldest_unverified is None
        assert found.verified_percent == 100
        findings = [finding for result in found.results for finding in result.findings]
        negative = [each for each in findings if each.invariant is Invariant.NOT_NEGATIVE]
        assert len(negative) == 9
        assert Invariant.REPLAY not in {finding.invariant for finding in findings}
        assert [run.found for run in recent_runs(db, limit=5)] == [found.last.found]


def test_what_came_after_the_run_is_unverified(city: City) -> None:
    backend = city.backend
    verification = verified(backend)
    with backend.engine.begin() as db:
        store(db, verification, finished_at=backend.clock.now())
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=city.scene.members[7],
            code=city.scene.attended.url,
            now=backend.clock.now(),
        )
        found = health(db)
        assert found is not None
        assert found.entries == 9
        assert found.verified_percent.as_tuple().digits == (8, 8, 8, 8)
        assert found.oldest_unverified is not None


def test_findings_beyond_the_first_are_only_counted(city: City, owner: Engine) -> None:
    with owner.begin() as db:
        db.execute(
            text(
                "INSERT INTO evidence_use SELECT sha256(n::text::bytea), -n, 1"
                " FROM generate_series(1, 150) n"
            )
        )
    (result,) = (each for each in verified(city.backend).results if each.found)
    assert (result.found, len(result.findings)) == (150, KEPT)


def test_the_command_names_what_is_wrong(city: City, owner: Engine) -> None:
    runner = CliRunner()
    good = runner.invoke(main, ["ledger", "verify"], catch_exceptions=False)
    assert good.exit_code == 0
    assert "全部相符" in good.stdout
    assert f"[{len(CHECKS)}/{len(CHECKS)}]" in good.stderr
    with owner.begin() as db:
        db.execute(text("ALTER TABLE transfer DISABLE TRIGGER append_only"))
        entry = db.execute(
            text(
                "DELETE FROM transfer WHERE unit = 'mpt' AND entry_id ="
                " (SELECT min(entry_id) FROM transfer WHERE unit = 'mpt') RETURNING entry_id"
            )
        ).scalar_one()
    bad = runner.invoke(main, ["ledger", "verify", "--json"], catch_exceptions=False)
    assert bad.exit_code == 1
    document = json.loads(bad.stdout)
    assert document["ok"] is False
    assert {finding["check"] for finding in document["findings"]} == {
        "guards.immutable",
        "ledger.conservation",
        "ledger.drift",
        "ledger.amounts",
    }
    assert f"entry {entry}" in {finding["subject"] for finding in document["findings"]}
    assert city.scene.members


def test_every_table_that_only_grows_is_guarded(db: Connection) -> None:
    refusing = db.scalars(
        text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
    )
    assert sorted(refusing) == sorted(APPEND_ONLY)


@pytest.mark.parametrize("days, overdue", [(2, True), (-1, False)])
def test_a_hold_that_nobody_ends_is_named(
    city: City, owner: Engine, days: int, overdue: bool
) -> None:
    now = city.backend.clock.now()
    with owner.begin() as db:
        db.execute(
            text(
                "INSERT INTO held_award (action_id, member_id, reason, trace_digest, held_at,"
                " times_out_at) SELECT id, member_id, '核对', sha256(''), :then, :then FROM action"
                " ORDER BY id LIMIT 1"
            ),
            {"then": now - timedelta(days=days)},
        )
    assert ("ledger.overdue_holds" in broken(verified(city.backend))) == overdue


def test_a_rulebook_that_nobody_registered_is_named(city: City, owner: Engine) -> None:
    with owner.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("DELETE FROM rulebook_release"))
    assert "actions.registered" in broken(verified(city.backend))
