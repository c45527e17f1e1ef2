"""A database goes with one root key; a process with another is refused, and says why."""

from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from backend.bootstrap import Backend, build, prepare
from backend.cli import main
from backend.db.engine import make_engine
from backend.installation.service import AnotherKeyError
from backend.runtime.servers import complete, with_signing_key
from backend.settings import Settings, SettingsError

OTHER = "another secret of the tests, 32 characters"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return complete(settings)


def test_the_first_key_stands_and_another_is_refused(settings: Settings) -> None:
    prepare(settings)
    prepare(settings)
    other = replace(settings, secret_key=OTHER)
    with pytest.raises(AnotherKeyError, match="TANPUHUI_SECRET_KEY"):
        prepare(other)
    refused = build(other)
    with pytest.raises(AnotherKeyError):
        refused.engine.connect()
    refused.engine.dispose()
    good = build(settings)
    with good.engine.connect() as db:
        kept = db.execute(text("SELECT purpose, fingerprint FROM installation_key")).all()
    good.engine.dispose()
    assert len(kept) == 1
    assert settings.secret_key not in str(kept)


def test_verifying_names_another_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(settings)
    monkeypatch.setenv("TANPUHUI_SECRET_KEY", OTHER)
    result = CliRunner().invoke(main, ["ledger", "verify"])
    assert (result.exit_code, "[another_key]" in result.output) == (2, True), result.output


def test_a_key_changed_on_purpose_is_taken(settings: Settings, database: str) -> None:
    prepare(settings)
    other = replace(settings, secret_key=OTHER)
    owner = make_engine(database, owner=True)
    with owner.begin() as db:
        db.execute(text("DELETE FROM installation_key"))
    owner.dispose()
    prepare(other)
    with pytest.raises(AnotherKeyError):
        prepare(settings)


@pytest.mark.parametrize("missing", ["secret_key", "ledger_signing_key"])
def test_with_a_database_of_its_own_no_key_is_made(
    settings: Settings, missing: str, backend: Backend
) -> None:
    assert backend.settings.database_url
    without = replace(settings, **{missing: ""})  # type: ignore[arg-type]  # both are text
    with pytest.raises(SettingsError, match=missing.upper()):
        complete(with_signing_key(without))
    assert list(settings.data_dir.glob("*key*")) == []
