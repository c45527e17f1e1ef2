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
    "ceiling_usage",
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


def test_a_second_upgrade_waits_for_the_first(database: str) -> None:
    migrate.downgrade(database)
    engine = make_engine(database, owner=True)
    second = threading.Thread(target=migrate.upgrade, args=(database,))
    with engine.begin() as first:
        first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": migrate.LOCK_KEY})
        second.start()
        second.join(timeout=0.5)
        assert second.is_alive()
    second.join(timeout=30)
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
