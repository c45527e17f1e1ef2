-- Who the program is to the database. `tanpuhui_app` may do what the program does, and writes the
-- ledger only through its functions; faces log in as `tanpuhui_web`, everything behind them as
-- `tanpuhui_jobs`. Roles belong to the server: another database of it may have made them before, or
-- whoever runs it, with passwords of their own.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['tanpuhui_app', 'tanpuhui_web', 'tanpuhui_jobs']
    LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = v_role) THEN
                EXECUTE format('CREATE ROLE %I %s', v_role,
                               CASE v_role WHEN 'tanpuhui_app' THEN 'NOLOGIN' ELSE 'LOGIN' END);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- another database of the same server created it a moment ago
        END;
    END LOOP;
END $$;

DO $$
DECLARE
    v_login text;
BEGIN
    -- Changed only where it is not so: sessions of other databases change the same rows.
    FOREACH v_login IN ARRAY ARRAY['tanpuhui_web', 'tanpuhui_jobs']
    LOOP
        IF NOT pg_has_role(v_login, 'tanpuhui_app', 'MEMBER') THEN
            EXECUTE format('GRANT tanpuhui_app TO %I', v_login);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
                        WHERE r.rolname = v_login AND s.setdatabase = 0
                          AND s.setconfig::text LIKE '%statement_timeout%lock_timeout%') THEN
            EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', v_login,
                           CASE v_login WHEN 'tanpuhui_web' THEN '5s' ELSE '60s' END);
            EXECUTE format('ALTER ROLE %I SET lock_timeout = ''2s''', v_login);
            EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''60s''',
                           v_login);
            EXECUTE format('ALTER ROLE %I SET timezone = ''UTC''', v_login);
        END IF;
    END LOOP;
END $$;
