"""Whether the database still refuses what must not be: constraints, triggers, permissions."""

from collections.abc import Iterator

from sqlalchemy import Table, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.compiler import IdentifierPreparer
from sqlalchemy.types import Text

from backend.db.engine import LOGINS
from backend.invariants import Books, Check, Finding, Invariant

APPEND_ONLY = (
    "account",
    "action",
    "audit_event",
    "checkpoint",
    "conservation_line",
    "correction_approval",
    "donation",
    "draw_entry",
    "entry",
    "evidence_use",
    "expiry_notice",
    "held_award",
    "hold_resolution",
    "idempotency",
    "methodology_version",
    "reassessment",
    "rulebook_release",
    "sealed_balance",
    "sealed_month",
    "sealed_node",
    "transfer",
    "tree_leaf",
    "tree_node",
    "verifier_key",
)
# Written by functions of the database only; the application's role may read them.
WRITTEN_BY_FUNCTIONS = (
    "action_state",
    "balance",
    "cap_usage",
    "usage_count",
    "tree_cursor",
)

# They write what they are told, with the owner's rights: only other functions may call them.
INNER_FUNCTIONS = (
    "ledger_cover",
    "ledger_move_balance",
    "ledger_take_bonus",
    "ledger_write_entry",
)

_TRIGGERS = text("""
SELECT t.name FROM unnest(:tables) AS t(name)
 WHERE NOT EXISTS (
       SELECT FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
        WHERE g.tgrelid = to_regclass(t.name) AND p.proname = 'refuse_change'
          AND g.tgenabled IN ('O', 'A')
          -- before UPDATE, DELETE and TRUNCATE
          AND g.tgtype & 58 = 58)
""").bindparams(bindparam("tables", type_=ARRAY(Text())))

# A column may be given away alone; only what concerns whole rows cannot.
_PERMISSIONS = text("""
SELECT DISTINCT t.name, p.privilege
  FROM unnest(:tables) AS t(name), unnest(:privileges) AS p(privilege),
       pg_roles r
 WHERE r.rolname = ANY (:logins)
   AND CASE WHEN p.privilege IN ('INSERT', 'UPDATE')
            THEN has_any_column_privilege(r.oid, t.name, p.privilege)
            ELSE has_table_privilege(r.oid, t.name, p.privilege) END
 ORDER BY 1, 2
""").bindparams(
    bindparam("tables", type_=ARRAY(Text())),
    bindparam("privileges", type_=ARRAY(Text())),
    bindparam("logins", type_=ARRAY(Text())),
)

_CALLABLE = text("""
SELECT DISTINCT p.proname FROM pg_proc p, pg_roles r
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname = ANY (:functions)
   AND r.rolname = ANY (:logins) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
 ORDER BY p.proname
""").bindparams(
    bindparam("functions", type_=ARRAY(Text())), bindparam("logins", type_=ARRAY(Text()))
)

_APPROVALS = text("""
SELECT count(*) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
 WHERE g.tgrelid = to_regclass('correction_run') AND p.proname = 'require_two_approvals'
   AND g.tgenabled IN ('O', 'A')
   -- for each row, before INSERT and UPDATE
   AND g.tgtype & 23 = 23
""")

_FILLED = text("""
SELECT attrelid::regclass::text AS table_name, attname AS name FROM pg_attribute
 WHERE attnotnull AND attnum > 0
   AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
                                               AND relkind IN ('r', 'p'))
""")

# Everything that refuses rows: constraints that are validated, unique indexes that are valid.
_STANDING = text("""
SELECT conrelid::regclass::text AS table_name, conname AS name
  FROM pg_constraint WHERE convalidated AND connamespace = 'public'::regnamespace AND conrelid <> 0
UNION ALL
SELECT indrelid::regclass::text, indexrelid::regclass::text
  FROM pg_index WHERE indisunique AND indisvalid
""")


def _immutable(books: Books) -> Iterator[Finding]:
    for (table,) in books.db.execute(_TRIGGERS, {"tables": list(APPEND_ONLY)}):
        yield Finding(Invariant.IMMUTABILITY, f"table {table}", "拒绝改动的触发器缺失或被停用。")
    for tables, privileges in (
        (APPEND_ONLY, ["UPDATE", "DELETE", "TRUNCATE"]),
        (WRITTEN_BY_FUNCTIONS, ["INSERT", "UPDATE", "DELETE", "TRUNCATE"]),
    ):
        rows = books.db.execute(
            _PERMISSIONS,
            {"tables": list(tables), "privileges": privileges, "logins": list(LOGINS)},
        )
        for table, privilege in rows:
            yield Finding(
                Invariant.IMMUTABILITY, f"table {table}", f"应用角色不应有 {privilege} 权限。"
            )
    inner = {"functions": list(INNER_FUNCTIONS), "logins": list(LOGINS)}
    for (function,) in books.db.execute(_CALLABLE, inner):
        yield Finding(Invariant.IMMUTABILITY, f"function {function}", "应用角色不应能直接调用。")


# What a missing constraint of these tables puts at risk; of any other table, whole entries.
_AT_RISK = {
    "idempotency": Invariant.IDEMPOTENCY,
    "evidence_use": Invariant.EVIDENCE_ONCE,
    "balance": Invariant.NOT_NEGATIVE,
    "cap_usage": Invariant.CAPS,
    "usage_count": Invariant.CAPS,
    "transfer": Invariant.CONSERVATION,
    "department_day": Invariant.RANKING,
    "ranking_season": Invariant.RANKING,
    "season_measure": Invariant.RANKING,
    "season_member": Invariant.RANKING,
    "season_group": Invariant.RANKING,
    "methodology_version": Invariant.PROVENANCE,
}


def _constrained(books: Books) -> Iterator[Finding]:
    standing = {(row.table_name, row.name) for row in books.db.execute(_STANDING)}
    filled = {(row.table_name, row.name) for row in books.db.execute(_FILLED)}
    naming = books.db.dialect.identifier_preparer
    for table in books.metadata.tables.values():
        invariant = _AT_RISK.get(table.name, Invariant.WHOLE_ENTRIES)
        for name in sorted(_guards_of(table, naming)):
            if (table.name, name) not in standing:
                yield Finding(invariant, f"table {table.name}", f"约束 {name} 缺失。")
        for column in table.columns:
            if not column.nullable and (table.name, column.name) not in filled:
                yield Finding(invariant, f"table {table.name}", f"列 {column.name} 可以为空。")
    if not books.db.scalar(_APPROVALS):
        yield Finding(
            Invariant.PROVENANCE, "table correction_run", "要求两人审批的触发器缺失或被停用。"
        )


def _guards_of(table: Table, naming: IdentifierPreparer) -> Iterator[str]:
    """Names of the constraints and unique indexes the program declares for a table."""
    for constraint in table.constraints:
        yield str(naming.format_constraint(constraint))
    for index in table.indexes:
        if index.unique:
            yield str(naming.format_index(index))


CHECKS: tuple[Check, ...] = (
    Check(
        "guards.immutable",
        "只增不改的表拒绝改动",
        (Invariant.IMMUTABILITY,),
        _immutable,
    ),
    Check(
        "guards.constraints",
        "数据库约束与唯一索引齐全",
        (*sorted(set(_AT_RISK.values())), Invariant.WHOLE_ENTRIES),
        _constrained,
    ),
)
