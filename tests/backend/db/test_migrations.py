"""Migrations and models agree, run both ways, and refuse changes to what may only grow."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from backend.db import migrate
from backend.db.engine import make_engine
from backend.schema import METADATA
from tests.backend.db.catalogue import Catalogue, catalogue, differences
from tests.conftest import PATIENCE_SECONDS

APPEND_ONLY = (
    "action",
    "entry",
    "transfer",
    "idempotency",
    "evidence_use",
    "account",
    "methodology_version",
    "rulebook_release",
    "audit_event",
    "expiry_notice",
    "conservation_line",
    "tree_leaf",
    "tree_node",
    "checkpoint",
    "verifier_key",
    "sealed_month",
    "sealed_balance",
    "sealed_node",
    "donation",
    "draw_entry",
    "correction_approval",
    "reassessment",
    "held_award",
    "hold_resolution",
)
WRITTEN_BY_FUNCTIONS = (
    "action",
    "entry",
    "transfer",
    "idempotency",
    "evidence_use",
    "account",
    "balance",
    "cap_usage",
    "usage_count",
    "tree_leaf",
    "tree_cursor",
    "sealed_balance",
    "reassessment",
    "action_state",
    "held_award",
    "hold_resolution",
)


def test_models_equal_migrations(db: Connection) -> None:
    context = MigrationContext.configure(
        db, opts={"compare_type": True, "compare_server_default": True}
    )
    assert compare_metadata(context, METADATA) == []


_CONSTRAINTS = text("""
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid)
  FROM pg_constraint c WHERE c.connamespace = CAST(:schema AS regnamespace) AND c.contype <> 'n'
   AND c.conrelid <> to_regclass('public.alembic_version')
""")


def test_constraints_are_declared_as_they_stand(owner_engine: Engine) -> None:
    """What Alembic does not compare: checks, word for word."""
    with owner_engine.connect() as connection:
        standing = set(connection.execute(_CONSTRAINTS, {"schema": "public"}))
        connection.execute(text("CREATE SCHEMA declared"))
        connection.execute(text("SET LOCAL search_path = declared"))
        METADATA.create_all(connection, checkfirst=False)
        assert set(connection.execute(_CONSTRAINTS, {"schema": "declared"})) == standing


def test_the_program_expects_the_newest_revision() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parents[1] / "migrations"))
    assert scripts.get_heads() == [migrate.HEAD]


def test_down_and_up_again(database: str) -> None:
    engine = make_engine(database, owner=True)
    migrate.downgrade(database)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
        assert migrate.pending(connection)
    migrate.upgrade(database)
    with engine.connect() as connection:
        assert not migrate.pending(connection)
        assert set(METADATA.tables) <= set(inspect(connection).get_table_names())
    engine.dispose()


def _forward() -> list[str]:
    """The revisions, the oldest first."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parents[1] / "migrations"))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_each_revision_undone_leaves_what_was_there_before(database: str) -> None:
    engine = make_engine(database, owner=True)

    def now() -> Catalogue:
        with engine.connect() as connection:
            return catalogue(connection)

    migrate.downgrade(database)
    never: dict[str, Catalogue] = {}
    for revision in _forward():
        never[revision] = now()
        migrate.upgrade(database, revision)
    highest = now()
    left: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    for revision in reversed(_forward()):
        migrate.downgrade(database, "-1")
        left[revision] = differences(never[revision], now())
    migrate.upgrade(database)
    again = now()
    engine.dispose()
    assert {revision: each for revision, each in left.items() if each} == {}
    assert differences(highest, again) == {}


@pytest.mark.parametrize(
    "change, kind",
    [
        ("GRANT SELECT ON entry TO PUBLIC", "table"),
        ("ALTER TABLE balance SET (fillfactor = 70)", "table"),
        ("ALTER TABLE member ADD COLUMN age INTEGER", "column"),
        ("ALTER TABLE balance ALTER version SET DEFAULT 2", "column"),
        ("ALTER TABLE entry ALTER effective_on DROP NOT NULL", "column"),
        ("GRANT UPDATE (amount) ON balance TO tanpuhui_app", "column"),
        ("ALTER TABLE balance DROP CONSTRAINT ck_balance_not_negative", "constraint"),
        ("DROP INDEX ix_transfer_debited", "index"),
        ("ALTER SEQUENCE outbox_id_seq INCREMENT 2", "sequence"),
        ("GRANT USAGE ON SEQUENCE outbox_id_seq TO tanpuhui_app", "sequence"),
        ("ALTER TABLE entry DISABLE TRIGGER append_only", "trigger"),
        ("ALTER FUNCTION ledger_post_awards SET jit = on", "function"),
        ("GRANT EXECUTE ON FUNCTION ledger_write_entry TO tanpuhui_app", "function"),
        ("CREATE TYPE mood AS ENUM ('ok')", "type"),
        ("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "grant"),
        ("GRANT CREATE ON SCHEMA public TO tanpuhui_app", "grant"),
    ],
)
def test_the_catalogue_tells_what_a_revision_may_change(
    owner_engine: Engine, change: str, kind: str
) -> None:
    with owner_engine.connect() as connection:
        before = catalogue(connection)
        connection.execute(text(change))
        assert kind in {name.split()[0] for name in differences(before, catalogue(connection))}


def test_a_second_upgrade_waits_for_the_first(database: str) -> None:
    migrate.downgrade(database)
    engine = make_engine(database, owner=True)
    second = threading.Thread(target=migrate.upgrade, args=(database,))
    with engine.begin() as first:
        first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrate.LOCK_KEY})
        second.start()
        second.join(timeout=0.5)
        assert second.is_alive()
    second.join(timeout=PATIENCE_SECONDS)
    with engine.connect() as connection:
        assert not migrate.pending(connection)
    engine.dispose()


@pytest.fixture(scope="module")
def owner_engine(copy_of_database: Callable[[], str]) -> Iterator[Engine]:
    engine = make_engine(copy_of_database(), owner=True)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"]
)
def test_even_the_owner_cannot_change_what_may_only_grow(
    owner_engine: Engine, table: str, change: str
) -> None:
    column = list(METADATA.tables[table].columns)[-1].name
    with owner_engine.connect() as connection, pytest.raises(IntegrityError, match="append-only"):
        connection.execute(text(change.format(table, column)))


@pytest.mark.parametrize("table", WRITTEN_BY_FUNCTIONS)
def test_the_application_writes_the_ledger_only_through_its_functions(
    db: Connection, table: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        db.execute(text(f"INSERT INTO {table} DEFAULT VALUES"))
