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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tanpuhui_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO tanpuhui_app;
GRANT INSERT, UPDATE, DELETE ON
    district, system, institution, department, institution_year,
    member, identity, access_token, login_link, membership, roster_entry, roster_import,
    invitation, binding_attempt, role_grant, place, print_batch,
    outbox, periodic_run, department_day
    TO tanpuhui_app;
-- A place's public code is made of its id, so the id is drawn before the row is written.
GRANT USAGE ON SEQUENCE place_id_seq TO tanpuhui_app;
GRANT INSERT ON audit_event, methodology_version TO tanpuhui_app;
GRANT EXECUTE ON FUNCTION
    ledger_standing,
    ledger_post_award,
    ledger_system_account
    TO tanpuhui_app;
