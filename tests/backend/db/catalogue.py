"""What a database is made of, as PostgreSQL tells it: to compare two by."""

from sqlalchemy import Connection, text


def _granted(acl: str, kind: str, owner: str) -> str:
    """Who may do what, sorted; where nothing was granted, what PostgreSQL grants by itself."""
    grants = f"unnest(coalesce({acl}, acldefault('{kind}', {owner})))::text"
    return f"ARRAY(SELECT {grants} ORDER BY 1)::text"


# Each kind of thing: its name, and everything that it is. Not the order of columns, which tells
# only when each was added.
_PARTS = {
    "table": f"""
        SELECT relname, concat_ws(' ', relkind, relpersistence, reloptions::text, relrowsecurity,
                                  {_granted("relacl", "r", "relowner")})
          FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v')
    """,
    "column": f"""
        SELECT c.relname || '.' || a.attname,
               concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                         a.attgenerated, a.attcollation::regcollation, a.attstorage,
                         {_granted("a.attacl", "c", "c.relowner")}, pg_get_expr(d.adbin, d.adrelid))
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'v')
          LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraint": """
        SELECT conrelid::regclass || '.' || conname,
               pg_get_constraintdef(oid) || ' ' || convalidated
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "index": """
        SELECT indexrelid::regclass::text,
               concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, c.reloptions::text)
          FROM pg_index JOIN pg_class c ON c.oid = indexrelid
         WHERE c.relnamespace = 'public'::regnamespace
    """,
    "sequence": f"""
        SELECT seqrelid::regclass::text,
               concat_ws(' ', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache,
                         seqcycle, {_granted("c.relacl", "s", "c.relowner")})
          FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
         WHERE c.relnamespace = 'public'::regnamespace
    """,
    "trigger": """
        SELECT tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(oid), tgenabled)
          FROM pg_trigger WHERE NOT tgisinternal
    """,
    "function": f"""
        SELECT oid::regprocedure::text, pg_get_functiondef(oid)
               || {_granted("proacl", "f", "proowner")}
          FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
    """,
    "type": f"""
        SELECT t.typname, concat_ws(' ', t.typtype, {_granted("t.typacl", "T", "t.typowner")})
          FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype <> 'b'
    """,
    "grant": """
        SELECT concat_ws(' ', defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype),
               defaclacl::text
          FROM pg_default_acl
         UNION ALL
        SELECT 'schema public', nspacl::text FROM pg_namespace WHERE nspname = 'public'
    """,
}
Catalogue = dict[str, str | None]


def catalogue(db: Connection) -> Catalogue:
    """Everything in the schema by kind and name, as text."""
    return {
        f"{kind} {name}": told
        for kind, statement in _PARTS.items()
        for name, told in db.execute(text(statement))
    }


def differences(before: Catalogue, after: Catalogue) -> dict[str, tuple[str | None, str | None]]:
    """What is not the same in two databases: by name, what it was and what it is."""
    return {
        name: (before.get(name), after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name, "") != after.get(name, "")
    }
