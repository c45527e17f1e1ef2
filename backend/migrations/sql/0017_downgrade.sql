-- Every table; the role stays, because other databases may use it.
DO $$
DECLARE
    v_tables text;
BEGIN
    SELECT string_agg(format('%I', relname), ', ') INTO v_tables FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND relname <> 'alembic_version';
    EXECUTE 'DROP TABLE ' || v_tables || ' CASCADE';
END $$;
