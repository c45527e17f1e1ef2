"""The functions of the database stand in their files; every revision installs what it pinned."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

import backend
from backend.db import migrate
from backend.db.engine import make_engine
from backend.migrations import steps
from tests.backend.db.catalogue import catalogue, differences

BACKEND = Path(backend.__path__[0])
FILES = sorted(
    path for path in BACKEND.glob("*/sql/*.sql") if path.parent.parent.name != "migrations"
)
_NAMES = text("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


def test_every_function_stands_in_one_file_and_as_it_says(owner: Engine) -> None:
    with owner.connect() as db:
        assert sorted(db.scalars(_NAMES)) == sorted(path.stem for path in FILES)
        before = catalogue(db)
        for path in FILES:
            db.exec_driver_sql(
                path.read_text(encoding="utf-8"), execution_options={"no_parameters": True}
            )
        assert differences(before, catalogue(db)) == {}


def _pins() -> list[tuple[str, str, str]]:
    scripts = ScriptDirectory(str(BACKEND / "migrations"))
    found: list[tuple[str, str, str]] = []
    for script in scripts.walk_revisions():
        pinned: Mapping[str, str] = getattr(script.module, "FUNCTIONS", {})
        found += [(script.revision, name, digest) for name, digest in pinned.items()]
    return found


@pytest.mark.parametrize("revision, name, digest", _pins())
def test_a_function_is_what_its_revision_pinned(revision: str, name: str, digest: str) -> None:
    path = steps.text_of(name, revision)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path


CHANGED = "ledger_redeem"
NEXT = '''"""A revision of the test: one function changed, one new."""

from backend.migrations.steps import install_functions, remove_functions

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None
FUNCTIONS = {pins!r}


def upgrade() -> None:
    install_functions(revision, FUNCTIONS)


def downgrade() -> None:
    remove_functions(revision, FUNCTIONS)
'''


@pytest.fixture
def changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all revisions and functions, with one revision more."""
    here = tmp_path / "backend"
    for folder in BACKEND.glob("*/sql"):
        shutil.copytree(folder, here / folder.relative_to(BACKEND))
    shutil.copytree(
        BACKEND / "migrations", here / "migrations", dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    monkeypatch.setattr(steps, "_BACKEND", here)
    monkeypatch.setattr(steps, "_SQL", here / "migrations/sql")
    monkeypatch.setattr(migrate, "_SCRIPTS", here / "migrations")
    live = here / "ledger/sql" / f"{CHANGED}.sql"
    before = here / "migrations/sql/9999_before" / f"{CHANGED}.sql"
    before.parent.mkdir()
    shutil.copy(live, before)
    live.write_text(live.read_text(encoding="utf-8").replace("BEGIN\n", "BEGIN\n    -- again\n"))
    new = here / "ledger/sql/ledger_new.sql"
    new.write_text(
        "CREATE OR REPLACE FUNCTION ledger_new() RETURNS integer LANGUAGE sql AS 'SELECT 1';"
    )
    pins = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in (live, new)}
    (here / "migrations/versions/9999_next.py").write_text(
        NEXT.format(head=migrate.HEAD, pins=pins), encoding="utf-8"
    )
    return here


@pytest.mark.usefixtures("changed")
def test_a_changed_function_goes_up_and_down_and_straight_up(database: str, owner: Engine) -> None:
    with owner.connect() as db:
        before = catalogue(db)
    migrate.upgrade(database)
    with owner.connect() as db:
        after = catalogue(db)
    touched = differences(before, after)
    assert {name.split("(")[0] for name in touched} == {
        f"function {CHANGED}",
        "function ledger_new",
    }
    migrate.downgrade(database, migrate.HEAD)
    with owner.connect() as db:
        assert differences(before, catalogue(db)) == {}
    migrate.downgrade(database)
    migrate.upgrade(database, migrate.HEAD)
    with owner.connect() as db:
        assert differences(before, catalogue(db)) == {}
    migrate.upgrade(database)
    with owner.connect() as db:
        assert differences(after, catalogue(db)) == {}


def test_a_function_changed_without_a_revision_is_not_installed(
    changed: Path, database: str, owner: Engine
) -> None:
    migrate.downgrade(database)
    live = changed / "ledger/sql/ledger_donate.sql"
    live.write_text(live.read_text(encoding="utf-8") + "-- more\n", encoding="utf-8")
    with pytest.raises(RuntimeError, match="is not the text that revision"):
        migrate.upgrade(database)
    with owner.connect() as db:
        assert db.scalars(_NAMES).all() == []
