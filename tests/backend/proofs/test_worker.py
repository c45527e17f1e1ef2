"""The tree grows by itself, in a process that holds the key and in no other."""

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from backend import worker
from backend.bootstrap import Backend, build
from backend.cli import main
from backend.clock import FixedClock
from backend.outbox import service as outbox
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from backend.proofs.queries import latest_checkpoint, tree_size
from backend.proofs.service import SupersededKeyError
from backend.runtime.servers import complete, with_signing_key
from backend.settings import Settings, SettingsError
from tests.backend.proofs.conftest import CLOCK
from tests.builders.drop_offs import drop
from tests.builders.entries import an_entry
from tests.builders.scene import a_scene


def test_the_job_puts_what_was_posted_into_the_tree(backend: Backend) -> None:
    now = backend.clock.now()
    with backend.engine.begin() as db:
        scene = a_scene(db, now)
        for minutes in range(2):
            drop(
                db,
                rulebook=backend.rulebook,
                keys=backend.keys,
                member_id=scene.members[0],
                code=scene.attended.url,
                now=now,
                occurred_at=now - timedelta(minutes=minutes),
            )
        outbox.put(db, kind="proofs.build", payload={})
    with backend.engine.begin() as db:
        due = [each for each in outbox.hand_out(db, limit=10) if each.kind == "proofs.build"]
    worker.serve(backend)
    worker.perform("proofs.build", [each.id for each in due])
    with backend.engine.connect() as db:
        assert tree_size(db) == 2
        checkpoint = latest_checkpoint(db)
        assert checkpoint is not None
        assert (checkpoint.size, checkpoint.signed_at) == (2, now)


def test_without_the_key_its_worker_does_not_start(settings: Settings) -> None:
    unsigned = build(replace(settings, ledger_signing_key=""))
    assert unsigned.signer is None
    with pytest.raises(SettingsError, match="LEDGER_SIGNING_KEY"):
        worker.run_worker(unsigned, "proofs")
    unsigned.engine.dispose()


def test_what_is_no_key_is_refused_without_repeating_it(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="LEDGER_SIGNING_KEY") as raised:
        build(replace(settings, ledger_signing_key="PRIVATE+KEY+secret"))
    assert "secret" not in str(raised.value)
    assert "PRIVATE+KEY" not in repr(settings)


def test_only_the_whole_installation_makes_itself_a_key(settings: Settings) -> None:
    without = replace(
        settings, database_url="", ledger_signing_key="", public_url="https://phone.example:8443"
    )
    assert complete(without).ledger_signing_key == ""
    made = with_signing_key(without).ledger_signing_key
    assert Signer.parse(made).verifier.name == "phone.example:8443/ledger"
    assert complete(without).ledger_signing_key == made
    assert with_signing_key(without).ledger_signing_key == made
    assert with_signing_key(settings) == settings


def test_the_command_makes_a_key() -> None:
    result = CliRunner().invoke(main, ["ledger", "key", "tanpuhui.test/ledger"])
    assert result.exit_code == 0
    signer = Signer.parse(result.stdout.strip())
    assert signer.verifier.text in result.stderr


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    result = CliRunner().invoke(main, ["ledger", "key", name])
    assert result.exit_code == 2
    assert "NAME" in result.stderr


def test_of_two_keys_under_one_origin_the_earlier_signs_no_more(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    newer = Signer.generate(signer.verifier.name)
    later = FixedClock(CLOCK.now() + timedelta(minutes=1))
    for each, clock in ((signer, CLOCK), (newer, later)):
        with owner.begin() as db:
            an_entry(db)
        assert jobs.build(application.begin, each, clock) == 1
    with owner.begin() as db:
        an_entry(db)
    with pytest.raises(SupersededKeyError):
        jobs.build(application.begin, signer, CLOCK)
    assert jobs.build(application.begin, newer, CLOCK) == 1
