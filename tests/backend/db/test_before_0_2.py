"""What a program before 0.2.0 left is recognised, refused in a sentence, and left as it is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, make_url, text

from backend.backup import service
from backend.backup.archive import Manifest, writing
from backend.cli import main
from backend.db import migrate
from backend.db.engine import make_engine
from tests.backend.db.catalogue import catalogue

OLD = ("0001", "0009", "0016")


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    """The owner of a database as an old program left it: other tables, another stamp."""
    migrate.downgrade(database)
    engine = make_engine(database, owner=True)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE ceiling_usage (subject TEXT, uses BIGINT)"))
        db.execute(text("INSERT INTO ceiling_usage VALUES ('place:1:step', 3)"))
    yield engine
    engine.dispose()


def stamped(owner: Engine, revision: str) -> object:
    with owner.begin() as db:
        db.execute(text("DELETE FROM alembic_version"))
        db.execute(text("INSERT INTO alembic_version VALUES (:r)"), {"r": revision})
    return seen(owner)


def seen(owner: Engine) -> object:
    with owner.connect() as db:
        return (
            catalogue(db),
            db.scalars(text("SELECT version_num FROM alembic_version")).all(),
            db.execute(text("SELECT * FROM ceiling_usage")).all(),
        )


@pytest.mark.parametrize("revision", OLD)
@pytest.mark.parametrize("migrating", [migrate.upgrade, migrate.downgrade])
def test_an_old_database_is_refused_untouched(
    database: str, owner: Engine, revision: str, migrating: Callable[[str], None]
) -> None:
    before = stamped(owner, revision)
    with pytest.raises(migrate.Before02Error, match="30a7456") as refused:
        migrating(database)
    assert (refused.value.code, revision in refused.value.message) == ("before_0_2", True)
    assert seen(owner) == before


def test_a_command_tells_it_in_one_sentence(
    database: str, owner: Engine, monkeypatch: pytest.MonkeyPatch, redis_url: str, tmp_path: Path
) -> None:
    before = stamped(owner, "0016")
    for name, value in (
        ("DATABASE_URL", database),
        ("REDIS_URL", redis_url),
        ("SECRET_KEY", "a secret of the tests, 32 characters"),
        ("DATA_DIR", str(tmp_path)),
    ):
        monkeypatch.setenv(f"TANPUHUI_{name}", value)
    result = CliRunner().invoke(main, ["db", "upgrade"])
    assert (result.exit_code, "[before_0_2]" in result.output) == (2, True), result.output
    assert seen(owner) == before


@pytest.mark.parametrize("revision", OLD)
def test_an_old_backup_is_refused_and_nothing_restored(
    copy_of_database: Callable[[], str], tmp_path: Path, revision: str
) -> None:
    path = tmp_path / "old.zip"
    with writing(path) as writer:
        writer.finish(Manifest(revision, "2026-11-20T00:00:00+00:00", (), {}))
    target = copy_of_database()
    owner = make_engine(target, owner=True)
    with owner.connect() as db:
        before = catalogue(db)
    with pytest.raises(migrate.Before02Error, match="30a7456") as refused:
        service.restore(target, path, report=lambda _line: None)
    assert revision in refused.value.message
    with owner.connect() as db:
        assert catalogue(db) == before
    owner.dispose()


def test_nothing_is_restored_over_an_old_database(
    database: str, owner: Engine, copy_of_database: Callable[[], str], tmp_path: Path
) -> None:
    path = tmp_path / "new.zip"
    service.backup(copy_of_database(), path, report=lambda _line: None)
    before = stamped(owner, "0016")
    assert make_url(database).database
    with pytest.raises(migrate.Before02Error):
        service.restore(database, path, report=lambda _line: None)
    assert seen(owner) == before
