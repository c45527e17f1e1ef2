-- The role every connection of the program takes. It writes the ledger only through its functions.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tanpuhui_app') THEN
        CREATE ROLE tanpuhui_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- another database of the same server created it a moment ago
END $$;

DO $$
BEGIN
    -- A superuser may take the role anyway; any other owner must be a member of it.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT tanpuhui_app TO %I', current_user);
    END IF;
END $$;
