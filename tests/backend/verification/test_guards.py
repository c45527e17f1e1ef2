"""Whatever the database refuses by is named once it is gone: constraint, trigger, permission."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from backend.db.engine import APPLICATION_ROLE, make_engine
from backend.invariants import Books
from backend.schema import METADATA
from backend.verification.guards import (
    APPEND_ONLY,
    CHECKS,
    INNER_FUNCTIONS,
    WRITTEN_BY_FUNCTIONS,
)
from credit_rules import load_rulebook

RULEBOOK = load_rulebook()


@pytest.fixture(scope="module")
def owner_engine(copy_of_database: Callable[[], str]) -> Iterator[Engine]:
    engine = make_engine(copy_of_database(), owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(owner_engine: Engine) -> Iterator[Connection]:
    with owner_engine.connect() as connection:
        yield connection


def _found(owner: Connection, redis: Redis) -> list[tuple[str, str]]:
    books = Books(owner, redis, RULEBOOK, METADATA, datetime.now(UTC), lambda _rows: None)
    return [(each.subject, each.detail) for check in CHECKS for each in check.find(books)]


def _named(owner: Connection, redis: Redis, sabotage: str) -> list[tuple[str, str]]:
    """What is found once this is done; it is undone again."""
    with owner.begin_nested() as savepoint:
        owner.execute(text(sabotage))
        found = _found(owner, redis)
        savepoint.rollback()
    return found


_STANDING = text("""
SELECT conrelid::regclass::text AS table_name, conname AS name,
       format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname) AS drop
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
   AND conrelid <> 'alembic_version'::regclass
UNION ALL
SELECT indrelid::regclass::text, c.relname, format('DROP INDEX %I', c.relname)
  FROM pg_index JOIN pg_class c ON c.oid = indexrelid
 WHERE indisunique AND c.relnamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
 ORDER BY 1, 2
""")


def test_every_constraint_and_unique_index_that_goes_is_named(
    owner: Connection, redis: Redis
) -> None:
    standing = owner.execute(_STANDING).all()
    assert len(standing) > 200
    silent = [
        (table, name)
        for table, name, drop in standing
        if (f"table {table}", f"约束 {name} 缺失。") not in _named(owner, redis, drop)
    ]
    assert silent == []


@pytest.mark.parametrize("name", ["ck_balance_not_negative", "ck_transfer_positive"])
def test_a_constraint_that_is_not_enforced_is_named(
    owner: Connection, redis: Redis, name: str
) -> None:
    table = name.split("_")[1]
    definition = owner.execute(
        text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
        {"name": name},
    ).scalar_one()
    sabotage = (
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition} NOT VALID"
    )
    assert _named(owner, redis, sabotage) == [(f"table {table}", f"约束 {name} 缺失。")]


def test_every_column_that_may_be_empty_is_named(owner: Connection, redis: Redis) -> None:
    for table in METADATA.tables.values():
        required = [c.name for c in table.columns if not (c.nullable or c.primary_key)]
        if not required:
            continue
        changes = ", ".join(f"ALTER {name} DROP NOT NULL" for name in required)
        expected = {(f"table {table.name}", f"列 {name} 可以为空。") for name in required}
        assert set(_named(owner, redis, f"ALTER TABLE {table.name} {changes}")) == expected


@pytest.mark.parametrize("how", ["DROP TRIGGER {1} ON {0}", "ALTER TABLE {0} DISABLE TRIGGER {1}"])
def test_every_trigger_that_goes_is_named(owner: Connection, redis: Redis, how: str) -> None:
    triggers = owner.execute(
        text("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
    ).all()
    assert len(triggers) == len(APPEND_ONLY) + 1
    for table, trigger in triggers:
        ((subject, detail),) = _named(owner, redis, how.format(table, trigger))
        assert subject == f"table {table}"
        assert "触发器缺失或被停用" in detail


def test_a_trigger_for_fewer_events_is_named(owner: Connection, redis: Redis) -> None:
    sabotage = (
        "DROP TRIGGER append_only ON entry; CREATE TRIGGER append_only BEFORE UPDATE ON entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    assert _named(owner, redis, sabotage) != []


@pytest.mark.parametrize("privilege", ["UPDATE", "DELETE", "TRUNCATE", "UPDATE ({0})"])
def test_every_permission_too_many_is_named(
    owner: Connection, redis: Redis, privilege: str
) -> None:
    for table in (*APPEND_ONLY, *WRITTEN_BY_FUNCTIONS):
        given = privilege.format(next(iter(METADATA.tables[table].columns)).name)
        sabotage = f"GRANT {given} ON {table} TO {APPLICATION_ROLE}"
        ((subject, detail),) = _named(owner, redis, sabotage)
        assert subject == f"table {table}"
        assert privilege.split(maxsplit=1)[0] in detail


def test_every_inner_function_that_may_be_called_is_named(owner: Connection, redis: Redis) -> None:
    inner = owner.scalars(
        text(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef"
            " AND NOT has_function_privilege(:role, oid, 'EXECUTE') ORDER BY proname"
        ),
        {"role": APPLICATION_ROLE},
    ).all()
    assert tuple(inner) == INNER_FUNCTIONS
    for function in INNER_FUNCTIONS:
        for whom in ("PUBLIC", APPLICATION_ROLE):
            found = _named(owner, redis, f"GRANT EXECUTE ON FUNCTION {function} TO {whom}")
            assert found == [(f"function {function}", "应用角色不应能直接调用。")]


def test_a_role_that_may_write_everything_is_named(owner: Connection, redis: Redis) -> None:
    found = _named(owner, redis, f"GRANT pg_write_all_data TO {APPLICATION_ROLE}")
    assert {subject for subject, _ in found} >= {"table balance", "table entry", "table transfer"}


def test_an_untouched_database_is_not_found_fault_with(owner: Connection, redis: Redis) -> None:
    assert _found(owner, redis) == []
