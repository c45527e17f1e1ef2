"""What a check cannot read is a finding of it; the other checks go on."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, text

from backend.bootstrap import Backend
from backend.cli import main
from backend.db.engine import make_engine
from backend.verification.service import CHECKS
from tests.builders.city import City, a_city
from tests.builders.drop_offs import drop
from tests.builders.entries import tampered


@pytest.fixture
def city(backend: Backend) -> City:
    built = a_city(backend)
    now = backend.clock.now()
    with backend.engine.begin() as db:
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=built.scene.members[0],
            code=built.scene.attended.url,
            now=now,
        )
    return built


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "tampering, check",
    [
        ("UPDATE action SET context = '{}'", "actions.replay"),
        ("""UPDATE action SET context = '{"used": 7}'""", "actions.replay"),
        ("UPDATE action SET facts = '[]'", "actions.replay"),
        ("INSERT INTO verifier_key VALUES ('no key', now())", "proofs.tree"),
        ('UPDATE outbox SET payload = \'{"action_id": "x"}\'', "rankings.rollups"),
    ],
)
def test_content_that_cannot_be_read_is_named(
    city: City, owner: Engine, tampering: str, check: str
) -> None:
    with owner.begin() as db:
        tampered(db, [tampering.replace(":", r"\:")])
    result = CliRunner().invoke(main, ["ledger", "verify", "--json"], catch_exceptions=False)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert len(document["checks"]) == len(CHECKS)
    (finding,) = (each for each in document["findings"] if each["subject"] == f"check {check}")
    assert "无法解读" in finding["detail"]
    assert city.scene.members


@pytest.mark.parametrize(
    "sabotage, check",
    [
        ("DROP TABLE transfer", "ledger.conservation"),
        ("ALTER TABLE redemption DROP COLUMN state CASCADE", "rewards.redemptions"),
        ("DROP FUNCTION proofs_home()", "proofs.missing"),
    ],
)
def test_what_is_gone_is_named(city: City, owner: Engine, sabotage: str, check: str) -> None:
    with owner.begin() as db:
        db.execute(text(sabotage))
    result = CliRunner().invoke(main, ["ledger", "verify", "--json"], catch_exceptions=False)
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert len(document["checks"]) == len(CHECKS)
    assert f"check {check}" in {each["subject"] for each in document["findings"]}
    assert city.scene.members
